/** Webhooks of the running server: how far each has come, and what is sent again (docs/sending.md). */
import { allTypes, eventId } from "../inject/event-types.ts";
import { maxBatch } from "../tell/endpoint.ts";
import { eventNumber, replay } from "../tell/replay.ts";
import type { Runner } from "../tell/runner.ts";
import { maxOfTenant, type Webhooks } from "../tell/webhooks.ts";
import { type Command, command, done, no, type Outcome, time } from "./command.ts";

const off = "Webhooks are told by the running server: start it, with enabled = true in [sending].";

const shown = ({ endpoint, progress }: Runner) => ({
  id: endpoint.id,
  tenant: endpoint.tenant === "" ? undefined : endpoint.tenant,
  url: endpoint.url,
  state: endpoint.state,
  reason: endpoint.reason === "" ? undefined : endpoint.reason,
  reached: eventId({ id: progress.cursor }),
  failed: progress.retries.length,
  givenUp: progress.givenUp,
  lastOkAt: progress.lastOkAt === undefined ? undefined : time(progress.lastOkAt),
});

const id = { type: "text", placed: true, required: true, help: "of the webhook" } as const;

async function withWebhook(
  webhooks: Webhooks | undefined,
  id: string,
  work: (runner: Runner, webhooks: Webhooks) => Promise<Outcome>,
): Promise<Outcome> {
  if (webhooks === undefined) return no(off);
  const runner = webhooks.find(id);
  return runner === undefined
    ? no(`There is no webhook ${id}. See them all: angarium webhook list`)
    : work(runner, webhooks);
}

function wrongIn(types: readonly string[], batch: number): string | undefined {
  const unknown = types.find((type) => !(allTypes as readonly string[]).includes(type));
  if (unknown !== undefined) return `"${unknown}" is no type of event: ${allTypes.join(", ")}.`;
  return Number.isInteger(batch) && batch >= 1 && batch <= maxBatch ? undefined : `--batch: 1 to ${maxBatch}.`;
}

export const webhookCommands: readonly Command[] = [
  command(
    "webhook list",
    "Where events are sent, how far each endpoint has come, and what failed.",
    { tenant: { type: "text", help: "only this tenant's" } },
    async ({ tenant }, { webhooks }) => (webhooks === undefined ? no(off) : done(webhooks.list(tenant).map(shown))),
  ),
  command(
    "webhook add",
    "Sends events to a URL from now on, and prints the secret that signs them.",
    {
      url: { type: "text", placed: true, required: true, help: "https://…" },
      tenant: { type: "text", help: "only this tenant's events; everybody's by default" },
      events: { type: "list", help: "only these types, like email.bounced" },
      description: { type: "text", help: "what it is for" },
      batch: { type: "number", help: `events in one request, up to ${maxBatch}` },
      ordered: { type: "flag", help: "one after the other" },
    },
    async (given, { webhooks }) => {
      if (webhooks === undefined) return no(off);
      const { tenant = "", description = "", batch = 1, events: types = [] } = given;
      const wrong = (await webhooks.wrongUrl(given.url)) ?? wrongIn(types, batch);
      if (wrong !== undefined) return no(wrong);
      const about = { tenant, url: given.url, description, types, batch, ordered: given.ordered === true };
      const runner = await webhooks.add(about as Parameters<typeof webhooks.add>[0]);
      if (runner === undefined) return no(`There may be ${maxOfTenant} webhooks of a tenant.`);
      return done({ ...shown(runner), secret: runner.endpoint.secrets[0]?.secret });
    },
  ),
  command(
    "webhook set",
    "Changes a webhook; a paused one misses nothing, an active one begins again.",
    {
      id,
      url: { type: "text", help: "https://…" },
      description: { type: "text", help: "what it is for" },
      state: { type: "text", choices: ["active", "paused"], help: "whether it is sent to" },
    },
    ({ id, ...change }, { webhooks }) =>
      withWebhook(webhooks, id, async (runner, all) => {
        const wrong = change.url === undefined ? undefined : await all.wrongUrl(change.url);
        if (wrong !== undefined) return no(wrong);
        const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
        await all.change(id, given);
        return done(shown(all.find(id) ?? runner));
      }),
  ),
  command("webhook rotate", "Makes a new secret; the one before signs beside it for a day.", { id }, (given, world) =>
    withWebhook(world.webhooks, given.id, async (runner, all) => {
      await all.rotate(given.id);
      const now = all.find(given.id) ?? runner;
      return done({ ...shown(now), secret: now.endpoint.secrets[0]?.secret });
    }),
  ),
  command("webhook remove", "Sends nothing there any more.", { id }, (given, world) =>
    withWebhook(world.webhooks, given.id, async (_, all) => {
      await all.remove(given.id);
      return done({ removed: given.id });
    }),
  ),
  command(
    "webhook replay",
    "Sends events again: one, all after one, all since a time, or now what failed.",
    {
      id: { type: "text", placed: true, required: true, help: "of the webhook" },
      event: { type: "text", help: "only this one, like evt_17" },
      after: { type: "text", help: "all after this one" },
      since: { type: "text", help: "all since then, like 2026-11-26T08:00:00Z" },
    },
    async ({ id, event, after, since }, { webhooks, store }) => {
      if (webhooks === undefined) return no(off);
      const runner = webhooks.find(id);
      if (runner === undefined) return no(`There is no webhook ${id}. See them all: angarium webhook list`);
      if ([event, after, since].filter((one) => one !== undefined).length > 1)
        return no("Say one of --event, --after and --since.");
      const numbers = [event, after].map((one) => (one === undefined ? undefined : eventNumber(one)));
      const moment = since === undefined ? undefined : Date.parse(since);
      if ((event ?? after) !== undefined && numbers.every((one) => one === undefined))
        return no(`"${event ?? after}" is no event: write evt_17.`);
      if (Number.isNaN(moment)) return no(`"${since}" is no time: write 2026-11-26T08:00:00Z.`);
      const what = {
        ...(numbers[0] === undefined ? {} : { event: numbers[0] }),
        ...(numbers[1] === undefined ? {} : { after: numbers[1] }),
        ...(moment === undefined ? {} : { since: moment }),
      };
      return (await replay(runner, what, { store, webhooks }))
        ? done(shown(runner))
        : no(`There is no event ${event}.`);
    },
  ),
];
