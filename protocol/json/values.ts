/** How much there is in a JSON text, before anybody makes values of it: a small text may hold many, and each costs far more than its bytes. */

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Values and names at most that `text` (UTF-8, RFC 8259) has, and how deep they lie. What is no JSON is counted all the same. Stops at `maxValues`. */
export function countValues(
  text: Uint8Array,
  maxValues = Number.POSITIVE_INFINITY,
): { readonly values: number; readonly depth: number } {
  let values = 1;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length && values <= maxValues; at++) {
    switch (text[at]) {
      case quote:
        at = endOfString(text, at + 1);
        break;
      case openArray:
      case openObject:
        values++;
        deepest = Math.max(deepest, ++depth);
        break;
      case closeArray:
      case closeObject:
        depth--;
        break;
      case comma:
      case colon:
        values++;
        break;
    }
  }
  return { values, depth: deepest };
}

/** The quote that ends it, or the end of the text. Long strings (files in base64) are leapt over. */
function endOfString(text: Uint8Array, from: number): number {
  for (let start = from; ; ) {
    const at = text.indexOf(quote, start);
    if (at < 0) return text.length;
    let slashes = 0;
    while (at - slashes > from && text[at - slashes - 1] === backslash) slashes++;
    if (slashes % 2 === 0) return at;
    start = at + 1;
  }
}
