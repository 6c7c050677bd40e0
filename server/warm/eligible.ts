/** Who gets the scarce messages of a warm-up: those who wait for them first, then those who are known to read. */
import type { Plan } from "./plan.ts";

/**
 * 1: asked for by the recipient (registration, reset). 2: engaged within 30 days, 3: 60, 4: 90, 5: longer ago or never.
 * Engagement is a click, a reply, a login; opens by machines are none.
 */
export type Rank = 1 | 2 | 3 | 4 | 5;

/** Of whom a rank is, for people. */
const whoSaid: { readonly [rank in Rank]: string } = {
  1: "those who wait for their mail",
  2: "those who showed interest within 30 days",
  3: "those who last showed interest 31 to 60 days ago",
  4: "those who last showed interest 61 to 90 days ago",
  5: "those of whom no interest within 90 days is known",
};
/** Why mail to recipients of a rank waits. */
export const tooNewSaid = ({ subject, provider }: Plan, rank: Rank): string =>
  `${subject} is too new at ${provider === "other" ? "everybody else" : provider} for ${whoSaid[rank]}`;

const sendingDaysForStrangers = 42;
/** Of a day's volume for all but rank 1: some is left to those who wait for their mail. */
const othersShare = 0.9;
/** Of a day's volume for rank 5. */
const strangersShare = 0.15;

/** From the days since the recipient last showed interest. */
export function rankOf(daysSince: number | undefined): Rank {
  if (daysSince === undefined || daysSince > 90) return 5;
  return daysSince <= 30 ? 2 : daysSince <= 60 ? 3 : 4;
}

/** Whether this plan may carry a message to such a recipient now. */
export function isEligible(rank: Rank, plan: Plan): boolean {
  if (plan.state === "warm" || plan.asserted !== undefined) return true;
  // A probe asks how we stand: with those who want the mail.
  if (plan.state === "probing") return rank <= 2;
  const way = plan.level / plan.levels.length;
  switch (rank) {
    case 1:
    case 2:
      return true;
    case 3:
      return way >= 0.5;
    case 4:
      return way >= 0.75;
    case 5:
      return plan.sendingDays >= sendingDaysForStrangers;
    default:
      return rank satisfies never;
  }
}

/** The part of a day's volume that recipients of a rank may use. */
export function shareOfRank(rank: Rank): number {
  return rank === 1 ? 1 : rank === 5 ? strangersShare : othersShare;
}
