/**
 * The colour of a viewer's heart: their hue at fixed lightness and chroma, so that no heart is
 * louder than another. For text and grounds use the class `hued` of tokens.css.
 */
export function heartColour(hue: number): string {
  return `oklch(0.7 0.2 ${normalHue(hue)})`;
}

/** For `style={hueStyle(viewer.hue)}` on an element of class `hued`. */
export function hueStyle(hue: number): string {
  return `--hue: ${normalHue(hue)}`;
}

/** Any number as whole degrees, 0 to 359: what comes from the network must not leave its property. */
export function normalHue(hue: number): number {
  if (!Number.isFinite(hue)) return 0;
  return ((Math.round(hue) % 360) + 360) % 360;
}
