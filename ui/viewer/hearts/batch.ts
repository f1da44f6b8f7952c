import { HEARTS_IN_A_MESSAGE, HEARTS_INTERVAL_MS } from "../../bindings/limits";

/**
 * Turns taps into few messages: the first tap goes out at once, the following ones are counted
 * for a window. Time is an argument, in milliseconds of any clock that never goes back.
 */
export class HeartBatch {
  #pending = 0;
  #closedUntil = Number.NEGATIVE_INFINITY;

  /** Taps that no message has carried yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Counts one tap. What is more than a message can carry, nobody would see rise: it is let go. */
  tap(): void {
    this.#pending = Math.min(this.#pending + 1, HEARTS_IN_A_MESSAGE);
  }

  /** How many taps the message that may go out now carries; 0 if it is not time, or nothing waits. */
  take(now: number): number {
    if (this.#pending === 0 || now < this.#closedUntil) return 0;
    const count = this.#pending;
    this.#pending = 0;
    this.#closedUntil = now + HEARTS_INTERVAL_MS;
    return count;
  }

  /** When to call `take` next; none while nothing waits. */
  dueAt(now: number): number | null {
    return this.#pending === 0 ? null : Math.max(now, this.#closedUntil);
  }

  /** The room refused `count` taps: they wait again, for at least `retryMs`. */
  refused(count: number, now: number, retryMs: number): void {
    this.#pending = Math.min(this.#pending + count, HEARTS_IN_A_MESSAGE);
    this.#closedUntil = Math.max(this.#closedUntil, now + retryMs);
  }

  /** Forgets what waits, for instance because the show is over. */
  clear(): void {
    this.#pending = 0;
  }
}
