import type { Command } from "../../bindings/Command";
import { PretendedStudio } from "./pretend";

/** Stands in for `@tauri-apps/api/core`: the same names, a pretended studio behind them. */
export class Channel<T = unknown> {
  onmessage: (message: T) => void = () => undefined;
}

const situation = new URLSearchParams(location.search).get("situation") ?? "idle";
const studio = new PretendedStudio(situation);

export function invoke(name: string, args: Record<string, unknown> = {}): Promise<unknown> {
  switch (name) {
    case "dispatch":
      return Promise.resolve(studio.dispatch(args["command"] as Command));
    case "snapshot":
      return situation === "lost" ? new Promise(() => undefined) : Promise.resolve(studio.snapshot);
    case "subscribe":
      return studio.subscribe(args["channel"] as Channel<unknown>);
    default:
      return Promise.reject(new Error(`no command ${name}`));
  }
}
