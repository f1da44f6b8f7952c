import { describe, expect, it } from "vitest";
import type { Phase } from "../../../bindings/Phase";
import type { Said } from "../../../bindings/Said";
import { NOTHING } from "./nothing";
import { addressWithKey, choiceKey, choiceOf, closeAsks, endAsks, moved, nextComment, onAir as isOnAir, posterUrl, replayUrl } from "./show";

const said = (seq: number): Said => ({ seq, at_ms: 0, viewer: { id: "v", name: "Ada", hue: 204 }, text: "" });
const onAir: Phase = { phase: "on_air", episode: "e", since: 0, proof: { proof: "verified" } };

describe("ending", () => {
  it("asks when somebody watches or more than a minute has passed, and else does not", () => {
    expect(endAsks(onAir, 0, 60_000)).toBe(false);
    expect(endAsks(onAir, 0, 60_001)).toBe(true);
    expect(endAsks(onAir, 1, 1)).toBe(true);
    expect(endAsks({ phase: "starting", episode: "e", since: 0 }, 5, 90_000)).toBe(false);
  });
});

describe("what viewers depend on", () => {
  it("is fixed from the start to the end of a show, and free before and after", () => {
    expect([onAir, { phase: "starting", episode: "e", since: 0 } as const, { phase: "ending", episode: "e" } as const].map(isOnAir)).toEqual([true, true, true]);
    expect([{ phase: "idle" } as const, { phase: "counting_down", until: 1 } as const, { phase: "ended", episode: "e" } as const].map(isOnAir)).toEqual([false, false, false]);
  });
});

describe("closing the window", () => {
  it("asks only while something goes out", () => {
    expect(closeAsks(onAir)).toBe(true);
    expect(closeAsks({ phase: "starting", episode: "e", since: 0 })).toBe(true);
    expect(closeAsks({ phase: "idle" })).toBe(false);
    expect(closeAsks({ phase: "ending", episode: "e" })).toBe(false);
  });
});

describe("the next comment", () => {
  const chat = [said(2), said(5), said(9)];

  it("is the newest before any was shown", () => {
    expect(nextComment(chat, [], null, null)).toBe(9);
    expect(nextComment([], [], null, null)).toBeNull();
  });

  it("follows the one on the picture, or the one that was last there", () => {
    expect(nextComment(chat, [], 2, null)).toBe(5);
    expect(nextComment(chat, [], null, 5)).toBe(9);
    expect(nextComment(chat, [], 4, null)).toBe(5);
  });

  it("is none after the last", () => {
    expect(nextComment(chat, [], 9, 9)).toBeNull();
  });

  it("is never one of somebody who is muted", () => {
    const mallory = { ...said(7), viewer: { id: "m", name: "Mallory", hue: 1 } };
    const muted = [{ id: "m", name: "Mallory", hue: 1, voice: "muted" }] as const;
    expect(nextComment([said(2), mallory, said(9)], muted, 2, null)).toBe(9);
    expect(nextComment([said(2), mallory], muted, null, null)).toBe(2);
    expect(nextComment([mallory], muted, null, null)).toBeNull();
  });
});

describe("the arrows in a list", () => {
  it("lead to the neighbours and to the ends, and no further", () => {
    expect([moved("ArrowUp", 3, 5), moved("ArrowUp", 0, 5), moved("ArrowDown", 3, 5), moved("ArrowDown", 4, 5)]).toEqual([2, 0, 4, 4]);
    expect([moved("Home", 3, 5), moved("End", 3, 5), moved("ArrowRight", 3, 5), moved("ArrowUp", 0, 0)]).toEqual([0, 4, null, null]);
  });
});

describe("a device choice", () => {
  it("survives being written as a word, whatever its id", () => {
    for (const choice of [{ kind: "first" }, { kind: "test" }, { kind: "none" }, { kind: "device", id: "test" }, { kind: "device", id: "a:b" }, { kind: "device", id: "image:/a.png" }, { kind: "image", id: "/a b:c.png" }] as const) {
      expect(choiceOf(choiceKey(choice))).toEqual(choice);
    }
  });
});

describe("a destination's address", () => {
  it("gets a place for the key where it has none", () => {
    expect(addressWithKey(" rtmp://a.example/live/ ", "k")).toBe("rtmp://a.example/live/{key}");
    expect(addressWithKey("rtmp://a.example/{key}?x=1", "k")).toBe("rtmp://a.example/{key}?x=1");
    expect(addressWithKey("rtmp://a.example/live/stream", "")).toBe("rtmp://a.example/live/stream");
  });
});

describe("a replay's address", () => {
  it("is on the service that the viewers use", () => {
    const links = { ...NOTHING.links, viewer_url: "http://192.168.1.2:8420/studio" };
    expect(replayUrl(links, "abc")).toBe("http://192.168.1.2:8420/replays/abc");
    expect(replayUrl(NOTHING.links, "abc")).toBeNull();
    expect(posterUrl(links, "abc")).toBe("http://127.0.0.1:8420/replays/abc/poster.jpg");
    expect(posterUrl(NOTHING.links, "abc")).toBeNull();
  });
});
