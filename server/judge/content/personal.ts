/**
 * What one person taught the filter: a small table of corrections beside what everybody shares. A lesson moves the opinion of that
 * very message just as far as needed, and is remembered by its size, so that it can be taken back exactly.
 */
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type Features, featureVersion, type Group, groups } from "./features.ts";

/** Corrections of one person: 2^14, 64 KiB. */
const personalBits = 14;
const size = 1 << personalBits;
const mask = size - 1;
/** One lesson moves the odds of its message by this much at most, and all together by `mostEvidence`. */
const mostPerLesson = 16;
const mostEvidence = 20;
/** A lesson makes sure that the message would be judged right with this much to spare. */
const margin = 1.5;

export type Personal = {
  readonly weights: Float32Array;
  ham: number;
  spam: number;
};

export type Called = "spam" | "ham";

/** All that one person taught. */
export type Taught = {
  readonly personal: Personal;
  /** What was last said of mail from an address (lower case). */
  readonly senders: { get(address: string): Called | undefined };
};

/** How far a lesson went: enough to undo it. */
export type Lesson = { readonly spam: boolean; readonly step: number };

export function emptyPersonal(): Personal {
  return { weights: new Float32Array(size), ham: 0, spam: 0 };
}

/** A lesson is about what a message says and who says it, hardly about how mail of its kind is made: that all kinds share. */
const shares: { readonly [group in Group]: number } = {
  words: 1,
  pairs: 1,
  subject: 0.7,
  header: 0.6,
  route: 0.3,
  shape: 0.2,
  links: 0.7,
};

function each(features: Features, visit: (place: number, value: number) => void): void {
  for (const group of groups) {
    const hashes = features[group];
    if (hashes.length === 0) continue;
    const value = shares[group] / Math.sqrt(hashes.length);
    for (let i = 0; i < hashes.length; i++) visit((hashes[i]! ^ (hashes[i]! >>> personalBits)) & mask, value);
  }
}

function sumOf(personal: Personal, features: Features): number {
  let sum = 0;
  each(features, (place, value) => {
    sum += personal.weights[place]! * value;
  });
  return sum;
}

/** What the person's lessons say of a message, in logarithmic odds. */
export function personalEvidence(personal: Personal, features: Features): number {
  if (personal.ham + personal.spam === 0) return 0;
  return mostEvidence * Math.tanh(sumOf(personal, features) / mostEvidence);
}

/**
 * Learns that a message with these features is spam or is not. `odds` is what is thought of it without the person's lessons,
 * `threshold` the odds from which mail is junk.
 */
export function teach(personal: Personal, features: Features, spam: boolean, odds: number, threshold: number): Lesson {
  const now = odds + personalEvidence(personal, features);
  const lacking = spam ? threshold + margin - now : threshold - margin - now;
  // Who teaches hundreds of one kind and hardly any of the other teaches less with each: a flood must not drown the rest.
  const [same, other] = spam ? [personal.spam, personal.ham] : [personal.ham, personal.spam];
  const balance = Math.min(1, (other + 20) / (same + 1));
  const wanted = Math.max(-mostPerLesson, Math.min(mostPerLesson, lacking)) * balance;
  const useful = spam ? wanted > 0 : wanted < 0;
  let norm = 0;
  each(features, (_, value) => {
    norm += value * value;
  });
  const step = useful && norm > 0 ? Math.fround(wanted / norm) : 0;
  add(personal, features, step);
  if (spam) personal.spam++;
  else personal.ham++;
  return { spam, step };
}

/** Takes a lesson back. */
export function unteach(personal: Personal, features: Features, lesson: Lesson): void {
  add(personal, features, -lesson.step);
  if (lesson.spam) personal.spam = Math.max(0, personal.spam - 1);
  else personal.ham = Math.max(0, personal.ham - 1);
}

function add(personal: Personal, features: Features, step: number): void {
  if (step === 0) return;
  each(features, (place, value) => {
    personal.weights[place]! += step * value;
  });
}

/** As text that the store keeps. Corrections that came to nothing are not kept. */
export function writePersonal(personal: Personal): string {
  const kept = new Float32Array(size);
  for (let i = 0; i < size; i++) if (Math.abs(personal.weights[i]!) > 1e-5) kept[i] = personal.weights[i]!;
  const head = `${featureVersion} ${personal.ham} ${personal.spam} `;
  return head + zstdCompressSync(Buffer.from(kept.buffer)).toString("base64");
}

/** Undefined where it is of another version, or none. */
export function readPersonal(text: unknown): Personal | undefined {
  const found = typeof text === "string" ? /^(\d+) (\d+) (\d+) ([A-Za-z0-9+/=]+)$/.exec(text) : null;
  if (found === null || Number(found[1]) !== featureVersion) return undefined;
  try {
    const bytes = zstdDecompressSync(Buffer.from(found[4]!, "base64"), { maxOutputLength: size * 4 });
    if (bytes.length !== size * 4) return undefined;
    return { weights: new Float32Array(new Uint8Array(bytes).buffer), ham: Number(found[2]), spam: Number(found[3]) };
  } catch {
    return undefined;
  }
}
