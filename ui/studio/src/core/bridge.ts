import { Channel, invoke } from "@tauri-apps/api/core";
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

/** Who is told. Neither method may throw. */
export interface Listener {
  update(update: Update): void;
  /** A picture of the monitor: a JPEG file. */
  frame(jpeg: ArrayBuffer): void;
}

/** The bridge to the running shell. */
export const shell: Bridge = {
  dispatch: (command) => invoke<Reply>("dispatch", { command }),
  snapshot: () => invoke<Snapshot>("snapshot"),
  subscribe: async (listener) => {
    const channel = new Channel<ArrayBuffer | Update | string>();
    channel.onmessage = (message) => {
      if (message instanceof ArrayBuffer) listener.frame(message);
      else listener.update(typeof message === "string" ? (JSON.parse(message) as Update) : message);
    };
    await invoke("subscribe", { channel });
  },
};
