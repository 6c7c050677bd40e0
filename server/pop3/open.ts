/** Opening an account's maildrop, and what QUIT does to it: RFC 1939 §4 and §6. */
import { rangesOf } from "../../protocol/imap/set.ts";
import { Maildrop } from "../../protocol/pop3/maildrop.ts";
import { type Account, Flag, type MailboxId, type StoreReader, type StoreWriter } from "../store/store.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { Pop3Settings } from "./settings.ts";

export type MaildropStore = Pick<StoreReader, "mailboxes" | "fetch"> & Pick<StoreWriter, "expunge" | "setFlags">;

export type OpenMaildrop = {
  readonly account: Account;
  readonly mailbox: MailboxId | undefined;
  readonly drop: Maildrop;
  readonly messages: ReadAhead;
  readonly receivedAt: Float64Array | undefined;
  readonly release: () => void;
};

const lastUid = 0xffff_ffff;
const dayMs = 86_400_000;

/** The INBOX as it is now. An account without one has an empty maildrop. */
export async function openMaildrop(
  store: MaildropStore,
  account: Account,
  release: () => void,
  settings: Pop3Settings,
): Promise<OpenMaildrop> {
  const inbox = (await store.mailboxes(account.id)).find((mailbox) => mailbox.role === "inbox");
  const expires = settings.expireDays !== undefined;
  // As large as the mailbox says it is; messages may come meanwhile.
  let uids = new Uint32Array(inbox?.messages ?? 0);
  let sizes = new Uint32Array(uids.length);
  let receivedAt = new Float64Array(expires ? uids.length : 0);
  let count = 0;
  for (let from: number | undefined = inbox === undefined ? undefined : 1; from !== undefined; ) {
    const { rows, next } = await store.fetch(account.id, inbox!.id, [[from, lastUid]], ["size", "receivedAt"]);
    if (count + rows.length > uids.length) {
      const needed = count + rows.length + (next === undefined ? 0 : rows.length);
      uids = grown(uids, new Uint32Array(needed));
      sizes = grown(sizes, new Uint32Array(needed));
      if (expires) receivedAt = grown(receivedAt, new Float64Array(needed));
    }
    for (const row of rows) {
      uids[count] = row.uid;
      sizes[count] = row.sizeBytes;
      if (expires) receivedAt[count] = row.receivedAt;
      count++;
    }
    from = next;
  }
  const drop = new Maildrop(inbox?.uidValidity ?? 1, uids.subarray(0, count), sizes.subarray(0, count));
  const read = (low: number, high: number) => store.fetch(account.id, inbox!.id, [[low, high]], ["bytes"]);
  return {
    account,
    mailbox: inbox?.id,
    drop,
    messages: new ReadAhead(read, drop, settings),
    receivedAt: expires ? receivedAt : undefined,
    release,
  };
}

function grown<A extends Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(from: A, to: A): A {
  to.set(from);
  return to;
}

/** QUIT: removes what was marked, and what has had its days. False where the mailbox is gone. */
export async function finish(
  store: MaildropStore,
  open: OpenMaildrop,
  settings: Pop3Settings,
  now: number,
): Promise<boolean> {
  const { drop, mailbox, account, receivedAt } = open;
  if (mailbox === undefined) return true;
  const deleted = drop.deletedUids;
  let read = drop.readUids;
  if (receivedAt !== undefined) {
    const before = now - settings.expireDays! * dayMs;
    const expired = new Set(read.filter((uid) => receivedAt[drop.from(uid) - 1]! <= before));
    read = read.filter((uid) => !expired.has(uid));
    deleted.push(...expired);
    deleted.sort((a, b) => a - b);
  }
  const marking =
    settings.marksSeen && read.length > 0
      ? store.setFlags(account.id, mailbox, {
          uids: rangesOf(read),
          mode: "add",
          marks: { flags: Flag.seen, keywords: [] },
        })
      : undefined;
  const removing = deleted.length > 0 ? store.expunge(account.id, mailbox, rangesOf(deleted), true) : undefined;
  const [, removed] = await Promise.all([marking, removing]);
  return removed === undefined || removed.kind === "done";
}
