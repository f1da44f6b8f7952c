/**
 * Why there is no picture, where that is known; whoever shows the page says it in words. LL-HLS, which
 * needs neither WebRTC nor UDP, takes over at `no_webrtc`, `no_h264` and `no_path`: they stand for what
 * the browser or the network cannot do, and are said only where it cannot play that either; `refused`
 * is what the host's computer said.
 */
export type Obstacle =
  | { kind: "no_webrtc" }
  | { kind: "no_h264" }
  /** The offer was answered, and not one datagram came through. */
  | { kind: "no_path" }
  /** `again`: it is asked for again by itself. */
  | { kind: "refused"; words: string; again: boolean };

/** What became of an offer that was turned down. */
export interface Refused {
  /** Ask again after so many milliseconds; none where the answer would be the same. */
  retryMs: number | null;
  /** What the page says of it; none where it says enough already. */
  obstacle: Obstacle | null;
}

/** Requests that were right, and came at the wrong time (RFC 9110 §15.5.9, RFC 8470, RFC 6585 §4). */
const COMES_GOOD: ReadonlySet<number> = new Set([408, 425, 429]);
/** Longer than this is no patience but a broken header. */
const MOST_PATIENT_MS = 120_000;

/**
 * Judges the answer to an offer: `retryAfter` is the header's value, `body` the answer's text. A refusal
 * that will not change (400, 404, 406, 415 …) is not asked again.
 */
export function judge(status: number, retryAfter: string | null, body: string): Refused {
  const { code, message } = problem(body);
  const wait = waits(retryAfter);
  if (code === "offer_without_h264") return { retryMs: null, obstacle: { kind: "no_h264" } };
  // Not on air yet, or over: the room says which, and when that changes.
  if (status === 409) return { retryMs: wait, obstacle: null };
  if (status >= 500 || COMES_GOOD.has(status)) {
    const known = wait !== null && message !== "";
    return { retryMs: wait ?? 0, obstacle: known ? { kind: "refused", words: message, again: true } : null };
  }
  return { retryMs: null, obstacle: { kind: "refused", words: message || `The host's computer answered ${status}.`, again: false } };
}

/** `Retry-After` in seconds, as milliseconds; none where it says nothing usable. */
function waits(header: string | null): number | null {
  const seconds = header === null || !/^\s*\d+\s*$/.test(header) ? Number.NaN : Number(header);
  return Number.isNaN(seconds) ? null : Math.min(MOST_PATIENT_MS, seconds * 1000);
}

function problem(body: string): { code: string; message: string } {
  try {
    const { code, message } = JSON.parse(body) as { code?: unknown; message?: unknown };
    return { code: typeof code === "string" ? code : "", message: typeof message === "string" ? message : "" };
  } catch {
    return { code: "", message: "" };
  }
}

/** Whether an offer asks for H.264 at all: a browser without a decoder leaves it out. */
export function asksForH264(offer: string): boolean {
  return /^a=rtpmap:\d+ H264\/90000\s*$/im.test(offer);
}
