import { Channel, invoke } from "@tauri-apps/api/core";
import { getCurrentWindow } from "@tauri-apps/api/window";
import type { Command } from "../../../bindings/Command";
import type { Reply } from "../../../bindings/Reply";
import type { Snapshot } from "../../../bindings/Snapshot";
import type { Update } from "../../../bindings/Update";

/** The three commands of the shell. Everything that the window learns or asks for passes here. */
export interface Bridge {
  dispatch(command: Command): Promise<Reply>;
  snapshot(): Promise<Snapshot>;
  /** Resolves once the shell has taken the subscription; messages may arrive before. */
  subscribe(listener: Listener): Promise<void>;
}

/** The window around the page: whether it may close is asked first. */
export interface HostWindow {
  /** `mayClose` is asked whenever the operator wants to close the window. */
  guard(mayClose: () => boolean): Promise<void>;
  /** Closes without asking. */
  close(): Promise<void>;
}

/** What went wrong, for a person: the shell refuses with a code and a message. */
export function reasonOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "message" in error && typeof error.message === "string") return error.message;
  return String(error);
}

/** What the shell sends at once. */
export interface Beat {
  /** In their order. */
  readonly updates: readonly Update[];
  /** A frame of the monitor: a JPEG file. */
  readonly jpeg: Jpeg | null;
}

/** The bytes of a JPEG file. */
export type Jpeg = Uint8Array<ArrayBuffer>;

/** Gets each beat. Must not throw. */
export type Listener = (beat: Beat) => void;

/** Reads the shell's message: the updates, or their length (32 bits, little-endian), they and a JPEG. */
export function readBeat(message: ArrayBuffer | readonly Update[]): Beat {
  if (!(message instanceof ArrayBuffer)) return { updates: message, jpeg: null };
  const length = new DataView(message).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(message, 4, length));
  return { updates: JSON.parse(text) as Update[], jpeg: new Uint8Array(message, 4 + length) };
}

/** The bridge to the running shell. */
export const shell: Bridge = {
  dispatch: (command) => invoke<Reply>("dispatch", { command }),
  snapshot: () => invoke<Snapshot>("snapshot"),
  subscribe: async (listener) => {
    const channel = new Channel<ArrayBuffer | Update[]>();
    channel.onmessage = (message) => listener(readBeat(message));
    await invoke("subscribe", { channel });
  },
};

/** The window that the shell opened. */
export const hostWindow: HostWindow = {
  guard: async (mayClose) => {
    await getCurrentWindow().onCloseRequested((event) => {
      // Where this does not come the shell asks in our place.
      void getCurrentWindow().emit("close-seen");
      if (!mayClose()) event.preventDefault();
    });
  },
  close: () => getCurrentWindow().destroy(),
};
