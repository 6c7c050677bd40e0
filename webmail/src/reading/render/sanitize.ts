/** HTML of strangers made harmless: DOMPurify, then what mail needs besides. What comes out is put into the frame of frame.ts only. */
import createPurify from "dompurify";
import { cleanSheet, cleanStyle } from "./css.ts";
import { plainAttributes } from "./plain-attributes.ts";
import { isTracker, type PictureProxy } from "./remote.ts";
import { takeStyles } from "./take-styles.ts";

export type Sanitized = {
  readonly body: HTMLElement;
  /** Styles of <style> elements, for the frame's head. */
  readonly styles: string;
  /** Pictures of other servers that were kept out, those that only spy left aside. */
  readonly blocked: number;
  readonly trackers: number;
  /** It had a form, which was taken out. */
  readonly form: boolean;
  /** The message brings colours of its own. */
  readonly coloured: boolean;
};

export type Wanted = {
  /** Where inline pictures are: by Content-ID without <>. */
  readonly inline: ReadonlyMap<string, string>;
  /** Undefined while remote pictures are kept out. */
  readonly remote: PictureProxy | undefined;
};

const purify = createPurify(window);
const settings = {
  // One realm for all: no <template>, no SVG, no MathML, nothing that parses twice.
  USE_PROFILES: { html: true },
  FORBID_TAGS: [
    "form",
    "input",
    "button",
    "select",
    "option",
    "textarea",
    "label",
    "fieldset",
    "meter",
    "progress",
    "output",
    "datalist",
    "style",
    "dialog",
    "audio",
    "video",
    "source",
    "track",
    "picture",
    "map",
    "area",
    "slot",
    "template",
    "portal",
  ],
  FORBID_ATTR: [
    "id",
    "name",
    "autofocus",
    "tabindex",
    "contenteditable",
    "draggable",
    "popover",
    "popovertarget",
    "srcset",
    "sizes",
    "loading",
    "ping",
    "is",
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|data:image\/(?:png|gif|jpe?g|webp|avif|bmp);|#)/i,
  ADD_URI_SAFE_ATTR: [...plainAttributes],
  ADD_TAGS: ["center", "font"],
  ADD_ATTR: ["background", "bgcolor", "target"],
  FORCE_BODY: true,
  WHOLE_DOCUMENT: false,
  RETURN_DOM: true,
};

const emptyPicture = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

const isRemote = (url: string): boolean => /^https?:/i.test(url);

/** Elements in each other, and tables among them: laying out tables in tables takes twice as long with each. Beyond, a page hangs or breaks. */
const maxDepth = 256;
const maxTables = 24;

function isTooDeep(body: HTMLElement): boolean {
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_ELEMENT);
  let [depth, tables] = [0, 0];
  const enter = (node: Node | null): boolean => {
    if (node === null) return false;
    depth++;
    if (node.nodeName === "TABLE") tables++;
    return true;
  };
  for (;;) {
    if (enter(walker.firstChild())) {
      if (depth > maxDepth || tables > maxTables) return true;
      continue;
    }
    for (;;) {
      if (walker.currentNode === body) return false;
      depth--;
      if (walker.currentNode.nodeName === "TABLE") tables--;
      if (enter(walker.nextSibling())) break;
      walker.parentNode();
    }
  }
}

/** Undefined for what no page can lay out: then its words are shown. */
export function sanitize(html: string, wanted: Wanted): Sanitized | undefined {
  let blocked = 0;
  let trackers = 0;
  const picture = (url: string, spies: boolean): string | undefined => {
    if (/^cid:/i.test(url)) return wanted.inline.get(decode(url.slice(4)));
    if (/^data:image\/(?:png|gif|jpe?g|webp|avif|bmp);/i.test(url)) return url;
    if (!isRemote(url)) return undefined;
    if (spies) {
      trackers++;
      return undefined;
    }
    const address = wanted.remote?.(url);
    if (address === undefined) blocked++;
    return address;
  };
  const inCss = (url: string) => picture(url, false);

  // Style sheets go another way: the page's own policy knows no styles but its own, not even in a document that is only parsed.
  const taken = takeStyles(html);
  const styles = taken.sheets.map((css) => cleanSheet(css, inCss)).join("\n");
  // A frameset has no body.
  const body: HTMLElement =
    (purify.sanitize(taken.html, settings) as unknown as HTMLElement | null) ?? document.createElement("body");
  if (isTooDeep(body)) return undefined;
  let coloured = /color|background/i.test(styles);
  for (const element of [body, ...body.querySelectorAll<HTMLElement>("*")]) {
    const style = element.getAttribute("style");
    if (style !== null) {
      if (/color|background/i.test(style)) coloured = true;
      element.setAttribute("style", cleanStyle(style, inCss));
    }
    if (element.hasAttribute("bgcolor") || element.hasAttribute("color")) coloured = true;
    const background = element.getAttribute("background");
    if (background !== null) {
      const address = picture(background, false);
      if (address === undefined) element.removeAttribute("background");
      else element.setAttribute("background", address);
    }
    if (element instanceof HTMLImageElement) replacePicture(element, style ?? "", picture);
    if (element instanceof HTMLAnchorElement) openOutside(element);
  }
  return { body, styles, blocked, trackers, form: /<(?:form|input|textarea|select)\b/i.test(taken.html), coloured };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function replacePicture(
  image: HTMLImageElement,
  style: string,
  picture: (url: string, spies: boolean) => string | undefined,
): void {
  const source = image.getAttribute("src") ?? "";
  const spies = isRemote(source) && isTracker(source, image.getAttribute("width"), image.getAttribute("height"), style);
  const address = picture(source, spies);
  if (address !== undefined) {
    image.setAttribute("src", address);
    return;
  }
  if (spies) {
    image.remove();
    return;
  }
  // An empty picture keeps the room that it would have had.
  image.setAttribute("src", emptyPicture);
  image.setAttribute("title", image.getAttribute("alt") ?? "");
  image.classList.add("angarium-blocked");
}

/** RFC 3986 schemes that leave the page: each in a window of its own that knows nothing of ours. */
function openOutside(link: HTMLAnchorElement): void {
  const target = link.getAttribute("href");
  if (target === null || target.startsWith("#")) {
    link.removeAttribute("href");
    return;
  }
  link.setAttribute("target", "_blank");
  link.setAttribute("rel", "noopener noreferrer nofollow");
  link.setAttribute("title", target);
}
