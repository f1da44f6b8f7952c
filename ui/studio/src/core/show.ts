import type { DeviceChoice } from "../../../bindings/DeviceChoice";
import type { EpisodeId } from "../../../bindings/EpisodeId";
import type { Links } from "../../../bindings/Links";
import type { Phase } from "../../../bindings/Phase";
import type { Said } from "../../../bindings/Said";
import type { Seq } from "../../../bindings/Seq";
import type { Silenced } from "../../../bindings/Silenced";

/** Small rules of the window, apart from any component. */

/** After this long on air, ending asks first, in milliseconds. */
const END_ASKS_AFTER_MS = 60_000;

/** Whether ending asks first: when somebody watches, or more than a minute has passed. */
export function endAsks(phase: Phase, viewers: number, nowMs: number): boolean {
  return phase.phase === "on_air" && (viewers > 0 || nowMs - phase.since > END_ASKS_AFTER_MS);
}

/** Whether there is a show: what its viewers depend on is fixed meanwhile. */
export function onAir(phase: Phase): boolean {
  return phase.phase === "starting" || phase.phase === "on_air" || phase.phase === "ending";
}

/** Whether closing the window asks first: it would end the show. */
export function closeAsks(phase: Phase): boolean {
  return phase.phase === "starting" || phase.phase === "on_air";
}

/**
 * The comment that comes after the one shown now or last; the newest where none was shown yet. Never one of somebody who is
 * silenced.
 */
export function nextComment(all: readonly Said[], silenced: readonly Silenced[], shown: Seq | null, lastShown: Seq | null): Seq | null {
  const chat = all.filter((said) => !silenced.some((one) => one.id === said.viewer.id));
  const from = shown ?? lastShown;
  if (from === null) return chat.at(-1)?.seq ?? null;
  return chat.find((said) => said.seq > from)?.seq ?? null;
}

/** Where an arrow leads from `at` in a list of `length`; the ends are ends. */
export function moved(key: string, at: number, length: number): number | null {
  const steps: Record<string, number> = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: length - 1 };
  const to = steps[key];
  return to === undefined || length === 0 ? null : Math.min(length - 1, Math.max(0, to));
}

/** The address with a place for the key: services often give a folder and a key apart. */
export function addressWithKey(address: string, key: string): string {
  const trimmed = address.trim();
  return key === "" || trimmed.includes("{key}") ? trimmed : `${trimmed.replace(/\/+$/, "")}/{key}`;
}

/** Where a replay is watched: on the same service as the show. */
export function replayUrl(links: Links, episode: EpisodeId): string | null {
  try {
    return new URL(`/replays/${episode}`, links.viewer_url).href;
  } catch {
    return null;
  }
}

/** A picture of a replay, by the service's address on this computer; none while it does not listen. */
export function posterUrl(links: Links, episode: EpisodeId): string | null {
  const url = replayUrl(links, episode);
  if (url === null) return null;
  const { port } = new URL(url);
  return `http://127.0.0.1:${port}/replays/${episode}/poster.jpg`;
}

/** A choice as a single word, for lists of options. */
export function choiceKey(choice: DeviceChoice): string {
  return "id" in choice ? `${choice.kind}:${choice.id}` : choice.kind;
}

/** The choice that `choiceKey` wrote. */
export function choiceOf(key: string): DeviceChoice {
  for (const kind of ["device", "image"] as const) {
    if (key.startsWith(`${kind}:`)) return { kind, id: key.slice(kind.length + 1) };
  }
  return key === "first" || key === "test" ? { kind: key } : { kind: "none" };
}
