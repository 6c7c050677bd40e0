/** Things that paths name. Each is found only for those who may see it. */
import { z } from "zod";
import { findAccount, readDomain } from "../admin/names.ts";
import type { HostedAccount, HostedDomain, Tenant, Within } from "../store/hosting.ts";
import { type Actor, atLeast } from "./actor.ts";
import { forbidden } from "./problem.ts";
import type { ApiWorld, Param } from "./route.ts";

const domainName = z.string().min(1).max(255).describe("A domain: example.org.");
const accountName = z.string().min(1).max(330).describe("The address of an account, or its number, or me.");

/** The domain, where it is within what the actor administers. */
export async function domainOf(text: string, actor: Actor, world: ApiWorld): Promise<HostedDomain | undefined> {
  const name = readDomain(text);
  if (name === undefined) return undefined;
  return (await world.store.hostedDomains(actor.within, { limit: 1, domain: name }))[0];
}

export const theDomain: Param<HostedDomain> = { schema: domainName, find: domainOf };

/** The account with its tenant, where the actor administers it or is it. */
export async function accountOf(text: string, actor: Actor, world: ApiWorld): Promise<HostedAccount | undefined> {
  const { store } = world;
  const account =
    // Who asks is known from memory; how much is stored is not.
    text === "me"
      ? (await store.accounts({ id: actor.account.id }))[0]
      : /^\d{1,15}$/.test(text)
        ? (await store.accounts({ id: Number(text) }))[0]
        : await findAccount(store, text);
  if (account === undefined) return undefined;
  const domain = account.name.slice(account.name.lastIndexOf("@") + 1);
  const own = account.id === actor.account.id;
  const home = (await store.hostedDomains(own ? { kind: "all" } : actor.within, { limit: 1, domain }))[0];
  return home === undefined ? undefined : { ...account, domain, tenant: home.tenant };
}

/** An account that is read, or, by somebody who may do as much as its owner, changed. */
export const theAccount: Param<HostedAccount> = {
  schema: accountName,
  find: async (text, actor, world, writing) => {
    const account = await accountOf(text, actor, world);
    if (account === undefined || !writing || account.id === actor.account.id) return account;
    const standing = await world.standings.of(account);
    return atLeast(actor.role, standing.role)
      ? account
      : forbidden(`${account.name} administers more than you do: ask an administrator of the ${standing.role}.`);
  },
};

export const theTenant: Param<Tenant & { readonly tenant: number }> = {
  schema: z.string().min(1).max(100).describe("The short name of a tenant."),
  find: async (text, actor, world) => {
    const found = (await world.store.tenants()).find(({ name }) => name === text);
    if (found === undefined) return undefined;
    const theirs = actor.within.kind === "all" || (actor.within.kind === "tenant" && actor.within.tenant === found.id);
    return theirs ? { ...found, tenant: found.id } : undefined;
  },
};

/** What of a list this actor sees: all that is theirs, or of one tenant; undefined where there is none of this name for them. */
export async function withinOf(
  name: string | undefined,
  actor: Actor,
  { store }: Pick<ApiWorld, "store">,
): Promise<Within | undefined> {
  if (name === undefined) return actor.within;
  const tenant = (await store.tenants()).find((one) => one.name === name);
  if (tenant === undefined) return undefined;
  if (actor.within.kind === "all") return { kind: "tenant", tenant: tenant.id };
  return actor.tenant === tenant.id ? actor.within : undefined;
}
