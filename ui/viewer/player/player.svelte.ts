import type { ProgramMs } from "../../bindings/ProgramMs";
import type { Obstacle } from "./obstacle";
import { chosenSound, keepSound, soundAs, takesVolume, turned, type Sound } from "./preference";
import type { Rescue } from "./rescue";
import { WhepSession, type SessionState } from "./whep";

/** After this long without a new frame the viewer is notified. */
const STALL_MS = 2000;
/** After this long without one, on a connection that claims to live, it begins anew. */
const GIVE_UP_MS = 5000;
const STALL_CHECK_MS = 500;
/** After this long without a picture what may bring one otherwise is loaded. */
const TROUBLE_MS = 3000;
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

  readonly whep: WhepSession;
  video: HTMLVideoElement | null = null;

  /** Brings the picture by HLS; loaded when there is trouble. */
  #rescue: Rescue | null = null;
  /** What stands in the way of WebRTC; said where nothing else brings the picture. */
  #obstructed: Obstacle | null = null;
  /** What is asked of it once it is loaded. */
  readonly #asking: ((rescue: Rescue) => void)[] = [];
  /** When there was a picture last, or nobody waited for one. */
  #contentAt = performance.now();
  #sound = chosenSound();
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
    readonly hlsAddress: string,
  ) {
    this.whep = new WhepSession(address, {
      state: (state) => {
        if (this.carrier === "hls") {
          this.#rescue?.tried(state);
          return;
        }
        const now = performance.now();
        if (state === "lost" && this.session === "connected") this.#inTrouble((rescue) => rescue.lost(now));
        this.session = state;
        this.#frameAt = now;
      },
      stream: (stream) => {
        if (this.carrier === "hls") this.#rescue?.offered(stream);
        else this.turnTo(stream);
      },
      obstacle: (obstacle) => {
        if (this.carrier === "hls") {
          if (obstacle !== null) this.whep.close();
          return;
        }
        this.#obstructed = obstacle;
        if (obstacle === null) this.obstacle = null;
        else
          this.#inTrouble((rescue) => {
            if (!rescue.consider(this.#obstructed) && this.carrier === "webrtc") this.obstacle = this.#obstructed;
          });
      },
    });
    this.muted = this.#sound.muted;
    this.volume = this.#sound.volume;
  }

  open(): void {
    if (this.session !== "closed") return;
    this.#content();
    this.whep.open();
  }

  turnTo(stream: MediaStream | null): void {
    this.#stream = stream;
    this.#programMs = null;
    this.#frameAt = performance.now();
    void this.#play();
  }

  /** Whether the program arrives at the server: only then a picture that stands still is a fault of the line. */
  expect(picture: boolean): void {
    this.#expects = picture;
    this.#frameAt = performance.now();
  }

  /** The room or the network came back: what was given up is tried once more. */
  retry(): void {
    if (this.carrier === "webrtc") this.whep.retry();
  }

  close(): void {
    this.#rescue?.end();
    this.whep.close();
    this.session = "closed";
    this.obstacle = null;
    this.#obstructed = null;
    this.#stream = null;
    this.#programMs = null;
    this.seen = false;
    this.stalled = false;
    this.paused = false;
    this.blocked = false;
    if (this.video) this.video.srcObject = null;
  }

  /** The program time that the viewer sees; none where the browser does not report it. */
  programMs(): ProgramMs | null {
    if (this.carrier === "hls") return this.#rescue?.programMs() ?? null;
    if (this.#programMs !== null) return this.#programMs;
    const rtp = this.whep.playingRtp();
    return rtp === null ? null : (this.whep.clock?.programMs(rtp) ?? null);
  }

  /** For `{@attach}` on the page's `<video>`. */
  readonly attach = (video: HTMLVideoElement): (() => void) => {
    this.video = video;
    this.hasVolume = takesVolume(video);
    soundAs(video, this.#sound);
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
      const plays = this.carrier === "hls" || (this.#stream?.active === true && video.srcObject === this.#stream);
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
      this.video = null;
    };
  };

  /** Plays, at the live edge, after somebody paused or the browser wanted a tap. */
  async resume(): Promise<void> {
    const video = this.video;
    if (!video) return;
    this.paused = false;
    this.#frameAt = performance.now();
    if (this.carrier === "hls") this.#rescue?.toLive();
    if (this.silenced || this.blocked) {
      video.muted = this.#sound.muted;
      this.silenced = false;
    }
    await this.#play();
  }

  pause(): void {
    if (!this.video || this.blocked) return;
    this.paused = true;
    this.video.pause();
  }

  /** After the viewer asked for sound, or for none. */
  setMuted(muted: boolean): void {
    this.setSound(turned(this, !muted));
  }

  /** As the viewer wants it, here and at the next visit. */
  setSound(sound: Sound): void {
    this.#sound = sound;
    keepSound(sound);
    this.muted = sound.muted;
    this.volume = sound.volume;
    const video = this.video;
    if (!video) return;
    soundAs(video, sound);
    this.silenced = false;
    if (!this.paused) void this.#play();
  }

  /** What the lock screen calls it. */
  entitle(title: string): void {
    if ("mediaSession" in navigator && "MediaMetadata" in window) navigator.mediaSession.metadata = new MediaMetadata({ title, artist: "Antenne" });
  }

  async #play(): Promise<void> {
    const video = this.video;
    const byHls = this.carrier === "hls";
    if (!video || this.paused || (!byHls && !this.#stream)) return;
    if (!byHls && video.srcObject !== this.#stream) video.srcObject = this.#stream;
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
      if (this.video !== video) return;
      this.#frames += 1;
      if (!video.paused && width > PLACEHOLDER_PIXELS && height > PLACEHOLDER_PIXELS) this.#moved();
      const byRtp = rtpTimestamp === undefined ? null : (this.whep.clock?.programMs(rtpTimestamp) ?? null);
      const ms = this.carrier === "hls" ? this.programMs() : byRtp;
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
    this.#content();
  }

  #content(): void {
    this.#contentAt = performance.now();
    this.#rescue?.content(this.#contentAt);
  }

  /** Loads what may bring the picture otherwise, and then asks it. */
  #inTrouble(then: (rescue: Rescue) => void): void {
    if (this.#rescue !== null) {
      then(this.#rescue);
      return;
    }
    this.#asking.push(then);
    if (this.#asking.length > 1) return;
    void import("./rescue").then(
      ({ Rescue }) => {
        const rescue = new Rescue(this);
        rescue.content(this.#contentAt);
        this.#rescue = rescue;
        for (const ask of this.#asking.splice(0)) ask(rescue);
      },
      // Nobody answers at all; the next trouble tries again.
      () => {
        this.#asking.length = 0;
        this.obstacle = this.#obstructed;
      },
    );
  }

  /** A hidden page gets no frames, and nobody looks: only a visible one can stall. */
  #checkStall(): void {
    const video = this.video;
    if (!this.#expects || document.visibilityState !== "visible") this.#content();
    if (!video || document.visibilityState !== "visible" || this.session === "closed") return;
    if (this.paused || this.blocked) {
      this.#frameAt = performance.now();
      this.#content();
      this.stalled = false;
      return;
    }
    const isPicture = video.videoWidth > PLACEHOLDER_PIXELS && video.videoHeight > PLACEHOLDER_PIXELS && !video.paused;
    if (!reportsFrames(video) && isPicture && video.currentTime !== this.#lastTime) {
      this.#lastTime = video.currentTime;
      this.#moved();
    }
    const now = performance.now();
    const still = now - this.#frameAt;
    this.stalled = this.seen && still > STALL_MS;
    this.latencyMs = this.#rescue?.latencyMs() ?? null;
    if (this.carrier === "hls") {
      if (this.#expects && this.session === "connected") this.#rescue?.still(still);
      return;
    }
    if (this.#rescue !== null || this.#obstructed !== null || now - this.#contentAt > TROUBLE_MS) this.#inTrouble((rescue) => rescue.consider(this.#obstructed));
    if (this.#expects && this.session === "connected" && still > GIVE_UP_MS) this.whep.restart();
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
