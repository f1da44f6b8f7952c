import type { Removal } from "../../../bindings/Removal";
import type { Said } from "../../../bindings/Said";

/** A line of the chat: a comment, or the place of one that was removed a moment ago. */
export interface Line {
  readonly said: Said;
  readonly removed: boolean;
}

/** Comments and the places of removed ones, in the order in which they were said. */
export function inOrder(chat: readonly Said[], removals: readonly Removal[]): readonly Line[] {
  const there = chat.map((said) => ({ said, removed: false }));
  if (removals.length === 0) return there;
  // Events come one by one: for a moment a comment may be in both.
  const gone = removals.filter(({ said }) => !chat.some(({ seq }) => seq === said.seq));
  return [...there, ...gone.map(({ said }) => ({ said, removed: true }))].sort((a, b) => a.said.seq - b.said.seq);
}
