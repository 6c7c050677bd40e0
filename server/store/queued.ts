/** A message as it stands in the queue right after it came: what the store's rows say, made without reading them. */
import { queueIdOf } from "./queue-id.ts";
import type { ContentId, NewQueued, QueuedMessage, QueuedRecipient } from "./store.ts";

/** In the place of the domain of recipients that are here, and whose mail waits for its time; no address has it. */
export const hereDomain = "(here)";

/** Whether a recipient is one of this domain as a person asks for it. */
export const isOf = ({ domain, address }: Pick<QueuedRecipient, "domain" | "address">, asked: string): boolean =>
  domain === asked || (domain === hereDomain && address.toLowerCase().endsWith(`@${asked}`));

export function queuedMessageOf(
  content: ContentId,
  sizeBytes: number,
  queue: NewQueued,
  template?: ContentId,
): QueuedMessage {
  const { recipients, lease, held, ...message } = queue;
  const taken = held ? undefined : lease;
  const state = held ? "held" : taken === undefined ? "scheduled" : "leased";
  return {
    ...message,
    id: queueIdOf(content),
    content,
    ...(template === undefined ? {} : { template }),
    sizeBytes,
    recipients: recipients.map(
      (recipient, index): QueuedRecipient => ({
        ...recipient,
        id: index + 1,
        state,
        attempts: 0,
        nextAt: message.notBefore,
        delayWarned: false,
        lastReply: undefined,
        lease: taken,
      }),
    ),
  };
}

/** What mail asks of its way that was made here, or let go on, and asks for nothing special. */
export const plainTransit = {
  envid: undefined,
  ret: undefined,
  smtputf8: false,
  body: "8bitmime",
  requireTls: false,
  account: undefined,
  held: false,
} as const satisfies Partial<NewQueued>;
