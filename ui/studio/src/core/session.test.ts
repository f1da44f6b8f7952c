import { describe, expect, it } from "vitest";
import type { Command } from "../../../bindings/Command";
import type { Event } from "../../../bindings/Event";
import type { Reply } from "../../../bindings/Reply";
import type { Snapshot } from "../../../bindings/Snapshot";
import type { Update } from "../../../bindings/Update";
import type { Bridge, Listener } from "./bridge";
import { NOTHING } from "./nothing";
import { Session } from "./session";

const title = (text: string): Event => ({ type: "setup", value: { ...NOTHING.setup, title: text } });
const at = (number: number, text = ""): Snapshot => ({ ...NOTHING, number, setup: { ...NOTHING.setup, title: text } });

/** A studio whose answers the test gives by hand. */
class ByHand implements Bridge {
  listener: Listener | null = null;
  asked: { answer: (snapshot: Snapshot) => void; refuse: (error: Error) => void }[] = [];
  dispatched: Command[] = [];

  dispatch(command: Command): Promise<Reply> {
    this.dispatched.push(command);
    return Promise.resolve({ reply: "accepted" });
  }
  snapshot(): Promise<Snapshot> {
    return new Promise((answer, refuse) => this.asked.push({ answer, refuse }));
  }
  subscribe(listener: Listener): Promise<void> {
    this.listener = listener;
    return Promise.resolve();
  }
  update(update: Update): void {
    this.listener?.({ updates: [update], jpeg: null });
  }
  emit(number: number, event: Event): void {
    this.update({ kind: "event", numbered: { number, event } });
  }
}

async function following(number: number): Promise<{ bridge: ByHand; session: Session; seen: Snapshot[]; answering: boolean[] }> {
  const bridge = new ByHand();
  const seen: Snapshot[] = [];
  const answering: boolean[] = [];
  const session = new Session(bridge, {
    snapshot: (snapshot) => seen.push(snapshot),
    levels: () => undefined,
    clock: () => undefined,
    frame: () => undefined,
    answering: (answers) => answering.push(answers),
  });
  await session.start();
  bridge.update({ kind: "snapshot", snapshot: at(number) });
  return { bridge, session, seen, answering };
}

const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

describe("Session", () => {
  it("applies events in their order", async () => {
    const { bridge, seen } = await following(7);
    bridge.emit(8, title("a"));
    bridge.emit(9, title("b"));
    expect(seen.map((snapshot) => [snapshot.number, snapshot.setup.title])).toEqual([[7, ""], [8, "a"], [9, "b"]]);
  });

  it("ignores an event that the snapshot already contains", async () => {
    const { bridge, seen } = await following(7);
    bridge.emit(7, title("old"));
    expect(seen).toHaveLength(1);
  });

  it("asks for a snapshot once at a gap, and applies what came meanwhile", async () => {
    const { bridge, seen } = await following(7);
    bridge.emit(10, title("ten"));
    bridge.emit(11, title("eleven"));
    expect(seen).toHaveLength(1);
    expect(bridge.asked).toHaveLength(1);
    bridge.asked[0]?.answer(at(10, "ten"));
    await settled();
    expect(seen.at(-1)).toMatchObject({ number: 11, setup: { title: "eleven" } });
    expect(bridge.asked).toHaveLength(1);
  });

  it("asks again where a gap remains behind the snapshot", async () => {
    const { bridge, seen } = await following(7);
    bridge.emit(10, title("ten"));
    bridge.emit(14, title("fourteen"));
    bridge.asked[0]?.answer(at(10, "ten"));
    await settled();
    expect(bridge.asked).toHaveLength(2);
    bridge.asked[1]?.answer(at(14, "fourteen"));
    await settled();
    expect(seen.at(-1)?.number).toBe(14);
  });

  it("does not go back to an older snapshot", async () => {
    const { bridge, seen } = await following(7);
    bridge.emit(9, title("nine"));
    bridge.asked[0]?.answer(at(3, "three"));
    await settled();
    expect(seen.every((snapshot) => snapshot.number >= 7)).toBe(true);
  });

  it("takes a newer snapshot as it is, as after a reload", async () => {
    const { bridge, seen } = await following(7);
    bridge.update({ kind: "snapshot", snapshot: at(40, "later") });
    bridge.emit(41, title("on"));
    expect(seen.at(-1)).toMatchObject({ number: 41, setup: { title: "on" } });
  });

  it("asks whether the studio is there after a silence, and says when it is not", async () => {
    const { bridge, session, answering } = await following(7);
    session.tick(1_000, true);
    session.tick(5_500, false);
    expect(bridge.asked).toHaveLength(0);
    session.tick(6_100, false);
    expect(bridge.asked).toHaveLength(1);
    session.tick(10_200, false);
    expect(answering.at(-1)).toBe(false);
    bridge.asked[0]?.answer(at(7));
    await settled();
    expect(answering.at(-1)).toBe(true);
  });

  it("says so when the bridge itself is broken, and asks again later", async () => {
    const { bridge, session, answering } = await following(7);
    session.tick(1_000, true);
    session.tick(7_000, false);
    bridge.asked[0]?.refuse(new Error("gone"));
    await settled();
    expect(answering.at(-1)).toBe(false);
    session.tick(7_250, false);
    expect(bridge.asked).toHaveLength(2);
  });

  it("turns a failed call into a refusal that can be shown", async () => {
    const { bridge, session } = await following(7);
    bridge.dispatch = () => Promise.reject(new Error("no such command"));
    expect(await session.dispatch({ type: "go_live" })).toMatchObject({ reply: "refused", code: "window.unreachable" });
  });
});
