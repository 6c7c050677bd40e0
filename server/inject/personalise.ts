/** One text for many people: `{{name}}` becomes what is known of each. Pure. */

/** What is put in for a name. */
export type Variables = { readonly [name: string]: string | number | boolean };

/** `{{{name}}}` in HTML is put in as it is, `{{name}}` with what is special to HTML escaped. */
const place = /\{\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\}\}\}|\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\}\}/g;

/** What may hold names. */
type Texts = {
  readonly subject: string;
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
};

/** What texts ask for, found once for all who get them. */
export type Asks = {
  readonly names: ReadonlySet<string>;
  /** Names without a value. */
  readonly missing: (values: Variables | undefined) => readonly string[];
  /** The first of them that would be longer with these values than any may be. */
  readonly tooLong: (values: Variables) => { readonly part: string; readonly maxChars: number } | undefined;
};

/** Of a text, or an HTML, with its values put in: a name that stands there often makes much of little. */
export const maxTextChars = 10 * 1024 * 1024;
/** Of a subject or another field of the header. */
const maxLineChars = 10_000;

/** `{{name}}` in all texts of an email. */
export function asksIn({ subject, text = "", html = "", headers }: Texts): Asks {
  const parts = [
    { part: "subject", maxChars: maxLineChars, ...placesIn(subject, "text") },
    { part: "text", maxChars: maxTextChars, ...placesIn(text, "text") },
    { part: "html", maxChars: maxTextChars, ...placesIn(html, "html") },
    ...headers.map(([name, value]) => ({ part: name, maxChars: maxLineChars, ...placesIn(value, "text") })),
  ];
  const names = new Set(parts.flatMap(({ places }) => places.map(({ name }) => name)));
  return {
    names,
    missing: (values = {}) => [...names].filter((name) => !Object.hasOwn(values, name)),
    tooLong: (values) =>
      parts.find(
        ({ places, rest, maxChars }) =>
          places.reduce((chars, { name, count, escaped }) => {
            const value = valueFor(values, name);
            return chars + count * (escaped ? escapeHtml(value) : value).length;
          }, rest) > maxChars,
      ),
  };
}

/** A sentence of what `tooLong` found. */
export const tooLongWith = ({ part, maxChars }: { readonly part: string; readonly maxChars: number }): string =>
  `With these values ${part} has more than ${maxChars} characters.`;

/** Each name with how often it stands there, and how much else there is. */
function placesIn(
  text: string,
  kind: "text" | "html",
): { readonly places: readonly { name: string; escaped: boolean; count: number }[]; readonly rest: number } {
  const found = new Map<string, { name: string; escaped: boolean; count: number }>();
  let rest = text.length;
  for (const [whole, raw, plain] of text.matchAll(place)) {
    const name = raw ?? plain ?? "";
    const escaped = kind === "html" && raw === undefined;
    const known = found.get(`${escaped} ${name}`);
    if (known === undefined) found.set(`${escaped} ${name}`, { name, escaped, count: 1 });
    else known.count++;
    rest -= whole.length;
  }
  return { places: [...found.values()], rest };
}

/** The first place of a text that looks as if something were put in there, and is none: where it stands, counted from 1, and how it begins. */
export function wrongPlace(
  text: string,
): { readonly line: number; readonly column: number; readonly shown: string } | undefined {
  const sticky = new RegExp(place.source, "y");
  for (let at = text.indexOf("{{"); at >= 0; at = text.indexOf("{{", at)) {
    sticky.lastIndex = at;
    if (!sticky.test(text)) {
      const before = text.slice(0, at).split("\n");
      return {
        line: before.length,
        column: before.at(-1)!.length + 1,
        shown: /^.{0,40}?\}\}|^.{0,20}/.exec(text.slice(at))?.[0] ?? "",
      };
    }
    at = sticky.lastIndex;
  }
  return undefined;
}

/** The text with every name put in; those that are not known become nothing. What is put in is not looked through again. */
export function personalise(text: string, variables: Variables, kind: "text" | "html"): string {
  return text.replace(place, (_all, raw: string | undefined, plain: string | undefined) => {
    const name = raw ?? plain ?? "";
    const value = valueFor(variables, name);
    return kind === "html" && raw === undefined ? escapeHtml(value) : value;
  });
}

const valueFor = (variables: Variables, name: string): string =>
  Object.hasOwn(variables, name) ? String(variables[name]) : "";

const escapes: { readonly [char: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => escapes[char]!);
}
