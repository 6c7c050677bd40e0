/** How text is made comparable for search: Unicode compatibility forms, case and the odd letters of casing folded away. */

/** Case-folded form: NFKC, lower case, "ß" as "ss", final sigma as sigma, "İ" as "i". Text and needle go through the same fold. */
export function foldText(text: string): string {
  if (!/[^\x00-\x7f]/.test(text)) return text.toLowerCase();
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[ßς]|i\u0307/g, (found) => (found === "ß" ? "ss" : found === "ς" ? "σ" : "i"))
    .normalize("NFC");
}

/** By which text is sorted: RFC 5051 i;unicode-casemap, as RFC 5255 §4.3 and RFC 5256 want it. Capitals count, so that "_" comes after "z". */
export function collated(text: string): string {
  const folded = foldText(text).toUpperCase();
  return /[^\x00-\x7f]/.test(folded) ? folded.normalize("NFKD") : folded;
}
