/** Templates as mail is made of them (`../store/templates-store.ts`): which texts, which names they ask for, and how they look with values. */
import type { Store } from "../store/store.ts";
import { maxTemplateChars, type TemplateBody } from "../store/templates-store.ts";
import { namesIn, personalise, type Variables } from "./personalise.ts";

/** A template by name; without a version the published one. */
export type TemplateWish = { readonly id: string; readonly version?: number | undefined };

/** The names that a template asks for. */
export const namesOf = ({ subject, text = "", html = "" }: TemplateBody): readonly string[] => [
  ...new Set([subject, text, html].flatMap((part) => [...namesIn(part)])),
];

/** Those that have no value among these. */
export const missingIn = (body: TemplateBody, given: Variables | undefined): readonly string[] =>
  namesOf(body).filter((name) => !Object.hasOwn(given ?? {}, name));

/** Names without a value become nothing. */
export const filledIn = ({ subject, text, html }: TemplateBody, values: Variables): TemplateBody => ({
  subject: personalise(subject, values, "text"),
  text: text === undefined ? undefined : personalise(text, values, "text"),
  html: html === undefined ? undefined : personalise(html, values, "html"),
});

/** Why no mail can be made of it. */
export function wrongTemplate({
  subject,
  text,
  html,
}: TemplateBody): { readonly field: string; readonly why: string } | undefined {
  if (text === undefined && html === undefined) return { field: "text", why: "A template has text, html or both." };
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(subject))
    return { field: "subject", why: "A subject is one line, without control characters." };
  if (subject.length + (text?.length ?? 0) + (html?.length ?? 0) > maxTemplateChars)
    return { field: "html", why: "The texts of a template are a megabyte at most." };
  return undefined;
}

/** The texts of the version that is asked for, of a template of this tenant. */
export async function textsOf(
  { id, version }: TemplateWish,
  tenant: string,
  store: Pick<Store, "templates" | "templateVersions">,
): Promise<TemplateBody | { readonly why: string }> {
  const [template] = await store.templates({ tenant, name: id, limit: 1 });
  if (template === undefined) return { why: `There is no template ${id}.` };
  const wanted = version ?? template.published;
  if (wanted === undefined) return { why: `Nothing of the template ${id} is published yet: publish it first.` };
  const [found] = await store.templateVersions({ tenant, name: id, version: wanted });
  return found?.body ?? { why: `There is no version ${wanted} of the template ${id}.` };
}
