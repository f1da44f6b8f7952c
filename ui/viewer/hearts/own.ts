/** How long a sent tap may take to come back before it counts as lost. */
export const LOST_AFTER_MS = 5000;

/**
 * Remembers taps that this page has shown already, so that the room's broadcast, which carries
 * everybody's, does not show them a second time.
 */
export class OwnTaps {
  #sent: { count: number; at: number }[] = [];

  /** `count` taps went out at `now`. */
  sent(count: number, now: number): void {
    this.#sent.push({ count, at: now });
  }

  /** Of `count` hearts in this viewer's colour, those that are somebody else's. */
  others(count: number, now: number): number {
    this.#forgetLost(now);
    let left = Math.max(0, count);
    while (left > 0 && this.#sent[0]) {
      const oldest = this.#sent[0];
      const taken = Math.min(oldest.count, left);
      left -= taken;
      oldest.count -= taken;
      if (oldest.count === 0) this.#sent.shift();
    }
    return left;
  }

  /** The room refused the newest message: its taps will not come back. Returns how many they were. */
  refused(): number {
    return this.#sent.pop()?.count ?? 0;
  }

  /** Taps that have not come back yet. */
  outstanding(now: number): number {
    this.#forgetLost(now);
    return this.#sent.reduce((sum, { count }) => sum + count, 0);
  }

  /** The connection is gone, and with it every answer. */
  clear(): void {
    this.#sent = [];
  }

  #forgetLost(now: number): void {
    this.#sent = this.#sent.filter(({ at }) => now - at < LOST_AFTER_MS);
  }
}
