import { expect, test } from "vitest";
import { tidyName, wellFormed, written } from "./limits";
import { AWAITED_MS, Pulse, SILENT_MS } from "./pulse";

/** The first look, of one every half second, at which `pulse` counts as stopped. */
function stops(pulse: Pulse, from: number, awaits: boolean, until = from + 60_000): number | null {
  for (let now = from; now <= until; now += 500) if (pulse.stopped(now, awaits)) return now;
  return null;
}

test("a beat that stops is noticed within ten seconds", () => {
  const pulse = new Pulse();
  pulse.begin(0);
  for (let now = 0; now <= 20_000; now += 5000) pulse.heard(now, true);
  expect(stops(pulse, 20_000, false)).toBeLessThanOrEqual(30_000);
  expect(SILENT_MS).toBeGreaterThan(5000);
});

test("with a comment on its way it is noticed sooner", () => {
  const pulse = new Pulse();
  pulse.begin(0);
  pulse.heard(0, true);
  pulse.asked(1000);
  expect(stops(pulse, 1000, true)).toBeLessThanOrEqual(AWAITED_MS + 500);
});

test("a comment written into a silence that is almost over is given a moment", () => {
  const pulse = new Pulse();
  pulse.begin(0);
  pulse.heard(0, true);
  expect(stops(pulse, 0, false, 5900)).toBeNull();
  pulse.asked(5900);
  expect(pulse.stopped(6100, true)).toBe(false);
});

test("whatever is heard is a sign of life", () => {
  const pulse = new Pulse();
  pulse.begin(0);
  pulse.heard(0, true);
  for (let now = 0; now < 60_000; now += 500) {
    if (now % 4000 === 0) pulse.heard(now, false);
    expect(pulse.stopped(now, true)).toBe(false);
  }
});

test("a server that does not beat may be silent for as long as it likes", () => {
  const pulse = new Pulse();
  pulse.begin(0);
  pulse.heard(0, false);
  expect(stops(pulse, 0, true)).toBeNull();
});

test("another connection has to beat before its silence counts", () => {
  const pulse = new Pulse();
  pulse.begin(0);
  pulse.heard(0, true);
  pulse.begin(30_000);
  expect(stops(pulse, 30_000, false)).toBeNull();
});

test("a page that slept does not take its sleep for the server's", () => {
  const pulse = new Pulse();
  pulse.begin(0);
  pulse.heard(0, true);
  expect(pulse.stopped(120_000, false)).toBe(false);
  expect(stops(pulse, 120_000, false)).not.toBeNull();
});

test("whatever a field, a paste or the storage held, the room can read it", () => {
  const half = "nice \ud83d";
  const sent = written({ type: "say", id: "c1", text: half, name: "\udc00Ada", at_ms: null });
  expect(sent).not.toMatch(/\\ud[89a-f]/i);
  expect(JSON.parse(sent)).toEqual({ type: "say", id: "c1", text: "nice ", name: "Ada", at_ms: null });
  expect(written({ type: "hello", name: half, token: null, page: null })).not.toContain("\\ud83d");
  expect(wellFormed("nice 🎉 \ud83d\ud83d\ude00")).toBe("nice 🎉 😀");
  expect(tidyName("\ud83d")).toBe("");
  const flag = "🏴󠁧󠁢󠁥󠁮󠁧󠁿";
  expect(wellFormed(flag)).toBe(flag);
});
