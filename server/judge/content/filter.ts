/** The filter: a message in, a probability and the reasons for it out. Pure: what it knows of people and what it learned come with the question. */
import { type Fingerprint, fingerprintOf } from "./campaigns.ts";
import type { Envelope } from "./content.ts";
import { type Features, featuresOf, noFeatures } from "./features.ts";
import { type ModelState, modelEvidence, rulesShare } from "./model.ts";
import { readContent } from "./read-content.ts";
import type { Acquaintance } from "./rules/facts.ts";
import { judgeRules } from "./rules/judge-rules.ts";
import type { Hit } from "./rules/rule.ts";

/** From this probability on a message is spam, unless settings say otherwise: a good mail lost weighs more than a spam seen. */
export const spamFrom = 0.97;

export type Opinion = {
  /** Probability that it is spam, 0 to 1. */
  readonly probability: number;
  /** The same as logarithmic odds: the sum of all evidence. */
  readonly odds: number;
  readonly hits: readonly Hit[];
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
};

/** Everything about a message that judging and learning need. */
export function readMessage(raw: Uint8Array, { envelope, known = {}, weights, features = true }: Reading = {}): Asked {
  const content = readContent(raw, envelope);
  const { hits, score } = judgeRules(content, known, weights);
  const domains = new Set<string>();
  for (const { domain, scheme } of content.links)
    if (scheme.startsWith("http") && domain.includes(".") && domains.size < maxDomains) domains.add(domain);
  return {
    features: features
      ? featuresOf(
          content,
          hits.map(({ name }) => name),
        )
      : noFeatures,
    hits,
    rules: score,
    print: fingerprintOf(content),
    domains: [...domains],
  };
}

/** `withRules` false asks only what was learned. */
export function judgeMessage(asked: Asked, model: ModelState | undefined, withRules = true): Opinion {
  const learned = model === undefined ? 0 : modelEvidence(model, asked.features);
  const odds = learned + (withRules ? asked.rules * (model === undefined ? 1 : rulesShare(model)) : 0);
  return { probability: 1 / (1 + Math.exp(-odds)), odds, hits: withRules ? asked.hits : [], learned };
}

/** The sentences that explain an opinion, the weightiest first, at most `max`; for spam why it is, for good mail why it is not. */
export function reasonsFor(opinion: Opinion, spam: boolean, max: number): string[] {
  const side = spam ? 1 : -1;
  const reasons: { readonly weight: number; readonly text: string }[] = [];
  for (const { weight, sentence } of opinion.hits)
    if (weight * side > 0) reasons.push({ weight: weight * side, text: sentence });
  if (opinion.learned * side > 0.5)
    reasons.push({
      weight: opinion.learned * side,
      text: spam ? "It resembles mail that was marked as spam" : "It resembles mail that was kept",
    });
  reasons.sort((a, b) => b.weight - a.weight);
  return reasons.slice(0, max).map(({ text }) => text);
}
