/** HTML as the text that people see, and the beginning of a message for lists: RFC 8621 §4.1.4. */

/** RFC 8621 §4.1.4: at most so many characters. */
export const maxPreviewChars = 256;
/** Of a text no more is looked at. */
const maxPreviewSource = 16 * 1024;

const entities: { readonly [name: string]: string } = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  copy: "©",
  reg: "®",
  trade: "™",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  lsquo: "‘",
  rsquo: "’",
  ldquo: "“",
  rdquo: "”",
  laquo: "«",
  raquo: "»",
  bull: "•",
  middot: "·",
  euro: "€",
  pound: "£",
  yen: "¥",
  cent: "¢",
  sect: "§",
  deg: "°",
  times: "×",
  shy: "",
  zwnj: "",
  zwj: "",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
  eacute: "é",
  egrave: "è",
  ecirc: "ê",
  agrave: "à",
  aacute: "á",
  acirc: "â",
  ccedil: "ç",
  iacute: "í",
  ntilde: "ñ",
  oacute: "ó",
  uacute: "ú",
  aring: "å",
  aelig: "æ",
  oslash: "ø",
};

/** Elements whose content nobody sees. */
const hidden = /^(?:head|style|script|title|template|noscript|svg|object|textarea)$/;
const blocks = /^(?:p|div|br|tr|li|h[1-6]|table|ul|ol|blockquote|pre|hr|section|article|header|footer|td|th)$/;

/** The text of an HTML part, tags undone: blocks end lines. Linear in its length. */
export function htmlText(html: string): string {
  let out = "";
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open < 0) {
      out += decodeEntities(html.slice(at));
      break;
    }
    out += decodeEntities(html.slice(at, open));
    if (html.startsWith("<!--", open)) {
      const end = html.indexOf("-->", open + 4);
      at = end < 0 ? html.length : end + 3;
      continue;
    }
    const match = /^<(\/?)([A-Za-z][A-Za-z0-9]*)/.exec(html.slice(open, open + 40));
    if (match === null && !/^<[!?/]/.test(html.slice(open, open + 2))) {
      out += "<";
      at = open + 1;
      continue;
    }
    const close = endOfTag(html, open + 1);
    const name = (match?.[2] ?? "").toLowerCase();
    at = close;
    if (match?.[1] === "" && hidden.test(name) && html[close - 2] !== "/") {
      const end = indexOfEnd(html, name, close);
      at = end < 0 ? html.length : endOfTag(html, end + 1);
    } else if (blocks.test(name)) out += "\n";
  }
  return out;
}

/** Just after the ">" of the tag; quotes hide one. */
function endOfTag(html: string, from: number): number {
  let quote = "";
  for (let i = from; i < html.length; i++) {
    const char = html[i] as string;
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === ">") return i + 1;
    else if (char === '"' || char === "'") quote = char;
  }
  return html.length;
}

function indexOfEnd(html: string, name: string, from: number): number {
  const pattern = new RegExp(`</${name}[\\s>/]`, "gi");
  pattern.lastIndex = from;
  return pattern.exec(html)?.index ?? -1;
}

export function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z]{2,8}));?/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name as string] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : "";
  });
}

/** The first words of a text, without what is quoted, on one line. */
export function previewOf(text: string, isHtml: boolean): string {
  const source = text.slice(0, maxPreviewSource);
  const plain = isHtml ? htmlText(source) : source;
  const said = plain
    .split("\n")
    .filter((line) => !/^\s*>/.test(line) && !/^\s*[-_=*]{4,}\s*$/.test(line))
    .join(" ");
  const flat = collapse(said) || collapse(plain);
  if (flat.length <= maxPreviewChars) return flat;
  // Never half of a surrogate pair.
  const cut = flat.slice(0, maxPreviewChars);
  return (/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut).trimEnd();
}

function collapse(text: string): string {
  return text
    .replace(/(?:[\s\u00a0\u200b-\u200f\u2028-\u202e\u2060\ufeff\u00ad\x00-\x1f\x7f]|\u034f)+/g, " ")
    .trim()
    .toWellFormed();
}
