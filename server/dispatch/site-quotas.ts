/**
 * While a source is new, a site of no known provider gets a few messages a day from it: a volume that the large ones do not notice is a flood to a
 * small one. Places are reserved in the store, a few at a time, before anything is sent by them: nothing is given twice, by a restart or another node.
 */
import { createHash } from "node:crypto";
import { siteQuotaPrefix } from "../store/sending.ts";
import type { Instant, Store } from "../store/store.ts";
import { dayMs, dayOf } from "../warm/plan.ts";
import type { Ticket } from "./warmups.ts";

/** Places of one site that are reserved at a time. */
const portion = 5;
/** Sites in memory; the oldest are forgotten, with what was reserved and not used. */
const maxSites = 20_000;
/** How long a store in trouble is not asked again. */
const troubleMs = 5_000;
const granted: Ticket = { granted: true };

type Site = {
  readonly day: number;
  tokens: number;
  closed: { readonly until: Instant; readonly because: string } | undefined;
  asking: Promise<void> | undefined;
};

export class SiteQuotas {
  readonly #store: Pick<Store, "takeQuota">;
  readonly #now: () => Instant;
  readonly #sites = new Map<string, Site>();

  constructor(store: Pick<Store, "takeQuota">, now: () => Instant) {
    this.#store = store;
    this.#now = now;
  }

  /** A place among today's `cap` messages of a source to a site: at once where some are reserved, else when the store has answered. */
  ticket(source: string, site: string, cap: number): Ticket | Promise<Ticket> {
    const key = keyOf(source, site);
    const known = this.#siteOf(key);
    if (known.tokens > 0) {
      known.tokens--;
      return granted;
    }
    if (known.closed !== undefined && this.#now() < known.closed.until) return { granted: false, ...known.closed };
    known.asking ??= this.#ask(key, known, site, cap).finally(() => {
      known.asking = undefined;
    });
    return known.asking.then(() => {
      if (known.tokens === 0 && known.closed === undefined)
        return { granted: false, until: this.#now() + 1000, because: "its turn comes" };
      return this.ticket(source, site, cap);
    });
  }

  /** Taken and not used: it serves the next. */
  refund(source: string, site: string): void {
    const known = this.#sites.get(keyOf(source, site));
    if (known?.day === dayOf(this.#now())) known.tokens++;
  }

  #siteOf(key: string): Site {
    const day = dayOf(this.#now());
    const known = this.#sites.get(key);
    if (known?.day === day) return known;
    if (this.#sites.size >= maxSites) this.#sites.delete(this.#sites.keys().next().value!);
    const fresh: Site = { day, tokens: 0, closed: undefined, asking: undefined };
    this.#sites.set(key, fresh);
    return fresh;
  }

  async #ask(key: string, known: Site, site: string, cap: number): Promise<void> {
    const { day } = known;
    try {
      const [taken = 0] = await this.#store.takeQuota([{ keys: [{ key, cap }], day, count: Math.min(portion, cap) }]);
      known.tokens += taken;
      if (taken === 0)
        known.closed = {
          until: (day + 1) * dayMs,
          because: `a new address sends ${cap} messages a day to a site that nothing is known of (${site.slice(0, 100)})`,
        };
    } catch {
      known.closed = { until: this.#now() + troubleMs, because: "the store does not answer" };
    }
  }
}

/** Names of many hosts are long. */
function keyOf(source: string, site: string): string {
  return `${siteQuotaPrefix}${source}/${createHash("sha256").update(site).digest("base64url").slice(0, 16)}`;
}
