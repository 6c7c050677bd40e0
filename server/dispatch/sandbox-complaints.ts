/** Who plays a recipient that complains does so when the message is there: an event of its own, after that of the delivery. */
import type { Instant, QueuedMessage, QueuedRecipient, Store } from "../store/store.ts";

const lookEveryMs = 200;
/** A delivery whose event is not seen within so many looks has not come about. */
const looks = 50;
/** Complaints that are waited for at a time; who asks for more of them gets none. */
export const maxComplaining = 1_000;

export function makeComplainer({
  store,
  now,
  safely,
}: {
  readonly store: Pick<Store, "sendingEvents" | "addSendingEvents">;
  readonly now: () => Instant;
  readonly safely: (what: string, work: Promise<unknown>) => void;
}): (message: QueuedMessage, recipient: QueuedRecipient) => void {
  const complain = async ({ id, tenant, stream, campaign = "" }: QueuedMessage, who: QueuedRecipient) => {
    if (tenant === undefined) return;
    for (let look = 0; look < looks; look++) {
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs).unref());
      const events = await store.sendingEvents({ message: id });
      if (!events.some(({ type, recipient }) => type === "delivered" && recipient === who.address)) continue;
      const detail = { n: who.id, feedback: "abuse", by: "sandbox", sandbox: true };
      await store.addSendingEvents([
        { at: now(), type: "complained", tenant, stream, campaign, message: id, recipient: who.address, detail },
      ]);
      return;
    }
  };
  let complaining = 0;
  return (message, recipient) => {
    if (complaining >= maxComplaining) return;
    complaining++;
    safely(
      "a complaint of the sandbox",
      complain(message, recipient).finally(() => {
        complaining--;
      }),
    );
  };
}
