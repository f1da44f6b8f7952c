import type HlsPlayer from "hls.js";

/** Whom the session notifies. */
export interface HlsOwner {
  /** The picture can begin: the video has something to play. */
  ready(): void;
  /** Nothing more comes of this session: the browser cannot play it, or there is nothing (any more). */
  failed(why: "unable" | "nothing"): void;
}

const ANSWER_MS = 8000;
/** A player that says it can go no further is begun anew so often, and then given up. */
const RESTARTS = 2;

/**
 * A show by LL-HLS, in a `<video>`: what WebRTC cannot bring. Safari plays it natively, others by hls.js,
 * which is loaded only here. One session is one attempt.
 */
export class HlsSession {
  #zeroMs: number | null = null;
  #player: HlsPlayer | null = null;
  #video: HTMLVideoElement | null = null;
  #over = false;
  #restarts = 0;
  readonly #aborter = new AbortController();

  constructor(
    private readonly address: string,
    private readonly owner: HlsOwner,
  ) {}

  async open(video: HTMLVideoElement): Promise<void> {
    this.#video = video;
    try {
      const signal = AbortSignal.any([this.#aborter.signal, AbortSignal.timeout(ANSWER_MS)]);
      const response = await fetch(this.address, { cache: "no-store", signal });
      const playlist = response.ok ? await response.text() : "";
      this.#zeroMs = programZero(playlist);
      const codecs = codecsOf(playlist);
      if (this.#over) return;
      if (codecs === null) return this.#fail();
      if (playsNatively(video)) {
        video.srcObject = null;
        video.src = this.address;
        video.addEventListener("error", this.#broken);
        this.owner.ready();
        return;
      }
      if (!canAppend(codecs)) return this.#fail("unable");
      const { default: Hls } = await import("hls.js/light");
      if (this.#over) return;
      this.#begin(Hls, video);
    } catch {
      if (!this.#over) this.#fail();
    }
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#aborter.abort();
    this.#player?.destroy();
    this.#player = null;
    this.#video?.removeEventListener("error", this.#broken);
    this.#video?.removeAttribute("src");
    this.#video = null;
  }

  /** The program time that is shown; none while that is not known. */
  programMs(): number | null {
    const date = this.#date();
    return date === null || this.#zeroMs === null ? null : Math.max(0, Math.round(date - this.#zeroMs));
  }

  /** How far the picture is behind what the show has; none while that is not known. */
  latencyMs(): number | null {
    const player = this.#player;
    return player && player.latency > 0 ? Math.round(player.latency * 1000) : null;
  }

  /** Goes to what is live, after a pause. */
  toLive(): void {
    const video = this.#video;
    if (!video) return;
    const live = this.#player ? this.#player.liveSyncPosition : endOf(video.seekable);
    if (live !== null && live - video.currentTime > 1) video.currentTime = live;
  }

  /** Unix time of the moment that is shown, as the playlist dates it, in milliseconds. */
  #date(): number | null {
    if (this.#player) return this.#player.playingDate?.getTime() ?? null;
    const video = this.#video as (HTMLVideoElement & { getStartDate?: () => Date }) | null;
    const start = video?.getStartDate?.().getTime();
    return video === null || start === undefined || Number.isNaN(start) ? null : start + video.currentTime * 1000;
  }

  #begin(Hls: typeof HlsPlayer, video: HTMLVideoElement): void {
    // The pages' content policy allows no workers.
    const player = new Hls({ enableWorker: false, lowLatencyMode: true, backBufferLength: 10, maxLiveSyncPlaybackRate: 1.15 });
    this.#player = player;
    player.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal || this.#over) return;
      this.#restarts += 1;
      if (this.#restarts > RESTARTS || data.type === Hls.ErrorTypes.NETWORK_ERROR) this.#fail();
      else player.recoverMediaError();
    });
    player.on(Hls.Events.MANIFEST_PARSED, () => this.owner.ready());
    video.srcObject = null;
    player.loadSource(this.address);
    player.attachMedia(video);
  }

  readonly #broken = (): void => this.#fail();

  #fail(why: "unable" | "nothing" = "nothing"): void {
    if (this.#over) return;
    this.close();
    this.owner.failed(why);
  }
}

/** Whether the browser plays HLS in any way: what every show is made of, the picture of least demands. */
export function canPlayHls(video: HTMLVideoElement): boolean {
  return playsNatively(video) || canAppend("avc1.42c01f");
}

/** Safari's own player knows low latency; others that play HLS may not. */
function playsNatively(video: HTMLVideoElement): boolean {
  const can = video.canPlayType("application/vnd.apple.mpegurl") !== "";
  return can && (typeof MediaSource === "undefined" || navigator.vendor === "Apple Computer, Inc.");
}

/** Whether the browser decodes this when a page gives it to it. */
function canAppend(codecs: string): boolean {
  const source = "ManagedMediaSource" in window ? (window.ManagedMediaSource as typeof MediaSource) : window.MediaSource;
  return source !== undefined && source.isTypeSupported(`video/mp4; codecs="${codecs}"`);
}

function endOf(ranges: TimeRanges): number | null {
  return ranges.length === 0 ? null : ranges.end(ranges.length - 1);
}

/** Unix time of program zero in a multivariant playlist, in milliseconds; none where it does not say. */
export function programZero(playlist: string): number | null {
  const found = /^#EXT-X-SESSION-DATA:DATA-ID="antenne\.program-zero",VALUE="([^"]+)"/m.exec(playlist);
  const ms = Date.parse(found?.[1] ?? "");
  return Number.isNaN(ms) ? null : ms;
}

/** The codecs that a multivariant playlist names. */
export function codecsOf(playlist: string): string | null {
  return /^#EXT-X-STREAM-INF:.*\bCODECS="([^"]+)"/m.exec(playlist)?.[1] ?? null;
}
