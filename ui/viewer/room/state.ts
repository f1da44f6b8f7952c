import type { BroadcastState } from "../../bindings/BroadcastState";
import type { OnPicture } from "../../bindings/OnPicture";
import type { ProgramMs } from "../../bindings/ProgramMs";
import type { PublicViewer } from "../../bindings/PublicViewer";
import type { RefusedCode } from "../../bindings/RefusedCode";
import type { Said } from "../../bindings/Said";
import type { Seq } from "../../bindings/Seq";
import type { ToViewer } from "../../bindings/ToViewer";
import { meet, type Acquaintance } from "../people/people";

/** How many comments the page keeps. */
const CHAT_KEPT = 200;

/** Names the wish for another name, where it is refused. No comment is called so. */
export const RENAME = "rename";

/** A comment of this viewer's, on its way. */
export interface Outgoing {
  id: string;
  text: string;
  name: string | null;
  atMs: ProgramMs | null;
  /**
   * `later`: the room asked for patience. `shown`: a comment of this viewer's arrived, most likely
   * this one, so it is not drawn a second time; only the receipt, which names it, settles that.
   * `held`: it waits for the host.
   */
  status: "sending" | "later" | "held" | "refused" | "shown";
  code: RefusedCode | null;
  /** What the room says about it; none where there is nothing to say. */
  words: string | null;
  /** When it may be tried again, on the page's clock. */
  retryAt: number | null;
  /** How often the room closed the connection, and this was the most likely reason. */
  suspicions: number;
}

const MOST_SUSPICIONS = 2;

/** What the page knows of the room. Never changed in place. */
export interface RoomState {
  me: PublicViewer | null;
  /** None before the first welcome. */
  broadcast: BroadcastState | null;
  title: string;
  onPicture: readonly OnPicture[];
  replayUrl: string | null;
  hearts: number;
  /** In the order of `seq`. */
  chat: readonly Said[];
  /** Comments of this viewer's that are in the archive. */
  accepted: ReadonlySet<Seq>;
  outbox: readonly Outgoing[];
  presence: { viewers: number; peak: number; anonymous: number } | null;
  people: readonly Acquaintance[];
  joined: { names: readonly string[]; at: number } | null;
  needsName: boolean;
  /** What the room says to a viewer whom the host muted; none to others. */
  muted: string | null;
  /** What the room says in passing: of comments that it did not show, of somebody's new name. */
  news: { words: string; at: number } | null;
}

export const emptyRoom: RoomState = {
  me: null,
  broadcast: null,
  title: "",
  onPicture: [],
  replayUrl: null,
  hearts: 0,
  chat: [],
  accepted: new Set(),
  outbox: [],
  presence: null,
  people: [],
  joined: null,
  needsName: false,
  muted: null,
  news: null,
};

/** The room after `message`, at `now` on the page's clock. Unknown types change nothing. */
export function reduce(room: RoomState, message: ToViewer, now: number): RoomState {
  switch (message.type) {
    case "welcome":
      return welcomed(room, message);
    case "said":
      return said(room, message);
    case "accepted":
      return accepted(room, message.id, message.seq);
    case "hearts":
      return { ...room, hearts: message.total };
    case "presence": {
      const { viewers, peak, anonymous, joined } = message;
      const people = joined.reduce((known, name) => meet(known, { key: `name:${name}`, name, hue: null }), room.people);
      return {
        ...room,
        people,
        presence: { viewers, peak, anonymous },
        joined: joined.length > 0 ? { names: joined.filter((name) => name !== room.me?.name), at: now } : room.joined,
      };
    }
    case "removed":
      return {
        ...room,
        chat: room.chat.filter(({ seq }) => seq !== message.seq),
      };
    case "refused":
      return refused(room, message, now);
    case "held":
      return held(room, message.id, message.message);
    case "voice":
      return { ...room, muted: message.muted ? message.message : null };
    case "skipped":
      return { ...room, news: { words: message.message, at: now } };
    case "state":
      return {
        ...room,
        broadcast: message.state,
        title: message.title,
        onPicture: message.on_picture,
        replayUrl: message.replay_url ?? null,
      };
    case "renamed":
      return renamed(room, message.viewer, now);
    case "beat":
    case "bye":
      return room;
    default:
      return unknown(room, message);
  }
}

/** The room where `viewer` has another name, also over what they said before. */
function renamed(room: RoomState, viewer: PublicViewer, now: number): RoomState {
  const before = [room.me, ...room.chat.map((one) => one.viewer)].find((one) => one?.id === viewer.id)?.name ?? "";
  const rename = <T extends { key: string }>(one: T): T =>
    before !== "" && one.key === `name:${before}` ? { ...one, key: `name:${viewer.name}`, name: viewer.name } : one;
  return {
    ...room,
    me: room.me?.id === viewer.id ? viewer : room.me,
    needsName: room.needsName && room.me?.id !== viewer.id,
    chat: room.chat.map((one) => (one.viewer.id === viewer.id ? { ...one, viewer } : one)),
    people: room.people.map(rename),
    news: before === "" || before === viewer.name ? room.news : { words: `${before} is now ${viewer.name}`, at: now },
  };
}

/** The room with `outgoing` on its way. */
export function queue(room: RoomState, outgoing: Outgoing): RoomState {
  return { ...room, needsName: false, outbox: [...room.outbox.filter(({ id }) => id !== outgoing.id), outgoing] };
}

/** The room without the comment `id`, which its writer gave up. */
export function forget(room: RoomState, id: string): RoomState {
  return { ...room, outbox: room.outbox.filter((outgoing) => outgoing.id !== id) };
}

