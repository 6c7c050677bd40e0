/**
 * One figure for how mail comes to people at a provider, out of what was measured there alone, and never without its parts: what nobody measured
 * counts neither for nor against. Pure.
 */
import type { Feedback } from "../dispatch/feedback.ts";
import type { Interest } from "../dispatch/interest.ts";
import type { Instant } from "../store/store.ts";
import { minEngaged } from "../warm/gates.ts";
import { placementsOf, type Sum } from "./placement.ts";
import type { Run } from "./run.ts";

export const partNames = ["seeds", "clicks", "complaints", "deferrals"] as const;
export type PartName = (typeof partNames)[number];
const weights: { readonly [name in PartName]: number } = { seeds: 0.4, clicks: 0.3, complaints: 0.2, deferrals: 0.1 };
/** So many complaints of all that was delivered count as none of it wanted. */
const worstComplaints = 0.003;
/** A warm-up pauses where so many attempts are put off. */
const worstDeferrals = 0.3;
const minDelivered = 1_000;
const minAttempts = 50;

export type Measured = {
  readonly seeds: Sum | undefined;
  /** What people open and follow of it beside what they used to. */
  readonly clicks?: Interest | undefined;
  /** As its postmaster page says it, or out of reports and what was delivered. */
  readonly spamRate: number | undefined;
  readonly complaints: { readonly count: number; readonly delivered: number } | undefined;
  readonly deferrals: { readonly count: number; readonly attempts: number } | undefined;
};
export type Part = {
  readonly name: PartName;
  readonly weight: number;
  /** 0 to 1; undefined: not measured. */
  readonly value: number | undefined;
  readonly says: string;
};
export type InboxIndex = {
  /** 0 to 100, over the measured parts; undefined: nothing was measured. */
  readonly index: number | undefined;
  /** Weight of the measured parts, of 1. */
  readonly measured: number;
  readonly parts: readonly Part[];
  readonly says: string;
};

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const percent = (share: number): string => `${Math.round(share * 100)} %`;
const fine = (share: number): string => `${(share * 100).toFixed(2)} %`;

export function inboxIndex(given: Measured): InboxIndex {
  const parts = partNames.map((name): Part => ({ name, weight: weights[name], ...partOf(name, given) }));
  const known = parts.filter((one) => one.value !== undefined);
  const measured = known.reduce((sum, { weight }) => sum + weight, 0);
  const index =
    measured === 0
      ? undefined
      : Math.round((100 * known.reduce((sum, { weight, value = 0 }) => sum + weight * value, 0)) / measured);
  const said = parts.map(({ name, value, says }) =>
    value === undefined ? `${name} not measured` : `${name} ${Math.round(100 * value)} (${says})`,
  );
  return {
    index,
    measured: Math.round(measured * 100) / 100,
    parts,
    says:
      index === undefined
        ? "Not measured."
        : `${index} of 100, over ${percent(measured)} of its parts: ${said.join("; ")}`,
  };
}

type Found = Pick<Part, "value" | "says">;
const unmeasured = (says: string): Found => ({ value: undefined, says });

function partOf(name: PartName, { seeds, clicks, spamRate, complaints, deferrals }: Measured): Found {
  switch (name) {
    case "seeds":
      return seeds?.share === undefined || !seeds.enough
        ? unmeasured("fewer than ten seed mailboxes have seen mail there in the last week")
        : { value: seeds.share, says: `${seeds.inbox + seeds.tab} of ${seeds.seen} in the inbox` };
    case "clicks":
      return clicks === undefined || clicks.usual <= 0 || clicks.of < minEngaged
        ? unmeasured(
            `of fewer than ${minEngaged} delivered of late, or in the week before, opens or clicks are counted`,
          )
        : { value: clamp(clicks.rate / clicks.usual), says: `${fine(clicks.rate)} beside ${fine(clicks.usual)}` };
    case "complaints": {
      if (spamRate !== undefined)
        return { value: clamp(1 - spamRate / worstComplaints), says: `${fine(spamRate)} by its postmaster page` };
      if (complaints === undefined) return unmeasured("it tells nobody of complaints");
      if (complaints.delivered < minDelivered) return unmeasured(`fewer than ${minDelivered} were delivered`);
      const rate = Math.max(0, complaints.count) / complaints.delivered;
      return { value: clamp(1 - rate / worstComplaints), says: `${complaints.count} of ${complaints.delivered}` };
    }
    case "deferrals": {
      if (deferrals === undefined || deferrals.attempts < minAttempts)
        return unmeasured(`fewer than ${minAttempts} attempts of a warm-up`);
      const rate = deferrals.count / deferrals.attempts;
      return { value: clamp(1 - rate / worstDeferrals), says: `${deferrals.count} of ${deferrals.attempts} put off` };
    }
    default:
      return name satisfies never;
  }
}

export type ProviderIndex = InboxIndex & { readonly provider: string };

/** Of each provider at which anything was measured, in the order in which they are given. */
export function indexesOf(
  providers: readonly string[],
  known: {
    readonly runs: readonly Run[];
    readonly feedback: readonly Feedback[];
    readonly seenAt: (provider: string) => {
      readonly counts: {
        readonly attempts: number;
        readonly delivered: number;
        readonly rateDeferrals: number;
        readonly complaints: number;
      };
      readonly tellsComplaints: boolean;
      readonly interest: Interest | undefined;
    };
  },
  now: Instant,
): readonly ProviderIndex[] {
  const placements = new Map(placementsOf(known.runs, now).map((one) => [one.provider, one]));
  return providers
    .map((provider): ProviderIndex => {
      const { counts, tellsComplaints, interest } = known.seenAt(provider);
      // Of several domains the worst: an average would hide it.
      const rates = known.feedback.flatMap((one) =>
        one.provider === provider && one.rate !== undefined ? [one.rate] : [],
      );
      return {
        provider,
        ...inboxIndex({
          seeds: placements.get(provider),
          clicks: interest,
          spamRate: rates.length === 0 ? undefined : Math.max(...rates),
          complaints: tellsComplaints ? { count: counts.complaints, delivered: counts.delivered } : undefined,
          deferrals: { count: counts.rateDeferrals, attempts: counts.attempts },
        }),
      };
    })
    .filter(({ index }) => index !== undefined);
}
