/** The part of a log that is in the page: entries `from` up to, not including, `to`. */
export interface Range {
  from: number;
  to: number;
}

/** So many of the newest are in the page: more than any screen shows. */
export const AT_ONCE = 60;
/** Scrolling brings so many more at a time, */
export const STEP = 40;
/** and lets go of those at the other end beyond this. */
export const MOST = 140;

/** The newest of `until` entries. */
export function newest(until: number): Range {
  return { from: Math.max(0, until - AT_ONCE), to: until };
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
