/**
 * Brings results into the store, many at a time: while one settlement is being made durable the next gathers, so that the
 * batch grows with the load and no timer is needed.
 */
import type { Log } from "../base/log.ts";
import type { Strike, Suppression } from "../store/sending.ts";
import type { Acceptance, JourneyEntry, Settlement, Store } from "../store/store.ts";
import type { Held } from "./item.ts";

export type Result = {
  readonly held: Held;
  readonly settlements: readonly Settlement[];
  readonly notices: readonly Acceptance[];
  readonly journey: readonly JourneyEntry[];
  readonly suppress?: readonly Suppression[];
  readonly strikes?: readonly Strike[];
  /** How often what holds mail up had changed when this was decided (`FinisherAsk.changes`). */
  readonly decidedAt?: number;
};

export type SettlerAsk = {
  readonly store: Pick<Store, "settle">;
  readonly maxBatch: number;
  readonly log: Log;
  /** The results are durable: their recipients are over. `accepted[i]` belongs to `notices[i]`. */
  readonly settled: (results: readonly Result[], notices: readonly Acceptance[], accepted: Accepted) => void;
};
type Accepted = Awaited<ReturnType<Store["settle"]>>["accepted"];

/** Between attempts while the store is in trouble. */
const retryMs = 1000;

export class Settler {
  readonly #ask: SettlerAsk;
  #pending: Result[] = [];
  #underWay = 0;
  #running: Promise<void> | undefined;
  #stopped = false;
  /** Settlements whose lease had passed to somebody else: the message may have gone out twice. */
  stale = 0;

  constructor(ask: SettlerAsk) {
    this.#ask = ask;
  }

  /** Results not yet durable. */
  get pending(): number {
    return this.#pending.length + this.#underWay;
  }

  add(result: Result): void {
    this.#pending.push(result);
    this.#running ??= this.#run();
  }

  /** Resolves when all that was added is durable, or the store fails while stopping. */
  async flushed(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** From now on a store in trouble is not tried again: leases run out, and everything is sent by who claims it. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    // What ends in one turn of the event loop is settled together.
    await new Promise(setImmediate);
    while (this.#pending.length > 0) {
      const batch = this.#batch();
      this.#underWay = batch.length;
      const done = await this.#settle(batch);
      if (done) continue;
      if (this.#stopped) break;
      this.#underWay = 0;
      this.#pending = [...batch, ...this.#pending];
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
    this.#running = undefined;
  }

  /** Results up to the bound. One with notices goes alone: whoever has lost its lease sends no bounce, and that is all or nothing. */
  #batch(): Result[] {
    if (this.#pending[0]!.notices.length > 0) return this.#pending.splice(0, 1);
    const next = this.#pending.findIndex(({ notices }) => notices.length > 0);
    const most = next < 0 ? this.#pending.length : next;
    return this.#pending.splice(0, Math.min(most, this.#ask.maxBatch));
  }

  async #settle(batch: readonly Result[]): Promise<boolean> {
    const settlements: Settlement[] = [];
    const notices: Acceptance[] = [];
    const journey: JourneyEntry[] = [];
    const suppress: Suppression[] = [];
    const strikes: Strike[] = [];
    for (const result of batch) {
      for (const settlement of result.settlements) settlements.push(settlement);
      for (const notice of result.notices) notices.push(notice);
      for (const entry of result.journey) journey.push(entry);
      if (result.suppress !== undefined) suppress.push(...result.suppress);
      if (result.strikes !== undefined) strikes.push(...result.strikes);
    }
    try {
      const { stale, accepted } = await this.#ask.store.settle({
        settlements,
        notices,
        journey,
        ...(suppress.length === 0 ? {} : { suppress }),
        ...(strikes.length === 0 ? {} : { strikes }),
      });
      if (stale > 0) {
        this.stale += stale;
        this.#ask.log.warn({ stale }, "leases were lost while sending: some mail may have been sent twice");
      }
      this.#underWay = 0;
      this.#ask.settled(batch, notices, accepted);
      return true;
    } catch (error) {
      this.#ask.log.error({ err: error, results: batch.length }, "results of sending could not be stored");
      return false;
    }
  }
}
