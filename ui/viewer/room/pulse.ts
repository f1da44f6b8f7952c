/** A server beats at least every 5 s where it says nothing else; twice that is silence. */
export const SILENT_MS = 9500;
/** With a comment on its way, a server that beats would have been heard by then. */
export const AWAITED_MS = 6000;
/** A page that slept this long between two looks heard nothing because it slept. */
const SLEPT_MS = 3000;

/** Whether a connection lives, by what was heard of it. Time is an argument, in milliseconds. */
export class Pulse {
  #beats = false;
  #heardAt = 0;
  #askedAt = 0;
  #lookedAt = 0;

  /** Another connection, which has to beat first before its silence means anything. */
  begin(now: number): void {
    this.#beats = false;
    this.#heardAt = now;
    this.#askedAt = now;
    this.#lookedAt = now;
  }

  /** A message came. */
  heard(now: number, beat: boolean): void {
    this.#heardAt = now;
    this.#beats ||= beat;
  }

  /** Something was sent that wants an answer. */
  asked(now: number): void {
    this.#askedAt = now;
  }

  /** Whether it has been silent for too long; sooner where an answer is awaited. Never for servers that do not beat. */
  stopped(now: number, awaits: boolean): boolean {
    // Timers of hidden pages sleep, and what came meanwhile is handed over only now.
    if (now - this.#lookedAt > SLEPT_MS) this.#heardAt = Math.max(this.#heardAt, now - AWAITED_MS / 2);
    this.#lookedAt = now;
    if (!this.#beats) return false;
    const silent = now - this.#heardAt;
    return silent > SILENT_MS || (awaits && silent > AWAITED_MS && now - this.#askedAt > AWAITED_MS / 2);
  }
}
