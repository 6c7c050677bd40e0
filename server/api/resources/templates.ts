/** Texts that are kept for mail: a draft that is worked on, and versions of which mail is made. */
import { z } from "zod";
import { maxFieldChars } from "../../inject/fields.ts";
import { tooLongWith } from "../../inject/personalise.ts";
import { asksOf, filledIn, namesOf, textsOf, wrongTemplate } from "../../inject/template.ts";
import { maxTemplateChars, maxTemplates, type Template, type TemplateBody } from "../../store/templates-store.ts";
import type { Actor } from "../actor.ts";
import { templateName } from "../email-template.ts";
import { conflict, notFound, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, Created, list, type Param, page, paged, type Route, route, time } from "../route.ts";
import { askedTenant, tenantName, tenantOf } from "../sending-tenant.ts";

const area = "templates";
const maxBodyBytes = 8 * maxTemplateChars;

const Texts = z.object({
  subject: z.string(),
  text: z.string().nullable(),
  html: z.string().nullable(),
  from: z.string().nullable().describe("Of emails that say none."),
  reply_to: z.string().nullable(),
  headers: z.record(z.string(), z.string()),
});
const Version = z
  .object({ version: z.int(), published_at: time, by: z.string().describe("Who published it.") })
  .extend(Texts.shape)
  .meta({ id: "TemplateVersion" });
const Shown = z
  .object({
    id: z.string().describe("Tenant and name: shop~welcome."),
    name: z.string(),
    tenant: z.string(),
    description: z.string(),
    version: z.int().nullable().describe("Of which mail is made; null: nothing is published yet."),
    versions: z.int().describe("The last one that was made."),
    created_at: time,
    changed_at: time,
    ...Texts.shape,
    variables: z.array(z.string()).describe("The names that the draft asks for."),
    unpublished: z.boolean().describe("The draft is not what mail is made of."),
  })
  .meta({ id: "Template" });

const textsShown = ({ subject, text, html, from, replyTo, headers }: TemplateBody): z.input<typeof Texts> => ({
  subject,
  text: text ?? null,
  html: html ?? null,
  from: from ?? null,
  reply_to: replyTo ?? null,
  headers: { ...headers },
});
async function shown(template: Template, { store }: ApiWorld): Promise<z.input<typeof Shown>> {
  const { tenant, name, draft, published } = template;
  const current =
    published === undefined ? undefined : (await store.templateVersions({ tenant, name, version: published }))[0];
  return {
    id: `${tenant}~${name}`,
    name,
    tenant,
    description: template.description,
    version: published ?? null,
    versions: template.versions,
    created_at: at(template.createdAt),
    changed_at: at(template.changedAt),
    ...textsShown(draft),
    variables: [...namesOf(draft)],
    unpublished: JSON.stringify(textsShown(draft)) !== JSON.stringify(current && textsShown(current.body)),
  };
}

/** Whoever sends for a tenant may read its templates; its administrators change them. */
async function theTenant(
  named: string | undefined,
  actor: Actor,
  world: ApiWorld,
): Promise<string | Problem<"forbidden" | "not-found">> {
  const own = await tenantOf(actor, world);
  return named === undefined || named === own ? own : askedTenant(named, actor, world);
}

