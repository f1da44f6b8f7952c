import type { Event } from "../../../bindings/Event";
import type { Snapshot } from "../../../bindings/Snapshot";

/** How many comments the window keeps; the studio's snapshot holds as many. */
export const CHAT_KEPT = 500;

/** The snapshot after `event`. Sections that did not change stay the same objects. */
export function reduce(snapshot: Snapshot, event: Event): Snapshot {
  switch (event.type) {
    case "phase":
      return { ...snapshot, phase: event.value };
    case "setup":
      return { ...snapshot, setup: event.value };
    case "devices":
      return { ...snapshot, devices: event.value };
    case "sources":
      return { ...snapshot, sources: event.value };
    case "checks":
      return { ...snapshot, checks: event.value };
    case "destinations":
      return { ...snapshot, destinations: event.value };
    case "links":
      return { ...snapshot, links: event.value };
    case "audience":
      return { ...snapshot, audience: event.value };
    case "moderation":
      return { ...snapshot, moderation: event.value };
    case "removals":
      return { ...snapshot, removals: event.value };
    case "on_program":
      return { ...snapshot, on_program: event.value };
    case "health":
      return { ...snapshot, health: event.value };
    case "disk":
      return { ...snapshot, disk: event.value };
    case "library":
      return { ...snapshot, library: event.value };
    case "notices":
      return { ...snapshot, notices: event.value };
    case "said": {
      // The same comment may come twice where a snapshot overtook its event; one that is put back comes with its old place.
      const { seq } = event.value;
      const before = snapshot.chat.filter((said) => said.seq < seq);
      const after = snapshot.chat.filter((said) => said.seq > seq);
      return { ...snapshot, chat: [...before, event.value, ...after].slice(-CHAT_KEPT) };
    }
    case "removed":
      return { ...snapshot, chat: snapshot.chat.filter((said) => said.seq !== event.value) };
    case "chat_cleared":
      return { ...snapshot, chat: [] };
    default:
      return unknown(event, snapshot);
  }
}

/** An event that a newer studio sends is skipped; one that we forgot does not compile. */
function unknown(_event: never, snapshot: Snapshot): Snapshot {
  return snapshot;
}
