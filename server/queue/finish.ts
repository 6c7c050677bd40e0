/** What becomes of recipients when their attempt is over: settlements, journey and notices, brought into the store as one. */

import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Log } from "../base/log.ts";
import type { Outcome } from "../send/classify.ts";
import type { Attempt } from "../send/converse.ts";
import type { Path } from "../send/site.ts";
import type { ParkLane } from "../store/sending.ts";
import type { Acceptance, QueuedMessage, QueuedRecipient, Settlement, Store } from "../store/store.ts";
import type { Heard } from "./dispatching.ts";
import type { Ending, Waited } from "./here.ts";
import type { Holding } from "./holding.ts";
import type { Held } from "./item.ts";
import type { MessageMemory } from "./message-memory.ts";
import { type Reported, type Results, resultsOf } from "./results.ts";
import type { Schedule } from "./schedule.ts";
import { Settler } from "./settler.ts";

/** Makes the notices that mail in the queue causes (`server/report/bounce.ts`); undefined where none is due. */
export type QueueNotices = {
  notice(
    kind: "failure" | "delay" | "success",
    message: QueuedMessage,
    content: Buffer,
    recipients: readonly Reported[],
  ): Promise<Acceptance | undefined>;
};

export type FinisherAsk = {
  readonly store: Pick<Store, "settle">;
  readonly notices: QueueNotices;
  readonly holding: Holding;
  readonly memory: MessageMemory;
  readonly schedule: (message: QueuedMessage) => Schedule;
  /** Where a message's recipients wait that are tried again; undefined: nowhere. */
  readonly park: (message: QueuedMessage, path: Path | undefined) => string | undefined;
  /** Recipients wait in the store now: where, and until when. */
  readonly parked: (lane: ParkLane) => void;
  /** How often what holds mail up has changed: a throttle was taken back, a campaign goes on. */
  readonly changes: () => number;
  /** It changed while mail was on its way to these parks, where nobody could wake it: it has to be looked at again. */
  readonly missed: (parks: readonly string[]) => void;
  readonly maxBatch: number;
  readonly now: () => number;
  readonly random: () => number;
  readonly log: Log;
  /** A notice was accepted that has to be sent: it can go at once. */
  readonly offer: (message: QueuedMessage, bytes: Uint8Array) => void;
  /** Recipients have left memory. */
  readonly madeRoom: () => void;
};

const noBytes = Buffer.alloc(0);
const nothingHeard: Pick<Heard, "suppress" | "strikes"> = { suppress: [], strikes: [] };
/** A notice that could not be made is tried again with its message after this. */
const noticeRetryMs = 300_000;

export class Finisher {
  readonly #ask: FinisherAsk;
  readonly #settler: Settler;
  /** Notices being made. */
  readonly #making = new Set<Promise<void>>();
  delivered = 0;
  deferred = 0;
  failed = 0;

