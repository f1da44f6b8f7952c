import type { Command } from "../../bindings/Command";
import type { Event } from "../../bindings/Event";
import type { Reply } from "../../bindings/Reply";
import type { Snapshot } from "../../bindings/Snapshot";
import type { SourceId } from "../../bindings/SourceId";
import type { Strip } from "../../bindings/Strip";
import type { Update } from "../../bindings/Update";
import { reduce } from "../src/core/reduce";
import { heard as heardOf, withSource } from "../src/core/sources";
import type { Channel } from "./core";
import { picture } from "./picture";
import { situationOf } from "./situations";

const EPISODE = "6f1d2c3b4a5968778695a4b3c2d1e0f0";

/** Just enough of a studio to click through the window. */
export class PretendedStudio {
  snapshot: Snapshot;
  #channel: Channel<unknown> | null = null;
  #situation: string;

  constructor(situation: string) {
    this.#situation = situation;
    this.snapshot = situationOf(situation);
  }

  async subscribe(channel: Channel<unknown>): Promise<void> {
    if (this.#situation === "opening") return;
    if (this.#situation === "unreachable") throw new Error("command subscribe not found");
    this.#channel = channel;
    this.#send({ kind: "snapshot", snapshot: this.snapshot });
    if (this.#situation === "lost") {
      void this.#beat();
      return;
    }
    setInterval(() => this.#send({ kind: "clock", now_ms: Date.now() }), 500);
    setInterval(() => void this.#beat(), 66);
  }

  dispatch(command: Command): Reply {
    const { setup, phase, on_program } = this.snapshot;
    switch (command.type) {
      case "set_title":
        this.#emit({ type: "setup", value: { ...setup, title: command.title } });
        break;
      case "set_show":
        this.#emit({ type: "setup", value: { ...setup, show: command.slug, show_name: command.name } });
        break;
      case "set_layout":
        this.#emit({ type: "setup", value: { ...setup, layout: command.layout } });
        break;
      case "set_composition":
        this.#emit({ type: "setup", value: { ...setup, composition: command.composition } });
        break;
      case "add_source": {
        const taken = setup.sources.filter((source) => source.kind === command.kind).length;
        const name = command.kind.replace("_", "-");
        const id = taken === 0 ? name : `${name}-${taken + 1}`;
        const added = { id, kind: command.kind, choice: command.choice, strip: { gain_db: 0, muted: false } };
        this.#emit({ type: "setup", value: { ...setup, sources: [...setup.sources, added] } });
        break;
      }
      case "remove_source":
        this.#emit({ type: "setup", value: { ...setup, sources: setup.sources.filter((source) => source.id !== command.id) } });
        break;
      case "select_source":
        this.#emit({ type: "setup", value: withSource(setup, command.id, { choice: command.choice }) });
        break;
      case "set_gain":
        this.#strip(command.id, { gain_db: command.gain_db });
        break;
      case "set_muted":
        this.#strip(command.id, { muted: command.muted });
        break;
      case "set_overlay":
        this.#emit({ type: "setup", value: { ...setup, overlay: command.overlay } });
        break;
      case "set_reach":
        this.#emit({ type: "setup", value: { ...setup, reach: command.reach } });
        break;
      case "set_network": {
        const { host_names, trusted_proxies, upload_kbps } = command;
        const wrong = host_names.find((name) => name.includes("/"));
        if (wrong !== undefined) return { reply: "refused", code: "audience.host_name", message: `“${wrong}” is no name of a computer: write it without http:// and without a path` };
        this.#emit({ type: "setup", value: { ...setup, host_names, trusted_proxies, upload_kbps } });
        break;
      }
      case "set_countdown":
        this.#emit({ type: "setup", value: { ...setup, countdown: command.countdown } });
        break;
      case "set_retention":
        this.#emit({ type: "setup", value: { ...setup, retention_hours: command.hours } });
        break;
      case "go_live":
        this.#goLive();
        break;
      case "end":
        if (phase.phase === "counting_down") this.#emit({ type: "phase", value: { phase: "idle" } });
        else this.#emit({ type: "phase", value: { phase: "ending", episode: EPISODE } });
        setTimeout(() => {
          if (this.snapshot.phase.phase === "ending") this.#emit({ type: "phase", value: { phase: "ended", episode: EPISODE } });
        }, 800);
        break;
      case "new_episode":
        this.#emit({ type: "phase", value: { phase: "idle" } });
        this.#emit({ type: "chat_cleared" });
        break;
      case "show_comment":
        this.#emit({ type: "on_program", value: { ...on_program, comment: command.seq } });
        break;
      case "hide_comment":
        this.#emit({ type: "on_program", value: { ...on_program, comment: null } });
        break;
      case "set_title_card":
        this.#emit({ type: "on_program", value: { ...on_program, title: command.visible } });
        break;
      case "set_slate":
        this.#emit({ type: "on_program", value: { ...on_program, slate: command.visible } });
        break;
      case "remove_message":
        this.#emit({ type: "removed", value: command.seq });
        break;
      case "dismiss_notice":
        this.#emit({ type: "notices", value: this.snapshot.notices.filter((notice) => notice.id !== command.id) });
        break;
      case "set_viewer_muted": {
        const people = this.snapshot.audience.people.map((person) =>
          person.id === command.viewer ? { ...person, muted: command.muted } : person,
        );
        this.#emit({ type: "audience", value: { ...this.snapshot.audience, people } });
        break;
      }
      case "keep_replay": {
        const expires = command.keep ? null : Date.now() + 86_000_000;
        this.#emit({
          type: "library",
          value: this.snapshot.library.map((replay) => (replay.episode === command.episode ? { ...replay, expires_at: expires } : replay)),
        });
        break;
      }
      case "delete_replay":
        this.#emit({ type: "library", value: this.snapshot.library.filter((replay) => replay.episode !== command.episode) });
        break;
      case "add_destination":
      case "set_destination_key":
      case "remove_destination":
      case "open_replay_folder":
        return { reply: "refused", code: "destination.address", message: "a destination's address begins with rtmp:// or rtmps://" };
    }
    return { reply: "accepted" };
  }

  /** A comment, as a viewer would write it. */
  say(name: string, hue: number, text: string): void {
    const seq = (this.snapshot.chat.at(-1)?.seq ?? 0) + 1;
    this.#emit({ type: "said", value: { seq, at_ms: 764_000, viewer: { id: `v${hue}`, name, hue }, text } });
  }

  #strip(id: SourceId, change: Partial<Strip>): void {
    const { setup } = this.snapshot;
    const source = setup.sources.find((source) => source.id === id);
    if (source) this.#emit({ type: "setup", value: withSource(setup, id, { strip: { ...source.strip, ...change } }) });
  }

  #goLive(): void {
    this.#emit({ type: "phase", value: { phase: "counting_down", until: Date.now() + 3_000 } });
    setTimeout(() => this.#emit({ type: "phase", value: { phase: "starting", episode: EPISODE, since: Date.now() } }), 3_000);
    setTimeout(
      () => this.#emit({ type: "phase", value: { phase: "on_air", episode: EPISODE, since: Date.now(), proof: { proof: "verified" } } }),
      5_000,
    );
  }

  #levels(): Update {
    const t = performance.now() / 1_000;
    const voice = -24 + 14 * Math.abs(Math.sin(t * 2.1)) + 4 * Math.sin(t * 13);
    const heard = heardOf(this.snapshot.setup);
    const open = heard.map(({ source }) => source.strip).filter((strip) => !strip.muted);
    const program = Math.max(-60, ...open.map((strip) => voice + strip.gain_db));
    return {
      kind: "levels",
      levels: {
        sources_peak_db: Object.fromEntries(heard.map(({ source }) => [source.id, voice - 3])),
        program_peak_db: [program, program - 2],
        program_rms_db: [program - 9, program - 11],
      },
    };
  }

  /** Levels, and a picture: as the shell sends them. */
  async #beat(): Promise<void> {
    if (this.#situation === "first_start") return this.#send(this.#levels());
    const text = new TextEncoder().encode(JSON.stringify(this.#situation === "lost" ? [] : [this.#levels()]));
    const jpeg = await picture(this.snapshot.setup.layout);
    const message = new Uint8Array(4 + text.length + jpeg.byteLength);
    new DataView(message.buffer).setUint32(0, text.length, true);
    message.set(text, 4);
    message.set(new Uint8Array(jpeg), 4 + text.length);
    this.#channel?.onmessage(message.buffer);
  }

  #emit(event: Event): void {
    const number = this.snapshot.number + 1;
    this.snapshot = { ...reduce(this.snapshot, event), number };
    this.#send({ kind: "event", numbered: { number, event } });
  }

  #send(update: Update): void {
    this.#channel?.onmessage([structuredClone(update)]);
  }
}
