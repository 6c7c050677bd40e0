/** The pattern of a word, without what it says: "CamelCase-12" is "AaAa-0". */

/** Runs of small letters, capitals, digits and other characters, each run one character; at most `max` characters of the result. */
export function patternOf(text: string, max: number): string {
  let out = "";
  let last = "";
  for (let i = 0; i < text.length && out.length < max; i++) {
    const code = text.charCodeAt(i);
    const kind =
      code >= 97 && code <= 122
        ? "a"
        : code >= 65 && code <= 90
          ? "A"
          : code >= 48 && code <= 57
            ? "0"
            : code > 127
              ? "u"
              : text[i]!;
    if (kind !== last) out += kind;
    last = kind;
  }
  return out;
}

export function hasDigits(text: string): boolean {
  return /\d/.test(text);
}
