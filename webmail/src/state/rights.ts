/** What the reader may do with emails: all of it with their own, with another's what the owner of the mailbox has granted (RFC 8621 §2). */
import { toast } from "../../../ui/toasts.svelte.ts";
import { accountOf } from "../jmap/accounts.ts";
import type { EmailHead, Id, Mailbox } from "../jmap/types.ts";
import { type Key, t } from "../words.ts";
import { mailboxes } from "./mailboxes.svelte.ts";

export type Right = "mayAddItems" | "mayRemoveItems" | "maySetSeen" | "maySetKeywords" | "mayCreateChild";

/** A mailbox that is not known is the server's to judge. */
export const mayIn = (mailbox: Pick<Mailbox, "myRights"> | undefined, right: Right): boolean =>
  mailbox?.myRights[right] !== false;

/** In every mailbox that they are in. */
export const mayWith = (emails: readonly Pick<EmailHead, "mailboxIds">[], right: Right): boolean =>
  emails.every(({ mailboxIds }) => Object.keys(mailboxIds).every((id) => mayIn(mailboxes.get(id), right)));

/** As above; where not, that is said. */
export function allowed(emails: readonly Pick<EmailHead, "mailboxIds">[], right: Right): boolean {
  const may = mayWith(emails, right);
  if (!may) toast(t("shared.mayNot"), { kind: "problem" });
  return may;
}

/** The account that the emails of a row are of; undefined: the reader's own. */
export const accountOfEmails = (emails: readonly Pick<EmailHead, "id">[]): Id | undefined =>
  emails[0] === undefined ? undefined : accountOf(emails[0].id);

const told: readonly (readonly [right: Right, word: Key])[] = [
  ["maySetSeen", "shared.marks"],
  ["mayAddItems", "shared.adds"],
  ["mayRemoveItems", "shared.removes"],
];

/** "Read only", or what there is besides reading, in words. */
export function rightsText(mailbox: Mailbox, language: string): string {
  const may = told.filter(([right]) => mayIn(mailbox, right)).map(([, word]) => t(word));
  if (may.length === 0) return t("shared.readOnly");
  if (may.length === told.length) return t("shared.everything");
  return t("shared.may", { what: new Intl.ListFormat(language).format([t("shared.reads"), ...may]) });
}
