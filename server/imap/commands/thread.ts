/** THREAD. RFC 5256 §3. */

import type { Command } from "../../../protocol/imap/command.ts";
import { threadLine } from "../../../protocol/imap/response.ts";
import { rangesOf } from "../../../protocol/imap/set.ts";
import { orderedSubject, references, type ThreadRow } from "../../../protocol/imap/thread.ts";
import { parseMessageIds } from "../../../protocol/mime/fields/message-id.ts";
import { bytesOf, headerValue, splitHeader } from "../../../protocol/mime/header.ts";
import { baseSubject } from "../../../protocol/mime/subject.ts";
import { breathing } from "../../base/breathe.ts";
import type { Field, Instant, MessageRow, StoreReader } from "../../store/store.ts";
import { type Answer, no, ok, outOfRange } from "../answer.ts";
import type { ContentCache } from "../content-cache.ts";
import { ofEach } from "../pages.ts";
import { storeKey } from "../search-key.ts";
import type { Selected, Session } from "../session.ts";
import { shown } from "./search.ts";

export async function thread(
  session: Session,
  selected: Selected,
  command: Extract<Command, { name: "THREAD" }>,
  ask: {
    readonly store: Pick<StoreReader, "search" | "fetch">;
    readonly now: () => Instant;
    readonly cache: ContentCache;
    readonly settings: { readonly maxThreadMessages: number };
  },
): Promise<Answer> {
  const { view } = selected;
  const key = storeKey(command.key, view, session.saved, ask.now());
  if (key === undefined) return outOfRange;
  const result = await ask.store.search(selected.account, selected.mailbox, key);
  const uids = shown(view, result.uids);
  if (uids.length > ask.settings.maxThreadMessages) return no("LIMIT", "Too many messages to thread");
  const byReferences = command.algorithm === "REFERENCES";
  const fields: Field[] = ["subject", "facts", "receivedAt"];
  if (byReferences) fields.push("header");
  const { budget } = ask.cache;
  const row = threadRows();
  const rows = await ofEach(ask.store, budget, selected.account, selected.mailbox, rangesOf(uids), fields, row);
  const numberOf = command.uid ? (uid: number): number => uid : (uid: number): number => view.seqOf(uid);
  const threads = byReferences ? await breathing(references(rows, numberOf)) : orderedSubject(rows, numberOf);
  session.out.text(threadLine(threads));
  return ok("THREAD completed");
}

/** References of all messages together that are followed: beyond, a message is believed about its parent alone. */
const maxReferences = 500_000;

/** Rows as they are threaded; what they refer to is counted. */
export function threadRows(left = maxReferences): (row: MessageRow) => ThreadRow {
  return (row) => {
    const subject = baseSubject(row.subject ?? "");
    let refersTo = row.header === undefined ? [] : referencesOf(row.header);
    if (refersTo.length > left) refersTo = refersTo.slice(-1);
    left -= refersTo.length;
    return {
      uid: row.uid,
      messageId: row.messageId,
      references: refersTo,
      baseSubject: subject.text,
      isReply: subject.isReply,
      sentAt: row.sentAt ?? row.receivedAt,
    };
  };
}

const maxReferencesRead = 1000;

/** RFC 5256 §3: References, or else the first id of In-Reply-To; oldest first, without brackets. */
function referencesOf(header: Uint8Array): readonly string[] {
  const split = splitHeader(bytesOf(header), 0, header.length);
  const ids = parseMessageIds(headerValue(split, "references") ?? "", maxReferencesRead);
  return ids.length > 0 ? ids : parseMessageIds(headerValue(split, "in-reply-to") ?? "", 1);
}
