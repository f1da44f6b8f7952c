/** What resumes this viewer's identity after a reload. */
export interface Identity {
  token: string | null;
  name: string | null;
}

const KEY = "antenne.viewer";

/** What was remembered; nothing where the browser keeps nothing. */
export function remembered(): Identity {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (typeof stored !== "object" || stored === null) return { token: null, name: null };
    const { token, name } = stored as Partial<Record<keyof Identity, unknown>>;
    return { token: typeof token === "string" ? token : null, name: typeof name === "string" && name !== "" ? name : null };
  } catch {
    return { token: null, name: null };
  }
}

/** Remembers, where the browser lets us. */
export function remember(identity: Identity): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(identity));
  } catch {
    // Private windows may refuse: the identity then lasts as long as the page.
  }
}

/** 128 random bits in hexadecimal, made once for each load of the page. */
export function newPage(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
