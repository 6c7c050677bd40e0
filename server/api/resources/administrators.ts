/** Who administers what: accounts for a whole tenant, or for some domains. */
import { z } from "zod";
import { findTenant, grant } from "../../admin/tenancy.ts";
import type { Grant } from "../../store/hosting.ts";
import type { Actor } from "../actor.ts";
import { refusal } from "../outcome.ts";
import { accountOf, domainOf } from "../params.ts";
import { conflict, forbidden, notFound, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, list, page, paged, type Route, route } from "../route.ts";

const Administrator = z
  .object({
    account: z.string(),
    role: z.enum(["platform", "tenant", "domain"]),
    tenant: z.string().nullable(),
    domain: z.string().nullable(),
  })
  .meta({ id: "Administrator" });
type Shown = z.input<typeof Administrator>;

async function all(actor: Actor, world: ApiWorld): Promise<readonly Shown[]> {
  const { store } = world;
  const tenants = new Map((await store.tenants()).map(({ id, name }) => [String(id), name]));
  const found: Shown[] = [];
  if (actor.within.kind === "all")
    for (const { name } of (await store.accounts({ role: "admin" })).filter(({ role }) => role === "admin"))
      found.push({ account: name, role: "platform", tenant: null, domain: null });
  for (const { account: id, kind, object } of await store.grants({})) {
    const account = await accountOf(String(id), actor, world);
    if (account === undefined || (account.id === actor.account.id && !(await isTheirs(kind, object, actor, world))))
      continue;
    found.push({
      account: account.name,
      role: kind,
      tenant: tenants.get(kind === "tenant" ? object : String(account.tenant)) ?? null,
      domain: kind === "domain" ? object : null,
    });
  }
  return found.sort((one, other) => (place(one) < place(other) ? -1 : 1));
}

async function isTheirs(kind: Grant["kind"], object: string, actor: Actor, world: ApiWorld): Promise<boolean> {
  if (actor.within.kind === "all") return true;
  if (kind === "domain") return (await domainOf(object, actor, world)) !== undefined;
  return actor.within.kind === "tenant" && String(actor.within.tenant) === object;
}

const place = (row: Shown): string => `${row.account} ${row.role} ${row.domain ?? ""}`;

const what = {
  account: z.string().min(3).max(330),
  tenant: z.string().max(100).optional().describe("Of this tenant."),
  domain: z.string().max(255).optional().describe("Of this domain; one of the two."),
} as const;

async function change(
  body: { readonly account: string; readonly tenant?: string | undefined; readonly domain?: string | undefined },
  granted: boolean,
  actor: Actor,
  world: ApiWorld,
): Promise<Problem<"conflict" | "forbidden" | "validation"> | { readonly name: string; readonly tenant: number }> {
  if ((body.tenant === undefined) === (body.domain === undefined))
    return wrongField("/tenant", "Say of what: tenant or domain, one of the two.");
  const account = await accountOf(body.account, actor, world);
  if (account === undefined) return wrongField("/account", "There is no such account.");
  if (body.tenant !== undefined) {
    const tenant = await findTenant(world, body.tenant);
    if (tenant === undefined || !(await isTheirs("tenant", String(tenant.id), actor, world)))
      return wrongField("/tenant", "There is no such tenant.");
    if (!granted && account.id === actor.account.id) return forbidden("Somebody else must take this from you.");
    const answer = await grant(world, account, { tenant: tenant.id }, granted);
    return "why" in answer ? refusal(answer) : { name: account.name, tenant: tenant.id };
  }
  const domain = await domainOf(body.domain ?? "", actor, world);
  if (domain === undefined) return wrongField("/domain", "There is no such domain.");
  const answer = await grant(world, account, { domain: domain.name }, granted);
  return "why" in answer ? refusal(answer) : { name: account.name, tenant: domain.tenant };
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/administrators",
    summary: "Who administers what.",
    area: "administrators",
    who: "tenant",
    query: z.object(page),
    answer: list(Administrator),
    run: async ({ actor, query: { limit, cursor = "" } }, world) => {
      const rows = (await all(actor, world)).filter((row) => place(row) > cursor);
      return paged(rows.slice(0, limit + 1), limit, place, (row) => row);
    },
  }),
  route({
    method: "POST",
    path: "/administrators",
    summary: "Let an account administer its tenant, or a domain of it.",
    area: "administrators",
    who: "tenant",
    body: z.strictObject(what),
    refuses: ["conflict"],
    run: async ({ actor, body, audit }, world) => {
      const done = await change(body, true, actor, world);
      if (done instanceof Problem) return done;
      audit.target = done.name;
      audit.tenant = done.tenant;
      return undefined;
    },
  }),
  route({
    method: "DELETE",
    path: "/administrators",
    summary: "Let an account administer a tenant or a domain no more.",
    area: "administrators",
    who: "tenant",
    query: z.object(what),
    refuses: ["conflict", "not-found"],
    run: async ({ actor, query, audit }, world) => {
      const done = await change(query, false, actor, world);
      // What a query names and is not there is no field of a body.
      if (done instanceof Problem)
        return done.kind === "validation"
          ? notFound(done.detail)
          : done.kind === "conflict"
            ? conflict(done.detail)
            : forbidden(done.detail);
      audit.target = done.name;
      audit.tenant = done.tenant;
      return undefined;
    },
  }),
];
