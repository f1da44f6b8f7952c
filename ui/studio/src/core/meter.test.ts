import { describe, expect, it } from "vitest";
import { advance, DECAY_DB_PER_S, HOLD_MS, position, RESTING, resting } from "./meter";

describe("a meter", () => {
  it("rises at once", () => {
    expect(advance(RESTING, 1_000, -6).db).toBe(-6);
  });

  it("falls by 23.5 dB in a second, whatever the steps", () => {
    let needle = advance(RESTING, 0, -10);
    for (let now = 50; now <= 1_000; now += 50) needle = advance(needle, now, -60);
    expect(needle.db).toBeCloseTo(-10 - DECAY_DB_PER_S, 6);
    expect(advance(advance(RESTING, 0, -10), 1_000, -60).db).toBeCloseTo(-10 - DECAY_DB_PER_S, 6);
  });

  it("does not fall below a level that is there", () => {
    expect(advance(advance(RESTING, 0, -10), 1_000, -20).db).toBe(-20);
  });

  it("holds the peak, then lets it fall", () => {
    const loud = advance(RESTING, 0, -3);
    expect(advance(loud, HOLD_MS, -60).peakDb).toBe(-3);
    expect(advance(loud, HOLD_MS + 1_000, -60).peakDb).toBeCloseTo(-3 - DECAY_DB_PER_S, 6);
    let stepped = loud;
    for (let now = 50; now <= HOLD_MS + 1_000; now += 50) stepped = advance(stepped, now, -60);
    expect(stepped.peakDb).toBeCloseTo(-3 - DECAY_DB_PER_S, 6);
  });

  it("stays between −60 and 0 dBFS, also for what is no number", () => {
    expect(advance(RESTING, 0, 12).db).toBe(0);
    expect(advance(RESTING, 0, Number.NEGATIVE_INFINITY).db).toBe(-60);
    expect(advance(RESTING, 0, Number.NaN).db).toBe(-60);
  });

  it("comes to rest", () => {
    const needle = advance(advance(RESTING, 0, 0), 10_000);
    expect(resting(needle)).toBe(true);
    expect(resting(advance(RESTING, 0, -59))).toBe(false);
  });

  it("stands from left to right in proportion to decibels", () => {
    expect([-90, -60, -30, 0, 6].map(position)).toEqual([0, 0, 0.5, 1, 1]);
  });
});
