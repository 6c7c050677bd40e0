/** What each recipient of queued messages waits for. */
import type { Wait } from "../queue/queue.ts";
import { waitOf } from "../queue/waits.ts";
import type { JourneyEntry, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import { withheldOf, withheldSetting } from "../store/withheld.ts";
import type { World } from "./command.ts";

/** `journey`: what is known of the one message that is asked about. */
export async function waitsOf(
  messages: readonly QueuedMessage[],
  { store, queue, sending, now }: Pick<World, "store" | "queue" | "sending" | "now">,
  journey: readonly JourneyEntry[] = [],
): Promise<(message: QueuedMessage, recipient: QueuedRecipient) => Wait> {
  const withheld = withheldOf(await store.setting(withheldSetting));
  const inHand = queue?.waits(new Set(messages.map(({ id }) => id)));
  const at = now();
  return (message, recipient) => {
    const { id, park, urgency = 0 } = recipient;
    return waitOf(message, recipient, {
      inHand: inHand?.get(message.id)?.get(id),
      opening: park === undefined ? undefined : sending?.opening(park, urgency),
      withheld,
      journey,
      now: at,
    });
  };
}
