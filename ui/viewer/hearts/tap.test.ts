import { expect, test } from "vitest";
import { admit, heartThat, LANE_BEGINS } from "./field";
import { TapWatcher, type Touch } from "./tap";

function at(timeStamp: number, clientX = 100, clientY = 100, pointerId = 1, button = 0): Touch {
  return { timeStamp, clientX, clientY, pointerId, button };
}

test("down and up in one place is a tap, every time", () => {
  const taps = new TapWatcher();
  for (const begins of [0, 200, 400]) {
    taps.down(at(begins));
    taps.move(at(begins + 30, 104, 97));
    expect(taps.up(at(begins + 80, 104, 97))).toBe(true);
  }
});

test("a drag, also one that comes back, is no tap", () => {
  const taps = new TapWatcher();
  taps.down(at(0));
  taps.move(at(50, 160, 100));
  expect(taps.up(at(100))).toBe(false);
  taps.down(at(200));
  expect(taps.up(at(260, 100, 130))).toBe(false);
  taps.down(at(300));
  expect(taps.up(at(350))).toBe(true);
});

test("a scroll that the browser takes away is no tap", () => {
  const taps = new TapWatcher();
  taps.down(at(0));
  taps.cancel({ pointerId: 1 });
  expect(taps.up(at(50))).toBe(false);
  taps.down(at(100));
  expect(taps.up(at(150))).toBe(true);
});

test("none of a pinch's fingers taps, whichever goes first", () => {
  const taps = new TapWatcher();
  taps.down(at(0, 100, 100, 1));
  taps.down(at(10, 300, 100, 2));
  expect(taps.up(at(90, 300, 100, 2))).toBe(false);
  expect(taps.up(at(95, 100, 100, 1))).toBe(false);
  taps.down(at(200));
  expect(taps.up(at(250))).toBe(true);
});

test("holding on, another button, and an end without a beginning are no taps", () => {
  const taps = new TapWatcher();
  taps.down(at(0));
  expect(taps.up(at(700))).toBe(false);
  taps.down(at(800, 100, 100, 1, 2));
  expect(taps.up(at(850, 100, 100, 1, 2))).toBe(false);
  expect(taps.up(at(900))).toBe(false);
});

test("beside words hearts stay in their lane, wherever the tap was", () => {
  for (const width of [320, 390, 1280]) {
    for (const random of [() => 0, () => 0.999]) {
      for (const own of [true, false]) {
        const heart = heartThat({ id: 1, hue: 1, own, lane: true, from: { x: 20, y: 50 } }, random);
        const left = (heart.x / 100) * width - (heart.size * 1.12) / 2 - Math.abs(heart.sway);
        expect(left).toBeGreaterThanOrEqual((LANE_BEGINS / 100) * width - 0.5);
        expect(admit([], heart)).toEqual([heart]);
      }
    }
  }
});
