/**
 * SEARCH for what no row has to say anything of: the numbers of a mailbox are remembered, the index decides what it knows, signatures what they rule
 * out, and what is left is looked at.
 */
import type { Numbers } from "./ops/mailbox-emails.ts";
import { eachSignature } from "./ops/signatures.ts";
import { memory, type Op } from "./ops/tx.ts";
import { type Candidate, type Judge, nobody, unknown, yes } from "./search-judge.ts";
import { lookAt } from "./search-look.ts";
import { candidatesOf, type Sifted } from "./search-sift.ts";
import type { AccountId, MailboxId, UidRange } from "./store.ts";

/** The UIDs in these ranges that match, in no order. */
export function* searchNumbers(
  account: AccountId,
  mailbox: MailboxId,
  ranges: readonly UidRange[],
  sifted: Sifted | undefined,
  judge: Judge,
): Op<readonly number[]> {
  const named = yield* candidatesOf(account, mailbox, sifted);
  if (named === undefined) return [];
  const { name, numbers } = named;
  const { texts } = yield* memory();
  const { uids, emails, contents, sizes } = numbers;
  const hits: number[] = [];
  const candidate = { ...nobody };
  /** Puts a match into `hits`; answers whether it must be asked further. */
  const isOpen = (place: number): boolean => {
    candidate.uid = uids[place]!;
    candidate.email = emails[place]!;
    const verdict = judge.first(candidate);
    if (verdict === yes) hits.push(candidate.uid);
    return verdict === unknown;
  };
  const open = placesIn(numbers, ranges, sifted, isOpen);
  const isAsked = (place: number): boolean => sifted?.whole === true && emails[place]! <= sifted.upTo;
  const unasked = judge.needs.signature ? open.filter((place) => !isAsked(place)) : [];
  const left = judge.needs.signature ? open.filter(isAsked) : [...open];
  const asks = (place: number): boolean => judge.needs.bytes !== "text" || texts.get(contents[place]!) === undefined;
  yield* eachSignature(name, numbers, unasked, asks, (place, signature) => {
    candidate.signature = signature;
    if (isOpen(place)) left.push(place);
  });
  const unread = left.map(
    (place): Candidate => ({
      ...nobody,
      uid: uids[place]!,
      email: emails[place]!,
      content: contents[place]!,
      size: sizes[place]!,
    }),
  );
  for (const { uid } of yield* lookAt(unread, judge)) hits.push(uid);
  return hits;
}

/** The places of UIDs in these ranges (ascending), but for what cannot match and what `isOpen` is false of. */
function placesIn(
  { uids, emails }: Numbers,
  ranges: readonly UidRange[],
  sifted: Sifted | undefined,
  isOpen: (place: number) => boolean,
): readonly number[] {
  const places: number[] = [];
  const may = sifted?.emails;
  const upTo = may === undefined ? 0 : sifted!.upTo;
  for (const [low, high] of ranges)
    for (let place = firstFrom(uids, low); place < uids.length && uids[place]! <= high; place++) {
      const email = emails[place]!;
      if ((email > upTo || may!.has(email)) && isOpen(place)) places.push(place);
    }
  return places;
}

/** The place of the first UID from this one on. */
function firstFrom(uids: Uint32Array, uid: number): number {
  let from = 0;
  let to = uids.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (uids[middle]! < uid) from = middle + 1;
    else to = middle;
  }
  return from;
}
