/** What became of mail, event by event: who reads on from the cursor misses nothing. */
import { z } from "zod";
import { allTypes, eventId, typeOf } from "../../inject/event-types.ts";
import { Emails } from "../../tell/emails.ts";
import { Problem } from "../problem.ts";
import { list, page, type Route, route, time } from "../route.ts";
import { askedTenant, sendingIsOff, tenantName } from "../sending-tenant.ts";

const Event = z
  .object({
    id: z.string(),
    type: z.enum(allTypes),
    timestamp: time,
    data: z.record(z.string(), z.unknown()).describe("Tenant, stream, campaign, recipient, email_id, reply, class …"),
  })
  .meta({ id: "SendingEvent" });

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/events",
    summary: "Events of a tenant's mail, the oldest first.",
    description:
      "Kept for 30 days. `after` is the number behind evt_ of the last one that was read; so a program that asks again and again misses none and gets none twice. With `type` a page may be short, or empty, and have a next one.",
    area: "events",
    who: "domain",
    query: z.object({
      ...page,
      tenant: tenantName.optional(),
      after: z
        .string()
        .regex(/^(?:evt_)?\d{1,15}$/)
        .optional()
        .describe("Only later ones."),
      type: z.enum(allTypes).optional(),
    }),
    answer: list(Event),
    refuses: ["not-found", "sending-off"],
    run: async ({ actor, query: { limit, cursor, after, tenant: named, type } }, world) => {
      if (world.sending === undefined) return sendingIsOff();
      const tenant =
        named === undefined && actor.within.kind === "all" ? undefined : await askedTenant(named, actor, world);
      if (tenant instanceof Problem) return tenant;
      const start = Number((cursor ?? after ?? "0").replace("evt_", "")) || 0;
      const rows = await world.store.sendingEvents({
        after: start,
        limit: limit + 1,
        ...(tenant === undefined ? {} : { tenant }),
      });
      const kept = rows.slice(0, limit);
      const last = kept.at(-1);
      const emails = new Emails(world.store);
      emails.note(kept);
      const wanted = kept.filter((one) => type === undefined || typeOf(one) === type);
      return {
        items: (await emails.told(wanted)).map((one, index) => ({ id: eventId(wanted[index]!), ...one })),
        next: rows.length > limit && last !== undefined ? Buffer.from(String(last.id)).toString("base64url") : null,
      };
    },
  }),
];
