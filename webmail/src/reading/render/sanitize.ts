/** HTML of strangers made harmless: DOMPurify, then what mail needs besides. What comes out is put into the frame of frame.ts only. */
import createPurify from "dompurify";
import { isTracker, type PictureProxy } from "./remote.ts";

export type Sanitized = {
  readonly body: HTMLElement;
  /** Styles of <style> elements, for the frame's head. */
  readonly styles: string;
  /** Pictures of other servers that were kept out, those that only spy left aside. */
  readonly blocked: number;
  readonly trackers: number;
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
  ADD_TAGS: ["center", "font"],
  ADD_ATTR: ["background", "bgcolor", "target"],
  FORCE_BODY: true,
  WHOLE_DOCUMENT: false,
  RETURN_DOM: true,
};

/** HTML: raw text up to the end tag. */
const styleElement = /<style\b[^>]*>([\s\S]*?)<\/style\b[^>]*>/gi;
const urlInCss = /url\(\s*(?:"([^"]*)"|'([^']*)'|([^)]*))\s*\)/gi;

/** Styles may not load, run, or look at what is written: url() of pictures that were let in stays. */
function cleanCss(css: string, picture: (url: string) => string | undefined): string {
  return (
    css
      // Escapes hide names; comments hide them from us.
      .replace(/\/\*[\s\S]*?(?:\*\/|$)/g, "")
      .replace(/\\([0-9a-f]{1,6})\s?/gi, (_whole, code: string) => {
        const point = Number.parseInt(code, 16);
        return point > 0x20 && point < 0x7f ? String.fromCharCode(point) : " ";
      })
      .replace(/\\/g, "")
      .replace(/@(?:import|charset|namespace|font-face|property|view-transition|document)[^;{]*(?:;|\{[^}]*\}?)/gi, "")
      .replace(/(?:expression|image-set|-webkit-image-set|cross-fade|image|paint|element|src)\s*\(/gi, "none(")
      .replace(/(?:behavior|-moz-binding)\s*:/gi, "x:")
      .replace(urlInCss, (_whole, a?: string, b?: string, c?: string) => {
        const found = picture((a ?? b ?? c ?? "").trim());
        return found === undefined ? "none" : `url("${found.replace(/["\\\n]/g, encodeURIComponent)}")`;
      })
      .replace(/position\s*:\s*(?:fixed|sticky)/gi, "position:static")
  );
}

const emptyPicture = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

const isRemote = (url: string): boolean => /^https?:/i.test(url);

export function sanitize(html: string, wanted: Wanted): Sanitized {
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
  const styles: string[] = [];
  const bare = html.replace(styleElement, (_whole, css: string) => {
    styles.push(cleanCss(css, inCss));
    return "";
  });
  const body = purify.sanitize(bare, settings) as unknown as HTMLElement;
  let coloured = styles.some((css) => /color|background/i.test(css));
  for (const element of body.querySelectorAll<HTMLElement>("*")) {
    const style = element.getAttribute("style");
    if (style !== null) {
      if (/color|background/i.test(style)) coloured = true;
      element.setAttribute("style", cleanCss(style, inCss));
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
  return { body, styles: styles.join("\n"), blocked, trackers, coloured };
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
