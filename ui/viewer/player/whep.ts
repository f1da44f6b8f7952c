import { Backoff } from "./backoff";
import { ProgramClock } from "./clock";
import { asksForH264, judge, type Obstacle, type Refused } from "./obstacle";
import { askForRoundTrips, askForStereo } from "./sdp";

/**
 * Where the session stands: `connecting` is the first attempt, `lost` any later one; `stopped` tries nothing
 * more by itself until it is retried.
 */
export type SessionState = "connecting" | "connected" | "lost" | "stopped" | "closed";

/** Whom the session notifies. */
export interface SessionOwner {
  state(state: SessionState): void;
  stream(stream: MediaStream): void;
  /** What stands in the way, or nothing any more. */
  obstacle(obstacle: Obstacle | null): void;
}

/** The answer to an offer takes no longer than this, or it is asked for again. */
const ANSWER_MS = 8000;
/** From the answer to the first packet; the server drops sessions after 15 s. */
const CONNECT_MS = 10_000;
/** Checks answer within a round trip: who waited so long is behind something that lets no datagrams through. */
const DOUBT_MS = 5000;
/** ICE calls a gap "disconnected" that often heals by itself. */
const DISCONNECTED_MS = 2500;
/** A browser without H.264 may fetch its decoder meanwhile. Looked for here, without asking the server. */
const DECODER_MS = 5000;
/**
 * What a frame waits at least before it is shown. Browsers begin with holding audio for longer than a
 * frame that is never late, correct that over half a minute, and leave less than 30 ms as it is.
 */
const FRAME_WAITS_MS = 70;

/**
 * A WHEP session (recvonly video and audio) that comes back by itself until it is closed.
 * One peer connection at a time; each attempt ends the one before, also on the server.
 */
export class WhepSession {
  /** Which moment a frame of the running connection shows; none before the answer. */
  clock: ProgramClock | null = null;

  #attempt = 0;
  #peer: RTCPeerConnection | null = null;
  #resource: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #doubt: ReturnType<typeof setTimeout> | undefined;
  #aborter: AbortController | null = null;
  #closed = true;
  #stopped = false;
  readonly #backoff = new Backoff(300, 5000);

  constructor(
    private readonly address: string,
    private readonly owner: SessionOwner,
  ) {}

