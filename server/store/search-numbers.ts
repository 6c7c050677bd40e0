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
  let open = placesIn(numbers, ranges, sifted).filter(isOpen);
  if (judge.needs.signature && open.length > 0) {
    const asks = (place: number): boolean => judge.needs.bytes !== "text" || texts.get(contents[place]!) === undefined;
    const left: number[] = [];
    yield* eachSignature(name, numbers, open, asks, (place, signature) => {
      candidate.signature = signature;
      if (isOpen(place)) left.push(place);
    });
    open = left;
  }
  const unread = open.map(
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

/** The places of UIDs in these ranges, but for what cannot match. */
function placesIn(
  { uids, emails }: Numbers,
  ranges: readonly UidRange[],
  sifted: Sifted | undefined,
): readonly number[] {
  const places: number[] = [];
  const upTo = sifted?.emails === undefined ? 0 : sifted.upTo;
  for (let place = 0, range = 0; place < uids.length; place++) {
    if (emails[place]! <= upTo && !sifted!.emails!.has(emails[place]!)) continue;
    while (range < ranges.length && ranges[range]![1] < uids[place]!) range++;
    if (range === ranges.length) break;
    if (ranges[range]![0] <= uids[place]!) places.push(place);
  }
  return places;
}
