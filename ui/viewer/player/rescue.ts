import { Fallback, RETURN_MS, TRIAL_MS } from "./fallback";
import { canPlayHls, HlsSession } from "./hls";
import type { Obstacle } from "./obstacle";
import type { SessionState, WhepSession } from "./whep";

/** HLS fetches what it lacks by itself; after this long without a frame it will not any more. */
const HLS_GIVE_UP_MS = 12_000;

/** The player, as far as another carrier changes it. */
export interface Rescued {
  readonly whep: WhepSession;
  readonly hlsAddress: string;
  readonly video: HTMLVideoElement | null;
  readonly seen: boolean;
  readonly paused: boolean;
  session: SessionState;
  obstacle: Obstacle | null;
  carrier: "webrtc" | "hls";
  /** From now on this stream plays; none where the video has what HLS gives it. */
  turnTo(stream: MediaStream | null): void;
}

/**
 * Brings the picture by LL-HLS where WebRTC does not, and back. Loaded when there is trouble: most pages
 * never need it.
 */
export class Rescue {
  readonly #fallback = new Fallback(performance.now());
  #hls: HlsSession | null = null;
  /** The browser cannot play HLS: it is not tried again. */
  #unable = false;
  /** A stream of WebRTC that may take over from HLS. */
  #trial: MediaStream | null = null;
  #trialTimer: ReturnType<typeof setTimeout> | undefined;
  #returnTimer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly player: Rescued) {}

  /** A picture was there last at `at`, or nobody waited for one. */
  content(at: number): void {
    this.#fallback.content(at);
  }

  /** A connection that had come about was lost. */
  lost(at: number): void {
    this.#fallback.lost(at);
  }

  /** Takes HLS where it is due; false where it is not, or cannot be. */
  consider(obstacle: Obstacle | null): boolean {
    const { player } = this;
    const { video } = player;
    const now = performance.now();
    if (this.#unable || video === null || player.carrier === "hls" || player.session === "closed" || !this.#fallback.isDue(now, obstacle)) return false;
    if (!canPlayHls(video)) {
      this.#unable = true;
      return false;
    }
    player.carrier = "hls";
    player.whep.close();
    if (player.session !== "stopped") player.session = player.seen ? "lost" : "connecting";
    this.#fallback.begin(now);
    this.#hls = new HlsSession(player.hlsAddress, {
      ready: () => {
        player.obstacle = null;
        player.session = "connected";
        player.turnTo(null);
      },
      failed: (why) => {
        this.#unable ||= why === "unable";
        this.#giveUp();
      },
    });
    void this.#hls.open(video);
    this.#returnTimer = setInterval(() => this.#tryWebRtc(), RETURN_MS);
    return true;
  }

  /** What WebRTC does while HLS plays is a trial. */
  tried(state: SessionState): void {
    if (state !== "connected") return;
    const stream = this.#trial;
    this.end();
    this.player.session = "connected";
    this.player.turnTo(stream);
  }

  /** The stream of a trial. */
  offered(stream: MediaStream): void {
    this.#trial = stream;
  }

  /** A picture by HLS has not moved for so long. */
  still(ms: number): void {
    if (ms > HLS_GIVE_UP_MS) this.#giveUp();
  }

  programMs(): number | null {
    return this.#hls?.programMs() ?? null;
  }

  latencyMs(): number | null {
    return this.#hls?.latencyMs() ?? null;
  }

  toLive(): void {
    this.#hls?.toLive();
  }

  /** HLS ends; WebRTC is what is next. */
  end(): void {
    clearInterval(this.#returnTimer);
    clearTimeout(this.#trialTimer);
    this.#hls?.close();
    this.#hls = null;
    this.#trial = null;
    this.player.carrier = "webrtc";
    this.#fallback.begin(performance.now());
  }

  /** HLS brings nothing either: WebRTC goes on, and says what is in its way. */
  #giveUp(): void {
    this.end();
    this.#fallback.failed(performance.now());
    this.player.whep.open();
  }

  /** Whether WebRTC works meanwhile; the picture goes on until it does. */
  #tryWebRtc(): void {
    const { player } = this;
    if (typeof RTCPeerConnection === "undefined" || document.visibilityState !== "visible" || player.paused) return;
    player.whep.open();
    clearTimeout(this.#trialTimer);
    this.#trialTimer = setTimeout(() => {
      if (player.carrier === "hls") player.whep.close();
    }, TRIAL_MS);
  }
}
