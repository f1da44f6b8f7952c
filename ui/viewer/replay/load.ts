import type { Timeline } from "../../bindings/Timeline";

/** What the address of a replay holds. */
export type Loaded =
  | { kind: "ready"; timeline: Timeline; /** Add to this computer's clock to have the server's. */ skewMs: number }
  | { kind: "gone" }
  | { kind: "missing" }
  | { kind: "failed" };

/** While many people open a replay at once, each timeline takes its turn. */
const ATTEMPTS = 6;

/** The answer, once the server is no longer too busy to give one, or has been for long enough. */
async function patiently(address: string): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(address, { cache: "no-cache" });
    const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
    if (response.status !== 503 || attempt === ATTEMPTS || !(seconds <= 30)) return response;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000 * (0.5 + Math.random())));
  }
}

/** Asks for the timeline of the replay at `base`, for instance `/replays/E`. */
export async function loadReplay(base: string): Promise<Loaded> {
  try {
    const response = await patiently(`${base}/timeline.json`);
    if (response.status === 410) return { kind: "gone" };
    if (response.status === 404) return { kind: "missing" };
    if (!response.ok) return { kind: "failed" };
    const date = Date.parse(response.headers.get("Date") ?? "");
    const skewMs = Number.isNaN(date) ? 0 : date - Date.now();
    // The header has whole seconds: a clock that is right must not seem wrong.
    return { kind: "ready", timeline: (await response.json()) as Timeline, skewMs: Math.abs(skewMs) < 2000 ? 0 : skewMs };
  } catch {
    return { kind: "failed" };
  }
}

/** `/replays/E` of a replay's address, which may name another host than the one that we reached. */
export function replayBase(address: string): string {
  const path = new URL(address, "http://replay.invalid").pathname;
  return /^(\/replays\/[^/]+)/.exec(path)?.[1] ?? path.replace(/\/+$/, "");
}
