/** Arguments of the commands on rights (RFC 4314 §3) and annotations (RFC 5464 §4). */
import type { CommandBody } from "./command.ts";
import type { Cursor } from "./token.ts";

/** Entries of one GETMETADATA or SETMETADATA. */
const maxEntries = 100;

export function setAcl(cursor: Cursor): CommandBody | undefined {
  const place = acl(cursor);
  if (place === undefined || !cursor.space()) return undefined;
  const rights = cursor.astring();
  return rights === undefined ? undefined : { name: "SETACL", ...place, rights };
}

export function aclOf<Name extends "DELETEACL" | "LISTRIGHTS">(
  name: Name,
): (cursor: Cursor) => CommandBody | undefined {
  return (cursor) => {
    const place = acl(cursor);
    return place === undefined ? undefined : { name, ...place };
  };
}

function acl(cursor: Cursor): { readonly mailbox: string; readonly identifier: string } | undefined {
  if (!cursor.space()) return undefined;
  const mailbox = cursor.mailbox();
  if (mailbox === undefined || !cursor.space()) return undefined;
  const identifier = cursor.textString();
  return identifier === undefined ? undefined : { mailbox, identifier };
}

/** RFC 5464 §4.2: options may stand before the mailbox, and, as clients do it, after it. "" is the server. */
export function getMetadata(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const options = { maxSize: undefined as number | undefined, depth: "0" as "0" | "1" | "infinity" };
  if (cursor.text[cursor.at] === "(" && (!readOptions(cursor, options) || !cursor.space())) return undefined;
  const mailbox = mailboxOrServer(cursor);
  if (mailbox === undefined || !cursor.space()) return undefined;
  if (/^\((?:MAXSIZE|DEPTH) /i.test(cursor.text.slice(cursor.at))) {
    if (!readOptions(cursor, options) || !cursor.space()) return undefined;
  }
  const entries = entryList(cursor);
  return entries === undefined ? undefined : { name: "GETMETADATA", mailbox, ...options, entries };
}

/** Names of entries, or one name by itself, in lower case. */
export function entryList(cursor: Cursor): readonly string[] | undefined {
  const entries: string[] = [];
  const entry = (): boolean => {
    const name = cursor.astring();
    if (name === undefined) return false;
    entries.push(name.toLowerCase());
    return true;
  };
  return (cursor.text[cursor.at] === "(" ? cursor.list(maxEntries, entry) : entry()) ? entries : undefined;
}

function readOptions(cursor: Cursor, options: { maxSize: number | undefined; depth: "0" | "1" | "infinity" }): boolean {
  return cursor.list(4, () => {
    const option = cursor.word();
    if (!cursor.space()) return false;
    if (option === "MAXSIZE") return (options.maxSize = cursor.number()) !== undefined;
    const depth = option === "DEPTH" ? cursor.atom()?.toLowerCase() : undefined;
    if (depth !== "0" && depth !== "1" && depth !== "infinity") {
      cursor.fail("Unknown GETMETADATA option");
      return false;
    }
    options.depth = depth;
    return true;
  });
}

function mailboxOrServer(cursor: Cursor): string | undefined {
  if (cursor.text.startsWith('""', cursor.at)) {
    cursor.at += 2;
    return "";
  }
  return cursor.mailbox();
}

/** RFC 5464 §4.3. A value of NIL takes the entry away. */
export function setMetadata(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const mailbox = mailboxOrServer(cursor);
  if (mailbox === undefined || !cursor.space()) return undefined;
  const entries: { readonly entry: string; readonly value: string | undefined }[] = [];
  const read = cursor.list(maxEntries, () => {
    const entry = cursor.astring();
    if (entry === undefined || !cursor.space()) return false;
    // A literal8 (RFC 3516) is a literal here.
    if (cursor.text.startsWith("~{", cursor.at)) cursor.at++;
    const value = cursor.nstring();
    if (value === undefined) return false;
    entries.push({
      entry: entry.toLowerCase(),
      value: value === null ? undefined : Buffer.from(value, "latin1").toString("utf8"),
    });
    return true;
  });
  return read ? { name: "SETMETADATA", mailbox, entries } : undefined;
}
