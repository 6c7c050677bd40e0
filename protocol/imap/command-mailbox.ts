/** Arguments of the commands on whole mailboxes: SELECT, CREATE, RENAME, STATUS, quota. */
import type { CommandBody, QresyncParams, StatusItem, Use } from "./command.ts";
import type { Cursor } from "./token.ts";

const maxParams = 16;

export function select(name: "SELECT" | "EXAMINE"): (cursor: Cursor) => CommandBody | undefined {
  return (cursor) => {
    if (!cursor.space()) return undefined;
    const mailbox = cursor.mailbox();
    if (mailbox === undefined) return undefined;
    let condstore = false;
    let qresync: QresyncParams | undefined;
    if (!cursor.done) {
      if (!cursor.space()) return undefined;
      const read = cursor.list(maxParams, () => {
        const param = cursor.word();
        if (param === "CONDSTORE") return (condstore = true);
        if (param === "QRESYNC") return (qresync = qresyncParams(cursor)) !== undefined;
        cursor.fail("Unknown SELECT parameter");
        return false;
      });
      if (!read) return undefined;
    }
    return { name, mailbox, condstore, qresync };
  };
}

/** RFC 7162 §3.2.5: `(uidvalidity modseq [known-uids] [(sequences uids)])`. */
function qresyncParams(cursor: Cursor): QresyncParams | undefined {
  if (!cursor.space() || !cursor.expect("(")) return undefined;
  const uidValidity = cursor.nzNumber();
  if (uidValidity === undefined || !cursor.space()) return undefined;
  const modseq = cursor.number63();
  if (modseq === undefined) return undefined;
  let knownUids: QresyncParams["knownUids"];
  let match: QresyncParams["match"];
  if (!cursor.take(")")) {
    if (!cursor.space()) return undefined;
    let more = true;
    if (!cursor.take("(")) {
      knownUids = cursor.set(true);
      if (knownUids === undefined) return undefined;
      more = cursor.take(" ");
      if (more && !cursor.expect("(")) return undefined;
    }
    if (more) {
      const sequences = cursor.set(true);
      if (sequences === undefined || !cursor.space()) return undefined;
      const uids = cursor.set(true);
      if (uids === undefined || !cursor.expect(")")) return undefined;
      match = { sequences, uids };
    }
    if (!cursor.expect(")")) return undefined;
  }
  return { uidValidity, modseq, knownUids, match };
}

const uses = new Map<string, Use>([
  ["\\ARCHIVE", "archive"],
  ["\\DRAFTS", "drafts"],
  ["\\JUNK", "junk"],
  ["\\SENT", "sent"],
  ["\\TRASH", "trash"],
  ["\\ALL", "all"],
  ["\\FLAGGED", "flagged"],
  ["\\IMPORTANT", "important"],
]);

/** RFC 9051 §6.3.4 and RFC 6154 §3. A delimiter at the end says that there will be children: all may have some here. */
export function create(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const mailbox = cursor.mailbox();
  if (mailbox === undefined) return undefined;
  const wanted: Use[] = [];
  if (!cursor.done) {
    if (!cursor.space()) return undefined;
    const read = cursor.list(maxParams, () => {
      if (cursor.word() !== "USE") {
        cursor.fail("Unknown CREATE parameter");
        return false;
      }
      if (!cursor.space()) return false;
      return cursor.list(
        maxParams,
        () => {
          const backslash = cursor.take("\\");
          const use = uses.get(`${backslash ? "\\" : ""}${cursor.atom()?.toUpperCase()}`);
          // RFC 6154 §3: an attribute we do not support is a NO, not a BAD.
          if (use === undefined) cursor.fail("[USEATTR] Unknown special use", "NO");
          else if (!wanted.includes(use)) wanted.push(use);
          return use !== undefined;
        },
        true,
      );
    });
    if (!read) return undefined;
  }
  return { name: "CREATE", mailbox: mailbox.endsWith("/") ? mailbox.slice(0, -1) : mailbox, uses: wanted };
}

export function onMailbox<Name extends "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE" | "GETQUOTAROOT" | "GETACL" | "MYRIGHTS">(
  name: Name,
) {
  return (cursor: Cursor): { readonly name: Name; readonly mailbox: string } | undefined => {
    if (!cursor.space()) return undefined;
    const mailbox = cursor.mailbox();
    return mailbox === undefined ? undefined : { name, mailbox };
  };
}

export function rename(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const from = cursor.mailbox();
  if (from === undefined || !cursor.space()) return undefined;
  const to = cursor.mailbox();
  if (to === undefined) return undefined;
  return { name: "RENAME", from, to: to.endsWith("/") ? to.slice(0, -1) : to };
}

const statusNames: ReadonlySet<string> = new Set<StatusItem>([
  "MESSAGES",
  "UIDNEXT",
  "UIDVALIDITY",
  "UNSEEN",
  "RECENT",
  "DELETED",
  "DELETED-STORAGE",
  "SIZE",
  "HIGHESTMODSEQ",
  "APPENDLIMIT",
  "MAILBOXID",
]);

/** The parenthesised list of STATUS and of LIST … RETURN (STATUS (…)). No repeats. */
export function statusItems(cursor: Cursor): readonly StatusItem[] | undefined {
  const items: StatusItem[] = [];
  const read = cursor.list(maxParams * 2, () => {
    const item = cursor.word();
    if (item === undefined || !statusNames.has(item)) {
      cursor.fail("Unknown STATUS item");
      return false;
    }
    if (!items.includes(item as StatusItem)) items.push(item as StatusItem);
    return true;
  });
  return read ? items : undefined;
}

export function status(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const mailbox = cursor.mailbox();
  if (mailbox === undefined || !cursor.space()) return undefined;
  const items = statusItems(cursor);
  return items === undefined ? undefined : { name: "STATUS", mailbox, items };
}

export function getQuota(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const root = cursor.textString();
  return root === undefined ? undefined : { name: "GETQUOTA", root };
}

/** RFC 9208 §4.1.2. */
export function setQuota(cursor: Cursor): CommandBody | undefined {
  if (!cursor.space()) return undefined;
  const root = cursor.textString();
  if (root === undefined || !cursor.space()) return undefined;
  const limits: { resource: string; limit: number }[] = [];
  const read = cursor.list(
    maxParams,
    () => {
      const resource = cursor.atom()?.toUpperCase();
      if (resource === undefined || !cursor.space()) return false;
      const limit = cursor.number63();
      if (limit === undefined) return false;
      limits.push({ resource, limit });
      return true;
    },
    true,
  );
  return read ? { name: "SETQUOTA", root, limits } : undefined;
}
