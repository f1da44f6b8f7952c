import type { Command } from "../../../bindings/Command";
import type { Levels } from "../../../bindings/Levels";
import type { Refusal } from "../../../bindings/Refusal";
import type { Reply } from "../../../bindings/Reply";
import type { Snapshot } from "../../../bindings/Snapshot";
import { type Bridge, type Jpeg, reasonOf, shell } from "./bridge";
import { NOTHING } from "./nothing";
import { Session } from "./session";

type Notify<T> = (value: T) => void;

/** A refusal that the operator has not dismissed yet. */
export interface Refused extends Refusal {
  readonly id: number;
}

/** How many refusals stand in the window at once. */
const REFUSALS_KEPT = 3;

/** What the window shows, as Svelte sees it. Owns nothing: a reload rebuilds it. */
export class Studio {
  /** The studio as last heard of; none before the first word. */
  snapshot = $state.raw<Snapshot | null>(null);
  /** The same, with an empty one in its place before the first word. */
  view = $derived(this.snapshot ?? NOTHING);
  /** The studio's wall clock, a few times a second. */
  now = $state(Date.now());
  /** Whether the studio answers; the last values stay when it does not. */
  answering = $state(true);
  /** Why the window could not reach the studio at all. */
  failure = $state<string | null>(null);
  /** Acts that were refused, oldest first. */
  refusals = $state.raw<readonly Refused[]>([]);

  #session: Session;
  #offset = 0;
  #heard = false;
  #nextRefusal = 1;
  #levels = new Set<Notify<Levels>>();
  #frames = new Set<(jpeg: Jpeg) => Promise<void>>();
  /** The newest frame is drawn, or failed. */
  #drawn: Promise<unknown> = Promise.resolve();

  constructor(bridge: Bridge) {
    this.#session = new Session(bridge, {
      snapshot: (snapshot) => {
        this.#heard = true;
        this.snapshot = snapshot;
      },
      levels: (levels) => {
        this.#heard = true;
        // With the frame, so that the page is drawn once for both.
        void this.#drawn.then(() => this.#levels.forEach((notify) => notify(levels)));
      },
      clock: (nowMs) => {
        this.#heard = true;
        this.#offset = nowMs - Date.now();
      },
      frame: (jpeg) => {
        this.#heard = true;
        this.#drawn = Promise.allSettled([...this.#frames].map((notify) => notify(jpeg)));
      },
      answering: (answers) => (this.answering = answers),
    });
  }

  /** Subscribes, and keeps the clock. Answers how to stop the clock. */
  start(): () => void {
    void this.connect();
    const timer = setInterval(() => {
      // A show that may have ended must not seem to run on.
      if (this.answering) this.now = Date.now() + this.#offset;
      if (this.snapshot !== null) this.#session.tick(performance.now(), this.#heard);
      this.#heard = false;
    }, 250);
    return () => clearInterval(timer);
  }

  /** Subscribes, also again after it failed. */
  async connect(): Promise<void> {
    this.failure = null;
    try {
      await this.#session.start();
    } catch (error) {
      this.failure = reasonOf(error);
    }
  }

  /** Asks, and shows the refusal if there is one. */
  async dispatch(command: Command): Promise<Reply> {
    const reply = await this.#session.dispatch(command);
    if (reply.reply === "refused") this.#refused(reply);
    return reply;
  }

  /** Asks; whoever asks shows the refusal, beside the field that it is about. */
  ask(command: Command): Promise<Reply> {
    return this.#session.dispatch(command);
  }

  dismissRefusal(id: number): void {
    this.refusals = this.refusals.filter((refusal) => refusal.id !== id);
  }

  /** Levels as they come, about 15 a second; answers how to stop. */
  onLevels(notify: Notify<Levels>): () => void {
    this.#levels.add(notify);
    return () => this.#levels.delete(notify);
  }

  /** JPEG frames of the monitor as they come; `notify` resolves when one is drawn. Answers how to stop. */
  onFrame(notify: (jpeg: Jpeg) => Promise<void>): () => void {
    this.#frames.add(notify);
    return () => this.#frames.delete(notify);
  }

  #refused({ code, message }: Refusal): void {
    const others = this.refusals.filter((refusal) => refusal.code !== code);
    this.refusals = [...others, { id: this.#nextRefusal++, code, message }].slice(-REFUSALS_KEPT);
  }
}

/** The studio that this window shows. */
export const studio = new Studio(shell);
