/**
 * The warm-ups at work: the book of plans, opened as sources and domains are configured, kept in the store, and its quotas
 * reserved there in small portions before anything is sent by them: what a crash loses of a day is a portion, never given twice.
 */
import type { Log } from "../base/log.ts";
import { otherProvider, type Shaping } from "../shape/shaping.ts";
import type { NewSendingEvent, SendingRow } from "../store/sending.ts";
import type { Instant, Store } from "../store/store.ts";
import { noSignals, type PlanAccount } from "../warm/account.ts";
import { type Parties, WarmupBook } from "../warm/book.ts";
import { isEligible, type Rank, shareOfRank, tooNewSaid } from "../warm/eligible.ts";
import { caughtUp } from "../warm/pace.ts";
import { capOf, dayOf, newPlan, type Plan, retarget } from "../warm/plan.ts";
import { progressOf } from "../warm/progress.ts";
import type { Model } from "./model.ts";
import { SiteQuotas } from "./site-quotas.ts";

export const planKind = "plan";
export const daysKind = "source-days";
const ceilingKind = "warmup-ceilings";
type SourceDays = { readonly sendingDays: number; readonly last: number };

/** Messages reserved at a time: as many as wait, but not more than this part of the day. */
const portionShare = 1 / 40;
/** So much is reserved ahead of those who wait: a source that sends much must not write for each message. */
const aheadShare = 1 / 1000;
const minPortion = 5;
/** Beyond a quota at most. */
const exceedShare = 0.2;
/** What was reserved and not used for so long is given back. */
const idleMs = 60_000;
/** How long a store in trouble is not asked again. */
const troubleMs = 5_000;

type Reserve = {
  readonly parties: Parties;
  readonly rank: Rank;
  tokens: number;
  usedAt: Instant;
  /** Until when there are no more, and why. */
  closed: { readonly until: Instant; readonly because: string } | undefined;
  asking: Promise<void> | undefined;
  /** Recipients that wait for the answer. */
  wanted: number;
};

export type Ticket =
  | { readonly granted: true }
  | { readonly granted: false; readonly until: Instant; readonly because: string };
const granted: Ticket = { granted: true };

type WarmupStore = Pick<Store, "sendingRows" | "putSendingRows" | "quotasUsed" | "takeQuota">;

export class Warmups {
  readonly #store: WarmupStore;
  readonly #shaping: Shaping;
  readonly #now: () => Instant;
  readonly #log: Log;
  readonly #eventsOf: (before: Plan, after: Plan) => readonly NewSendingEvent[];
  readonly #sites: SiteQuotas;
  /** Of one source to one site of no known provider, at the lowest level. */
  readonly #perSite: number;
  #book = new WarmupBook();
  /** Plans as they were kept last. */
  #kept = new Map<string, PlanAccount>();
  readonly #reserves = new Map<string, Reserve>();
  readonly #ceilings = new Map<string, { readonly most: number; readonly proven: number }>();
  #keeping: Promise<void> = Promise.resolve();
  /** What went beyond quotas today, where streams ask for it, as far as this process knows. */
  readonly #exceeded = new Map<string, { readonly day: number; readonly used: number }>();

  constructor(parts: {
    readonly store: WarmupStore;
    readonly shaping: Shaping;
    readonly now: () => Instant;
    readonly log: Log;
    /** What is told of a plan that has changed, when the store is. */
    readonly eventsOf?: (before: Plan, after: Plan) => readonly NewSendingEvent[];
    /** Messages a day to a site of no known provider, while a source is as new as can be; 0: no bound. */
    readonly perSite?: number;
  }) {
    this.#sites = new SiteQuotas(parts.store, parts.now);
    this.#perSite = parts.perSite ?? 0;
    this.#store = parts.store;
    this.#shaping = parts.shaping;
    this.#now = parts.now;
    this.#log = parts.log;
    this.#eventsOf = parts.eventsOf ?? (() => []);
  }

