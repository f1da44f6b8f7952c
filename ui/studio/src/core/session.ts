import type { Command } from "../../../bindings/Command";
import type { Levels } from "../../../bindings/Levels";
import type { Numbered } from "../../../bindings/Numbered";
import type { Reply } from "../../../bindings/Reply";
import type { Snapshot } from "../../../bindings/Snapshot";
import type { Update } from "../../../bindings/Update";
import { type Beat, type Bridge, type Jpeg, reasonOf } from "./bridge";
import { reduce } from "./reduce";

/** Whom a session notifies: whoever renders it. */
export interface Sink {
  snapshot(snapshot: Snapshot): void;
  levels(levels: Levels): void;
  clock(nowMs: number): void;
  /** Comes before the levels of its moment. */
  frame(jpeg: Jpeg): void;
  /** Whether the studio answers. The last values stay when it does not. */
  answering(answers: boolean): void;
}

/** How many events wait while a snapshot is on its way; beyond it the next gap asks again. */
const PENDING_KEPT = 1_000;
/** After this silence the studio is asked whether it is still there, in milliseconds. */
const SILENCE_MS = 5_000;
/** How long its answer is awaited, in milliseconds. */
const ANSWER_MS = 4_000;

/**
 * Follows the studio: applies numbered events to the snapshot, and asks for a new one at a gap.
 * Has no clock and no timers: `tick` is called about once a second.
 */
export class Session {
  #bridge: Bridge;
  #sink: Sink;
  #snapshot: Snapshot | null = null;
  #asking = false;
  #pending: Numbered[] = [];
  #heardAt = 0;
  #askedAt: number | null = null;

  constructor(bridge: Bridge, sink: Sink) {
    this.#bridge = bridge;
    this.#sink = sink;
  }

  /** Subscribes. Rejects where the shell refuses it. */
  async start(): Promise<void> {
    await this.#bridge.subscribe((beat) => this.#beat(beat));
  }

  /** Asks the operator's act of the studio. A broken bridge reads like a refusal. */
  async dispatch(command: Command): Promise<Reply> {
    try {
      return await this.#bridge.dispatch(command);
    } catch (error) {
      return { reply: "refused", code: "window.unreachable", message: `The studio did not take that: ${reasonOf(error)}` };
    }
  }

  /** Looks whether the studio is still there; `nowMs` is any monotonic clock. */
  tick(nowMs: number, heard: boolean): void {
    if (heard || this.#heardAt === 0) this.#heardAt = nowMs;
    if (heard) this.#sink.answering(true);
    if (this.#askedAt !== null && nowMs - this.#askedAt > ANSWER_MS) this.#sink.answering(false);
    if (nowMs - this.#heardAt > SILENCE_MS && this.#askedAt === null) {
      this.#askedAt = nowMs;
      void this.#resync();
    }
  }

  #beat({ updates, jpeg }: Beat): void {
    if (jpeg !== null) this.#sink.frame(jpeg);
    for (const update of updates) this.#update(update);
  }

  #update(update: Update): void {
    switch (update.kind) {
      case "snapshot":
        this.#adopt(update.snapshot);
        break;
      case "event":
        this.#event(update.numbered);
        break;
      case "levels":
        this.#sink.levels(update.levels);
        break;
      case "clock":
        this.#sink.clock(update.now_ms);
        break;
    }
  }

  #event(numbered: Numbered): void {
    const snapshot = this.#snapshot;
    if (snapshot === null || this.#asking) {
      if (this.#pending.length < PENDING_KEPT) this.#pending.push(numbered);
      return;
    }
    if (numbered.number <= snapshot.number) return;
    if (numbered.number > snapshot.number + 1) {
      this.#pending.push(numbered);
      void this.#resync();
      return;
    }
    this.#snapshot = { ...reduce(snapshot, numbered.event), number: numbered.number };
    this.#sink.snapshot(this.#snapshot);
  }

  async #resync(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const snapshot = await this.#bridge.snapshot();
      this.#asking = false;
      this.#askedAt = null;
      this.#heardAt = 0;
      this.#sink.answering(true);
      this.#adopt(snapshot);
    } catch {
      // The next gap, or the next silence, asks again.
      this.#asking = false;
      this.#askedAt = null;
      this.#sink.answering(false);
    }
  }

  /** Adopts a snapshot and what came after it; not one that is older than what we hold. */
  #adopt(snapshot: Snapshot): void {
    const pending = this.#pending.sort((a, b) => a.number - b.number);
    this.#pending = [];
    if (this.#snapshot === null || snapshot.number >= this.#snapshot.number) {
      this.#snapshot = snapshot;
      this.#sink.snapshot(snapshot);
    }
    for (const numbered of pending) this.#event(numbered);
  }
}