const wholeName = z
  .string()
  .regex(/^(?:[a-z0-9._-]{1,63}~)?[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  .describe("The name of a template; TENANT~NAME where it is not your own tenant's.");

const theTemplate: Param<Template> = {
  schema: wholeName,
  find: async (text, actor, world, writing) => {
    const [name = "", whose] = text.split("~").reverse();
    const tenant = await theTenant(whose, actor, world);
    if (tenant instanceof Problem) return undefined;
    const [template] = await world.store.templates({ tenant, name, limit: 1 });
    if (template !== undefined && writing) {
      const allowed = await askedTenant(tenant, actor, world);
      if (allowed instanceof Problem) return allowed;
    }
    return template;
  },
};

const fields = {
  description: z.string().max(500),
  subject: z.string().max(2000).describe("{{name}} is put in when an email is made."),
  text: z.string().max(maxTemplateChars).nullable(),
  html: z.string().max(maxTemplateChars).nullable().describe("{{name}} is escaped, {{{name}}} is not."),
  from: z.string().max(1000).nullable().describe("Whom emails are from that do not say it: Shop <news@shop.example>."),
  reply_to: z.string().max(10_000).nullable().describe("Where answers go, where the email does not say it."),
  headers: z
    .record(z.string(), z.string().max(maxFieldChars))
    .nullable()
    .describe("Further fields, {{name}} and all; an email's own of the same name go before."),
} as const;

function wrongBody(body: TemplateBody): Problem<"validation"> | undefined {
  const wrong = wrongTemplate(body);
  const errors = wrong.map(({ field, why }) => ({ pointer: `#/${field}`, detail: why }));
  return errors.length === 0 ? undefined : new Problem("validation", errors[0]!.detail, errors);
}

type Said<T> = T | null | undefined;

/** What is not said stays, null takes it away. */
function draftOf(
  said: {
    readonly subject?: string | undefined;
    readonly text?: Said<string>;
    readonly html?: Said<string>;
    readonly from?: Said<string>;
    readonly reply_to?: Said<string>;
    readonly headers?: Said<{ readonly [name: string]: string }>;
  },
  known: TemplateBody,
): TemplateBody {
  const or = <T>(given: Said<T>, before: T | undefined): T | undefined =>
    given === undefined ? before : (given ?? undefined);
  return {
    subject: said.subject ?? known.subject,
    text: or(said.text, known.text),
    html: or(said.html, known.html),
    from: or(said.from, known.from),
    replyTo: or(said.reply_to, known.replyTo),
    headers: or(said.headers, known.headers),
  };
}

const params = { template: theTemplate };
const who = "domain";
const values = z.record(z.string().max(64), z.union([z.string().max(100_000), z.number(), z.boolean()]));

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/templates",
    summary: "Templates of a tenant, by name.",
    area,
    who: "user",
    query: z.object({ ...page, tenant: tenantName.optional() }),
    answer: list(Shown),
    refuses: ["not-found"],
    run: async ({ actor, query: { limit, cursor, tenant: named } }, world) => {
      const tenant = await theTenant(named, actor, world);
      if (tenant instanceof Problem) return tenant;
      const rows = await world.store.templates({ tenant, after: cursor ?? "", limit: limit + 1 });
      const { items, next } = paged(
        rows,
        limit,
        ({ name }) => name,
        (row) => row,
      );
      return { items: await Promise.all(items.map((row) => shown(row, world))), next };
    },
  }),
  route({
    method: "POST",
    path: "/templates",
    summary: "Make a template: a draft, until it is published.",
    area,
    who,
    body: z.strictObject({
      name: templateName,
      tenant: tenantName.optional(),
      description: fields.description.default(""),
      subject: fields.subject.default(""),
      text: fields.text.optional(),
      html: fields.html.optional(),
      from: fields.from.optional(),
      reply_to: fields.reply_to.optional(),
      headers: fields.headers.optional(),
      publish: z.boolean().default(false).describe("At once."),
    }),
    answer: Shown,
    status: 201,
    maxBodyBytes,
    refuses: ["conflict", "not-found"],
    run: async ({ actor, body }, world) => {
      const tenant = await askedTenant(body.tenant, actor, world);
      if (tenant instanceof Problem) return tenant;
      const { name, description } = body;
      const draft = draftOf(body, { subject: "", text: undefined, html: undefined });
      const wrong = wrongBody(draft);
      if (wrong !== undefined) return wrong;
      const now = Date.now();
      const put = await world.store.putTemplate({ tenant, name, description, draft, at: now }, "new");
      if (put === "exists") return conflict(`There is a template ${name} already.`);
      if (put === "full") return conflict(`A tenant has ${maxTemplates} templates at most.`);
      if (body.publish) await world.store.publishTemplate({ tenant, name, at: now, by: actor.account.name });
      const [made] = await world.store.templates({ tenant, name, limit: 1 });
      if (made === undefined) return notFound(`There is no template ${name}.`);
      return new Created(await shown(made, world), `/templates/${tenant}~${name}`);
    },
  }),
  route({
    method: "GET",
    path: "/templates/{template}",
    summary: "A template with its draft.",
    area,
    who: "user",
    params,
    answer: Shown,
    run: ({ template }, world) => shown(template, world),
  }),
  route({
    method: "PATCH",
    path: "/templates/{template}",
    summary: "Change the draft of a template; mail is made of it when it is published.",
    area,
    who,
    params,
    body: z.strictObject({
      description: fields.description.optional(),
      subject: fields.subject.optional(),
      text: fields.text.optional(),
      html: fields.html.optional(),
      from: fields.from.optional(),
      reply_to: fields.reply_to.optional(),
      headers: fields.headers.optional(),
    }),
    answer: Shown,
    maxBodyBytes,
    run: async ({ template, body }, world) => {
      const { tenant, name, draft } = template;
      const changed = draftOf(body, draft);
      const wrong = wrongBody(changed);
      if (wrong !== undefined) return wrong;
      const description = body.description ?? template.description;
      await world.store.putTemplate({ tenant, name, description, draft: changed, at: Date.now() }, "there");
      const [after] = await world.store.templates({ tenant, name, limit: 1 });
      return after === undefined ? notFound(`There is no template ${name}.`) : shown(after, world);
    },
  }),
  route({
    method: "DELETE",
    path: "/templates/{template}",
    summary: "Delete a template and all its versions.",
    area,
    who,
    params,
    run: async ({ template: { tenant, name } }, world) => {
      await world.store.removeTemplate(tenant, name);
      return undefined;
    },
  }),
  route({
    method: "POST",
    path: "/templates/{template}/publish",
    summary: "Make a version of the draft, and mail of it from now on; or of an older version again.",
    area,
    who,
    params,
    body: z.strictObject({
      version: z.int().min(1).optional().describe("An older one; the draft where none is named."),
    }),
    answer: Shown,
    run: async ({ template: { tenant, name }, body: { version }, actor }, world) => {
      const made = await world.store.publishTemplate({
        tenant,
        name,
        at: Date.now(),
        by: actor.account.name,
        ...(version === undefined ? {} : { version }),
      });
      if (made === "missing")
        return version === undefined
          ? notFound(`There is no template ${name}.`)
          : wrongField("/version", `There is no version ${version} of it.`);
      const [after] = await world.store.templates({ tenant, name, limit: 1 });
      return after === undefined ? notFound(`There is no template ${name}.`) : shown(after, world);
    },
  }),
  route({
    method: "GET",
    path: "/templates/{template}/versions",
    summary: "Versions that were published, the latest first.",
    area,
    who: "user",
    params,
    answer: z.object({ items: z.array(Version) }),
    run: async ({ template: { tenant, name } }, { store }) => ({
      items: (await store.templateVersions({ tenant, name })).map(({ version, body, at: when, by }) => ({
        version,
        published_at: at(when),
        by,
        ...textsShown(body),
      })),
    }),
  }),
  route({
    method: "POST",
    path: "/templates/{template}/preview",
    summary: "A template as an email, with values put in: the draft, or a version.",
    area,
    who: "user",
    changesNothing: true,
    params,
    body: z.strictObject({
      variables: values.default({}),
      version: z.union([z.int().min(1), z.enum(["draft", "published"])]).default("draft"),
    }),
    answer: Texts.extend({ missing: z.array(z.string()).describe("Names without a value; they became nothing.") }),
    unaudited: true,
    run: async ({ template, body: { variables, version } }, world) => {
      const wish = { id: template.name, version: version === "published" ? undefined : version };
      const body =
        wish.version === "draft"
          ? template.draft
          : await textsOf({ ...wish, version: wish.version }, template.tenant, world.store);
      if ("why" in body) return wrongField("/version", body.why);
      const asks = asksOf(body);
      const long = asks.tooLong(variables);
      if (long !== undefined) return wrongField("/variables", tooLongWith(long));
      return { ...textsShown(filledIn(body, variables)), missing: [...asks.missing(variables)] };
    },
  }),
];
