/** One message as text keys see it: by its bytes, or by its folded text, which is kept to be looked at again. */
import {
  bodyContains,
  type FoldedText,
  foldedContains,
  foldedText,
  headerContains,
  textContains,
} from "../../protocol/mime/search-text.ts";
import { holdsWords } from "../../protocol/words/message-words.ts";
import { type Cells, type Encoding, glance, memory, type Op, rows } from "./ops/tx.ts";
import type { Candidate, Judge, Look } from "./search-judge.ts";
import type { SearchMemory } from "./search-memory.ts";

/** Message bytes read at once, unless one message alone has more. */
export const maxBytesAtOnce = 4 * 1024 * 1024;
const maxMessagesAtOnce = 512;

/** Which of these match, by their bytes or by their text that is at hand. */
export function* lookAt(open: readonly Candidate[], judge: Judge): Op<readonly Candidate[]> {
  const { texts } = yield* memory();
  const ofText = judge.needs.bytes === "text";
  const hits: Candidate[] = [];
  const unread: Candidate[] = [];
  for (const candidate of open) {
    const folded = ofText ? texts.get(candidate.content) : undefined;
    if (folded === undefined) unread.push(candidate);
    else if (judge.second(candidate, lookAgain(folded))) hits.push(candidate);
  }
  yield* readEach(unread, judge.needs.bytes === "header", (candidate, bytes) => {
    const folded = ofText ? remember(texts, candidate.content, bytes) : undefined;
    if (judge.second(candidate, folded === undefined ? lookInto(bytes) : lookAgain(folded))) hits.push(candidate);
  });
  return hits;
}

/** Calls `take` with the bytes of each, or of its header alone; they are good until it returns. */
export function* readEach<C extends Candidate>(
  all: readonly C[],
  headerAlone: boolean,
  take: (candidate: C, bytes: Uint8Array) => void,
): Op<void> {
  for (let from = 0; from < all.length; ) {
    let to = from;
    for (let bytes = 0; to < all.length && to - from < maxMessagesAtOnce; to++) {
      bytes += all[to]?.size ?? 0;
      if (bytes > maxBytesAtOnce && to > from) break;
    }
    const batch = all.slice(from, to);
    const stored = yield* storedOf(batch, headerAlone);
    for (const candidate of batch) {
      const cells = stored.get(candidate.content);
      if (cells === undefined)
        throw new Error(`Message ${candidate.uid} names content ${candidate.content}, which has no bytes.`);
      const [, encoding, blob, data, headerBytes] = cells as readonly [
        number,
        Encoding,
        string,
        Uint8Array | null,
        number,
      ];
      const { size } = candidate;
      take(candidate, yield* glance({ encoding, sizeBytes: size, blob, data }, headerAlone ? headerBytes : size));
    }
    from = to;
  }
}

/** By content; with the length of the header section where it is asked for. */
function* storedOf(batch: readonly Candidate[], withHeader: boolean): Op<ReadonlyMap<number, Cells>> {
  const found = yield* rows(
    withHeader
      ? "SELECT b.content, b.encoding, b.blob, b.data, c.header_bytes FROM {list $1} l {cross} bytes b {cross} contents c WHERE b.content = l.value AND c.id = b.content"
      : "SELECT b.content, b.encoding, b.blob, b.data FROM {list $1} l {cross} bytes b WHERE b.content = l.value",
    JSON.stringify([...new Set(batch.map(({ content }) => content))]),
  );
  return new Map(found.map((cells) => [cells[0] as number, cells]));
}

/** What a text takes in memory beside its characters. */
const textOverhead = 200;

const inMemory = ({ header, text, isNarrow }: FoldedText): number =>
  textOverhead + (header.length + text.length) * (isNarrow ? 1 : 2);

/** The text of a message, kept; undefined where the message is too long for it, or for `fold`. */
export function remember(
  texts: SearchMemory["texts"],
  content: number,
  bytes: Uint8Array,
  fold: (raw: Uint8Array) => FoldedText | undefined = foldedText,
): FoldedText | undefined {
  const folded = fold(bytes);
  if (folded !== undefined) texts.put(content, folded, inMemory(folded));
  return folded;
}

export function lookInto(bytes: Uint8Array): Look {
  return {
    header: (name, needle) => headerContains(bytes, name, needle),
    body: (needle) => bodyContains(bytes, needle),
    text: (needle) => textContains(bytes, needle),
    words: (words, places) => holdsWords(bytes, words, places),
  };
}

/** For keys of text alone. */
function lookAgain(folded: FoldedText): Look {
  const never = (): never => {
    throw new Error("Of this message only the folded text is at hand.");
  };
  return {
    header: never,
    body: (needle) => foldedContains(folded, needle, false),
    text: (needle) => foldedContains(folded, needle, true),
    words: never,
  };
}
