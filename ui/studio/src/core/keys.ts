/** The keys of the window: what `?` lists is what exists. */
export type KeyAction = "mute" | "next_comment" | "solo" | "side_by_side" | "corner" | "title_card" | "library" | "shortcuts";

export interface Shortcut {
  readonly key: string;
  readonly action: KeyAction;
  readonly label: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { key: "M", action: "mute", label: "Mute the microphone, or unmute it" },
  { key: "N", action: "next_comment", label: "Show the next comment on the picture" },
  { key: "1", action: "solo", label: "Layout: one picture" },
  { key: "2", action: "side_by_side", label: "Layout: side by side" },
  { key: "3", action: "corner", label: "Layout: camera in the corner" },
  { key: "T", action: "title_card", label: "Title card on the picture, or off" },
  { key: "L", action: "library", label: "Library of replays" },
  { key: "?", action: "shortcuts", label: "This list" },
];

/** The part of a key press that matters; a `KeyboardEvent` is one. */
export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly repeat: boolean;
}

/** What `press` asks for; nothing while somebody types or answers a dialog. */
export function actionOf(press: Press, occupied: boolean): KeyAction | null {
  if (occupied || press.ctrlKey || press.altKey || press.metaKey || press.repeat) return null;
  return SHORTCUTS.find((shortcut) => shortcut.key === press.key.toUpperCase())?.action ?? null;
}

/** Whether keys belong to `target`: a field, an open list, or anything within a dialog. */
export function takesKeys(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest("[role=dialog], [role=alertdialog], [role=listbox], [aria-expanded=true]")) return true;
  if (target instanceof HTMLInputElement) return target.type !== "range" && target.type !== "checkbox";
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || (target as HTMLElement).isContentEditable;
}
