/** Mail that waits for its time here though its recipients are here too (RFC 4865): the queue keeps it, and hands it back when it is due. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Log } from "../base/log.ts";
import type { Outcome } from "../send/classify.ts";
import type { QueuedMessage, QueuedRecipient, SettleRequest } from "../store/store.ts";

/** What ends the wait of a recipient in the queue. */
export type Ending = Pick<SettleRequest, "settlements" | "journey">;

/** An ending on its way into the transaction of the delivery: a kill between the two would deliver twice. */
export class Waited {
  readonly ending: Ending;
  /** over: it is committed with the delivery. lost: somebody else has the recipient, and nothing was delivered. */
  state: "open" | "over" | "lost" = "open";

  constructor(ending: Ending) {
    this.ending = ending;
  }
}

/** Delivers to one of our own people; the reply is as to anybody who hands mail over. `endOf`: what ends the wait with this reply. */
export type DeliverHere = (
  message: QueuedMessage,
  recipient: QueuedRecipient,
  bytes: Buffer,
  endOf: (said: Reply) => Waited,
) => Promise<Reply>;

/** What becomes of the recipient; a `Waited` whose state is over or lost where nothing is left to be done. */
export async function outcomeHere(
  deliver: DeliverHere,
  message: QueuedMessage,
  recipient: QueuedRecipient,
  bytes: Buffer,
  end: (said: Reply) => Ending,
  log: Log,
): Promise<Outcome | Waited> {
  let waited: Waited | undefined;
  const isOver = (): boolean => waited !== undefined && waited.state !== "open";
  try {
    const said = await deliver(message, recipient, bytes, (reply) => (waited = new Waited(end(reply))));
    if (isOver()) return waited!;
    if (said.code < 400) return { kind: "delivered", reply: said };
    if (said.code < 500) return { kind: "later", reply: said, why: "system", delayMs: undefined, ours: true };
    return { kind: "failed", reply: said, why: "recipient", ours: true };
  } catch (error) {
    if (isOver()) return waited!;
    log.error({ err: error, queue: message.id }, "what waited for its time could not be delivered here");
    return { kind: "later", reply: trouble, why: "system", delayMs: undefined, ours: true };
  }
}

const trouble = reply(451, "4.3.0", "Local trouble: it is tried again");
