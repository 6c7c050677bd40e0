/** What the server says, RFC 9051 §7 and the extensions: byte strings, whole lines with their CRLF unless a name says otherwise. */
import type { Marks, ResultRange, StatusItem } from "./command.ts";
import { writeMailboxName } from "./mailbox-name.ts";
import { formatSet } from "./set.ts";
import { astring, nstring, string } from "./string.ts";
import type { ThreadNode } from "./thread.ts";

export { basicStructure } from "./structure.ts";

const flagNames = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "\\Recent"];
const recentBit = 32;
/** Each combination of system flags, written. */
const flagTexts = Array.from({ length: 64 }, (_, bits) =>
  flagNames.filter((_name, bit) => bits & (1 << bit)).join(" "),
);

/** Flags and keywords with spaces between and no parentheses. */
export function formatFlags(flags: Marks["flags"], keywords: readonly string[], recent = false): string {
  const text = flagTexts[(flags & 31) | (recent ? recentBit : 0)]!;
  if (keywords.length === 0) return text;
  return text === "" ? keywords.join(" ") : `${text} ${keywords.join(" ")}`;
}

/** `* FLAGS (…)` and the PERMANENTFLAGS code that goes with it; an EXAMINEd mailbox has none that would last. */
export function flagsLines(keywords: readonly string[], readOnly: boolean, mayAddKeywords: boolean): string {
  const all = formatFlags(31, keywords);
  const permanent = readOnly ? "" : mayAddKeywords ? `${all} \\*` : all;
  return `* FLAGS (${all})\r\n* OK [PERMANENTFLAGS (${permanent})] Flags that stay\r\n`;
}

/** A mailbox name as an argument: atom, quoted or literal. */
export function mailboxText(path: string, utf8: boolean): string {
  return astring(writeMailboxName(path, utf8), utf8);
}

/** One line of LIST or LSUB. Attributes with their backslash. `childInfo`: RFC 5258 §4, `oldName`: RFC 9051 §6.3.9.7. */
export function listLine(
  name: "LIST" | "LSUB",
  attributes: readonly string[],
  path: string,
  utf8: boolean,
  extended: { readonly childInfo?: readonly string[]; readonly oldName?: string } = {},
): string {
  let items = "";
  if (extended.childInfo !== undefined)
    items = `"CHILDINFO" (${extended.childInfo.map((info) => `"${info}"`).join(" ")})`;
  if (extended.oldName !== undefined) {
    items += `${items === "" ? "" : " "}"OLDNAME" (${mailboxText(extended.oldName, utf8)})`;
  }
  return `* ${name} (${attributes.join(" ")}) "/" ${mailboxText(path, utf8)}${items === "" ? "" : ` (${items})`}\r\n`;
}

/** The answer to a LIST with an empty pattern: the delimiter and the root. */
export const delimiterLine = '* LIST (\\Noselect) "/" ""\r\n';

/** Numbers as they are; MAILBOXID as `objectId` gives it; APPENDLIMIT undefined is NIL. */
export function statusLine(
  path: string,
  utf8: boolean,
  values: readonly (readonly [item: StatusItem, value: number | string | undefined])[],
): string {
  const text = values.map(([item, value]) => `${item} ${item === "MAILBOXID" ? `(${value})` : (value ?? "NIL")}`);
  return `* STATUS ${mailboxText(path, utf8)} (${text.join(" ")})\r\n`;
}

/** RFC 2342: one's own mailboxes, those of others, none that belong to nobody. */
export const namespaceLine = '* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL\r\n';

/** RFC 4314 §3.6. Names are Unicode. */
export function aclLine(
  path: string,
  utf8: boolean,
  entries: readonly (readonly [identifier: string, rights: string])[],
): string {
  const text = entries.map(([identifier, rights]) => ` ${nameText(identifier)} ${rights}`);
  return `* ACL ${mailboxText(path, utf8)}${text.join("")}\r\n`;
}

