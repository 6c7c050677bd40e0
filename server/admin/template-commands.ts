/** Templates of tenants: texts that mail is made of (docs/sending.md). */
import type { Variables } from "../inject/personalise.ts";
import { tooLongWith } from "../inject/personalise.ts";
import { asksOf, filledIn, namesOf, textsOf, wrongTemplate } from "../inject/template.ts";
import { maxTemplates, type Template, type TemplateBody } from "../store/templates-store.ts";
import { type Command, command, done, no, time } from "./command.ts";
import { typedBy } from "./noted.ts";

const nameForm = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const tenant = { type: "text", required: true, help: "whose it is" } as const;
const name = { type: "text", placed: true, required: true, help: "of the template" } as const;

const shown = ({ name, published, versions, draft, description, changedAt }: Template) => ({
  name,
  description,
  version: published,
  versions,
  subject: draft.subject,
  ...(draft.from === undefined ? {} : { from: draft.from }),
  variables: namesOf(draft),
  changedAt: time(changedAt),
});
const missing = (tenant: string, name: string) =>
  no(`${tenant} has no template ${name}. See them all: angarium template list --tenant ${tenant}`);

function headersOf(given: unknown): TemplateBody["headers"] | "wrong" {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null || Array.isArray(given)) return "wrong";
  const fields = Object.entries(given);
  return fields.every((one): one is [string, string] => typeof one[1] === "string")
    ? Object.fromEntries(fields)
    : "wrong";
}

export const templateCommands: readonly Command[] = [
  command(
    "template list",
    "Templates of a tenant, with the version that mail is made of.",
    { tenant },
    async (given, { store }) => done((await store.templates({ tenant: given.tenant, limit: maxTemplates })).map(shown)),
  ),
  command("template show", "A template with its draft.", { tenant, name }, async (given, { store }) => {
    const [found] = await store.templates({ tenant: given.tenant, name: given.name, limit: 1 });
    return found === undefined ? missing(given.tenant, given.name) : done({ ...shown(found), ...found.draft });
  }),
  command(
    "template put",
    "Makes a template, or changes its draft; what is not said stays as it is.",
    {
      tenant,
      name,
      subject: { type: "text", help: "{{name}} is put in when an email is made" },
      text: { type: "file", help: "a file with the text" },
      html: { type: "file", help: "a file with the HTML" },
      from: { type: "text", help: 'whom emails are from that do not say it: "Shop <news@shop.example>"' },
      replyTo: { type: "text", help: "where answers go" },
      headers: { type: "json", help: 'further fields: {"X-Kind":"welcome"}' },
      description: { type: "text", help: "what it is for" },
      publish: { type: "flag", help: "mail is made of it at once" },
    },
    async (given, { store, now, by }) => {
      if (!nameForm.test(given.name)) return no(`"${given.name}" is no name: use letters, digits, ".", "_" and "-".`);
      const [known] = await store.templates({ tenant: given.tenant, name: given.name, limit: 1 });
      const headers = headersOf(given.headers);
      if (headers === "wrong") return no('Give the fields as an object: --headers \'{"X-Kind":"welcome"}\'', "headers");
      const draft: TemplateBody = {
        subject: given.subject ?? known?.draft.subject ?? "",
        text: given.text ?? known?.draft.text,
        html: given.html ?? known?.draft.html,
        from: given.from ?? known?.draft.from,
        replyTo: given.replyTo ?? known?.draft.replyTo,
        headers: headers ?? known?.draft.headers,
      };
      const wrong = wrongTemplate(draft);
      const [first] = wrong;
      if (first !== undefined) return no(wrong.map(({ field, why }) => `${field}: ${why}`).join("\n"), first.field);
      const description = given.description ?? known?.description ?? "";
      const what = { tenant: given.tenant, name: given.name };
      const put = await store.putTemplate(
        { ...what, description, draft, at: now() },
        known === undefined ? "new" : "there",
      );
      if (put === "full") return no(`A tenant has ${maxTemplates} templates at most: remove one.`);
      if (given.publish === true) await store.publishTemplate({ ...what, at: now(), by: typedBy(by) });
      const [after] = await store.templates({ ...what, limit: 1 });
      return after === undefined ? missing(given.tenant, given.name) : done(shown(after));
    },
  ),
  command(
    "template publish",
    "Makes a version of the draft, and mail of it from now on; or of an older version again.",
    { tenant, name, version: { type: "number", help: "an older one" } },
    async (given, { store, now, by }) => {
      const { version } = given;
      const what = { tenant: given.tenant, name: given.name };
      const made = await store.publishTemplate({
        ...what,
        at: now(),
        by: typedBy(by),
        ...(version === undefined ? {} : { version }),
      });
      if (made !== "missing") return done({ ...what, version: made });
      return version === undefined
        ? missing(given.tenant, given.name)
        : no(`There is no template ${given.name} with a version ${version}.`);
    },
  ),
  command(
    "template preview",
    "A template with values put in.",
    {
      tenant,
      name,
      variables: { type: "json", help: 'the values: {"name":"Anna"}' },
      version: { type: "number", help: "a version (the draft where none is said)" },
    },
    async (given, { store }) => {
      const { variables = {}, version } = given;
      if (typeof variables !== "object" || variables === null || Array.isArray(variables))
        return no('Give the values as an object: --variables \'{"name":"Anna"}\'', "variables");
      const [found] = await store.templates({ tenant: given.tenant, name: given.name, limit: 1 });
      if (found === undefined) return missing(given.tenant, given.name);
      const body =
        version === undefined ? found.draft : await textsOf({ id: given.name, version }, given.tenant, store);
      if ("why" in body) return no(body.why, "version");
      const values = variables as Variables;
      const asks = asksOf(body);
      const long = asks.tooLong(values);
      if (long !== undefined) return no(tooLongWith(long), "variables");
      return done({ ...filledIn(body, values), missing: asks.missing(values) });
    },
  ),
  command("template remove", "Removes a template and all its versions.", { tenant, name }, async (given, { store }) =>
    (await store.removeTemplate(given.tenant, given.name)) ? done({}) : missing(given.tenant, given.name),
  ),
];
