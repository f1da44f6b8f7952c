/** The most hearts that rise at a time. */
export const MOST_AT_ONCE = 30;

/** A heart that rises. Lengths are percent of the field; times are milliseconds. */
export interface RisingHeart {
  id: number;
  hue: number;
  own: boolean;
  x: number;
  y: number;
  size: number;
  sway: number;
  tilt: number;
  delay: number;
  duration: number;
}

/** `hearts` with `heart` among them: one's own always finds a place, others only a free one. */
export function admit(hearts: readonly RisingHeart[], heart: RisingHeart): readonly RisingHeart[] {
  if (hearts.length < MOST_AT_ONCE) return [...hearts, heart];
  if (!heart.own) return hearts;
  const giveWay = Math.max(0, hearts.findIndex(({ own }) => !own));
  return [...hearts.filter((_, index) => index !== giveWay), heart];
}

/** Where hearts rise beside words, in percent of the field: nothing else may stand right of `LANE_BEGINS`. */
export const LANE_BEGINS = 88;

/** A heart with its own way of rising; `random` is `Math.random` but in tests. */
export function heartThat(
  rises: { id: number; hue: number; own: boolean; from?: { x: number; y: number }; delay?: number; lane?: boolean },
  random: () => number = Math.random,
): RisingHeart {
  const { id, hue, own, from, delay, lane = false } = rises;
  if (lane) {
    // Of a phone's 320 px the lane has 38: a heart with its sway and tilt stays within.
    const size = (own ? 20 : 15) + random() * 3;
    return { id, hue, own, x: 93 + random() * 2, y: 96, size, sway: random() < 0.5 ? -3 : 3, tilt: (random() - 0.5) * 20, delay: delay ?? 0, duration: 2000 + random() * 1000 };
  }
  return {
    id,
    hue,
    own,
    x: from?.x ?? 84 + random() * 11,
    y: from?.y ?? 96,
    size: own ? 34 + random() * 6 : 22 + random() * 10,
    sway: (random() < 0.5 ? -1 : 1) * (8 + random() * 14),
    tilt: (random() - 0.5) * 36,
    delay: delay ?? 0,
    duration: 2000 + random() * 1000,
  };
}
