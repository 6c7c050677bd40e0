/** What an answer quotes at its end is folded, in HTML as in plain text: it was read before. */

/** As Apple, Mozilla, Proton and we say it, and as Google does. */
const quotes = "blockquote[type=cite], blockquote.gmail_quote";
const maxIntroLength = 300;

/** "On Thursday, 26 November 2026, 9:40, Ann <ann@x.test> wrote:", in any language. */
export const isIntro = (text: string): boolean => text.length <= maxIntroLength && /[\d@].*[:：]\s*$/s.test(text);

export function foldQuoted(body: HTMLElement, label: string): void {
  const quote = [...body.querySelectorAll<HTMLElement>(quotes)]
    .filter((one) => one.parentElement?.closest(quotes) === null)
    .at(-1);
  if (quote === undefined || wordsOf(body, undefined, quote) !== "") return;
  let from: Element = quote;
  // Elements that hold nothing but the quote go with it.
  while (before(from) === undefined && from.parentElement !== null && from.parentElement !== body)
    from = from.parentElement;
  const intro = before(from);
  const last = from;
  if (intro instanceof Element && isIntro(intro.textContent.trim())) from = intro;
  // Who only quotes, or passes on, says it with that.
  if (wordsOf(body, from, undefined) === "") return;
  const folded = body.ownerDocument.createElement("details");
  folded.className = foldedClass;
  const summary = body.ownerDocument.createElement("summary");
  summary.textContent = label;
  from.before(folded);
  folded.append(summary);
  for (let next: ChildNode | null = from; next !== null; next = folded.nextSibling) {
    folded.append(next);
    if (next === last) return;
  }
}

export const foldedClass = "angarium-quoted";

/** What can be seen of a message after one element, or before another. */
function wordsOf(body: HTMLElement, until: Element | undefined, after: Element | undefined): string {
  const range = body.ownerDocument.createRange();
  range.selectNodeContents(body);
  if (until !== undefined) range.setEndBefore(until);
  if (after !== undefined) range.setStartAfter(after);
  const picture = [...body.querySelectorAll("img")].some((one) => range.intersectsNode(one));
  return range.toString().trim() || (picture ? "picture" : "");
}

/** What stands before it among its siblings; what is empty does not count. */
function before(node: Node): ChildNode | undefined {
  let found = node.previousSibling;
  while (found !== null && found.textContent?.trim() === "" && !(found instanceof Element && holdsPicture(found)))
    found = found.previousSibling;
  return found ?? undefined;
}

const holdsPicture = (element: Element): boolean => element.matches("img") || element.querySelector("img") !== null;
