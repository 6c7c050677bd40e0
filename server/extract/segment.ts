/** The words of some messages, turned round: for each word, in which of them it is. */
import type { Buffer } from "node:buffer";
import { bytesOf } from "../../protocol/mime/header.ts";
import { parseMessage } from "../../protocol/mime/parse.ts";
import { partsOf, visitHeader, visitText } from "../../protocol/mime/searchable.ts";
import { compareWords, type DictionaryBlock, DictionaryWriter, eachEntry } from "../../protocol/words/dictionary.ts";
import { GramBuilder, type GramFilters, type IsWord, maxGramBytes } from "../../protocol/words/grams.ts";
import {
  decodePostings,
  encodePostings,
  everywhere,
  loose,
  Place,
  type Places,
  unite,
} from "../../protocol/words/postings.ts";
import { eachWord } from "../../protocol/words/words.ts";
import { messageText } from "./message-text.ts";

export type SegmentTask = { readonly messages: readonly { readonly email: number; readonly bytes: Uint8Array }[] };
export type Segment = {
  readonly blocks: readonly DictionaryBlock[];
  readonly words: number;
  readonly grams: EmailGrams;
};
type EmailGrams = readonly (readonly [email: number, ...filters: GramFilters])[];

/** Different words of one message that are kept. */
export const maxWordsPerMessage = 10_000;

/** `messages` ascend by email. */
export async function segmentOf({ messages }: SegmentTask): Promise<Segment> {
  const words = new Map<string, { readonly emails: number[]; readonly places: Places[] }>();
  const grams: [email: number, ...filters: GramFilters][] = [];
  for (const { email, bytes } of messages) {
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
    const seen = (where: number) => (word: string, asItIs: boolean) => {
      const known = words.get(word);
      if (known === undefined || known.emails.at(-1) !== email) return false;
      if (asItIs) known.places[known.places.length - 1]! |= where;
      return true;
    };
    grams.push([email, ...gramsOf(bytes, seen(seenInHeader), seen(seenInText))]);
  }
  for (const { places } of words.values())
    for (let at = 0; at < places.length; at++) places[at] = withoutSeen(places[at]!);
  return { ...inBlocks(words, encodePostings), grams };
}

/** Beside places while a segment is made: where exact search sees the word as it is. */
const seenInHeader = loose << 1;
const seenInText = loose << 2;

function withoutSeen(places: number): Places {
  const inText = (places & (Place.body | Place.attachment)) !== 0;
  return (places & everywhere) | ((places & (inText ? seenInText : seenInHeader)) === 0 ? loose : 0);
}

function inBlocks<T>(words: ReadonlyMap<string, T>, encode: (of: T) => Uint8Array): Omit<Segment, "grams"> {
  const writer = new DictionaryWriter();
  for (const word of [...words.keys()].sort(compareWords)) writer.add(word, encode(words.get(word)!));
  const blocks = writer.finish();
  return { blocks, words: writer.words };
}

/** The filters of all that a TEXT search looks at, but for what are words of this message in the index. */
function gramsOf(raw: Uint8Array, isWordOfHeader: IsWord, isWordOfText: IsWord): GramFilters {
  const bytes = bytesOf(raw);
  const builder = new GramBuilder(bytes.length);
  const adding = (isWord: IsWord) => (text: string | Buffer) => {
    if (typeof text === "string") builder.addText(text, isWord);
    else builder.addAscii(text, isWord);
    return builder.full;
  };
  const [addHeader, addText] = [adding(isWordOfHeader), adding(isWordOfText)];
  for (const part of partsOf(parseMessage(bytes)))
    if (visitHeader(part, addHeader) || visitText(bytes, part, maxGramBytes + 1, addText)) break;
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
