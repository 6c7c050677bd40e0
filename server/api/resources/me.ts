/** Who I am here, and what I may. */
import { z } from "zod";
import { roles } from "../actor.ts";
import { type Route, route } from "../route.ts";

const Me = z
  .object({
    id: z.int(),
    name: z.string(),
    displayName: z.string(),
    role: z.enum(roles).describe("What I administer: the platform, my tenant, some domains, or nothing."),
    tenant: z.string().nullable().describe("Short name of the tenant that my domain belongs to."),
    domains: z.array(z.string()).describe("role domain: the domains that I administer."),
    scopes: z.array(z.string()).nullable().describe("Of the token that was used; null: all."),
    by: z.enum(["basic", "token", "cookie"]),
  })
  .meta({ id: "Me" });

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/me",
    summary: "Who I am, and what I may.",
    area: "me",
    who: "user",
    answer: Me,
    run: async ({ actor }, { store }) => {
      const tenant = actor.tenant === 0 ? undefined : (await store.tenants()).find(({ id }) => id === actor.tenant);
      return {
        id: actor.account.id,
        name: actor.account.name,
        displayName: actor.account.displayName,
        role: actor.role,
        tenant: tenant?.name ?? null,
        domains: actor.within.kind === "domains" ? [...actor.within.names] : [],
        scopes: actor.scopes === undefined ? null : [...actor.scopes],
        by: actor.by,
      };
    },
  }),
];
