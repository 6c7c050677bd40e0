/**
 * The books of one plan: what it may still send today, what was counted, and what follows from that at once. Values in,
 * values out; `book.ts` keeps many of them.
 */
import { confidence, type GateLevel, type GateReading, gravest, type Observed, readGates } from "./gates.ts";
import { type DayUse, unused } from "./pace.ts";
import { closeDay, type Day, dayMs, dayOf, isBlamed, type Plan, pauseForList, probed, react, tick } from "./plan.ts";
import { wilson } from "./wilson.ts";

type Instant = number;

export type Counts = {
  readonly attempts: number;
  readonly delivered: number;
  readonly rateDeferrals: number;
  readonly hardBounces: number;
  readonly blockBounces: number;
  readonly complaints: number;
  readonly authFailures: number;
  /** Delivered, of a domain that was stopped for its list: proves nothing. */
  readonly unproven?: number;
};
export const noCounts: Counts = {
  attempts: 0,
  delivered: 0,
  rateDeferrals: 0,
  hardBounces: 0,
  blockBounces: 0,
  complaints: 0,
  authFailures: 0,
};

/** What is known beside the counts; undefined where it was not measured. */
export type Signals = Pick<Observed, "spamRate" | "snds" | "seeds" | "engagement"> & {
  readonly listedOn: readonly string[];
  /** The provider tells us of complaints. */
  readonly tellsComplaints: boolean;
};
export const noSignals: Signals = { listedOn: [], tellsComplaints: false };

export type PlanAccount = {
  readonly plan: Plan;
  readonly use: DayUse;
  /** The day the counts of `today` are of. */
  readonly day: Day;
  /** All of the day, for its end. */
  readonly today: Counts;
  /** Since the last reaction: today, and the sending days before it, latest first. */
  readonly evidence: readonly Counts[];
  /** The latest attempts, in portions. */
  readonly recent: readonly Counts[];
  readonly probe: Counts;
  readonly signals: Signals;
  readonly tainted: boolean;
  readonly readings: readonly GateReading[];
  /** Days that the last levels took. */
  readonly levelDays: readonly number[];
  readonly levelSince: number;
};

/** Sending days before today that the gates look at. */
const windowDays = 3;
/** The latest attempts that are looked at by themselves: a block shows there first. */
const recentAttempts = 100;
const portionAttempts = 10;
const evaluateEvery = 100;

export function openAccount(plan: Plan, at: Instant, signals: Signals = noSignals): PlanAccount {
  return {
    plan,
    use: unused,
    day: dayOf(at),
    today: noCounts,
    evidence: [noCounts],
    recent: [],
    probe: noCounts,
    signals,
    tainted: false,
    readings: [],
    levelDays: [],
    levelSince: 0,
  };
}

export function add(one: Counts, other: Partial<Counts>): Counts {
  const both = {
    attempts: one.attempts + (other.attempts ?? 0),
    delivered: one.delivered + (other.delivered ?? 0),
    rateDeferrals: one.rateDeferrals + (other.rateDeferrals ?? 0),
    hardBounces: one.hardBounces + (other.hardBounces ?? 0),
    blockBounces: one.blockBounces + (other.blockBounces ?? 0),
    complaints: one.complaints + (other.complaints ?? 0),
    authFailures: one.authFailures + (other.authFailures ?? 0),
  };
  const unproven = (one.unproven ?? 0) + (other.unproven ?? 0);
  return unproven === 0 ? both : { ...both, unproven };
}

const sum = (all: readonly Counts[]): Counts => all.reduce(add, noCounts);

/** Takes notice of results; a few at a time, or the pause comes late. */
export function record(account: PlanAccount, counts: Partial<Counts>, at: Instant): PlanAccount {
  const current = settle(account, at);
  const [today = noCounts, ...before] = current.evidence;
  const noted: PlanAccount = {
    ...current,
    today: add(current.today, counts),
    evidence: [add(today, counts), ...before],
    recent: latest(current.recent, counts),
    probe: current.plan.state === "probing" ? add(current.probe, counts) : noCounts,
  };
  if (noted.plan.state === "probing") {
    const bad = noted.probe.rateDeferrals + noted.probe.blockBounces;
    const plan = probed(noted.plan, noted.probe.attempts, bad, at, noted.probe.hardBounces);
    return plan === noted.plan ? noted : afresh({ ...noted, plan });
  }
  const bad = (counts.rateDeferrals ?? 0) + (counts.blockBounces ?? 0) + (counts.authFailures ?? 0) > 0;
  const due = Math.floor(noted.today.attempts / evaluateEvery) > Math.floor(current.today.attempts / evaluateEvery);
  return bad || due ? evaluate(noted, at) : noted;
}

/** The latest, in portions of some: most results come one by one, and a portion for each would be looked through with each of them. */
function latest(known: readonly Counts[], counts: Partial<Counts>): readonly Counts[] {
  const [first, ...others] = known;
  if (first !== undefined && first.attempts + (counts.attempts ?? 0) <= portionAttempts)
    return [add(first, counts), ...others];
  let attempts = 0;
  return [add(noCounts, counts), ...known].filter((portion) => {
    const wanted = attempts < recentAttempts;
    attempts += portion.attempts;
    return wanted;
  });
}

