/**
 * Signatures of the messages of a mailbox, remembered: what the index does not have yet is asked of them without reading a row for each message.
 * A UID is given once, so that what is known of it stays true.
 */
import type { Numbers } from "./mailbox-emails.ts";
import { memory, type Op, rows } from "./tx.ts";

/** UIDs whose signatures are kept together, a power of two: of the largest ones 8 MiB. */
const blockUids = 256;
/** Of a block that is not remembered, so few are read alone. */
const fewOfBlock = 16;
/** Signatures of single messages that are read at once. */
const fewAtOnce = 128;

/** By UID modulo `blockUids`: where its signature begins, and ends at the next one; empty for what was not there. */
export type SignatureBlock = { readonly lastUid: number; readonly starts: Uint32Array; readonly bytes: Uint8Array };
const blockOverhead = 4 * (blockUids + 1) + 200;

/**
 * Calls `take` with each of these places (ascending) among the numbers and the signature of the message there. `name`: of the mailbox whose numbers these
 * are, all of them; "" for some of them. What is not remembered and `asks` is false of is not read for itself: it is told as empty.
 */
export function* eachSignature(
  name: string,
  numbers: Numbers,
  places: readonly number[],
  asks: (place: number) => boolean,
  take: (place: number, signature: Uint8Array) => void,
): Op<void> {
  const { uids, contents } = numbers;
  const { signatures } = yield* memory();
  const alone: number[] = [];
  for (let from = 0; from < places.length; ) {
    const block = blockOf(uids[places[from]!]!);
    let to = from + 1;
    while (to < places.length && blockOf(uids[places[to]!]!) === block) to++;
    const blockName = `${name}/${block}`;
    let known = name === "" ? undefined : signatures.get(blockName);
    const isWhole = known !== undefined && known.lastUid >= uids[places[to - 1]!]!;
    if (name !== "" && !isWhole && to - from > fewOfBlock) {
      known = yield* readBlock(numbers, block, places[from]!);
      signatures.put(blockName, known, known.bytes.length + blockOverhead);
    }
    for (; from < to; from++) {
      const place = places[from]!;
      const uid = uids[place]!;
      const at = uid % blockUids;
      if (known !== undefined && uid <= known.lastUid)
        take(place, known.bytes.subarray(known.starts[at]!, known.starts[at + 1]!));
      else if (asks(place)) alone.push(place);
      else take(place, empty);
    }
  }
  for (let from = 0; from < alone.length; from += fewAtOnce) {
    const some = alone.slice(from, from + fewAtOnce);
    const found = yield* signaturesOf(some.map((place) => contents[place]!));
    for (const place of some) take(place, found.get(contents[place]!) ?? empty);
  }
}

const empty = new Uint8Array(0);
const blockOf = (uid: number): number => Math.floor(uid / blockUids);

/** `place`: of one message of the block. */
function* readBlock({ uids, contents }: Numbers, block: number, place: number): Op<SignatureBlock> {
  let from = place;
  while (from > 0 && blockOf(uids[from - 1]!) === block) from--;
  let to = place + 1;
  while (to < uids.length && blockOf(uids[to]!) === block) to++;
  const found = yield* signaturesOf(Array.from(contents.subarray(from, to)));
  const starts = new Uint32Array(blockUids + 1);
  const inOrder: Uint8Array[] = [];
  let end = 0;
  for (let at = 0, index = from; at < blockUids; at++) {
    starts[at] = end;
    if (index === to || uids[index]! % blockUids !== at) continue;
    const signature = found.get(contents[index++]!) ?? empty;
    inOrder.push(signature);
    end += signature.length;
  }
  starts[blockUids] = end;
  const bytes = new Uint8Array(end);
  let filled = 0;
  for (const signature of inOrder) {
    bytes.set(signature, filled);
    filled += signature.length;
  }
  return { lastUid: uids[to - 1]!, starts, bytes };
}

function* signaturesOf(contents: readonly number[]): Op<ReadonlyMap<number, Uint8Array>> {
  const found = yield* rows(
    "SELECT c.id, c.signature FROM {list $1} l {cross} contents c WHERE c.id = l.value",
    JSON.stringify(contents),
  );
  return new Map(found as unknown as readonly (readonly [number, Uint8Array])[]);
}
