import type { ProgramMs } from "../../bindings/ProgramMs";
import type { Said } from "../../bindings/Said";
import type { Timeline } from "../../bindings/Timeline";

/** Playing never moves further than this between two looks; what does is a seek. */
export const SEEK_MS = 1500;
/** More hearts of one second than these would only be a wall. */
const SHOWN_IN_A_SECOND = 12;

/** A heart that returns. */
export interface ReturningHeart {
  atMs: ProgramMs;
  hue: number;
}

/** What happened between two looks. */
export interface Passed {
  /** How many comments were said up to now, of the cursor's `chat`. */
  until: number;
  /** Hearts that return now; none after a seek. */
  hearts: readonly ReturningHeart[];
}

/** Walks along a replay's timeline with the picture: comments and hearts return at their moment. */
export class TimelineCursor {
  /** Every comment, in the order in which it was seen. */
  readonly chat: readonly Said[];
  readonly #hearts: readonly ReturningHeart[];
  #now: ProgramMs = 0;
  #heartsUntil = 0;

  constructor(timeline: Timeline) {
    // `seq` is the order in which they were accepted; a slow line may have seen an earlier moment.
    this.chat = [...timeline.chat].sort((a, b) => a.at_ms - b.at_ms || a.seq - b.seq);
    this.#hearts = timeline.hearts.flatMap(({ at_ms, by_hue }) => spread(at_ms, by_hue)).sort((a, b) => a.atMs - b.atMs);
  }

  /** The picture shows the moment `ms`. */
  moveTo(ms: ProgramMs): Passed {
    const seeks = ms < this.#now || ms - this.#now > SEEK_MS;
    const saidUntil = firstAfter(this.chat, ms, ({ at_ms }) => at_ms);
    const heartsUntil = firstAfter(this.#hearts, ms, ({ atMs }) => atMs);
    const passed: Passed = {
      until: saidUntil,
      hearts: seeks ? [] : this.#hearts.slice(this.#heartsUntil, heartsUntil),
    };
    this.#now = ms;
    this.#heartsUntil = heartsUntil;
    return passed;
  }
}

/** The sums of a second as single hearts within it, thinned where they are many. */
function spread(atMs: ProgramMs, byHue: Record<number, number>): ReturningHeart[] {
  const colours = Object.entries(byHue).map(([hue, count]) => ({ hue: Number(hue), count }));
  const total = colours.reduce((sum, { count }) => sum + count, 0);
  const thinned = Math.min(1, SHOWN_IN_A_SECOND / Math.max(1, total));
  return colours.flatMap(({ hue, count }, colour) => {
    const shown = Math.max(1, Math.round(count * thinned));
    return Array.from({ length: shown }, (_, index) => ({
      atMs: atMs + Math.floor(((index + (colour + 1) / (colours.length + 1)) / shown) * 1000),
      hue,
    }));
  });
}

/** The index of the first entry later than `ms`, in entries that rise. */
function firstAfter<T>(entries: readonly T[], ms: number, at: (entry: T) => number): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry !== undefined && at(entry) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
