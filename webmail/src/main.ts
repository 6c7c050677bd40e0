import "../../ui/styles/tokens.css";
import "../../ui/styles/base.css";
import { mount } from "svelte";
import { readAppearance, showAppearance } from "../../ui/appearance.ts";
import App from "./App.svelte";

showAppearance(readAppearance());
mount(App, { target: document.getElementById("page") as HTMLElement });
