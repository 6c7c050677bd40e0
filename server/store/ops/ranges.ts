/** UID ranges in statements. */
import type { UidRange } from "../store.ts";
import type { Param } from "./tx.ts";

/** The messages of one mailbox within some ranges. `$1` is the account, `$2` the mailbox, `$3` and `$4` the ranges. */
export type Within = {
  /** For `FROM …`: gives the alias `m`. */
  readonly from: string;
  /** For `WHERE …` beside `from`; conditions on `m` may follow. */
  readonly where: string;
  /** For the `WHERE …` of an UPDATE or DELETE of `messages`. */
  readonly own: string;
  /** `$1` to `$4`; the statement's own begin at `$5`. */
  readonly params: readonly Param[];
};

/** Ascending, disjoint ranges cut at `below` (exclusive), so that "*" and giant numbers mean what is there now. */
export function clamp(uids: readonly UidRange[], below: number): readonly UidRange[] {
  const cut: UidRange[] = [];
  for (const [low, high] of uids) if (low < below && low <= high) cut.push([low, Math.min(high, below - 1)]);
  return cut;
}

const manyWhere = "m.account = $1 AND m.mailbox = $2 AND m.uid BETWEEN r.lo AND r.hi AND $4 = 0";
const many = {
  // SQLite must go through the ranges first and seek in the mailbox, never the other way round.
  from: "{ranges $3} r {cross} messages m",
  where: manyWhere,
  own: `account = $1 AND mailbox = $2 AND uid IN (SELECT m.uid FROM {ranges $3} r {cross} messages m WHERE ${manyWhere})`,
};
const single = {
  from: "messages m",
  where: "m.account = $1 AND m.mailbox = $2 AND m.uid BETWEEN $3 AND $4",
  own: "account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4",
};

export function within(account: number, mailbox: number, uids: readonly UidRange[]): Within {
  const only = uids.length === 1 ? uids[0] : undefined;
  return only === undefined
    ? { ...many, params: [account, mailbox, JSON.stringify(uids), 0] }
    : { ...single, params: [account, mailbox, only[0], only[1]] };
}

/** UIDs (ascending) as ranges. */
export function rangesOf(uids: ArrayLike<number>): readonly UidRange[] {
  const ranges: [number, number][] = [];
  let last: [number, number] | undefined;
  for (let at = 0; at < uids.length; at++) {
    const uid = uids[at]!;
    if (last !== undefined && uid === last[1] + 1) last[1] = uid;
    else ranges.push((last = [uid, uid]));
  }
  return ranges;
}
