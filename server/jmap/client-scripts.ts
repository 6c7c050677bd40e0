/**
 * Scripts for what JMAP clients do with emails, the same that run for IMAP's APPEND, COPY and flag changes (RFC 6785): people name a script
 * for a mailbox and mean the mailbox, whatever program they use.
 */
import type { EmailEdit } from "../store/jmap.ts";
import { type AccountId, Flag, type MailboxId, type Marks } from "../store/store.ts";
import type { Call } from "./call.ts";

type Cause = "APPEND" | "COPY" | "FLAG";
type Before = ReadonlyMap<number, { readonly mailboxes: readonly MailboxId[]; readonly marks: Marks }>;

/** A new email is in these mailboxes. */
export async function tellFiled(
  call: Call,
  account: AccountId,
  email: number,
  mailboxes: readonly MailboxId[],
): Promise<void> {
  if (!(await call.ports.scripts.concerns(account))) return;
  for (const mailbox of mailboxes) await tell(call, account, mailbox, [email], "APPEND", []);
}

/** How the emails are before an edit; undefined where no script wants to know. */
export async function beforeEdits(
  call: Call,
  account: AccountId,
  edits: readonly EmailEdit[],
): Promise<Before | undefined> {
  if (edits.length === 0 || !(await call.ports.scripts.concerns(account))) return undefined;
  return rowsOf(
    call,
    account,
    edits.map(({ email }) => email),
  );
}

/** What has come of the edits since. */
export async function tellEdited(call: Call, account: AccountId, before: Before | undefined): Promise<void> {
  if (before === undefined) return;
  const after = await rowsOf(call, account, [...before.keys()]);
  const copied = new Map<MailboxId, number[]>();
  const flagged = new Map<string, { mailbox: MailboxId; flags: readonly string[]; emails: number[] }>();
  for (const [email, now] of after) {
    const then = before.get(email)!;
    const flags = changedFlags(then.marks, now.marks);
    for (const mailbox of now.mailboxes)
      if (!then.mailboxes.includes(mailbox)) {
        const emails = copied.get(mailbox);
        if (emails === undefined) copied.set(mailbox, [email]);
        else emails.push(email);
      } else if (flags.length > 0) {
        const key = `${mailbox} ${flags.join(" ")}`;
        const known = flagged.get(key);
        if (known === undefined) flagged.set(key, { mailbox, flags, emails: [email] });
        else known.emails.push(email);
      }
  }
  for (const [mailbox, emails] of copied) await tell(call, account, mailbox, emails, "COPY", []);
  for (const { mailbox, flags, emails } of flagged.values()) await tell(call, account, mailbox, emails, "FLAG", flags);
}

async function tell(
  { ports, account: user }: Call,
  account: AccountId,
  mailbox: MailboxId,
  emails: readonly number[],
  cause: Cause,
  flags: readonly string[],
): Promise<void> {
  const keys = emails.map((email) => ({ kind: "email", email }) as const);
  const { uids } = await ports.store.search(account, mailbox, { kind: "or", keys });
  if (uids.length > 0) await ports.scripts({ user, account, mailbox, uids, cause, changedFlags: flags });
}

async function rowsOf({ ports }: Call, account: AccountId, emails: readonly number[]): Promise<Before> {
  const found = new Map<number, { mailboxes: readonly MailboxId[]; marks: Marks }>();
  for (let rest = emails; rest.length > 0; ) {
    const answer = await ports.store.emailRows(account, rest, "none");
    for (const { email, mailboxes, marks } of answer.rows) found.set(email, { mailboxes, marks });
    rest = answer.rest;
  }
  return found;
}

const systemFlags: readonly (readonly [flag: number, name: string])[] = [
  [Flag.seen, "\\Seen"],
  [Flag.answered, "\\Answered"],
  [Flag.flagged, "\\Flagged"],
  [Flag.draft, "\\Draft"],
];

/** By the names of IMAP. */
function changedFlags(one: Marks, other: Marks): readonly string[] {
  const gone = one.keywords.filter((keyword) => !other.keywords.includes(keyword));
  const fresh = other.keywords.filter((keyword) => !one.keywords.includes(keyword));
  const system = systemFlags.flatMap(([flag, name]) => (((one.flags ^ other.flags) & flag) === 0 ? [] : [name]));
  return [...system, ...gone, ...fresh];
}
