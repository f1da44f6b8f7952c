import type { ProgramMs } from "../../bindings/ProgramMs";
import { Fallback, RETURN_MS, TRIAL_MS } from "./fallback";
import { canPlayHls, HlsSession } from "./hls";
import type { Obstacle } from "./obstacle";
import { chosenSound, keepSound } from "./preference";
import { WhepSession, type SessionState } from "./whep";

/** After this long without a new frame the viewer is notified. */
const STALL_MS = 2000;
/** After this long without one, on a connection that claims to live, it begins anew. */
const GIVE_UP_MS = 5000;
const STALL_CHECK_MS = 500;
/** HLS fetches what it lacks by itself; after this long without a frame it will not any more. */
const HLS_GIVE_UP_MS = 12_000;
/** What browsers put in the place of a picture that does not come is not larger. */
const PLACEHOLDER_PIXELS = 2;

/**
 * The live picture: whether it moves, which moment it shows, and how it sounds. It comes by WebRTC, and where that
 * brings none by LL-HLS, until WebRTC does.
 */
export class Player {
  session: SessionState = $state("closed");
  /** The way that the picture takes. */
  carrier: "webrtc" | "hls" = $state("webrtc");
  /** How far the picture is behind the show, in milliseconds, where that is known. */
  latencyMs: number | null = $state(null);
  /** What stands in the way of the picture; none while nothing is known. */
  obstacle: Obstacle | null = $state(null);
  /** Whether a frame was ever seen. */
  seen = $state(false);
  /** Whether the picture stands still although it should not. */
  stalled = $state(false);
  /** Whether the browser allows sound only after a tap. */
  silenced = $state(false);
  /** Whether the browser plays nothing at all before a tap. */
  blocked = $state(false);
  /** Whether somebody paused: here, on the lock screen, on a headset. */
  paused = $state(false);
  muted = $state(false);
  volume = $state(1);
  /** Whether a page may change the volume; on an iPhone only its buttons do. */
  hasVolume = $state(true);
  /** Width over height of the picture. */
  ratio = $state(16 / 9);

  readonly #whep: WhepSession;
  readonly #fallback = new Fallback(performance.now());
  #hls: HlsSession | null = null;
  /** The browser cannot play HLS: it is not tried again. */
  #cannotHls = false;
  /** A stream of WebRTC that may take over from HLS. */
  #trialStream: MediaStream | null = null;
  #trialTimer: ReturnType<typeof setTimeout> | undefined;
  #returnTimer: ReturnType<typeof setInterval> | undefined;
  #sound = chosenSound();
  #video: HTMLVideoElement | null = null;
  #stream: MediaStream | null = null;
  #programMs: ProgramMs | null = null;
  #frameAt = 0;
  #frames = 0;
  #expects = false;
  #lastTime = 0;
  #stallTimer: ReturnType<typeof setInterval> | undefined;

