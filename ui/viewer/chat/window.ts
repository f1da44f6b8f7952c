/** The part of a log that is in the page: entries `from` up to, not including, `to`. */
export interface Range {
  from: number;
  to: number;
}

/** So many of the newest are in the page at least. */
export const AT_ONCE = 24;
/** A comment takes at least so much of the height, with the space around it. */
const LINE = 28;
/** What stands just above what is seen. */
const SPARE = 4;
/** Scrolling brings so many more at a time, */
export const STEP = 40;
/** and lets go of those at the other end beyond this. */
export const MOST = 140;

/** How many of the newest fill a log of this height, in pixels. */
export function filling(height: number): number {
  return Math.min(MOST, Math.max(AT_ONCE, Math.ceil(height / LINE) + SPARE));
}

/** The newest of `until` entries. */
export function newest(until: number, atOnce: number = AT_ONCE): Range {
  return { from: Math.max(0, until - atOnce), to: until };
}

/** `range` within `until` entries: a seek back takes away what was not said yet. */
export function within(range: Range, until: number): Range {
  const to = Math.min(range.to, until);
  return range.from < to ? { from: range.from, to } : newest(until);
}

/** More of what is older, less of what is newer. */
export function older({ from, to }: Range): Range {
  const first = Math.max(0, from - STEP);
  return { from: first, to: Math.min(to, first + MOST) };
}

/** More of what is newer, less of what is older. */
export function newer({ from, to }: Range, until: number): Range {
  const last = Math.min(until, to + STEP);
  return { from: Math.max(from, last - MOST), to: last };
}
