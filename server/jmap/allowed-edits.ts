/** Which changes to another's emails the caller may make: RFC 4314 §4 in the terms of Email/set. */
import { type SetError, setError } from "../../protocol/jmap/types.ts";
import type { EmailEdit } from "../store/jmap.ts";
import { type AccountId, Flag, type MailboxId, type Marks } from "../store/store.ts";
import { readableEmails } from "./access.ts";
import type { Call } from "./call.ts";
import { neededForMarks } from "./make-email.ts";

export type AllowedEdits = {
  /** By their place among the edits, ascending. */
  readonly refused: readonly (readonly [index: number, error: SetError])[];
  /** An edit that stays, so that emails stay in mailboxes that the caller cannot see. */
  readonly kept: (edit: EmailEdit) => EmailEdit;
  /** Emails that may not be destroyed. */
  readonly stay: readonly (readonly [email: number, error: SetError])[];
};

const forbidden = (what: string): SetError => setError("forbidden", `You may not ${what} here.`);

export async function allowedEdits(
  call: Call,
  account: AccountId,
  edits: readonly EmailEdit[],
  doomed: ReadonlyMap<number, string>,
): Promise<AllowedEdits> {
  const { access, ports } = call;
  const asked = [...edits.map(({ email }) => email), ...doomed.keys()];
  const there = await readableEmails(ports.store, account, asked, access);
  const refused: [number, SetError][] = [];
  for (const [index, edit] of edits.entries()) {
    const place = there.get(edit.email);
    const error = place === undefined ? setError("notFound") : refusalOf(edit, place.mailboxes);
    if (error !== undefined) refused.push([index, error]);
  }
  const stay: [number, SetError][] = [];
  for (const email of doomed.keys()) {
    const place = there.get(email);
    if (place === undefined) stay.push([email, setError("notFound")]);
    else if (place.hidden.length > 0 || !place.mailboxes.every((mailbox) => access.may(mailbox, "te")))
      stay.push([email, forbidden("destroy emails")]);
  }
  return {
    refused,
    stay,
    kept: (edit) => {
      const hidden = there.get(edit.email)?.hidden ?? [];
      return hidden.length === 0 || edit.mailboxes === undefined || !("set" in edit.mailboxes)
        ? edit
        : { ...edit, mailboxes: { set: [...edit.mailboxes.set, ...hidden] } };
    },
  };

  function refusalOf(edit: EmailEdit, mailboxes: readonly MailboxId[]): SetError | undefined {
    if (edit.marks !== undefined) {
      // What is set as a whole takes away as well.
      const needs = "set" in edit.marks ? "sw" : neededForMarks(bothOf(edit.marks.add, edit.marks.remove));
      if (!mailboxes.every((mailbox) => access.may(mailbox, needs))) return forbidden("change these keywords");
    }
    const moved = edit.mailboxes;
    if (moved === undefined) return undefined;
    const added = "set" in moved ? moved.set.filter((one) => !mailboxes.includes(one)) : moved.add;
    const removed = "set" in moved ? mailboxes.filter((one) => !moved.set.includes(one)) : moved.remove;
    if (!added.every((mailbox) => access.may(mailbox, "i"))) return forbidden("add emails to that mailbox");
    if (!removed.every((mailbox) => access.may(mailbox, "te"))) return forbidden("remove emails from that mailbox");
    return undefined;
  }
}

const bothOf = (one: Marks, other: Marks): Marks => ({
  flags: (one.flags | other.flags) & ~Flag.deleted,
  keywords: [...one.keywords, ...other.keywords],
});
