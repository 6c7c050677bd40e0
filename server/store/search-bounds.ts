/**
 * What a search key demands of every message, in terms that the database decides by itself. Bounds never exclude a match;
 * where they say all that the key says (`whole`), what satisfies them needs no second look.
 */
import { maxSubjectChars } from "../../protocol/mime/subject.ts";
import type { SearchKey } from "./search-key.ts";
import type { UidRange } from "./store.ts";

export type Bounds = {
  /** `flags & flagMask` must be `flagWanted`. */
  flagMask: number;
  flagWanted: number;
  modseqFrom: number;
  sizeFrom: number;
  sizeTo: number; // inclusive
  receivedFrom: number;
  receivedBefore: number;
  minKeywordChars: number;
  /** ASCII, lower case: a part of the subject, where the subject is plain ASCII and not cut. "" for any. */
  subject: string;
  uids: readonly UidRange[];
  whole: boolean;
  /** Nothing can match. */
  empty: boolean;
};

const everyUid: readonly UidRange[] = [[1, 0xffffffff]];
/** Subjects this long may have been cut; the database passes them on. */
export const wholeSubjectChars = maxSubjectChars - 2;

export function boundsOf(key: SearchKey): Bounds {
  const bounds: Bounds = {
    flagMask: 0,
    flagWanted: 0,
    modseqFrom: 0,
    sizeFrom: 0,
    sizeTo: Number.MAX_SAFE_INTEGER,
    receivedFrom: -Number.MAX_SAFE_INTEGER,
    receivedBefore: Number.MAX_SAFE_INTEGER,
    minKeywordChars: 0,
    subject: "",
    uids: everyUid,
    whole: true,
    empty: false,
  };
  demand(bounds, key);
  return bounds;
}

function demand(bounds: Bounds, key: SearchKey): void {
  switch (key.kind) {
    case "all":
      return;
    case "none":
      bounds.empty = true;
      return;
    case "and":
      for (const each of key.keys) demand(bounds, each);
      return;
    case "or":
      if (key.keys.length === 0) bounds.empty = true;
      else if (key.keys.length === 1) demand(bounds, key.keys[0] as SearchKey);
      else bounds.whole = false;
      return;
    case "not":
      refuse(bounds, key.key);
      return;
    case "uids":
      if (key.uids.length === 0) bounds.empty = true;
      else if (bounds.uids === everyUid) bounds.uids = key.uids;
      else bounds.whole = false;
      return;
    case "flag":
      demandFlags(bounds, key.flag, key.flag);
      return;
    case "larger":
      bounds.sizeFrom = Math.max(bounds.sizeFrom, key.bytes + 1);
      return;
    case "smaller":
      bounds.sizeTo = Math.min(bounds.sizeTo, key.bytes - 1);
      return;
    case "modseq":
      bounds.modseqFrom = Math.max(bounds.modseqFrom, key.from);
      return;
    case "keyword":
      bounds.minKeywordChars = Math.max(bounds.minKeywordChars, key.keyword.length);
      bounds.whole = false;
      return;
    case "date":
      if (key.of === "received") {
        bounds.receivedFrom = Math.max(bounds.receivedFrom, key.from ?? bounds.receivedFrom);
        bounds.receivedBefore = Math.min(bounds.receivedBefore, key.before ?? bounds.receivedBefore);
      } else bounds.whole = false;
      return;
    case "header":
      bounds.whole = false;
      if (isSubject(key.name) && isOneLine(key.needle) && /^[\x20-\x7e]+$/.test(key.needle))
        if (key.needle.length > bounds.subject.length) bounds.subject = key.needle.toLowerCase();
      return;
    case "email":
    case "thread":
    case "body":
    case "words":
    case "text":
      bounds.whole = false;
      return;
    default:
      key satisfies never;
  }
}

/** The key must not hold. */
function refuse(bounds: Bounds, key: SearchKey): void {
  switch (key.kind) {
    case "all":
      bounds.empty = true;
      return;
    case "none":
      return;
    case "not":
      demand(bounds, key.key);
      return;
    case "or":
      for (const each of key.keys) refuse(bounds, each);
      return;
    case "flag":
      // Without one of several flags: only a single one is a bound.
      if (key.flag !== 0 && (key.flag & (key.flag - 1)) === 0) demandFlags(bounds, key.flag, 0);
      else bounds.whole = false;
      return;
    default:
      bounds.whole = false;
  }
}

function demandFlags(bounds: Bounds, mask: number, wanted: number): void {
  const common = bounds.flagMask & mask;
  if ((bounds.flagWanted & common) !== (wanted & common)) bounds.empty = true;
  bounds.flagMask |= mask;
  bounds.flagWanted |= wanted;
}

export const isSubject = (name: string): boolean => name.toLowerCase() === "subject";

/** Whether the needle can be found in a subject as it is kept: one line with single spaces. */
export const isOneLine = (needle: string): boolean => needle !== "" && !/[^\S ]| {2}|^ | $/.test(needle);
