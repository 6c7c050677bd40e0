/** The provider's own code in a reply where it has one, else its numbers ("421 4.7.28"), else its beginning. */
export function codeOf(reply: string): string {
  const own =
    /\b(?:S\d{4}|TSS?\d{2}|BL\d{2}|RP-\d{3}|RL\d{6}|BL\d{6}|[A-Z]{2}-\d{3}|(?:CS|BS|HM)\d{2})\b/.exec(reply)?.[0] ??
    /^\d{3} \d\.\d{1,3}\.\d{1,3}\b/.exec(reply)?.[0];
  if (own !== undefined) return own;
  // It is shown to others than whose mail it was said of.
  const plain = reply.slice(0, 500).replaceAll(/<?[^\s<>@]+@[^\s<>@]+>?/g, "<…>");
  return plain.length <= 80 ? plain : `${plain.slice(0, 79)}…`;
}

/** Its numbers alone ("550 5.1.1"): words may name whom it is about. */
export const codesOf = (reply: string): string => /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3}\b)?/.exec(reply)?.[0] ?? "";
