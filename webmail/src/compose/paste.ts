/** HTML that enters the editor: pasted from office programs and pages, quoted from mail. */
import createPurify from "dompurify";
import { plainAttributes } from "../reading/render/plain-attributes.ts";
import { isTracker } from "../reading/render/remote.ts";
import { takeStyles } from "../reading/render/take-styles.ts";
import { makeLists } from "./word-lists.ts";

const purify = createPurify(window);
const settings = {
  // No USE_PROFILES beside it: a profile takes the place of the list.
  ALLOWED_TAGS: [
    "a",
    "b",
    "blockquote",
    "br",
    "caption",
    "center",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
  ],
  ALLOWED_ATTR: [
    "href",
    "src",
    "alt",
    "title",
    "style",
    "width",
    "height",
    "align",
    "valign",
    "bgcolor",
    "color",
    "face",
    "size",
    "colspan",
    "rowspan",
    "cellpadding",
    "cellspacing",
    "border",
    "dir",
    "lang",
    "type",
    "start",
    "class",
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|blob:|data:image\/(?:png|gif|jpe?g|webp);)/i,
  ADD_URI_SAFE_ATTR: [...plainAttributes],
  RETURN_DOM_FRAGMENT: true,
};

/** What a letter may say of its own looks; positions, sizes of the page and Word's own properties are not among it. */
const keptStyles =
  /^(?:color|background-color|font-weight|font-style|font-family|font-size|text-decoration(?:-line)?|text-align|vertical-align|white-space|direction|border(?:-(?:top|right|bottom|left))?(?:-(?:color|style|width))?|border-image-\w+|border-collapse|padding(?:-(?:top|right|bottom|left))?|list-style-type|width|height|max-width)$/;

/** More than any office program writes: rules of a sheet, and elements that they are written at, each time one is. */
const maxRules = 400;
const maxDressed = 20_000;

/** What is said in style sheets is written at the elements it is about: Excel has its borders, colours and bold letters nowhere else. */
function dress(root: ParentNode, sheets: readonly string[]): void {
  const said = new Map<Element, string>();
  let left = maxDressed;
  for (const text of sheets) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    for (const rule of [...sheet.cssRules].slice(0, maxRules))
      if (left > 0 && rule instanceof CSSStyleRule && !/[:[*]/.test(rule.selectorText))
        for (const element of [...root.querySelectorAll(rule.selectorText)].slice(0, left)) {
          said.set(element, `${said.get(element) ?? ""}${rule.style.cssText}`);
          left--;
        }
  }
  for (const [element, text] of said) element.setAttribute("style", `${text}${element.getAttribute("style") ?? ""}`);
}

export function cleanForEditor(html: string): DocumentFragment {
  const taken = takeStyles(html);
  const fragment = purify.sanitize(taken.html, settings) as unknown as DocumentFragment;
  dress(fragment, taken.sheets);
  makeLists(fragment);
  // What tells a sender who opened the letter would do so for whoever gets it next.
  for (const image of fragment.querySelectorAll("img")) {
    const [source, width, height, style] = ["src", "width", "height", "style"].map((name) => image.getAttribute(name));
    // Also what lies on the disk of the writer, where no page can look.
    if (!source || /^data:(?!image\/(?:png|gif|jpe?g|webp);)/i.test(source)) image.remove();
    else if (/^https?:/i.test(source ?? "") && isTracker(source ?? "", width ?? null, height ?? null, style ?? ""))
      image.remove();
  }
  // The signature is found by it (Editor.svelte); no other means anything here.
  for (const element of fragment.querySelectorAll("[class]"))
    if (element.getAttribute("class") !== "signature") element.removeAttribute("class");
  for (const element of fragment.querySelectorAll<HTMLElement>("[style]")) {
    const { style } = element;
    // What nobody was to see (the first words of a newsletter, its other shape for phones) is not seen here either.
    if (style.display === "none") {
      element.remove();
      continue;
    }
    for (const name of [...style])
      if (!keptStyles.test(name) || /url\(|expression|calc\(\s*$/i.test(style.getPropertyValue(name)))
        style.removeProperty(name);
    if (style.length > 0) element.setAttribute("style", style.cssText);
    else element.removeAttribute("style");
  }
  return fragment;
}
