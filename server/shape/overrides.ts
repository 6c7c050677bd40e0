/**
 * What receivers' replies have done to the limits: each override says what it sets, why, since and until when. Slowing down
 * comes back by itself, a little at a time. Values in, values out; the caller keeps them across a restart.
 */
import type { Limits, Reaction, Rule } from "./schema.ts";

type Instant = number;
export type Scope = Reaction["scope"];

/** Whom a reply was about: who sent it, and to whom. */
export type Parties = {
  readonly source: string;
  readonly domain: string;
  readonly tenant: string;
  readonly campaign: string;
  readonly provider: string;
};

export type Override = {
  readonly scope: Exclude<Scope, "recipient">;
  readonly subject: string;
  readonly provider: string;
  readonly rule: string;
  /** The reply that caused it, shortened. */
  readonly sample: string;
  readonly since: Instant;
  readonly until: Instant;
  readonly suspend: boolean;
  /** Rate and connections times this; 1 where it does not slow. */
  readonly slow: number;
  readonly perSecond: number | undefined;
  readonly connections: number | undefined;
  readonly messagesPerConnection: number | undefined;
  readonly lastHit: Instant;
  readonly hits: number;
};

export type HitCounts = ReadonlyMap<string, readonly Instant[]>;
export type ShapingState = { readonly overrides: readonly Override[]; readonly hits: HitCounts };
export const calm: ShapingState = { overrides: [], hits: new Map() };

/** What else a hit asks for, beyond the limits. */
export type Effect =
  | {
      readonly kind: "warm-up";
      readonly do: "hold" | "back" | "pause";
      readonly scope: "source" | "domain";
      readonly rule: string;
    }
  | { readonly kind: "stop-campaign"; readonly rule: string }
  | { readonly kind: "retry"; readonly afterMs: number }
  | { readonly kind: "alert"; readonly rule: string; readonly fix: string | undefined };

export type Hit = { readonly state: ShapingState; readonly effects: readonly Effect[] };

/** Hits remembered per rule and party; no rule needs more to trigger. */
const maxHits = 100;
/** Overrides and counters kept in all. */
export const maxOverrides = 10_000;
const maxSample = 300;
/** Slowing never goes below this part of what is usual. */
const slowest = 1 / 64;
/** A slowed party that heard nothing more for so long gets a tenth back each step. */
const recoverAfterMs = 30 * 60_000;
const recoverStepMs = 15 * 60_000;
const recoverBy = 0.1;

function subjectOf(scope: Scope, parties: Parties): string {
  return scope === "recipient" ? "" : parties[scope];
}

/** A reply has hit a rule. */
export function hit(state: ShapingState, rule: Rule, parties: Parties, sample: string, now: Instant): Hit {
  const hits = new Map(state.hits);
  let overrides = state.overrides.filter(({ until }) => until > now);
  const effects: Effect[] = [];
  const counted = new Set<string>();
  for (const reaction of rule.reaction) {
    const subject = subjectOf(reaction.scope, parties);
    // Mail of no tenant or campaign is nobody's to be stopped.
    if (subject === "" && reaction.scope !== "recipient") continue;
    const key = `${rule.id} ${reaction.scope} ${subject} ${parties.provider}`;
    if (!counted.has(key)) {
      counted.add(key);
      const longest = Math.max(...rule.reaction.map(({ within }) => within));
      const before = (hits.get(key) ?? []).filter((at) => at > now - longest);
      hits.delete(key);
      hits.set(key, [...before, now].slice(-maxHits));
    }
    const recent = hits.get(key)!.filter((at) => at > now - reaction.within).length;
    if (recent < reaction.hits) continue;
    effects.push(...effectsOf(rule, reaction));
    overrides = withReaction(overrides, rule, reaction, parties, sample, now);
  }
  for (const key of hits.keys()) if (hits.size > maxOverrides) hits.delete(key);
  return { state: { overrides: overrides.slice(-maxOverrides), hits }, effects };
}

function effectsOf(rule: Rule, reaction: Reaction): readonly Effect[] {
  const effects: Effect[] = [];
  if (reaction.warmup !== undefined)
    effects.push({
      kind: "warm-up",
      do: reaction.warmup,
      scope: reaction.scope === "source" ? "source" : "domain",
      rule: rule.id,
    });
  if (reaction.stop) effects.push({ kind: "stop-campaign", rule: rule.id });
  if (reaction.retry !== undefined) effects.push({ kind: "retry", afterMs: reaction.retry });
  if (reaction.alert) effects.push({ kind: "alert", rule: rule.id, fix: rule.fix });
  return effects;
}

