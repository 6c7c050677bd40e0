/** Tenants, their limits and branding, who administers them; the audit log. */
import type { Branding, Tenant, TenantLimits } from "../store/hosting.ts";
import {
  type Arguments,
  type Command,
  command,
  done,
  type Given,
  no,
  type Outcome,
  time,
  type World,
} from "./command.ts";
import { removeByHand } from "./deletion-commands.ts";
import { badDomain, findAccount, noAccount, noDomain, readDomain } from "./names.ts";
import { hostedDomain } from "./people.ts";
import { emptyTenant, findTenant, giveDomain, grant, makeTenant, noTenant } from "./tenancy.ts";

const name = { type: "text", placed: true, required: true, help: "the short name of the tenant, like acme" } as const;
const settings = {
  displayName: { type: "text", help: "its name for people" },
  maxDomains: { type: "number", help: "how many domains it may have; 0: no limit" },
  maxAccounts: { type: "number", help: "how many accounts it may have; 0: no limit" },
  maxStorage: { type: "bytes", help: "the quotas of all its accounts together; none: no limit" },
  defaultQuota: { type: "bytes", help: "what an account gets where nothing is said" },
  productName: { type: "text", help: "branding: what the pages are called" },
  logoUrl: { type: "text", help: "branding: an https URL of a picture" },
  color: { type: "text", help: 'branding: "#rrggbb"' },
  supportEmail: { type: "text", help: "branding: where its people find help" },
  supportUrl: { type: "text", help: "branding: the same as an https URL" },
} as const satisfies Arguments;

