/** Emails whose texts are kept here: which template they name, and the emails with its texts put in. */
import { z } from "zod";
import type { Email } from "../inject/email.ts";
import { addresseesIn } from "../inject/fields.ts";
import type { Addressee, Asked } from "../inject/inject.ts";
import { asksIn, personalise, tooLongWith } from "../inject/personalise.ts";
import { type TemplateWish, textsOf } from "../inject/template.ts";
import type { TemplateBody } from "../store/templates-store.ts";
import { type FieldProblem, Problem } from "./problem.ts";
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

/** What is wrong with one email. */
export type Wrong = { readonly errors: readonly FieldProblem[] };
export const isWrong = (one: Asked | Wrong): one is Wrong => "errors" in one;

/** The emails with the texts of their templates; nothing is sent where one is missing, or a value that it asks for. */
export async function withTemplates(
  asked: readonly AskedWithTemplate[],
  pointerTo: (index: number) => string,
  tenant: string,
  world: Pick<ApiWorld, "store">,
): Promise<readonly Asked[] | Problem<"validation">> {
  const made = await eachWithTemplate(asked, pointerTo, tenant, world);
  const errors = made.flatMap((one) => (isWrong(one) ? one.errors : []));
  const [first] = errors;
  if (first === undefined) return made as readonly Asked[];
  return new Problem("validation", first.detail, errors.slice(0, maxProblems));
}

/** Each email with the text of its template, or what is wrong with it. */
export async function eachWithTemplate(
  asked: readonly AskedWithTemplate[],
  pointerTo: (index: number) => string,
  tenant: string,
  world: Pick<ApiWorld, "store">,
): Promise<readonly (Asked | Wrong)[]> {
  if (asked.every(({ template }) => template === undefined)) return asked;
  const read = new Map<string, Promise<TemplateBody | { readonly why: string }>>();
  const made: (Asked | Wrong)[] = [];
  for (const [index, { template, ...one }] of asked.entries()) {
    if (template === undefined || one.content.kind === "raw") {
      made.push(one);
      continue;
    }
    const key = JSON.stringify([template.id, template.version]);
    const reading = read.get(key) ?? textsOf(template, tenant, world.store);
    read.set(key, reading);
    made.push(withTexts(one, one.content.email, template.id, await reading, pointerTo(index)));
  }
  return made;
}

function withTexts(
  one: Asked,
  email: Email,
  id: string,
  body: TemplateBody | { readonly why: string },
  place: string,
): Asked | Wrong {
  const wrong = (field: string, detail: string): FieldProblem => ({ pointer: `#${place}/${field}`, detail });
  if ("why" in body) return { errors: [wrong("template", body.why)] };
  // A large body was read in another thread: it is not the same object then.
  const from = one.from.address === unsaid.address ? addresseesIn(body.from ?? "")?.[0] : one.from;
  if (from === undefined)
    return { errors: [wrong("from", `The template ${id} does not say whom it is from: say it here.`)] };
  const subject = email.subject === "" ? body.subject : email.subject;
  const own = new Set(email.headers.map(([name]) => name.toLowerCase()));
  const headers = Object.entries(body.headers ?? {}).filter(([name]) => !own.has(name.toLowerCase()));
  const { text, html } = body;
  const asks = asksIn({ subject, text, html, headers: [...headers, ...email.headers] });
  const errors = one.copies.flatMap(({ variables }, n) => {
    const at = `${one.copies.length > 1 ? `recipients/${n}/` : ""}variables`;
    const long = variables === undefined ? undefined : asks.tooLong(variables);
    return [
      ...asks
        .missing(variables)
        .map((name) => wrong(`${at}/${name}`, `The template ${id} asks for {{${name}}}: give it a value.`)),
      ...(long === undefined ? [] : [wrong(at, tooLongWith(long))]),
    ];
  });
  if (errors.length > 0) return { errors };
  const replyTo = email.replyTo.length > 0 ? email.replyTo : (addresseesIn(body.replyTo ?? "") ?? []);
  return {
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
        template: id,
      },
    })),
  };
}
