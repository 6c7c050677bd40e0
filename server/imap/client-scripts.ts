/** What scripts are told of what a client did (RFC 6785): answered when they have run, never rejected. */
import { FlagBit } from "../../protocol/imap/command.ts";
import type { Account, AccountId, MailboxId } from "../store/store.ts";

export type ClientScripts = (event: {
  readonly user: Account;
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly uids: readonly number[];
  readonly cause: "APPEND" | "COPY" | "FLAG";
  readonly changedFlags: readonly string[];
}) => Promise<void>;

const systemFlags: readonly (readonly [bit: number, name: string])[] = [
  [FlagBit.seen, "\\Seen"],
  [FlagBit.answered, "\\Answered"],
  [FlagBit.flagged, "\\Flagged"],
  [FlagBit.deleted, "\\Deleted"],
  [FlagBit.draft, "\\Draft"],
];

/** Flags by their names. */
export const flagNames = (marks: {
  readonly flags: number;
  readonly keywords: readonly string[];
}): readonly string[] => [
  ...systemFlags.flatMap(([bit, name]) => ((marks.flags & bit) === 0 ? [] : [name])),
  ...marks.keywords,
];
