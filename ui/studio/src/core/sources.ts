import type { Command } from "../../../bindings/Command";
import type { Device } from "../../../bindings/Device";
import type { DeviceChoice } from "../../../bindings/DeviceChoice";
import type { Setup } from "../../../bindings/Setup";
import type { SourceId } from "../../../bindings/SourceId";
import type { SourceKind } from "../../../bindings/SourceKind";
import type { SourceSetup } from "../../../bindings/SourceSetup";
import type { SourceStatus } from "../../../bindings/SourceStatus";

const KINDS: Record<SourceKind, string> = { camera: "Camera", microphone: "Microphone", screen: "Screen", computer_sound: "Computer sound" };

/** A source, and what it is called in the window. */
export interface Labelled {
  readonly source: SourceSetup;
  readonly label: string;
}

/** The sources in their order, by kind: Camera, Microphone, Camera 2. */
export function labelled(sources: readonly SourceSetup[]): readonly Labelled[] {
  return sources.map((source, at) => {
    const before = sources.slice(0, at).filter((other) => other.kind === source.kind).length;
    return { source, label: before === 0 ? KINDS[source.kind] : `${KINDS[source.kind]} ${before + 1}` };
  });
}

/** The microphones in their order. The first is the one that mute, gain and the key M belong to. */
export function microphones(setup: Setup): readonly Labelled[] {
  return labelled(setup.sources).filter(({ source }) => source.kind === "microphone");
}

/** Whatever is heard, in its order: microphones and what the computer plays. */
export function heard(setup: Setup): readonly Labelled[] {
  return labelled(setup.sources).filter(({ source }) => isHeard(source.kind));
}

const isHeard = (kind: SourceKind): boolean => kind === "microphone" || kind === "computer_sound";

/** What a source is called beside its meter, where there is room for a word and a number. */
export function stripName(label: string): string {
  return label.replace(" sound", "");
}

/** What makes the computer's own sound a source; none where there is one, or no loudspeaker. */
export function addComputerSound(setup: Setup, devices: readonly Device[]): Command | null {
  const [source] = setup.sources.filter((one) => one.kind === "computer_sound");
  const [device] = devices.filter((one) => one.kind === "computer_sound" && one.unusable === null);
  if (device === undefined || (source !== undefined && source.choice.kind !== "none")) return null;
  const choice: DeviceChoice = { kind: "device", id: device.id };
  return source === undefined ? { type: "add_source", kind: "computer_sound", choice } : { type: "select_source", id: source.id, choice };
}

/** Whether there are a camera and a screen to be shown together. */
export function hasTwoPictures(sources: readonly SourceStatus[]): boolean {
  const on = (kind: SourceKind): boolean => sources.some((row) => row.kind === kind && row.state !== "off");
  return on("camera") && on("screen");
}

/** Whether there is nothing at all to be shown. */
export function hasNoPicture(sources: readonly SourceStatus[]): boolean {
  return sources.every((row) => isHeard(row.kind) || row.state === "off");
}

/** What makes a picture and a sound without any device. */
export function withoutDevices(setup: Setup, sources: readonly SourceStatus[]): Command[] {
  const off = (source: SourceSetup): boolean => sources.find((row) => row.id === source.id)?.state === "off";
  const first = (kind: SourceKind): SourceSetup | undefined => setup.sources.find((source) => source.kind === kind);
  const test = (kind: SourceKind): Command[] => {
    const source = first(kind);
    if (source === undefined) return [{ type: "add_source", kind, choice: { kind: "test" } }];
    return off(source) ? [{ type: "select_source", id: source.id, choice: { kind: "test" } }] : [];
  };
  return [...test("camera"), ...test("microphone")];
}

/** What puts the first screen on the picture; none where no screen was found. */
export function shareScreen(setup: Setup, devices: readonly Device[]): Command | null {
  const screen = devices.find((device) => device.kind === "screen" && device.unusable === null);
  if (screen === undefined) return null;
  const source = setup.sources.find((one) => one.kind === "screen");
  const choice: DeviceChoice = { kind: "device", id: screen.id };
  return source === undefined ? { type: "add_source", kind: "screen", choice } : { type: "select_source", id: source.id, choice };
}

/** The setup with one source changed. */
export function withSource(setup: Setup, id: SourceId, change: Partial<SourceSetup>): Setup {
  return { ...setup, sources: setup.sources.map((source) => (source.id === id ? { ...source, ...change } : source)) };
}

/** What a choice that no device answers to is called: an image by its file's name. */
export function choiceName(choice: DeviceChoice): string {
  if (choice.kind === "image") return choice.id.split(/[/\\]/).at(-1) || choice.id;
  return choice.kind === "device" ? choice.id : "";
}
