/** Arguments of FETCH: RFC 9051 §6.4.5, RFC 3516, RFC 7162, RFC 8474, RFC 8514, RFC 8970, RFC 9394. */
import type { CommandBody, FetchItem, Partial, ResultRange, Section } from "./command.ts";
import { astring } from "./string.ts";
import type { Cursor } from "./token.ts";

export const maxFetchItems = 200;
/** Header fields named in one section. */
export const maxSectionFields = 500;
/** Numbers in one part specifier. */
export const maxPartDepth = 100;

const simple = new Map<string, FetchItem>(
  (
    [
      ["UID", "uid"],
      ["FLAGS", "flags"],
      ["INTERNALDATE", "internaldate"],
      ["RFC822.SIZE", "size"],
      ["ENVELOPE", "envelope"],
      ["BODY", "body"],
      ["BODYSTRUCTURE", "bodystructure"],
      ["MODSEQ", "modseq"],
      ["EMAILID", "emailid"],
      ["THREADID", "threadid"],
      ["SAVEDATE", "savedate"],
      ["PREVIEW", "preview"],
    ] as const
  ).map(([name, kind]) => [name, { kind }]),
);

const whole: Section = { part: [], text: "", fields: [] };
for (const [label, text, peek] of [
  ["RFC822", "", false],
  ["RFC822.HEADER", "HEADER", true],
  ["RFC822.TEXT", "TEXT", false],
] as const) {
  simple.set(label, { kind: "section", section: { ...whole, text }, peek, partial: undefined, label });
}

const macros = new Map<string, readonly string[]>([
  ["ALL", ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"]],
  ["FAST", ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]],
  ["FULL", ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"]],
]);

export function fetch(cursor: Cursor, uid: boolean): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const set = cursor.set();
  if (set === undefined || !cursor.space()) return undefined;
  const items: FetchItem[] = uid ? [simple.get("UID")!] : [];
  if (!fetchItems(cursor, items)) return undefined;
  let changedSince: number | undefined;
  let vanished = false;
  let partial: ResultRange | undefined;
  if (!cursor.done) {
    if (!cursor.space()) return undefined;
    const read = cursor.list(3, () => {
      const modifier = cursor.word();
      if (modifier === "VANISHED") return (vanished = true);
      if (modifier === "PARTIAL") return cursor.space() && (partial = cursor.resultRange()) !== undefined;
      if (modifier === "CHANGEDSINCE") return cursor.space() && (changedSince = cursor.number63()) !== undefined;
      cursor.fail("Unknown FETCH modifier");
      return false;
    });
    if (!read) return undefined;
    // RFC 7162 §3.2.6.
    if (vanished && (!uid || changedSince === undefined))
      return cursor.fail("VANISHED needs UID FETCH and CHANGEDSINCE");
  }
  // RFC 7162 §3.1.4.1: CHANGEDSINCE implies MODSEQ.
  if (changedSince !== undefined) add(items, simple.get("MODSEQ")!);
  return { name: "FETCH", uid, set, items, changedSince, vanished, partial };
}

function fetchItems(cursor: Cursor, items: FetchItem[]): boolean {
  if (cursor.next === 0x28) return cursor.list(maxFetchItems, () => fetchItem(cursor, items));
  const macro = macros.get(cursor.peekWord() ?? "");
  if (macro === undefined) return fetchItem(cursor, items);
  cursor.word();
  for (const name of macro) add(items, simple.get(name)!);
  return true;
}

/** No repeats: the same item twice in one answer confuses clients and costs twice. */
function add(items: FetchItem[], item: FetchItem): void {
  const label = "label" in item ? item.label : item.kind;
  const already = items.findIndex(
    (other) => ("label" in other ? other.label : other.kind) === label && samePartial(other, item),
  );
  if (already < 0) items.push(item);
  else if ("peek" in item && !item.peek) items[already] = item;
}

function samePartial(a: FetchItem, b: FetchItem): boolean {
  const [left, right] = [a, b].map((item) => ("partial" in item ? item.partial : undefined));
  return left?.offset === right?.offset && left?.count === right?.count;
}

/** One item is read and put to the others. */
export function fetchItem(cursor: Cursor, items: FetchItem[]): boolean {
  const name = cursor.word();
  if (name === undefined) return false;
  let item: FetchItem | undefined;
  if (cursor.next !== 0x5b) {
    item = simple.get(name) ?? cursor.fail("Unknown FETCH item");
    if (item?.kind === "preview" && !lazy(cursor)) return false;
  } else if (name === "BODY" || name === "BODY.PEEK") item = bodyItem(cursor, name === "BODY.PEEK");
  else if (name === "BINARY" || name === "BINARY.PEEK") item = binaryItem(cursor, name === "BINARY.PEEK");
  else if (name === "BINARY.SIZE") item = binarySize(cursor);
  else cursor.fail("Unknown FETCH item");
  if (item !== undefined) add(items, item);
  return item !== undefined;
}

