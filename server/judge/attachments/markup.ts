/** Web pages and drawings that come as attachments: what in them runs, builds files or asks for passwords. */

export type MarkupSigns = {
  /** Scripts, handlers, script links. */
  readonly script: string | undefined;
  /** Builds a file, or a page out of hidden data: HTML smuggling. */
  readonly smuggling: string | undefined;
  /** A password that goes elsewhere. */
  readonly form: string | undefined;
  /** Goes somewhere by itself. */
  readonly redirect: string | undefined;
  readonly hta: boolean;
};

/** Tags that are looked at; what lies beyond is not. */
const maxTags = 200_000;
const maxTagChars = 4 * 1024 * 1024;
/** Code in which patterns are looked for that go back on themselves. */
const maxPatternChars = 512 * 1024;
/** So many characters of base64 in a row are hidden data. */
const longRun = 800;

type Tag = { readonly name: string; readonly attributes: string; readonly end: number };

/** One tag from its "<"; undefined where it is none. Quotes hide ">" as in browsers. */
function tagAt(text: string, at: number): Tag | undefined {
  let i = at + 1;
  if (text[i] === "/") i++;
  const start = i;
  while (i < text.length && isNameChar(text.charCodeAt(i))) i++;
  if (i === start) return undefined;
  const name = text.slice(start, i).toLowerCase();
  const from = i;
  const limit = Math.min(text.length, i + maxTagChars);
  let quote = 0;
  for (; i < limit; i++) {
    const code = text.charCodeAt(i);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 62) break;
    else if ((code === 34 || code === 39) && /[=\s]/.test(text[i - 1] ?? "")) quote = code;
  }
  if (i >= limit) {
    // A quote that never ends: the tag ends at its first ">", as everything behind it would be hidden otherwise.
    const plain = text.indexOf(">", from);
    i = plain < 0 ? limit : plain;
  }
  return { name: text[at + 1] === "/" ? `/${name}` : name, attributes: text.slice(from, i), end: i + 1 };
}

const isNameChar = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 58) || code === 45 || code === 33;

