import type { FromViewer } from "../../bindings/FromViewer";
import { COMMENT_CHARACTERS, FRAME_BYTES, NAME_CHARACTERS } from "../../bindings/limits";

/** Characters as the server counts them: code points, not UTF-16 units. */
export function characters(text: string): number {
  return [...text].length;
}

/** `text` without halves of surrogate pairs: they are no characters, and no server could read them. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "");
}

/** A message as it is sent: whatever a field, a paste or the storage held, it can be read. */
export function written(frame: FromViewer): string {
  return JSON.stringify(frame, (_key, value: unknown) => (typeof value === "string" ? wellFormed(value) : value));
}

/**
 * `text` as the server will store it, as far as white space goes, and well-formed: half a surrogate
 * pair is no character, and the server could not read the frame.
 */
export function tidy(text: string): string {
  return wellFormed(text).replace(/\s+/gu, " ").trim();
}

/** `name` as far as the server takes it. */
export function tidyName(name: string): string {
  return [...tidy(name)].slice(0, NAME_CHARACTERS).join("").trim();
}

/** The size of a frame as the server reads it. */
export function frameBytes(frame: FromViewer): number {
  return new TextEncoder().encode(written(frame)).length;
}

/** The longest that the page gives to a comment. */
const LONGEST_ID = "c9999999";

/**
 * How many characters too long a comment is to be sent; 0 if it can go. Within the limit of
 * characters it may still be too large a frame: an emoji weighs four bytes and more.
 */
export function excess(text: string, name: string | null): number {
  const over = characters(text) - COMMENT_CHARACTERS;
  if (over > 0) return over;
  const tooMany = frameBytes({ type: "say", id: LONGEST_ID, text, name, at_ms: Number.MAX_SAFE_INTEGER }) - FRAME_BYTES;
  return Math.max(0, Math.ceil(tooMany / 4));
}
