import type { FromViewer } from "../../bindings/FromViewer";

/** The longest comment, in characters (docs/contract.md, The room). */
export const COMMENT_CHARACTERS = 500;
/** The longest name, in characters. */
export const NAME_CHARACTERS = 40;
/** The longest frame; a longer one makes the server close the socket. */
export const FRAME_BYTES = 2048;

/** Characters as the server counts them: code points, not UTF-16 units. */
export function characters(text: string): number {
  return [...text].length;
}

/** `text` as the server will store it, as far as white space goes. */
export function tidy(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}

/** `name` as far as the server takes it. */
export function tidyName(name: string): string {
  return [...tidy(name)].slice(0, NAME_CHARACTERS).join("").trim();
}

/** The size of a frame as the server reads it. */
export function frameBytes(frame: FromViewer): number {
  return new TextEncoder().encode(JSON.stringify(frame)).length;
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
