/** What strikes against a tenant lead to: 1 warns, 2 limit, 3 suspend, until they expire or are lifted. Pure. */
import type { Tenant } from "../dispatch/schema.ts";
import type { Instant } from "../store/store.ts";
import type { Strike } from "../store/tickets-store.ts";

export const measures = ["none", "warn", "limit", "suspend"] as const;
export type Measure = (typeof measures)[number];
type State = Tenant["state"];
const states = { none: undefined, warn: undefined, limit: "limited", suspend: "suspended" } as const satisfies {
  readonly [measure in Measure]: State | undefined;
};
const gravity: readonly State[] = ["active", "limited", "paused", "suspended"];

export type Standing = {
  /** In force now, the latest first. */
  readonly inForce: readonly Strike[];
  readonly measure: Measure;
  /** When the next of them expires. */
  readonly until: Instant | undefined;
};

export function standingOf(strikes: readonly Strike[], now: Instant): Standing {
  const inForce = strikes.filter(({ expiresAt }) => expiresAt > now).sort((one, other) => other.at - one.at);
  const measure = measures[Math.min(inForce.length, measures.length - 1)]!;
  const ends = inForce.map(({ expiresAt }) => expiresAt);
  return { inForce, measure, until: ends.length === 0 ? undefined : Math.min(...ends) };
}

/** The state that strikes gave a tenant, and what it was before. */
export type Struck = {
  readonly state: State;
  readonly reason: string;
  readonly before: Pick<Tenant, "state" | "reason">;
};
export type Change = { readonly to: Pick<Tenant, "state" | "reason">; readonly struck: Struck | undefined };

/**
 * What is to be changed of a tenant; undefined: nothing. Strikes never make better what somebody else has done (a person, or what receivers say),
 * and take back what they did themselves alone.
 */
export function changeFor(
  { measure, inForce }: Standing,
  now: Pick<Tenant, "state" | "reason">,
  struck: Struck | undefined,
  isNew: boolean,
): Change | undefined {
  const wanted = states[measure];
  const isOurs = struck !== undefined && struck.state === now.state && struck.reason === now.reason;
  if (!isOurs && !isNew) return undefined;
  const base = isOurs ? struck.before : now;
  if (wanted === undefined || gravity.indexOf(wanted) <= gravity.indexOf(base.state))
    return isOurs ? { to: base, struck: undefined } : undefined;
  const reason = reasonOf(inForce);
  if (now.state === wanted && now.reason === reason) return undefined;
  return { to: { state: wanted, reason }, struck: { state: wanted, reason, before: base } };
}

const maxReasonChars = 400;
const reasonOf = (inForce: readonly Strike[]): string =>
  `${Math.min(inForce.length, 3)} of 3 strikes, the last because: ${inForce[0]?.reason ?? ""}`.slice(0, maxReasonChars);

const day = (at: Instant): string => new Date(at).toISOString().slice(0, 10);

/** For the tenant, in its console and in its letter. */
export function sentenceOf({ inForce, measure, until }: Standing): string {
  const [last] = inForce;
  if (last === undefined || until === undefined) return "There is no strike against you.";
  const count = inForce.length === 1 ? "There is one strike" : `There are ${inForce.length} strikes`;
  const follows = {
    none: "",
    warn: "This is a warning: at two your sending is limited, at three it is suspended.",
    limit: "Your sending is limited to half its turns; at three strikes it is suspended.",
    suspend: "Your sending is suspended: nothing leaves until a strike expires or is lifted.",
  }[measure];
  return `${count} against you, the last of ${day(last.at)}: ${withStop(last.reason)} ${follows} The next one expires on ${day(until)}.`;
}
const withStop = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export const subjectOf = ({ measure, inForce }: Standing): string =>
  ({
    none: "Your sending is as it was: no strike is in force",
    warn: "A warning about your sending (1 of 3 strikes)",
    limit: "Your sending is limited (2 of 3 strikes)",
    suspend: `Your sending is suspended (${inForce.length} strikes)`,
  })[measure];
