/** What the store tells of to those who look at it. */
import type { AccountId, MailboxId } from "./ids.ts";

/** Something that others may be looking at has changed. Published after the commit, never before. */
export type Change =
  | { readonly kind: "mail"; readonly account: AccountId; readonly mailbox: MailboxId; readonly modseq: number }
  | { readonly kind: "mailboxes"; readonly account: AccountId; readonly modseq: number }
  /** Objects of a type beside mail (`jmap.ts`). */
  | { readonly kind: "objects"; readonly account: AccountId; readonly type: string; readonly modseq: number }
  /** Scripts, the vacation answer or annotations of an account; undefined: scripts of a domain or of the server. */
  | { readonly kind: "sieve"; readonly account: AccountId | undefined }
  | { readonly kind: "directory" }
  /**
   * Whoever is signed in to the account is so no more, or has to prove it again: it is closed or deleted, or a password has changed.
   * With a session (the hash of its secret): who is signed in by that one.
   */
  | { readonly kind: "signed-out"; readonly account: AccountId; readonly session?: string }
  | { readonly kind: "queue" }
  /** Rows of these kinds of sending's model, "suppression", or "event". */
  | { readonly kind: "sending"; readonly of: readonly string[] };
