import type { Check } from "../../bindings/Check";
import type { DestinationStatus } from "../../bindings/DestinationStatus";
import type { DeviceChoice } from "../../bindings/DeviceChoice";
import type { Notice } from "../../bindings/Notice";
import type { Person } from "../../bindings/Person";
import type { Replay } from "../../bindings/Replay";
import type { Said } from "../../bindings/Said";
import type { Snapshot } from "../../bindings/Snapshot";
import type { SourceSetup } from "../../bindings/SourceSetup";
import { NOTHING } from "../src/core/nothing";
import { QR_PATH, QR_SIDE } from "./qr";

const HOUR = 3_600_000;
const EPISODE = "6f1d2c3b4a5968778695a4b3c2d1e0f0";

/** The snapshot of a situation: `?situation=…`. */
export function situationOf(name: string): Snapshot {
  const now = Date.now();
  const onAir: Snapshot = {
    ...idle(now),
    phase: { phase: "on_air", episode: EPISODE, since: now - 764_000, proof: { proof: "verified" } },
    chat: CHAT,
    audience: { viewers: 41, peak: 57, anonymous: 23, hearts: 812, skipped: 0, people: PEOPLE },
    on_program: { comment: 4, title: false, slate: false },
    health: { ...NOTHING.health, word: "good", stats: { ...NOTHING.health.stats, program_ms: 764_000, fps: 30, encoded_kbps: 2483, recording_bytes: 251e6 } },
    destinations: DESTINATIONS.slice(0, 1).map((row) => ({ ...row, state: "on_air", kbps: 2510 })),
  };
  switch (name) {
    case "first_start":
      return { ...NOTHING, setup: { ...NOTHING.setup, show: "studio" }, sources: idle(now).sources.map((row) => ({ ...row, state: "starting" })), checks: CHECKS.map((check) => ({ ...check, state: "waiting", text: "Looking" })) };
    case "no_devices": {
      const base = idle(now);
      const setup = { ...base.setup, reach: null, title: "", sources: choose({ kind: "first" }, { kind: "first" }, { kind: "none" }) };
      const sources = base.sources.map((row) => ({ ...row, device: null, name: "", state: "off" as const }));
      return { ...base, setup, sources, health: { ...base.health, word: "missing", cause: "No camera", remedy: "Choose one, or share the screen" } };
    }
    case "trouble":
      return trouble(now);
    case "countdown":
      return { ...idle(now), phase: { phase: "counting_down", until: now + 3_400 } };
    case "starting":
      return { ...idle(now), phase: { phase: "starting", episode: EPISODE, since: now } };
    case "on_air":
    case "lost":
      return onAir;
    case "unverified":
      return { ...onAir, phase: { phase: "on_air", episode: EPISODE, since: now - 12_000, proof: { proof: "unverified", reason: "the studio could not watch its own show within 8 seconds" } }, health: { ...onAir.health, word: "fair", cause: "The studio has not seen its own show", remedy: "Open the viewers' page and look" } };
    case "crowd":
      return crowd(onAir, now);
    case "computer_sound":
      return withComputerSound(onAir);
    case "many_sources": {
      const base = withComputerSound(onAir);
      const second: SourceSetup = { id: "microphone-2", kind: "microphone", choice: { kind: "test" }, strip: { gain_db: 0, muted: false } };
      return { ...base, setup: { ...base.setup, sources: [...base.setup.sources, second] } };
    }
    case "network": {
      const base = withComputerSound(idle(now));
      return { ...base, setup: { ...base.setup, ...NETWORK } };
    }
    case "not_kept":
      return { ...withComputerSound(onAir), notices: [NOT_KEPT] };
    case "ending":
      return { ...onAir, phase: { phase: "ending", episode: EPISODE } };
    case "ended":
      return { ...onAir, phase: { phase: "ended", episode: EPISODE }, on_program: NOTHING.on_program, destinations: onAir.destinations.map((row) => ({ ...row, state: "ended", kbps: 0 })) };
    case "failed":
      return { ...idle(now), phase: { phase: "failed", reason: { code: "engine.encoder", message: "The H.264 encoder could not be opened. Install the package gstreamer1.0-plugins-ugly and start Antenne again." } } };
    default:
      return idle(now);
  }
}

