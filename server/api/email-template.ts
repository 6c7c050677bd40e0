/** Emails whose texts are kept here: which template they name, and the emails with its texts put in. */
import { z } from "zod";
import { addresseesIn } from "../inject/fields.ts";
import type { Addressee, Asked } from "../inject/inject.ts";
import { personalise } from "../inject/personalise.ts";
import { missingIn, type TemplateWish, textsOf } from "../inject/template.ts";
import type { TemplateBody } from "../store/templates-store.ts";
import { Problem } from "./problem.ts";
import type { ApiWorld } from "./route.ts";

export const templateName = z
  .string()
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/,
    'This must be a name of letters, digits, ".", "_" and "-".',
  );

/** "welcome", or `{id, version}`: the published version where none is named. */
export const templateWish = (variables: z.ZodType<{ readonly [name: string]: string | number | boolean }>) =>
  z.union([
    templateName.transform((id) => ({ id, version: undefined, variables: undefined })),
    z.strictObject({ id: templateName, version: z.int().min(1).optional(), variables: variables.optional() }),
  ]);

/** As it stands in a request: its texts may be a template's. */
export type AskedWithTemplate = Asked & { readonly template?: TemplateWish | undefined };

/** In place of a From that only the template says. */
export const unsaid: Addressee = { mailbox: { local: "", domain: "" }, address: "" };

/** Told of one request. */
const maxProblems = 100;

/** The emails with the texts of their templates; nothing is sent where one is missing, or a value that it asks for. */
export async function withTemplates(
  asked: readonly AskedWithTemplate[],
  pointerTo: (index: number) => string,
  tenant: string,
  world: Pick<ApiWorld, "store">,
): Promise<readonly Asked[] | Problem<"validation">> {
  if (asked.every(({ template }) => template === undefined)) return asked;
  const read = new Map<string, Promise<TemplateBody | { readonly why: string }>>();
  const problems: { readonly pointer: string; readonly detail: string }[] = [];
  const made: Asked[] = [];
  for (const [index, { template, ...one }] of asked.entries()) {
    if (template === undefined || one.content.kind === "raw") {
      made.push(one);
      continue;
    }
    const key = JSON.stringify([template.id, template.version]);
    const reading = read.get(key) ?? textsOf(template, tenant, world.store);
    read.set(key, reading);
    const body = await reading;
    if ("why" in body) {
      problems.push({ pointer: `#${pointerTo(index)}/template`, detail: body.why });
      continue;
    }
    const { email } = one.content;
    // A large body was read in another thread: it is not the same object then.
    const from = one.from.address === unsaid.address ? addresseesIn(body.from ?? "")?.[0] : one.from;
    if (from === undefined) {
      const detail = `The template ${template.id} does not say whom it is from: say it here.`;
      problems.push({ pointer: `#${pointerTo(index)}/from`, detail });
      continue;
    }
    const subject = email.subject === "" ? body.subject : email.subject;
    const own = new Set(email.headers.map(([name]) => name.toLowerCase()));
    const headers = Object.entries(body.headers ?? {}).filter(([name]) => !own.has(name.toLowerCase()));
    const { text, html } = body;
    const texts: TemplateBody = { subject, text, html, headers: Object.fromEntries(headers) };
    const replyTo = email.replyTo.length > 0 ? email.replyTo : (addresseesIn(body.replyTo ?? "") ?? []);
    for (const [n, { variables }] of one.copies.entries())
      for (const name of missingIn(texts, variables))
        problems.push({
          pointer: `#${pointerTo(index)}${one.copies.length > 1 ? `/recipients/${n}` : ""}/variables/${name}`,
          detail: `The template ${template.id} asks for {{${name}}}: give it a value.`,
        });
    made.push({
      ...one,
      from,
      content: {
        kind: "email",
        email: { ...email, from, replyTo, subject, text, html, headers: [...headers, ...email.headers] },
      },
      copies: one.copies.map((copy) => ({
        ...copy,
        about: {
          ...copy.about,
          subject: personalise(subject, copy.variables ?? {}, "text").slice(0, 200),
          template: template.id,
        },
      })),
    });
  }
  const [first] = problems;
  return first === undefined ? made : new Problem("validation", first.detail, problems.slice(0, maxProblems));
}
