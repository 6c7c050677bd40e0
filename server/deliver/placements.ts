/** Where a message goes in the mailboxes of those it is for, when no script says otherwise. */
import type { Taken } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import type { AccountId, Marks, Placement, Target } from "../store/store.ts";
import type { Destinations } from "./destinations.ts";

const inbox: Target = { role: "inbox" };
const junk: Target = { role: "junk" };
const unmarked: Marks = { flags: 0, keywords: [] };

/** By what is thought of it altogether, or by what this person has said of such mail. */
export function isJunkFor(account: AccountId, verdict: Taken): boolean {
  return verdict.kind !== "accept" || verdict.findings?.spam?.junkFor?.has(account) === true;
}

export function placementsOf(mail: Received, accounts: Destinations["accounts"], verdict: Taken): readonly Placement[] {
  const placements: Placement[] = [];
  for (const [account, overQuota] of accounts) {
    const target = isJunkFor(account, verdict) ? junk : inbox;
    const placement = { account, target, marks: unmarked, receivedAt: mail.at };
    placements.push(overQuota ? { ...placement, overQuota } : placement);
  }
  return placements;
}
