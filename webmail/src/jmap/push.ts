/** State changes by EventSource (RFC 8620 §7.3): the browser reconnects by itself, this looks after the cases where it gives up. */
export type Pushed = { readonly [type: string]: string };

const pingSeconds = 60;
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
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  const open = () => {
    const filled = url.replace("{types}", "*").replace("{closeafter}", "no").replace("{ping}", String(pingSeconds));
    source = new EventSource(filled);
    source.addEventListener("open", () => {
      failures = 0;
      connected(true);
    });
    source.addEventListener("state", (event) => {
      const { changed: all } = JSON.parse((event as MessageEvent<string>).data) as {
        changed?: { [id: string]: Pushed };
      };
      const ours = all?.[accountId];
      if (ours !== undefined) changed(ours);
      // What others share: which of it has changed is asked for.
      if (Object.keys(all ?? {}).some((id) => id !== accountId)) changed({ Mailbox: "" });
    });
    source.addEventListener("error", () => {
      connected(false);
      if (source?.readyState !== EventSource.CLOSED) return;
      clearTimeout(timer);
      timer = setTimeout(open, againMs[Math.min(failures++, againMs.length - 1)]);
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
