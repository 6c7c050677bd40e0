/** The service worker: registered when the page has been shown; a new build takes over at the next start, or when the reader says so. */
import { toast } from "../../../ui/toasts.svelte.ts";
import { keepOpenLetters } from "../compose/letters.svelte.ts";
import { t } from "../words.ts";

const lookAgainMs = 60 * 60_000;
/**
 * Within this time a new worker has taken over. Chromium may drop its turn, and does not come back to it, when the page asks the old one for
 * something at that very moment; a page that is loaded anew begins from the beginning.
 */
const takesMs = 3_000;

export async function followUpdates(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const container = navigator.serviceWorker;
  let loading = false;
  let wanted = false;
  container.addEventListener("controllerchange", () => {
    // The first worker takes over a page that is as new as itself.
    if (!wanted || loading) return;
    loading = true;
    location.reload();
  });
  container.addEventListener("message", ({ data }: MessageEvent<{ go?: string }>) => {
    // A notice was clicked.
    if (data.go?.startsWith("/#/")) location.hash = data.go.slice(1);
  });
  /** @param otherwise where it does not come to it */
  const take = (waiting: ServiceWorker, otherwise: () => void) => {
    wanted = true;
    waiting.postMessage("take over");
    setTimeout(() => {
      if (!loading && waiting.state === "installed") otherwise();
    }, takesMs);
  };
  const begun = performance.now();
  const offer = (waiting: ServiceWorker) => {
    // What was kept opens again in any page that comes now: this one is not written in any more.
    const load = () => void keepOpenLetters().finally(() => take(waiting, () => location.reload()));
    const ask = () =>
      void toast(t("update.ready"), { action: { label: t("update.load"), run: load }, forMs: 86_400_000 });
    // Nobody has begun anything yet.
    if (performance.now() - begun < 1_500) take(waiting, ask);
    else ask();
  };
  try {
    const registration = await container.register("/sw.js", { updateViaCache: "none" });
    if (registration.waiting !== null && container.controller !== null) offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const fresh = registration.installing;
      fresh?.addEventListener("statechange", () => {
        if (fresh.state === "installed" && container.controller !== null) offer(fresh);
      });
    });
    setInterval(() => void registration.update().catch(() => {}), lookAgainMs);
  } catch (error) {
    // Over http to another machine there is no worker: the page works as far as the network does.
    console.warn(error);
  }
}