/** Comments that may be tried again at `now`. */
export function dueAgain(room: RoomState, now: number): readonly Outgoing[] {
  return room.outbox.filter(({ status, retryAt }) => status === "later" && retryAt !== null && retryAt <= now);
}

/**
 * The room after it closed the connection because it could not read a message: the oldest unanswered comment
 * is suspected, for what came before it was answered. What is suspected twice is not sent again by itself, so
 * that it does not hold up the rest.
 */
export function unreadable(room: RoomState): RoomState {
  const suspect = room.outbox.findIndex(({ status }) => status === "sending");
  const judged = (outgoing: Outgoing): Outgoing => {
    const suspicions = outgoing.suspicions + 1;
    return suspicions < MOST_SUSPICIONS ? { ...outgoing, suspicions } : { ...outgoing, suspicions, status: "refused", words: "The room could not read this." };
  };
  return { ...room, outbox: room.outbox.map((outgoing, index) => (index === suspect ? judged(outgoing) : outgoing)) };
}

/** Comments that a new connection must bring again: nobody said what became of them. */
export function unanswered(room: RoomState): readonly Outgoing[] {
  return room.outbox.filter(({ status }) => status === "sending" || status === "held");
}

function welcomed(room: RoomState, message: Extract<ToViewer, { type: "welcome" }>): RoomState {
  const { viewer, backlog } = message;
  const mine = backlog.filter((entry) => entry.viewer.id === viewer.id);
  return {
    ...room,
    me: viewer,
    broadcast: message.state,
    title: message.title,
    onPicture: message.on_picture,
    replayUrl: message.replay_url ?? null,
    hearts: message.hearts,
    muted: null,
    chat: backlog,
    accepted: new Set(mine.map(({ seq }) => seq)),
    // The answers to what was on its way may have been lost with the connection. Whoever holds the
    // socket sends it again: the room knows each by its id, and answers without saying it twice.
    outbox: room.outbox.map((outgoing) => (outgoing.status === "shown" ? { ...outgoing, status: "sending" } : outgoing)),
    people: backlog.reduce((known, entry) => meet(known, acquaintance(entry.viewer)), room.people),
  };
}

function said(room: RoomState, entry: Said): RoomState {
  if (room.chat.some(({ seq }) => seq === entry.seq)) return room;
  const later = room.chat.findIndex(({ seq }) => seq > entry.seq);
  const chat = later < 0 ? [...room.chat, entry] : [...room.chat.slice(0, later), entry, ...room.chat.slice(later)];
  return {
    ...room,
    chat: chat.slice(-CHAT_KEPT),
    outbox: entry.viewer.id === room.me?.id && !room.accepted.has(entry.seq) ? shown(room.outbox) : room.outbox,
    me: entry.viewer.id === room.me?.id ? entry.viewer : room.me,
    people: meet(room.people, acquaintance(entry.viewer)),
  };
}

/** One's own comment arrived as everybody sees it, and its receipt follows: most likely the oldest one's. */
function shown(outbox: readonly Outgoing[]): readonly Outgoing[] {
  return turned(outbox, "sending", "shown");
}

/** The oldest outgoing comment of one status has another. */
function turned(outbox: readonly Outgoing[], from: Outgoing["status"], to: Outgoing["status"]): readonly Outgoing[] {
  const oldest = outbox.findIndex(({ status }) => status === from);
  return outbox.map((outgoing, index) => (index === oldest ? { ...outgoing, status: to } : outgoing));
}

function accepted(room: RoomState, id: string, seq: Seq): RoomState {
  const receipted = room.outbox.find((outgoing) => outgoing.id === id);
  const named = receipted?.name ?? null;
  const others = room.outbox.filter((outgoing) => outgoing.id !== id);
  // Another one was taken for this one.
  const wasMistaken = receipted?.status === "sending" && room.chat.some((entry) => entry.seq === seq);
  return {
    ...room,
    accepted: new Set([...room.accepted, seq]),
    me: room.me !== null && named !== null ? { ...room.me, name: named } : room.me,
    // It was said: it stands in the chat, comes in a moment, or is further back than the page looks.
    outbox: wasMistaken ? turned(others, "shown", "sending") : others,
  };
}

function held(room: RoomState, id: string, words: string): RoomState {
  return { ...room, outbox: room.outbox.map((outgoing) => (outgoing.id === id ? { ...outgoing, status: "held", words } : outgoing)) };
}

function refused(room: RoomState, { id, code, retry_ms: retryMs, message }: Extract<ToViewer, { type: "refused" }>, now: number): RoomState {
  const muted = code === "muted" ? message : room.muted;
  if (id === RENAME) return { ...room, muted, news: { words: message, at: now } };
  if (id === undefined) return muted === room.muted ? room : { ...room, muted };
  const outbox = room.outbox.map((outgoing): Outgoing => {
    if (outgoing.id !== id) return outgoing;
    const later = code === "too_fast" && retryMs !== undefined;
    return { ...outgoing, code, words: message, status: later ? "later" : "refused", retryAt: later ? now + retryMs : null };
  });
  return { ...room, muted, outbox, needsName: room.needsName || code === "name_needed" };
}

function acquaintance({ id, name, hue }: PublicViewer): Acquaintance {
  return { key: name === "" ? `id:${id}` : `name:${name}`, name, hue };
}

/** A newer server may say what this page has never heard of; the compiler holds the known ones. */
function unknown(room: RoomState, _message: never): RoomState {
  return room;
}
