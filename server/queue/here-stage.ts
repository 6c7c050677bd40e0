/** Recipients in the queue that are here (`here.ts`): what waited for its time is delivered when it comes. */
import type { Reply } from "../../protocol/smtp/reply.ts";
import { hereDomain } from "../store/queued.ts";
import type { QueuedRecipient } from "../store/store.ts";

import type { Finisher } from "./finish.ts";
import { type Ending, outcomeHere, Waited } from "./here.ts";
import type { Held, ItemOwner, Looking } from "./item.ts";
import type { Life } from "./life.ts";
import type { MessageMemory } from "./message-memory.ts";
import { unread } from "./outcomes.ts";
import type { QueueAsk } from "./queue-ask.ts";

export type HereStageAsk = Pick<QueueAsk, "deliverHere" | "log"> & {
  readonly life: Life;
  readonly memory: MessageMemory;
  readonly finisher: Finisher;
  readonly looking: Set<Looking>;
  readonly owner: Pick<ItemOwner, "done">;
};

export class HereStage {
  readonly #ask: HereStageAsk;

  constructor(ask: HereStageAsk) {
    this.#ask = ask;
  }

  /** Those that are here get it now; answers who is left. */
  withoutOurs(held: Held, all: readonly QueuedRecipient[]): readonly QueuedRecipient[] {
    if (!all.some(({ domain }) => domain === hereDomain)) return all;
    const ours = all.filter(({ domain }) => domain === hereDomain);
    this.#deliver(held, ours).catch((error) =>
      this.#ask.log.error(
        { err: error, queue: held.message.id },
        "what waited for its time could not be delivered here",
      ),
    );
    return all.filter(({ domain }) => domain !== hereDomain);
  }

  async #deliver(held: Held, ours: readonly QueuedRecipient[]): Promise<void> {
    const { life, memory, finisher, looking, owner, deliverHere, log } = this.#ask;
    const one: Looking = { held, recipients: ours };
    looking.add(one);
    try {
      for (const recipient of ours) {
        const bytes = (await memory.load(held)) ? held.bytes : undefined;
        // Somebody may have taken it out of the queue meanwhile.
        if (!life.running || !one.recipients.includes(recipient)) continue;
        one.recipients = one.recipients.filter((other) => other !== recipient);
        if (bytes === undefined || deliverHere === undefined) {
          finisher.all(held, [recipient], unread, undefined);
          continue;
        }
        const end = (said: Reply): Ending => finisher.endOf(held, recipient, said);
        const result = await outcomeHere(deliverHere, held.message, recipient, bytes, end, log);
        if (!(result instanceof Waited)) owner.done(held, [recipient], [result], undefined, undefined);
        else {
          finisher.ended(held, result);
          memory.drop(held);
        }
      }
    } finally {
      looking.delete(one);
    }
  }
}
