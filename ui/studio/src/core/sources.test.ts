import { describe, expect, it } from "vitest";
import type { SourceKind } from "../../../bindings/SourceKind";
import type { SourceSetup } from "../../../bindings/SourceSetup";
import { NOTHING } from "./nothing";
import { choiceName, labelled, microphones, withSource } from "./sources";

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

describe("a choice without a device", () => {
  it("is called by the image's file, or by the device's id", () => {
    expect(choiceName({ kind: "image", id: "/home/ada/Pictures/logo.png" })).toBe("logo.png");
    expect(choiceName({ kind: "image", id: "C:\\logo.png" })).toBe("logo.png");
    expect(choiceName({ kind: "image", id: "/" })).toBe("/");
    expect(choiceName({ kind: "device", id: "v4l2:gone" })).toBe("v4l2:gone");
    expect(choiceName({ kind: "none" })).toBe("");
  });
});
