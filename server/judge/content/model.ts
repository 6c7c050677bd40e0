/**
 * The learned part of the filter: a linear model over hashed features. It learns message by message (logistic loss, a rate per
 * feature that falls with what was learned of it), starts from what the rules say, and corrects them.
 */
import { type Features, type Group, groups } from "./features.ts";

/** Weights: 2^21, of which two features may share one. 8 MB, and 8 MB more while learning. */
export const modelBits = 21;
const modelSize = 1 << modelBits;
const mask = modelSize - 1;

/**
 * What a group may say altogether. Within a group every feature counts alike and their squares sum up to the square of the share, so
 * that a long text says no more than a short one.
 */
const shares: { readonly [group in Group]: number } = {
  words: 1.4,
  pairs: 1.4,
  subject: 1,
  header: 1,
  route: 0.7,
  shape: 1,
  links: 1,
};

/**
 * How far a group is believed when mail is judged. How mail is made tells servers and collections apart as much as it tells spam, and
 * what was learned of it misleads most on mail of another kind; what is said and where links lead carries farthest.
 */
const trust: { readonly [group in Group]: number } = {
  words: 1.2,
  pairs: 1.5,
  subject: 1.2,
  header: 0.5,
  route: 1,
  shape: 0.5,
  links: 1.5,
};
/** No group alone convinces: so much evidence comes of one at most. */
const mostOfGroup = 2.5;
/** Groups of names (programs, hosts, places), which a message from elsewhere has others of; there all counts less, down to three tenths. */
const namely: ReadonlySet<Group> = new Set(["header", "route", "links"]);

/**
 * What the rules say counts in full when mail is judged. While the model learns, the less the more is learned: else it would learn only
 * what the rules lack, and on mail of another kind than it learned from, where it errs, nothing would hold against it.
 */
function rulesWhileLearning(count: number): number {
  return 2000 / (2000 + count);
}
const rate = 0.5;
/** What every weight is taken to have learned before it learned anything: keeps the first step short. */
const firstPrecision = 1e-3;
/** A message that is already judged so well teaches nothing. */
const enough = 1e-4;
/** Evidence from what was learned never exceeds this, and with few messages learned much less: then the rules lead. */
const leastCap = 3;
const mostCap = 20;
const halfTrained = 6000;
/** The rules take it that most mail nothing is said about is good; a model has seen what nothing was said about. */
const prior = 0.95;

export type Example = { readonly features: Features; readonly rules: number; readonly spam: boolean };

export type ModelState = {
  readonly weights: Float32Array;
  /** Sums of squared gradients; undefined in a model that only judges. */
  readonly precision: Float32Array | undefined;
  bias: number;
  biasPrecision: number;
  ham: number;
  spam: number;
};

export function emptyModel(): ModelState {
  return {
    weights: new Float32Array(modelSize),
    precision: new Float32Array(modelSize).fill(firstPrecision),
    bias: 0,
    biasPrecision: 1,
    ham: 0,
    spam: 0,
  };
}

/** What the weights make of a message as it is learned, in logarithmic odds; unbounded. */
function rawOdds(model: ModelState, features: Features): number {
  const { weights } = model;
  let sum = model.bias;
  for (const group of groups) {
    const hashes = features[group];
    if (hashes.length === 0) continue;
    let part = 0;
    for (let i = 0; i < hashes.length; i++) part += weights[hashes[i]! & mask]!;
    sum += (part * shares[group]) / Math.sqrt(hashes.length);
  }
  return sum;
}

/** Evidence that the model adds to the rules' for this message, bounded by how much it has learned. */
export function modelEvidence(model: ModelState, features: Features): number {
  const count = model.ham + model.spam;
  if (count === 0) return 0;
  const { weights } = model;
  let sum = model.bias;
  let familiar = 0;
  for (const group of groups) {
    const hashes = features[group];
    if (hashes.length === 0) {
      if (namely.has(group)) familiar++;
      continue;
    }
    let part = 0;
    let known = 0;
    for (let i = 0; i < hashes.length; i++) {
      const weight = weights[hashes[i]! & mask]!;
      part += weight;
      if (weight !== 0) known++;
    }
    sum += within((part * shares[group] * trust[group]) / Math.sqrt(hashes.length), mostOfGroup);
    if (namely.has(group)) familiar += known / hashes.length;
  }
  const cap = leastCap + ((mostCap - leastCap) * count) / (count + halfTrained);
  return within(sum * (0.3 + (0.7 * familiar) / namely.size), cap) + (prior * count) / (count + 50);
}

/** Grows ever more slowly towards `most`. */
function within(value: number, most: number): number {
  return most * Math.tanh(value / most);
}

/**
 * Learns the examples, each `epochs` times, in an order that is the same every time. A flood of one class does not drown the other:
 * the rarer class counts more. Answers nothing; `model` has changed.
 */
export function learn(model: ModelState, examples: readonly Example[], epochs: number): void {
  let spam = model.spam;
  let ham = model.ham;
  for (const example of examples) example.spam ? spam++ : ham++;
  const total = spam + ham;
  const spamWeight = spam === 0 ? 1 : Math.min(4, Math.sqrt(total / (2 * spam)));
  const hamWeight = ham === 0 ? 1 : Math.min(4, Math.sqrt(total / (2 * ham)));
  model.spam = spam;
  model.ham = ham;
  const share = rulesWhileLearning(spam + ham);
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const example of shuffled(examples, 12_345 + epoch * 7919))
      learnOne(model, example, example.spam ? spamWeight : hamWeight, share);
}

function learnOne(model: ModelState, { features, rules, spam }: Example, weight: number, share: number): void {
  const { weights, precision } = model;
  if (precision === undefined) throw new Error("This model was made for judging only: it cannot learn.");
  const odds = rawOdds(model, features) + share * rules;
  const slope = (1 / (1 + Math.exp(-odds)) - (spam ? 1 : 0)) * weight;
  if (Math.abs(slope) < enough) return;
  for (const group of groups) {
    const hashes = features[group];
    if (hashes.length === 0) continue;
    const gradient = (slope * shares[group]) / Math.sqrt(hashes.length);
    const square = gradient * gradient;
    const step = rate * gradient;
    for (let i = 0; i < hashes.length; i++) {
      const at = hashes[i]! & mask;
      const grown = precision[at]! + square;
      precision[at] = grown;
      weights[at]! -= step / Math.sqrt(grown);
    }
  }
  model.biasPrecision += slope * slope;
  model.bias -= (0.1 * rate * slope) / Math.sqrt(model.biasPrecision);
}

/** The same order for the same number of examples and seed, on every machine. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const out = [...list];
  let state = seed;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
