/**
 * Bodies seen before: near-duplicates of mail that several people called spam. The fingerprint of a text (64 bits, of its words and
 * their neighbours) changes little where the text changes little.
 */
import type { Content } from "./content.ts";
import { hashPair } from "./hash.ts";
import { speakFor, type TenantOf } from "./voices.ts";

/** Two texts whose fingerprints differ in so many bits are one campaign. */
const nearBits = 11;
/** Shorter texts are like too many others. */
const leastWords = 12;
/** Campaigns that are remembered; the oldest are forgotten. */
export const maxCampaigns = 2000;
const maxVoters = 20;

export type Fingerprint = { readonly high: number; readonly low: number };
export type Campaign = Fingerprint & {
  at: number;
  /** Accounts that called it spam, and that called it good. */
  readonly spam: number[];
  readonly ham: number[];
};

/** Undefined where there is too little text. */
export function fingerprintOf(content: Content): Fingerprint | undefined {
  const words =
    content.htmlWriting.words.length > content.plainWriting.words.length
      ? content.htmlWriting.words
      : content.plainWriting.words;
  if (words.length < leastWords) return undefined;
  const count = Math.min(words.length, maxPrintWords);
  const high = new Votes();
  const low = new Votes();
  for (let i = 0; i + 1 < count; i++) {
    high.add(hashPair(words[i]!, words[i + 1]!, 7));
    low.add(hashPair(words[i + 1]!, words[i]!, 11));
  }
  return { high: high.majority(), low: low.majority() };
}

/** Words of a text that its fingerprint is made of. */
const maxPrintWords = 600;
const planes = Math.ceil(Math.log2(maxPrintWords));

/** For each of 32 bits, how many numbers have it. The counts stand upright: all their lowest bits are one word, all their second bits the next. */
class Votes {
  readonly #counts = new Int32Array(planes);
  #all = 0;

  add(number: number): void {
    this.#all++;
    for (let plane = 0, carry = number | 0; carry !== 0; plane++) {
      const before = this.#counts[plane]!;
      this.#counts[plane] = before ^ carry;
      carry &= before;
    }
  }

  /** The bits that more than half of the numbers have. */
  majority(): number {
    let bits = 0;
    for (let bit = 0; bit < 32; bit++) {
      let count = 0;
      for (let plane = 0; plane < planes; plane++) count += ((this.#counts[plane]! >>> bit) & 1) << plane;
      if (count * 2 > this.#all) bits |= 1 << bit;
    }
    return bits >>> 0;
  }
}

function bits(value: number): number {
  let left = value >>> 0;
  let count = 0;
  while (left !== 0) {
    left &= left - 1;
    count++;
  }
  return count;
}

export class Campaigns {
  readonly #list: Campaign[];

  constructor(known: readonly Campaign[] = []) {
    this.#list = known.slice(0, maxCampaigns).map((one) => ({ ...one, spam: [...one.spam], ham: [...one.ham] }));
  }

  find({ high, low }: Fingerprint): Campaign | undefined {
    for (const one of this.#list) if (bits(one.high ^ high) + bits(one.low ^ low) <= nearBits) return one;
    return undefined;
  }

  /** Whether enough people called this spam, for somebody of `tenant`, and nobody good. */
  isSpam(print: Fingerprint, tenant: number | undefined, tenantOf: TenantOf): boolean {
    const found = this.find(print);
    return found !== undefined && found.ham.length === 0 && speakFor(found, tenant, tenantOf);
  }

  /** What one person called this. */
  saidBy(print: Fingerprint, account: number): "spam" | "ham" | undefined {
    const found = this.find(print);
    if (found === undefined) return undefined;
    return found.spam.includes(account) ? "spam" : found.ham.includes(account) ? "ham" : undefined;
  }

  voters(): Set<number> {
    return new Set(this.#list.flatMap(({ spam, ham }) => [...spam, ...ham]));
  }

  get empty(): boolean {
    return this.#list.length === 0;
  }

  /** One person has one voice for each campaign; `undefined` takes it back. */
  vote(print: Fingerprint, account: number, spam: boolean | undefined, at: number): void {
    let found = this.find(print);
    if (found === undefined) {
      if (spam === undefined) return;
      found = { ...print, at, spam: [], ham: [] };
      this.#list.push(found);
      if (this.#list.length > maxCampaigns) {
        this.#list.sort((a, b) => b.at - a.at);
        this.#list.length = maxCampaigns;
      }
    }
    for (const side of [found.spam, found.ham]) {
      const index = side.indexOf(account);
      if (index >= 0) side.splice(index, 1);
    }
    if (spam !== undefined) {
      const side = spam ? found.spam : found.ham;
      if (side.length < maxVoters) side.push(account);
      found.at = at;
    }
  }

  /** Takes back all that a person said. */
  forget(account: number): void {
    for (const { spam, ham } of this.#list)
      for (const side of [spam, ham]) if (side.includes(account)) side.splice(side.indexOf(account), 1);
  }

  all(): readonly Campaign[] {
    return this.#list.filter(({ spam, ham }) => spam.length + ham.length > 0);
  }
}
