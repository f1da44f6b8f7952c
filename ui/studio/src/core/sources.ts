import type { DeviceChoice } from "../../../bindings/DeviceChoice";
import type { Setup } from "../../../bindings/Setup";
import type { SourceId } from "../../../bindings/SourceId";
import type { SourceKind } from "../../../bindings/SourceKind";
import type { SourceSetup } from "../../../bindings/SourceSetup";

const KINDS: Record<SourceKind, string> = { camera: "Camera", microphone: "Microphone", screen: "Screen" };

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

/** The setup with one source changed. */
export function withSource(setup: Setup, id: SourceId, change: Partial<SourceSetup>): Setup {
  return { ...setup, sources: setup.sources.map((source) => (source.id === id ? { ...source, ...change } : source)) };
}

/** What a choice that no device answers to is called: an image by its file's name. */
export function choiceName(choice: DeviceChoice): string {
  if (choice.kind === "image") return choice.id.split(/[/\\]/).at(-1) || choice.id;
  return choice.kind === "device" ? choice.id : "";
}
