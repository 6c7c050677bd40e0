/** Mail that waits for its time here though its recipients are here too (RFC 4865): the queue keeps it, and hands it back when it is due. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Log } from "../log.ts";
import type { Outcome } from "../send/classify.ts";
import type { QueuedMessage, QueuedRecipient } from "../store/store.ts";

/** Stands for the domain of such recipients in the queue; no address has it. */
export const hereDomain = "(here)";

/** Delivers to one of our own people; the reply is as to anybody who hands mail over. */
export type DeliverHere = (message: QueuedMessage, recipient: QueuedRecipient, bytes: Buffer) => Promise<Reply>;

export async function outcomeHere(
  deliver: DeliverHere,
  message: QueuedMessage,
  recipient: QueuedRecipient,
  bytes: Buffer,
  log: Log,
): Promise<Outcome> {
  try {
    const said = await deliver(message, recipient, bytes);
    if (said.code < 400) return { kind: "delivered", reply: said };
    if (said.code < 500) return { kind: "later", reply: said, why: "system", delayMs: undefined, ours: true };
    return { kind: "failed", reply: said, why: "recipient", ours: true };
  } catch (error) {
    log.error({ err: error, queue: message.id }, "what waited for its time could not be delivered here");
    return { kind: "later", reply: trouble, why: "system", delayMs: undefined, ours: true };
  }
}

const trouble = reply(451, "4.3.0", "Local trouble: it is tried again");
