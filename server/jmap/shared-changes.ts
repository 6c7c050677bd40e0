/**
 * What changes of another's account look like to somebody who sees some of its mailboxes: an email that comes into their sight is
 * created, one that leaves it is destroyed, and of what was never in it they hear nothing.
 */
import type { MailState } from "../store/jmap.ts";
import type { AccountId } from "../store/store.ts";
import { readableEmails } from "./access.ts";
import type { Call } from "./call.ts";

export type ChangedIds = {
  readonly created: readonly number[];
  readonly updated: readonly number[];
  readonly destroyed: readonly number[];
};

export async function seenEmails(
  call: Call,
  account: AccountId,
  since: MailState,
  _max: number,
  changes: ChangedIds,
): Promise<ChangedIds> {
  const { store } = call.ports;
  const mailboxes = call.access.readable ?? [];
  const touched = [...changes.created, ...changes.updated];
  const readable = await readableEmails(store, account, touched, call.access);
  const sees = (email: number): boolean => readable.has(email);
  const [lost, entered] = await Promise.all([
    store.lostFrom(account, mailboxes, since, "email", [...changes.updated, ...changes.destroyed]),
    store.enteredInto(account, mailboxes, since, changes.updated.filter(sees)),
  ]);
  const wasSeen = new Set(lost);
  const fresh = new Set(entered.filter((email) => !wasSeen.has(email)));
  return {
    created: [...changes.created.filter(sees), ...fresh],
    updated: changes.updated.filter((email) => sees(email) && !fresh.has(email)),
    destroyed: lost.filter((email) => !sees(email)),
  };
}

/** A thread is there for them as long as they see one of its emails. */
export async function seenThreads(
  call: Call,
  account: AccountId,
  since: MailState,
  max: number,
  changes: ChangedIds,
): Promise<ChangedIds> {
  const { store } = call.ports;
  // The same steps, by their emails: for whoever owns the account a thread does not change when its emails are moved.
  const all = await store.emailChanges(account, since, max);
  const emails: ChangedIds =
    all.kind === "cannot"
      ? { created: [], updated: [], destroyed: [] }
      : await seenEmails(call, account, since, max, all);
  const moved = [...emails.created, ...emails.destroyed];
  const threads = new Set([...changes.created, ...changes.updated]);
  for (let rest: readonly number[] = moved; rest.length > 0; ) {
    const answer = await store.emailRows(account, rest, "none");
    for (const { thread } of answer.rows) threads.add(thread);
    rest = answer.rest;
  }
  const emailsOf = (await store.threadEmails(account, [...threads])).threads;
  const members = emailsOf.flatMap((one) => one.emails);
  const readable = await readableEmails(store, account, members, call.access);
  const news = new Set(emails.created);
  const [created, updated, hidden]: [number[], number[], number[]] = [[], [], []];
  for (const { thread, emails: own } of emailsOf) {
    const seen = own.filter((email) => readable.has(email));
    if (seen.length === 0) hidden.push(thread);
    else (seen.every((email) => news.has(email)) ? created : updated).push(thread);
  }
  const destroyed = await store.lostFrom(account, call.access.readable ?? [], since, "thread", [
    ...changes.destroyed,
    ...hidden,
  ]);
  return { created, updated, destroyed };
}
