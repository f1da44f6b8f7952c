import { mount } from "svelte";
import "../shared/tokens.css";
import Viewer from "./Viewer.svelte";
import { target } from "./target";

// `/S`, perhaps with a slash at the end.
const slug = location.pathname.split("/").find((part) => part !== "") ?? "";

mount(Viewer, { target: target(), props: { slug } });
