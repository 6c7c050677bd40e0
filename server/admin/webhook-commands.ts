/** Webhooks of the running server: how far each has come, and what is sent again (docs/sending.md). */
import { eventId } from "../inject/event-types.ts";
import { eventNumber, replay } from "../tell/replay.ts";
import type { Runner } from "../tell/runner.ts";
import { type Command, command, done, no, time } from "./command.ts";

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

export const webhookCommands: readonly Command[] = [
  command(
    "webhook list",
    "Where events are sent, how far each endpoint has come, and what failed.",
    { tenant: { type: "text", help: "only this tenant's" } },
    async ({ tenant }, { webhooks }) => (webhooks === undefined ? no(off) : done(webhooks.list(tenant).map(shown))),
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
