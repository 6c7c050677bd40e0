/** What counts beside the rules that ask the message: what its recipients said before, and what others say of it. */
import type { Hit, Rule } from "./rule.ts";

/** A weight that decides alone, whatever the rest says. */
export const decisive = 100;

const rule = (name: string, weight: number, sentence: string): Omit<Rule, "holds"> => ({ name, weight, sentence });

export const beyondRules = {
  blocked: rule("recipient-blocks", decisive, "The recipient has blocked this sender"),
  allowed: rule("recipient-allows", -decisive, "The recipient allows this sender"),
  calledSpam: rule("called-spam", decisive, "The recipient has called mail from this sender spam"),
  // Not all: whoever gets hold of a good sender's account sends what nobody wants.
  calledGood: rule("called-good", -12, "The recipient took mail from this sender out of Junk"),
  wrote: rule("recipient-wrote", -decisive, "The recipient has written to this sender"),
  alikeSpam: rule("called-spam-alike", 4, "The recipient has called almost the same message spam"),
  alikeGood: rule("called-good-alike", -4, "The recipient took almost the same message out of Junk"),
  campaign: rule("campaign", 4, "Several people here have called almost the same message spam"),
  linkReported: rule("link-reported", 2.5, "It links to where spam led that several people here reported"),
  // The administrator has chosen the list: what it names is spam unless much speaks for it.
  linkListed: rule("link-listed", 5.5, "It links to a domain that is listed as one of spam"),
} as const;

/** The hit of a rule that holds, with the weight that an administrator gave it; undefined where it is turned off. */
export function hitBeyond(
  { name, weight, sentence }: Omit<Rule, "holds">,
  weights: ReadonlyMap<string, number> | undefined,
  plainer = sentence,
): Hit | undefined {
  const gained = weights?.get(name) ?? weight;
  return gained === 0 ? undefined : { name, weight: gained, sentence: plainer };
}
