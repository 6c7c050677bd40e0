/** Applies the table of rules to a message. */
import type { Content } from "../content.ts";
import { bodyRules, talkRules } from "./body-rules.ts";
import { type Acquaintance, factsAbout } from "./facts.ts";
import { headerRules } from "./header-rules.ts";
import { linkRules } from "./link-rules.ts";
import type { Hit, Rule } from "./rule.ts";
import { senderRules } from "./sender-rules.ts";

export const allRules: readonly Rule[] = [...senderRules, ...headerRules, ...talkRules, ...bodyRules, ...linkRules];

/** Evidence of all rules that hold, and the sum that none of them gives: most mail that nothing is said about is good. */
export type RulesVerdict = { readonly hits: readonly Hit[]; readonly score: number };

export const startingEvidence = -3;

/** What speaks for a message though whoever writes it can put it there: of a stranger it counts so much together. */
export const sayable: ReadonlySet<string> = new Set([
  "discussion-list",
  "written-by-hand",
  "talk-discussion",
  "plain-text",
  "quotes",
  "code",
  "signature",
  "list-footer",
  "pgp",
  "one-line-footer-ad",
]);
const maxClaims = 3;

/** `weights` replaces those of the table (0 turns a rule off). */
export function judgeRules(
  content: Content,
  known: Acquaintance = {},
  weights?: ReadonlyMap<string, number>,
): RulesVerdict {
  const facts = factsAbout(content, known);
  const hits: Hit[] = [];
  let score = startingEvidence;
  let claims = 0;
  for (const { name, weight, sentence, holds } of allRules) {
    const strength = Number(holds(facts));
    if (strength === 0) continue;
    let gained = (weights?.get(name) ?? weight) * strength;
    if (known.stranger === true && gained < 0 && sayable.has(name)) {
      gained = Math.max(gained, claims - maxClaims);
      claims -= gained;
      if (gained === 0) continue;
    }
    hits.push({ name, weight: gained, sentence });
    score += gained;
  }
  return { hits, score };
}
