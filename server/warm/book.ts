/**
 * All warm-ups of a server: how many messages may leave by a source now, and what their results mean. Plans stand per source
 * and provider, and per sending domain and provider; both must have room, and so must the address. What has no plan is warm.
 */
import {
  type Counts,
  evaluate,
  judgeList,
  noSignals,
  openAccount,
  type PlanAccount,
  record,
  type Signals,
  settle,
} from "./account.ts";
import { isEligible, type Rank, shareOfRank, tooNewSaid } from "./eligible.ts";
import { addressCap } from "./ladder.ts";
import { type DayUse, divide, giveBack, take } from "./pace.ts";
import { capOf, type Day, dayMs, dayOf, isBlamed, type Plan } from "./plan.ts";

type Instant = number;

export type Parties = { readonly source: string; readonly domain: string; readonly provider: string };
export type Wish = Parties & { readonly rank: Rank; readonly count: number };
export type Granted =
  | { readonly granted: number }
  /** None now: no more before `until`, for the reason said. */
  | { readonly granted: 0; readonly until: Instant; readonly because: string };

type SourceDays = { readonly sendingDays: number; readonly last: Day };
/** The book as plain JSON: kept by the store, so that a restart in the middle of a day gives no quota twice. */
export type KeptBook = {
  readonly accounts: readonly PlanAccount[];
  readonly sources: { readonly [source: string]: SourceDays };
};

