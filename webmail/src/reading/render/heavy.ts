/** HTML that a page cannot draw while somebody waits: its words are shown. Looked at without parsing, for parsing is what takes so long. */

/** A message with more HTML is shown as text. */
const maxHtmlChars = 2 * 1024 * 1024;
/** Likewise one with more tags: thousands of cells take seconds to lay out. */
const maxHtmlTags = 40_000;
/** Elements that are open at once, of those that stay open until they are closed: each more costs the parser all of them again. */
const maxOpen = 1_000;
/** Of one tag: each attribute that is taken away costs as much as all that are left. */
const maxAttributes = 500;

/** Void elements, and those that others close by beginning (HTML §13.1.2.4), are not counted. */
const staysOpen =
  /<(\/?)(?:a|b|big|blockquote|center|code|div|em|font|i|ol|s|section|small|span|strike|strong|sub|sup|table|tt|u|ul)(?=[\s/>])/gi;
/** Longer than any tag of few attributes but for what one of them holds. */
const longTag = /<[a-z][^<>]{4096,}/gi;

export function isHeavy(html: string): boolean {
  if (html.length > maxHtmlChars) return true;
  let tags = 0;
  for (let at = html.indexOf("<"); at >= 0; at = html.indexOf("<", at + 1)) if (++tags > maxHtmlTags) return true;
  let open = 0;
  for (const [, end] of html.matchAll(staysOpen)) {
    open = end === "" ? open + 1 : Math.max(0, open - 1);
    if (open > maxOpen) return true;
  }
  for (const [tag] of html.matchAll(longTag)) {
    const names = tag.replace(/"[^"]*"|'[^']*'/g, "").match(/\s[^\s=]/g) ?? [];
    if (names.length > maxAttributes) return true;
  }
  return false;
}
