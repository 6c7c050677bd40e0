/** The grammar of commands: what was read becomes a `Command`, or the answer it deserves. */
import type { Command, CommandBody, Refused } from "./command.ts";
import { authenticate, compress, enable, id, login } from "./command-access.ts";
import { aclOf, getMetadata, setAcl, setMetadata } from "./command-acl.ts";
import { fetch } from "./command-fetch.ts";
import { list, lsub } from "./command-list.ts";
import { create, getQuota, onMailbox, rename, select, setQuota, status } from "./command-mailbox.ts";
import { multiSearch, notify } from "./command-notify.ts";
import { search, sort, thread } from "./command-search.ts";
import { append, copyOrMove, expunge, replace, store } from "./command-store.ts";
import { type CommandInput, tagOf } from "./reader.ts";
import { Cursor } from "./token.ts";

type Parser = (cursor: Cursor, uid: boolean) => CommandBody | undefined;

const parsers = new Map<string, Parser>([
  ["LOGIN", login],
  ["AUTHENTICATE", authenticate],
  ["ID", id],
  ["ENABLE", enable],
  ["COMPRESS", compress],
  ["SELECT", select("SELECT")],
  ["EXAMINE", select("EXAMINE")],
  ["CREATE", create],
  ["DELETE", onMailbox("DELETE")],
  ["RENAME", rename],
  ["SUBSCRIBE", onMailbox("SUBSCRIBE")],
  ["UNSUBSCRIBE", onMailbox("UNSUBSCRIBE")],
  ["LIST", list],
  ["LSUB", lsub],
  ["STATUS", status],
  ["APPEND", append],
  ["REPLACE", replace],
  ["EXPUNGE", expunge],
  ["SEARCH", search],
  ["ESEARCH", multiSearch],
  ["NOTIFY", notify],
  ["SORT", sort],
  ["THREAD", thread],
  ["FETCH", fetch],
  ["STORE", store],
  ["COPY", copyOrMove("COPY")],
  ["MOVE", copyOrMove("MOVE")],
  ["GETQUOTA", getQuota],
  ["GETQUOTAROOT", onMailbox("GETQUOTAROOT")],
  ["SETQUOTA", setQuota],
  ["SETACL", setAcl],
  ["DELETEACL", aclOf("DELETEACL")],
  ["LISTRIGHTS", aclOf("LISTRIGHTS")],
  ["GETACL", onMailbox("GETACL")],
  ["MYRIGHTS", onMailbox("MYRIGHTS")],
  ["GETMETADATA", getMetadata],
  ["SETMETADATA", setMetadata],
]);
for (const name of [
  "CAPABILITY",
  "NOOP",
  "LOGOUT",
  "STARTTLS",
  "NAMESPACE",
  "IDLE",
  "CHECK",
  "CLOSE",
  "UNSELECT",
  "UNAUTHENTICATE",
  "GETJMAPACCESS",
] as const) {
  const command = { name };
  parsers.set(name, () => command);
}

const uidForms: ReadonlySet<string> = new Set([
  "FETCH",
  "STORE",
  "COPY",
  "MOVE",
  "SEARCH",
  "SORT",
  "THREAD",
  "EXPUNGE",
  "REPLACE",
]);

/** `utf8`: the client has enabled UTF8=ACCEPT or IMAP4rev2, so mailbox names are UTF-8 and not modified UTF-7. */
export function parseCommand(input: CommandInput, utf8: boolean): Command | Refused {
  const { text } = input;
  // RFC 9051 §6.3.13: the one line without a tag.
  if (/^done *$/i.test(text)) return { tag: "", name: "DONE" };
  const tag = tagOf(text);
  if (tag === "*") return { name: "refused", tag, status: "BAD", text: text === "" ? "Empty command" : "Invalid tag" };
  const cursor = new Cursor(input, tag.length + 1, utf8);
  let name = cursor.word() ?? "";
  const uid = name === "UID";
  if (uid && cursor.take(" ")) name = cursor.word() ?? "";
  const parser = uid && !uidForms.has(name) ? undefined : parsers.get(name);
  if (parser === undefined) return { name: "refused", tag, status: "BAD", text: "Unknown command" };
  const body = parser(cursor, uid);
  if (body !== undefined && !cursor.done) cursor.fail("Unexpected text after the command");
  if (body === undefined || cursor.refusal !== undefined) {
    const refusal = cursor.refusal ?? { status: "BAD" as const, text: "Syntax error" };
    return { name: "refused", tag, ...refusal, ...(cursor.saves && refusal.status === "NO" && { emptiesSaved: true }) };
  }
  return { tag, ...body };
}