  open(): void {
    if (!this.#closed) return;
    this.#closed = false;
    this.#backoff.reset();
    this.owner.state("connecting");
    void this.#connect();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopped = false;
    this.#end();
    this.owner.obstacle(null);
    this.owner.state("closed");
  }

  /** The picture stands still although the connection claims to live: begin anew. */
  restart(): void {
    if (!this.#closed && !this.#stopped) this.#again(0);
  }

  /** Something changed that may change the answer: what was given up is tried once more. */
  retry(): void {
    if (!this.#closed && this.#stopped) this.#again(0);
  }

  /** The RTP timestamp of the frame that plays now, where the browser reports it. */
  playingRtp(): number | null {
    const receiver = this.#peer?.getReceivers().find(({ track }) => track.kind === "video");
    return receiver?.getSynchronizationSources()[0]?.rtpTimestamp ?? null;
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#stopped = false;
    if (typeof RTCPeerConnection === "undefined") {
      this.#stop({ kind: "no_webrtc" });
      return;
    }
    try {
      const stream = new MediaStream();
      const peer = this.#peerFor(attempt, stream);
      this.#peer = peer;
      const offer = await peer.createOffer();
      if (attempt !== this.#attempt) return;
      const sdp = askForRoundTrips(askForStereo(offer.sdp ?? ""));
      if (!asksForH264(sdp)) {
        this.#withoutDecoder();
        return;
      }
      await peer.setLocalDescription({ type: "offer", sdp });
      const answer = await this.#ask(sdp, attempt);
      if (answer === null) return;
      this.clock = answer.clock;
      await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      if (attempt !== this.#attempt) return;
      // Not before all tracks are there: whether the page may sound is decided when it starts to play.
      this.owner.stream(stream);
      this.#wait(CONNECT_MS);
      this.#doubt = setTimeout(() => this.owner.obstacle({ kind: "no_path" }), DOUBT_MS);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (error instanceof TurnedDown) {
        this.#turnedDown(error.refused);
        return;
      }
      // Nobody answers at all: whatever stood in the way before is not what is in the way now.
      this.owner.obstacle(null);
      this.#again(0);
    }
  }

  #peerFor(attempt: number, stream: MediaStream): RTCPeerConnection {
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.addTransceiver("audio", { direction: "recvonly" });
    peer.ontrack = ({ track, receiver }) => {
      if (track.kind === "video" && "jitterBufferTarget" in receiver) receiver.jitterBufferTarget = FRAME_WAITS_MS;
      stream.addTrack(track);
    };
    peer.onconnectionstatechange = () => {
      if (attempt === this.#attempt) this.#changed(peer.connectionState);
    };
    return peer;
  }

  /** Sends the offer as it is: the server is ICE-lite and needs none of our candidates. */
  async #ask(sdp: string, attempt: number): Promise<{ sdp: string; clock: ProgramClock | null } | null> {
    const aborter = new AbortController();
    this.#aborter = aborter;
    const timer = setTimeout(() => aborter.abort(), ANSWER_MS);
    try {
      const response = await fetch(this.address, {
        method: "POST",
        headers: { "Content-Type": "application/sdp" },
        body: sdp,
        signal: aborter.signal,
      });
      const location = response.headers.get("Location");
      const resource = response.ok && location !== null ? new URL(location, new URL(this.address, document.baseURI)).href : null;
      if (attempt !== this.#attempt) {
        forgetSession(resource);
        return null;
      }
      this.#resource = resource;
      const text = await response.text();
      if (!response.ok) throw new TurnedDown(judge(response.status, response.headers.get("Retry-After"), text));
      return { sdp: text, clock: ProgramClock.fromHeader(response.headers.get("Antenne-Clock")) };
    } finally {
      clearTimeout(timer);
    }
  }

  #changed(state: RTCPeerConnectionState): void {
    if (state === "connected") {
      clearTimeout(this.#timer);
      clearTimeout(this.#doubt);
      this.#backoff.reset();
      this.owner.obstacle(null);
      this.owner.state("connected");
    } else if (state === "disconnected") {
      this.#wait(DISCONNECTED_MS);
    } else if (state === "failed" || state === "closed") {
      this.#again(0);
    }
  }

  #wait(ms: number): void {
    if (this.#peer?.connectionState === "connected") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#again(0), ms);
  }

  #again(atLeastMs: number): void {
    this.#end();
    if (this.#closed) return;
    this.owner.state("lost");
    this.#timer = setTimeout(() => void this.#connect(), Math.max(atLeastMs, this.#backoff.next()));
  }

  #turnedDown({ retryMs, obstacle }: Refused): void {
    if (retryMs === null) {
      this.#stop(obstacle);
      return;
    }
    if (obstacle !== null) this.owner.obstacle(obstacle);
    this.#again(retryMs);
  }

  #withoutDecoder(): void {
    this.#stop({ kind: "no_h264" });
    // Whoever heard of it may have closed the session.
    if (!this.#closed) this.#timer = setTimeout(() => void this.#connect(), DECODER_MS);
  }

  #stop(obstacle: Obstacle | null): void {
    this.#end();
    this.#stopped = true;
    this.owner.obstacle(obstacle);
    this.owner.state("stopped");
  }

  /** Ends what runs, here and on the server; what still answers is ignored. */
  #end(): void {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#doubt);
    this.#aborter?.abort();
    this.#aborter = null;
    this.#peer?.close();
    this.#peer = null;
    this.clock = null;
    forgetSession(this.#resource);
    this.#resource = null;
  }
}

/** The server answered, and not with a session. */
class TurnedDown extends Error {
  constructor(readonly refused: Refused) {
    super("no session");
  }
}

/** Best effort, and also while the page goes away: the server forgets silent sessions anyhow. */
function forgetSession(resource: string | null): void {
  if (resource !== null) void fetch(resource, { method: "DELETE", keepalive: true }).catch(() => {});
}
