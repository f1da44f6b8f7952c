import type { EpisodeId } from "../../../bindings/EpisodeId";
import type { Seq } from "../../../bindings/Seq";

/** A question or list that stands over the window. */
export type Place =
  | { name: "reach"; then: "go_live" | "stay" }
  | { name: "end" }
  | { name: "close" }
  | { name: "delete"; episode: EpisodeId }
  | { name: "destination" }
  | { name: "library" }
  | { name: "shortcuts" };

/** Where the operator is in the window. Only looks: a reload may forget it. */
class Places {
  open = $state.raw<readonly Place[]>([]);
  /** The comment that was last on the picture: N goes on from there. */
  lastShown = $state<Seq | null>(null);

  top = $derived(this.open.at(-1) ?? null);

  is(name: Place["name"]): boolean {
    return this.open.some((place) => place.name === name);
  }

  /** Opens a place over the ones that are open. */
  go(place: Place): void {
    this.open = [...this.open.filter((open) => open.name !== place.name), place];
  }

  leave(name: Place["name"]): void {
    this.open = this.open.filter((place) => place.name !== name);
  }
}

export const places = new Places();
