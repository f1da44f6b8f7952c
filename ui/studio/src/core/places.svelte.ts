import type { EpisodeId } from "../../../bindings/EpisodeId";
import type { Seq } from "../../../bindings/Seq";

/** A question or list that stands over the window. */
export type Place =
  | { name: "reach"; then: "go_live" | "stay" }
  | { name: "network" }
  | { name: "end" }
  | { name: "close" }
  | { name: "delete"; episode: EpisodeId }
  | { name: "destination" }
  | { name: "show" }
  | { name: "library" }
  | { name: "shortcuts" };

const LETTERS = "antenne-letters";

function readLetters(): boolean {
  try {
    return localStorage.getItem(LETTERS) !== "off";
  } catch {
    return true;
  }
}

/** Where the operator is in the window. Only looks: a reload may forget it. */
class Places {
  open = $state.raw<readonly Place[]>([]);
  /** The comment that was last on the picture: N goes on from there. */
  lastShown = $state<Seq | null>(null);
  /** The comment that N has marked: once more puts it on the picture. */
  marked = $state<Seq | null>(null);
  /** Whether letters alone act. Of this window: kept in it, over a reload. */
  letters = $state(readLetters());

  top = $derived(this.open.at(-1) ?? null);

  is(name: Place["name"]): boolean {
    return this.open.some((place) => place.name === name);
  }

  /** Opens a place over the ones that are open. */
  go(place: Place): void {
    this.open = [...this.open.filter((open) => open.name !== place.name), place];
  }

  setLetters(on: boolean): void {
    this.letters = on;
    try {
      localStorage.setItem(LETTERS, on ? "on" : "off");
    } catch {
      // It holds until the window is closed.
    }
  }

  leave(name: Place["name"]): void {
    this.open = this.open.filter((place) => place.name !== name);
  }
}

export const places = new Places();
