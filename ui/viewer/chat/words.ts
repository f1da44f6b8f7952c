import type { Bye } from "../../bindings/Bye";

/** Why the room was left, where there is something to say. */
export function byeWords(code: Bye | null): string {
  switch (code) {
    case "removed":
      return "The host has sent you out of this show's chat. You can go on watching.";
    case "full":
      return "The chat is full. The picture goes on without it; a place is looked for by itself.";
    case "shutdown":
      return "The studio is restarting. Coming back by itself …";
    case null:
    case "too_big":
    case "too_slow":
    case "protocol":
    case "ended":
      return "Chat is reconnecting …";
    default:
      return code satisfies never;
  }
}
