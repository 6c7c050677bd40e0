/** What is done with dangerous attachments, for a domain and for all domains of a tenant. */
import { z } from "zod";
import { type Danger, dangers } from "../../judge/attachments/finding.ts";
import { actions } from "../../judge/attachments/policy.ts";
import { performed } from "../outcome.ts";
import { theDomain, theTenant } from "../params.ts";
import { notFound, Problem } from "../problem.ts";
import { type ApiWorld, type Route, route } from "../route.ts";

const names = Object.keys(dangers) as [Danger, ...Danger[]];
const action = z.enum(actions).nullable().describe("null: as the tenant or the server does.");
const each = Object.fromEntries(names.map((name) => [name, action])) as { readonly [D in Danger]: typeof action };
const Policy = z.object(each).meta({ id: "AttachmentPolicy" });
const Change = z.strictObject(each).partial();

async function read(target: string, world: ApiWorld): Promise<z.input<typeof Policy> | Problem<"not-found">> {
  const answer = await performed(world, "attachments show", { target });
  if (answer instanceof Problem) return notFound(answer.detail);
  const set = answer.result as Partial<z.input<typeof Policy>>;
  return Object.fromEntries(names.map((name) => [name, set[name] ?? null])) as z.input<typeof Policy>;
}

async function change(target: string, body: z.output<typeof Change>, world: ApiWorld) {
  for (const [danger, wanted] of Object.entries(body)) {
    const answer = await performed(world, "attachments set", { target, danger, action: wanted ?? "default" });
    if (answer instanceof Problem) return answer;
  }
  return read(target, world);
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/domains/{domain}/attachments",
    summary: "What a domain does differently with dangerous attachments.",
    area: "filter",
    who: "domain",
    params: { domain: theDomain },
    answer: Policy,
    run: ({ domain }, world) => read(domain.name, world),
  }),
  route({
    method: "PATCH",
    path: "/domains/{domain}/attachments",
    summary: "Change what a domain does with dangerous attachments.",
    area: "filter",
    who: "domain",
    params: { domain: theDomain },
    body: Change,
    answer: Policy,
    refuses: ["conflict"],
    run: ({ domain, body }, world) => change(domain.name, body, world),
  }),
  route({
    method: "GET",
    path: "/tenants/{tenant}/attachments",
    summary: "What a tenant's domains do differently with dangerous attachments.",
    area: "filter",
    who: "tenant",
    params: { tenant: theTenant },
    answer: Policy,
    run: ({ tenant }, world) => read(tenant.name, world),
  }),
  route({
    method: "PATCH",
    path: "/tenants/{tenant}/attachments",
    summary: "Change what a tenant's domains do with dangerous attachments; what a domain has set holds over it.",
    area: "filter",
    who: "tenant",
    params: { tenant: theTenant },
    body: Change,
    answer: Policy,
    refuses: ["conflict"],
    run: ({ tenant, body }, world) => change(tenant.name, body, world),
  }),
];
