/** Tag lists as they come: signatures, keys, DMARC and BIMI records (RFC 6376 §3.2). */

export type TagMap = ReadonlyMap<string, string>;

const tag = /^[ \t\r\n]*([a-z][a-z\d_]*)[ \t\r\n]*=(.*)$/is;

/** Values without the blanks around them; undefined where the text is no tag list, or a name stands there twice. */
export function parseTags(text: string): TagMap | undefined {
  const tags = new Map<string, string>();
  const parts = text.split(";");
  for (const [index, part] of parts.entries()) {
    const found = tag.exec(part);
    if (found === null) {
      // One ";" may end the list.
      if (index === parts.length - 1 && index > 0 && /^[ \t\r\n]*$/.test(part)) continue;
      return undefined;
    }
    const name = found[1]!;
    const value = found[2]!.trim();
    if (tags.has(name) || !/^[\x20-\x7e\t\r\n\x80-\xff]*$/.test(value)) return undefined;
    tags.set(name, value);
  }
  return tags;
}

/** A list parted by colons, without blanks. */
export function colonList(text: string): readonly string[] {
  return text.replace(/[ \t\r\n]+/g, "").split(":");
}

/** Base64 with blanks in it; undefined where it is none, or empty. */
export function base64Of(text: string): Buffer | undefined {
  const clean = text.replace(/[ \t\r\n]+/g, "");
  return clean !== "" && clean.length % 4 !== 1 && /^[A-Za-z\d+/]+={0,2}$/.test(clean)
    ? Buffer.from(clean, "base64")
    : undefined;
}

/** A whole field with the value of its b= left out (RFC 6376 §3.5). */
export function withoutSignature(field: string): string {
  const colon = field.indexOf(":") + 1;
  return field.slice(0, colon) + field.slice(colon).replace(/((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*/, "$1");
}
