/** How much a value comes to when it is written as JSON. */
import { isObject, type Json } from "./types.ts";

/** Characters of a number, a word, or what stands around a value. */
const charsOfValue = 8;

/** About the characters that it takes, wherever it stands (what is shared in memory is written each time); once it is more than `most`, it is not looked at to its end. */
export function writtenChars(value: Json, most: number): number {
  if (typeof value === "string") return value.length + charsOfValue;
  let chars = charsOfValue;
  if (Array.isArray(value)) {
    for (const one of value as readonly Json[]) if ((chars += writtenChars(one, most - chars)) > most) break;
  } else if (isObject(value))
    for (const name in value) {
      chars += name.length + writtenChars((value as { readonly [name: string]: Json })[name] as Json, most - chars);
      if (chars > most) break;
    }
  return chars;
}