  /** `address` is that of WHEP, `hlsAddress` that of the multivariant playlist. */
  constructor(
    address: string,
    private readonly hlsAddress: string,
  ) {
    this.#whep = new WhepSession(address, {
      state: (state) => {
        if (this.carrier === "hls") {
          if (state === "connected") this.#toWebRtc();
          return;
        }
        if (state === "lost" && this.session === "connected") this.#fallback.lost(performance.now());
        this.session = state;
        this.#frameAt = performance.now();
      },
      stream: (stream) => {
        if (this.carrier === "hls") {
          this.#trialStream = stream;
          return;
        }
        this.#stream = stream;
        void this.#play();
      },
      obstacle: (obstacle) => {
        if (this.carrier === "hls") {
          if (obstacle !== null) this.#whep.close();
          return;
        }
        if (!this.#considerHls(obstacle)) this.obstacle = obstacle;
      },
    });
    this.muted = this.#sound.muted;
    this.volume = this.#sound.volume;
  }

  open(): void {
    if (this.carrier === "hls" || this.session !== "closed") return;
    this.#fallback.begin(performance.now());
    this.#whep.open();
  }

  /** Whether the program arrives at the server: only then a picture that stands still is a fault of the line. */
  expect(picture: boolean): void {
    this.#expects = picture;
    this.#frameAt = performance.now();
  }

  /** The room or the network came back: what was given up is tried once more. */
  retry(): void {
    if (this.carrier === "webrtc") this.#whep.retry();
  }

  close(): void {
    this.#endHls();
    this.#whep.close();
    this.session = "closed";
    this.obstacle = null;
    this.#stream = null;
    this.#programMs = null;
    this.seen = false;
    this.stalled = false;
    this.paused = false;
    this.blocked = false;
    if (this.#video) this.#video.srcObject = null;
  }

  /** The program time that the viewer sees; none where the browser does not report it. */
  programMs(): ProgramMs | null {
    if (this.#hls !== null) return this.#hls.programMs();
    if (this.#programMs !== null) return this.#programMs;
    const rtp = this.#whep.playingRtp();
    return rtp === null ? null : (this.#whep.clock?.programMs(rtp) ?? null);
  }

  /** For `{@attach}` on the page's `<video>`. */
  readonly attach = (video: HTMLVideoElement): (() => void) => {
    this.#video = video;
    video.volume = 0.5;
    this.hasVolume = video.volume === 0.5;
    video.volume = this.#sound.volume;
    video.muted = this.#sound.muted;
    void this.#play();
    const sized = (): void => {
      if (video.videoHeight > PLACEHOLDER_PIXELS) this.ratio = video.videoWidth / video.videoHeight;
    };
    const shown = (): void => {
      this.#frameAt = performance.now();
    };
    const sounds = (): void => {
      this.muted = video.muted;
      this.volume = video.volume;
    };
    const pausing = (): void => {
      // A stream that ended pauses by itself, which is nobody's wish.
      const plays = this.#hls !== null || (this.#stream?.active === true && video.srcObject === this.#stream);
      const wished = plays && !video.ended && this.session === "connected";
      if (wished && this.seen) this.paused = true;
    };
    const playing = (): void => {
      this.paused = false;
      this.blocked = false;
      this.#frameAt = performance.now();
    };
    const listeners = { resize: sized, volumechange: sounds, pause: pausing, playing } as const;
    for (const [event, listener] of Object.entries(listeners)) video.addEventListener(event, listener);
    document.addEventListener("visibilitychange", shown);
    this.#obeyKeys();
    this.#followFrames(video);
    this.#stallTimer = setInterval(() => this.#checkStall(), STALL_CHECK_MS);
    return () => {
      for (const [event, listener] of Object.entries(listeners)) video.removeEventListener(event, listener);
      document.removeEventListener("visibilitychange", shown);
      clearInterval(this.#stallTimer);
      this.#video = null;
    };
  };

  /** Plays, at the live edge, after somebody paused or the browser wanted a tap. */
  async resume(): Promise<void> {
    const video = this.#video;
    if (!video) return;
    this.paused = false;
    this.#frameAt = performance.now();
    this.#hls?.toLive();
    if (this.silenced || this.blocked) {
      video.muted = this.#sound.muted;
      this.silenced = false;
    }
    await this.#play();
  }

  pause(): void {
    if (!this.#video || this.blocked) return;
    this.paused = true;
    this.#video.pause();
  }

  /** After the viewer asked for sound, or for none. */
  setMuted(muted: boolean): void {
    this.#sound = { muted, volume: !muted && this.volume === 0 ? 1 : this.volume };
    this.#sounds();
  }

  /** 0 to 1; none of it is muted. */
  setVolume(volume: number): void {
    this.#sound = { muted: volume === 0, volume };
    this.#sounds();
  }

  /** What the lock screen calls it. */
  entitle(title: string): void {
    if ("mediaSession" in navigator && "MediaMetadata" in window) navigator.mediaSession.metadata = new MediaMetadata({ title, artist: "Antenne" });
  }

  #sounds(): void {
    keepSound(this.#sound);
    this.muted = this.#sound.muted;
    this.volume = this.#sound.volume;
    const video = this.#video;
    if (!video) return;
    video.volume = this.#sound.volume;
    video.muted = this.#sound.muted;
    this.silenced = false;
    if (!this.paused) void this.#play();
  }

  async #play(): Promise<void> {
    const video = this.#video;
    if (!video || this.paused || (this.#hls === null && !this.#stream)) return;
    if (this.#hls === null && video.srcObject !== this.#stream) video.srcObject = this.#stream;
    if (await plays(video)) return;
    // The browser wants a tap before it lets the page sound: picture now, sound on demand. In some, as
    // when they save power, before it lets the picture move.
    if (!video.muted) {
      video.muted = true;
      this.silenced = true;
      if (await plays(video)) return;
    }
    this.blocked = true;
  }

  /** Lock screens, headsets and keyboards with media keys. */
  #obeyKeys(): void {
    if (!("mediaSession" in navigator)) return;
    const acts: [MediaSessionAction, () => void][] = [
      ["play", () => void this.resume()],
      ["pause", () => this.pause()],
      ["stop", () => this.pause()],
    ];
    for (const [action, act] of acts) {
      try {
        navigator.mediaSession.setActionHandler(action, act);
      } catch {
        // Not every browser knows every key.
      }
    }
  }

  #followFrames(video: HTMLVideoElement): void {
    if (!reportsFrames(video)) return;
    const frame = (_now: number, { rtpTimestamp, width, height }: VideoFrameCallbackMetadata): void => {
      if (this.#video !== video) return;
      this.#frames += 1;
      if (!video.paused && width > PLACEHOLDER_PIXELS && height > PLACEHOLDER_PIXELS) this.#moved();
      const byRtp = rtpTimestamp === undefined ? null : (this.#whep.clock?.programMs(rtpTimestamp) ?? null);
      const ms = this.#hls === null ? byRtp : this.#hls.programMs();
      this.#programMs = ms;
      if (ms !== null && this.#frames % 8 === 1) video.dataset.programMs = String(ms);
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
  }

  #moved(): void {
    this.#frameAt = performance.now();
    this.seen = true;
    this.stalled = false;
    this.#fallback.content(this.#frameAt);
  }

  /** Takes HLS where it is due; false where it is not, or cannot be. */
  #considerHls(obstacle: Obstacle | null): boolean {
    const now = performance.now();
    if (this.#cannotHls || this.#video === null || this.session === "closed" || !this.#fallback.isDue(now, obstacle)) return false;
    if (!canPlayHls(this.#video)) {
      this.#cannotHls = true;
      return false;
    }
    this.carrier = "hls";
    this.#whep.close();
    this.#stream = null;
    this.#programMs = null;
    if (this.session !== "stopped") this.session = this.seen ? "lost" : "connecting";
    this.#fallback.begin(now);
    this.#frameAt = now;
    const session = new HlsSession(this.hlsAddress, {
      ready: () => {
        this.obstacle = null;
        this.session = "connected";
        void this.#play();
      },
      failed: (why) => {
        this.#cannotHls ||= why === "unable";
        this.#withoutHls();
      },
    });
    this.#hls = session;
    void session.open(this.#video);
    this.#returnTimer = setInterval(() => this.#tryWebRtc(), RETURN_MS);
    return true;
  }

  /** HLS brings nothing either: WebRTC goes on, and says what is in its way. */
  #withoutHls(): void {
    this.#endHls();
    this.#fallback.failed(performance.now());
    this.#whep.open();
  }

  /** Whether WebRTC works meanwhile; the picture goes on until it does. */
  #tryWebRtc(): void {
    if (typeof RTCPeerConnection === "undefined" || document.visibilityState !== "visible" || this.paused) return;
    this.#whep.open();
    clearTimeout(this.#trialTimer);
    this.#trialTimer = setTimeout(() => {
      if (this.carrier === "hls") this.#whep.close();
    }, TRIAL_MS);
  }

  #toWebRtc(): void {
    const stream = this.#trialStream;
    this.#endHls();
    this.#stream = stream;
    this.session = "connected";
    this.#frameAt = performance.now();
    void this.#play();
  }

  #endHls(): void {
    clearInterval(this.#returnTimer);
    clearTimeout(this.#trialTimer);
    this.#hls?.close();
    this.#hls = null;
    this.#trialStream = null;
    this.latencyMs = null;
    this.carrier = "webrtc";
    this.#fallback.begin(performance.now());
  }

  /** A hidden page gets no frames, and nobody looks: only a visible one can stall. */
  #checkStall(): void {
    const video = this.#video;
    const now = performance.now();
    if (!this.#expects || document.visibilityState !== "visible") this.#fallback.content(now);
    if (!video || document.visibilityState !== "visible" || this.session === "closed") return;
    if (this.paused || this.blocked) {
      this.#frameAt = now;
      this.#fallback.content(now);
      this.stalled = false;
      return;
    }
    this.latencyMs = this.#hls?.latencyMs() ?? null;
    const isPicture = video.videoWidth > PLACEHOLDER_PIXELS && video.videoHeight > PLACEHOLDER_PIXELS && !video.paused;
    if (!reportsFrames(video) && isPicture && video.currentTime !== this.#lastTime) {
      this.#lastTime = video.currentTime;
      this.#moved();
    }
    const still = performance.now() - this.#frameAt;
    this.stalled = this.seen && still > STALL_MS;
    if (this.carrier === "webrtc" && this.#considerHls(this.obstacle)) return;
    if (!this.#expects || this.session !== "connected") return;
    if (this.carrier === "hls" && still > HLS_GIVE_UP_MS) this.#withoutHls();
    if (this.carrier === "webrtc" && still > GIVE_UP_MS) this.#whep.restart();
  }
}

/** Whether the browser plays; false only where it wants a tap first. */
async function plays(video: HTMLVideoElement): Promise<boolean> {
  try {
    await video.play();
    return true;
  } catch (error) {
    return !(error instanceof DOMException) || error.name !== "NotAllowedError";
  }
}

/** Older browsers do not; the types claim that all do. */
function reportsFrames(video: HTMLVideoElement): boolean {
  return "requestVideoFrameCallback" in video;
}
