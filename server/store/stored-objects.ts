/**
 * Objects as they come out of the store: each is read when it is looked at, and anew each time. Of thousands most are not looked at, and all of them,
 * read at once, hold the thread up and take several times their size.
 */
import type { StoredObject, StoredObjects } from "./jmap.ts";

/** Id and JSON of each in turn: long strings are quick to hand to another thread. */
export type ObjectTexts = { readonly texts: readonly string[]; readonly state: number };

export function storedObjects({ texts, state }: ObjectTexts): StoredObjects {
  const objects: StoredObject[] = [];
  let chars = 0;
  for (let at = 0; at < texts.length; at += 2) {
    const text = texts[at + 1]!;
    chars += text.length;
    objects.push(read(texts[at]!, text));
  }
  return { objects, state, chars };
}

const read = (id: string, text: string): StoredObject => ({
  id,
  get data() {
    return JSON.parse(text);
  },
});
