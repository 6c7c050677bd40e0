/** Recipients whose way is known are let into the ready stage, or wait, or come to their end at once. */
import type { PathResult } from "../send/send.ts";
import type { Path } from "../send/site.ts";
import type { QueuedRecipient } from "../store/store.ts";

import { type Crowded, crowdedMs } from "./crowded.ts";
import type { Admission } from "./dispatching.ts";
import type { Finisher } from "./finish.ts";
import { type Held, Item, type ItemOwner, type Looking } from "./item.ts";
import type { Life } from "./life.ts";
import { later } from "./outcomes.ts";
import type { QueueAsk } from "./queue-ask.ts";
import type { ReadyStage } from "./ready.ts";
import type { Suspended } from "./suspended.ts";

export type AdmittingAsk = Pick<QueueAsk, "send" | "dispatch" | "settings" | "log"> & {
  readonly life: Life;
  readonly ready: ReadyStage;
  readonly crowded: Crowded;
  readonly suspended: Suspended;
  readonly finisher: Finisher;
  readonly looking: Set<Looking>;
  /** Of the items that become ready. */
  readonly owner: ItemOwner;
  readonly now: () => number;
};

export class Admitting {
  readonly #ask: AdmittingAsk;

  constructor(ask: AdmittingAsk) {
    this.#ask = ask;
  }

  /** Puts recipients into the ready stage, or says at once what becomes of them. */
  place(held: Held, recipients: readonly QueuedRecipient[], result: PathResult): Promise<void> | undefined {
    const { life, send, dispatch, suspended, finisher, crowded } = this.#ask;
    if (!life.running || recipients.length === 0) return undefined;
    if (result.kind === "none") {
      finisher.all(held, recipients, result.outcome, undefined);
      return undefined;
    }
    const { path } = result;
    const suspendedMs = send.suspendedMs(path.key);
    if (suspendedMs > 0) {
      if (held.share === undefined) crowded.note(recipients, path);
      finisher.all(held, recipients, later(suspended.said(path), "network", suspendedMs), path);
      return undefined;
    }
    if (dispatch === undefined) {
      this.#makeReady(held, recipients, path);
      return undefined;
    }
    const decidedAt = life.changes;
    const admitted = dispatch.admit(held.message, recipients, path);
    if (!(admitted instanceof Promise)) {
      this.#follow(held, admitted, decidedAt);
      return undefined;
    }
    return this.#whenAdmitted(held, recipients, admitted, decidedAt);
  }

  #whenAdmitted(
    held: Held,
    recipients: readonly QueuedRecipient[],
    admitted: Promise<readonly Admission[]>,
    decidedAt: number,
  ): Promise<void> {
    const { looking, finisher, now, log } = this.#ask;
    const one: Looking = { held, recipients };
    looking.add(one);
    return admitted
      .finally(() => looking.delete(one))
      .then((known) => this.#follow(held, known, decidedAt, new Set(one.recipients)))
      .catch((error) => {
        log.error({ err: error, queue: held.message.id }, "a message could not be let in");
        finisher.postpone(held, one.recipients, now() + crowdedMs);
      });
  }

  /** Does what was decided about recipients, those that were withdrawn meanwhile left out. */
  #follow(held: Held, admitted: readonly Admission[], decidedAt: number, still?: ReadonlySet<QueuedRecipient>): void {
    if (!this.#ask.life.running) return;
    for (const one of admitted) {
      const recipients = still === undefined ? one.recipients : one.recipients.filter((each) => still.has(each));
      if (recipients.length === 0) continue;
      if (one.kind === "go") this.#makeReady(held, recipients, one.path);
      else this.#ask.finisher.postpone(held, recipients, one.until, one.park, decidedAt);
    }
  }

  #makeReady(held: Held, recipients: readonly QueuedRecipient[], path: Path): void {
    const { dispatch, settings, ready, send, owner, now } = this.#ask;
    const { message } = held;
    // A return path of one's own is one recipient's.
    const alone = recipients.length > 1 && dispatch?.returnPath(message, recipients[0]!) !== undefined;
    const usual = settings.maxRecipientsPerTransaction;
    const most = alone ? 1 : Math.min(usual, dispatch?.maxRecipients(path) ?? usual);
    for (let at = 0; at < recipients.length; at += most) {
      const some = recipients.length <= most ? recipients : recipients.slice(at, at + most);
      if (ready.full(path.key, held.share !== undefined)) this.#noRoom(held, some, path);
      else ready.push(new Item(held, some, path, now(), owner));
    }
    send.wake(path);
  }

  #noRoom(held: Held, recipients: readonly QueuedRecipient[], path: Path): void {
    const { dispatch, finisher, crowded, now } = this.#ask;
    dispatch?.untried(held.message, recipients, path);
    // What takes turns waits where it is: claims of other mail for the same domain go on.
    if (held.share !== undefined) {
      const park = dispatch?.parkOf(held.message, path);
      finisher.postpone(held, recipients, now() + crowdedMs, park);
      return;
    }
    const noted = crowded.note(recipients, path);
    finisher.postpone(held, recipients, now() + (noted ? 0 : crowdedMs));
  }
}
