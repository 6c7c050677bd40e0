/** What each recipient of queued messages waits for. */
import type { Wait } from "../queue/queue.ts";
import { waitOf } from "../queue/waits.ts";
import type { JourneyEntry, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { World } from "./command.ts";

/** `journey`: what is known of the one message that is asked about. */
export function waitsOf(
  messages: readonly QueuedMessage[],
  { queue, sending, now }: Pick<World, "queue" | "sending" | "now">,
  journey: readonly JourneyEntry[] = [],
): (message: QueuedMessage, recipient: QueuedRecipient) => Wait {
  const inHand = queue?.waits(new Set(messages.map(({ id }) => id)));
  const at = now();
  return (message, recipient) => {
    const { id, park, urgency = 0 } = recipient;
    return waitOf(message, recipient, {
      inHand: inHand?.get(message.id)?.get(id),
      opening: park === undefined ? undefined : sending?.opening(park, urgency),
      journey,
      now: at,
    });
  };
}
