/** The links of a page, each for what is to stand in its place; every other character stays. Pure. */
import { QuoteType, Tokenizer } from "htmlparser2";

/** Links of one page that are asked about; further ones stay. */
export const maxLinks = 500;
/** A link that is longer stays. */
export const maxTargetChars = 2048;

/** Elements whose `href` a reader follows. */
const followed = new Set(["a", "area"]);

/** An attribute's value, decoded, and where it stands; `start` below 0: nobody knows. */
type Value = { text: string; start: number; end: number };

/**
 * The page with `instead` of each link to the web: absolute, http or https, in `<a>` or `<area>`. `instead` gets the address as a browser goes there,
 * and answers what takes its place (no quotes, blanks, "<", ">" or "&" in it), or undefined where it stays. Links in comments (Outlook's
 * conditional ones too), in scripts and those marked `data-tracking="off"` stay. Undefined where nothing changes.
 */
export function rewriteLinks(page: string, instead: (target: string) => string | undefined): string | undefined {
  const pieces: string[] = [];
  let from = 0;
  let asked = 0;
  /** Of the tag that is open, where it is one of those; the first of a name counts (HTML §13.2.5.33). */
  let values: { [name in "href" | "data-tracking"]?: Value } | undefined;
  let current: Value | undefined;
  const endTag = (): void => {
    const { href, "data-tracking": mark } = values ?? {};
    values = current = undefined;
    if (href === undefined || href.start < 0 || mark?.text.trim().toLowerCase() === "off") return;
    const target = targetOf(href.text);
    if (target === undefined || ++asked > maxLinks) return;
    const other = instead(target);
    if (other === undefined) return;
    pieces.push(page.slice(from, href.start), other);
    from = href.end;
  };
  const tokens = new Tokenizer(
    { decodeEntities: true },
    {
      ...deaf,
      onopentagname(start, end) {
        values = followed.has(page.slice(start, end).toLowerCase()) ? {} : undefined;
      },
      onattribname(start, end) {
        current = undefined;
        if (values === undefined) return;
        const name = page.slice(start, end).toLowerCase();
        if ((name === "href" || name === "data-tracking") && values[name] === undefined)
          values[name] = current = { text: "", start: -1, end: -1 };
      },
      onattribdata(start, end) {
        if (current === undefined) return;
        if (current.text === "") current.start = start;
        current.text += page.slice(start, end);
      },
      onattribentity(code) {
        if (current !== undefined) current.text += String.fromCodePoint(code);
      },
      onattribend(quote, end) {
        if (current === undefined) return;
        const quoted = quote === QuoteType.Double || quote === QuoteType.Single;
        current.end = quoted ? end - 1 : end;
        // A value may begin with an entity, of which nobody says where it stands; a quote is in no value between such quotes.
        if (quoted) current.start = page.lastIndexOf(quote === QuoteType.Double ? '"' : "'", end - 2) + 1;
        current = undefined;
      },
      onopentagend: endTag,
      onselfclosingtag: endTag,
    },
  );
  tokens.write(page);
  tokens.end();
  return pieces.length === 0 ? undefined : `${pieces.join("")}${page.slice(from)}`;
}

const nothing = (): void => {};
const deaf = {
  oncdata: nothing,
  onclosetag: nothing,
  oncomment: nothing,
  ondeclaration: nothing,
  onend: nothing,
  onprocessinginstruction: nothing,
  ontext: nothing,
  ontextentity: nothing,
} as const;

/** Where a browser goes; undefined: nowhere on the web. */
export function targetOf(text: string): string | undefined {
  if (text.length > maxTargetChars || !/^\s*https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { href } = new URL(text);
  return href.length > maxTargetChars ? undefined : href;
}
