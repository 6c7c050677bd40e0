/** Aliases of every kind, as paths name them: found only by those who administer their domain, or whose they are. */
import { z } from "zod";
import { readAddress } from "../admin/names.ts";
import type { Address } from "../store/store.ts";
import type { Actor } from "./actor.ts";
import { domainOf } from "./params.ts";
import { notFound } from "./problem.ts";
import { type ApiWorld, type Param, page, paged } from "./route.ts";

export type HostedAlias = Address & { readonly tenant: number };
export const addressText = z.string().min(3).max(330).describe("An address: info@example.org.");
export const addressOf = (row: Address): string => `${row.local}@${row.domain}`;

/** An alias of this kind; undefined: a plain one. A masked one is also its owner's. */
export const theAlias = (kind: "group" | "masked" | undefined): Param<HostedAlias> => ({
  schema: addressText,
  find: async (text, actor, world) => {
    const read = readAddress(text);
    const row = read === undefined ? undefined : (await world.store.addresses(read))[0];
    if (row?.kind !== "alias" || row.about?.kind !== kind) return undefined;
    const domain = await domainOf(row.domain, actor, world);
    if (domain !== undefined) return { ...row, tenant: domain.tenant };
    const own = row.about?.kind === "masked" && row.about.owner === actor.account.id;
    return own ? { ...row, tenant: actor.tenant } : undefined;
  },
});

/** Where the next page begins, as the store orders addresses. */
export const placeOf = (row: Address): string => `${row.domain} ${row.local}`;

/** What a list of such addresses may be asked for. */
export const addressQuery = z.object({
  ...page,
  domain: z.string().optional(),
  search: z.string().max(200).optional(),
});

/** A page of the addresses of one kind in the domains of this actor. */
export async function addressPage(
  query: z.output<typeof addressQuery>,
  actor: Actor,
  world: ApiWorld,
  sort: "alias" | "group" | "list",
) {
  const domain = query.domain === undefined ? undefined : await domainOf(query.domain, actor, world);
  if (query.domain !== undefined && domain === undefined) return notFound("This domain is not here.");
  const { limit, cursor, search } = query;
  const rows = await world.store.hostedAddresses(actor.within, {
    limit: limit + 1,
    after: cursor,
    search,
    domain: domain?.name,
    sort,
  });
  return paged(rows, limit, placeOf, (row) => row);
}

/** Whether an address that is typed lies in a domain of this actor's. */
export async function inDomains(text: string, actor: Actor, world: ApiWorld) {
  const read = readAddress(text);
  return read === undefined ? undefined : domainOf(read.domain, actor, world);
}
