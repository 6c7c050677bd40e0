/** The text of HTML as a reader sees it: no markup, no scripts, no styles. */
import { readMarkup } from "./markup.ts";

const unseen = new Set(["script", "style", "template", "noscript", "head", "title"]);
const breaking =
  /^(?:address|article|aside|blockquote|br|dd|div|dl|dt|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|td|th|tr|ul)$/;

/** At most `maxChars` of text; `html` of any length and quality. The title is part of the text. */
export function htmlText(html: string, maxChars: number): string {
  const pieces: string[] = [];
  let length = 0;
  let hidden = 0;
  let inTitle = false;
  readMarkup(
    html,
    {
      open(name) {
        if (name === "title") inTitle = true;
        if (unseen.has(name)) hidden++;
        if (breaking.test(name)) pieces.push("\n");
      },
      close(name) {
        if (name === "title") {
          inTitle = false;
          pieces.push("\n");
        }
        if (unseen.has(name) && hidden > 0) hidden--;
        if (breaking.test(name)) pieces.push("\n");
      },
      text(text) {
        if ((hidden > 0 && !inTitle) || length >= maxChars) return;
        pieces.push(text.slice(0, maxChars - length));
        length += text.length;
      },
    },
    {},
    () => length >= maxChars,
  );
  return pieces.join("");
}
