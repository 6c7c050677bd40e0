/** The words of a message without its attachments, looked for one by one: for what the index does not have yet. */
import type { Buffer } from "node:buffer";
import { decodeWords } from "../mime/fields/encoded-word.ts";
import { bytesOf, fieldValue } from "../mime/header.ts";
import { parseMessage } from "../mime/parse.ts";
import { partsOf, visitText } from "../mime/searchable.ts";
import { Place, type Places } from "./postings.ts";
import { type AskedWord, eachWord } from "./words.ts";

/** Text of one message that is looked at. */
const maxLookedBytes = 2_000_000;

/** Fields whose words are in the index, and their places. */
export const fieldPlaces: ReadonlyMap<string, Places> = new Map([
  ["subject", Place.subject],
  ["from", Place.from],
  ["sender", Place.from],
  ["reply-to", Place.from],
  ["to", Place.to],
  ["cc", Place.to],
  ["bcc", Place.to],
]);

/** Whether each of the words is in one of the places. Markup counts as text here: the index knows better, later. */
export function holdsWords(raw: Uint8Array, asked: readonly AskedWord[], places: Places): boolean {
  const missing = new Set(asked);
  const take = (word: string): boolean => {
    for (const one of missing) if (one.prefix ? word.startsWith(one.word) : word === one.word) missing.delete(one);
    return missing.size > 0;
  };
  const bytes = bytesOf(raw);
  const root = parseMessage(bytes);
  for (const field of root.header.fields) {
    const place = fieldPlaces.get(field.name);
    if (place === undefined || (place & places) === 0) continue;
    eachWord(decodeWords(fieldValue(root.header, field)), take);
    if (missing.size === 0) return true;
  }
  if ((places & (Place.body | Place.attachment)) === 0) return missing.size === 0;
  const visit = (text: string | Buffer): boolean => {
    if (typeof text === "string") eachWord(text, take);
    else {
      // Every word of ASCII text stands in it as it is: where none of them does, it need not be taken apart.
      const lower = text.toString("latin1").toLowerCase();
      if (isAny(missing, ({ word }) => lower.includes(word))) eachWord(lower, take);
    }
    return missing.size === 0;
  };
  for (const part of partsOf(root)) if (visitText(bytes, part, maxLookedBytes, visit)) return true;
  return missing.size === 0;
}

function isAny<T>(all: ReadonlySet<T>, holds: (one: T) => boolean): boolean {
  for (const one of all) if (holds(one)) return true;
  return false;
}
