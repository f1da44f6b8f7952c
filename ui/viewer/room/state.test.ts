import { expect, test } from "vitest";
import type { Said } from "../../bindings/Said";
import type { ToViewer } from "../../bindings/ToViewer";
import { facesOf, joinedSentence } from "../people/people";
import { COMMENT_CHARACTERS, FRAME_BYTES } from "../../bindings/limits";
import { newPage } from "./identity";
import { excess, frameBytes, tidy, tidyName } from "./limits";
import { dueAgain, emptyRoom, forget, queue, reduce, unanswered, unreadable, type Outgoing, type RoomState } from "./state";

const ada = { id: "a", name: "Ada", hue: 204 };
const bob = { id: "b", name: "Bob", hue: 40 };

function entry(seq: number, text = `message ${seq}`, viewer = bob): Said {
  return { seq, at_ms: seq * 100, viewer, text };
}

function welcome(more: Partial<Extract<ToViewer, { type: "welcome" }>> = {}): ToViewer {
  return { type: "welcome", v: 1, viewer: ada, token: "t", state: "on_air", title: "Show", program_ms: 0, on_picture: [], hearts: 7, backlog: [], ...more };
}

function outgoing(id: string, text = "hello"): Outgoing {
  return { id, text, name: null, atMs: null, status: "sending", code: null, words: null, retryAt: null, suspicions: 0 };
}

function after(room: RoomState, ...messages: ToViewer[]): RoomState {
  return messages.reduce((state, message) => reduce(state, message, 1000), room);
}

const inRoom = after(emptyRoom, welcome());

test("a welcome brings the backlog, and one's own comments in it are accepted", () => {
  const room = after(emptyRoom, welcome({ backlog: [entry(1), entry(2, "mine", ada)] }));
  expect(room.chat.map(({ seq }) => seq)).toEqual([1, 2]);
  expect([...room.accepted]).toEqual([2]);
  expect(room.hearts).toBe(7);
  expect(room.people.map(({ name }) => name)).toEqual(["Ada", "Bob"]);
});

test("comments stand in the order of seq, each once", () => {
  const room = after(inRoom, { type: "said", ...entry(3) }, { type: "said", ...entry(1) }, { type: "said", ...entry(3) });
  expect(room.chat.map(({ seq }) => seq)).toEqual([1, 3]);
});

test("one's own comment stands there once, whichever answer comes first", () => {
  const sent = queue(inRoom, outgoing("c1"));
  const saidFirst = after(sent, { type: "said", ...entry(5, "hello", ada) });
  expect(saidFirst.outbox.map(({ status }) => status)).toEqual(["shown"]);
  const receiptFirst = after(sent, { type: "accepted", id: "c1", seq: 5 });
  expect(receiptFirst.outbox).toEqual([]);
  for (const room of [
    after(saidFirst, { type: "accepted", id: "c1", seq: 5 }),
    after(receiptFirst, { type: "said", ...entry(5, "hello", ada) }),
  ]) {
    expect(room.outbox).toEqual([]);
    expect(room.chat.map(({ seq }) => seq)).toEqual([5]);
    expect(room.accepted.has(5)).toBe(true);
  }
});

test("a removed comment vanishes", () => {
  const room = after(inRoom, { type: "said", ...entry(1) }, { type: "said", ...entry(2) }, { type: "removed", seq: 1 });
  expect(room.chat.map(({ seq }) => seq)).toEqual([2]);
});

test("too fast is tried again when the room said so", () => {
  const room = after(queue(inRoom, outgoing("c1")), { type: "refused", id: "c1", code: "too_fast", retry_ms: 3000, message: "" });
  expect(room.outbox[0]?.status).toBe("later");
  expect(dueAgain(room, 3999)).toEqual([]);
  expect(dueAgain(room, 4000).map(({ id }) => id)).toEqual(["c1"]);
});

test("a missing name is asked for, and the answer ends the asking", () => {
  const asked = after(queue(inRoom, outgoing("c1")), { type: "refused", id: "c1", code: "name_needed", message: "" });
  expect(asked.needsName).toBe(true);
  expect(asked.outbox[0]?.status).toBe("refused");
  const answered = queue(asked, { ...outgoing("c1"), name: "Ada" });
  expect(answered.needsName).toBe(false);
  expect(answered.outbox.length).toBe(1);
  expect(after(answered, { type: "accepted", id: "c1", seq: 1 }).me?.name).toBe("Ada");
});

test("a refusal of hearts concerns no comment", () => {
  const room = queue(inRoom, outgoing("c1"));
  expect(after(room, { type: "refused", code: "too_fast", retry_ms: 1, message: "" })).toBe(room);
});

