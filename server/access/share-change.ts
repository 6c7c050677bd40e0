import type { Account, AccountId, MailboxId } from "../store/store.ts";

/** Rights of somebody in a mailbox that have changed: letters of RFC 4314, "" for none. `by`: who has done it. */
export type ShareChange = {
  readonly by: Account;
  readonly owner: AccountId;
  readonly mailbox: MailboxId;
  readonly grantee: AccountId;
  readonly before: string;
  readonly after: string;
  /** The protocol that it was done by; undefined: it stands in the audit log already, with all that was done with it. */
  readonly via?: "imap" | "jmap";
};
