import "../../ui/styles/tokens.css";
import "../../ui/styles/base.css";
import { mount } from "svelte";
import { readAppearance, showAppearance } from "../../ui/appearance.ts";
import App from "./App.svelte";
import { beginEarly } from "./jmap/early.ts";
import { followUpdates } from "./offline/updates.ts";
import { speakPreferred } from "./state/look.svelte.ts";
import { openSession } from "./state/session.svelte.ts";
import { standing } from "./state/standing.ts";

beginEarly();
void openSession();
showAppearance(readAppearance());
await speakPreferred();
const target = document.getElementById("page") as HTMLElement;
// The mark that stood there while the script came: the page shows its own until it knows who is here.
target.replaceChildren();
mount(App, { target });

// A new build has replaced the parts this page was made of.
addEventListener("vite:preloadError", () => location.reload());
// What the worker fetches, and what it looks for, waits until there is mail to see.
void standing.then(followUpdates);
