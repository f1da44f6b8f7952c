import { expect, test } from "vitest";
import { heartColour, normalHue } from "./colour";
import { bytes, count, countdown, elapsed, initials, lengthInWords, position } from "./format";

test("a position shows hours only where there are some", () => {
  expect(position(7_999)).toBe("0:07");
  expect(position(764_000)).toBe("12:44");
  expect(position(3_723_000)).toBe("1:02:03");
  expect(position(-5)).toBe("0:00");
});

test("elapsed time keeps its width", () => {
  expect(elapsed(764_000)).toBe("00:12:44");
});

test("a countdown never shows zero before it is over", () => {
  expect(countdown(1)).toBe("00:00:01");
  expect(countdown(0)).toBe("00:00:00");
  expect(countdown(86_399_001)).toBe("24:00:00");
  expect(countdown(3 * 86_400_000 + 4 * 3_600_000)).toBe("3 d 04 h");
});

test("lengths in words round to what people say", () => {
  expect(lengthInWords(40_000)).toBe("40 s");
  expect(lengthInWords(7_500_000)).toBe("2 h 5 min");
  expect(lengthInWords(7_190_000)).toBe("2 h");
});

test("counts stay short", () => {
  expect([999, 1234, 12_345, 123_456, 999_960, 1_200_000].map(count)).toEqual(["999", "1,234", "12.3k", "123k", "1M", "1.2M"]);
});

test("sizes are written in the unit that fits", () => {
  expect([0, 10, 812_000_000, 1_400_000_000].map(bytes)).toEqual(["0 kB", "1 kB", "812 MB", "1.4 GB"]);
});

test("initials keep emoji and accents whole", () => {
  expect(initials("Ada Lovelace")).toBe("AL");
  expect(initials("élan")).toBe("É");
  expect(initials("👩‍🚀 Zoé")).toBe("👩‍🚀Z");
  expect(initials("  ")).toBe("");
});

test("a hue from the network is whole degrees whatever it was", () => {
  expect([360, -1, 12.4, Number.NaN].map(normalHue)).toEqual([0, 359, 12, 0]);
  expect(heartColour(204)).toBe("oklch(0.7 0.2 204)");
});
