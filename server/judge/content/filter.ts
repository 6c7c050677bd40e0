/** The filter: a message in, a probability and the reasons for it out. Pure: what it knows of people and what it learned come with the question. */
import { type Fingerprint, fingerprintOf } from "./campaigns.ts";
import type { Envelope } from "./content.ts";
import { type Features, featuresOf, noFeatures } from "./features.ts";
import { type ModelState, modelEvidence } from "./model.ts";
import { readContent } from "./read-content.ts";
import type { Acquaintance } from "./rules/facts.ts";
import { judgeRules } from "./rules/judge-rules.ts";
import type { Hit } from "./rules/rule.ts";

/** From this probability on a message is spam, unless settings say otherwise: a good mail lost weighs more than a spam seen. */
export const spamFrom = 0.97;

export type Opinion = {
  /** Probability that it is spam, 0 to 1. */
  readonly probability: number;
  /** The sum of all evidence, in logarithmic odds; `probabilityOf` makes the probability of it. */
  readonly odds: number;
  readonly hits: readonly Hit[];
  /** How many messages the model had learned. */
  readonly messages: number;
  /** Share of the odds that was learned. */
  readonly learned: number;
};

/** A message read for the filter: plain data, so that another thread may have done it. */
export type Asked = {
  /** Empty where nobody wants them. */
  readonly features: Features;
  readonly hits: readonly Hit[];
  /** Evidence of the rules alone. */
  readonly rules: number;
  readonly print: Fingerprint | undefined;
  /** Domains that its links lead to, at most `maxDomains`. */
  readonly domains: readonly string[];
};

export const maxDomains = 10;

/** What `readMessage` is told beside the message. */
export type Reading = {
  /** Undefined: the message itself says (it was delivered before). */
  readonly envelope?: Envelope | undefined;
  readonly known?: Acquaintance;
  /** Weights of rules that an administrator has changed; 0 turns a rule off. */
  readonly weights?: ReadonlyMap<string, number> | undefined;
  /** False where only the rules are asked. */
  readonly features?: boolean;
  /** False where nobody asks for mail that is almost the same. */
  readonly print?: boolean;
};

/** Everything about a message that judging and learning need. */
export function readMessage(
  raw: Uint8Array,
  { envelope, known = {}, weights, features = true, print = true }: Reading = {},
): Asked {
  const content = readContent(raw, envelope);
  const { hits, score } = judgeRules(content, known, weights);
  const domains = new Set<string>();
  for (const { domain, scheme } of content.links)
    if (scheme.startsWith("http") && domain.includes(".") && domains.size < maxDomains) domains.add(domain);
  return {
    features: features ? featuresOf(content) : noFeatures,
    hits,
    rules: score,
    print: print ? fingerprintOf(content) : undefined,
    domains: [...domains],
  };
}

/** `withRules` false asks only what was learned. */
export function judgeMessage(asked: Asked, model: ModelState | undefined, withRules = true): Opinion {
  const learned = model === undefined ? 0 : modelEvidence(model, asked.features);
  const odds = learned + (withRules ? asked.rules : 0);
  const messages = model === undefined ? 0 : model.ham + model.spam;
  return { probability: probabilityOf(odds, messages), messages, odds, hits: withRules ? asked.hits : [], learned };
}

/** The sentences that explain an opinion, the weightiest first, at most `max`; for spam why it is, for good mail why it is not. */
export function reasonsFor(opinion: Opinion, spam: boolean, max: number): string[] {
  const side = spam ? 1 : -1;
  const reasons: { readonly weight: number; readonly text: string }[] = [];
  for (const { weight, sentence } of opinion.hits)
    if (weight * side > 0) reasons.push({ weight: weight * side, text: sentence });
  if (opinion.learned * side > 1)
    reasons.push({
      weight: opinion.learned * side,
      text: spam ? "It resembles mail that was marked as spam" : "It resembles mail that was kept",
    });
  reasons.sort((a, b) => b.weight - a.weight);
  return reasons.slice(0, max).map(({ text }) => text);
}

/**
 * How often mail with so much evidence was spam, measured (docs/filtering.md has the table). Rules are weighed for the clear cases: what
 * they are in doubt about is spam more often than their sum says, and what they are sure of as often. A model makes up for that: `learned`
 * messages.
 */
export function probabilityOf(odds: number, learned: number): number {
  return 1 / (1 + Math.exp(-calibrated(odds, learned)));
}

/** The evidence that makes a probability; the inverse of `probabilityOf`. */
export function oddsOf(probability: number, learned: number): number {
  const wanted = Math.log(probability / (1 - probability));
  const { gentle, lift, middle } = curve(learned);
  if (wanted >= surely) return wanted;
  return wanted <= middle
    ? (wanted - lift) / gentle
    : doubt + ((wanted - middle) * (surely - doubt)) / (surely - middle);
}

const surely = Math.log(spamFrom / (1 - spamFrom));
/** Odds up to which the rules are in doubt. */
const doubt = 2;

function curve(learned: number): { readonly gentle: number; readonly lift: number; readonly middle: number } {
  const alone = 50 / (50 + learned);
  const gentle = 1 - 0.2 * alone;
  const lift = 1.2 * alone;
  return { gentle, lift, middle: gentle * doubt + lift };
}

function calibrated(odds: number, learned: number): number {
  if (odds >= surely) return odds;
  const { gentle, lift, middle } = curve(learned);
  if (odds <= doubt) return gentle * odds + lift;
  return middle + ((odds - doubt) * (surely - middle)) / (surely - doubt);
}
