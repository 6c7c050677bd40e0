/** Arguments of SEARCH, SORT and THREAD: RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 4731, RFC 5182, RFC 5256, RFC 5032, RFC 7162, RFC 8474, RFC 8514. */
import {
  type CommandBody,
  FlagBit,
  type ImapSearchKey,
  type ImapSortKey,
  type ResultRange,
  type SearchReturn,
} from "./command.ts";
import { parseDay } from "./date-time.ts";
import { decodeUtf8 } from "./mailbox-name.ts";
import type { Cursor } from "./token.ts";

/** Keys in one search, and how deep NOT, OR and parentheses may go. */
export const maxSearchKeys = 2000;
export const maxSearchDepth = 200;
const maxSortKeys = 16;
const maxReturns = 16;
const dayMs = 86_400_000;

export function search(cursor: Cursor, uid: boolean): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const program = searchProgram(cursor);
  return program === undefined ? undefined : { name: "SEARCH", uid, ...program };
}

/** `[RETURN (…)] [CHARSET …] keys`. */
export function searchProgram(
  cursor: Cursor,
): { readonly returns: SearchReturn | undefined; readonly key: ImapSearchKey } | undefined {
  const returns = returnOptions(cursor);
  if (cursor.refusal !== undefined) return undefined;
  const reader = new SearchReader(cursor);
  if (cursor.peekWord() === "CHARSET") {
    cursor.word();
    if (!cursor.space() || !reader.charset() || !cursor.space()) return undefined;
  }
  const key = reader.program();
  return key === undefined ? undefined : { returns, key };
}

const sortNames: ReadonlySet<string> = new Set<ImapSortKey["by"]>([
  "arrival",
  "cc",
  "date",
  "from",
  "size",
  "subject",
  "to",
  "displayfrom",
  "displayto",
]);

export function sort(cursor: Cursor, uid: boolean): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const returns = returnOptions(cursor);
  if (cursor.refusal !== undefined) return undefined;
  const order: ImapSortKey[] = [];
  const read = cursor.list(maxSortKeys, () => {
    let by = cursor.word()?.toLowerCase();
    const reverse = by === "reverse";
    if (reverse) by = cursor.space() ? cursor.word()?.toLowerCase() : undefined;
    if (by === undefined || !sortNames.has(by)) {
      cursor.fail("Unknown sort key");
      return false;
    }
    order.push({ by: by as ImapSortKey["by"], reverse });
    return true;
  });
  if (!read) return undefined;
  const key = charsetAndKeys(cursor);
  return key === undefined ? undefined : { name: "SORT", uid, returns, order, key };
}

export function thread(cursor: Cursor, uid: boolean): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const algorithm = cursor.word();
  if (algorithm !== "REFERENCES" && algorithm !== "ORDEREDSUBJECT") return cursor.fail("Unknown threading algorithm");
  const key = charsetAndKeys(cursor);
  return key === undefined ? undefined : { name: "THREAD", uid, algorithm, key };
}

function charsetAndKeys(cursor: Cursor): ImapSearchKey | undefined {
  const reader = new SearchReader(cursor);
  return cursor.space() && reader.charset() && cursor.space() ? reader.program() : undefined;
}

function returnOptions(cursor: Cursor): SearchReturn | undefined {
  if (cursor.peekWord() !== "RETURN") return undefined;
  cursor.word();
  const returns = { min: false, max: false, all: false, count: false, save: false };
  let partial: ResultRange | undefined;
  const read =
    cursor.space() &&
    cursor.list(
      maxReturns,
      () => {
        const option = cursor.word()?.toLowerCase();
        if (option === "partial" && partial === undefined) {
          return cursor.space() && (partial = cursor.resultRange()) !== undefined;
        }
        if (option === undefined || !Object.hasOwn(returns, option)) {
          cursor.fail("Unknown RETURN option");
          return false;
        }
        return (returns[option as keyof typeof returns] = true);
      },
      true,
    );
  if (!read || !cursor.space()) return undefined;
  cursor.saves = returns.save;
  // RFC 9394 §3.1.
  if (partial !== undefined && returns.all) return cursor.fail("PARTIAL and ALL do not go together");
  // RFC 4731 §3.1: `RETURN ()` is ALL.
  if (partial === undefined && !Object.values(returns).includes(true)) returns.all = true;
  return { ...returns, partial };
}

