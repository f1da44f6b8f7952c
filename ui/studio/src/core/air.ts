import { places } from "./places.svelte";
import { endAsks } from "./show";
import { studio } from "./studio.svelte";

/** Takes the show on air; who can watch is asked before the first one. After the end: back to the start. */
export function goLive(): void {
  const { phase, setup } = studio.view;
  if (phase.phase === "ended") void studio.dispatch({ type: "new_episode" });
  else if (phase.phase !== "idle" && phase.phase !== "failed") return;
  else if (setup.reach === null) places.go({ name: "reach", then: "go_live" });
  else void studio.dispatch({ type: "go_live" });
}

/** Ends the show, or 3-2-1; asks where somebody would miss it. */
export function end(): void {
  const { phase, audience } = studio.view;
  if (phase.phase !== "counting_down" && phase.phase !== "starting" && phase.phase !== "on_air") return;
  if (endAsks(phase, audience.viewers, studio.now)) places.go({ name: "end" });
  else void studio.dispatch({ type: "end" });
}