function withReaction(
  overrides: readonly Override[],
  rule: Rule,
  reaction: Reaction,
  parties: Parties,
  sample: string,
  now: Instant,
): Override[] {
  const { scope } = reaction;
  if (scope === "recipient") return [...overrides];
  const lasts = reaction.suspend ?? reaction.for;
  if (lasts === undefined) return [...overrides];
  const subject = subjectOf(scope, parties);
  const suspend = reaction.suspend !== undefined;
  const isSame = (one: Override): boolean =>
    one.scope === scope &&
    one.subject === subject &&
    one.provider === parties.provider &&
    one.rule === rule.id &&
    one.suspend === suspend;
  const before = overrides.find(isSame);
  const slow =
    reaction.slow === undefined
      ? 1
      : Math.max(slowest, reaction.slow * (before === undefined ? 1 : slowNow(before, now)));
  const next: Override = {
    scope,
    subject,
    provider: parties.provider,
    rule: rule.id,
    sample: sample.slice(0, maxSample),
    since: before?.since ?? now,
    // What recovers by itself must be remembered until it has.
    until: reaction.slow === undefined ? now + lasts : now + Math.max(lasts, recoveryMs(slow)),
    suspend,
    slow,
    perSecond: reaction.rate,
    connections: reaction.connections,
    messagesPerConnection: reaction.messagesPerConnection,
    lastHit: now,
    hits: (before?.hits ?? 0) + 1,
  };
  return [...overrides.filter((one) => !isSame(one)), next];
}

function recoveryMs(slow: number): number {
  return recoverAfterMs + Math.ceil((1 - slow) / recoverBy) * recoverStepMs;
}

/** How much of the usual rate a slowed party has back by now. */
function slowNow(override: Override, now: Instant): number {
  const quietMs = now - override.lastHit - recoverAfterMs;
  if (quietMs < 0) return override.slow;
  return Math.min(1, override.slow + recoverBy * (1 + Math.floor(quietMs / recoverStepMs)));
}

export type LimitsNow = Limits & {
  /** Nothing goes before then, and why. */
  readonly suspended: { readonly until: Instant; readonly by: Override } | undefined;
  /** Overrides at work, the gravest first. */
  readonly because: readonly Override[];
};

/** The limits for these parties at this moment. */
export function limitsNow(usual: Limits, state: ShapingState, parties: Parties, now: Instant): LimitsNow {
  const because = state.overrides.filter(
    (one) => one.until > now && one.provider === parties.provider && one.subject === parties[one.scope],
  );
  let suspended: LimitsNow["suspended"];
  let { perSecond, perDomainPerSecond, connections, totalConnections, messagesPerConnection } = usual;
  for (const one of because) {
    if (one.suspend && (suspended === undefined || one.until > suspended.until))
      suspended = { until: one.until, by: one };
    const slow = slowNow(one, now);
    perSecond = least(perSecond === undefined ? undefined : perSecond * slow, one.perSecond);
    if (perDomainPerSecond !== undefined) perDomainPerSecond *= slow;
    connections = least(slowed(connections, slow), one.connections);
    totalConnections = least(slowed(totalConnections, slow), one.connections);
    messagesPerConnection = least(messagesPerConnection, one.messagesPerConnection);
  }
  const limits: Limits = { ...usual };
  if (perSecond !== undefined) limits.perSecond = perSecond;
  if (perDomainPerSecond !== undefined) limits.perDomainPerSecond = perDomainPerSecond;
  if (connections !== undefined) limits.connections = connections;
  if (totalConnections !== undefined) limits.totalConnections = totalConnections;
  if (messagesPerConnection !== undefined) limits.messagesPerConnection = messagesPerConnection;
  return { ...limits, suspended, because: because.sort((one, other) => Number(other.suspend) - Number(one.suspend)) };
}

function slowed(count: number | undefined, slow: number): number | undefined {
  return count === undefined ? undefined : Math.max(1, Math.floor(count * slow));
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined) return other;
  return other === undefined ? one : Math.min(one, other);
}

/** A person takes an override back. */
export function cancel(state: ShapingState, gone: Override): ShapingState {
  return { ...state, overrides: state.overrides.filter((one) => one !== gone) };
}
