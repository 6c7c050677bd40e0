/** Webhooks: events are sent to a program as they happen (Standard Webhooks 1.0), until it has taken them. */
import { z } from "zod";
import { allTypes, eventId } from "../../inject/event-types.ts";
import { maxBatch } from "../../tell/endpoint.ts";
import { eventNumber, replay } from "../../tell/replay.ts";
import type { Attempt, Runner } from "../../tell/runner.ts";
import { maxOfTenant, type Webhooks } from "../../tell/webhooks.ts";
import { conflict, notFound, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, Created, list, type Param, page, pagedByTime, type Route, route, time } from "../route.ts";
import { askedTenant, sendingIsOff, tenantName } from "../sending-tenant.ts";

const AttemptShown = z.object({
  at: time,
  id: z.string(),
  ms: z.int(),
  ok: z.boolean(),
  status: z.int().nullable(),
  error: z.string(),
});
const Webhook = z
  .object({
    id: z.string(),
    tenant: z.string().nullable().describe("null: events of everybody."),
    url: z.string(),
    description: z.string(),
    events: z.array(z.enum(allTypes)).describe("None: all."),
    batch: z.int().describe("Events in one request at most."),
    ordered: z.boolean().describe("One request after another: while one fails, nothing later is sent."),
    state: z.enum(["active", "paused", "disabled"]),
    reason: z.string().nullable(),
    created_at: time,
    cursor: z.string().describe("The last event that was sent, or is being tried again."),
    waiting: z.int().describe("Requests that failed and are tried again."),
    next_retry_at: time.nullable(),
    last_success_at: time.nullable(),
    given_up: z.int().describe("Events that were tried for three days and are not tried again."),
    recent: z.array(AttemptShown).describe("The latest first."),
  })
  .meta({ id: "Webhook" });
const Secrets = z.object({ secrets: z.array(z.object({ secret: z.string(), until: time.nullable() })) });
const WithSecret = Webhook.extend({ secret: z.string().describe("Signs: whsec_ and base64.") }).meta({
  id: "WebhookWithSecret",
});

const shownAttempt = ({ status, why, at: when, ...rest }: Attempt): z.input<typeof AttemptShown> => ({
  ...rest,
  at: at(when),
  status: status ?? null,
  error: why,
});

const shown = (runner: Runner): z.input<typeof Webhook> => {
  const { id, tenant, url, description, types, batch, ordered = false, state, reason, createdAt } = runner.endpoint;
  const { cursor, retries, lastOkAt, givenUp } = runner.progress;
  const next = Math.min(...retries.map(({ nextAt }) => nextAt));
  return {
    id,
    tenant: tenant === "" ? null : tenant,
    url,
    description,
    events: [...types],
    batch,
    ordered,
    state,
    reason: reason === "" ? null : reason,
    created_at: at(createdAt),
    cursor: eventId({ id: cursor }),
    waiting: retries.length,
    next_retry_at: Number.isFinite(next) ? at(next) : null,
    last_success_at: lastOkAt === undefined ? null : at(lastOkAt),
    given_up: givenUp,
    recent: runner.attempts.slice(0, 20).map(shownAttempt),
  };
};

const theWebhook: Param<{ readonly runner: Runner; readonly webhooks: Webhooks }> = {
  schema: z
    .string()
    .regex(/^wh[0-9a-f]{16}$/)
    .describe("The id of a webhook."),
  find: async (id, actor, world) => {
    const runner = world.webhooks?.find(id);
    if (runner === undefined || world.webhooks === undefined) return undefined;
    if (actor.within.kind !== "all") {
      const { tenant } = runner.endpoint;
      if (tenant === "" || (await askedTenant(tenant, actor, world)) instanceof Problem) return undefined;
    }
    return { runner, webhooks: world.webhooks };
  },
};

const url = z.string().max(2000);
const fields = {
  url,
  description: z.string().max(500),
  events: z.array(z.enum(allTypes)).max(50),
  batch: z.int().min(1).max(maxBatch),
  ordered: z.boolean(),
} as const;

async function wrongUrl(text: string | undefined, { webhooks }: ApiWorld): Promise<Problem<"validation"> | undefined> {
  const why = text === undefined ? undefined : await webhooks?.wrongUrl(text);
  return why === undefined ? undefined : wrongField("/url", why);
}

