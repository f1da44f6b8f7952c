import type { Snapshot } from "../../../bindings/Snapshot";

/** What stands in the window before the studio has said a word. */
export const NOTHING: Snapshot = {
  number: 0,
  phase: { phase: "idle" },
  setup: {
    title: "",
    show: "",
    layout: "solo",
    composition: null,
    sources: [
      { id: "camera", kind: "camera", choice: { kind: "first" }, strip: { gain_db: 0, muted: false } },
      { id: "microphone", kind: "microphone", choice: { kind: "first" }, strip: { gain_db: 0, muted: false } },
      { id: "screen", kind: "screen", choice: { kind: "none" }, strip: { gain_db: 0, muted: false } },
    ],
    overlay: { chat: true, hearts: true },
    reach: null,
    countdown: true,
    retention_hours: 24,
    destinations: [],
  },
  devices: [],
  sources: [],
  checks: [],
  destinations: [],
  links: { viewer_url: "", whep_url: "", room_url: "", qr_path: "", qr_side: 0 },
  audience: { viewers: 0, peak: 0, anonymous: 0, hearts: 0, people: [] },
  chat: [],
  on_program: { comment: null, title: false },
  health: {
    word: "good",
    cause: "",
    remedy: "",
    stats: {
      program_ms: 0,
      fps: 0,
      late_frames: {},
      dropped_rendering: 0,
      dropped_encoder: 0,
      dropped_network: 0,
      encoded_kbps: 0,
      recording_bytes: 0,
    },
  },
  disk: null,
  library: [],
  notices: [],
};
