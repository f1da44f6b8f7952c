import type { ProgramMs } from "../../bindings/ProgramMs";
import { WhepSession, type SessionState } from "./whep";

/** After this long without a new frame the viewer is notified. */
const STALL_MS = 2000;
/** After this long without one, on a connection that claims to live, it begins anew. */
const GIVE_UP_MS = 5000;
const STALL_CHECK_MS = 500;

/** The live picture: whether it moves, which moment it shows, and whether it may sound. */
export class Player {
  session: SessionState = $state("closed");
  /** Whether a frame was ever seen. */
  seen = $state(false);
  /** Whether the picture stands still although it should not. */
  stalled = $state(false);
  /** Whether the browser allows sound only after a tap. */
  silenced = $state(false);
  /** Width over height of the picture. */
  ratio = $state(16 / 9);

  readonly #whep: WhepSession;
  #video: HTMLVideoElement | null = null;
  #stream: MediaStream | null = null;
  #programMs: ProgramMs | null = null;
  #frameAt = 0;
  #frames = 0;
  #expects = false;
  #lastTime = 0;
  #stallTimer: ReturnType<typeof setInterval> | undefined;

  constructor(address: string) {
    this.#whep = new WhepSession(address, {
      state: (state) => {
        this.session = state;
        this.#frameAt = performance.now();
      },
      stream: (stream) => {
        this.#stream = stream;
        void this.#play();
      },
    });
  }

  open(): void {
    this.#whep.open();
  }

  /** Whether the program arrives at the server: only then a picture that stands still is a fault of the line. */
  expect(picture: boolean): void {
    this.#expects = picture;
    this.#frameAt = performance.now();
  }

  close(): void {
    this.#whep.close();
    this.#stream = null;
    this.#programMs = null;
    this.seen = false;
    this.stalled = false;
    if (this.#video) this.#video.srcObject = null;
  }

  /** The program time that the viewer sees; none where the browser does not report it. */
  programMs(): ProgramMs | null {
    if (this.#programMs !== null) return this.#programMs;
    const rtp = this.#whep.playingRtp();
    return rtp === null ? null : (this.#whep.clock?.programMs(rtp) ?? null);
  }

  /** For `{@attach}` on the page's `<video>`. */
  readonly attach = (video: HTMLVideoElement): (() => void) => {
    this.#video = video;
    void this.#play();
    const sized = (): void => {
      if (video.videoWidth > 0) this.ratio = video.videoWidth / video.videoHeight;
    };
    const shown = (): void => {
      this.#frameAt = performance.now();
    };
    video.addEventListener("resize", sized);
    document.addEventListener("visibilitychange", shown);
    this.#followFrames(video);
    this.#stallTimer = setInterval(() => this.#checkStall(), STALL_CHECK_MS);
    return () => {
      video.removeEventListener("resize", sized);
      document.removeEventListener("visibilitychange", shown);
      clearInterval(this.#stallTimer);
      this.#video = null;
    };
  };

  /** After the viewer asked for sound. */
  async unsilence(): Promise<void> {
    if (!this.#video) return;
    this.#video.muted = false;
    this.silenced = false;
    await this.#play();
  }

  async #play(): Promise<void> {
    const video = this.#video;
    if (!video || !this.#stream) return;
    if (video.srcObject !== this.#stream) video.srcObject = this.#stream;
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || video.muted) return;
      // The browser wants a tap before it lets the page sound: picture now, sound on demand.
      video.muted = true;
      this.silenced = true;
      await video.play().catch(() => {});
    }
  }

  #followFrames(video: HTMLVideoElement): void {
    if (!reportsFrames(video)) return;
    const frame = (_now: number, { rtpTimestamp }: VideoFrameCallbackMetadata): void => {
      if (this.#video !== video) return;
      this.#frames += 1;
      this.#moved();
      const ms = rtpTimestamp === undefined ? null : (this.#whep.clock?.programMs(rtpTimestamp) ?? null);
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
  }

  /** A hidden page gets no frames, and nobody looks: only a visible one can stall. */
  #checkStall(): void {
    const video = this.#video;
    if (!video || document.visibilityState !== "visible" || this.session === "closed") return;
    if (!reportsFrames(video) && video.currentTime !== this.#lastTime) {
      this.#lastTime = video.currentTime;
      this.#moved();
    }
    const still = performance.now() - this.#frameAt;
    this.stalled = this.seen && still > STALL_MS;
    if (this.#expects && this.session === "connected" && still > GIVE_UP_MS) this.#whep.restart();
  }
}

/** Older browsers do not; the types claim that all do. */
function reportsFrames(video: HTMLVideoElement): boolean {
  return "requestVideoFrameCallback" in video;
}
