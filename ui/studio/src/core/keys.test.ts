import { describe, expect, it } from "vitest";
import { actionOf, type Owner, type Press, SHORTCUTS } from "./keys";

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  shiftKey: false,
  altKey: false,
  metaKey: false,
  repeat: false,
  ...more,
});
const letters = SHORTCUTS.filter((shortcut) => shortcut.letter);
const owners: readonly Owner[] = ["stage", "field", "window", "dialog"];

describe("the keys", () => {
  it("are those that are listed, each once", () => {
    expect(new Set(SHORTCUTS.map((shortcut) => shortcut.key)).size).toBe(SHORTCUTS.length);
    for (const { key, action } of letters) expect(actionOf(press(key), "stage", true)).toBe(action);
    expect(actionOf(press("Enter", { ctrlKey: true }), "stage", true)).toBe("go_live");
    expect(actionOf(press("Enter", { ctrlKey: true, shiftKey: true }), "stage", true)).toBe("end");
    expect(actionOf(press("Escape"), "stage", true)).toBe("hide");
  });

  it("act alone only while the picture has the focus, and not where they were turned off", () => {
    for (const { key } of letters) {
      expect(owners.filter((owner) => actionOf(press(key), owner, true) !== null)).toEqual(["stage"]);
      expect(actionOf(press(key), "stage", false)).toBeNull();
    }
    expect(actionOf(press("m"), "stage", true)).toBe("mute");
    expect(actionOf(press("x"), "stage", true)).toBeNull();
  });

  it("act with Ctrl wherever one is, but not over a question", () => {
    for (const owner of ["stage", "field", "window"] as const) {
      expect(actionOf(press("m", { ctrlKey: true }), owner, false)).toBe("mute");
      expect(actionOf(press("Enter", { ctrlKey: true }), owner, false)).toBe("go_live");
    }
    for (const key of ["m", "Enter", "Escape"]) expect(actionOf(press(key, { ctrlKey: true }), "dialog", true)).toBeNull();
  });

  it("rest with other modifiers and while held down", () => {
    for (const more of [{ altKey: true }, { metaKey: true }, { repeat: true }]) {
      for (const { key } of letters) expect(actionOf(press(key, more), "stage", true)).toBeNull();
      expect(actionOf(press("Enter", { ctrlKey: true, ...more }), "stage", true)).toBeNull();
    }
  });

  it("leave a field its Escape", () => {
    expect(actionOf(press("Escape"), "field", true)).toBeNull();
    expect(actionOf(press("Escape"), "window", true)).toBe("hide");
  });
});
