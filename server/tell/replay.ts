/** Sends a webhook's events again: for the API and for commands. */
import type { Instant, Store } from "../store/store.ts";
import type { Runner } from "./runner.ts";
import type { Webhooks } from "./webhooks.ts";

/** One of them: an event, all after one, all since a moment; none: now what failed. */
export type Replay = { readonly event?: number; readonly after?: number; readonly since?: Instant };

/** "evt_17" or "17"; undefined: it is no event. */
export function eventNumber(text: string): number | undefined {
  return /^(?:evt_)?\d{1,15}$/.test(text) ? Number(text.replace("evt_", "")) : undefined;
}

/** False: there is no such event, or it is another tenant's. */
export async function replay(
  runner: Runner,
  { event, after, since }: Replay,
  { store, webhooks }: { readonly store: Pick<Store, "sendingEvents">; readonly webhooks: Webhooks },
): Promise<boolean> {
  if (event !== undefined) {
    const { tenant } = runner.endpoint;
    const [found] = await store.sendingEvents({ after: event - 1, limit: 1, ...(tenant === "" ? {} : { tenant }) });
    if (found?.id !== event) return false;
    await runner.resend(event);
  } else if (after !== undefined) await runner.rewind(after);
  else if (since !== undefined) await runner.rewind(await webhooks.lastBefore(since));
  else await runner.retryNow();
  return true;
}