  constructor(ask: FinisherAsk) {
    this.#ask = ask;
    this.#settler = new Settler({
      store: ask.store,
      maxBatch: ask.maxBatch,
      log: ask.log,
      settled: (results, notices, accepted) => {
        for (const { held, settlements } of results)
          ask.holding.forget(
            held,
            settlements.map(({ recipient }) => recipient),
          );
        const missed = new Set<string>();
        for (const { held, settlements, decidedAt } of results)
          for (const { recipient, outcome } of settlements)
            if (outcome.kind === "later" && outcome.park !== undefined) {
              const { urgency = 0 } = held.message.recipients.find(({ id }) => id === recipient) ?? {};
              ask.parked({ park: outcome.park, urgency, nextAt: outcome.nextAt });
              if (decidedAt !== undefined && decidedAt !== ask.changes()) missed.add(outcome.park);
            }
        if (missed.size > 0) ask.missed([...missed]);
        for (let index = 0; index < accepted.length; index++) {
          const { queued } = accepted[index]!;
          if (queued !== undefined) ask.offer(queued, notices[index]!.message.bytes);
        }
        ask.madeRoom();
      },
    });
  }

  get stale(): number {
    return this.#settler.stale;
  }

  /** Results not yet durable. */
  get unsettled(): number {
    return this.#settler.pending;
  }

  /** One outcome for each recipient. `attempt` is undefined where no session came about. */
  finish(
    held: Held,
    recipients: readonly QueuedRecipient[],
    outcomes: readonly Outcome[],
    attempt: Attempt | undefined,
    path: Path | undefined,
    details: { readonly [name: string]: unknown },
    heard: Pick<Heard, "suppress" | "strikes"> = nothingHeard,
  ): void {
    const results = this.#resultsOf(held, recipients, outcomes, attempt, path, details);
    this.#count(results.settlements);
    if (results.failed.length + results.delayed.length + results.succeeded.length === 0) {
      const { settlements, journey } = results;
      this.#settler.add({ held, settlements, notices: [], journey, ...heard });
      return;
    }
    const making = this.#finishWithNotices(held, results, heard).finally(() => this.#making.delete(making));
    this.#making.add(making);
  }

  /** The same outcome for all, without a session. */
  all(
    held: Held,
    recipients: readonly QueuedRecipient[],
    outcome: Outcome,
    path: Path | undefined,
    details: { readonly [name: string]: unknown } = {},
  ): void {
    const outcomes = recipients.map(() => outcome);
    this.finish(held, recipients, outcomes, undefined, path, details);
  }

  #resultsOf(
    held: Held,
    recipients: readonly QueuedRecipient[],
    outcomes: readonly Outcome[],
    attempt: Attempt | undefined,
    path: Path | undefined,
    details: { readonly [name: string]: unknown },
  ): Results {
    const { message } = held;
    const { now, random, schedule, park } = this.#ask;
    return resultsOf(message, recipients, outcomes, attempt, path, details, {
      now: now(),
      schedule: () => schedule(message),
      random,
      park: () => park(message, path),
      token: (recipient) => this.#leaseToken(held, recipient),
    });
  }

  #leaseToken({ message }: Held, recipient: QueuedRecipient): number {
    return this.#ask.holding.lease(message, recipient)?.token ?? 0;
  }

  /** What ends the wait of a recipient that somebody else's transaction delivers to. */
  endOf(held: Held, recipient: QueuedRecipient, said: Reply): Ending {
    return this.#resultsOf(held, [recipient], [{ kind: "delivered", reply: said }], undefined, undefined, {});
  }

  /** That is committed, or somebody else has the recipient. */
  ended(held: Held, { ending: { settlements }, state }: Waited): void {
    if (state === "over") this.#count(settlements);
    this.#ask.holding.forget(
      held,
      settlements.map(({ recipient }) => recipient),
    );
    this.#ask.madeRoom();
  }

  /** Gives recipients back to the store, untried, until a time. `decidedAt`: `changes` when that was decided, where it was not just now. */
  postpone(
    held: Held,
    recipients: readonly QueuedRecipient[],
    nextAt: number,
    park?: string,
    decidedAt = this.#ask.changes(),
  ): void {
    const settlements = this.untried(held, recipients, nextAt, park);
    this.#settler.add({ held, settlements, notices: [], journey: [], decidedAt });
  }

  /** The settlements that give recipients back. */
  untried(held: Held, recipients: readonly QueuedRecipient[], nextAt: number, park?: string): Settlement[] {
    return recipients.map((recipient): Settlement => {
      // Where it came from, unless another place is known.
      const place = park ?? recipient.park;
      return {
        queue: held.message.id,
        recipient: recipient.id,
        token: this.#leaseToken(held, recipient),
        outcome: {
          kind: "later",
          nextAt,
          delayWarned: recipient.delayWarned,
          countsAsAttempt: false,
          ...(place === undefined ? {} : { park: place }),
        },
        reply: recipient.lastReply ?? "",
      };
    });
  }

  /** Resolves when all is durable; a store in trouble is not waited for. */
  async stop(): Promise<void> {
    while (this.#making.size > 0) await Promise.all(this.#making);
    this.#settler.stop();
    await this.#settler.flushed();
  }

  /** The notice is stored in one with the result that causes it. When it cannot be made now, the result waits for it. */
  async #finishWithNotices(held: Held, results: Results, heard: Pick<Heard, "suppress" | "strikes">): Promise<void> {
    const { notices, memory, now, log } = this.#ask;
    const { message } = held;
    for (const { stage, detail } of results.journey)
      if (stage === "bounced" || stage === "expired")
        log.info({ queue: message.id, from: message.envelopeFrom, ...detail }, stage);
    try {
      // A message that cannot be read any more still gets its notice, without its text.
      const content = held.bytes ?? ((await memory.load(held)) ? held.bytes : undefined) ?? noBytes;
      const made: Acceptance[] = [];
      const journey = [...results.journey];
      for (const [kind, reported] of [
        ["failure", results.failed],
        ["delay", results.delayed],
        ["success", results.succeeded],
      ] as const) {
        if (reported.length === 0) continue;
        const notice = await notices.notice(kind, message, content, reported);
        if (notice !== undefined) made.push(notice);
        // The null sender is told nothing (RFC 5321 §4.5.5): the journey is all that remains of it.
        if (notice !== undefined || (kind === "failure" && message.envelopeFrom === ""))
          journey.push({
            at: now(),
            stage: "notified",
            trace: message.id,
            keys: [],
            detail: { kind, sender: message.envelopeFrom, sent: notice !== undefined },
          });
      }
      const { settlements } = results;
      this.#settler.add({ held, settlements, notices: made, journey, ...heard });
    } catch (error) {
      log.error({ err: error, queue: message.id }, "a notice could not be made; the message is tried again");
      const nextAt = now() + noticeRetryMs;
      const settlements = results.settlements.map((settlement): Settlement => {
        if (settlement.outcome.kind === "delivered") return settlement;
        const { event: _, ...rest } = settlement;
        return { ...rest, outcome: { kind: "later", nextAt, delayWarned: false, countsAsAttempt: true } };
      });
      this.#settler.add({ held, settlements, notices: [], journey: results.journey });
    }
    memory.drop(held);
  }

  #count(settlements: readonly Settlement[]): void {
    for (const { outcome } of settlements) {
      if (outcome.kind === "delivered") this.delivered++;
      else if (outcome.kind === "failed") this.failed++;
      else this.deferred++;
    }
  }
}
