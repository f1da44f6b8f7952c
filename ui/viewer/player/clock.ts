/** Ticks of the video's RTP clock in a millisecond (RFC 6184 §8.1). */
const TICKS_PER_MS = 90;

/**
 * Says which moment of the program a decoded frame shows. RTP timestamps wrap every 13 h
 * (RFC 3550 §5.1): the reference follows the frames, so that a longer show stays right.
 */
export class ProgramClock {
  #rtp: number;
  #ms: number;

  /** `rtp` and `programMs` are one moment, on the two clocks. */
  constructor(rtp: number, programMs: number) {
    this.#rtp = rtp >>> 0;
    this.#ms = programMs;
  }

  /**
   * Reads the header `Antenne-Clock: rtp=<u32>;program_ms=<n>`; none if it says nothing that can
   * be used. Unknown parameters are ignored.
   */
  static fromHeader(header: string | null): ProgramClock | null {
    const fields = new Map((header ?? "").split(";").map((part) => splitOnce(part)));
    const [rtp, ms] = [wholeNumber(fields.get("rtp")), wholeNumber(fields.get("program_ms"))];
    return rtp === null || ms === null || rtp > 0xffff_ffff ? null : new ProgramClock(rtp, ms);
  }

  /** The program time, in milliseconds, of the frame stamped `rtp`; never negative. */
  programMs(rtp: number): number {
    // `| 0` reads the distance modulo 2³² as signed: frames a little before the reference count too.
    const distance = ((rtp >>> 0) - this.#rtp) | 0;
    const ms = this.#ms + distance / TICKS_PER_MS;
    this.#rtp = rtp >>> 0;
    this.#ms = ms;
    return Math.max(0, Math.round(ms));
  }
}

function splitOnce(part: string): [string, string] {
  const at = part.indexOf("=");
  return at < 0 ? [part.trim(), ""] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
