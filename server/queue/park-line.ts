/**
 * Mail that waits for its turn, in the store, by park (whose mail it is, and to which provider) and urgency: a lane. What a lane may let go now is
 * asked before anything is claimed, so that mail that must wait is not touched while it waits, however much of it there is. Tenants take turns by
 * their weight: nobody's million stands before another's hundred.
 */
import type { Log } from "../base/log.ts";
import type { ParkLane } from "../store/sending.ts";
import type { Instant, QueuedMessage, Store } from "../store/store.ts";
import type { Dispatching } from "./dispatching.ts";
import { inTurns, type Strides, type Turn } from "./turns.ts";

export type ParkLineAsk = {
  readonly store: Pick<Store, "claim" | "claimExpired" | "parkLanes" | "parkNext">;
  readonly dispatch: Pick<Dispatching, "opening" | "shareOf">;
  readonly owner: string;
  readonly leaseMs: number;
  readonly now: () => Instant;
  /** Recipients of a park that are in memory. */
  readonly inMemory: (park: string) => number;
  /** A budget has room again of which more was wanted. */
  readonly again: () => void;
  readonly log: Log;
};

type Lane = {
  readonly park: string;
  readonly urgency: number;
  /** When something of it is due. */
  due: Instant;
  /** Not asked about before. */
  closedUntil: Instant;
};

/** Lanes that other nodes may have filled are looked for this often. */
const rereadMs = 60_000;
/** Recipients of a park that may be in memory, however full it is. */
const minPerPark = 200;
/** What is due and could not be claimed is looked at again after this. */
const othersMs = 1_000;
/** Recipients of expired mail that are claimed at a time. */
const expiredPortion = 500;

export class ParkLine {
  readonly #ask: ParkLineAsk;
  readonly #lanes = new Map<string, Lane>();
  readonly #strides: Strides = new Map();
  /** Claimed by budget, and not yet let in or sent back: its room does not show them. */
  readonly #undecided = new Map<string, number>();
  #rereadAt = 0;

  constructor(ask: ParkLineAsk) {
    this.#ask = ask;
  }

  /** Lanes in which something waits. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** Something waits there, and is due at this time. */
  note({ park, urgency, nextAt }: ParkLane): void {
    const key = `${urgency} ${park}`;
    const known = this.#lanes.get(key);
    if (known === undefined) this.#lanes.set(key, { park, urgency, due: nextAt, closedUntil: 0 });
    else known.due = Math.min(known.due, nextAt);
  }

  /** What was closed may be open again. */
  reopen(): void {
    for (const lane of this.#lanes.values()) lane.closedUntil = 0;
    this.#rereadAt = 0;
  }

  /**
   * Claims up to `wanted` recipients; answers how many came. `hold` takes a message, and answers when it is decided whether its recipients go or
   * wait; undefined: it is already.
   */
  async claim(wanted: number, hold: (message: QueuedMessage) => Promise<void> | undefined): Promise<number> {
    const { now, log, store } = this.#ask;
    if (now() >= this.#rereadAt) {
      this.#rereadAt = now() + rereadMs;
      for (const lane of await store.parkLanes()) this.note(lane);
    }
    let left = wanted;
    try {
      while (left > 0) {
        const round = inTurns(this.#open(left), new Map(this.#undecided), this.#strides, left);
        const claimed = await Promise.all(
          round.map(async ({ turn, count }) => ({ turn, count, messages: await this.#claim(turn.lane, count) })),
        );
        if (round.length === 0) break;
        for (const { turn, count, messages } of claimed) {
          const recipients = messages.reduce((sum, one) => sum + one.recipients.length, 0);
          left -= recipients;
          this.#await(turn, messages.map(hold), recipients, recipients >= count);
        }
      }
    } catch (error) {
      log.error({ err: error }, "mail that waits could not be claimed");
    }
    return wanted - left;
  }

  /** Mail whose time is over while it waited. */
  expired(): Promise<readonly QueuedMessage[]> {
    const { store, owner, leaseMs, now } = this.#ask;
    const at = now();
    return store.claimExpired({ owner, now: at, until: at + leaseMs, limit: expiredPortion });
  }

  /** What was claimed takes of its budgets until it is decided. */
  #await({ budgets }: Turn<Lane>, held: readonly (Promise<void> | undefined)[], count: number, more: boolean): void {
    const deciding = held.filter((one) => one !== undefined);
    if (budgets.length === 0 || deciding.length === 0) return;
    const add = (change: number): void => {
      for (const { key } of budgets) {
        const next = (this.#undecided.get(key) ?? 0) + change;
        if (next === 0) this.#undecided.delete(key);
        else this.#undecided.set(key, next);
      }
    };
    add(count);
    void Promise.allSettled(deciding).then(() => {
      add(-count);
      if (more) this.#ask.again();
    });
  }

  /** `left`: room in memory. No park takes more of it than it leaves to others, so that one whose provider is slow keeps nobody out. */
  #open(left: number): readonly Turn<Lane>[] {
    const { dispatch, now, inMemory } = this.#ask;
    const at = now();
    const open: Turn<Lane>[] = [];
    for (const lane of this.#lanes.values()) {
      if (lane.due > at || lane.closedUntil > at) continue;
      const opening = dispatch.opening(lane.park, lane.urgency, at);
      if (opening.kind === "closed") lane.closedUntil = opening.until;
      else {
        const here = inMemory(lane.park);
        open.push({
          lane,
          urgency: lane.urgency,
          count: Math.min(opening.count, Math.max(minPerPark, left) - here),
          budgets: opening.budgets,
          place: lane.park,
          ...dispatch.shareOf(lane.park),
        });
      }
    }
    return open;
  }

  async #claim(lane: Lane, limit: number): Promise<readonly QueuedMessage[]> {
    const { store, owner, leaseMs, now } = this.#ask;
    const { park, urgency } = lane;
    const at = now();
    const claimed = await store.claim({ owner, now: at, until: at + leaseMs, limit, park, urgency });
    const count = claimed.reduce((sum, { recipients }) => sum + recipients.length, 0);
    if (count >= limit) return claimed;
    // Empty, as far as it was due. What comes meanwhile is noted by itself; what another node is claiming now is left to it.
    this.#lanes.delete(`${urgency} ${park}`);
    const next = await store.parkNext(park, urgency);
    if (next !== undefined) this.note({ park, urgency, nextAt: Math.max(next, at + othersMs) });
    return claimed;
  }
}
