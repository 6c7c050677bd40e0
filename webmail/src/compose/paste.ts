/** HTML that enters the editor: pasted from office programs and pages, quoted from mail. */
import createPurify from "dompurify";

const purify = createPurify(window);
const settings = {
  USE_PROFILES: { html: true },
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
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|blob:|data:image\/(?:png|gif|jpe?g|webp);)/i,
  RETURN_DOM_FRAGMENT: true,
};

/** What a letter may say of its own looks; positions, sizes of the page and Word's own properties are not among it. */
const keptStyles =
  /^(?:color|background-color|font-weight|font-style|font-family|font-size|text-decoration(?:-line)?|text-align|vertical-align|white-space|direction|border(?:-(?:top|right|bottom|left))?(?:-(?:color|style|width))?|border-collapse|padding(?:-(?:top|right|bottom|left))?|list-style-type|width|height|max-width)$/;

export function cleanForEditor(html: string): DocumentFragment {
  const office = /<!--StartFragment-->([\s\S]*?)<!--EndFragment-->/i.exec(html)?.[1] ?? html;
  const fragment = purify.sanitize(
    office.replace(/<style\b[\s\S]*?<\/style\b[^>]*>/gi, "").replace(/<\/?o:p[^>]*>/gi, ""),
    settings,
  ) as unknown as DocumentFragment;
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
