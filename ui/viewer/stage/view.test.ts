import { expect, test } from "vitest";
import type { Obstacle } from "../player/obstacle";
import { viewOf, type Standing } from "./view";

const playing: Standing = {
  broadcast: "on_air",
  reachable: true,
  full: false,
  title: "A title",
  tunes: true,
  session: "connected",
  obstacle: null,
  seen: true,
  stalled: false,
  blocked: false,
  paused: false,
};

function kind(more: Partial<Standing>): string | null {
  return viewOf({ ...playing, ...more })?.kind ?? null;
}

test("nothing stands over a picture that moves", () => {
  expect(viewOf(playing)).toBeNull();
});

test("each obstacle has words of its own, and says what to do", () => {
  const obstacles: Obstacle[] = [
    { kind: "no_webrtc" },
    { kind: "no_h264" },
    { kind: "no_path" },
    { kind: "refused", words: "Full.", again: true },
    { kind: "refused", words: "Not like this.", again: false },
  ];
  const views = obstacles.map((obstacle) => viewOf({ ...playing, session: "stopped", seen: false, obstacle }));
  expect(new Set(views.map((view) => view?.headline)).size).toBe(obstacles.length);
  expect(views.map((view) => view?.advice)).toEqual([
    expect.stringContaining("current Chrome, Edge, Firefox or Safari"),
    expect.stringContaining("Chrome, Edge or Safari"),
    expect.stringContaining("another network"),
    "Full. Trying again by itself.",
    "Not like this.",
  ]);
});

test("an obstacle of before does not cover a picture that came", () => {
  expect(kind({ obstacle: { kind: "no_path" } })).toBeNull();
});

test("a pause is a pause, not a fault of the line, and can be ended", () => {
  const view = viewOf({ ...playing, paused: true, stalled: true });
  expect([view?.kind, view?.act, view?.over]).toEqual(["paused", "play", true]);
  expect(`${view?.headline} ${view?.advice}`).not.toContain("connection");
});

test("a browser that wants a tap is given one", () => {
  const view = viewOf({ ...playing, seen: false, blocked: true });
  expect([view?.headline, view?.act]).toEqual(["Tap to play", "play"]);
});

test("a picture that stands still says so, and one that never came does not claim to have paused", () => {
  expect(kind({ stalled: true })).toBe("stalled");
  expect(kind({ session: "lost" })).toBe("stalled");
  expect(kind({ session: "lost", seen: false })).toBe("tuning");
  expect(kind({ session: "connecting", seen: false })).toBe("tuning");
});

test("what the show does comes before what the picture does", () => {
  expect(kind({ broadcast: "interrupted", stalled: true, obstacle: { kind: "no_path" } })).toBe("interrupted");
  expect(kind({ broadcast: "ended", paused: true })).toBe("ended");
  expect(viewOf({ ...playing, broadcast: "ended" })?.headline).toBe("The show is over");
});

test("a full room is not an address that is wrong", () => {
  const full = { broadcast: null, full: true, reachable: true } as const;
  expect(kind({ ...full, tunes: true })).toBeNull();
  expect(viewOf({ ...playing, ...full, tunes: false })?.advice).toContain("chat as it can take");
  expect(kind({ broadcast: null, tunes: false, reachable: false })).toBe("connecting");
  expect(viewOf({ ...playing, broadcast: null, tunes: false, reachable: false })?.advice).toContain("Is the address right");
});
