/** Which way the recipients of a message in memory go: those that end here do so at once, the ways of the others are looked up. */
import type { PathResult } from "../send/send.ts";
import type { TlsWish } from "../send/strongest.ts";
import type { QueuedMessage, QueuedRecipient } from "../store/store.ts";

import type { Admitting } from "./admitting.ts";
import type { Finisher } from "./finish.ts";
import type { HereStage } from "./here-stage.ts";
import type { Held, Looking } from "./item.ts";
import { noWayYet } from "./outcomes.ts";
import type { QueueAsk } from "./queue-ask.ts";

export type WaysAsk = Pick<QueueAsk, "send" | "dispatch" | "log"> & {
  readonly here: HereStage;
  readonly admitting: Admitting;
  readonly finisher: Pick<Finisher, "all">;
  /** Mail whose way is being looked up. */
  readonly looking: Set<Looking>;
};

export class Ways {
  readonly #ask: WaysAsk;

  constructor(ask: WaysAsk) {
    this.#ask = ask;
  }

  /** Answers when it is decided what becomes of all of them; undefined: it is already. */
  find(held: Held, all: readonly QueuedRecipient[]): Promise<void> | undefined {
    const { send, here } = this.#ask;
    const recipients = here.withoutOurs(held, this.#withoutSimulated(held, all));
    if (recipients.length === 0) return undefined;
    const { message } = held;
    if (recipients.length === 1) {
      const result = send.path(recipients[0]!.domain, message.envelopeFrom, this.#wish(message));
      return this.#whenKnown(result, held, recipients);
    }
    const deciding: (Promise<void> | undefined)[] = [];
    // Domains that go the same way share transactions, as far as their ways are known now.
    const byPath = new Map<string, { readonly result: PathResult; readonly recipients: QueuedRecipient[] }>();
    for (const [domain, some] of Map.groupBy(recipients, (recipient) => recipient.domain)) {
      const result = send.path(domain, message.envelopeFrom, this.#wish(message));
      if (result instanceof Promise || result.kind === "none") {
        deciding.push(this.#whenKnown(result, held, some));
        continue;
      }
      const group = byPath.get(result.path.key);
      if (group === undefined) byPath.set(result.path.key, { result, recipients: [...some] });
      else group.recipients.push(...some);
    }
    for (const { recipients, result } of byPath.values())
      deciding.push(this.#ask.admitting.place(held, recipients, result));
    return deciding.every((one) => one === undefined) ? undefined : Promise.all(deciding).then(() => undefined);
  }

  /** Those of the sandbox have come to their end; answers who is left. */
  #withoutSimulated(held: Held, recipients: readonly QueuedRecipient[]): readonly QueuedRecipient[] {
    const { dispatch, finisher } = this.#ask;
    if (dispatch === undefined) return recipients;
    return recipients.filter((recipient) => {
      const outcome = dispatch.simulated(held.message, recipient);
      if (outcome !== undefined) finisher.all(held, [recipient], outcome, undefined);
      return outcome === undefined;
    });
  }

  #wish(message: QueuedMessage): TlsWish {
    // RFC 8689 §5: a notice is not lost because the next server knows nothing of REQUIRETLS.
    if (message.requireTls && message.envelopeFrom !== "") return "require";
    if (message.tenant !== undefined && this.#ask.dispatch?.insistsOnTls(message) === true) return "encrypt";
    return message.tlsOptional === true ? "optional" : "default";
  }

  #whenKnown(
    result: PathResult | Promise<PathResult>,
    held: Held,
    recipients: readonly QueuedRecipient[],
  ): Promise<void> | undefined {
    const { admitting, looking, log } = this.#ask;
    if (!(result instanceof Promise)) return admitting.place(held, recipients, result);
    const one: Looking = { held, recipients };
    looking.add(one);
    return result
      .catch((error): PathResult => {
        log.error({ err: error, queue: held.message.id }, "finding a way broke");
        return { kind: "none", outcome: noWayYet };
      })
      .then((known) => {
        looking.delete(one);
        return admitting.place(held, one.recipients, known);
      })
      .catch((error) => log.error({ err: error, queue: held.message.id }, "the queue broke"));
  }
}
