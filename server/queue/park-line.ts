/**
 * Mail that waits for its turn, in the store, by park (whose mail it is, and to which provider): claimed in portions, those that
 * are open now, urgent ones first and tenants in turns by their weight. Nobody's million stands before another's hundred.
 */
import type { Log } from "../log.ts";
import type { Instant, QueuedMessage, Store } from "../store/store.ts";
import type { Dispatching } from "./dispatching.ts";

export type ParkLineAsk = {
  readonly store: Pick<Store, "claim" | "claimExpired" | "parkNames" | "parkNext">;
  readonly dispatch: Pick<Dispatching, "opening" | "shareOf">;
  readonly owner: string;
  readonly leaseMs: number;
  readonly now: () => Instant;
  readonly log: Log;
};

/** Recipients claimed for one tenant in one turn, times its weight. */
const turn = 100;
/** Parks that other nodes may have filled are looked for this often. */
const rereadMs = 60_000;
/** Recipients of expired mail that are claimed at a time. */
const expiredPortion = 500;

export class ParkLine {
  readonly #ask: ParkLineAsk;
  /** When something of each park is due. */
  readonly #due = new Map<string, Instant>();
  /** Parks that are closed, until when: not asked about before. */
  readonly #closed = new Map<string, Instant>();
  #rereadAt = 0;

  constructor(ask: ParkLineAsk) {
    this.#ask = ask;
  }

  get parks(): number {
    return this.#due.size;
  }

  /** Something waits there, and is due at this time. */
  note(park: string, at: Instant): void {
    const known = this.#due.get(park);
    if (known === undefined || at < known) this.#due.set(park, at);
  }

  /** What was closed may be open again. */
  reopen(): void {
    this.#closed.clear();
    this.#rereadAt = 0;
  }

  /** Claims up to `wanted` recipients; answers how many came. */
  async claim(wanted: number, hold: (message: QueuedMessage) => void): Promise<number> {
    const { now, log } = this.#ask;
    if (now() >= this.#rereadAt) {
      this.#rereadAt = now() + rereadMs;
      for (const park of await this.#ask.store.parkNames()) this.note(park, now());
    }
    let left = wanted;
    try {
      for (let open = this.#open(); open.length > 0 && left > 0; open = this.#open()) {
        let room = left;
        const claims: Promise<readonly QueuedMessage[]>[] = [];
        for (const { park, count } of inTurns(open)) {
          const most = Math.min(count, room);
          if (most === 0) break;
          room -= most;
          claims.push(this.#claimPark(park, most));
        }
        const claimed = await Promise.all(claims);
        for (const message of claimed.flat()) {
          left -= message.recipients.length;
          hold(message);
        }
        if (claimed.every((messages) => messages.length === 0)) break;
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

  #open(): readonly Turn[] {
    const { dispatch, now } = this.#ask;
    const at = now();
    const open: Turn[] = [];
    for (const [park, due] of this.#due) {
      if (due > at || (this.#closed.get(park) ?? 0) > at) continue;
      const opening = dispatch.opening(park, at);
      if (opening.kind === "open") open.push({ park, count: opening.count, ...dispatch.shareOf(park) });
      else this.#closed.set(park, opening.until);
    }
    return open;
  }

  async #claimPark(park: string, limit: number): Promise<readonly QueuedMessage[]> {
    const { store, owner, leaseMs, now } = this.#ask;
    const at = now();
    const claimed = await store.claim({ owner, now: at, until: at + leaseMs, limit, park });
    const count = claimed.reduce((sum, { recipients }) => sum + recipients.length, 0);
    if (count >= limit) return claimed;
    this.#due.delete(park);
    const next = await store.parkNext(park);
    if (next !== undefined) this.note(park, Math.max(next, at + 1));
    else this.#closed.delete(park);
    return claimed;
  }
}

type Turn = {
  readonly park: string;
  readonly count: number;
  readonly tenant: string;
  readonly weight: number;
  readonly order: number;
};

/** One round: of the most urgent parks that are open, each tenant's share, divided among its parks. */
function inTurns(open: readonly Turn[]): readonly { readonly park: string; readonly count: number }[] {
  const first = Math.min(...open.map(({ order }) => order));
  const byTenant = Map.groupBy(
    open.filter(({ order }) => order === first),
    ({ tenant }) => tenant,
  );
  return [...byTenant.values()].flatMap((parks) =>
    parks.map(({ park, count, weight }) => ({
      park,
      count: Math.min(count, Math.max(1, Math.round((turn * weight) / parks.length))),
    })),
  );
}
