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
  rules: 0.7,
};

/** What the rules say counts in full beside nothing learned, and the less the more was learned: then learning knows better. */
export function rulesShare(model: ModelState): number {
  const count = model.ham + model.spam;
  return 1 - (0.5 * count) / (count + 2000);
}
const rate = 0.3;
/** What every weight is taken to have learned before it learned anything: keeps the first step short. */
const firstPrecision = 1e-3;
/** A message that is already judged so well teaches nothing. */
const enough = 1e-4;
/** Evidence from what was learned never exceeds this, and with few messages learned much less: then the rules lead. */
const leastCap = 3;
const mostCap = 20;
const halfTrained = 6000;

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

/** What was learned says of a message, in logarithmic odds; unbounded. */
function learned(model: ModelState, features: Features): number {
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
  const cap = leastCap + ((mostCap - leastCap) * count) / (count + halfTrained);
  return cap * Math.tanh(learned(model, features) / cap);
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
  const share = rulesShare(model);
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const example of shuffled(examples, 12_345 + epoch * 7919))
      learnOne(model, example, example.spam ? spamWeight : hamWeight, share);
}

function learnOne(model: ModelState, { features, rules, spam }: Example, weight: number, share: number): void {
  const { weights, precision } = model;
  if (precision === undefined) throw new Error("This model was made for judging only: it cannot learn.");
  const odds = learned(model, features) + share * rules;
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