function idle(now: number): Snapshot {
  return {
    ...NOTHING,
    number: 100,
    setup: { ...NOTHING.setup, title: "Radio for beginners", show: "studio", reach: "this_network", sources: choose({ kind: "first" }, { kind: "first" }, { kind: "test" }), layout: "corner" },
    devices: [
      { kind: "camera", id: "v4l2:usb-046d_C920", name: "HD Pro Webcam C920", detail: "1280×720 MJPEG, 30 a second", unusable: null },
      { kind: "camera", id: "v4l2:usb-old", name: "Integrated Camera", detail: "640×480 YUYV, 15 a second", unusable: "another program uses it" },
      { kind: "microphone", id: "pw:mic", name: "Blue Yeti Stereo Microphone", detail: "48 kHz stereo", unusable: null },
      { kind: "screen", id: "x11:0", name: "Screen 1", detail: "1920×1080", unusable: null },
      { kind: "computer_sound", id: "pipewire:speaker", name: "Built-in Audio Analog Stereo", detail: "What is played there", unusable: null },
    ],
    sources: [
      { id: "camera", kind: "camera", device: "v4l2:usb-046d_C920", name: "HD Pro Webcam C920", state: "running", problem: null },
      { id: "microphone", kind: "microphone", device: "pw:mic", name: "Blue Yeti Stereo Microphone", state: "running", problem: null },
      { id: "screen", kind: "screen", device: "test", name: "Test", state: "running", problem: null },
    ],
    checks: CHECKS,
    links: {
      viewer_url: "http://192.168.178.24:8420/studio",
      whep_url: "http://192.168.178.24:8420/studio/whep",
      room_url: "ws://192.168.178.24:8420/studio/room",
      qr_path: QR_PATH,
      qr_side: QR_SIDE,
      only_here: false,
    },
    disk: { free_bytes: 212e9, minutes_left: 11_300 },
    health: { ...NOTHING.health, word: "ready" },
    library: replays(now),
  };
}

function choose(...choices: readonly DeviceChoice[]): SourceSetup[] {
  return NOTHING.setup.sources.map((source, at) => ({ ...source, choice: choices[at] ?? source.choice }));
}

function mute(sources: readonly SourceSetup[]): SourceSetup[] {
  return sources.map((source) => ({ ...source, strip: { ...source.strip, muted: true } }));
}

/** A still image of its own, as a fourth source. */
const BADGE: SourceSetup = { id: "screen-2", kind: "screen", choice: { kind: "image", id: "/home/ada/Pictures/badge.png" }, strip: { gain_db: 0, muted: false } };

function withComputerSound(base: Snapshot): Snapshot {
  const source: SourceSetup = { id: "computer-sound", kind: "computer_sound", choice: { kind: "device", id: "pipewire:speaker" }, strip: { gain_db: -6, muted: false } };
  return {
    ...base,
    setup: { ...base.setup, sources: [...base.setup.sources, source] },
    sources: [...base.sources, { id: "computer-sound", kind: "computer_sound", device: "pipewire:speaker", name: "Built-in Audio Analog Stereo", state: "running", problem: null }],
  };
}

const NETWORK = {
  host_names: ["live.example.org", "eine-sehr-lange-adresse-fuer-die-abendsendung.aus-dem-wohnzimmer.example.org"],
  trusted_proxies: ["192.168.178.2", "2001:db8:85a3:8d3:1319:8a2e:370:7348"],
  upload_kbps: 20_000,
};

