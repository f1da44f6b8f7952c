import type { Timeline } from "../../bindings/Timeline";

/** Hearts over time in `count` equal stretches, each 0 to 1 of the highest. Empty without hearts. */
export function heartCurve({ hearts, duration_ms }: Timeline, durationMs: number = duration_ms, count = 120): number[] {
  if (hearts.length === 0 || durationMs <= 0) return [];
  const sums = new Array<number>(count).fill(0);
  for (const { at_ms, by_hue } of hearts) {
    const index = Math.min(count - 1, Math.max(0, Math.floor((at_ms / durationMs) * count)));
    sums[index] = (sums[index] ?? 0) + Object.values(by_hue).reduce((sum, value) => sum + value, 0);
  }
  // A little of the neighbours, so that single seconds of a long show remain visible as hills.
  const smooth = sums.map((value, index) => value * 0.5 + ((sums[index - 1] ?? 0) + (sums[index + 1] ?? 0)) * 0.25);
  const highest = Math.max(...smooth);
  return smooth.map((value) => value / highest);
}

/** The curve as a closed SVG path in a box of 0…1000 by 0…100, standing on its lower edge. */
export function curvePath(curve: readonly number[]): string {
  if (curve.length === 0) return "";
  const points = curve.map((value, index) => [(index + 0.5) * (1000 / curve.length), 100 - value * 96] as const);
  let path = "M0 100";
  let [lastX, lastY] = [0, 100];
  for (const [x, y] of [...points, [1000, 100] as const]) {
    const middle = (lastX + x) / 2;
    path += ` C${round(middle)} ${round(lastY)} ${round(middle)} ${round(y)} ${round(x)} ${round(y)}`;
    [lastX, lastY] = [x, y];
  }
  return `${path} Z`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
