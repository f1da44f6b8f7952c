import type { BroadcastState } from "../../bindings/BroadcastState";
import type { Obstacle } from "../player/obstacle";
import type { SessionState } from "../player/whep";

/** What decides about what stands in the place of the picture, or over it. */
export interface Standing {
  /** None before the room answered. */
  broadcast: BroadcastState | null;
  /** Whether the room answers. */
  reachable: boolean;
  /** Whether there is no place in the room for this viewer. */
  full: boolean;
  title: string;
  /** Whether the page asks for the picture. */
  tunes: boolean;
  session: SessionState;
  obstacle: Obstacle | null;
  seen: boolean;
  stalled: boolean;
  blocked: boolean;
  paused: boolean;
}

/** Words in the place of the picture, or over it. */
export interface View {
  /** Stable, for tests and styles. */
  kind: "connecting" | "waiting" | "interrupted" | "ended" | "tap" | "paused" | "tuning" | "stalled" | Obstacle["kind"];
  headline: string;
  advice: string;
  /** Something goes on by itself. */
  busy?: boolean;
  /** The picture stays visible behind. */
  over?: boolean;
  /** What a press does. */
  act?: "play" | "retry";
}

/** What the page says; none while the picture speaks for itself. */
export function viewOf(now: Standing): View | null {
  const { broadcast, title, tunes } = now;
  if (broadcast === "ended") {
    return { kind: "ended", headline: "The show is over", advice: "Thank you for watching. If it can be watched again, the replay opens here as soon as it is ready." };
  }
  if (broadcast === "interrupted") return { kind: "interrupted", over: true, headline: "The show is interrupted", advice: "It has not ended. The picture comes back here by itself." };
  if (tunes) return pictureView(now);
  if (broadcast === "waiting" || now.full) {
    const chat = now.full ? "As many people are in the chat as it can take." : "The chat is open already.";
    return { kind: "waiting", headline: title || "Soon on air", advice: `The show has not begun. Stay here: it starts by itself. ${chat}` };
  }
  if (now.reachable) return { kind: "connecting", busy: true, headline: "Connecting …", advice: "The show opens here by itself." };
  return { kind: "connecting", busy: true, headline: "Looking for the studio …", advice: "It does not answer. Is the address right, and are you connected? Trying again by itself." };
}

function pictureView({ title, session, obstacle, seen, stalled, blocked, paused }: Standing): View | null {
  if (obstacle !== null && session !== "connected") return obstacleView(obstacle);
  if (blocked) return { kind: "tap", over: seen, act: "play", headline: "Tap to play", advice: "Your browser starts the show when you say so." };
  if (paused) return { kind: "paused", over: true, act: "play", headline: "Paused", advice: "The show goes on. You come back to what is live." };
  if (!seen) return { kind: "tuning", busy: true, headline: session === "lost" ? "Looking for the picture …" : "Tuning in …", advice: title };
  if (stalled || session === "lost") return { kind: "stalled", busy: true, over: true, headline: "The picture is catching up …", advice: "Your connection paused. It comes back by itself." };
  return null;
}

function obstacleView(obstacle: Obstacle): View {
  switch (obstacle.kind) {
    case "no_webrtc":
      return {
        kind: obstacle.kind,
        headline: "This browser cannot show live pictures",
        advice: "It has no WebRTC, or it is switched off. Open this page in a current Chrome, Edge, Firefox or Safari, or take the block away and load the page again. The chat works here, too.",
      };
    case "no_h264":
      return {
        kind: obstacle.kind,
        act: "retry",
        headline: "This browser cannot decode the picture",
        advice: "It has no H.264. A freshly installed Firefox fetches it by itself within minutes; otherwise open this page in Chrome, Edge or Safari. The chat works here, too.",
      };
    case "no_path":
      return {
        kind: obstacle.kind,
        busy: true,
        headline: "Your network lets no picture through",
        advice: "Live pictures come over UDP, which a firewall or VPN here seems to block. Try another network, such as mobile data, or switch the VPN off. Trying again by itself.",
      };
    case "refused":
      return {
        kind: obstacle.kind,
        busy: obstacle.again,
        act: obstacle.again ? undefined : "retry",
        headline: obstacle.again ? "No place for you yet" : "The picture is refused",
        advice: obstacle.again ? `${obstacle.words} Trying again by itself.` : obstacle.words,
      };
    default:
      return obstacle satisfies never;
  }
}
