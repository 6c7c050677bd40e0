/** Templates as mail is made of them (`../store/templates-store.ts`): which texts, which names they ask for, and how they look with values. */
import type { Store } from "../store/store.ts";
import { maxTemplateChars, type TemplateBody } from "../store/templates-store.ts";
import { addresseesIn, isLine, maxFields, wrongFieldsIn } from "./fields.ts";
import { type Asks, asksIn, personalise, type Variables, wrongPlace } from "./personalise.ts";

/** A template by name; without a version the published one. */
export type TemplateWish = { readonly id: string; readonly version?: number | undefined };

/** What a template asks for. */
export const asksOf = ({ subject, text, html, headers = {} }: TemplateBody): Asks =>
  asksIn({ subject, text, html, headers: Object.entries(headers) });

/** The names that a template asks for. */
export const namesOf = (body: TemplateBody): readonly string[] => [...asksOf(body).names];

/** Names without a value become nothing. */
export const filledIn = ({ subject, text, html, headers, ...rest }: TemplateBody, values: Variables): TemplateBody => ({
  ...rest,
  ...(headers === undefined
    ? {}
    : {
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, personalise(value, values, "text")]),
        ),
      }),
  subject: personalise(subject, values, "text"),
  text: text === undefined ? undefined : personalise(text, values, "text"),
  html: html === undefined ? undefined : personalise(html, values, "html"),
});

/** Why no mail can be made of it: one sentence for each place. `field`: "html", "headers/X-Order". */
export function wrongTemplate(body: TemplateBody): readonly { readonly field: string; readonly why: string }[] {
  const { subject, text, html, from, replyTo, headers = {} } = body;
  const wrong: { readonly field: string; readonly why: string }[] = [];
  const say = (field: string, why: string): void => void wrong.push({ field, why });
  if (text === undefined && html === undefined) say("text", "A template has text, html or both.");
  if (!isLine(subject)) say("subject", "A subject is one line, without control characters.");
  if (from !== undefined && (!isLine(from) || addresseesIn(from)?.length !== 1))
    say("from", "This is no address: write it like anna@example.org or Anna <anna@example.org>.");
  if (replyTo !== undefined && (!isLine(replyTo) || (addresseesIn(replyTo)?.length ?? 0) === 0))
    say("reply_to", "These are no addresses: write them like anna@example.org or Anna <anna@example.org>.");
  const fields = Object.entries(headers);
  if (fields.length > maxFields) say("headers", `A template has ${maxFields} fields at most.`);
  for (const { index, why } of wrongFieldsIn(fields)) say(`headers/${pointed(fields[index]![0])}`, why);
  const texts = {
    subject,
    text,
    html,
    ...Object.fromEntries(fields.map(([name, value]) => [`headers/${pointed(name)}`, value])),
  };
  let chars = 0;
  for (const [field, given] of Object.entries(texts)) {
    chars += given?.length ?? 0;
    const place = given === undefined ? undefined : wrongPlace(given);
    if (place !== undefined)
      say(
        field,
        `Line ${place.line}, column ${place.column}: "${place.shown}" names nothing that could be put in. Write {{name}} with letters, digits, ".", "_" and "-"; where braces are meant in HTML, &#123;&#123;.`,
      );
  }
  if (chars > maxTemplateChars) say("html", "The texts of a template are a megabyte at most.");
  return wrong;
}

/** RFC 6901 §3. */
const pointed = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

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
