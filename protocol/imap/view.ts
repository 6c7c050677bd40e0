/**
 * What one session believes about its selected mailbox: which messages there are, in which order. It alone owns sequence
 * numbers; nothing changes them but `append` and `expunge`, which the server calls when it tells the client so.
 */
import { intersect, lowerBound, normalise, type SequenceSet, type SetRange } from "./set.ts";

/** So many are tried one after the other before all are searched. */
const nearSteps = 4;

export class View {
  #uids: Uint32Array;
  #count: number;
  /** Where `seqOf` found something last: answers come in UID order, so the next is likely beside it. */
  #hint = 0;
  /** UIDs at or above this are \Recent for this session. */
  recentFrom: number;

  /** `uids` ascend; the view takes the array over. */
  constructor(uids: Uint32Array, recentFrom: number) {
    this.#uids = uids;
    this.#count = uids.length;
    this.recentFrom = recentFrom;
  }

  /** EXISTS. */
  get count(): number {
    return this.#count;
  }

  /** RECENT. */
  get recent(): number {
    return this.#count - lowerBound(this.#uids, this.#count, this.recentFrom);
  }

  /** The largest UID in the view, 0 when it is empty. */
  get lastUid(): number {
    return this.#count === 0 ? 0 : this.#uids[this.#count - 1]!;
  }

  /** All UIDs, ascending: a window on the view's own memory, good until the next change. */
  get uids(): Uint32Array {
    return this.#uids.subarray(0, this.#count);
  }

  isRecent(uid: number): boolean {
    return uid >= this.recentFrom;
  }

  /** UID of a sequence number from 1 to `count`. */
  uidAt(sequence: number): number {
    return sequence > this.#count ? 0 : (this.#uids[sequence - 1] ?? 0);
  }

  /** Sequence number of a UID, 0 when the view does not have it. */
  seqOf(uid: number): number {
    const uids = this.#uids;
    let at = this.#hint;
    // Of a frequent thing the next one is a few further on.
    for (let steps = 0; steps < nearSteps && at < this.#count && uids[at]! < uid; steps++) at++;
    if (at >= this.#count || uids[at] !== uid) at = lowerBound(uids, this.#count, uid);
    if (at >= this.#count || uids[at] !== uid) return 0;
    this.#hint = at + 1;
    return at + 1;
  }

  /**
   * The UIDs a client's set means, as ascending disjoint ranges that end within the view: of UIDs, or of sequence numbers.
   * `saved` is what "$" stands for. Undefined where a sequence number is out of range: RFC 9051 §9 `seq-number` wants BAD.
   */
  select(set: SequenceSet, uid: boolean, saved: readonly SetRange[] = []): SetRange[] | undefined {
    if (set.kind === "saved") return this.#clip(saved);
    if (this.#count === 0) return uid ? [] : undefined;
    if (uid) return this.#clip(normalise(set.ranges, this.lastUid));
    const ranges = normalise(set.ranges, this.#count);
    if (ranges[ranges.length - 1]![1] > this.#count) return undefined;
    return ranges.map(([low, high]) => [this.#uids[low - 1]!, this.#uids[high - 1]!]);
  }

  #clip(ranges: readonly SetRange[]): SetRange[] {
    const last = this.lastUid;
    const out: SetRange[] = [];
    for (const [low, high] of ranges) {
      if (low > last) break;
      out.push(high > last ? [low, last] : [low, high]);
    }
    return out;
  }

  /** UIDs of the view within normalised ranges, ascending. */
  within(ranges: readonly SetRange[]): number[] {
    return intersect(ranges, this.#uids, this.#count);
  }

  /** New messages, ascending and above all others. UIDs that are not above are left out. Answers how many came. */
  append(uids: ArrayLike<number>): number {
    const last = this.lastUid;
    let from = 0;
    while (from < uids.length && uids[from]! <= last) from++;
    const added = uids.length - from;
    if (added === 0) return 0;
    const needed = this.#count + added;
    if (needed > this.#uids.length) {
      // Idle sessions are many and get one message at a time: little room to spare.
      const grown = new Uint32Array(needed + (needed >>> 5));
      grown.set(this.#uids.subarray(0, this.#count));
      this.#uids = grown;
    }
    for (let at = from; at < uids.length; at++) this.#uids[this.#count++] = uids[at]!;
    return added;
  }

  /**
   * Takes messages away (`uids` ascend; unknown ones are passed over), in one walk. Answers which were there, and their sequence numbers in
   * descending order: sent in that order, each EXPUNGE is right at its moment (RFC 9051 §7.5.1).
   */
  expunge(uids: ArrayLike<number>): { readonly sequences: number[]; readonly uids: number[] } {
    const sequences: number[] = [];
    const gone: number[] = [];
    const mine = this.#uids;
    for (let at = 0; at < uids.length; at++) {
      const index = lowerBound(mine, this.#count, uids[at]!);
      if (index < this.#count && mine[index] === uids[at] && sequences[sequences.length - 1] !== index + 1) {
        sequences.push(index + 1);
        gone.push(uids[at]!);
      }
    }
    if (sequences.length === 0) return { sequences, uids: gone };
    let to = sequences[0]! - 1;
    for (let hole = 0; hole < sequences.length; hole++) {
      const next = hole + 1 < sequences.length ? sequences[hole + 1]! - 1 : this.#count;
      mine.copyWithin(to, sequences[hole]!, next);
      to += next - sequences[hole]!;
    }
    this.#count = to;
    this.#hint = 0;
    // A mailbox that was emptied must not keep the memory of a full one.
    if (this.#count < this.#uids.length >>> 1) this.#uids = this.#uids.slice(0, this.#count);
    return { sequences: sequences.reverse(), uids: gone };
  }
}
