/** Where tenants' mail waits for its turn, when it goes on, and why not before. */
import type { Dispatching } from "../queue/dispatching.ts";
import type { Instant, Store } from "../store/store.ts";
import { type ParkKey, parkKey } from "./parks.ts";

export type Waiting = ParkKey & {
  readonly recipients: number;
  /** When the next of it may go. */
  readonly nextAt: Instant;
  /** Why the next does not go now; "" where its time or its turn has not come. */
  readonly because: string;
};

export async function waitingMail(
  store: Pick<Store, "queueParks" | "parkLanes">,
  dispatch: Pick<Dispatching, "opening">,
  now: Instant,
): Promise<readonly Waiting[]> {
  const lanes = Map.groupBy(await store.parkLanes(), ({ park }) => park);
  return (await store.queueParks()).map(({ park, recipients, nextAt }) => {
    let first: { readonly until: Instant; readonly because: string } | undefined;
    for (const { urgency, nextAt: due } of lanes.get(park) ?? []) {
      const opening = dispatch.opening(park, urgency, now);
      const because = opening.kind === "closed" ? opening.because : "";
      // What was put back into its park waits for its time, and for the same reason.
      const wait = { until: opening.kind === "closed" && due <= now ? opening.until : due, because };
      if (first === undefined || wait.until < first.until) first = wait;
    }
    const { until, because } = first ?? { until: nextAt, because: "" };
    return { ...parkKey(park), recipients, nextAt: until, because };
  });
}
