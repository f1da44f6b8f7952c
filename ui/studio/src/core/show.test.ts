import { describe, expect, it } from "vitest";
import type { Phase } from "../../../bindings/Phase";
import type { Said } from "../../../bindings/Said";
import { actionOf, SHORTCUTS } from "./keys";
import { NOTHING } from "./nothing";
import { addressWithKey, choiceKey, choiceOf, closeAsks, endAsks, nextComment, posterUrl, replayUrl } from "./show";

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
    expect(nextComment(chat, null, null)).toBe(9);
    expect(nextComment([], null, null)).toBeNull();
  });

  it("follows the one on the picture, or the one that was last there", () => {
    expect(nextComment(chat, 2, null)).toBe(5);
    expect(nextComment(chat, null, 5)).toBe(9);
    expect(nextComment(chat, 4, null)).toBe(5);
  });

  it("is none after the last", () => {
    expect(nextComment(chat, 9, 9)).toBeNull();
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

describe("the keys", () => {
  const press = (key: string): Parameters<typeof actionOf>[0] => ({ key, ctrlKey: false, altKey: false, metaKey: false, repeat: false });

  it("are those that are listed, each once", () => {
    expect(new Set(SHORTCUTS.map((shortcut) => shortcut.key)).size).toBe(SHORTCUTS.length);
    for (const shortcut of SHORTCUTS) expect(actionOf(press(shortcut.key), false)).toBe(shortcut.action);
  });

  it("rest while somebody types, with a modifier, and while held down", () => {
    expect(actionOf(press("m"), false)).toBe("mute");
    expect(actionOf(press("m"), true)).toBeNull();
    expect(actionOf({ ...press("m"), ctrlKey: true }, false)).toBeNull();
    expect(actionOf({ ...press("m"), repeat: true }, false)).toBeNull();
    expect(actionOf(press("x"), false)).toBeNull();
  });
});
