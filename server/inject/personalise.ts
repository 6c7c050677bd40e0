/** One text for many people: `{{name}}` becomes what is known of each. Pure. */

/** What is put in for a name. */
export type Variables = { readonly [name: string]: string | number | boolean };

/** `{{{name}}}` in HTML is put in as it is, `{{name}}` with what is special to HTML escaped. */
const place = /\{\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\}\}\}|\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\}\}/g;

/** The names that a text asks for. */
export function namesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(place)].map(([, raw, plain]) => raw ?? plain ?? ""));
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