/** A plan that has moved begins with new evidence. */
function afresh(account: PlanAccount): PlanAccount {
  return { ...account, evidence: [noCounts], recent: [], probe: noCounts };
}

function observed({ signals }: PlanAccount, counts: Counts): Observed {
  const { complaints, unproven: _, ...rest } = counts;
  const { tellsComplaints, ...known } = signals;
  return { ...rest, ...known, ...(tellsComplaints ? { complaints } : {}) };
}

/** Looks at the gates over the window, over today, and (for blocks alone) over the latest attempts; moves the plan. */
export function evaluate(account: PlanAccount, at: Instant): PlanAccount {
  const readings = readGates(observed(account, sum(account.evidence)));
  const today = readGates(observed(account, account.evidence[0] ?? noCounts));
  const now = readGates(observed(account, sum(account.recent))).filter(
    ({ signal, level }) => level === "pause" && signal === "block-bounces",
  );
  const all = [...readings, ...today, ...now];
  const gate = gravest(all);
  const why = because(all, gate);
  // Whose list is bad at the lowest level has nowhere to step back to: it must not go on as it is, for it harms all that send from there.
  const ofList = all.some(
    (one) => one.level === gate && (one.signal === "hard-bounces" || one.signal === "complaints"),
  );
  const stops = gate === "pause" || (gate === "back" && account.plan.level === 0);
  const isOpen = account.plan.state !== "paused" && account.plan.state !== "probing";
  const plan = ofList && stops && isOpen ? pauseForList(account.plan, why, at) : react(account.plan, gate, why, at);
  const seen = { ...account, readings };
  if (plan === account.plan) return seen;
  // There is nothing to step back to: what was answered does not count again, and what the list is goes on being counted.
  if (plan.level === account.plan.level && plan.state === account.plan.state)
    return { ...seen, plan, evidence: seen.evidence.map(answered), recent: [] };
  return afresh({ ...seen, plan });
}

const answered = (counts: Counts): Counts => ({ ...counts, rateDeferrals: 0, blockBounces: 0 });

/** Of this many messages something can be said of a list; so many of a hundred do not exist where it is a bad one, and a very bad one. */
const minOfList = 100;
const badList = 0.05;
const veryBadList = 0.1;

/**
 * What a list is shows at all providers together sooner than at each of them. Plans of one domain: those that must stop for it, as they are then. At the lowest level
 * a bad list stops them, a very bad one at any.
 */
export function judgeList(accounts: readonly PlanAccount[], at: Instant): readonly PlanAccount[] {
  const { attempts, hardBounces } = sum(accounts.flatMap(({ evidence }) => evidence));
  if (attempts < minOfList) return [];
  const [low] = wilson(hardBounces, attempts);
  if (low < badList) return [];
  const why = `hard-bounces: ${hardBounces} of ${attempts} at all providers (at least ${(low * 100).toFixed(1)} %)`;
  return accounts
    .filter(({ plan }) => plan.state !== "paused" && plan.state !== "probing" && !isBlamed(plan, at))
    .filter(({ plan }) => plan.level === 0 || low >= veryBadList)
    .map((account) => afresh({ ...account, plan: pauseForList(account.plan, why, at) }));
}

function because(readings: readonly GateReading[], gate: GateLevel): string {
  const worst = readings.find(({ level }) => level === gate);
  return worst === undefined ? "" : `${worst.signal}: ${worst.said}`;
}

/** What passing time does: closes days that are over, ends pauses, notices silence. */
export function settle(account: PlanAccount, at: Instant): PlanAccount {
  const day = dayOf(at);
  const closed = day > account.day ? close(account, day) : account;
  const plan = tick(closed.plan, at);
  return plan === closed.plan ? closed : afresh({ ...closed, plan });
}

function close(account: PlanAccount, next: Day): PlanAccount {
  const judged = evaluate(account, (account.day + 1) * dayMs - 1);
  const { today } = account;
  const window = gravest(judged.readings);
  const plan = closeDay(judged.plan, {
    day: account.day,
    attempts: today.attempts,
    delivered: today.delivered,
    unproven: today.unproven ?? 0,
    gate: window,
    tainted: account.tainted,
  });
  const climbed = plan.level > judged.plan.level || (plan.state === "warm" && judged.plan.state !== "warm");
  const sent = today.attempts > 0;
  return {
    ...judged,
    plan,
    day: next,
    today: noCounts,
    evidence: sent ? [noCounts, ...judged.evidence.slice(0, windowDays)] : judged.evidence,
    recent: [],
    tainted: false,
    levelSince: climbed ? 0 : judged.levelSince + (sent ? 1 : 0),
    levelDays: climbed ? [...judged.levelDays, judged.levelSince + 1].slice(-7) : judged.levelDays,
  };
}

/** Measured gates ÷ gates: shown beside the progress. */
export function confidenceOf(account: PlanAccount): number {
  return account.readings.length === 0 ? 0 : confidence(account.readings);
}
