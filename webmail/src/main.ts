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

/** Where an account is made: nobody is signed in there, and nothing of the mail is wanted. */
const joins = /^\/(?:invitation|sign-up)$/.test(location.pathname);
if (!joins) {
  beginEarly();
  void openSession();
}
showAppearance(readAppearance());
await speakPreferred();
const target = document.getElementById("page") as HTMLElement;
// The mark that stood there while the script came: the page shows its own until it knows who is here.
target.replaceChildren();
// Not awaited: that part of the page needs this one to be through.
if (joins) void import("./join/Join.svelte").then(({ default: Join }) => mount(Join, { target }));
else mount(App, { target });

// A new build has replaced the parts this page was made of.
addEventListener("vite:preloadError", () => location.reload());
// What the worker fetches, and what it looks for, waits until there is mail to see.
void standing.then(followUpdates);
