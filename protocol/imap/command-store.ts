/** Arguments of STORE, COPY, MOVE, UID EXPUNGE, APPEND and REPLACE, and the flags in them. */
import { type AppendMessage, type CommandBody, FlagBit, type Marks } from "./command.ts";
import { parseDateTime } from "./date-time.ts";
import type { Cursor } from "./token.ts";

/** Flags in one command, and the length of one. */
export const maxFlags = 200;
export const maxKeywordChars = 200;

const systemFlags = new Map<string, number>([
  ["SEEN", FlagBit.seen],
  ["ANSWERED", FlagBit.answered],
  ["FLAGGED", FlagBit.flagged],
  ["DELETED", FlagBit.deleted],
  ["DRAFT", FlagBit.draft],
  // RFC 3501 §2.3.2: nobody can set \Recent, but clients that copy mailboxes try. It is read over.
  ["RECENT", 0],
]);

class MarksReader {
  flags = 0;
  readonly keywords: string[] = [];
  readonly #seen = new Set<string>();

  /** One flag; false (with the cursor told why) where it is none. */
  readonly read = (cursor: Cursor): boolean => {
    const system = cursor.take("\\");
    const name = cursor.atom();
    if (name === undefined) return false;
    const folded = name.toUpperCase();
    if (system) {
      const bit = systemFlags.get(folded);
      if (bit === undefined) cursor.fail("Unknown system flag");
      else this.flags |= bit;
      return bit !== undefined;
    }
    if (name.length > maxKeywordChars) {
      cursor.fail("Keyword is too long");
      return false;
    }
    if (!this.#seen.has(folded)) {
      this.#seen.add(folded);
      this.keywords.push(name);
    }
    return true;
  };

  get marks(): Marks {
    return { flags: this.flags, keywords: this.keywords };
  }
}

function flagList(cursor: Cursor): Marks | undefined {
  const reader = new MarksReader();
  return cursor.list(maxFlags, () => reader.read(cursor), true) ? reader.marks : undefined;
}

/** STORE takes flags without parentheses too. */
function bareFlags(cursor: Cursor): Marks | undefined {
  const reader = new MarksReader();
  for (let count = 0; count < maxFlags; count++) {
    if (!reader.read(cursor)) return undefined;
    if (cursor.done) return reader.marks;
    if (!cursor.space()) return undefined;
  }
  return cursor.fail("Too many flags");
}

const storeItem = /([+-]?)FLAGS(\.SILENT)?(?= )/iy;

export function store(cursor: Cursor, uid: boolean): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const set = cursor.set();
  if (set === undefined || !cursor.space()) return undefined;
  let unchangedSince: number | undefined;
  if (cursor.next === 0x28) {
    const read = cursor.list(1, () => {
      if (cursor.word() !== "UNCHANGEDSINCE") {
        cursor.fail("Unknown STORE modifier");
        return false;
      }
      return cursor.space() && (unchangedSince = cursor.number63()) !== undefined;
    });
    if (!read || !cursor.space()) return undefined;
  }
  storeItem.lastIndex = cursor.at;
  const item = storeItem.exec(cursor.text);
  if (item === null) return cursor.fail("Expected FLAGS, +FLAGS or -FLAGS");
  cursor.at += item[0].length + 1;
  const marks = cursor.next === 0x28 ? flagList(cursor) : bareFlags(cursor);
  if (marks === undefined) return undefined;
  return {
    name: "STORE",
    uid,
    set,
    mode: item[1] === "+" ? "add" : item[1] === "-" ? "remove" : "replace",
    silent: item[2] !== undefined,
    marks,
    unchangedSince,
  };
}

export function copyOrMove(name: "COPY" | "MOVE") {
  return (cursor: Cursor, uid: boolean): CommandBody | undefined => {
    if (!cursor.space()) return undefined;
    const set = cursor.set();
    if (set === undefined || !cursor.space()) return undefined;
    const mailbox = cursor.mailbox();
    return mailbox === undefined ? undefined : { name, uid, set, mailbox };
  };
}

export function expunge(cursor: Cursor, uid: boolean): CommandBody | undefined {
  if (!uid) return { name: "EXPUNGE", set: undefined };
  if (!cursor.space()) return undefined;
  const set = cursor.set();
  return set === undefined ? undefined : { name: "EXPUNGE", set };
}

/** RFC 9051 §6.3.12, RFC 3502, RFC 6855 §4: `mailbox 1*(SP [flags SP] [date-time SP] message)`. */
export function append(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const mailbox = cursor.mailbox();
  if (mailbox === undefined) return undefined;
  const messages: AppendMessage[] = [];
  do {
    if (!cursor.space()) return undefined;
    const message = appendMessage(cursor);
    if (message === undefined) return undefined;
    messages.push(message);
  } while (!cursor.done);
  return { name: "APPEND", mailbox, messages };
}

/** RFC 8508 §3.5: `seq-number mailbox append-message`; exactly one message for exactly one. */
export function replace(cursor: Cursor, uid: boolean): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const set = cursor.set();
  if (set === undefined) return undefined;
  const [range, ...more] = set.kind === "ranges" ? set.ranges : [];
  if (range === undefined || more.length > 0 || range[0] !== range[1]) return cursor.fail("REPLACE takes one message");
  if (!cursor.space()) return undefined;
  const mailbox = cursor.mailbox();
  if (mailbox === undefined || !cursor.space()) return undefined;
  const message = appendMessage(cursor);
  return message === undefined ? undefined : { name: "REPLACE", uid, set, mailbox, message };
}

const noMarks: Marks = { flags: 0, keywords: [] };

function appendMessage(cursor: Cursor): AppendMessage | undefined {
  let marks: Marks | undefined = noMarks;
  if (cursor.next === 0x28) {
    marks = flagList(cursor);
    if (marks === undefined || !cursor.space()) return undefined;
  }
  let receivedAt: number | undefined;
  if (cursor.next === 0x22) {
    const text = cursor.string();
    receivedAt = text === undefined ? undefined : parseDateTime(text);
    if (receivedAt === undefined) return cursor.fail("Invalid date-time");
    if (!cursor.space()) return undefined;
  }
  const utf8 = cursor.peekWord() === "UTF8";
  if (utf8) {
    cursor.word();
    if (!cursor.space() || !cursor.expect("(")) return undefined;
  }
  const binary = cursor.take("~");
  if (utf8 && !binary) return cursor.fail("Expected a literal8");
  const bytes = cursor.literal();
  if (bytes === undefined || (utf8 && !cursor.expect(")"))) return undefined;
  // RFC 3502 §4: an empty message is how a client takes an APPEND back.
  if (bytes.length === 0) return cursor.fail("Message is empty: nothing appended", "NO");
  return { marks, receivedAt, bytes, utf8, binary };
}
