import type { Bye } from "../../bindings/Bye";
import type { FromViewer } from "../../bindings/FromViewer";
import type { ToViewer } from "../../bindings/ToViewer";
import { Backoff } from "../player/backoff";
import { written } from "./limits";
import { Pulse } from "./pulse";

/** Where the connection stands; `over` is for good. */
export type Connection = "connecting" | "open" | "lost" | "over";

/** Whom the socket notifies. */
export interface SocketOwner {
  hello(): FromViewer;
  received(message: ToViewer): void;
  changed(connection: Connection, bye: Bye | null): void;
  /** Whether something was sent that the room has not answered. */
  awaits(): boolean;
}

/** After these, coming back soon would only meet the same answer. */
const PATIENT: ReadonlySet<Bye> = new Set<Bye>(["full", "protocol", "too_big"]);
const PATIENCE_MS = 15_000;
/** From the connection's begin to the welcome. What takes longer has been swallowed. */
const WELCOME_MS = 10_000;
const LOOK_MS = 500;

/**
 * The room's WebSocket: says hello, hands on what arrives, and comes back by itself, sooner when
 * the network or the page returns. A server that beats is known to be gone when the beat stops: a
 * connection that something in between swallowed would not say so for minutes.
 */
export class RoomSocket {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;
  #bye: Bye | null = null;
  #left = false;
  readonly #pulse = new Pulse();
  readonly #backoff = new Backoff(400, 8000);

  constructor(
    private readonly address: string,
    private readonly owner: SocketOwner,
  ) {}

  open(): void {
    this.#left = false;
    addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#looking = setInterval(this.#look, LOOK_MS);
    this.#connect();
  }

  close(): void {
    this.#left = true;
    removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    clearInterval(this.#looking);
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Whether `message` went out. */
  send(message: FromViewer): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(written(message));
    if (message.type === "say") this.#pulse.asked(performance.now());
    return true;
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#bye = null;
    this.#pulse.begin(performance.now());
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    socket.onopen = () => socket.send(written(this.owner.hello()));
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#received(parse(data));
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#closed();
    };
    this.#timer = setTimeout(() => this.#abandon(), WELCOME_MS);
  }

  #received(message: ToViewer | null): void {
    if (message === null) return;
    // Bindings of a server that beats know the type; an older one's do not.
    const type: string = message.type;
    this.#pulse.heard(performance.now(), type === "beat");
    if (message.type === "welcome") {
      clearTimeout(this.#timer);
      this.#backoff.reset();
      this.owner.changed("open", null);
    }
    if (message.type === "bye") this.#bye = message.code;
    if (type !== "beat") this.owner.received(message);
  }

  readonly #look = (): void => {
    if (this.#socket !== null && this.#pulse.stopped(performance.now(), this.owner.awaits())) this.#abandon();
  };

  /** Whoever swallowed the connection would swallow its end, too: nobody waits for that. */
  #abandon(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#closed();
    socket.close();
  }

  #closed(): void {
    this.#socket = null;
    clearTimeout(this.#timer);
    if (this.#left) return;
    if (this.#bye === "removed") {
      this.owner.changed("over", this.#bye);
      return;
    }
    this.owner.changed("lost", this.#bye);
    const wait = this.#backoff.next();
    this.#timer = setTimeout(() => this.#connect(), this.#bye !== null && PATIENT.has(this.#bye) ? Math.max(wait, PATIENCE_MS) : wait);
  }

  readonly #hurry = (): void => {
    const waits = this.#socket === null && !this.#left && this.#bye === null;
    if (waits && document.visibilityState === "visible") this.#connect();
  };
}

/** A message of the room; none if it is not one. Its fields are the server's word. */
function parse(data: unknown): ToViewer | null {
  if (typeof data !== "string") return null;
  try {
    const message: unknown = JSON.parse(data);
    return typeof message === "object" && message !== null && "type" in message ? (message as ToViewer) : null;
  } catch {
    return null;
  }
}
