/** Which tenants of sending (docs/sending.md) are an actor's. */
import { z } from "zod";
import { type Actor, atLeast } from "./actor.ts";
import { forbidden, notFound, Problem } from "./problem.ts";
import type { ApiWorld } from "./route.ts";

const maxDomains = 10_000;

const domainOf = (account: string): string => account.slice(account.lastIndexOf("@") + 1);

/**
 * Whose mail an account sends: the tenant of sending that its domain is given to, or else the hosting tenant by its short name, or else its
 * domain by itself.
 */
export async function tenantOf(actor: Actor, { store, sending }: ApiWorld): Promise<string> {
  const domain = domainOf(actor.account.name);
  const given = sending?.model().domain.get(domain)?.tenant ?? "";
  if (given !== "") return given;
  const hosted = actor.tenant === 0 ? undefined : (await store.tenants()).find(({ id }) => id === actor.tenant);
  return hosted?.name ?? domain;
}

/** All tenants whose suppressions, events and webhooks somebody may see; undefined: everybody's. */
export async function tenantsOf(actor: Actor, world: ApiWorld): Promise<ReadonlySet<string> | undefined> {
  if (actor.within.kind === "all") return undefined;
  const { store, sending } = world;
  const names = new Set<string>();
  const domains = await store.hostedDomains(actor.within, { limit: maxDomains });
  const tenants = new Map((await store.tenants()).map(({ id, name }) => [id, name]));
  if (actor.within.kind === "tenant") {
    const own = tenants.get(actor.within.tenant);
    if (own !== undefined) names.add(own);
  }
  for (const { name, tenant } of domains) {
    const given = sending?.model().domain.get(name)?.tenant ?? "";
    // Who administers single domains of a tenant does not administer the tenant.
    if (given === "" && tenant === 0) names.add(name);
    else if (given !== "" && atLeast(actor.role, "tenant")) names.add(given);
  }
  return names;
}

export const tenantName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/)
  .describe("Whose; your own where it is left out.");

/** The tenant that a request is about: the one named, or the actor's own; 404 where it is not theirs. */
export async function askedTenant(
  named: string | undefined,
  actor: Actor,
  world: ApiWorld,
): Promise<string | Problem<"forbidden" | "not-found">> {
  const theirs = await tenantsOf(actor, world);
  const own = named ?? (await tenantOf(actor, world));
  if (theirs === undefined || theirs.has(own)) return own;
  const [first] = theirs;
  if (named !== undefined) return notFound("There is no such tenant, or it is not yours.");
  return first ?? forbidden("This is for administrators of the tenant.");
}

/** Answers 503 where sending at volume is off. */
export const sendingIsOff = (): Problem<"sending-off"> =>
  new Problem("sending-off", "Sending at volume is switched off: set [sending] enabled.");