const flags = new Map<string, number>([
  ["ANSWERED", FlagBit.answered],
  ["DELETED", FlagBit.deleted],
  ["DRAFT", FlagBit.draft],
  ["FLAGGED", FlagBit.flagged],
  ["SEEN", FlagBit.seen],
]);
const dates = new Map<string, { readonly of: "received" | "saved" | "sent"; readonly when: "before" | "on" | "since" }>(
  [
    ["BEFORE", { of: "received", when: "before" }],
    ["ON", { of: "received", when: "on" }],
    ["SINCE", { of: "received", when: "since" }],
    ["SENTBEFORE", { of: "sent", when: "before" }],
    ["SENTON", { of: "sent", when: "on" }],
    ["SENTSINCE", { of: "sent", when: "since" }],
    ["SAVEDBEFORE", { of: "saved", when: "before" }],
    ["SAVEDON", { of: "saved", when: "on" }],
    ["SAVEDSINCE", { of: "saved", when: "since" }],
  ],
);

/** Reads search keys in one charset. */
class SearchReader {
  readonly #cursor: Cursor;
  #decode: (bytes: string) => string | undefined = decodeUtf8;
  #keys = 0;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  charset(): boolean {
    const name = this.#cursor.astring()?.toUpperCase();
    if (name === undefined) return false;
    if (name === "UTF-8" || name === "US-ASCII") return true;
    const decoder = decoderOf(name);
    if (decoder === undefined) {
      this.#cursor.fail("[BADCHARSET (US-ASCII UTF-8)] Unknown charset", "NO");
      return false;
    }
    this.#decode = decoder;
    return true;
  }

  /** Keys up to the end of the command. */
  program(): ImapSearchKey | undefined {
    const keys: ImapSearchKey[] = [];
    for (;;) {
      const key = this.#key(0);
      if (key === undefined) return undefined;
      keys.push(key);
      if (this.#cursor.done) return keys.length === 1 ? key : { kind: "and", keys };
      if (!this.#cursor.space()) return undefined;
    }
  }

  #key(depth: number): ImapSearchKey | undefined {
    const cursor = this.#cursor;
    if (depth > maxSearchDepth) return cursor.fail("Search is nested too deep");
    if (++this.#keys > maxSearchKeys) return cursor.fail("Too many search keys");
    const code = cursor.next;
    if (code === 0x28) return this.#group(depth);
    if ((code >= 0x30 && code <= 0x39) || code === 0x2a || code === 0x24) {
      const set = cursor.set();
      return set === undefined ? undefined : { kind: "sequence", set };
    }
    const name = cursor.word();
    if (name === undefined) return undefined;
    const flag = flags.get(name);
    if (flag !== undefined) return { kind: "flag", flag };
    const notFlag = name.startsWith("UN") ? flags.get(name.slice(2)) : undefined;
    if (notFlag !== undefined) return not({ kind: "flag", flag: notFlag });
    const date = dates.get(name);
    if (date !== undefined) return this.#date(date);
    return this.#named(name, depth);
  }

  #group(depth: number): ImapSearchKey | undefined {
    const keys: ImapSearchKey[] = [];
    const read = this.#cursor.list(maxSearchKeys, () => {
      const key = this.#key(depth + 1);
      if (key !== undefined) keys.push(key);
      return key !== undefined;
    });
    if (!read) return undefined;
    return keys.length === 1 ? keys[0] : { kind: "and", keys };
  }

  #named(name: string, depth: number): ImapSearchKey | undefined {
    const cursor = this.#cursor;
    switch (name) {
      case "ALL":
        return { kind: "all" };
      case "NEW":
      case "OLD":
      case "RECENT":
        return { kind: name.toLowerCase() as "new" | "old" | "recent" };
      case "SAVEDATESUPPORTED":
        return { kind: "savedatesupported" };
      case "NOT": {
        const key = cursor.space() ? this.#key(depth + 1) : undefined;
        return key === undefined ? undefined : not(key);
      }
      case "OR":
        return this.#or(depth);
      case "UID": {
        const set = cursor.space() ? cursor.set() : undefined;
        return set === undefined ? undefined : { kind: "uids", set };
      }
      case "KEYWORD":
      case "UNKEYWORD": {
        const keyword = cursor.space() ? cursor.atom() : undefined;
        if (keyword === undefined) return undefined;
        return name === "KEYWORD" ? { kind: "keyword", keyword } : not({ kind: "keyword", keyword });
      }
      case "LARGER":
      case "SMALLER": {
        const bytes = cursor.space() ? cursor.number63() : undefined;
        return bytes === undefined ? undefined : { kind: name === "LARGER" ? "larger" : "smaller", bytes };
      }
      case "YOUNGER":
      case "OLDER": {
        const seconds = cursor.space() ? cursor.nzNumber() : undefined;
        return seconds === undefined ? undefined : { kind: name === "YOUNGER" ? "younger" : "older", seconds };
      }
      case "MODSEQ":
        return this.#modseq();
      case "EMAILID":
      case "THREADID": {
        const id = cursor.space() ? cursor.atom() : undefined;
        return id === undefined ? undefined : { kind: name === "EMAILID" ? "emailid" : "threadid", id };
      }
      case "BODY":
      case "TEXT": {
        const needle = this.#text();
        return needle === undefined ? undefined : { kind: name === "BODY" ? "body" : "text", needle };
      }
      case "BCC":
      case "CC":
      case "FROM":
      case "SUBJECT":
      case "TO":
        return this.#header(name);
      case "HEADER": {
        const field = cursor.space() ? cursor.astring() : undefined;
        return field === undefined ? undefined : this.#header(field);
      }
      default:
        return cursor.fail("Unknown search key");
    }
  }

  /** OR a OR b c is one "or" of three: clients chain hundreds. */
  #or(depth: number): ImapSearchKey | undefined {
    const cursor = this.#cursor;
    const keys: ImapSearchKey[] = [];
    for (;;) {
      const left = cursor.space() ? this.#key(depth + 1) : undefined;
      if (left === undefined || !cursor.space()) return undefined;
      keys.push(left);
      if (cursor.peekWord() !== "OR") break;
      cursor.word();
      if (++this.#keys > maxSearchKeys) return cursor.fail("Too many search keys");
    }
    const right = this.#key(depth + 1);
    if (right === undefined) return undefined;
    keys.push(right);
    return { kind: "or", keys };
  }

  #header(name: string): ImapSearchKey | undefined {
    const needle = this.#text();
    return needle === undefined ? undefined : { kind: "header", name: name.toLowerCase(), needle };
  }

  #text(): string | undefined {
    const bytes = this.#cursor.space() ? this.#cursor.astring() : undefined;
    return bytes === undefined ? undefined : (this.#decode(bytes) ?? this.#cursor.fail("Text is not in its charset"));
  }

  #date(date: { readonly of: "received" | "saved" | "sent"; readonly when: "before" | "on" | "since" }) {
    const text = this.#cursor.space() ? this.#cursor.astring() : undefined;
    if (text === undefined) return undefined;
    const day = parseDay(text);
    if (day === undefined) return this.#cursor.fail("Invalid date");
    const { of } = date;
    if (date.when === "before") return { kind: "date", of, before: day } as const;
    if (date.when === "since") return { kind: "date", of, from: day } as const;
    return { kind: "date", of, from: day, before: day + dayMs } as const;
  }

  /** RFC 7162 §3.1.5: `MODSEQ ["/flags/\\Seen" all] n`; we keep one mod-sequence per message, so the entry says nothing more. */
  #modseq(): ImapSearchKey | undefined {
    const cursor = this.#cursor;
    if (!cursor.space()) return undefined;
    if (cursor.next === 0x22) {
      if (cursor.string() === undefined || !cursor.space()) return undefined;
      const type = cursor.word();
      if (type !== "ALL" && type !== "PRIV" && type !== "SHARED") return cursor.fail("Unknown MODSEQ entry type");
      if (!cursor.space()) return undefined;
    }
    const from = cursor.number63();
    return from === undefined ? undefined : { kind: "modseq", from };
  }
}

function not(key: ImapSearchKey): ImapSearchKey {
  return { kind: "not", key };
}

/** Anything the platform knows, beside the two that RFC 9051 wants. */
function decoderOf(charset: string): ((bytes: string) => string | undefined) | undefined {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    return undefined;
  }
  return (bytes) => {
    try {
      return decoder.decode(Buffer.from(bytes, "latin1"));
    } catch {
      return undefined;
    }
  };
}
