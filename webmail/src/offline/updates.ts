/** The service worker: registered when the page has been shown; a new build takes over at the next start, or when the reader says so. */
import { toast } from "../../../ui/toasts.svelte.ts";
import { keepOpenLetters } from "../compose/letters.svelte.ts";
import { t } from "../words.ts";

const lookAgainMs = 60 * 60_000;
/**
 * Within this time a new worker has taken over. Chromium may drop its turn, and does not come back to it, when the page asks the old one for
 * something at that very moment; a page that is loaded anew begins from the beginning.
 */
const takesMs = 5_000;
/** So long nobody has begun anything. */
const startMs = 1_500;
/** Kept until the page that comes: it was loaded anew to give a new worker its turn. */
const again = "angarium.update";

export async function followUpdates(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const container = navigator.serviceWorker;
  const begun = performance.now();
  const atStart = () => performance.now() - begun < startMs;
  let loading = false;
  let wanted = false;
  const reload = () => {
    if (loading) return;
    loading = true;
    location.reload();
  };
  container.addEventListener("controllerchange", () => {
    // The first worker takes over a page that is as new as itself.
    if (wanted) reload();
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
  /** @param said the reader has said so, before the page was loaded anew for it */
  const offer = (waiting: ServiceWorker, said = false) => {
    // What was kept opens again in any page that comes now: this one is not written in any more.
    const anew = () => {
      sessionStorage.setItem(again, "yes");
      reload();
    };
    const load = (otherwise: () => void) => void keepOpenLetters().finally(() => take(waiting, otherwise));
    const ask = () =>
      void toast(t("update.ready"), { action: { label: t("update.load"), run: () => load(anew) }, forMs: 86_400_000 });
    if (atStart()) take(waiting, ask);
    else if (said) load(ask);
    else ask();
  };
  try {
    const registration = await container.register("/sw.js", { updateViaCache: "none" });
    const wasLoadedAnew = sessionStorage.getItem(again) !== null;
    sessionStorage.removeItem(again);
    if (registration.waiting !== null && container.controller !== null) offer(registration.waiting, wasLoadedAnew);
    // It got its turn while this page still came from the worker before.
    else if (wasLoadedAnew) return reload();
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
