/** What follows when a person turns a campaign to another state: the same for commands, the API and a tenant's own page. */
import type { Queue } from "../queue/queue.ts";
import type { Instant, Store } from "../store/store.ts";
import { type Edited, loadModel, putThing } from "./edit.ts";
import type { Named } from "./model.ts";
import { parkKey } from "./parks.ts";
import type { Kind } from "./schema.ts";

export type Steering = {
  readonly store: Pick<
    Store,
    "sendingRows" | "putSendingRows" | "parkNames" | "wakeParks" | "addSendingEvents" | "queueAct"
  >;
  /** Undefined where no server runs: then nothing is on its way, and the store is enough. */
  readonly queue: Pick<Queue, "act"> | undefined;
  readonly now: () => Instant;
};

/** The parks in which mail of a campaign waits. */
export async function parksOf(store: Pick<Store, "parkNames">, tenant: string, campaign: string): Promise<string[]> {
  return (await store.parkNames()).filter((park) => {
    const key = parkKey(park);
    return key.tenant === tenant && key.campaign === campaign;
  });
}

/** `putThing`; of a campaign what its state means for the mail that waits is done too. `canceled`: recipients that were still waiting. */
export async function steer(
  steering: Steering,
  kind: Kind,
  name: string,
  change: { readonly [field: string]: unknown },
  make: "new" | "known" | "either",
  file?: Named,
): Promise<Edited & { readonly canceled?: number }> {
  const { store } = steering;
  const steered = kind === "campaign" || kind === "tenant";
  const before = steered ? (await loadModel(store, file))[kind].get(name)?.state : undefined;
  const edited = await putThing(steering, kind, name, change, make, file);
  const state = change["state"];
  if (edited.kind === "refused" || !steered || typeof state !== "string") return edited;
  if (kind === "tenant") {
    const { reason } = edited.value as { readonly reason: string };
    if (state !== (before ?? "active")) await tellTenant(steering, name, state, reason);
    return edited;
  }
  // A campaign that receivers stopped keeps its mail until a person says so too.
  if (state === (before ?? "sending") && state !== "stopped") return edited;
  const { reason } = edited.value as { readonly reason: string };
  const canceled = await follow(steering, name, state, reason);
  return state === "stopped" ? { ...edited, canceled } : edited;
}

async function tellTenant({ store, now }: Steering, tenant: string, state: string, reason: string): Promise<void> {
  const type = state === "active" ? ("resumed" as const) : ("paused" as const);
  const detail = { state, reason };
  await store.addSendingEvents([
    { at: now(), type, tenant, stream: "", campaign: "", message: "", recipient: "", detail },
  ]);
}

async function follow({ store, queue, now }: Steering, name: string, state: string, reason: string): Promise<number> {
  const [tenant = "", campaign = ""] = name.split("/");
  if (state === "sending") await store.wakeParks(await parksOf(store, tenant, campaign), now());
  const type = state === "sending" ? ("resumed" as const) : ("paused" as const);
  const detail = { campaign: true, state, reason };
  if (state !== "done")
    await store.addSendingEvents([
      { at: now(), type, tenant, stream: "", campaign, message: "", recipient: "", detail },
    ]);
  if (state !== "stopped") return 0;
  const which = { tenant, campaign };
  return queue === undefined ? store.queueAct(which, "delete", now()) : queue.act(which, "delete");
}
