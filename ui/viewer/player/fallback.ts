import type { Obstacle } from "./obstacle";

/** So long without a picture is too long for WebRTC. */
export const PATIENCE_MS = 5000;
/** So many lost connections … */
const LOSSES = 3;
/** … within this time are a network that does not bear WebRTC. */
const LOSSES_WITHIN_MS = 60_000;
/** Whoever watches by HLS tries WebRTC again so often … */
export const RETURN_MS = 60_000;
/** … and gives each attempt so long. */
export const TRIAL_MS = 10_000;
/** Where HLS had nothing either, it is left alone for so long. */
const LEFT_ALONE_MS = 10_000;

/**
 * Whether LL-HLS shall take over from WebRTC. Knows no clock: each call says what time it is, in
 * milliseconds.
 */
export class Fallback {
  #waitsSince: number;
  #losses: number[] = [];
  #leftAloneUntil = Number.NEGATIVE_INFINITY;

  constructor(now: number) {
    this.#waitsSince = now;
  }

  /** A picture is there, or nobody waits for one: it is paused, hidden, or the show is interrupted. */
  content(now: number): void {
    this.#waitsSince = now;
  }

  /** A connection that had come about was lost. */
  lost(now: number): void {
    this.#losses = [...this.#losses, now].slice(-LOSSES);
  }

  /** HLS had nothing either. */
  failed(now: number): void {
    this.#leftAloneUntil = now + LEFT_ALONE_MS;
    this.#losses = [];
  }

  /** Whether HLS shall take over now, where `obstacle` stands in the way of WebRTC. */
  isDue(now: number, obstacle: Obstacle | null): boolean {
    if (now < this.#leftAloneUntil) return false;
    switch (obstacle?.kind) {
      case "no_webrtc":
      case "no_h264":
      case "no_path":
        return true;
      // The host's computer said no, for reasons that hold for every carrier.
      case "refused":
        return false;
      case undefined: {
        const [first] = this.#losses;
        const many = this.#losses.length >= LOSSES && first !== undefined && now - first <= LOSSES_WITHIN_MS;
        return many || now - this.#waitsSince >= PATIENCE_MS;
      }
      default:
        return obstacle satisfies never;
    }
  }

  /** Another carrier begins: what was before says nothing about it. */
  begin(now: number): void {
    this.#waitsSince = now;
    this.#losses = [];
  }
}
