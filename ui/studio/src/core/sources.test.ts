import { describe, expect, it } from "vitest";
import type { Device } from "../../../bindings/Device";
import type { SourceKind } from "../../../bindings/SourceKind";
import type { SourceSetup } from "../../../bindings/SourceSetup";
import type { SourceState } from "../../../bindings/SourceState";
import type { SourceStatus } from "../../../bindings/SourceStatus";
import { NOTHING } from "./nothing";
import { addComputerSound, choiceName, hasNoPicture, hasTwoPictures, heard, labelled, microphones, shareScreen, stripName, withoutDevices, withSource } from "./sources";

const source = (id: string, kind: SourceKind): SourceSetup => ({ id, kind, choice: { kind: "test" }, strip: { gain_db: 0, muted: false } });
const setup = {
  ...NOTHING.setup,
  sources: [source("screen", "screen"), source("guest", "microphone"), source("camera", "camera"), source("camera-9", "camera"), source("microphone", "microphone")],
};

describe("sources", () => {
  it("are called by their kind, with a number from the second on, in their order", () => {
    expect(labelled(setup.sources).map(({ label }) => label)).toEqual(["Screen", "Microphone", "Camera", "Camera 2", "Microphone 2"]);
  });

  it("give the microphones in their order, whatever their names", () => {
    expect(microphones(setup).map(({ source, label }) => [source.id, label])).toEqual([["guest", "Microphone"], ["microphone", "Microphone 2"]]);
    expect(microphones({ ...setup, sources: [] })).toEqual([]);
  });

  it("change one at a time", () => {
    const after = withSource(setup, "guest", { strip: { gain_db: -3, muted: true } });
    expect(after.sources[1]?.strip).toEqual({ gain_db: -3, muted: true });
    expect(after.sources[4]).toBe(setup.sources[4]);
    expect(withSource(setup, "nobody", { choice: { kind: "none" } }).sources).toEqual(setup.sources);
  });
});

describe("beside a meter", () => {
  it("stands what fits there", () => {
    expect(["Microphone", "Microphone 2", "Computer sound", "Computer sound 2"].map(stripName)).toEqual(["Microphone", "Microphone 2", "Computer", "Computer 2"]);
  });
});

describe("what the computer plays", () => {
  const speaker: Device = { kind: "computer_sound", id: "pipewire:speaker", name: "Speaker", detail: "", unusable: null };
  const choice = { kind: "device", id: "pipewire:speaker" } as const;

  it("is added once, where there is a loudspeaker, and again after it was set to none", () => {
    expect(addComputerSound(setup, [])).toBeNull();
    expect(addComputerSound(setup, [{ ...speaker, kind: "microphone" }])).toBeNull();
    expect(addComputerSound(setup, [speaker])).toEqual({ type: "add_source", kind: "computer_sound", choice });
    const added = (kind: "device" | "none") => ({
      ...setup,
      sources: [...setup.sources, { ...source("computer-sound", "computer_sound"), choice: kind === "none" ? ({ kind } as const) : choice }],
    });
    expect(addComputerSound(added("device"), [speaker])).toBeNull();
    expect(addComputerSound(added("none"), [speaker])).toEqual({ type: "select_source", id: "computer-sound", choice });
  });

  it("is heard, and is no microphone", () => {
    const both = { ...setup, sources: [source("computer-sound", "computer_sound"), source("microphone", "microphone")] };
    expect(heard(both).map(({ label }) => label)).toEqual(["Computer sound", "Microphone"]);
    expect(microphones(both).map(({ label }) => label)).toEqual(["Microphone"]);
  });
});

describe("a choice without a device", () => {
  it("is called by the image's file, or by the device's id", () => {
    expect(choiceName({ kind: "image", id: "/home/ada/Pictures/logo.png" })).toBe("logo.png");
    expect(choiceName({ kind: "image", id: "C:\\logo.png" })).toBe("logo.png");
    expect(choiceName({ kind: "image", id: "/" })).toBe("/");
    expect(choiceName({ kind: "device", id: "v4l2:gone" })).toBe("v4l2:gone");
    expect(choiceName({ kind: "none" })).toBe("");
  });
});

describe("what there is to be shown", () => {
  const row = (kind: SourceKind, state: SourceState): SourceStatus => ({ id: kind, kind, device: null, name: "", state, problem: null });

  it("is two pictures only with a camera and a screen", () => {
    expect(hasTwoPictures([row("camera", "running"), row("screen", "off")])).toBe(false);
    expect(hasTwoPictures([row("camera", "running"), row("camera", "running")])).toBe(false);
    expect(hasTwoPictures([row("camera", "lost"), row("screen", "starting")])).toBe(true);
  });

  it("is nothing where no camera and no screen is on", () => {
    expect(hasNoPicture([row("camera", "off"), row("microphone", "running"), row("screen", "off")])).toBe(true);
    expect(hasNoPicture([row("camera", "off"), row("screen", "lost")])).toBe(false);
  });

  it("can be made without a device, and leaves a microphone that works alone", () => {
    const off = [row("camera", "off"), row("microphone", "off"), row("screen", "off")];
    expect(withoutDevices(NOTHING.setup, off)).toEqual([
      { type: "select_source", id: "camera", choice: { kind: "test" } },
      { type: "select_source", id: "microphone", choice: { kind: "test" } },
    ]);
    const heard = [row("camera", "off"), row("microphone", "running")];
    expect(withoutDevices(NOTHING.setup, heard)).toHaveLength(1);
    expect(withoutDevices({ ...NOTHING.setup, sources: [] }, [])).toEqual([
      { type: "add_source", kind: "camera", choice: { kind: "test" } },
      { type: "add_source", kind: "microphone", choice: { kind: "test" } },
    ]);
  });

  it("is the first screen that can be shared", () => {
    const screen = (id: string, unusable: string | null): Device => ({ kind: "screen", id, name: id, detail: "", unusable });
    expect(shareScreen(NOTHING.setup, [screen("a", "busy"), screen("b", null)])).toEqual({ type: "select_source", id: "screen", choice: { kind: "device", id: "b" } });
    expect(shareScreen(NOTHING.setup, [screen("a", "busy")])).toBeNull();
  });
});
