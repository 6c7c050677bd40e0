/**
 * A search key as a judge of single messages, in two instances: the first looks at the row and may not know; the second
 * looks at the bytes and always does. Cheap keys are asked first, and the rest only where they decide something.
 */
import { foldText } from "../../protocol/mime/fold.ts";
import type { FoldedText } from "../../protocol/mime/search-text.ts";
import { mayContainSlots, needleSlots } from "../../protocol/mime/signature.ts";
import type { Places } from "../../protocol/words/postings.ts";
import type { AskedWord } from "../../protocol/words/words.ts";
import { isOneLine, isSubject, wholeSubjectChars } from "./search-bounds.ts";
import { envelopeDate } from "./search-envelope.ts";
import type { SearchKey } from "./search-key.ts";
import { maxZoneMs, wallClock } from "./search-sent.ts";
import type { UidRange } from "./store.ts";

/** What the rows say of one message. Fields that `Needs` does not ask for are empty. */
export type Candidate = {
  readonly uid: number;
  readonly flags: number;
  readonly keywords: string;
  readonly modseq: number;
  readonly receivedAt: number;
  readonly savedAt: number;
  readonly size: number;
  readonly email: number;
  readonly thread: number;
  readonly content: number;
  readonly sentAt: number | null;
  readonly subject: string;
  readonly envelope: string;
  readonly signature: Uint8Array;
};

/** A candidate of which nothing is known. */
export const nobody: Candidate = {
  uid: 0,
  flags: 0,
  keywords: "",
  modseq: 0,
  receivedAt: 0,
  savedAt: 0,
  size: 0,
  email: 0,
  thread: 0,
  content: 0,
  sentAt: null,
  subject: "",
  envelope: "",
  signature: new Uint8Array(0),
};

/** A message whose bytes are at hand, for text keys. */
export type Look = {
  readonly header: (name: string, needle: string) => boolean;
  readonly body: (needle: string) => boolean;
  readonly text: (needle: string) => boolean;
  readonly words: (words: readonly AskedWord[], places: Places) => boolean;
};

export type Needs = {
  /** What a row says beside its UID and email: flags, dates and the like. */
  readonly row: boolean;
  /** sentAt and subject. */
  readonly content: boolean;
  readonly envelope: boolean;
  readonly signature: boolean;
  /** What a second look needs: nothing (there is none), the header section, the folded text, or the whole message. */
  readonly bytes: "none" | "header" | "text" | "all";
};

export type Verdict = 0 | 1 | 2;
export const no: Verdict = 0;
export const yes: Verdict = 1;
export const unknown: Verdict = 2;

export type Judge = {
  readonly needs: Needs;
  readonly first: (candidate: Candidate) => Verdict;
  /** Only for those whom `first` does not know. */
  readonly second: (candidate: Candidate, look: Look) => boolean;
  /** Whether a message of this text surely does not match; nobody knows, where there is no such function. */
  readonly rulesOut?: (folded: FoldedText) => boolean;
};

/** Levels of and, or and not. The parsers of the protocols allow fewer. */
export const maxSearchDepth = 1000;

type Node = Judge & { readonly cost: number };

const numbersAlone: Needs = { row: false, content: false, envelope: false, signature: false, bytes: "none" };
const rowsAlone: Needs = { row: true, content: false, envelope: false, signature: false, bytes: "none" };
const free = 0;
const cheap = 1;
const folding = 4;
const text = 1000;

/** What is known of a needle before any message is looked at: undefined for emails that nothing is known of. */
export type Foreknowledge = (key: SearchKey) => ((email: number) => boolean | undefined) | undefined;

export function judgeOf(key: SearchKey, foreknown: Foreknowledge = () => undefined): Judge {
  return nodeOf(key, foreknown, 0);
}

function nodeOf(key: SearchKey, foreknown: Foreknowledge, depth: number): Node {
  if (depth > maxSearchDepth) throw new RangeError(`A search key is more than ${maxSearchDepth} levels deep.`);
  switch (key.kind) {
    case "all":
      return row(free, () => yes, numbersAlone);
    case "none":
      return row(free, () => no, numbersAlone);
    case "and":
    case "or":
      return several(
        key.kind,
        key.keys.map((each) => nodeOf(each, foreknown, depth + 1)),
      );
    case "not": {
      const inner = nodeOf(key.key, foreknown, depth + 1);
      return {
        cost: inner.cost,
        needs: inner.needs,
        first: (candidate) => {
          const verdict = inner.first(candidate);
          return verdict === unknown ? unknown : verdict === yes ? no : yes;
        },
        second: (candidate, look) => !inner.second(candidate, look),
      };
    }
    case "uids": {
      const { uids } = key;
      return row(cheap, ({ uid }) => isAmong(uids, uid), numbersAlone);
    }
    case "flag": {
      const { flag } = key;
      return row(free, ({ flags }) => (flags & flag) === flag);
    }
    case "keyword": {
      const wanted = ` ${key.keyword.toLowerCase()} `;
      return row(cheap, ({ keywords }) => keywords !== "" && ` ${keywords} `.toLowerCase().includes(wanted));
    }
    case "larger":
      return row(free, ({ size }) => size > key.bytes);
    case "smaller":
      return row(free, ({ size }) => size < key.bytes);
    case "modseq":
      return row(free, ({ modseq }) => modseq >= key.from);
    case "email":
      return row(free, ({ email }) => email === key.email, numbersAlone);
    case "thread":
      return row(free, ({ thread }) => thread === key.thread);
    case "date":
      return date(key);
    case "header":
      return isSubject(key.name) && isOneLine(key.needle)
        ? subject(key.name, key.needle)
        : bytes(key, "header", (look) => look.header(key.name, key.needle), foreknown);
    case "body":
      return bytes(key, asText(key.needle), (look) => look.body(key.needle), foreknown);
    case "text":
      return bytes(key, asText(key.needle), (look) => look.text(key.needle), foreknown);
    case "words":
      // Signatures know accents and cases that words do not: they cannot rule words out.
      return {
        cost: 2 * text,
        needs: { ...numbersAlone, bytes: "all" },
        first: () => unknown,
        second: (_, look) => look.words(key.words, key.places),
        rulesOut: (folded) => lacksWord(folded, key.words),
      };
    default:
      return key satisfies never;
  }
}