/** The longest comment there is, with a word that has no place to break. */
const NOT_KEPT: Notice = {
  id: 12,
  severity: "warning",
  code: "chat.not_kept",
  text: `your comment was not kept, and nobody read it: the archive did not take it. Copy it and send it again: “${"Welcome everybody, and thank you for your patience: the second half begins in ten minutes, with your questions about antennas. ".repeat(3)}https://example.com/${"and/so/on/".repeat(10)}”`,
  act: null,
};

function trouble(now: number): Snapshot {
  const base = idle(now);
  return {
    ...base,
    setup: { ...base.setup, reach: "this_network", sources: [...mute(base.setup.sources), BADGE], title: "" },
    sources: [
      { id: "camera", kind: "camera", device: "v4l2:usb-046d_C920", name: "HD Pro Webcam C920", state: "lost", problem: "The camera stopped sending pictures. Plug it in again; it is tried every few seconds." },
      { id: "microphone", kind: "microphone", device: null, name: "", state: "off", problem: null },
      { id: "screen", kind: "screen", device: "x11:0", name: "Screen 1", state: "running", problem: null },
      { id: "screen-2", kind: "screen", device: "/home/ada/Pictures/badge.png", name: "badge.png", state: "running", problem: null },
    ],
    checks: [
      { id: "camera", state: "bad", text: "The camera is lost: plug it in again, or choose another" },
      { id: "microphone", state: "bad", text: "The microphone is muted" },
      { id: "disk", state: "bad", text: "Room for 22 minutes only: delete replays or other files" },
      { id: "page", state: "waiting", text: "Asking for the viewers' page" },
      { id: "destinations", state: "bad", text: "A destination needs its key" },
    ],
    disk: { free_bytes: 412e6, minutes_left: 22 },
    destinations: DESTINATIONS,
    links: { ...base.links, viewer_url: "http://127.0.0.1:8420/studio", qr_path: "", qr_side: 0, only_here: true },
    health: { ...base.health, word: "missing", cause: "The camera is lost", remedy: "Plug it in again, or choose another" },
    notices: [
      { id: 1, severity: "note", code: "archive.recovered", text: "Antenne ended unexpectedly last time. The recording “Evening talk” was finished: 41 min, in the library.", act: null },
      { id: 2, severity: "warning", code: "audience.port_taken", text: "Port 8420 is used by another program, so the viewers' page is at port 8421 this time. Links from earlier shows do not work until the port is free again.", act: null },
      { id: 3, severity: "alarm", code: "recording.disk_full", text: "The recording stopped because the disk is full. The show goes on for those who watch; free some space, and it is recorded again by itself.", act: null },
    ],
    library: [],
  };
}

function crowd(onAir: Snapshot, now: number): Snapshot {
  return {
    ...onAir,
    phase: { phase: "on_air", episode: EPISODE, since: now - 7_764_000, proof: { proof: "verified" } },
    setup: { ...onAir.setup, title: "Eine sehr lange Überschrift über die Geschichte des Rundfunks von den Anfängen bis heute, Teil 12 von 24", show: "abendsendung-aus-dem-wohnzimmer", layout: "side-by-side" },
    audience: { viewers: 4312, peak: 9871, anonymous: 4101, hearts: 128_402, skipped: 311, people: PEOPLE },
    moderation: {
      held: [{ viewer: { id: "new", name: "Zed", hue: 12 }, texts: ["it is me again", "hello?"] }],
      silenced: [{ id: "gone", name: "Mallory", hue: 300, voice: "ejected" }],
    },
    chat: Array.from({ length: 25 }, (_, turn) => CHAT.map((said) => ({ ...said, seq: turn * CHAT.length + said.seq }))).flat(),
    on_program: { comment: 3, title: true, slate: false },
    destinations: DESTINATIONS.map((row) => ({ ...row, key_missing: false, state: row.id === 1 ? "on_air" : "retrying", kbps: row.id === 1 ? 2510 : 0, problem: row.id === 1 ? "" : "It stopped answering 4 s ago. The next attempt is in 2 s; the show itself is not affected." })),
    health: { word: "poor", cause: "The computer is too slow for this picture", remedy: "Close other programs, or use a smaller picture", stats: { program_ms: 7_764_000, fps: 27.4, late_frames: { camera: 11 }, dropped_rendering: 1240, dropped_encoder: 20_031, dropped_network: 12, encoded_kbps: 2498, recording_bytes: 3.4e9 } },
    disk: { free_bytes: 1.6e9, minutes_left: 84 },
    notices: [{ id: 9, severity: "alarm", code: "audio.silent", text: "Nothing has been heard on air for 15 seconds: check the microphone, its gain and whether it is muted", act: null }],
  };
}

