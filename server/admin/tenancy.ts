/** Tenants, who administers what, and deletions that can be undone, for the command line and the API alike. */
import type { Deletion, DeletionKind, Grant, HostedAccount, Takes, Tenant, TenantSettings } from "../store/hosting.ts";
import { no, type Refused, time, type World } from "./command.ts";
import { hostedDomain, tenantOf } from "./people.ts";

const nameForm = /^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/;
export const emptyTenant: TenantSettings = { limits: {}, branding: {} };
const dayMs = 86_400_000;
export const defaultUndoDays = 30;

export async function findTenant(world: Pick<World, "store">, name: string): Promise<Tenant | undefined> {
  return (await world.store.tenants()).find((tenant) => tenant.name === name);
}
export const noTenant = (name: string): Refused =>
  no(`There is no tenant ${name}. See them all: angarium tenant list`, "tenant");

export async function makeTenant(
  world: Pick<World, "store" | "now">,
  name: string,
  displayName: string,
  settings: TenantSettings,
): Promise<Tenant | Refused> {
  if (!nameForm.test(name))
    return no("The name of a tenant has up to 50 small letters, digits and hyphens, like acme-inc.", "name");
  const made = await world.store.createTenant({ name, displayName, settings }, world.now());
  if (made.kind === "done") return made.tenant;
  return made.kind === "exists"
    ? no(`There is a tenant ${name} already, or one of this name was deleted and can come back.`, "name")
    : no("There are as many tenants as this server takes.");
}

/** Whether the tenant may have one more domain. */
export async function mayHaveDomain(world: Pick<World, "store">, tenantId: number): Promise<Refused | undefined> {
  const tenant = await tenantOf(world, tenantId);
  const most = tenant?.settings.limits.maxDomains;
  if (tenant === undefined || most === undefined) return undefined;
  const { domains } = await world.store.hostedCounts({ kind: "tenant", tenant: tenantId });
  return domains < most ? undefined : no(`The tenant ${tenant.name} may have ${most} domains and has them.`);
}

/** Gives a domain to a tenant (0: the platform). */
export async function giveDomain(
  world: Pick<World, "store">,
  name: string,
  tenantId: number,
): Promise<Refused | undefined> {
  const before = await hostedDomain(world, name);
  if (before?.tenant === tenantId) return undefined;
  const refused = await mayHaveDomain(world, tenantId);
  if (refused !== undefined) return refused;
  const answer = await world.store.giveDomain(name, tenantId);
  return answer === "done"
    ? undefined
    : no(answer === "missing" ? `The domain ${name} is not here.` : "There is no such tenant.");
}

/** Lets an account administer its tenant, or a domain of it. Whoever administers lives within what they administer. */
export async function grant(
  world: Pick<World, "store">,
  account: HostedAccount,
  what: { readonly tenant: number } | { readonly domain: string },
  granted: boolean,
): Promise<Grant | Refused> {
  if ("tenant" in what) {
    const made: Grant = { account: account.id, kind: "tenant", object: String(what.tenant) };
    if (granted && (what.tenant === 0 || account.tenant !== what.tenant))
      return no(`${account.name} lives in no domain of this tenant: administrators of a tenant do.`, "account");
    await world.store.putGrant(made, granted);
    return made;
  }
  const domain = await hostedDomain(world, what.domain);
  if (granted && (domain === undefined || domain.tenant !== account.tenant))
    return no(`${account.name} does not belong to the tenant of ${what.domain}.`, "account");
  const made: Grant = { account: account.id, kind: "domain", object: what.domain };
  await world.store.putGrant(made, granted);
  return made;
}

// ---------------------------------------------------------------- deletions

const words: { readonly [K in DeletionKind]: string } = { tenant: "tenant", domain: "domain", account: "account" };

/** What goes with it, in words: "3 accounts with 120 messages (1.2 GB), 5 addresses". */
export function takesInWords(takes: Takes): string {
  const parts: string[] = [];
  const say = (count: number, one: string, many: string): void => {
    if (count > 0) parts.push(`${count} ${count === 1 ? one : many}`);
  };
  say(takes.domains, "domain", "domains");
  say(takes.accounts, "account", "accounts");
  say(takes.addresses, "address", "addresses");
  say(takes.messages, "message", "messages");
  return parts.length === 0 ? "nothing else" : `${parts.join(", ")} (${takes.bytes} bytes)`;
}

/** Deletes; until `undoDays` are over it can come back. */
export async function remove(
  world: Pick<World, "store" | "now">,
  kind: DeletionKind,
  name: string,
  by: string,
  undoDays: number,
): Promise<Deletion | Refused> {
  const now = world.now();
  const answer = await world.store.softDelete(kind, name, by, now, now + undoDays * dayMs);
  switch (answer.kind) {
    case "done":
      return answer.deletion;
    case "missing":
      return no(`There is no ${words[kind]} ${name}.`);
    case "last-administrator":
      return no(`With ${name} the last administrator would go. Make another first: angarium account role NAME admin`);
    default:
      return answer satisfies never;
  }
}

/** Removes for ever what was deleted. */
export async function purge(world: Pick<World, "store">, id: number): Promise<"done" | "missing"> {
  for (;;) {
    const answer = await world.store.purge(id);
    if (answer !== "more") return answer;
  }
}

export async function bringBack(world: Pick<World, "store">, id: number): Promise<Refused | undefined> {
  const answer = await world.store.undelete(id);
  if (answer === "done") return undefined;
  if (answer === "missing")
    return no(`There is no deletion ${id} that can be undone. See them: angarium deletion list`);
  if ("noDomain" in answer)
    return no(`It cannot come back: the domain ${answer.noDomain} is not there. Bring that back, or add it, first.`);
  return no(`It cannot come back: there is another ${answer.taken} now. Remove or rename that first.`);
}

export const shownDeletion = ({ id, kind, name, takes, by, at, purgeAt }: Deletion) => ({
  id,
  kind,
  name,
  takes,
  by,
  at: time(at) as string,
  purgeAt: time(purgeAt) as string,
});