/** RFC 8970 §3.2: `PREVIEW (LAZY)` takes nothing for an answer where a preview would have to be made; ours is made as fast as it is read. */
function lazy(cursor: Cursor): boolean {
  if (cursor.text.slice(cursor.at, cursor.at + 2) !== " (") return true;
  cursor.at++;
  return cursor.list(1, () => {
    if (cursor.word() === "LAZY") return true;
    cursor.fail("Unknown PREVIEW modifier");
    return false;
  });
}

function bodyItem(cursor: Cursor, peek: boolean): FetchItem | undefined {
  const section = readSection(cursor);
  if (section === undefined) return undefined;
  const partial = readPartial(cursor);
  if (partial === null) return undefined;
  return { kind: "section", section, peek, partial, label: `BODY[${sectionText(section)}]${origin(partial)}` };
}

function binaryItem(cursor: Cursor, peek: boolean): FetchItem | undefined {
  const part = binaryPart(cursor);
  if (part === undefined) return undefined;
  const partial = readPartial(cursor);
  if (partial === null) return undefined;
  return { kind: "binary", part, peek, partial, label: `BINARY[${part.join(".")}]${origin(partial)}` };
}

function binarySize(cursor: Cursor): FetchItem | undefined {
  const part = binaryPart(cursor);
  return part === undefined ? undefined : { kind: "binary-size", part, label: `BINARY.SIZE[${part.join(".")}]` };
}

function binaryPart(cursor: Cursor): readonly number[] | undefined {
  cursor.take("[");
  if (cursor.take("]")) return [];
  const part = readPart(cursor);
  return part === undefined || !cursor.expect("]") ? undefined : part;
}

/** Numbers joined with dots; stops before a dot that no number follows. */
function readPart(cursor: Cursor): number[] | undefined {
  const part: number[] = [];
  for (;;) {
    const number = cursor.nzNumber();
    if (number === undefined) return undefined;
    if (part.length === maxPartDepth) return cursor.fail("Part is too deep");
    part.push(number);
    const digit = cursor.text.charCodeAt(cursor.at + 1);
    if (cursor.next !== 0x2e || !(digit >= 0x30 && digit <= 0x39)) return part;
    cursor.at++;
  }
}

function readSection(cursor: Cursor): Section | undefined {
  cursor.take("[");
  if (cursor.take("]")) return whole;
  let part: readonly number[] = [];
  if (cursor.next >= 0x30 && cursor.next <= 0x39) {
    const numbers = readPart(cursor);
    if (numbers === undefined) return undefined;
    part = numbers;
    if (cursor.take("]")) return { part, text: "", fields: [] };
    if (!cursor.expect(".")) return undefined;
  }
  const text = cursor.word();
  const fields: string[] = [];
  switch (text) {
    case "MIME":
      if (part.length === 0) return cursor.fail("MIME needs a part");
      break;
    case "HEADER":
    case "TEXT":
      break;
    case "HEADER.FIELDS":
    case "HEADER.FIELDS.NOT":
      if (!cursor.space() || !cursor.list(maxSectionFields, () => field(cursor, fields))) return undefined;
      break;
    default:
      return cursor.fail("Unknown section");
  }
  return cursor.expect("]") ? { part, text, fields } : undefined;
}

function field(cursor: Cursor, fields: string[]): boolean {
  const name = cursor.astring();
  // RFC 5322 §2.2: printable, no colon; anything else names no field and would break the answer's label.
  if (name === undefined || !fieldName.test(name)) {
    cursor.fail("Invalid header field name");
    return false;
  }
  fields.push(name);
  return true;
}

const fieldName = /^[!-9;-~]+$/;

/** Null where it is wrong. */
function readPartial(cursor: Cursor): Partial | undefined | null {
  if (!cursor.take("<")) return undefined;
  const offset = cursor.number63();
  if (offset === undefined || !cursor.expect(".")) return null;
  const count = cursor.number63();
  if (count === undefined || !cursor.expect(">")) return null;
  if (count > 0) return { offset, count };
  cursor.fail("Partial count is zero");
  return null;
}

function origin(partial: Partial | undefined): string {
  return partial === undefined ? "" : `<${partial.offset}>`;
}

function sectionText(section: Section): string {
  const fields = section.fields.length === 0 ? "" : ` (${section.fields.map((name) => astring(name)).join(" ")})`;
  return [...section.part, ...(section.text === "" ? [] : [section.text])].join(".") + fields;
}
