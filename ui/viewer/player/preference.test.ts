import { expect, test } from "vitest";
import { atVolume, isSilent, turned } from "./preference";

test("nothing is heard of what is muted or turned down to nothing", () => {
  expect([{ muted: false, volume: 0.05 }, { muted: false, volume: 0 }, { muted: true, volume: 1 }].map(isSilent)).toEqual([false, true, true]);
});

test("sound comes back as loud as it was, and whole after nothing", () => {
  expect(turned({ muted: true, volume: 0.3 }, true)).toEqual({ muted: false, volume: 0.3 });
  expect(turned({ muted: true, volume: 0 }, true)).toEqual({ muted: false, volume: 1 });
});

test("whoever mutes keeps the volume for later", () => {
  expect(turned({ muted: false, volume: 0.3 }, false)).toEqual({ muted: true, volume: 0.3 });
  expect(turned({ muted: false, volume: 0 }, false)).toEqual({ muted: true, volume: 0 });
});

test("the slider's lower end mutes, and everything above it sounds", () => {
  expect([0, 0.05, 1].map(atVolume)).toEqual([
    { muted: true, volume: 0 },
    { muted: false, volume: 0.05 },
    { muted: false, volume: 1 },
  ]);
});
