/** One text for many people: `{{name}}` becomes what is known of each. Pure. */

/** What is put in for a name. */
export type Variables = { readonly [name: string]: string | number | boolean };

/** `{{{name}}}` in HTML is put in as it is, `{{name}}` with what is special to HTML escaped. */
const place = /\{\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\}\}\}|\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\}\}/g;

/** The names that a text asks for. */
export function namesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(place)].map(([, raw, plain]) => raw ?? plain ?? ""));
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
    const value = Object.hasOwn(variables, name) ? String(variables[name]) : "";
    return kind === "html" && raw === undefined ? escapeHtml(value) : value;
  });
}

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