/** Signs of a page or drawing. Linear in the length of the text, but for tags without an end, which are bounded. */
export function signsOf(text: string): MarkupSigns {
  let script: string | undefined;
  let form: string | undefined;
  let redirect: string | undefined;
  let smuggling: string | undefined;
  let hta = false;
  const isDrawing = /^\s*(?:<[?!][^>]{0,2000}>\s*){0,5}<(?:[a-z]+:)?svg[\s>]/i.test(text.slice(0, 4096));
  let code = "";
  let password = false;
  let action: string | undefined;
  let unended = 0;
  let tags = 0;
  for (let at = text.indexOf("<"); at >= 0 && tags < maxTags; tags++) {
    const tag = tagAt(text, at);
    if (tag === undefined || unended > 3) {
      at = text.indexOf("<", at + 1);
      continue;
    }
    if (tag.end > text.length) unended++;
    const { name, attributes } = tag;
    let next = tag.end;
    if (name === "script" || name.endsWith(":script")) {
      if (isCode(attributes)) {
        const close = indexOfClose(text, tag.end);
        script ??= /\bsrc\s*=|href\s*=/i.test(attributes) ? "a script from elsewhere" : "a script";
        if (code.length < maxTagChars) code += `\n${text.slice(tag.end, close)}`;
        next = close;
      }
    } else if (name === "hta:application") hta = true;
    else if (attributes !== "") {
      const decoded = attributes.includes("&") ? entities(attributes) : attributes;
      const lower = decoded.toLowerCase();
      if (/(?:^|[\s"'/])on[a-z]{3,25}\s*=/.test(lower)) {
        script ??= `a handler in <${name}>`;
        code += `\n${decoded.slice(0, 100_000)}`;
      }
      if (
        /(?:href|src|action|formaction|data|to|values|from)\s*=[\s\0-\x20"']*(?:j\s*a\s*v\s*a|v\s*b)\s*s\s*c\s*r\s*i\s*p\s*t\s*:/.test(
          lower,
        )
      )
        script ??= "a script link";
      if (
        /(?:href|src|data)\s*=[\s"']*data:(?:text\/html|image\/svg\+xml|application\/x?html)/.test(lower) &&
        name !== "img" &&
        name !== "image"
      )
        script ??= "a page within the page";
      if (name === "a" && /\bdownload\b/.test(lower) && /href\s*=[\s"']*data:/.test(lower))
        smuggling ??= "a link to a file in the page itself";
      if (
        (name === "iframe" || name === "object" || name === "embed") &&
        /(?:src|data|srcdoc)\s*=[\s"']*(?:data:|blob:|&lt;|<)/.test(lower)
      )
        smuggling ??= `a page built into <${name}>`;
      if (
        isDrawing &&
        (name === "iframe" || name === "object" || name === "embed") &&
        /(?:src|data)\s*=[\s"']*(?:https?:)?\/\//.test(lower)
      )
        redirect ??= "a page from elsewhere in a drawing";
      if (name === "meta" && /http-equiv\s*=[\s"']*refresh/.test(lower) && /url\s*=/.test(lower))
        redirect ??= "it goes elsewhere by itself";
      if (name === "input" && /type\s*=[\s"']*password/.test(lower)) password = true;
      if (name === "form") action = /action\s*=[\s"']*(https?:[^"'\s>]*)/.exec(lower)?.[1] ?? action;
    }
    at = text.indexOf("<", Math.min(next, text.length));
  }
  if (password && (action !== undefined || script !== undefined)) form = "it asks for a password";
  smuggling ??= smugglingIn(code);
  if (redirect !== undefined && /url\s*=[\s"']*(?:data|javascript|file|ms-|search-ms)/i.test(text))
    smuggling ??= redirect;
  return { script, smuggling, form, redirect, hta };
}

/** Data in a script element are not run. */
function isCode(attributes: string): boolean {
  const type = /\btype\s*=[\s"']*([^"'\s>]*)/i.exec(attributes)?.[1]?.toLowerCase();
  return type === undefined || type === "" || !/json|template|importmap|speculationrules|x-tmpl|text\/plain/.test(type);
}

function indexOfClose(text: string, from: number): number {
  for (let at = text.indexOf("</", from); at >= 0; at = text.indexOf("</", at + 2)) {
    if (/^script/i.test(text.slice(at + 2, at + 8))) return at;
    if (/^[a-z]+:script/i.test(text.slice(at + 2, at + 40))) return at;
  }
  return text.length;
}

/** Builders of files and pages out of data, in the code of a page. */
function smugglingIn(code: string): string | undefined {
  if (code === "") return undefined;
  const plain = code.toLowerCase().replace(/["'`]\s*\+\s*["'`]/g, "");
  const decodes =
    /atob\s*\(|fromcharcode|unescape\s*\(|decodeuricomponent\s*\(|uint8array|textdecoder|crypto\.subtle|\["?at"?\+/.test(
      plain,
    );
  const big =
    hasLongRun(code) ||
    /(?:\\x[0-9a-f]{2}){200}|(?:%[0-9a-f]{2}){200}|(?:\d{1,3},\s?){300}/i.test(code.slice(0, maxPatternChars));
  const saves =
    /new\s+blob|createobjecturl|mssaveoropenblob|mssaveblob|\.download\s*=|setattribute\(\s*["'`]download/.test(plain);
  const writes =
    /document\.write|innerhtml\s*=|eval\s*\(|new\s+function\s*\(|location(?:\.href)?\s*=|\.srcdoc\s*=|documentelement/.test(
      plain,
    );
  if (saves && (decodes || big || plain.includes("click("))) return "it builds a file out of hidden data";
  if (writes && decodes && big) return "it builds a page out of hidden data";
  if (/(?:eval|document\.write)\s*\(\s*(?:unescape|atob|decodeuricomponent|string\.fromcharcode)\s*\(/.test(plain))
    return "it runs hidden code";
  if (/activexobject|wscript\.shell|shell\.application|msxml2\.xmlhttp/.test(plain)) return "it starts programs";
  return undefined;
}

function hasLongRun(code: string): boolean {
  let run = 0;
  for (let i = 0; i < code.length; i++) {
    const c = code.charCodeAt(i);
    const base64 = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 47 && c <= 57) || c === 43;
    if (!base64) run = 0;
    else if (++run >= longRun) return true;
  }
  return false;
}

const named: { readonly [name: string]: string } = {
  colon: ":",
  tab: "\t",
  newline: "\n",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  amp: "&",
};

function entities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));?/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return named[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

const html =
  /<(?:!doctype\s+html|html|head|body|script|iframe|meta\s|title|form|table|div|object|embed|img|a\s|p>|style|hta:application|base\s|link\s)/i;

export function looksLikeHtml(head: string): boolean {
  return html.test(head);
}

export function looksLikeSvg(head: string): boolean {
  return /<(?:[a-z]+:)?svg[\s>]/i.test(head);
}
