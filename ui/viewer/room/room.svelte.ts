import type { Bye } from "../../bindings/Bye";
import type { FromViewer } from "../../bindings/FromViewer";
import type { ProgramMs } from "../../bindings/ProgramMs";
import type { ToViewer } from "../../bindings/ToViewer";
import { normalHue } from "../../shared/colour";
import { HeartBatch } from "../hearts/batch";
import { OwnTaps } from "../hearts/own";
import { newPage, remember, remembered, type Identity } from "./identity";
import { RoomSocket, type Connection } from "./socket";
import { RENAME, dueAgain, emptyRoom, forget, queue, reduce, unanswered, unreadable, type Outgoing, type RoomState } from "./state";

const HEARTS_RETRY_MS = 1000;

/** The room as the page's components see it: state to render, and what a viewer can do. */
export class Room {
  state: RoomState = $state.raw(emptyRoom);
  connection: Connection = $state("connecting");
  bye: Bye | null = $state(null);
  /** Own taps that the room's total does not count yet. */
  unconfirmed = $state(0);
  /** The viewer's own colour, also before the room gave them one. */
  readonly hue = $derived(normalHue(this.state.me?.hue ?? 345));
  readonly name = $derived(this.state.me?.name ?? "");
  readonly hearts = $derived(this.state.hearts + this.unconfirmed);

  /** Told whenever the room has welcomed the page. */
  onWelcome: () => void = () => {};

  /** Told of hearts that this page has not shown yet. */
  onHearts: (hue: number, count: number) => void = () => {};

  readonly #socket: RoomSocket;
  readonly #batch = new HeartBatch();
  readonly #own = new OwnTaps();
  #identity: Identity = remembered();
  #heartTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** With it the room knows a comment again by its id, over whatever connection it comes. */
  readonly #page = newPage();
  #said = 0;

  constructor(address: string) {
    this.#socket = new RoomSocket(address, {
      hello: () => ({ type: "hello", name: this.#identity.name, token: this.#identity.token, page: this.#page }),
      received: (message) => this.#received(message),
      changed: (connection, bye) => {
        const wasOpen = this.connection === "open";
        this.connection = connection;
        this.bye = bye;
        if (connection === "open") return;
        this.#own.clear();
        if (wasOpen && (bye === "protocol" || bye === "too_big")) this.state = unreadable(this.state);
      },
      awaits: () => this.state.outbox.some(({ status }) => status === "sending"),
    });
  }

  get rememberedName(): string {
    return this.#identity.name ?? "";
  }

  open(): void {
    this.#socket.open();
  }

  close(): void {
    clearTimeout(this.#heartTimer);
    clearTimeout(this.#retryTimer);
    this.#socket.close();
  }

  /** Says `text`; `name` with the first comment, `atMs` is the moment that the writer was seeing. */
  say(text: string, name: string | null, atMs: ProgramMs | null): void {
    this.#said += 1;
    this.#send({ id: `c${this.#said}`, text, name, atMs, status: "sending", code: null, words: null, retryAt: null, suspicions: 0 });
  }

  /** Asks for another name. */
  rename(name: string): void {
    this.#socket.send({ type: "rename", name, id: RENAME });
  }

  /** Sends a refused comment again, perhaps with a name. */
  again(outgoing: Outgoing, name: string | null = outgoing.name): void {
    this.#send({ ...outgoing, name, status: "sending", code: null, words: null, retryAt: null, suspicions: 0 });
  }

  forget(id: string): void {
    this.state = forget(this.state, id);
  }

  /** One tap on the heart or on the picture. */
  tap(): void {
    if (this.state.muted !== null) return;
    this.#batch.tap();
    this.#sendHearts();
  }

  #send(outgoing: Outgoing): void {
    this.state = queue(this.state, outgoing);
    // While the connection is lost it stays on its way; the next welcome sends it.
    if (this.connection === "open") this.#socket.send(frame(outgoing));
  }

  #received(message: ToViewer): void {
    const now = performance.now();
    this.state = reduce(this.state, message, now);
    switch (message.type) {
      case "welcome":
        this.#identity = { token: message.token, name: message.viewer.name || this.#identity.name };
        remember(this.#identity);
        for (const outgoing of unanswered(this.state)) this.#socket.send(frame(outgoing));
        this.#sendHearts();
        this.onWelcome();
        break;
      case "accepted":
        if (this.name !== "" && this.name !== this.#identity.name) {
          this.#identity = { ...this.#identity, name: this.name };
          remember(this.#identity);
        }
        break;
      case "hearts":
        for (const [hue, count] of Object.entries(message.by_hue)) this.#heartsCame(Number(hue), count, now);
        this.#count(now);
        break;
      case "refused":
        // A newer room names the one message that it could not read so, and keeps the connection.
        if ((message.code as string) === "unreadable" && message.id === undefined) this.state = unreadable(this.state);
        else if (message.id === undefined) this.#heartsRefused(message.code === "too_fast" ? (message.retry_ms ?? HEARTS_RETRY_MS) : null, now);
        else this.#retryLater();
        break;
      default:
        break;
    }
  }

  #heartsCame(hue: number, count: number, now: number): void {
    const fresh = hue === this.state.me?.hue ? this.#own.others(count, now) : count;
    if (fresh > 0) this.onHearts(normalHue(hue), fresh);
  }

  #heartsRefused(retryMs: number | null, now: number): void {
    const count = this.#own.refused();
    if (retryMs === null) this.#batch.clear();
    else this.#batch.refused(count, now, retryMs);
    this.#sendHearts();
  }

  #sendHearts(): void {
    const now = performance.now();
    clearTimeout(this.#heartTimer);
    const count = this.connection === "open" ? this.#batch.take(now) : 0;
    if (count > 0 && this.#socket.send({ type: "hearts", count })) this.#own.sent(count, now);
    const due = this.connection === "open" ? this.#batch.dueAt(now) : null;
    if (due !== null) this.#heartTimer = setTimeout(() => this.#sendHearts(), Math.max(1, due - now));
    this.#count(now);
  }

  #count(now: number): void {
    this.unconfirmed = this.#batch.pending + this.#own.outstanding(now);
  }

  #retryLater(): void {
    const next = Math.min(...this.state.outbox.map(({ status, retryAt }) => (status === "later" && retryAt !== null ? retryAt : Infinity)));
    if (next === Infinity) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      for (const outgoing of dueAgain(this.state, performance.now() + 5)) this.again(outgoing);
      this.#retryLater();
    }, Math.max(0, next - performance.now()));
  }
}

function frame({ id, text, name, atMs }: Outgoing): FromViewer {
  return { type: "say", id, text, name, at_ms: atMs };
}
