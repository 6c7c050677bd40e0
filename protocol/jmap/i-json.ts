/** What I-JSON (RFC 7493) forbids and JSON.parse lets through: names that stand twice in one object, and halves of surrogate pairs. */

/** Marks, strings and other characters that are looked at between two steps. */
const lookedAtOnce = 10_000;
const [quote, backslash, colon, comma] = [0x22, 0x5c, 0x3a, 0x2c];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Why a text that is JSON is not I-JSON; undefined where it is. Of a long one others have their turn between the steps. */
export function* notIJson(text: string): Generator<undefined, string | undefined> {
  /** Names of each object that is open; undefined: an array. */
  const open: (Set<string> | undefined)[] = [];
  let expectsName = false;
  let looked = 0;
  for (let at = 0; at < text.length; at++) {
    if (++looked % lookedAtOnce === 0) yield;
    switch (text.charCodeAt(at)) {
      case openObject:
        open.push(new Set());
        expectsName = true;
        break;
      case openArray:
        open.push(undefined);
        expectsName = false;
        break;
      case closeObject:
      case closeArray:
        open.pop();
        expectsName = false;
        break;
      case comma:
        expectsName = open.at(-1) !== undefined;
        break;
      case colon:
        break;
      case quote: {
        const end = endOfString(text, at + 1);
        const token = text.slice(at, end + 1);
        at = end;
        const isEscaped = token.includes("\\");
        if (isEscaped && /\\u[dD][89a-fA-F]/.test(token) && !(JSON.parse(token) as string).isWellFormed())
          return "A string has half of a surrogate pair (RFC 7493 §2.1).";
        if (!expectsName) break;
        expectsName = false;
        const name = isEscaped ? (JSON.parse(token) as string) : token.slice(1, -1);
        const names = open.at(-1);
        if (names?.has(name)) return `"${name.slice(0, 100)}" stands twice in one object (RFC 7493 §2.3).`;
        names?.add(name);
      }
    }
  }
  return undefined;
}

/** The quote that ends it; a regular expression has no room for strings of 8 million characters. */
function endOfString(text: string, from: number): number {
  for (let start = from; ; ) {
    const at = text.indexOf('"', start);
    if (at < 0) return text.length;
    let slashes = 0;
    while (at - slashes > from && text.charCodeAt(at - slashes - 1) === backslash) slashes++;
    if (slashes % 2 === 0) return at;
    start = at + 1;
  }
}
