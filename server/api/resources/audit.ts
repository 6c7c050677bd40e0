/** The audit log: every administrative act, by whatever way it was done. */
import { z } from "zod";
import { at, list, page, paged, type Route, route, time } from "../route.ts";

const AuditEntry = z
  .object({
    id: z.int(),
    at: time,
    actor: z.string().describe("The account, or the system's user who typed the command (the one behind sudo)."),
    via: z.enum(["api", "command line", "imap", "jmap", "server"]),
    remote: z.string().describe("Address that it was done from."),
    action: z.string(),
    target: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "AuditEntry" });

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/audit",
    summary: "What was done, the newest first.",
    area: "audit",
    who: "domain",
    query: z.object({
      ...page,
      actor: z.string().max(330).optional().describe("Only what this account did."),
      target: z.string().max(330).optional().describe("Only what was done to things with this in their names."),
    }),
    answer: list(AuditEntry),
    run: async ({ actor, query }, { store }) => {
      const { limit, cursor } = query;
      const rows = await store.audit(actor.within, {
        limit: limit + 1,
        before: cursor === undefined ? undefined : Number(cursor) || 0,
        actor: query.actor?.toLowerCase(),
        target: query.target,
      });
      return paged(
        rows,
        limit,
        ({ id }) => String(id),
        (row) => ({ ...row, at: at(row.at) }),
      );
    },
  }),
];