const CHECKS: Check[] = [
  { id: "camera", state: "good", text: "The camera moves" },
  { id: "microphone", state: "good", text: "The microphone is heard" },
  { id: "disk", state: "good", text: "Room for 188 hours of recording" },
  { id: "page", state: "good", text: "The viewers' page answers" },
];

const DESTINATIONS: DestinationStatus[] = [
  { id: 1, host: "live.example.com", state: "idle", code: "", problem: "", kbps: 0, wants_key: true, key_missing: false },
  { id: 2, host: "ingest-eu-central-1.broadcast.example.net:1935", state: "idle", code: "", problem: "", kbps: 0, wants_key: true, key_missing: true },
];

function said(seq: number, name: string, hue: number, text: string, badge?: string): Said {
  return { seq, at_ms: seq * 61_000, viewer: { id: `v${hue}`, name, hue, ...(badge === undefined ? {} : { badge }) }, text };
}

const CHAT: Said[] = [
  said(1, "Ada", 204, "Bonjour !"),
  said(2, "Grace Hopper", 340, "The picture is very clear here in Rotterdam. Which camera is that?"),
  said(3, "نور الهدى", 95, "مساء الخير من القاهرة! الصوت واضح جدا"),
  said(4, "Bartholomäus Freiherr von und zu Hohenau", 28, "Könnten Sie bitte noch einmal erklären, warum die Antenne so lang sein muss? 📡"),
  said(5, "🦊", 60, "❤️❤️❤️"),
  said(6, "Studio", 250, "Welcome everybody, questions at the end please.", "host"),
  said(7, "דוד", 150, "שלום! אפשר שאלה על תדרים?"),
  said(8, "Linus", 300, "https://example.com/a/very/long/address/that/has/no/place/to/break/because/it/is/one/single/word"),
];

const PEOPLE: Person[] = CHAT.map((line) => ({ id: line.viewer.id, name: line.viewer.name, hue: line.viewer.hue, muted: line.seq === 8 }));

function replays(now: number): Replay[] {
  const base: Replay = { episode: EPISODE, show: "studio", title: "Radio for beginners", started_at: now - HOUR, ended_at: now - 1_000, duration_ms: 764_000, bytes: 251e6, path: "/home/ada/Antenne/radio.mp4", hearts: 812, chat: 64, viewers: 57, state: "whole", expires_at: now + 24 * HOUR - 61_000 };
  return [
    base,
    { ...base, episode: "b".repeat(32), title: "Evening talk with a title that is so long that no window in the world could ever show all of it in one line, not even the widest", started_at: now - 26 * HOUR, duration_ms: 7_440_000, bytes: 2.4e9, hearts: 128_402, chat: 3120, viewers: 4312, state: "recovered", expires_at: now + 42 * 60_000 },
    { ...base, episode: "c".repeat(32), title: "الإذاعة للمبتدئين", started_at: now - 50 * HOUR, duration_ms: 41_000, bytes: 12e6, hearts: 3, chat: 0, viewers: 1, expires_at: null },
    { ...base, episode: "d".repeat(32), title: "Friday show", started_at: now - 74 * HOUR, path: null, bytes: 0, duration_ms: 0, expires_at: now + 100 * HOUR },
    { ...base, episode: "e".repeat(32), title: "Cut short by a full disk", started_at: now - 98 * HOUR, duration_ms: 0, state: "unfinished", expires_at: null },
  ];
}