export class WarmupBook {
  readonly #plans = {
    source: new Map<string, Map<string, PlanAccount>>(),
    domain: new Map<string, Map<string, PlanAccount>>(),
  };
  readonly #days = new Map<string, SourceDays>();

  static from(kept: KeptBook): WarmupBook {
    const book = new WarmupBook();
    for (const account of kept.accounts) book.#put(account);
    for (const [source, days] of Object.entries(kept.sources)) book.#days.set(source, days);
    return book;
  }

  keep(): KeptBook {
    return { accounts: [...this.accounts()], sources: Object.fromEntries(this.#days) };
  }

  *accounts(): Generator<PlanAccount> {
    for (const plans of [...this.#plans.source.values(), ...this.#plans.domain.values()]) yield* plans.values();
  }

  account(scope: Plan["scope"], subject: string, provider: string): PlanAccount | undefined {
    return this.#plans[scope].get(subject)?.get(provider);
  }

  open(plan: Plan, at: Instant, signals: Signals = noSignals): void {
    this.#put(openAccount(plan, at, signals));
  }

  /** Forgets a plan: what it stood for is warm, or gone. */
  close({ scope, subject, provider }: Pick<Plan, "scope" | "subject" | "provider">): void {
    const plans = this.#plans[scope].get(subject);
    plans?.delete(provider);
    if (plans?.size === 0) this.#plans[scope].delete(subject);
  }

  /** Changes one plan: a person's doing, or a shaping rule's. */
  change(of: Pick<Plan, "scope" | "subject" | "provider">, change: (plan: Plan) => Plan, at: Instant): void {
    const account = this.account(of.scope, of.subject, of.provider);
    if (account === undefined) return;
    const settled = settle(account, at);
    this.#put({ ...settled, plan: change(settled.plan) });
  }

  /** New facts from outside: listings, seeds, postmaster pages. */
  signal(of: Pick<Plan, "scope" | "subject" | "provider">, signals: Partial<Signals>, at: Instant): void {
    const account = this.account(of.scope, of.subject, of.provider);
    if (account === undefined) return;
    this.#put(evaluate({ ...settle(account, at), signals: { ...account.signals, ...signals } }, at));
  }

  passTime(at: Instant): void {
    for (const account of this.accounts()) {
      const settled = settle(account, at);
      if (settled !== account) this.#put(settled);
    }
  }

  /** Takes up to `count` messages out of every bucket they must pass. */
  grant(wish: Wish, at: Instant): Granted {
    const found = this.#offer(wish, at);
    if ("until" in found) return found;
    const { granted, open } = found;
    for (const { account, cap } of open)
      this.#put({ ...account, use: take(account.use, cap, granted, at, undefined, wish.rank === 1).use });
    return { granted };
  }

  /** What `grant` would answer; takes nothing. */
  peek(wish: Wish, at: Instant): Granted {
    const found = this.#offer(wish, at);
    return "until" in found ? found : { granted: found.granted };
  }

  #offer(
    wish: Wish,
    at: Instant,
  ):
    | Extract<Granted, { until: Instant }>
    | { readonly granted: number; readonly open: { readonly account: PlanAccount; readonly cap: number }[] } {
    const open: { readonly account: PlanAccount; readonly cap: number }[] = [];
    let granted = wish.count;
    for (const account of this.#of(wish, at)) {
      const { plan } = account;
      if (plan.state === "paused")
        return refusal(
          plan.pausedUntil ?? at + dayMs,
          `${plan.subject} is paused at ${plan.provider}: ${plan.because}`,
        );
      if (!isEligible(wish.rank, plan)) return refusal((dayOf(at) + 1) * dayMs, tooNewSaid(plan, wish.rank));
      const { cap, whole } = this.capToday(account, wish.rank, at);
      const taken = take(account.use, cap, granted, at, undefined, wish.rank === 1);
      if (taken.granted === 0) return refusal(taken.until, capSaid(plan, cap, whole, usedToday(account.use, at)));
      granted = taken.granted;
      open.push({ account, cap });
    }
    return { granted, open };
  }

  /** What was granted and never tried: the connection failed, the message was held. */
  refund(wish: Wish, at: Instant): void {
    for (const account of this.#of(wish, at))
      if (account.use.day === dayOf(at))
        this.#put({ ...account, use: giveBack(account.use, wish.count, this.capToday(account, wish.rank, at).cap) });
  }

  /** Whether what receivers say of a domain's mail is its own list's doing. */
  isBlamed(domain: string, provider: string, at: Instant): boolean {
    const account = this.account("domain", domain, provider);
    return account !== undefined && isBlamed(account.plan, at);
  }

  /** The results of messages, a few at a time. */
  note(parties: Parties, counts: Partial<Counts>, at: Instant): void {
    const domain = this.account("domain", parties.domain, parties.provider);
    if (domain !== undefined) this.#put(record(domain, counts, at));
    if (domain !== undefined && (counts.hardBounces ?? 0) > 0)
      for (const stopped of judgeList([...this.#plans.domain.get(parties.domain)!.values()], at)) this.#put(stopped);
    const source = this.account("source", parties.source, parties.provider);
    // What is said of the domain's authentication is the domain's matter, wherever it is sent from. Nor does the address answer for the list of a
    // domain that was stopped for it: others send from there too, and what it costs the address shows in their mail.
    const isBlamed = this.isBlamed(parties.domain, parties.provider, at);
    const own = isBlamed ? { ...ownDoing, unproven: counts.delivered ?? 0 } : undefined;
    const said = own !== undefined || (counts.authFailures ?? 0) > 0 ? { ...counts, ...own, authFailures: 0 } : counts;
    if (source !== undefined) this.#put(record(source, said, at));
    if ((counts.attempts ?? 0) === 0) return;
    const days = this.#days.get(parties.source);
    if (days?.last !== dayOf(at))
      this.#days.set(parties.source, { sendingDays: (days?.sendingDays ?? 0) + 1, last: dayOf(at) });
  }

  /** More went out than the cap: the day proves nothing. */
  taint(parties: Parties, at: Instant): void {
    for (const account of this.#of(parties, at)) this.#put({ ...account, tainted: true });
  }

  *#of(parties: Parties, at: Instant): Generator<PlanAccount> {
    for (const scope of ["source", "domain"] as const) {
      const account = this.account(scope, parties[scope], parties.provider);
      if (account === undefined) continue;
      const settled = settle(account, at);
      if (settled !== account) this.#put(settled);
      yield settled;
    }
  }

  /** Today's cap of a plan: its level's, and for a source its part of what the address may send to everybody; `whole`, where that is what binds. */
  capToday({ plan }: PlanAccount, rank: Rank, at: Instant): { readonly cap: number; readonly whole?: Whole } {
    const cap = capOf(plan);
    if (plan.state === "warm" || plan.asserted !== undefined || plan.state === "probing") return { cap };
    const share = shareOfRank(rank);
    if (cap === 0) return { cap };
    const allowed = Math.max(1, Math.floor(cap * share));
    if (plan.scope === "domain") return { cap: allowed };
    const days = this.#days.get(plan.subject);
    const before = days === undefined ? 0 : days.sendingDays - (days.last === dayOf(at) ? 1 : 0);
    const total = addressCap(before);
    if (total === Number.POSITIVE_INFINITY) return { cap: allowed };
    const all = [...this.#plans.source.get(plan.subject)!.values()];
    const parts = divide(
      total,
      all.map((one) => ({ cap: capOf(one.plan), planned: one.plan.target })),
    );
    const part = parts[all.findIndex((one) => one.plan.provider === plan.provider)];
    const own = part === undefined ? allowed : Math.max(1, Math.floor(part * share));
    return own < allowed ? { cap: own, whole: { total, sendingDay: before + 1 } } : { cap: allowed };
  }

  #put(account: PlanAccount): void {
    const { scope, subject, provider } = account.plan;
    const plans = this.#plans[scope].get(subject);
    if (plans === undefined) this.#plans[scope].set(subject, new Map([[provider, account]]));
    else plans.set(provider, account);
  }
}

/** What an address may send to everybody together, on which of its sending days. */
export type Whole = { readonly total: number; readonly sendingDay: number };
export const wholeSaid = ({ total, sendingDay }: Whole): string =>
  `an address sends ${total} to everybody together on its sending day ${sendingDay}`;

/** Why nothing more goes now: the day's cap, and whether it is used up or only spread over the day. */
function capSaid(plan: Plan, cap: number, whole: Whole | undefined, used: number): string {
  const { subject, provider, level, levels } = plan;
  const may =
    whole === undefined
      ? `${subject} may send ${cap} a day to ${provider} (level ${level + 1} of ${levels.length})`
      : `${subject} may send ${cap} today to ${provider}: ${wholeSaid(whole)}`;
  return used >= cap ? may : `${may}; ${used} so far, the rest is spread over the day`;
}

const usedToday = (use: DayUse, at: Instant): number => (use.day === dayOf(at) ? use.used : 0);

const ownDoing = { rateDeferrals: 0, hardBounces: 0, blockBounces: 0, complaints: 0 } as const;

function refusal(until: Instant, because: string): Extract<Granted, { until: Instant }> {
  return { granted: 0, until, because };
}
