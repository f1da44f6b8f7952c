import { describe, expect, it } from "vitest";
import type { Said } from "../../../bindings/Said";
import { NOTHING } from "./nothing";
import { CHAT_KEPT, reduce } from "./reduce";

const said = (seq: number): Said => ({ seq, at_ms: 0, viewer: { id: "v", name: "Ada", hue: 204 }, text: `${seq}` });

describe("reduce", () => {
  it("replaces one section and leaves the others as they are", () => {
    const after = reduce(NOTHING, { type: "disk", value: { free_bytes: 1, minutes_left: 2 } });
    expect(after.disk).toEqual({ free_bytes: 1, minutes_left: 2 });
    expect(after.setup).toBe(NOTHING.setup);
    expect(NOTHING.disk).toBeNull();
  });

  it("adds comments in their order, and the same one only once", () => {
    const once = reduce(reduce(NOTHING, { type: "said", value: said(1) }), { type: "said", value: said(2) });
    expect(reduce(once, { type: "said", value: said(2) }).chat.map((line) => line.seq)).toEqual([1, 2]);
  });

  it("puts a comment back where it stood", () => {
    const three = { ...NOTHING, chat: [said(1), said(2), said(3)] };
    const without = reduce(three, { type: "removed", value: 2 });
    expect(reduce(without, { type: "said", value: said(2) }).chat.map((line) => line.seq)).toEqual([1, 2, 3]);
    expect(reduce(NOTHING, { type: "removals", value: [{ said: said(2), until: 9 }] }).removals).toHaveLength(1);
  });

  it("keeps the newest comments when there are too many", () => {
    const full = { ...NOTHING, chat: Array.from({ length: CHAT_KEPT }, (_, n) => said(n + 1)) };
    const after = reduce(full, { type: "said", value: said(CHAT_KEPT + 1) });
    expect(after.chat).toHaveLength(CHAT_KEPT);
    expect(after.chat.at(0)?.seq).toBe(2);
    expect(after.chat.at(-1)?.seq).toBe(CHAT_KEPT + 1);
  });

  it("takes a removed comment out, and empties the chat for a new episode", () => {
    const three = { ...NOTHING, chat: [said(1), said(2), said(3)] };
    expect(reduce(three, { type: "removed", value: 2 }).chat.map((line) => line.seq)).toEqual([1, 3]);
    expect(reduce(three, { type: "chat_cleared" }).chat).toEqual([]);
  });
});