/** A limit of 0, or an empty text, is none. */
function changed(before: Tenant["settings"], given: Given<typeof settings>): Tenant["settings"] | Outcome {
  const limits: { -readonly [K in keyof TenantLimits]: TenantLimits[K] } = { ...before.limits };
  const branding: { -readonly [K in keyof Branding]: Branding[K] } = { ...before.branding };
  const amounts = {
    maxDomains: given.maxDomains,
    maxAccounts: given.maxAccounts,
    maxStorageBytes: given.maxStorage,
    defaultQuotaBytes: given.defaultQuota,
  } as const;
  for (const [key, value] of Object.entries(amounts) as [keyof TenantLimits, number | undefined][]) {
    if (value === 0) delete limits[key];
    else if (value !== undefined) limits[key] = value;
  }
  const texts = {
    productName: given.productName,
    logoUrl: given.logoUrl,
    color: given.color,
    supportEmail: given.supportEmail,
    supportUrl: given.supportUrl,
  } as const;
  for (const [key, value] of Object.entries(texts) as [keyof Branding, string | undefined][]) {
    if (value === "") delete branding[key];
    else if (value !== undefined) branding[key] = value;
  }
  if (branding.color !== undefined && !/^#[0-9a-f]{6}$/i.test(branding.color))
    return no('--color must be like "#0a5fb4".');
  for (const key of ["logoUrl", "supportUrl"] as const)
    if (branding[key] !== undefined && URL.parse(branding[key])?.protocol !== "https:")
      return no(`--${key === "logoUrl" ? "logo-url" : "support-url"} must be an https URL.`);
  return { limits, branding };
}

const shown = ({ name, displayName, settings: { limits, branding }, createdAt }: Tenant) => ({
  name,
  displayName,
  ...limits,
  ...branding,
  createdAt: time(createdAt),
});

async function administrators(world: World, tenant: number | undefined) {
  const rows = await world.store.grants({});
  const tenants = new Map((await world.store.tenants()).map(({ id, name }) => [String(id), name]));
  const found: { account: string; tenant?: string; domain?: string }[] = [];
  for (const { account, kind, object } of rows) {
    if (tenant !== undefined && !(kind === "tenant" && object === String(tenant))) continue;
    const name = (await world.store.accounts({ id: account }))[0]?.name;
    if (name === undefined) continue;
    found.push({
      account: name,
      ...(kind === "tenant" ? { tenant: tenants.get(object) ?? object } : { domain: object }),
    });
  }
  return found;
}

const granting = (verb: "add" | "remove", help: string): Command =>
  command(
    `administrator ${verb}`,
    help,
    {
      account: { type: "text", placed: true, required: true, help: "the account's address" },
      tenant: { type: "text", help: "of this tenant" },
      domain: { type: "text", help: "of this domain" },
    },
    async ({ account: typed, tenant, domain }, world) => {
      const account = await findAccount(world.store, typed);
      if (account === undefined) return noAccount(typed);
      if ((tenant === undefined) === (domain === undefined)) return no("Say of what: --tenant NAME or --domain NAME.");
      const home = await hostedDomain(world, account.name.slice(account.name.lastIndexOf("@") + 1));
      const hosted = { ...account, domain: home?.name ?? "", tenant: home?.tenant ?? 0 };
      const found = tenant === undefined ? undefined : await findTenant(world, tenant);
      if (tenant !== undefined && found === undefined) return noTenant(tenant);
      const what = found === undefined ? { domain: readDomain(domain ?? "") ?? "" } : { tenant: found.id };
      const answer = await grant(world, hosted, what, verb === "add");
      if ("why" in answer) return answer;
      return done({ account: account.name, ...(tenant === undefined ? { domain } : { tenant }) });
    },
  );

export const tenantCommands: readonly Command[] = [
  command(
    "tenant add",
    "Make a tenant: somebody who owns domains here.",
    { name, ...settings },
    async (given, world) => {
      const made = changed(emptyTenant, given);
      if ("kind" in made) return made;
      const tenant = await makeTenant(world, given.name, given.displayName ?? given.name, made);
      return "why" in tenant ? tenant : done(shown(tenant));
    },
  ),
  command("tenant list", "All tenants.", {}, async (_, { store }) => done((await store.tenants()).map(shown))),
  command("tenant show", "One tenant, with what it has and who administers it.", { name }, async ({ name }, world) => {
    const tenant = await findTenant(world, name);
    if (tenant === undefined) return noTenant(name);
    const within = { kind: "tenant", tenant: tenant.id } as const;
    const domains = await world.store.hostedDomains(within, { limit: 1000 });
    return done({
      ...shown(tenant),
      has: await world.store.hostedCounts(within),
      domains: domains.map((one) => one.name),
      administrators: (await administrators(world, tenant.id)).map(({ account }) => account),
    });
  }),
  command("tenant set", "Change limits and branding of a tenant.", { name, ...settings }, async (given, world) => {
    const tenant = await findTenant(world, given.name);
    if (tenant === undefined) return noTenant(given.name);
    const made = changed(tenant.settings, given);
    if ("kind" in made) return made;
    const { displayName } = given;
    await world.store.updateTenant(tenant.id, {
      settings: made,
      ...(displayName === undefined ? {} : { displayName }),
    });
    return done(shown({ ...tenant, displayName: displayName ?? tenant.displayName, settings: made }));
  }),
  command(
    "tenant remove",
    "Remove a tenant with its domains, accounts and mail; for some days it can come back (angarium deletion undo).",
    { name, yes: { type: "flag", help: "really" }, forever: { type: "flag", help: "at once and for ever" } },
    async ({ name, ...given }, world) => removeByHand(world, "tenant", name, given),
  ),
  command(
    "domain give",
    "Give a domain, with its accounts, to a tenant.",
    {
      domain: { type: "text", placed: true, required: true, help: "the domain" },
      tenant: { type: "text", placed: true, required: true, help: "the tenant; none: the platform itself" },
    },
    async ({ domain: typed, tenant: name }, world) => {
      const domain = readDomain(typed);
      if (domain === undefined) return badDomain(typed);
      if ((await hostedDomain(world, domain)) === undefined) return noDomain(domain);
      const tenant = name === "none" ? undefined : await findTenant(world, name);
      if (name !== "none" && tenant === undefined) return noTenant(name);
      return (await giveDomain(world, domain, tenant?.id ?? 0)) ?? done({ domain, tenant: name });
    },
  ),
  granting("add", "Let an account administer its tenant, or a domain of it."),
  granting("remove", "Let an account administer a tenant or a domain no more."),
  command(
    "administrator list",
    "Who administers what, besides the accounts with the role admin.",
    {},
    async (_, world) => done(await administrators(world, undefined)),
  ),
  command(
    "audit list",
    "What administrators did, by the API and by the command line, the newest first.",
    {
      limit: { type: "number", help: "how many at most, 100 by default" },
      before: { type: "number", help: "continue before this entry" },
      actor: { type: "text", help: "only what this account did" },
      target: { type: "text", help: "only what was done to things with this in their names" },
      tenant: { type: "text", help: "only what concerns this tenant" },
    },
    async ({ limit, before, actor, target, tenant: name }, world) => {
      const tenant = name === undefined ? undefined : await findTenant(world, name);
      if (name !== undefined && tenant === undefined) return noTenant(name);
      const within =
        tenant === undefined ? ({ kind: "all" } as const) : ({ kind: "tenant", tenant: tenant.id } as const);
      const rows = await world.store.audit(within, { limit: Math.min(limit ?? 100, 10_000), before, actor, target });
      return done(
        rows.map(({ at, tenant: _, ...row }) => ({ ...row, at: time(at), detail: JSON.stringify(row.detail) })),
      );
    },
  ),
];
