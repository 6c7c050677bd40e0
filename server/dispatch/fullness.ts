/**
 * Mail of streams that is rather refused than made to wait (`overflow: refuse`): whether what their warm-ups allow has room for it now. Known by
 * the domain of the recipient alone, so that nobody waits for DNS; mail to a domain whose provider is not known yet waits like everybody's.
 */
import type { Shaping } from "../shape/shaping.ts";
import type { Instant, Store } from "../store/store.ts";
import type { Rank } from "../warm/eligible.ts";
import type { ShapingBook } from "./limits.ts";
import { type Model, streamOf } from "./model.ts";
import { parkKey } from "./parks.ts";
import type { Sender } from "./sender.ts";
import { sourcesOf } from "./sources.ts";
import type { Warmups } from "./warmups.ts";

/** Why not now, and from when on. */
export type Full = { readonly until: Instant; readonly because: string };

/** What was found is believed so long, less what has been let in since. */
const freshMs = 1_000;
/** Domains whose provider is remembered. */
const maxDomains = 50_000;
/** Where no source of a pool is active it is looked at again after this. */
const inactiveMs = 3_600_000;

type Look = { readonly at: Instant; readonly full: Full | undefined; room: number };

export type FullnessParts = {
  readonly model: () => Model;
  readonly shaping: Pick<Shaping, "domains">;
  readonly limits: Pick<ShapingBook, "suspended">;
  readonly warmups: Pick<Warmups, "room">;
  readonly store: Pick<Store, "queueParks">;
  readonly failed: (error: unknown) => void;
  readonly now: () => Instant;
};

export class Fullness {
  readonly #parts: FullnessParts;
  readonly #providers = new Map<string, string>();
  readonly #looks = new Map<string, Look>();
  /** By pool and provider: what waits already. */
  #waiting = new Map<string, number>();
  #askedAt = 0;

  constructor(parts: FullnessParts) {
    this.#parts = parts;
  }

  /** Of whom a domain's mail hosts are, learned when mail is sent there. */
  note(domain: string, provider: string): void {
    this.#providers.delete(domain);
    if (this.#providers.size >= maxDomains) this.#providers.delete(this.#providers.keys().next().value!);
    this.#providers.set(domain, provider);
  }

  /** Undefined: it may come, and counts. */
  ask(sender: Pick<Sender, "tenant" | "stream" | "campaign" | "author" | "rankOf">, address: string): Full | undefined {
    const model = this.#parts.model();
    const stream = streamOf(model, sender.tenant, sender.stream);
    if (stream?.overflow !== "refuse") return undefined;
    const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
    const provider = this.#providers.get(domain) ?? this.#parts.shaping.domains.get(domain);
    if (provider === undefined) return undefined;
    const now = this.#parts.now();
    this.#count(now);
    const rank = sender.rankOf(address);
    const key = JSON.stringify([sender.tenant, stream.pool, sender.author, provider, rank]);
    let look = this.#looks.get(key);
    if (look === undefined || now - look.at >= freshMs || now < look.at) {
      if (this.#looks.size >= maxDomains) this.#looks.clear();
      look = this.#look(sender, provider, rank, now);
      this.#looks.set(key, look);
    }
    if (look.room < 1) return look.full ?? { until: now + freshMs, because: "as much as may go now is on its way" };
    look.room--;
    return undefined;
  }

  #look(
    { tenant, stream: name, campaign, author }: Pick<Sender, "tenant" | "stream" | "campaign" | "author">,
    provider: string,
    rank: Rank,
    now: Instant,
  ): Look {
    const { limits, warmups } = this.#parts;
    const model = this.#parts.model();
    const stream = streamOf(model, tenant, name)!;
    let full: Full | undefined;
    let room = 0;
    const sources = sourcesOf(model, stream, "");
    if (sources.length === 0) full = { until: now + inactiveMs, because: "no source of its pool is active" };
    for (const { name: source } of sources) {
      const mailing = campaign === undefined ? "" : `${tenant}/${campaign}`;
      const parties = { source, domain: author, tenant, campaign: mailing, provider };
      const suspended = limits.suspended(parties);
      const found =
        suspended === undefined
          ? warmups.room(parties, rank, now)
          : { until: suspended.until, because: `${suspended.by.rule}: ${suspended.by.sample}` };
      // A source that is warm.
      if (found === undefined) return { at: now, full: undefined, room: Number.POSITIVE_INFINITY };
      if ("room" in found) room += found.room;
      else if (full === undefined || found.until < full.until) full = found;
    }
    return { at: now, full, room: room - (this.#waiting.get(`${stream.pool}/${provider}`) ?? 0) };
  }

  /** Counts what waits, now and then; meanwhile the former count holds. */
  #count(now: Instant): void {
    if (now - this.#askedAt < freshMs && now >= this.#askedAt) return;
    this.#askedAt = now;
    this.#parts.store.queueParks().then((parks) => {
      const model = this.#parts.model();
      const waiting = new Map<string, number>();
      for (const { park, recipients } of parks) {
        const { tenant, stream, provider } = parkKey(park);
        const key = `${streamOf(model, tenant, stream)?.pool ?? ""}/${provider}`;
        waiting.set(key, (waiting.get(key) ?? 0) + recipients);
      }
      this.#waiting = waiting;
    }, this.#parts.failed);
  }
}
