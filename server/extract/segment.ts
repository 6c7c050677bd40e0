/** The words of some messages, turned round: for each word, in which of them it is. */
import { decodePostings, encodePostings, type Places, unite } from "../../protocol/words/postings.ts";
import { eachWord } from "../../protocol/words/words.ts";
import { messageText } from "./message-text.ts";

export type SegmentTask = { readonly messages: readonly { readonly email: number; readonly bytes: Uint8Array }[] };
/** Ascending by word. */
export type Segment = readonly (readonly [word: string, postings: Uint8Array])[];

/** Different words of one message that are kept. */
export const maxWordsPerMessage = 10_000;

/** `messages` ascend by email. */
export async function segmentOf({ messages }: SegmentTask): Promise<Segment> {
  const words = new Map<string, { readonly emails: number[]; readonly places: Places[] }>();
  for (const { email, bytes } of messages)
    for (const [word, places] of await wordsOfMessage(bytes)) {
      const known = words.get(word);
      if (known === undefined) words.set(word, { emails: [email], places: [places] });
      else {
        known.emails.push(email);
        known.places.push(places);
      }
    }
  return inOrder([...words].map(([word, postings]) => [word, encodePostings(postings)]));
}

function inOrder(rows: (readonly [word: string, postings: Uint8Array])[]): Segment {
  return rows.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
}

/** The words of one message and where they are. */
export async function wordsOfMessage(bytes: Uint8Array): Promise<ReadonlyMap<string, Places>> {
  const words = new Map<string, Places>();
  for (const { place, text } of await messageText(bytes))
    eachWord(text, (word) => {
      words.set(word, (words.get(word) ?? 0) | place);
      return words.size < maxWordsPerMessage;
    });
  return words;
}

/** Several segments in one. */
export function joinSegments(segments: readonly Segment[]): Segment {
  const words = new Map<string, Uint8Array[]>();
  for (const segment of segments)
    for (const [word, postings] of segment) words.set(word, [...(words.get(word) ?? []), postings]);
  return inOrder([...words].map(([word, all]) => [word, encodePostings(unite(all.map(decodePostings)))]));
}
