/** The words of some messages, turned round: for each word, in which of them it is. */
import { visitSearched } from "../../protocol/mime/facts-of.ts";
import { compareWords, type DictionaryBlock, DictionaryWriter, eachEntry } from "../../protocol/words/dictionary.ts";
import { GramBuilder } from "../../protocol/words/grams.ts";
import { decodePostings, encodePostings, type Places, unite } from "../../protocol/words/postings.ts";
import { eachWord } from "../../protocol/words/words.ts";
import { messageText } from "./message-text.ts";

export type SegmentTask = { readonly messages: readonly { readonly email: number; readonly bytes: Uint8Array }[] };
export type Segment = {
  readonly blocks: readonly DictionaryBlock[];
  readonly words: number;
  readonly grams: EmailGrams;
};
type EmailGrams = readonly (readonly [email: number, filter: Uint8Array])[];

/** Different words of one message that are kept. */
export const maxWordsPerMessage = 10_000;

/** `messages` ascend by email. */
export async function segmentOf({ messages }: SegmentTask): Promise<Segment> {
  const words = new Map<string, { readonly emails: number[]; readonly places: Places[] }>();
  const grams: [email: number, filter: Uint8Array][] = [];
  for (const { email, bytes } of messages) {
    grams.push([email, gramsOf(bytes)]);
    let count = 0;
    for (const { place, text } of await messageText(bytes))
      eachWord(text, (word) => {
        // One look-up for each word of the text: this is where indexing spends its time.
        const known = words.get(word);
        if (known === undefined) words.set(word, { emails: [email], places: [place] });
        else {
          const last = known.emails.length - 1;
          if (known.emails[last] === email) {
            known.places[last]! |= place;
            return true;
          }
          known.emails.push(email);
          known.places.push(place);
        }
        return ++count < maxWordsPerMessage;
      });
  }
  return { ...inBlocks(words, encodePostings), grams };
}

function inBlocks<T>(words: ReadonlyMap<string, T>, encode: (of: T) => Uint8Array): Omit<Segment, "grams"> {
  const writer = new DictionaryWriter();
  for (const word of [...words.keys()].sort(compareWords)) writer.add(word, encode(words.get(word)!));
  const blocks = writer.finish();
  return { blocks, words: writer.words };
}

function gramsOf(bytes: Uint8Array): Uint8Array {
  const builder = new GramBuilder(bytes.length);
  visitSearched(bytes, builder);
  return builder.finish();
}

/** Several segments in one. */
export function joinSegments(segments: readonly Segment[]): Segment {
  const words = new Map<string, Uint8Array[]>();
  for (const { blocks } of segments)
    for (const [, body] of blocks)
      eachEntry(body, (word, postings) => {
        const known = words.get(word);
        if (known === undefined) words.set(word, [postings]);
        else known.push(postings);
        return true;
      });
  return {
    ...inBlocks(words, (all) => encodePostings(unite(all.map(decodePostings)))),
    grams: segments.flatMap(({ grams }) => grams),
  };
}
