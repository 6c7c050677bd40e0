/** HTML that enters the editor: pasted from office programs and pages, quoted from mail. */
import createPurify from "dompurify";
import { isTracker } from "../reading/render/remote.ts";
import { takeStyles } from "../reading/render/take-styles.ts";

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
    "col",
    "colgroup",
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
  RETURN_DOM_FRAGMENT: true,
};

/** What a letter may say of its own looks; positions, sizes of the page and Word's own properties are not among it. */
const keptStyles =
  /^(?:color|background-color|font-weight|font-style|font-family|font-size|text-decoration(?:-line)?|text-align|vertical-align|white-space|direction|border(?:-(?:top|right|bottom|left))?(?:-(?:color|style|width))?|border-collapse|padding(?:-(?:top|right|bottom|left))?|list-style-type|width|height|max-width)$/;

/** What Office and browsers mark as copied. */
function betweenMarks(html: string): string {
  const [begin, end] = ["<!--StartFragment-->", "<!--EndFragment-->"];
  const first = html.indexOf(begin);
  const last = html.indexOf(end, first);
  return first < 0 || last < 0 ? html : html.slice(first + begin.length, last);
}

export function cleanForEditor(html: string): DocumentFragment {
  const office = betweenMarks(html);
  const fragment = purify.sanitize(takeStyles(office).html, settings) as unknown as DocumentFragment;
  // What tells a sender who opened the letter would do so for whoever gets it next.
  for (const image of fragment.querySelectorAll("img")) {
    const [source, width, height, style] = ["src", "width", "height", "style"].map((name) => image.getAttribute(name));
    if (/^data:(?!image\/(?:png|gif|jpe?g|webp);)/i.test(source ?? "")) image.removeAttribute("src");
    else if (/^https?:/i.test(source ?? "") && isTracker(source ?? "", width ?? null, height ?? null, style ?? ""))
      image.remove();
  }
  // The signature is found by it (Editor.svelte); no other means anything here.
  for (const element of fragment.querySelectorAll("[class]"))
    if (element.getAttribute("class") !== "signature") element.removeAttribute("class");
  for (const element of fragment.querySelectorAll<HTMLElement>("[style]")) {
    const before = element.style;
    const kept: string[] = [];
    for (const name of before) {
      const value = before.getPropertyValue(name);
      if (keptStyles.test(name) && !/url\(|expression|calc\(\s*$/i.test(value)) kept.push(`${name}:${value}`);
    }
    if (kept.length > 0) element.setAttribute("style", kept.join(";"));
    else element.removeAttribute("style");
  }
  return fragment;
}
