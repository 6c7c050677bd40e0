/**
 * What a person sees of an HTML part, where its links lead, and what it hides: one pass over the text, no tree, bounded.
 * Deliberately as forgiving as a browser: broken HTML costs nothing and ends nothing.
 */
import { decodeEntities } from "../../../protocol/mime/entities.ts";
import {
  actionAttribute,
  attribute,
  bgcolorAttribute,
  classAttribute,
  colorAttribute,
  eventAttribute,
  hiddenAttribute,
  hrefAttribute,
  idAttribute,
  sizeAttribute,
  sizes,
  srcAttribute,
  styleAttribute,
  typeAttribute,
} from "./html-attributes.ts";
import { maxSheetChars, noteHiders } from "./html-sheet.ts";
import { hidesContent, type Print, printOf } from "./html-styles.ts";

/** Characters of visible and of hidden text that are kept. */
export const maxVisibleChars = 96 * 1024;
export const maxHiddenChars = 16 * 1024;
/** Links that are looked at. */
export const maxLinks = 400;
/** Characters of one tag; the rest of a longer one is passed over. */
export const maxTagChars = 8 * 1024;
/** Tags that are looked at; what follows is taken as text without them. */
export const maxTags = 40_000;
/** Elements around a place that hide it or are tracked at all. */
const maxOpen = 256;
const maxLinkText = 300;
const maxHrefChars = 2048;

export type HtmlLink = {
  readonly href: string;
  /** What stands between <a> and </a>, blanks made one. */
  readonly text: string;
  /** Where the address is used. */
  readonly use: "a" | "form" | "image" | "area" | "frame";
};

export type HtmlFacts = {
  readonly text: string;
  readonly hidden: string;
  readonly title: string;
  readonly links: readonly HtmlLink[];
  /** How often each element occurs, lower case. */
  readonly tags: ReadonlyMap<string, number>;
  readonly comments: number;
  readonly commentChars: number;
  /** Comments or tags in the middle of a word: "Via<!-- x -->gra". */
  readonly splitWords: number;
  readonly images: number;
  /** Pictures of at most 2 by 2 points. */
  readonly pixels: number;
  /** Visible characters of text in very small print. */
  readonly tinyChars: number;
  /** Values of style attributes and old colour attributes: short tokens. */
  readonly styles: ReadonlyMap<string, number>;
  readonly scripts: number;
  /** The `type` of input fields. */
  readonly inputs: ReadonlySet<string>;
  readonly baseHref: string | undefined;
  readonly refresh: boolean;
  readonly eventHandlers: number;
};

const blockTags = new Set(
  "p br div td th tr li ul ol table h1 h2 h3 h4 h5 h6 hr center blockquote title option dt dd pre section article header footer tbody button".split(
    " ",
  ),
);
const voidTags = new Set("br hr img input meta link base area col wbr source embed param".split(" "));
const rawTags = new Set(["style", "script", "xml", "noframes", "template"]);

/** `print` is that of the text in it, inherited or its own. */
type Open = { readonly tag: string; readonly hides: boolean; readonly print: Print };

export function scanHtml(html: string): HtmlFacts {
  return new Scanner(html).run();
}

class Scanner {
  readonly #html: string;
  readonly #text: string[] = [];
  readonly #hidden: string[] = [];
  readonly #links: HtmlLink[] = [];
  readonly #tags = new Map<string, number>();
  readonly #styles = new Map<string, number>();
  readonly #inputs = new Set<string>();
  /** Classes (".a") and ids ("#b") that a style sheet hides, whatever the screen. */
  readonly #hiders = new Set<string>();
  readonly #open: Open[] = [];
  #hiding = 0;
  #textChars = 0;
  #hiddenChars = 0;
  #tinyChars = 0;
  #title = "";
  #inTitle = false;
  #link: { readonly href: string; text: string } | undefined;
  #comments = 0;
  #commentChars = 0;
  #splitWords = 0;
  #images = 0;
  #pixels = 0;
  #scripts = 0;
  #events = 0;
  #base: string | undefined;
  #refresh = false;
  /** Whether the last thing given out was a letter and since then only inline tags or comments came. */
  #afterLetter = false;

  constructor(html: string) {
    this.#html = html;
  }

  run(): HtmlFacts {
    const html = this.#html;
    let at = 0;
    let tags = 0;
    while (at < html.length && this.#textChars < maxVisibleChars) {
      const open = tags < maxTags ? html.indexOf("<", at) : -1;
      const textEnd = open < 0 ? html.length : open;
      if (textEnd > at) this.#give(html.slice(at, Math.min(textEnd, at + maxVisibleChars)));
      if (open < 0) break;
      tags++;
      at = this.#tag(open);
    }
    this.#closeLink();
    return {
      text: this.#text.join(""),
      hidden: this.#hidden.join(""),
      title: this.#title.trim(),
      links: this.#links,
      tags: this.#tags,
      comments: this.#comments,
      commentChars: this.#commentChars,
      splitWords: this.#splitWords,
      images: this.#images,
      pixels: this.#pixels,
      tinyChars: this.#tinyChars,
      styles: this.#styles,
      scripts: this.#scripts,
      inputs: this.#inputs,
      baseHref: this.#base,
      refresh: this.#refresh,
      eventHandlers: this.#events,
    };
  }

