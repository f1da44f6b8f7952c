import { mount } from "svelte";
import "../../shared/tokens.css";
import "./app.css";
import "./floats.css";
import App from "./App.svelte";

const target = document.getElementById("studio");
if (target !== null) mount(App, { target });
