import { expect, test } from "vitest";
import { AT_ONCE, filling, MOST, newer, newest, older, STEP, within } from "./window";

test("of five thousand comments only the newest are in the page, wherever a seek leads", () => {
  for (const until of [0, 1, AT_ONCE, 2500, 5000]) {
    const { from, to } = newest(until);
    expect([to, to - from]).toEqual([until, Math.min(until, AT_ONCE)]);
  }
});

test("scrolling reaches every comment, and never holds more than so many", () => {
  const until = 5000;
  let range = newest(until);
  const seen = new Set<number>();
  const see = (): void => {
    expect(range.to - range.from).toBeLessThanOrEqual(MOST);
    for (let index = range.from; index < range.to; index += 1) seen.add(index);
  };
  for (; range.from > 0; range = older(range)) see();
  see();
  expect([seen.size, range.from]).toEqual([until, 0]);
  for (; range.to < until; range = newer(range, until)) see();
  expect(range.to).toBe(until);
});

test("one more step keeps what is being read", () => {
  const before = { from: 1000, to: 1060 };
  const after = older(before);
  expect(after).toEqual({ from: 1000 - STEP, to: 1060 });
  expect(newer(before, 5000)).toEqual({ from: 1000, to: 1060 + STEP });
});

test("a seek back takes away what was not said yet", () => {
  expect(within({ from: 1000, to: 1060 }, 1030)).toEqual({ from: 1000, to: 1030 });
  expect(within({ from: 1000, to: 1060 }, 20)).toEqual(newest(20));
});

test("a tall screen is filled, and no screen holds more than a scroll would", () => {
  expect([filling(0), filling(400), filling(2000), filling(100_000)]).toEqual([AT_ONCE, AT_ONCE, 76, MOST]);
  expect(newest(5000, filling(2000))).toEqual({ from: 4924, to: 5000 });
});