  #give(raw: string): void {
    const text = decodeEntities(raw);
    if (this.#inTitle) {
      if (this.#title.length < 300) this.#title += text;
      return;
    }
    const print = this.#print();
    if (this.#hiding > 0 || print === "none") {
      if (this.#hiddenChars < maxHiddenChars) this.#hidden.push(text);
      this.#hiddenChars += text.length;
      return;
    }
    if (this.#afterLetter && isLetter(text.charCodeAt(0))) this.#splitWords++;
    this.#afterLetter = isLetter(text.charCodeAt(text.length - 1));
    this.#text.push(text);
    this.#textChars += text.length;
    if (print === "tiny") this.#tinyChars += text.trim().length;
    if (this.#link !== undefined && this.#link.text.length < maxLinkText) this.#link.text += text;
  }

  /** Of the text here: an element inside another is as large as it says, however small the other is. */
  #print(): Print {
    return this.#open.at(-1)?.print ?? "plain";
  }

  #blank(): void {
    this.#afterLetter = false;
    (this.#hiding > 0 || this.#print() === "none" ? this.#hidden : this.#text).push("\n");
    if (this.#link !== undefined && this.#link.text !== "") this.#link.text += " ";
  }

  /** Takes the tag, comment or declaration at `open`; answers where what follows it begins. */
  #tag(open: number): number {
    const html = this.#html;
    const next = html.charCodeAt(open + 1);
    if (next === 33) return this.#declaration(open);
    const closing = next === 47;
    const nameStart = closing ? open + 2 : open + 1;
    if (!isLetter(html.charCodeAt(nameStart))) {
      if (next === 63) return after(html, ">", open); // <?xml … ?>
      this.#give("<");
      return open + 1;
    }
    const end = tagEnd(html, nameStart);
    const body = html.slice(nameStart, Math.min(end, nameStart + maxTagChars));
    let nameEnd = 0;
    while (nameEnd < body.length && nameEnd < 20 && isNameChar(body.charCodeAt(nameEnd))) nameEnd++;
    const tag = body.slice(0, nameEnd).toLowerCase();
    if (closing) this.#close(tag);
    else this.#openTag(tag, body.slice(nameEnd));
    if (!closing && rawTags.has(tag) && !body.endsWith("/")) return this.#skipRaw(tag, end + 1);
    return Math.min(html.length, end + 1);
  }

  #declaration(open: number): number {
    const html = this.#html;
    if (!html.startsWith("<!--", open)) {
      this.#count(this.#tags, html.startsWith("<![", open) ? "!if" : "!");
      return after(html, ">", open);
    }
    let end = html.indexOf("-->", open + 4);
    if (end < 0) end = html.length;
    // "<!--[if mso]>" is how newsletters speak to Outlook: no trick.
    if (html.startsWith("<!--[if", open) || html.startsWith("<!--<![", open)) this.#count(this.#tags, "!if");
    else {
      this.#comments++;
      this.#commentChars += end - open - 4;
    }
    return Math.min(html.length, end + 3);
  }

  #skipRaw(tag: string, from: number): number {
    const html = this.#html;
    let at = from;
    for (let tries = 0; tries < 200; tries++) {
      const close = html.indexOf("</", at);
      if (close < 0) return html.length;
      if (html.slice(close + 2, close + 2 + tag.length).toLowerCase() === tag) {
        if (tag === "style")
          noteHiders(html.slice(from, Math.min(close, from + maxSheetChars)).toLowerCase(), this.#hiders);
        return after(html, ">", close);
      }
      at = close + 2;
    }
    return html.length;
  }

  #isHidden(attributes: string): boolean {
    const id = attribute(attributes, idAttribute);
    if (id !== undefined && this.#hiders.has(`#${id.toLowerCase()}`)) return true;
    const names = attribute(attributes, classAttribute)?.toLowerCase().split(/\s+/, 20) ?? [];
    return names.some((name) => this.#hiders.has(`.${name}`));
  }

  #openTag(tag: string, attributes: string): void {
    this.#count(this.#tags, tag);
    if (blockTags.has(tag)) this.#blank();
    if (tag === "title") this.#inTitle = true;
    let hides = false;
    let print: Print | undefined;
    if (attributes.length > 2) {
      const style = attribute(attributes, styleAttribute);
      if (style !== undefined) {
        const clean = decodeEntities(style).toLowerCase();
        hides = hidesContent(clean);
        print = printOf(clean);
        this.#noteStyle(clean);
      }
      if (tag === "font") {
        const size = attribute(attributes, sizeAttribute);
        if (size !== undefined) {
          print ??= /^(?:-[2-9]|[01](?:px|pt)?|-?0)$/.test(size.trim()) ? "tiny" : "plain";
          this.#count(this.#styles, `font-size=${size.slice(0, 5)}`);
        }
        const color = attribute(attributes, colorAttribute);
        if (color !== undefined) {
          this.#count(this.#styles, `color=${color.slice(0, 12).toLowerCase()}`);
          if (/^#?f{3}(?:f{3})?$|^white$/i.test(color.trim())) this.#count(this.#styles, "white");
        }
      } else if (tag === "body" || tag === "table" || tag === "td") {
        const color = attribute(attributes, bgcolorAttribute);
        if (color !== undefined) this.#count(this.#styles, `bg=${color.slice(0, 12).toLowerCase()}`);
      }
      if (eventAttribute.test(attributes)) this.#events++;
      hides ||= hiddenAttribute.test(attributes) || (this.#hiders.size > 0 && this.#isHidden(attributes));
      this.#address(tag, attributes);
    }
    if (tag === "script") this.#scripts++;
    if (!voidTags.has(tag) && this.#open.length < maxOpen) {
      this.#open.push({ tag, hides, print: print ?? this.#print() });
      if (hides) this.#hiding++;
    }
  }

  /** Attributes that lead elsewhere. */
  #address(tag: string, attributes: string): void {
    switch (tag) {
      case "a": {
        this.#closeLink();
        const href = attribute(attributes, hrefAttribute);
        if (href !== undefined) this.#link = { href: cleanHref(href), text: "" };
        break;
      }
      case "area":
        this.#add(attribute(attributes, hrefAttribute), "area");
        break;
      case "form":
        this.#add(attribute(attributes, actionAttribute), "form");
        break;
      case "iframe":
      case "frame":
      case "object":
      case "embed":
        this.#add(attribute(attributes, srcAttribute), "frame");
        break;
      case "img": {
        this.#images++;
        const size = sizes.exec(attributes);
        const other = size === null ? null : sizes.exec(attributes.slice(size.index + 6));
        if (size !== null && other !== null && Number(size[1]) <= 2 && Number(other[1]) <= 2) this.#pixels++;
        this.#add(attribute(attributes, srcAttribute), "image");
        break;
      }
      case "input": {
        const type = attribute(attributes, typeAttribute);
        if (this.#inputs.size < 20) this.#inputs.add((type ?? "text").slice(0, 12).toLowerCase());
        break;
      }
      case "base":
        this.#base ??= attribute(attributes, hrefAttribute);
        break;
      case "meta":
        if (/http-equiv\s*=\s*["']?refresh/i.test(attributes)) this.#refresh = true;
        break;
    }
  }

  #add(href: string | undefined, use: HtmlLink["use"]): void {
    if (href !== undefined && this.#links.length < maxLinks) this.#links.push({ href: cleanHref(href), text: "", use });
  }

  #close(tag: string): void {
    if (blockTags.has(tag)) this.#blank();
    if (tag === "title") this.#inTitle = false;
    if (tag === "a") this.#closeLink();
    let at = this.#open.length - 1;
    const lowest = Math.max(0, at - 16); // A close tag reaches so far over unclosed ones.
    while (at >= lowest && this.#open[at]!.tag !== tag) at--;
    if (at < lowest) return;
    while (this.#open.length > at) {
      const closed = this.#open.pop()!;
      if (closed.hides) this.#hiding--;
    }
  }

  #closeLink(): void {
    if (this.#link === undefined) return;
    const { href, text } = this.#link;
    this.#link = undefined;
    if (this.#links.length < maxLinks)
      this.#links.push({ href, text: text.replace(/\s+/g, " ").trim().slice(0, maxLinkText), use: "a" });
  }

  #noteStyle(style: string): void {
    if (this.#styles.size > 300) return;
    let count = 0;
    for (const match of style.slice(0, 600).matchAll(/([a-z-]{3,24})\s*:\s*([^;]{1,24})/g)) {
      if (++count > 12) break;
      const value = match[2]!.trim().slice(0, 16);
      this.#count(this.#styles, `${match[1]}=${value}`);
      if (match[1] === "color" && /^(?:#f{3}(?:f{3})?|white|rgb\(255, ?255, ?255)/.test(value))
        this.#count(this.#styles, "white");
    }
  }

  #count(counts: Map<string, number>, name: string): void {
    if (counts.size < 400 || counts.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}

/** Browsers ignore blanks and controls within an address. */
function cleanHref(href: string): string {
  const text = decodeEntities(href.length > maxHrefChars ? href.slice(0, maxHrefChars) : href).trim();
  return /[\t\r\n]/.test(text) ? text.replace(/[\t\r\n]+/g, "") : text;
}

/** The index of the ">" that ends a tag; quotes are minded unless the quote never ends. */
function tagEnd(html: string, from: number): number {
  const first = html.indexOf(">", from);
  if (first < 0) return html.length;
  let quote = 0;
  const limit = Math.min(html.length, from + maxTagChars);
  for (let at = from; at < limit; at++) {
    const code = html.charCodeAt(at);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 62) return at;
    else if ((code === 34 || code === 39) && html.charCodeAt(at - 1) === 61) quote = code;
  }
  return first;
}

function after(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 97 && lower <= 122;
}

function isNameChar(code: number): boolean {
  return isLetter(code) || (code >= 48 && code <= 57) || code === 58 || code === 45;
}
