/** The wildcards of :matches (RFC 5228 §2.7.1): "*" any run, "?" one character, a backslash makes them themselves. */

/** Literal runs and wildcards in order. */
export type Glob = readonly (string | typeof anyRun | typeof anyOne)[];
export const anyRun = Symbol("*");
export const anyOne = Symbol("?");

export function parseGlob(pattern: string): Glob {
  const parts: (string | typeof anyRun | typeof anyOne)[] = [];
  let literal = "";
  const flush = (): void => {
    if (literal !== "") parts.push(literal);
    literal = "";
  };
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === "*" || char === "?") {
      flush();
      parts.push(char === "*" ? anyRun : anyOne);
    } else if (char === "\\" && i + 1 < pattern.length) literal += pattern[++i];
    else literal += char;
  }
  flush();
  return parts;
}

/**
 * Where each wildcard begins and ends in `text` (pairs of offsets), or undefined where it does not match. Each run is as
 * short as can be (RFC 5229 §3.2). Time is at most the product of the lengths: what a "*" has taken is never given back.
 */
export function matchGlob(glob: Glob, text: string): readonly number[] | undefined {
  const spans: number[] = [];
  let part = 0;
  let at = 0;
  /** The last run seen: its place in the glob and among the spans, and where it ends for now. */
  let star = -1;
  let starSpans = 0;
  let starStart = 0;
  let starEnd = 0;
  for (;;) {
    const item = glob[part];
    if (item === anyRun) {
      star = part++;
      starSpans = spans.length;
      starStart = starEnd = at;
      spans.push(at, at);
      continue;
    }
    if (item === anyOne && at < text.length) {
      const next = at + characterLength(text, at);
      spans.push(at, next);
      at = next;
      part++;
      continue;
    }
    if (typeof item === "string") {
      if (text.startsWith(item, at)) {
        at += item.length;
        part++;
        continue;
      }
    } else if (item === undefined && at === text.length) return spans;
    if (star < 0) return undefined;
    // The last run takes more: up to the next place where what follows it can begin, or to the end.
    const follows = glob[star + 1];
    if (starEnd >= text.length) return undefined;
    starEnd += characterLength(text, starEnd);
    if (typeof follows === "string") {
      const last = star + 2 === glob.length;
      const next = last
        ? text.length - follows.length >= starEnd && text.endsWith(follows)
          ? text.length - follows.length
          : -1
        : text.indexOf(follows, starEnd);
      if (next < 0) return undefined;
      starEnd = next;
    } else if (follows === undefined) starEnd = text.length;
    spans.length = starSpans;
    spans.push(starStart, starEnd);
    at = starEnd;
    part = star + 1;
  }
}

/** Units of the character at `at`: two where it is beyond the basic plane. */
function characterLength(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}
