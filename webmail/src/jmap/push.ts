/** State changes by EventSource (RFC 8620 §7.3): the browser reconnects by itself, this looks after the cases where it gives up. */
import { authorization } from "./credentials.ts";
import { openEvents } from "./event-stream.ts";

export type Pushed = { readonly [type: string]: string };

const pingSeconds = 60;
/** A server without a stream of events is asked what is new now and then. */
const askMs = 60_000;
const againMs = [1_000, 2_000, 5_000, 10_000, 30_000];

/**
 * @param url the session's eventSourceUrl
 * @param changed the new states of our account
 * @param connected told when the connection comes and goes
 * @returns how to end it
 */
export function listen(
  url: string,
  accountId: string,
  changed: (states: Pushed) => void,
  connected: (is: boolean) => void,
): () => void {
  let close: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: ReturnType<typeof setInterval> | undefined;
  let failures = 0;
  const opened = () => {
    failures = 0;
    connected(true);
  };
  const state = (data: string) => {
    const { changed: all } = JSON.parse(data) as { changed?: { [id: string]: Pushed } };
    const ours = all?.[accountId];
    if (ours !== undefined) changed(ours);
    // What others share: which of it has changed is asked for.
    if (Object.keys(all ?? {}).some((id) => id !== accountId)) changed({ Mailbox: "" });
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(open, againMs[Math.min(failures++, againMs.length - 1)]);
  };
  const open = () => {
    const filled = url.replace("{types}", "*").replace("{closeafter}", "no").replace("{ping}", String(pingSeconds));
    if (authorization() !== undefined) {
      close = openEvents(filled, 3 * pingSeconds * 1_000, {
        open: opened,
        event: (name, data) => name === "state" && state(data),
        closed: () => {
          connected(false);
          later();
        },
        never: () => {
          asking = setInterval(() => changed({ Email: "", Mailbox: "" }), askMs);
          opened();
        },
      });
      return;
    }
    const source = new EventSource(filled);
    close = () => source.close();
    source.addEventListener("open", opened);
    source.addEventListener("state", (event) => state((event as MessageEvent<string>).data));
    source.addEventListener("error", () => {
      connected(false);
      if (source.readyState === EventSource.CLOSED) later();
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    clearInterval(asking);
    close?.();
  };
}