test("after a lost connection everything without a receipt goes again, also where the same words were said", () => {
  const before = after(queue(inRoom, outgoing("c1", "the same")), { type: "said", ...entry(8, "the same", ada) }, { type: "accepted", id: "c1", seq: 8 });
  const room = queue(queue(before, outgoing("c2", "the same")), outgoing("c3", "and this"));
  const again = after(room, welcome({ backlog: [entry(8, "the same", ada)] }));
  expect(unanswered(again).map(({ id }) => id)).toEqual(["c2", "c3"]);
  const answered = after(again, { type: "accepted", id: "c2", seq: 9 }, { type: "said", ...entry(10, "and this", ada) }, { type: "accepted", id: "c3", seq: 10 });
  expect(answered.outbox).toEqual([]);
  expect(answered.chat.map(({ seq }) => seq)).toEqual([8, 10]);
  expect(forget(again, "c2").outbox.map(({ id }) => id)).toEqual(["c3"]);
});

test("a comment whose own words arrived and whose receipt did not goes again over the next connection", () => {
  const shown = after(queue(inRoom, outgoing("c1")), { type: "said", ...entry(5, "hello", ada) });
  expect(unanswered(shown)).toEqual([]);
  const again = after(shown, welcome({ backlog: [entry(5, "hello", ada)] }));
  expect(unanswered(again).map(({ id }) => id)).toEqual(["c1"]);
  expect(after(again, { type: "accepted", id: "c1", seq: 5 }).outbox).toEqual([]);
});

test("words from another window of the same viewer settle nothing here", () => {
  const sent = queue(queue(inRoom, outgoing("c1", "one")), outgoing("c2", "two"));
  const elsewhere = after(sent, { type: "said", ...entry(5, "from the other window", ada) });
  const second = after(elsewhere, { type: "said", ...entry(6, "two", ada) }, { type: "accepted", id: "c2", seq: 6 });
  expect(second.outbox.map(({ id, status }) => [id, status])).toEqual([["c1", "shown"]]);
  expect(unanswered(after(second, welcome())).map(({ id }) => id)).toEqual(["c1"]);
});

test("a receipt names the comment, whichever was taken for it", () => {
  const sent = queue(queue(inRoom, outgoing("c1", "one")), outgoing("c2", "two"));
  const room = after(sent, { type: "said", ...entry(6, "cleaned differently", ada) }, { type: "accepted", id: "c2", seq: 6 });
  expect(room.outbox.map(({ id, status }) => [id, status])).toEqual([["c1", "sending"]]);
});

test("a receipt for what is further back than the backlog ends the waiting", () => {
  const room = after(queue(inRoom, outgoing("c1")), welcome({ backlog: [entry(90)] }), { type: "accepted", id: "c1", seq: 12 });
  expect(room.outbox).toEqual([]);
  expect(room.chat.map(({ seq }) => seq)).toEqual([90]);
});

test("each load of the page has a name of its own", () => {
  expect(newPage()).toMatch(/^[0-9a-f]{32}$/);
  expect(newPage()).not.toBe(newPage());
});

test("state and presence replace what was known", () => {
  const room = after(
    inRoom,
    { type: "state", state: "ended", title: "Show", on_picture: ["chat"], replay_url: "/replays/e" },
    { type: "presence", viewers: 41, peak: 57, anonymous: 23, joined: ["Bob", "Ada"] },
  );
  expect([room.broadcast, room.replayUrl, room.onPicture]).toEqual(["ended", "/replays/e", ["chat"]]);
  expect(room.presence).toEqual({ viewers: 41, peak: 57, anonymous: 23 });
  expect(room.joined?.names).toEqual(["Bob"]);
});

test("a type that this page never heard of changes nothing", () => {
  expect(after(inRoom, { type: "applause" } as unknown as ToViewer)).toBe(inRoom);
});

test("the page keeps the last two hundred comments", () => {
  const room = after(inRoom, ...Array.from({ length: 250 }, (_, seq): ToViewer => ({ type: "said", ...entry(seq) })));
  expect([room.chat.length, room.chat[0]?.seq]).toEqual([200, 50]);
});

test("a new name holds for what was said before, and everybody reads so", () => {
  const ada = { id: "v1", name: "Ada", hue: 204 };
  const grace = { ...ada, name: "Grace", n: 2 };
  const before = after(inRoom, { type: "said", seq: 1, at_ms: 0, viewer: ada, text: "hi" });
  const room = after(before, { type: "renamed", viewer: grace });
  expect(room.chat[0]?.viewer).toEqual(grace);
  expect(room.news).toEqual({ words: "Ada is now Grace", at: 1000 });
  const me = after({ ...inRoom, me: ada }, { type: "renamed", viewer: grace });
  expect(me.me).toEqual(grace);
  const refused = after(inRoom, { type: "refused", id: "rename", code: "too_fast", message: "wait a little" });
  expect(refused.news?.words).toBe("wait a little");
  expect(refused.outbox).toEqual(inRoom.outbox);
});