/** RFC 4314 §3.7: what they always have, and each further right by itself. */
export function listRightsLine(path: string, utf8: boolean, identifier: string, always: string, each: string): string {
  const optional = [...each].map((letter) => ` ${letter}`).join("");
  return `* LISTRIGHTS ${mailboxText(path, utf8)} ${nameText(identifier)} ${always === "" ? '""' : always}${optional}\r\n`;
}

export function myRightsLine(path: string, utf8: boolean, rights: string): string {
  return `* MYRIGHTS ${mailboxText(path, utf8)} ${rights}\r\n`;
}

/** RFC 5464 §4.4.1. `path` "" is the server. */
export function metadataLine(
  path: string,
  utf8: boolean,
  entries: readonly (readonly [entry: string, value: string | undefined])[],
): string {
  const text = entries.map(
    ([entry, value]) =>
      `${astring(entry)} ${nstring(value === undefined ? undefined : Buffer.from(value, "utf8").toString("latin1"))}`,
  );
  return `* METADATA ${path === "" ? '""' : mailboxText(path, utf8)} (${text.join(" ")})\r\n`;
}

const nameText = (name: string): string => astring(Buffer.from(name, "utf8").toString("latin1"));

/** RFC 9208 §5.1; STORAGE is in units of 1024 octets. */
export function quotaLine(
  root: string,
  {
    resource,
    usage,
    limit,
  }: { readonly resource: "STORAGE" | "MESSAGE"; readonly usage: number; readonly limit: number },
): string {
  return `* QUOTA ${string(root)} (${resource} ${usage} ${limit})\r\n`;
}

export function quotaRootLine(path: string, utf8: boolean, roots: readonly string[]): string {
  return `* QUOTAROOT ${mailboxText(path, utf8)}${roots.map((root) => ` ${string(root)}`).join("")}\r\n`;
}

/** RFC 2971. Values are texts; what is not ASCII is left out. */
export function idLine(fields: readonly (readonly [field: string, value: string])[]): string {
  return `* ID (${fields.map(([field, value]) => `${string(field)} ${string(value)}`).join(" ")})\r\n`;
}

export function enabledLine(capabilities: readonly string[]): string {
  return `* ENABLED${capabilities.map((capability) => ` ${capability}`).join("")}\r\n`;
}

/** RFC 9698 §3: where the same mail is to be had by JMAP. */
export function jmapAccessLine(url: string): string {
  return `* JMAPACCESS ${string(url)}\r\n`;
}

export function capabilityLine(capabilities: readonly string[]): string {
  return `* CAPABILITY ${capabilities.join(" ")}\r\n`;
}

/** RFC 7162 §3.2.10; "" where nothing vanished. */
export function vanishedLine(uids: ArrayLike<number>, earlier: boolean): string {
  return uids.length === 0 ? "" : `* VANISHED ${earlier ? "(EARLIER) " : ""}${formatSet(uids)}\r\n`;
}

/** Fewer are joined as they are. */
const manyNumbers = 256;
const maxDigits = 10;

/** Numbers below 2^32 with blanks between them. Of many the digits are written by hand: to make a text of each costs several times as much. */
function numbersText(numbers: readonly number[]): string {
  if (numbers.length < manyNumbers) return numbers.join(" ");
  const bytes = Buffer.allocUnsafe(numbers.length * (maxDigits + 1));
  // From the end: the last digit is found first.
  let at = bytes.length;
  for (let index = numbers.length - 1; index >= 0; index--) {
    let rest = numbers[index]!;
    do {
      const tens = (rest / 10) >>> 0;
      bytes[--at] = 0x30 + rest - tens * 10;
      rest = tens;
    } while (rest > 0);
    bytes[--at] = 0x20;
  }
  return bytes.toString("latin1", at + 1);
}

/** `* SEARCH` or `* SORT` with numbers in their order; `modseq` as RFC 7162 §3.1.5 where something was found. */
export function numbersLine(name: "SEARCH" | "SORT", numbers: readonly number[], modseq?: number): string {
  if (numbers.length === 0) return `* ${name}\r\n`;
  return `* ${name} ${numbersText(numbers)}${modseq === undefined ? "" : ` (MODSEQ ${modseq})`}\r\n`;
}

