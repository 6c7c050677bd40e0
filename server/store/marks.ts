/** What mailboxes and messages are marked with, and how messages of a mailbox are named. */

export type SpecialUse = "inbox" | "archive" | "drafts" | "junk" | "sent" | "trash" | "all" | "flagged" | "important";

/** System flags as bits of `flags`; everything else is a keyword. */
export const Flag = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16 } as const;
export type FlagBits = number;

/** Flags and keywords of a message. Keywords keep the case they first came in and compare without it. */
export type Marks = { readonly flags: FlagBits; readonly keywords: readonly string[] };

/** Ascending, disjoint, inclusive ranges of UIDs; `high` may be 0xffffffff for "*". */
export type UidRange = readonly [low: number, high: number];
