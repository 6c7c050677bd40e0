/** How much there is in a JSON text, before anybody makes values of it: a small text may hold many, and each costs far more than its bytes. */

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Values and names at most that `text` (UTF-8, RFC 8259) has, how deep they lie, and how many names stand in one object. What is no JSON is counted all the same. Stops at `maxValues`. */
export function countValues(
  text: Uint8Array,
  maxValues = Number.POSITIVE_INFINITY,
): { readonly values: number; readonly depth: number; readonly names: number } {
  let values = 1;
  let depth = 0;
  let deepest = 0;
  let most = 0;
  /** Names so far in what is open. */
  const names = [0];
  for (let at = 0; at < text.length && values <= maxValues; at++) {
    switch (text[at]) {
      case quote:
        at = endOfString(text, at + 1);
        break;
      case openArray:
      case openObject:
        values++;
        deepest = Math.max(deepest, ++depth);
        names[depth] = 0;
        break;
      case closeArray:
      case closeObject:
        if (depth > 0) depth--;
        break;
      case colon:
        most = Math.max(most, ++names[depth]!);
        values++;
        break;
      case comma:
        values++;
        break;
    }
  }
  return { values, depth: deepest, names: most };
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
