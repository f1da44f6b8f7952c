import { mount } from "svelte";
import "../shared/tokens.css";
import { replayBase } from "./replay/load";
import Replay from "./replay/Replay.svelte";
import { target } from "./target";

mount(Replay, { target: target(), props: { base: replayBase(location.pathname) } });