export type SearchAnswer = {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly count?: number | undefined;
  /** In the order to be sent: ascending for SEARCH, sorted for SORT. */
  readonly all?: ArrayLike<number> | undefined;
  /** RFC 9394 §3.1: the range that was asked for, and what lies in it. */
  readonly partial?: { readonly range: ResultRange; readonly numbers: ArrayLike<number> } | undefined;
  readonly modseq?: number | undefined;
};

/** RFC 4731 §3.1: MIN, MAX and ALL are left out where nothing was found; COUNT 0 is said. */
export function esearchLine(
  tag: string,
  uid: boolean,
  answer: SearchAnswer,
  where?: { readonly path: string; readonly uidValidity: number; readonly utf8: boolean },
): string {
  // RFC 7377 §2.1.
  const mailbox =
    where === undefined ? "" : ` MAILBOX ${mailboxText(where.path, where.utf8)} UIDVALIDITY ${where.uidValidity}`;
  let line = `* ESEARCH (TAG ${string(tag)}${mailbox})${uid ? " UID" : ""}`;
  if (answer.min !== undefined) line += ` MIN ${answer.min}`;
  if (answer.max !== undefined) line += ` MAX ${answer.max}`;
  if (answer.count !== undefined) line += ` COUNT ${answer.count}`;
  if (answer.all !== undefined && answer.all.length > 0) line += ` ALL ${formatSet(answer.all)}`;
  if (answer.partial !== undefined) {
    const { range, numbers } = answer.partial;
    line += ` PARTIAL (${rangeText(range)} ${numbers.length === 0 ? "NIL" : formatSet(numbers)})`;
  }
  if (answer.modseq !== undefined) line += ` MODSEQ ${answer.modseq}`;
  return `${line}\r\n`;
}

const rangeText = ({ first, last, fromEnd }: ResultRange): string =>
  fromEnd ? `-${first}:-${last}` : `${first}:${last}`;

/** RFC 5256 §4 `* THREAD`: each thread is a list whose members follow one another until they branch. Walks, does not call itself. */
export function threadLine(threads: readonly ThreadNode[]): string {
  if (threads.length === 0) return "* THREAD\r\n";
  const out: string[] = [];
  const todo: (ThreadNode | string)[] = [];
  for (const thread of threads) {
    todo.push(")", thread, "(");
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (typeof next === "string") {
        out.push(next);
        continue;
      }
      const { number, children } = next;
      if (number !== undefined) out.push(String(number));
      if (children.length === 1) todo.push(children[0]!);
      else for (let at = children.length - 1; at >= 0; at--) todo.push(")", children[at]!, "(");
      if (number !== undefined && children.length > 0) todo.push(" ");
    }
  }
  return `* THREAD ${out.join("")}\r\n`;
}

/** RFC 4315 §3: `[APPENDUID 38505 3955:3957]`, without brackets. */
export function appendUid(uidValidity: number, uids: ArrayLike<number>): string {
  return `APPENDUID ${uidValidity} ${formatSet(uids)}`;
}

/** RFC 4315 §3: the two sets pair by position. */
export function copyUid(uidValidity: number, from: ArrayLike<number>, to: ArrayLike<number>): string {
  return `COPYUID ${uidValidity} ${formatSet(from)} ${formatSet(to)}`;
}

/** RFC 9585 §4, without brackets: neither what is done nor what there is to do is known. */
export function inProgress(tag: string): string {
  return `INPROGRESS (${string(tag)} NIL NIL)`;
}

/** Kinds of RFC 8474 identifiers: a mailbox, an email, a thread. */
export type ObjectKind = "F" | "M" | "T";

export function objectId(kind: ObjectKind, id: number): string {
  return `${kind}${id}`;
}

/** The number within an identifier that `objectId` made, or undefined where no such thing can exist. */
export function parseObjectId(kind: ObjectKind, text: string): number | undefined {
  return text.startsWith(kind) && /^[1-9]\d{0,14}$/.test(text.slice(1)) ? Number(text.slice(1)) : undefined;
}

export { astring, nstring, string };
