/** What was deleted: seen, brought back, removed for ever. */
import { z } from "zod";
import { bringBack, purge } from "../../admin/tenancy.ts";
import type { Deletion as Row } from "../../store/hosting.ts";
import { Deletion, shownDeletion } from "../deletion.ts";
import { conflict } from "../problem.ts";
import { list, type Param, page, paged, type Route, route } from "../route.ts";

const theDeletion: Param<Row> = {
  schema: z
    .string()
    .regex(/^\d{1,15}$/)
    .describe("The number of a deletion."),
  find: async (text, actor, { store }) => (await store.deletions(actor.within)).find(({ id }) => id === Number(text)),
};

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/deletions",
    summary: "What was deleted and can come back, the newest first.",
    area: "deletions",
    who: "domain",
    query: z.object(page),
    answer: list(Deletion),
    run: async ({ actor, query: { limit, cursor } }, { store }) => {
      const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor) || 0;
      const rows = (await store.deletions(actor.within)).filter(({ id }) => id < before).slice(0, limit + 1);
      return paged(rows, limit, ({ id }) => String(id), shownDeletion);
    },
  }),
  route({
    method: "GET",
    path: "/deletions/{deletion}",
    summary: "One deletion.",
    area: "deletions",
    who: "domain",
    params: { deletion: theDeletion },
    answer: Deletion,
    run: async ({ deletion }) => shownDeletion(deletion),
  }),
  route({
    method: "POST",
    path: "/deletions/{deletion}/undo",
    summary: "Bring back what was deleted, with all that went with it.",
    area: "deletions",
    who: "domain",
    params: { deletion: theDeletion },
    refuses: ["conflict"],
    run: async ({ deletion, audit }, world) => {
      audit.target = deletion.name;
      const why = await bringBack(world, deletion.id);
      return why === undefined ? undefined : conflict(why.why);
    },
  }),
  route({
    method: "DELETE",
    path: "/deletions/{deletion}",
    summary: "Remove for ever what was deleted.",
    area: "deletions",
    who: "tenant",
    params: { deletion: theDeletion },
    run: async ({ deletion, audit }, world) => {
      audit.target = deletion.name;
      await purge(world, deletion.id);
      return undefined;
    },
  }),
];