  get book(): WarmupBook {
    return this.#book;
  }

  /** Nothing is being warmed up. */
  get idle(): boolean {
    return this.#kept.size === 0;
  }

  /** What was kept, with all that is reserved counted as used. */
  async load(): Promise<void> {
    const [rows, used] = await Promise.all([
      this.#store.sendingRows([planKind, daysKind, ceilingKind]),
      this.#store.quotasUsed(dayOf(this.#now())),
    ]);
    this.#book = bookOf(rows, new Map(used.map(({ key, used: count }) => [key, count])), this.#now());
    const ceilings = rows.find(({ kind }) => kind === ceilingKind)?.value as
      | readonly [string, { readonly most: number; readonly proven: number }][]
      | undefined;
    for (const [key, ceiling] of ceilings ?? []) this.#ceilings.set(key, ceiling);
    this.#kept = new Map([...this.#book.accounts()].map((account) => [nameOf(account.plan), account]));
  }

  /** Opens, retargets and drops plans as the model says. */
  follow(model: Model): void {
    const subjects = new Set([...this.#book.accounts()].map(({ plan }) => `${plan.scope} ${plan.subject}`));
    const before = new Map([...subjects].map((key) => [key, this.#proven(key)]));
    this.#follow(model);
    for (const [key, { warm }] of before) {
      const after = this.#proven(key);
      const most = Math.min(warm, this.ceilings().get(key) ?? 1);
      if (after.warm > most) this.#ceilings.set(key, { most, proven: after.proven });
    }
  }

  #follow(model: Model): void {
    const now = this.#now();
    const wanted = new Set<string>();
    for (const [scope, things] of [
      ["source", model.source],
      ["domain", model.domain],
    ] as const)
      for (const [subject, { warmup, targets }] of things) {
        if (warmup === "none") continue;
        for (const [provider, target] of Object.entries(targets)) {
          const plan = { scope, subject, provider };
          wanted.add(nameOf(plan));
          const known = this.#book.account(scope, subject, provider);
          if (known === undefined) {
            const tellsComplaints = this.#shaping.providers.get(provider)?.feedback === "complaint-feedback-loop";
            this.#book.open(newPlan({ ...plan, profile: warmup, target }), now, { ...noSignals, tellsComplaints });
          } else if (known.plan.target !== target || known.plan.profile !== warmup)
            this.#book.change(plan, (one) => retarget(one, target, warmup), now);
        }
      }
    for (const account of [...this.#book.accounts()])
      if (!wanted.has(nameOf(account.plan))) this.#book.close(account.plan);
  }

  /** A person's doing. */
  change(of: Pick<Plan, "scope" | "subject" | "provider">, change: (plan: Plan) => Plan): void {
    this.#book.change(of, change, this.#now());
    // What was said of the plan before says nothing now.
    for (const [key, { parties, closed, tokens }] of this.#reserves)
      if (closed !== undefined && tokens === 0 && parties.provider === of.provider) this.#reserves.delete(key);
  }

  /** What settings may not raise: the progress as it was before they changed, until evidence is added. By "scope subject". */
  ceilings(): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const [key, { most, proven }] of this.#ceilings) if (this.#proven(key).proven <= proven) found.set(key, most);
    return found;
  }

  #proven(key: string): { readonly warm: number; readonly proven: number } {
    const plans = [...this.#book.accounts()]
      .map(({ plan }) => plan)
      .filter(({ scope, subject }) => key === `${scope} ${subject}`);
    const { warm } = progressOf(plans, dayOf(this.#now()));
    return { warm, proven: plans.reduce((sum, plan) => sum + plan.proven, 0) };
  }

  /** Brings what has changed into the store, and what is told of it. */
  keep(): Promise<void> {
    const kept = this.#keeping.then(() => this.#keep());
    this.#keeping = kept.catch(() => {});
    return kept;
  }

  async #keep(): Promise<void> {
    const rows: SendingRow[] = [];
    const next = new Map<string, PlanAccount>();
    for (const account of this.#book.accounts()) {
      const name = nameOf(account.plan);
      next.set(name, account);
      if (this.#kept.get(name) !== account) rows.push({ kind: planKind, name, value: account });
    }
    for (const name of this.#kept.keys()) if (!next.has(name)) rows.push({ kind: planKind, name, value: undefined });
    if (rows.length === 0) return;
    for (const [source, value] of Object.entries(this.#book.keep().sources))
      rows.push({ kind: daysKind, name: source, value });
    rows.push({ kind: ceilingKind, name: "all", value: [...this.#ceilings] });
    const events = [...next].flatMap(([name, { plan }]) => {
      const before = this.#kept.get(name)?.plan;
      return before === undefined || before === plan ? [] : this.#eventsOf(before, plan);
    });
    await this.#store.putSendingRows(rows, events);
    this.#kept = next;
  }

  /** Whether a source or a domain has a plan for a provider: then its messages need tickets. */
  counts(parties: Parties): boolean {
    return (
      this.#book.account("source", parties.source, parties.provider) !== undefined ||
      this.#book.account("domain", parties.domain, parties.provider) !== undefined
    );
  }

  /** One message's place in today's quota: at once where some is reserved, else when the store has answered. `site`: where it goes. */
  ticket(parties: Parties, rank: Rank, site = ""): Ticket | Promise<Ticket> {
    const cap = this.#siteCap(parties);
    if (cap === undefined || site === "") return this.#planTicket(parties, rank);
    const both = (there: Ticket): Ticket | Promise<Ticket> => {
      if (!there.granted) return there;
      const answer = this.#planTicket(parties, rank);
      const settle = (one: Ticket): Ticket => {
        if (!one.granted) this.#sites.refund(parties.source, site);
        return one;
      };
      return answer instanceof Promise ? answer.then(settle) : settle(answer);
    };
    const there = this.#sites.ticket(parties.source, site, cap);
    return there instanceof Promise ? there.then(both) : both(there);
  }

  /** It grows as the plan does; a source that is warm there knows no such bound. */
  #siteCap({ source, provider }: Parties): number | undefined {
    if (provider !== otherProvider || this.#perSite === 0) return undefined;
    const plan = this.#book.account("source", source, provider)?.plan;
    if (plan === undefined || plan.state === "warm" || plan.asserted !== undefined) return undefined;
    return Math.max(this.#perSite, Math.floor((this.#perSite * capOf(plan)) / (plan.levels[0] ?? 1)));
  }

  #planTicket(parties: Parties, rank: Rank): Ticket | Promise<Ticket> {
    const refused = this.#notEligible(parties, rank);
    if (refused !== undefined) return refused;
    const reserve = this.#reserve(parties, rank);
    const now = this.#now();
    if (reserve.tokens > 0) return this.#use(reserve, now);
    if (reserve.closed !== undefined && now < reserve.closed.until) return { granted: false, ...reserve.closed };
    return this.#wait(reserve);
  }

  async #wait(reserve: Reserve): Promise<Ticket> {
    reserve.wanted++;
    reserve.asking ??= this.#ask(reserve).finally(() => {
      reserve.asking = undefined;
    });
    await reserve.asking;
    reserve.wanted = Math.max(0, reserve.wanted - 1);
    const now = this.#now();
    if (reserve.tokens > 0) return this.#use(reserve, now);
    if (reserve.closed !== undefined && now < reserve.closed.until) return { granted: false, ...reserve.closed };
    // More wait than one portion holds.
    return { granted: false, until: now + 1000, because: "its turn comes" };
  }

  #use(reserve: Reserve, now: Instant): Ticket {
    reserve.tokens--;
    reserve.usedAt = now;
    return granted;
  }

  #notEligible(parties: Parties, rank: Rank): Ticket | undefined {
    for (const scope of ["source", "domain"] as const) {
      const plan = this.#book.account(scope, parties[scope], parties.provider)?.plan;
      if (plan === undefined || plan.state === "paused" || isEligible(rank, plan)) continue;
      const until = (dayOf(this.#now()) + 1) * 86_400_000;
      return {
        granted: false,
        until,
        because: tooNewSaid(plan, rank),
      };
    }
    return undefined;
  }

  #reserve(parties: Parties, rank: Rank): Reserve {
    const kind = kindOf(rank);
    const key = reserveKey(parties, kind);
    let reserve = this.#reserves.get(key);
    if (reserve === undefined) {
      reserve = {
        parties,
        rank: kind,
        tokens: 0,
        usedAt: this.#now(),
        closed: undefined,
        asking: undefined,
        wanted: 0,
      };
      this.#reserves.set(key, reserve);
    }
    return reserve;
  }

  /** Reserves a portion: first in the book, which knows the pace, then in the store, which others use too. */
  async #ask(reserve: Reserve): Promise<void> {
    // Whoever comes in this turn of the event loop is served together.
    await new Promise(setImmediate);
    const { parties, rank } = reserve;
    const now = this.#now();
    const plans = this.#plansOf(parties);
    const cap = Math.min(...plans.map(({ plan }) => capOf(plan)));
    const count = Math.max(1, Math.min(Math.max(reserve.wanted, Math.floor(cap * aheadShare)), this.#portion(plans)));
    const given = this.#book.grant({ ...parties, rank, count }, now);
    if (given.granted === 0) {
      reserve.closed = "until" in given ? { until: given.until, because: given.because } : undefined;
      return;
    }
    const share = shareOfRank(rank);
    const keys = plans.map(({ plan }) => ({ key: quotaKey(plan), cap: Math.max(1, Math.floor(capOf(plan) * share)) }));
    try {
      const [taken = 0] = await this.#store.takeQuota([{ keys, day: dayOf(now), count: given.granted }]);
      if (taken < given.granted) {
        this.#book.refund({ ...parties, rank, count: given.granted - taken }, now);
        if (taken === 0)
          reserve.closed = {
            until: (dayOf(now) + 1) * 86_400_000,
            because: "today's quota is used up, by another node too",
          };
      } else reserve.closed = undefined;
      // A day that ended in between has its own quota.
      reserve.tokens += dayOf(this.#now()) === dayOf(now) ? taken : 0;
      reserve.usedAt = now;
    } catch (error) {
      this.#book.refund({ ...parties, rank, count: given.granted }, now);
      reserve.closed = { until: now + troubleMs, because: "the store does not answer" };
      this.#log.error({ error }, "a quota could not be reserved; it is tried again");
    }
  }

  /**
   * One more than the quota, up to a fifth of it: the day then proves nothing. Reserved in the store too, so that neither a restart nor another node
   * gives it twice.
   */
  async exceed(parties: Parties): Promise<boolean> {
    const { used, most } = this.#beyond(parties);
    if (used >= most) return false;
    const { source, domain, provider } = parties;
    const { granted } = await this.#sites.ticket(`beyond ${source}`, `${domain} ${provider}`, most);
    const now = this.#now();
    const known = this.#beyond(parties).used;
    this.#exceeded.set(`${source} ${domain} ${provider}`, { day: dayOf(now), used: granted ? known + 1 : most });
    if (granted && known === 0) {
      this.#book.taint(parties, now);
      await this.keep();
    }
    return granted;
  }

  /** Messages reserved at a time at most. */
  #portion(plans: readonly PlanAccount[]): number {
    const cap = Math.min(...plans.map(({ plan }) => capOf(plan)));
    return Math.max(minPortion, Math.floor(cap * portionShare));
  }

  #plansOf(parties: Parties): readonly PlanAccount[] {
    return (["source", "domain"] as const).flatMap(
      (scope) => this.#book.account(scope, parties[scope], parties.provider) ?? [],
    );
  }

  /** Taken and not used: it serves the next. */
  refund(parties: Parties, rank: Rank, site = ""): void {
    if (this.counts(parties)) this.#reserve(parties, rank).tokens++;
    if (site !== "" && this.#siteCap(parties) !== undefined) this.#sites.refund(parties.source, site);
  }

  /** How many of a rank could have a ticket now, or until when none could; undefined: no plan counts them. Takes nothing. */
  room(
    parties: Parties,
    rank: Rank,
    now: Instant,
  ): { readonly room: number } | { readonly until: Instant; readonly because: string } | undefined {
    if (!this.counts(parties)) return undefined;
    const refused = this.#notEligible(parties, rank);
    if (refused !== undefined && !refused.granted) return refused;
    const kind = kindOf(rank);
    const reserve = this.#reserves.get(reserveKey(parties, kind));
    const tokens = reserve?.tokens ?? 0;
    if (tokens === 0 && reserve?.closed !== undefined && now < reserve.closed.until) return reserve.closed;
    const more = this.#book.peek({ ...parties, rank: kind, count: this.#portion(this.#plansOf(parties)) }, now);
    if (tokens === 0 && "until" in more) return more;
    return { room: tokens + more.granted };
  }

  /** Tickets that may still be had beyond the quota today. */
  beyond(parties: Parties): number {
    const { used, most } = this.#beyond(parties);
    return Math.max(0, most - used);
  }

  #beyond(parties: Parties): { readonly used: number; readonly most: number } {
    const cap = Math.min(...this.#plansOf(parties).map(({ plan }) => capOf(plan)));
    const known = this.#exceeded.get(`${parties.source} ${parties.domain} ${parties.provider}`);
    return { used: known?.day === dayOf(this.#now()) ? known.used : 0, most: Math.ceil(cap * exceedShare) };
  }

  /** What passing time does: days close, pauses end, reserves that nobody uses go back. */
  async passTime(everything = false): Promise<void> {
    const now = this.#now();
    this.#book.passTime(now);
    for (const [key, reserve] of this.#reserves) {
      const { parties, rank, tokens, usedAt } = reserve;
      const old = dayOf(usedAt) !== dayOf(now);
      if (reserve.asking !== undefined || !(everything || old || now - usedAt > idleMs)) continue;
      // Those who waited must not be refused for a reason of yesterday.
      this.#reserves.delete(key);
      if (tokens === 0 || old) continue;
      this.#book.refund({ ...parties, rank, count: tokens }, now);
      const keys = this.#plansOf(parties).map(({ plan }) => ({ key: quotaKey(plan), cap: 0 }));
      await this.#store.takeQuota([{ keys, day: dayOf(now), count: -tokens }]);
    }
  }
}

/** Those who wait for their mail, and strangers, have bounds of their own within the day. */
const kindOf = (rank: Rank): Rank => (rank === 1 || rank === 5 ? rank : 2);
const reserveKey = ({ source, domain, provider }: Parties, kind: Rank): string =>
  `${source} ${domain} ${provider} ${kind}`;
const nameOf = ({ scope, subject, provider }: Pick<Plan, "scope" | "subject" | "provider">): string =>
  `${scope}/${subject}/${provider}`;
const quotaKey = nameOf;

/** The book out of its rows; `used`: quotas of today. */
export function bookOf(rows: readonly SendingRow[], used: ReadonlyMap<string, number>, now: Instant): WarmupBook {
  const accounts = rows
    .filter(({ kind }) => kind === planKind)
    .map(({ value }) => value as PlanAccount)
    .map((account): PlanAccount => {
      const use = caughtUp(account.use, used.get(quotaKey(account.plan)) ?? 0, capOf(account.plan), now);
      return use === account.use ? account : { ...account, use };
    });
  const sources = Object.fromEntries(
    rows.filter(({ kind }) => kind === daysKind).map(({ name, value }) => [name, value as SourceDays]),
  );
  return WarmupBook.from({ accounts, sources });
}