test("who joined is named in a sentence that stays short", () => {
  expect(joinedSentence([])).toBe("");
  expect(joinedSentence(["Ada"])).toBe("Ada joined");
  expect(joinedSentence(["Ada", "Bob"])).toBe("Ada and Bob joined");
  expect(joinedSentence(["Ada", "Bob", "Cy", "Di", "Ed"])).toBe("Ada, Bob and 3 others joined");
});

test("a comment is measured in characters and its frame in bytes", () => {
  expect(excess("a".repeat(COMMENT_CHARACTERS), null)).toBe(0);
  expect(excess("a".repeat(COMMENT_CHARACTERS + 3), null)).toBe(3);
  const emoji = "🎉".repeat(COMMENT_CHARACTERS);
  const over = excess(emoji, "Ada");
  expect(over).toBeGreaterThan(0);
  const cut = [...emoji].slice(0, COMMENT_CHARACTERS - over).join("");
  expect(frameBytes({ type: "say", id: "c1", text: cut, name: "Ada", at_ms: 1 })).toBeLessThanOrEqual(FRAME_BYTES);
});

test("names and comments are tidied as the server does it", () => {
  expect(tidy("  two\n\n words\t")).toBe("two words");
  expect(tidy("nice \ud83d")).toBe("nice");
  expect(tidy("nice 🎉")).toBe("nice 🎉");
  expect([...tidyName("é".repeat(60))].length).toBe(40);
});

test("a muted viewer has the room's own words for it, until they may speak again", () => {
  const words = "The host has muted you.";
  const muted = after(inRoom, { type: "voice", muted: true, message: words });
  expect(muted.muted).toBe(words);
  expect(after(muted, { type: "voice", muted: false, message: "again" }).muted).toBeNull();
  expect(after(muted, welcome()).muted).toBeNull();
  expect(after(inRoom, { type: "refused", code: "muted", message: words }).muted).toBe(words);
});

test("a comment that waits for the host says so, is sent again after a reconnect, and goes when it is answered", () => {
  const held = after(queue(inRoom, outgoing("c1")), { type: "held", id: "c1", message: "It waits." });
  expect(held.outbox.map(({ status, words }) => [status, words])).toEqual([["held", "It waits."]]);
  expect(unanswered(after(held, welcome())).map(({ id }) => id)).toEqual(["c1"]);
  expect(after(held, { type: "accepted", id: "c1", seq: 3 }).outbox).toEqual([]);
  const refused = after(held, { type: "refused", id: "c1", code: "muted", message: "No." });
  expect(refused.outbox.map(({ status, words }) => [status, words])).toEqual([["refused", "No."]]);
});

test("what a rush left out is said in the room's words", () => {
  expect(after(inRoom, { type: "skipped", count: 3, message: "3 are not shown" }).news).toEqual({ words: "3 are not shown", at: 1000 });
});

test("a comment that the room cannot read does not hold up the next one, and can be discarded", () => {
  let room = queue(queue(inRoom, outgoing("c1", "poison")), outgoing("c2", "fine"));
  room = after(unreadable(room), welcome());
  expect(unanswered(room).map(({ id }) => id)).toEqual(["c1", "c2"]);
  room = after(unreadable(room), welcome());
  expect(room.outbox.map(({ id, status }) => [id, status])).toEqual([["c1", "refused"], ["c2", "sending"]]);
  expect(room.outbox[0]?.words).not.toBe("");
  expect(unanswered(room).map(({ id }) => id)).toEqual(["c2"]);
  expect(forget(after(room, { type: "accepted", id: "c2", seq: 1 }), "c1").outbox).toEqual([]);
  expect(unreadable(inRoom).outbox).toEqual([]);
});

test("no more faces are shown than people with a name are here", () => {
  const room = after(inRoom, { type: "presence", viewers: 9, peak: 9, anonymous: 3, joined: ["Bob", "Cy", "Di", "Ed", "Flo"] });
  const names = (named: number): string[] => facesOf(room.people, named).map(({ name }) => name);
  expect(names(6)).toEqual(["Flo", "Ed", "Di", "Cy"]);
  expect(names(1)).toEqual(["Flo"]);
  expect(names(0)).toEqual([]);
  expect(names(-1)).toEqual([]);
});
