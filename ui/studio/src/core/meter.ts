/** Meters as operators know them: −60…0 dBFS, instant attack, a steady fall, a held peak. */
export const FLOOR_DB = -60;
export const YELLOW_DB = -20;
export const RED_DB = -9;
/** How fast the bar falls, in decibels a second. */
export const DECAY_DB_PER_S = 23.5;
/** How long the peak mark stands before it falls, in milliseconds. */
export const HOLD_MS = 1_500;

/** One bar. Times are milliseconds of any monotonic clock. */
export interface Needle {
  readonly db: number;
  readonly peakDb: number;
  readonly peakAt: number;
  readonly at: number;
}

export const RESTING: Needle = { db: FLOOR_DB, peakDb: FLOOR_DB, peakAt: 0, at: 0 };

/** Where the bar stands at `now`, having received `levelDb`; without one it only falls. */
export function advance(needle: Needle, now: number, levelDb: number | null = null): Needle {
  const fallen = needle.db - (Math.max(0, now - needle.at) / 1_000) * DECAY_DB_PER_S;
  const level = levelDb === null || Number.isNaN(levelDb) ? FLOOR_DB : levelDb;
  const db = clamp(Math.max(fallen, level));
  const heldUntil = needle.peakAt + HOLD_MS;
  const peakFallen = needle.peakDb - (Math.max(0, now - Math.max(heldUntil, needle.at)) / 1_000) * DECAY_DB_PER_S;
  const peak = now <= heldUntil ? needle.peakDb : clamp(peakFallen);
  return db >= peak ? { db, peakDb: db, peakAt: now, at: now } : { db, peakDb: peak, peakAt: needle.peakAt, at: now };
}

/** Where `db` stands between left (0) and right (1). */
export function position(db: number): number {
  return (clamp(db) - FLOOR_DB) / -FLOOR_DB;
}

/** Whether a bar has nothing left to show. */
export function resting(needle: Needle): boolean {
  return needle.db <= FLOOR_DB && needle.peakDb <= FLOOR_DB;
}

function clamp(db: number): number {
  return Math.min(0, Math.max(FLOOR_DB, db));
}
