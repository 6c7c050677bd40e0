/** Mailboxes that people share with each other: a part of `Store`. */
import type { AccountId, MailboxId } from "./ids.ts";

/** People that one mailbox is shared with. */
export const maxGrantees = 1_000;

/** A mailbox of another account that somebody has rights to. */
export type SharedMailbox = {
  readonly owner: AccountId;
  readonly ownerName: string;
  readonly mailbox: MailboxId;
  /** Letters of RFC 4314, never none. */
  readonly rights: string;
  /** The grantee's own subscription. */
  readonly subscribed: boolean;
};

export type MailboxRight = {
  readonly mailbox: MailboxId;
  readonly grantee: AccountId;
  readonly granteeName: string;
  readonly rights: string;
};

export interface SharingReader {
  /** Everything that others share with this account. */
  sharedWith(grantee: AccountId): Promise<readonly SharedMailbox[]>;
  /** Whom the account shares its mailboxes with. */
  mailboxRights(account: AccountId): Promise<readonly MailboxRight[]>;
}

export interface SharingWriter {
  /** "" takes all rights away. Answers the rights of before. */
  setMailboxRights(
    account: AccountId,
    mailbox: MailboxId,
    grantee: AccountId,
    rights: string,
  ): Promise<
    { readonly kind: "done"; readonly before: string } | { readonly kind: "no-mailbox" | "no-account" | "too-many" }
  >;
  setSharedSubscribed(
    grantee: AccountId,
    owner: AccountId,
    mailbox: MailboxId,
    subscribed: boolean,
  ): Promise<"done" | "missing">;
}

export const sharingReads = ["sharedWith", "mailboxRights"] as const satisfies readonly (keyof SharingReader)[];
export const sharingWrites = [
  "setMailboxRights",
  "setSharedSubscribed",
] as const satisfies readonly (keyof SharingWriter)[];
