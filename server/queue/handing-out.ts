/** What the connections take from the queue, and what they say of it afterwards. */
import { reply, replyText } from "../../protocol/smtp/reply.ts";
import type { Outcome } from "../send/classify.ts";
import type { Attempt } from "../send/converse.ts";
import type { OpenFailure } from "../send/session.ts";
import type { Path } from "../send/site.ts";
import type { QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { Condemned } from "./condemned.ts";
import type { Crowded } from "./crowded.ts";
import type { Finisher } from "./finish.ts";
import type { Holding } from "./holding.ts";
import type { Held, Item, ItemOwner } from "./item.ts";
import type { MessageMemory } from "./message-memory.ts";
import { later, unread } from "./outcomes.ts";
import type { QueueAsk } from "./queue-ask.ts";
import type { ReadyStage } from "./ready.ts";
import type { Suspended } from "./suspended.ts";

/** A lease must last at least this long when its message's turn comes; otherwise it is left to be claimed again. */
const leaseReserveMs = 60_000;
/** What came back into the line while its account was stopped, or all was held, waits so long each time. */
const restrainedMs = 300_000;
/** Journey entries name this many of the hosts that could not be reached. */
const maxTriesShown = 6;

export type HandingOutAsk = Pick<
  QueueAsk,
  "send" | "dispatch" | "restrain" | "withheld" | "settings" | "node" | "log"
> & {
  readonly ready: ReadyStage;
  readonly holding: Holding;
  readonly memory: MessageMemory;
  readonly finisher: Finisher;
  readonly condemned: Condemned;
  readonly crowded: Crowded;
  readonly suspended: Suspended;
  readonly now: () => number;
};

export class HandingOut implements ItemOwner {
  readonly #ask: HandingOutAsk;
  /** Paths that wait for the store, which has to know first what was sent. */
  readonly #stalled = new Map<string, Path>();

  constructor(ask: HandingOutAsk) {
    this.#ask = ask;
  }

  take(key: string): Item | undefined {
    const { ready, finisher, condemned, holding, settings, node, now } = this.#ask;
    if (finisher.unsettled >= settings.maxUnsettled) {
      const next = ready.take(key);
      if (next === undefined) return undefined;
      ready.putBack(next);
      this.#stalled.set(key, next.path);
      return undefined;
    }
    for (let item = ready.take(key); item !== undefined; item = ready.take(key)) {
      const { held, recipients, path } = item;
      if (condemned.fail(held, recipients, path)) continue;
      const lease = holding.lease(held.message, recipients[0]!);
      if (lease === undefined) continue;
      const heldUntil = this.#heldUntil(held.message, path);
      if (heldUntil !== undefined) {
        const { dispatch } = this.#ask;
        dispatch?.untried(held.message, recipients, path);
        finisher.postpone(held, recipients, heldUntil, dispatch?.parkOf(held.message, path));
        continue;
      }
      if (lease.owner === node || lease.until - now() > leaseReserveMs) return item;
      // Its lease is about to run out: whoever claims it next sends it.
      holding.release(held, recipients);
    }
    return undefined;
  }

  /** Undefined: it may go now. */
  #heldUntil(message: QueuedMessage, path: Path): number | undefined {
    const { restrain, withheld, dispatch, now } = this.#ask;
    const waits = withheld?.() === true || restrain?.mayNotSend(message) === true;
    return waits ? now() + restrainedMs : dispatch?.heldUntil(message, path);
  }

  /** The store knows of more that was sent: those that waited for it may take on. */
  settled(): void {
    const { finisher, settings, send } = this.#ask;
    if (this.#stalled.size === 0 || finisher.unsettled > settings.maxUnsettled / 2) return;
    const paths = [...this.#stalled.values()];
    this.#stalled.clear();
    for (const path of paths) send.wake(path);
  }

  async load(item: Item): Promise<boolean> {
    const there = await this.#ask.memory.load(item.held);
    if (!there) this.#ask.finisher.all(item.held, item.recipients, unread, item.path);
    return there;
  }

  returnPath(message: QueuedMessage, recipients: readonly QueuedRecipient[]): string | undefined {
    return message.tenant === undefined || recipients.length !== 1
      ? undefined
      : this.#ask.dispatch?.returnPath(message, recipients[0]!);
  }

  done(
    held: Held,
    recipients: readonly QueuedRecipient[],
    outcomes: readonly Outcome[],
    attempt: Attempt | undefined,
    path: Path | undefined,
  ): void {
    const { dispatch, condemned, restrain, finisher, memory } = this.#ask;
    const heard =
      dispatch === undefined || path === undefined
        ? undefined
        : dispatch.heard(held.message, recipients, outcomes, path);
    const after = heard?.outcomes ?? outcomes;
    condemned.done(held, recipients, after);
    restrain?.heard(held.message, after);
    finisher.finish(held, recipients, after, attempt, path, {}, heard);
    memory.drop(held);
  }

  unreachable(path: Path, failures: readonly OpenFailure[], backOffMs: number): void {
    const { ready, dispatch, suspended, crowded, finisher, log } = this.#ask;
    const last = failures.at(-1);
    const said = last?.reply ?? reply(451, "4.4.1", "The destination has no host to try");
    suspended.note(path, said);
    const tries = failures.slice(0, maxTriesShown).map(({ host, address, stage, reply }) => ({
      host,
      address,
      stage,
      reply: replyText(reply),
    }));
    const items = ready.drain(path.key);
    if (dispatch !== undefined) {
      dispatch.unreachable(path, failures);
      for (const { held, recipients } of items) dispatch.untried(held.message, recipients, path);
    }
    log.info({ site: path.site, tries, waiting: items.length, backOffMs }, "destination cannot be reached");
    const outcome: Outcome = {
      ...later(said, last?.stage === "tls" ? "tls" : "network", backOffMs),
      ...(last?.fromServer === true ? { saidBy: last.host } : {}),
    };
    for (const { held, recipients } of items) {
      if (held.share === undefined) crowded.note(recipients, path);
      finisher.all(held, recipients, outcome, path, { tries });
    }
  }
}
