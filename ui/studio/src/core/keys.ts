/** The keys of the window: what `?` lists is what exists. */
export type KeyAction =
  | "go_live"
  | "end"
  | "mute"
  | "next_comment"
  | "solo"
  | "side_by_side"
  | "corner"
  | "title_card"
  | "slate"
  | "hide"
  | "library"
  | "shortcuts";

export interface Shortcut {
  readonly key: string;
  readonly action: KeyAction;
  readonly label: string;
  /** Alone it acts only while the stage has the focus; with Ctrl everywhere. Without this, as `key` says. */
  readonly letter: boolean;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { key: "Ctrl+Enter", action: "go_live", label: "Go live, or begin a new show after the end", letter: false },
  { key: "Ctrl+Shift+Enter", action: "end", label: "End the show, or cancel 3-2-1", letter: false },
  { key: "Escape", action: "hide", label: "Hide what is shown: the comment, then the title card", letter: false },
  { key: "M", action: "mute", label: "Mute the microphone, or unmute it", letter: true },
  { key: "N", action: "next_comment", label: "Mark the next comment; once more shows it on the picture", letter: true },
  { key: "1", action: "solo", label: "Layout: one picture", letter: true },
  { key: "2", action: "side_by_side", label: "Layout: side by side", letter: true },
  { key: "3", action: "corner", label: "Layout: camera in the corner", letter: true },
  { key: "T", action: "title_card", label: "Title card on the picture, or off", letter: true },
  { key: "S", action: "slate", label: "“Starting soon” in place of the sources, or the sources again", letter: true },
  { key: "L", action: "library", label: "Library of replays", letter: true },
  { key: "?", action: "shortcuts", label: "This list", letter: true },
];

/** The part of a key press that matters; a `KeyboardEvent` is one. */
export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly repeat: boolean;
}

/**
 * Who has the keys: the stage; a field, which keeps letters and Escape; something else in the window, on which a letter is
 * nobody's wish; or a dialog or an open list, which keeps all of them.
 */
export type Owner = "stage" | "field" | "window" | "dialog";

/** What `press` asks for. `letters`: whether letters alone act at all. */
export function actionOf(press: Press, owner: Owner, letters: boolean): KeyAction | null {
  if (owner === "dialog" || press.altKey || press.metaKey || press.repeat) return null;
  if (press.key === "Enter" && press.ctrlKey) return press.shiftKey ? "end" : "go_live";
  if (press.key === "Escape") return press.ctrlKey || owner === "field" ? null : "hide";
  if (!press.ctrlKey && (owner !== "stage" || !letters)) return null;
  const found = SHORTCUTS.find((shortcut) => shortcut.letter && shortcut.key === press.key.toUpperCase());
  return found?.action ?? null;
}

/** Who has the keys while `target` has the focus. */
export function ownerOf(target: EventTarget | null): Owner {
  if (!(target instanceof Element)) return "window";
  if (target.closest("[role=dialog], [role=alertdialog], [role=listbox], [aria-expanded=true][aria-haspopup]")) return "dialog";
  if (target instanceof HTMLInputElement && target.type !== "range" && target.type !== "checkbox") return "field";
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return "field";
  if ((target as HTMLElement).isContentEditable) return "field";
  return target.closest("#stage") === null ? "window" : "stage";
}

/**
 * Whether a right click may open the web view's menu: where text is written or chosen it has cut, copy and paste. Elsewhere
 * it would offer to go back and to reload.
 */
export function mayOpenMenu(target: EventTarget | null, selected: string): boolean {
  return selected !== "" || ownerOf(target) === "field";
}
