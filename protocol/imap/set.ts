/**
 * Sequence sets (RFC 9051 §9 `sequence-set`): of sequence numbers or of UIDs, as a client wrote them. They stay sets of
 * ranges however much they span; `view.ts` turns them into the messages of a mailbox.
 */

/** Stands for "*", the largest number in use: above every number a client can write. */
export const star = 0x1_0000_0000;

/** Inclusive; `low` ≤ `high` as written, so "7:*" and "*:7" are both [7, star]. */
export type SetRange = readonly [low: number, high: number];

/** `saved` is "$", the result of the last SEARCH RETURN (SAVE): RFC 5182. */
export type SequenceSet =
  | { readonly kind: "saved" }
  | { readonly kind: "ranges"; readonly ranges: readonly SetRange[] };
