import type { Bye } from "../../bindings/Bye";
import type { RefusedCode } from "../../bindings/RefusedCode";

/** Why a comment did not go through, said kindly, and what happens next. */
export function refusalWords(code: RefusedCode): string {
  switch (code) {
    case "name_needed":
      return "Write your name below, then it goes out.";
    case "empty":
      return "There is nothing in it that others could read.";
    case "too_long":
      return "That is more than a comment can hold. Make it a little shorter.";
    case "too_fast":
      return "One moment: it goes out by itself.";
    case "muted":
      return "The host has muted you. You can still watch and send hearts.";
    case "closed":
      return "The chat is closed.";
    default:
      return code satisfies never;
  }
}

/** Why the room was left, where there is something to say. */
export function byeWords(code: Bye | null): string {
  switch (code) {
    case "removed":
      return "The host has asked you to leave the chat.";
    case "full":
      return "The room is full. Trying again by itself …";
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
