/** Arguments of LIST (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8440, RFC 9590) and LSUB (RFC 3501 §6.3.9). */
import type { CommandBody, ListCommand } from "./command.ts";
import { entryList } from "./command-acl.ts";
import { statusItems } from "./command-mailbox.ts";
import { readPattern } from "./mailbox-name.ts";
import type { Cursor } from "./token.ts";

const maxOptions = 16;
export const maxListPatterns = 100;

export function list(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  let extended = false;
  const select = { subscribed: false, remote: false, recursiveMatch: false, specialUse: false };
  if (cursor.next === 0x28) {
    extended = true;
    const read = cursor.list(maxOptions, () => selectionOption(cursor, select), true);
    if (!read || !cursor.space()) return undefined;
    // RFC 5258 §3.1: RECURSIVEMATCH modifies another option, and REMOTE is not one it could.
    if (select.recursiveMatch && !select.subscribed && !select.specialUse) {
      return cursor.fail("RECURSIVEMATCH needs another selection option");
    }
  }
  const reference = referenceName(cursor);
  if (reference === undefined || !cursor.space()) return undefined;
  const patterns: string[] = [];
  if (cursor.next === 0x28) {
    extended = true;
    const read = cursor.list(maxListPatterns, () => {
      const one = pattern(cursor);
      if (one !== undefined) patterns.push(one);
      return one !== undefined;
    });
    if (!read) return undefined;
  } else {
    const one = pattern(cursor);
    if (one === undefined) return undefined;
    patterns.push(one);
  }
  const returns: Returns = {
    subscribed: false,
    children: false,
    specialUse: false,
    status: undefined,
    myRights: false,
    metadata: undefined,
  };
  if (!cursor.done) {
    extended = true;
    if (!cursor.space() || cursor.word() !== "RETURN") return cursor.fail("Expected RETURN");
    if (!cursor.space() || !cursor.list(maxOptions, () => returnOption(cursor, returns), true)) return undefined;
  }
  return { name: "LIST", extended, reference, patterns, select, returns };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Returns = Mutable<ListCommand["returns"]>;

function selectionOption(cursor: Cursor, select: Mutable<ListCommand["select"]>): boolean {
  switch (cursor.word()) {
    case "SUBSCRIBED":
      return (select.subscribed = true);
    case "REMOTE":
      return (select.remote = true);
    case "RECURSIVEMATCH":
      return (select.recursiveMatch = true);
    case "SPECIAL-USE":
      return (select.specialUse = true);
    default:
      cursor.fail("Unknown LIST selection option");
      return false;
  }
}

function returnOption(cursor: Cursor, returns: Returns): boolean {
  switch (cursor.word()) {
    case "SUBSCRIBED":
      return (returns.subscribed = true);
    case "CHILDREN":
      return (returns.children = true);
    case "SPECIAL-USE":
      return (returns.specialUse = true);
    case "STATUS":
      return cursor.space() && (returns.status = statusItems(cursor)) !== undefined;
    case "MYRIGHTS":
      return (returns.myRights = true);
    case "METADATA":
      return cursor.space() && (returns.metadata = entryList(cursor)) !== undefined;
    default:
      cursor.fail("Unknown LIST return option");
      return false;
  }
}

function referenceName(cursor: Cursor): string | undefined {
  const wire = cursor.astring();
  return wire === undefined ? undefined : readable(cursor, wire);
}

function pattern(cursor: Cursor): string | undefined {
  const wire = cursor.listString();
  return wire === undefined ? undefined : readable(cursor, wire);
}

function readable(cursor: Cursor, wire: string): string | undefined {
  return readPattern(wire, cursor.utf8) ?? cursor.fail("[CANNOT] Not a valid mailbox name", "NO");
}

export function lsub(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const reference = referenceName(cursor);
  if (reference === undefined || !cursor.space()) return undefined;
  const one = pattern(cursor);
  return one === undefined ? undefined : { name: "LSUB", reference, pattern: one };
}
