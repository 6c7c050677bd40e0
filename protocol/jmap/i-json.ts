/** What I-JSON (RFC 7493) forbids and JSON.parse lets through: names that stand twice in one object, and halves of surrogate pairs. */

/** Strings whole, the marks that structure; numbers, literals and blanks are passed over. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** Why a text that is JSON is not I-JSON; undefined where it is. */
export function notIJson(text: string): string | undefined {
  /** Names of each object that is open; undefined: an array. */
  const open: (Set<string> | undefined)[] = [];
  let expectsName = false;
  for (const [token] of text.matchAll(tokens))
    switch (token[0]) {
      case "{":
        open.push(new Set());
        expectsName = true;
        break;
      case "[":
        open.push(undefined);
        expectsName = false;
        break;
      case "}":
      case "]":
        open.pop();
        expectsName = false;
        break;
      case ",":
        expectsName = open.at(-1) !== undefined;
        break;
      case ":":
        break;
      default: {
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
  return undefined;
}
