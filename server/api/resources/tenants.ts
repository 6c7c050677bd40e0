/** Tenants: who owns domains here, with what limits, under what name. */
import { z } from "zod";
import { emptyTenant, makeTenant, remove } from "../../admin/tenancy.ts";
import type { HostedCounts, Tenant as Row, TenantSettings } from "../../store/hosting.ts";
import { Deletion, shownDeletion } from "../deletion.ts";
import { displayName } from "../display-name.ts";
import { refusal } from "../outcome.ts";
import { theTenant } from "../params.ts";
import { conflict, forbidden, notFound } from "../problem.ts";
import { at, Created, list, page, paged, type Route, route, time } from "../route.ts";

const amount = z.int().min(0).nullable().optional();
const limits = z
  .strictObject({
    maxDomains: amount,
    maxAccounts: amount,
    maxStorageBytes: amount.describe("The quotas of all its accounts together."),
    defaultQuotaBytes: amount.describe("What an account gets where nothing is said."),
  })
  .describe("What is left out, or null, has no limit.");
const branding = z.strictObject({
  productName: z.string().max(100).nullable().optional(),
  logoUrl: z
    .url({ protocol: /^https$/ })
    .max(1000)
    .nullable()
    .optional(),
  color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, "Write a color like #0a5fb4.")
    .nullable()
    .optional(),
  supportEmail: z.email().max(320).nullable().optional(),
  supportUrl: z
    .url({ protocol: /^https$/ })
    .max(1000)
    .nullable()
    .optional(),
});

const Usage = z.object({
  domains: z.int(),
  accounts: z.int(),
  aliases: z.int(),
  messages: z.int(),
  usedBytes: z.int(),
  quotaBytes: z.int().describe("All quotas together."),
  unlimited: z.int().describe("Accounts without a quota."),
});

const Tenant = z
  .object({
    id: z.int(),
    name: z.string(),
    displayName: z.string(),
    limits,
    branding,
    usage: Usage,
    createdAt: time,
  })
  .meta({ id: "Tenant" });

const shown = (row: Row, usage: HostedCounts): z.input<typeof Tenant> => ({
  id: row.id,
  name: row.name,
  displayName: row.displayName,
  limits: row.settings.limits,
  branding: row.settings.branding,
  usage,
  createdAt: at(row.createdAt),
});

/** Merged (RFC 7396): what is null is taken away, what is not named stays. */
function merged<T extends object>(before: T, change: { readonly [name: string]: unknown } | undefined): T {
  const after = { ...before, ...change };
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null && value !== undefined)) as T;
}

const settingsOf = (
  before: TenantSettings,
  change: { readonly limits?: object | undefined; readonly branding?: object | undefined },
): TenantSettings => ({
  limits: merged(before.limits, change.limits as { [name: string]: unknown } | undefined),
  branding: merged(before.branding, change.branding as { [name: string]: unknown } | undefined),
});

const tenantName = displayName.min(1);

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/tenants",
    summary: "Tenants, by name.",
    area: "tenants",
    who: "tenant",
    query: z.object({ ...page, search: z.string().max(200).optional() }),
    answer: list(Tenant),
    run: async ({ actor, query }, { store }) => {
      const { limit, cursor = "" } = query;
      const search = query.search?.toLowerCase() ?? "";
      const { within } = actor;
      const rows = (await store.tenants()).filter(
        ({ id, name, displayName }) =>
          name > cursor &&
          (within.kind === "all" || (within.kind === "tenant" && within.tenant === id)) &&
          (name.includes(search) || displayName.toLowerCase().includes(search)),
      );
      const found = paged(
        rows.slice(0, limit + 1),
        limit,
        ({ name }) => name,
        (row) => row,
      );
      const items = await Promise.all(
        found.items.map(async (row) => shown(row, await store.hostedCounts({ kind: "tenant", tenant: row.id }))),
      );
      return { ...found, items };
    },
  }),
  route({
    method: "POST",
    path: "/tenants",
    summary: "Make a tenant.",
    area: "tenants",
    who: "platform",
    body: z.strictObject({
      name: z.string().min(1).max(50).describe("Small letters, digits and hyphens."),
      displayName: tenantName.optional(),
      limits: limits.optional(),
      branding: branding.optional(),
    }),
    answer: Tenant,
    status: 201,
    refuses: ["conflict"],
    run: async ({ body, audit }, world) => {
      const made = await makeTenant(world, body.name, body.displayName ?? body.name, settingsOf(emptyTenant, body));
      if ("why" in made) return refusal(made);
      audit.tenant = made.id;
      audit.target = made.name;
      return new Created(
        shown(made, await world.store.hostedCounts({ kind: "tenant", tenant: made.id })),
        `/tenants/${made.name}`,
      );
    },
  }),
  route({
    method: "GET",
    path: "/tenants/{tenant}",
    summary: "One tenant, with what it uses.",
    area: "tenants",
    who: "tenant",
    params: { tenant: theTenant },
    answer: Tenant,
    run: async ({ tenant }, { store }) =>
      shown(tenant, await store.hostedCounts({ kind: "tenant", tenant: tenant.id })),
  }),
  route({
    method: "PATCH",
    path: "/tenants/{tenant}",
    summary: "Change a tenant; its limits are set by administrators of the platform.",
    area: "tenants",
    who: "tenant",
    params: { tenant: theTenant },
    body: z.strictObject({
      displayName: displayName.optional(),
      limits: limits.optional(),
      branding: branding.optional(),
    }),
    answer: Tenant,
    run: async ({ actor, tenant, body }, { store }) => {
      if (body.limits !== undefined && actor.role !== "platform")
        return forbidden("Limits are set by administrators of the platform.");
      const settings = settingsOf(tenant.settings, body);
      const name = body.displayName ?? tenant.displayName;
      const answer = await store.updateTenant(tenant.id, { displayName: name, settings });
      if (answer === "missing") return notFound();
      const usage = await store.hostedCounts({ kind: "tenant", tenant: tenant.id });
      return shown({ ...tenant, displayName: name, settings }, usage);
    },
  }),
  route({
    method: "GET",
    path: "/tenants/{tenant}/deletion",
    summary: "What would go with a tenant.",
    area: "tenants",
    who: "platform",
    params: { tenant: theTenant },
    answer: Deletion.shape.takes,
    run: async ({ tenant }, { store }) => (await store.deletionTakes("tenant", tenant.name)) ?? notFound(),
  }),
  route({
    method: "DELETE",
    path: "/tenants/{tenant}",
    summary: "Delete a tenant with its domains, accounts and mail; it can come back for some days.",
    area: "tenants",
    who: "platform",
    params: { tenant: theTenant },
    answer: Deletion,
    refuses: ["conflict"],
    run: async ({ actor, tenant }, world) => {
      const gone = await remove(world, "tenant", tenant.name, actor.account.name, world.undoDays);
      return "why" in gone ? conflict(gone.why) : shownDeletion(gone);
    },
  }),
];
