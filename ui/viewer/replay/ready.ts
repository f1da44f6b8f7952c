import { loadReplay } from "./load";

/** Whether the replay at `base` can be watched now: its timeline and its recording are there. */
export async function isReady(base: string): Promise<boolean> {
  try {
    const [loaded, recording] = await Promise.all([loadReplay(base), fetch(`${base}/media.mp4`, { method: "HEAD", cache: "no-store" })]);
    return loaded.kind === "ready" && recording.ok;
  } catch {
    return false;
  }
}
