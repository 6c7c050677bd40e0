/** Mail that was kept back: seen, released, reported by its owner or an administrator. */
import { z } from "zod";
import type { Quarantined as Row } from "../../store/quarantine.ts";
import type { Actor } from "../actor.ts";
import { performed } from "../outcome.ts";
import { accountOf } from "../params.ts";
import { conflict, notFound, Problem } from "../problem.ts";
import { type ApiWorld, at, list, type Param, page, paged, type Route, route, time } from "../route.ts";

const Quarantined = z
  .object({
    id: z.int(),
    account: z.string().nullable().describe("Whose it is; null: it would have gone on elsewhere."),
    at: time,
    from: z.string(),
    sender: z.string().describe("As its header says."),
    to: z.array(z.string()),
    subject: z.string(),
    reasons: z.array(z.string()),
    remote: z.string(),
    sizeBytes: z.int(),
    expiresAt: time,
    journey: z.string().describe("GET /journeys/{journey}"),
  })
  .meta({ id: "Quarantined" });

async function ownerOf(row: Row, actor: Actor, world: ApiWorld): Promise<{ readonly name: string | null } | undefined> {
  if (row.account === 0) return actor.within.kind === "all" ? { name: null } : undefined;
  const account = await accountOf(String(row.account), actor, world);
  return account === undefined ? undefined : { name: account.name };
}

const shown = (row: Row, name: string | null): z.input<typeof Quarantined> => ({
  id: row.id,
  account: name,
  at: at(row.at),
  from: row.envelopeFrom,
  sender: row.sender,
  to: [...row.recipients],
  subject: row.subject,
  reasons: [...row.reasons],
  remote: row.remote,
  sizeBytes: row.sizeBytes,
  expiresAt: at(row.expiresAt),
  journey: `m${row.content}`,
});

const theQuarantined: Param<{ readonly row: Row; readonly name: string | null }> = {
  schema: z
    .string()
    .regex(/^\d{1,15}$/)
    .describe("The number of a message in quarantine."),
  find: async (text, actor, world) => {
    const row = (await world.store.quarantined({ id: Number(text), limit: 1 }))[0];
    const owner = row && (await ownerOf(row, actor, world));
    return row === undefined || owner === undefined ? undefined : { row, name: owner.name };
  },
};

/** The journey tells who it was: the owner, or an administrator. */
const inName = ({ account }: Actor, owner: string | null): { readonly account?: string } =>
  owner === account.name ? { account: owner } : {};

const verbs = {
  release: "Let a message out of quarantine: it is delivered, and the filter learns that it was good.",
  report: "Remove a message that was rightly kept back: the filter learns that it was bad.",
} as const;

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/quarantine",
    summary: "Mail that was kept back, the oldest first: one's own, or that of whom one administers.",
    area: "quarantine",
    who: "user",
    query: z.object({ ...page, account: z.string().max(330).optional().describe("Only of this account.") }),
    answer: list(Quarantined),
    refuses: ["not-found"],
    run: async ({ actor, query }, world) => {
      const { limit, cursor } = query;
      const wanted = actor.role === "user" && query.account === undefined ? "me" : query.account;
      const owner = wanted === undefined ? undefined : await accountOf(wanted, actor, world);
      if (wanted !== undefined && owner === undefined) return notFound();
      const rows = await world.store.quarantined({
        after: Number(cursor) || 0,
        limit: limit + 1,
        ...(owner === undefined ? { within: actor.within } : { account: owner.id }),
      });
      const names = new Map<number, string | null>([[0, null]]);
      for (const { account } of rows)
        if (!names.has(account)) names.set(account, (await accountOf(String(account), actor, world))?.name ?? null);
      return paged(
        rows,
        limit,
        ({ id }) => String(id),
        (row) => shown(row, names.get(row.account) ?? null),
      );
    },
  }),
  route({
    method: "GET",
    path: "/quarantine/{quarantined}",
    summary: "One message that was kept back.",
    area: "quarantine",
    who: "user",
    params: { quarantined: theQuarantined },
    answer: Quarantined,
    run: async ({ quarantined: { row, name } }) => shown(row, name),
  }),
  route({
    method: "GET",
    path: "/quarantine/{quarantined}/message",
    summary: "All its bytes, as plain text: look at it with care.",
    area: "quarantine",
    who: "user",
    params: { quarantined: theQuarantined },
    answer: z.string(),
    type: "text/plain; charset=utf-8",
    run: async ({ quarantined: { row } }, { store }) => {
      const bytes = await store.content(row.content);
      return bytes === undefined ? notFound() : Buffer.from(bytes).toString("utf8");
    },
  }),
  ...(Object.entries(verbs) as [keyof typeof verbs, string][]).map(([verb, summary]) =>
    route({
      method: "POST",
      path: `/quarantine/{quarantined}/${verb}`,
      summary,
      area: "quarantine",
      who: "user",
      params: { quarantined: theQuarantined },
      refuses: ["conflict"],
      run: async ({ actor, quarantined: { row, name }, audit }, world) => {
        audit.target = name ?? "";
        const answer = await performed(world, `quarantine ${verb}`, { ids: [String(row.id)], ...inName(actor, name) });
        return answer instanceof Problem ? conflict(answer.detail) : undefined;
      },
    }),
  ),
  route({
    method: "DELETE",
    path: "/quarantine/{quarantined}",
    summary: "Remove a message from quarantine.",
    area: "quarantine",
    who: "user",
    params: { quarantined: theQuarantined },
    refuses: ["conflict"],
    run: async ({ actor, quarantined: { row, name }, audit }, world) => {
      audit.target = name ?? "";
      const answer = await performed(world, "quarantine delete", { ids: [String(row.id)], ...inName(actor, name) });
      return answer instanceof Problem ? conflict(answer.detail) : undefined;
    },
  }),
];
