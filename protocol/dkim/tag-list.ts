/** Signature header fields as tag lists (RFC 6376 §3.2, §3.5), folded so that a verifier sees the same text as the signer. */

/** In the order in which they are written; undefined ones are left out. "b" is the signature's place and must be last or empty. */
export type Tags = readonly (readonly [name: string, value: string | undefined])[];

const maxLineChars = 76;
const maxSignatureChars = 72;

/**
 * The field without its signature, folded, no line end. Folds stand where a blank stands in any case, and in h= after a colon,
 * where the relaxed form would see it: so h= is folded with blanks that belong to the text that is signed.
 */
export function tagField(name: string, tags: Tags): string {
  let text = `${name}:`;
  let line = text.length;
  const last = tags.findLastIndex(([, value]) => value !== undefined);
  for (const [index, [tag, value]] of tags.entries()) {
    if (value === undefined) continue;
    const end = index < last ? ";" : "";
    let from = 0;
    do {
      const colon = tag === "h" ? value.indexOf(":", from) : -1;
      const to = colon < 0 ? value.length : colon + 1;
      const piece = (from === 0 ? `${tag}=` : "") + value.slice(from, to) + (to === value.length ? end : "");
      if (from === 0) {
        const fold = line > name.length + 1 && line + 1 + piece.length > maxLineChars;
        text += fold ? `\r\n ${piece}` : ` ${piece}`;
        line = fold ? 1 + piece.length : line + 1 + piece.length;
      } else if (line + piece.length > maxLineChars) {
        text += `\r\n ${piece}`;
        line = 1 + piece.length;
      } else {
        text += piece;
        line += piece.length;
      }
      from = to;
    } while (from < value.length);
  }
  return text;
}

/** Puts the signature (base64) into the empty b= of a field made by `tagField`. RFC 6376 §3.5: blanks in it mean nothing. */
export function withSignature(field: string, signature: string): string {
  const at = field.endsWith(" b=") ? field.length : field.search(/[ \n]b=;/) + 3;
  let folded = "";
  for (let from = 0; from < signature.length; from += maxSignatureChars)
    folded += `\r\n ${signature.slice(from, from + maxSignatureChars)}`;
  return field.slice(0, at) + folded + field.slice(at);
}
