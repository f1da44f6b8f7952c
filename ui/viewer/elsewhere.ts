import { mount } from "svelte";
import "../shared/tokens.css";
import Elsewhere from "./elsewhere/Elsewhere.svelte";
import { target } from "./target";

mount(Elsewhere, { target: target(), props: { root: location.pathname === "/" } });