const isPlain = /^[\x00-\x7f]*$/;

/** Words of text without other letters stand in it as they are: they are what it was folded to. */
function lacksWord({ header, text: body }: FoldedText, words: readonly AskedWord[]): boolean {
  return (
    words.some(({ word }) => !body.includes(word) && !header.includes(word)) &&
    isPlain.test(header) &&
    isPlain.test(body)
  );
}

/** A key that the row decides. */
function row(cost: number, holds: (candidate: Candidate) => boolean | Verdict, needs: Needs = rowsAlone): Node {
  return {
    cost,
    needs,
    first: (candidate) => (holds(candidate) ? yes : no),
    second: () => {
      throw new Error("The row has decided already.");
    },
  };
}

function several(kind: "and" | "or", unordered: readonly Node[]): Node {
  const nodes = [...unordered].sort((a, b) => a.cost - b.cost);
  const decisive = kind === "and" ? no : yes;
  const otherwise = kind === "and" ? yes : no;
  return {
    cost: nodes.reduce((sum, node) => sum + node.cost, 0),
    needs: nodes.reduce((sum, node) => together(sum, node.needs), numbersAlone),
    first: (candidate) => {
      let verdict: Verdict = otherwise;
      for (const node of nodes) {
        const each = node.first(candidate);
        if (each === decisive) return decisive;
        if (each === unknown) verdict = unknown;
      }
      return verdict;
    },
    second: (candidate, look) => {
      for (const node of nodes) {
        const each = node.first(candidate);
        const holds = each === unknown ? node.second(candidate, look) : each === yes;
        if (holds === (decisive === yes)) return holds;
      }
      return kind === "and";
    },
  };
}

function together(a: Needs, b: Needs): Needs {
  const bytesOfBoth = a.bytes === "none" || a.bytes === b.bytes ? b.bytes : b.bytes === "none" ? a.bytes : "all";
  return {
    row: a.row || b.row,
    content: a.content || b.content,
    envelope: a.envelope || b.envelope,
    signature: a.signature || b.signature,
    bytes: bytesOfBoth,
  };
}

function date(key: Extract<SearchKey, { readonly kind: "date" }>): Node {
  const { from = Number.NEGATIVE_INFINITY, before = Number.POSITIVE_INFINITY } = key;
  const within = (at: number) => at >= from && at < before;
  if (key.of === "received") return row(free, ({ receivedAt }) => within(receivedAt));
  if (key.of === "saved") return row(free, ({ savedAt }) => within(savedAt));
  return row(
    cheap,
    ({ sentAt, envelope }) => {
      if (sentAt === null) return no;
      const near = (bound: number) => Math.abs(sentAt - bound) <= maxZoneMs;
      if (!near(from) && !near(before)) return within(sentAt);
      const field = envelopeDate(envelope);
      return within(field === undefined ? sentAt : wallClock(field, sentAt));
    },
    { ...rowsAlone, content: true, envelope: true },
  );
}

/** The subject is kept decoded, so that only a cut one must be looked up. */
function subject(name: string, needle: string): Node {
  const folded = foldText(needle);
  return {
    cost: folding,
    needs: { ...rowsAlone, content: true, bytes: "header" },
    first: (candidate) => {
      if (foldText(candidate.subject).includes(folded)) return yes;
      return candidate.subject.length >= wholeSubjectChars ? unknown : no;
    },
    second: (_, look) => look.header(name, needle),
  };
}

/** Folded texts are told apart by NUL. */
const asText = (needle: string): "text" | "all" => (needle.includes("\0") ? "all" : "text");

/** A key that only the bytes decide, where the index does not; the signature may rule it out. */
function bytes(
  key: Extract<SearchKey, { readonly needle: string }>,
  what: "header" | "text" | "all",
  holds: (look: Look) => boolean,
  foreknown: Foreknowledge,
): Node {
  const slots = needleSlots(key.needle);
  const known = foreknown(key);
  const needs: Needs = { ...numbersAlone, signature: slots.length > 0, bytes: what };
  return {
    cost: what === "header" ? text : 2 * text,
    needs,
    first: (candidate) => {
      const verdict = known?.(candidate.email);
      if (verdict !== undefined) return verdict ? yes : no;
      return mayContainSlots(candidate.signature, slots) ? unknown : no;
    },
    second: (_, look) => holds(look),
  };
}

/** Whether a UID is in ascending, disjoint ranges. */
export function isAmong(uids: readonly UidRange[], uid: number): boolean {
  let low = 0;
  let high = uids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = uids[middle] as UidRange;
    if (uid < range[0]) high = middle;
    else if (uid > range[1]) low = middle + 1;
    else return true;
  }
  return false;
}
