import "../../ui/styles/tokens.css";
import "../../ui/styles/base.css";
import { mount } from "svelte";
import { readAppearance, showAppearance } from "../../ui/appearance.ts";
import App from "./App.svelte";
import { followUpdates } from "./offline/updates.ts";
import { speakPreferred } from "./state/look.svelte.ts";
import { openSession } from "./state/session.svelte.ts";

showAppearance(readAppearance());
void openSession();
await speakPreferred();
mount(App, { target: document.getElementById("page") as HTMLElement });

// A new build has replaced the parts this page was made of.
addEventListener("vite:preloadError", () => location.reload());
void followUpdates();