const area = "webhooks";
const who = "domain";
const params = { webhook: theWebhook };

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/webhooks",
    summary: "Webhooks, the oldest first.",
    area,
    who,
    query: z.object({ ...page, tenant: tenantName.optional() }),
    answer: list(Webhook),
    refuses: ["not-found", "sending-off"],
    run: async ({ actor, query: { tenant: named, ...query } }, world) => {
      if (world.webhooks === undefined) return sendingIsOff();
      const tenant =
        named === undefined && actor.within.kind === "all" ? undefined : await askedTenant(named, actor, world);
      if (tenant instanceof Problem) return tenant;
      return pagedByTime(world.webhooks.list(tenant), query, {
        order: "oldest first",
        at: ({ endpoint }) => endpoint.createdAt,
        id: ({ endpoint }) => endpoint.id,
        shown,
      });
    },
  }),
  route({
    method: "POST",
    path: "/webhooks",
    summary: "Send events to a URL from now on.",
    description:
      "The answer has the secret that signs. Administrators of the platform get everybody's events where they name no tenant.",
    area,
    who,
    body: z.strictObject({
      url,
      tenant: tenantName.optional(),
      description: fields.description.default(""),
      events: fields.events.default([]),
      batch: fields.batch.default(1),
      ordered: fields.ordered.default(false),
    }),
    answer: WithSecret,
    status: 201,
    refuses: ["conflict", "not-found", "sending-off"],
    run: async ({ actor, body, audit }, world) => {
      if (world.webhooks === undefined) return sendingIsOff();
      const everybody = body.tenant === undefined && actor.within.kind === "all";
      const tenant = everybody ? "" : await askedTenant(body.tenant, actor, world);
      if (tenant instanceof Problem) return tenant;
      const wrong = await wrongUrl(body.url, world);
      if (wrong !== undefined) return wrong;
      const { events: types, url: to, description, batch, ordered } = body;
      const runner = await world.webhooks.add({ tenant, url: to, description, types, batch, ordered });
      if (runner === undefined) return conflict(`There may be ${maxOfTenant} webhooks of a tenant.`);
      const { id, secrets } = runner.endpoint;
      audit.target = id;
      return new Created({ ...shown(runner), secret: secrets[0]?.secret ?? "" }, `/webhooks/${id}`);
    },
  }),
  route({
    method: "GET",
    path: "/webhooks/{webhook}",
    summary: "One webhook, and how far it has come.",
    area,
    who,
    params,
    answer: Webhook,
    run: async ({ webhook: { runner } }) => shown(runner),
  }),
  route({
    method: "PATCH",
    path: "/webhooks/{webhook}",
    summary: "Change a webhook; paused ones miss nothing, active makes a disabled one begin again.",
    area,
    who,
    params,
    body: z.strictObject({
      url: url.optional(),
      description: fields.description.optional(),
      events: fields.events.optional(),
      batch: fields.batch.optional(),
      ordered: fields.ordered.optional(),
      state: z.enum(["active", "paused"]).optional(),
    }),
    answer: Webhook,
    run: async ({ webhook: { runner, webhooks }, body: { events, ...body } }, world) => {
      const wrong = await wrongUrl(body.url, world);
      if (wrong !== undefined) return wrong;
      const change = Object.fromEntries(
        Object.entries({ ...body, types: events }).filter(([, value]) => value !== undefined),
      );
      const { id } = runner.endpoint;
      await webhooks.change(id, change);
      return shown(webhooks.find(id) ?? runner);
    },
  }),
  route({
    method: "DELETE",
    path: "/webhooks/{webhook}",
    summary: "Send nothing there any more.",
    area,
    who,
    params,
    run: async ({ webhook: { runner, webhooks } }) => {
      await webhooks.remove(runner.endpoint.id);
      return undefined;
    },
  }),
  route({
    method: "GET",
    path: "/webhooks/{webhook}/secret",
    summary: "The secrets that sign now.",
    // Reading it is as good as writing events.
    area: "webhook-secrets",
    who,
    params,
    answer: Secrets,
    run: async ({ webhook: { runner } }, { now }) => ({
      secrets: runner.endpoint.secrets
        .filter(({ until }) => until === undefined || until > now())
        .map(({ secret, until }) => ({ secret, until: until === undefined ? null : at(until) })),
    }),
  }),
  route({
    method: "POST",
    path: "/webhooks/{webhook}/rotate",
    summary: "Make a new secret; the one before signs beside it for a day.",
    area,
    who,
    params,
    answer: WithSecret,
    run: async ({ webhook: { runner, webhooks } }) => {
      const { id } = runner.endpoint;
      await webhooks.rotate(id);
      const now = webhooks.find(id) ?? runner;
      return { ...shown(now), secret: now.endpoint.secrets[0]?.secret ?? "" };
    },
  }),
  route({
    method: "POST",
    path: "/webhooks/{webhook}/test",
    summary: "Send an event that means nothing, now, and see what is answered.",
    area,
    who,
    params,
    answer: AttemptShown,
    run: async ({ webhook: { runner } }, { now }) => {
      const event = { type: "webhook.test", timestamp: at(now()), data: { webhook: runner.endpoint.id } };
      return shownAttempt(await runner.post(`test_${now().toString(36)}`, [event]));
    },
  }),
  route({
    method: "POST",
    path: "/webhooks/{webhook}/replay",
    summary: "Send again: one event, all after one, all since a time, or now what failed.",
    area,
    who,
    params,
    body: z.strictObject({
      event: z
        .string()
        .regex(/^evt_\d{1,15}$/)
        .optional(),
      after: z
        .string()
        .regex(/^evt_\d{1,15}$/)
        .optional(),
      since: z.iso.datetime({ offset: true }).optional(),
    }),
    answer: Webhook,
    run: async ({ webhook: { runner, webhooks }, body: { event, after, since } }, { store }) => {
      if ([event, after, since].filter((one) => one !== undefined).length > 1)
        return wrongField("/event", "Say one of event, after and since.");
      const [one, from] = [event, after].map((text) => (text === undefined ? undefined : eventNumber(text)));
      const what = {
        ...(one === undefined ? {} : { event: one }),
        ...(from === undefined ? {} : { after: from }),
        ...(since === undefined ? {} : { since: Date.parse(since) }),
      };
      if (!(await replay(runner, what, { store, webhooks }))) return notFound("There is no such event.");
      return shown(runner);
    },
  }),
];
