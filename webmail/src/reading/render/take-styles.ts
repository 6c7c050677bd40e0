/** Takes the style elements out of HTML, in one pass: a message of a million `<style>` must not cost a million searches. */

export type TakenStyles = { readonly html: string; readonly sheets: readonly string[] };

/** What acts in the moment it is parsed, even where nothing is shown: loads, changes what addresses mean, swallows what follows. */
const acting = /<(?=\/?(?:base|video|audio|source|track|picture|plaintext)[\s/>])(\/?)/gi;

/** Under names that no browser knows, they are elements that do nothing. */
export const calm = (html: string): string => html.replace(acting, "<$1x-");

/** The rest has no element of style left. Raw text up to the end tag, or to the end where there is none (HTML §13.2.5.3). */
export function takeStyles(html: string): TakenStyles {
  const { html: rest, sheets } = cut(html);
  return { html: calm(rest.replace(/<(?=style[\s/>])/gi, "<x-")), sheets };
}

function cut(html: string): TakenStyles {
  const begin = /<style(?=[\s/>])/gi;
  const end = /<\/style(?=[\s/>])/gi;
  const sheets: string[] = [];
  let rest = "";
  let at = 0;
  for (;;) {
    begin.lastIndex = at;
    const found = begin.exec(html);
    if (found === null) return { html: rest + html.slice(at), sheets };
    rest += html.slice(at, found.index);
    const opened = html.indexOf(">", begin.lastIndex);
    if (opened < 0) return { html: rest, sheets };
    end.lastIndex = opened + 1;
    const closing = end.exec(html);
    sheets.push(html.slice(opened + 1, closing?.index));
    if (closing === null) return { html: rest, sheets };
    const closed = html.indexOf(">", end.lastIndex);
    if (closed < 0) return { html: rest, sheets };
    at = closed + 1;
  }
}
