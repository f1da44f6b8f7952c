import type { Bye } from "../../bindings/Bye";
import type { FromViewer } from "../../bindings/FromViewer";
import type { ToViewer } from "../../bindings/ToViewer";
import { Backoff } from "../player/backoff";

/** Where the connection stands; `over` is for good. */
export type Connection = "connecting" | "open" | "lost" | "over";

/** Whom the socket notifies. */
export interface SocketOwner {
  hello(): FromViewer;
  received(message: ToViewer): void;
  changed(connection: Connection, bye: Bye | null): void;
}

/** After these, coming back soon would only meet the same answer. */
const PATIENT: ReadonlySet<Bye> = new Set<Bye>(["full", "protocol", "too_big"]);
const PATIENCE_MS = 15_000;

/**
 * The room's WebSocket: says hello, hands on what arrives, and comes back by itself, sooner when
 * the network or the page returns. The browser's own ping answers suffice; there is no heartbeat.
 */
export class RoomSocket {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #bye: Bye | null = null;
  #left = false;
  readonly #backoff = new Backoff(400, 8000);

  constructor(
    private readonly address: string,
    private readonly owner: SocketOwner,
  ) {}

  open(): void {
    this.#left = false;
    addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#connect();
  }

  close(): void {
    this.#left = true;
    removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Whether `message` went out. */
  send(message: FromViewer): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#bye = null;
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.owner.hello()));
    socket.onmessage = ({ data }) => {
      const message = parse(data);
      if (message === null) return;
      if (message.type === "welcome") {
        this.#backoff.reset();
        this.owner.changed("open", null);
      }
      if (message.type === "bye") this.#bye = message.code;
      this.owner.received(message);
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#closed();
    };
  }

  #closed(): void {
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
