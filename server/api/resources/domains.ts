/** Domains that mail is taken for. */
import { z } from "zod";
import type { HostedDomain } from "../../store/hosting.ts";
import { theDomain } from "../params.ts";
import { list, page, paged, type Route, route } from "../route.ts";

export const Domain = z
  .object({
    name: z.string(),
    kind: z.enum(["local", "relay"]).describe("relay: its mail goes on to another server."),
    tenant: z.string().nullable(),
    catchAll: z.string().nullable().describe("Address that gets what no other address takes."),
    subaddressSeparator: z.string(),
    relayTo: z.string().nullable(),
    relayRecipients: z.enum(["any", "listed", "callout"]).nullable(),
    maxMessageBytes: z.int().nullable(),
    mtaSts: z.enum(["enforce", "testing", "none"]),
    mtaStsMx: z.array(z.string()),
    signatureDays: z.int().nullable(),
  })
  .meta({ id: "Domain" });

export const shownDomain = (
  { name, kind, settings, tenant }: HostedDomain,
  tenants: ReadonlyMap<number, string>,
): z.input<typeof Domain> => ({
  name,
  kind,
  tenant: tenants.get(tenant) ?? null,
  catchAll: settings.catchAll ?? null,
  subaddressSeparator: settings.subaddressSeparator ?? "+",
  relayTo: settings.relayTo ?? null,
  relayRecipients: settings.relayRecipients ?? (kind === "relay" ? "any" : null),
  maxMessageBytes: settings.maxMessageBytes ?? null,
  mtaSts: settings.mtaSts ?? "testing",
  mtaStsMx: [...(settings.mtaStsMx ?? [])],
  signatureDays: settings.signatureDays ?? null,
});

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/domains",
    summary: "Domains, by name.",
    area: "domains",
    who: "domain",
    query: z.object({ ...page, search: z.string().max(200).optional() }),
    answer: list(Domain),
    run: async ({ actor, query }, { store }) => {
      const { limit, cursor, search } = query;
      const rows = await store.hostedDomains(actor.within, { limit: limit + 1, after: cursor, search });
      const tenants = new Map((await store.tenants()).map(({ id, name }) => [id, name]));
      return paged(
        rows,
        limit,
        ({ name }) => name,
        (row) => shownDomain(row, tenants),
      );
    },
  }),
  route({
    method: "GET",
    path: "/domains/{domain}",
    summary: "One domain.",
    area: "domains",
    who: "domain",
    params: { domain: theDomain },
    answer: Domain,
    run: async ({ domain }, { store }) =>
      shownDomain(domain, new Map((await store.tenants()).map(({ id, name }) => [id, name]))),
  }),
];
