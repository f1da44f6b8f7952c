import { expect, test, vi } from "vitest";
import type { Timeline } from "../../bindings/Timeline";
import { curvePath, heartCurve } from "./curve";
import { SEEK_MS, TimelineCursor } from "./cursor";
import { loadReplay, replayBase } from "./load";

const viewer = { id: "a", name: "Ada", hue: 204 };

function timeline(more: Partial<Timeline> = {}): Timeline {
  return {
    title: "Show",
    started_at: 0,
    expires_at: null,
    duration_ms: 60_000,
    chat: [
      { seq: 1, at_ms: 5000, viewer, text: "second" },
      { seq: 2, at_ms: 1000, viewer, text: "first" },
      { seq: 3, at_ms: 30_000, viewer, text: "third" },
    ],
    hearts: [{ at_ms: 1000, by_hue: { 204: 2 } }],
    ...more,
  };
}

function seqs(cursor: TimelineCursor, ms: number): number[] {
  return cursor.chat.slice(0, cursor.moveTo(ms).until).map(({ seq }) => seq);
}

test("a comment returns at the moment that its writer saw, not before", () => {
  const cursor = new TimelineCursor(timeline());
  expect(seqs(cursor, 999)).toEqual([]);
  expect(seqs(cursor, 1000)).toEqual([2]);
  expect(seqs(cursor, 5001)).toEqual([2, 1]);
});

test("seeking shows what had been said by then, in both directions", () => {
  const cursor = new TimelineCursor(timeline());
  expect(seqs(cursor, 59_000)).toEqual([2, 1, 3]);
  expect(seqs(cursor, 2000)).toEqual([2]);
  expect(cursor.moveTo(2100).until).toBe(1);
});

test("hearts return while playing, each once, and not in a heap after a seek", () => {
  const cursor = new TimelineCursor(timeline());
  cursor.moveTo(900);
  const rising = [950, 1300, 1700, 2100].flatMap((ms) => cursor.moveTo(ms).hearts);
  expect(rising.map(({ hue }) => hue)).toEqual([204, 204]);
  expect(rising.every(({ atMs }) => atMs >= 1000 && atMs < 2000)).toBe(true);
  cursor.moveTo(0);
  expect(cursor.moveTo(1000 + SEEK_MS + 1).hearts).toEqual([]);
});

test("a second with hundreds of hearts stays a handful", () => {
  const cursor = new TimelineCursor(timeline({ hearts: [{ at_ms: 0, by_hue: { 10: 300, 200: 100 } }] }));
  const { hearts } = cursor.moveTo(1400);
  expect(hearts.length).toBe(12);
  expect(hearts.filter(({ hue }) => hue === 10).length).toBe(9);
});

test("the heart curve is highest where the hearts were", () => {
  const curve = heartCurve(timeline({ hearts: [{ at_ms: 30_000, by_hue: { 1: 5, 2: 5 } }, { at_ms: 59_999, by_hue: { 1: 2 } }] }), 60_000, 10);
  expect(curve.indexOf(1)).toBe(5);
  expect(curve[9]).toBeCloseTo(0.2);
  expect(curvePath(curve)).toMatch(/^M0 100 C.* Z$/);
});

test("without hearts there is no curve", () => {
  expect(heartCurve(timeline({ hearts: [] }))).toEqual([]);
  expect(curvePath([])).toBe("");
});

test("a replay is asked for where the page came from, whatever host its address names", () => {
  expect(replayBase("http://192.168.1.5:8420/replays/abc")).toBe("/replays/abc");
  expect(replayBase("/replays/abc/")).toBe("/replays/abc");
  expect(replayBase("/replays/abc/media.mp4")).toBe("/replays/abc");
});

test("a timeline that has to wait for its turn is asked for again", async () => {
  vi.useFakeTimers();
  const busy = () => new Response("", { status: 503, headers: { "Retry-After": "1" } });
  const answers = [busy(), busy(), Response.json(timeline())];
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async () => answers.shift() ?? busy());
  const loading = loadReplay("/replays/e");
  await vi.runAllTimersAsync();
  expect((await loading).kind).toBe("ready");
  const failing = loadReplay("/replays/e");
  await vi.runAllTimersAsync();
  expect((await failing).kind).toBe("failed");
  expect(fetched).toHaveBeenCalledTimes(3 + 6);
  fetched.mockRestore();
  vi.useRealTimers();
});
