/** Who I am here, and what I may. */
import { z } from "zod";
import type { Tenant } from "../../store/hosting.ts";
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
    brand: z
      .object({
        name: z.string(),
        logoUrl: z.string().nullable().describe("Elsewhere; pages ask the server for it (/jmap/picture?url=…)."),
        color: z.string().nullable(),
        supportUrl: z.string().nullable().describe("Where its people find help: https: or mailto:."),
      })
      .nullable()
      .describe("How the pages of my tenant look; null: as ours."),
  })
  .meta({ id: "Me" });

/** What a tenant has said of its looks; nothing where it has said nothing. */
function brandOf(tenant: Tenant | undefined): z.input<typeof Me>["brand"] {
  if (tenant === undefined || Object.keys(tenant.settings.branding).length === 0) return null;
  const { productName, logoUrl, color, supportUrl, supportEmail } = tenant.settings.branding;
  return {
    name: productName ?? tenant.displayName,
    logoUrl: logoUrl ?? null,
    color: color ?? null,
    supportUrl: supportUrl ?? (supportEmail === undefined ? null : `mailto:${supportEmail}`),
  };
}

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
        brand: brandOf(tenant),
      };
    },
  }),
];
