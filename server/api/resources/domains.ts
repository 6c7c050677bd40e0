/** Domains that mail is taken for. */
import { domainToUnicode } from "node:url";
import { z } from "zod";
import { standingsOf } from "../../admin/domain-dns.ts";
import { readDomain } from "../../admin/names.ts";
import { findTenant, giveDomain, mayHaveDomain, remove } from "../../admin/tenancy.ts";
import type { HostedDomain } from "../../store/hosting.ts";
import { Deletion, shownDeletion } from "../deletion.ts";
import { performed, refusal } from "../outcome.ts";
import { theDomain, withinOf } from "../params.ts";
import { conflict, forbidden, notFound, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, Created, list, page, paged, type Route, route } from "../route.ts";

const httpsUrl = z
  .string()
  .max(500)
  .regex(/^https:\/\/[\x21-\x3a\x3c-\x7e]+$/, "An https address, like https://example.org/logo.svg.")
  .nullable();

const settings = {
  catchAll: z
    .string()
    .max(330)
    .nullable()
    .describe(
      "Address that gets what no other address takes; *@example.org: the same address of that domain, of which this one is another name.",
    ),
  subaddressSeparator: z.string().max(4).describe('What separates a user from a detail; "" for no sub-addresses.'),
  relayTo: z
    .string()
    .max(300)
    .nullable()
    .describe(
      "Where mail goes on to: smtp:HOST[:PORT], smtps:…, lmtp:… or (kind relay) mx. Of kind local: mail of those of its people who are not here.",
    ),
  relayRecipients: z.enum(["any", "listed", "callout"]).nullable(),
  maxMessageBytes: z.int().min(1).nullable(),
  mtaSts: z.enum(["enforce", "testing", "none"]),
  mtaStsMx: z.array(z.string().max(255)).max(50).describe("MX hosts besides our own that the policy names."),
  signatureDays: z.int().min(8).nullable().describe("DKIM signatures expire after so many days; null: never."),
  bimiLogo: httpsUrl.describe(
    "Where the picture is that is shown beside its mail (BIMI): an SVG file (SVG Tiny PS); null: none.",
  ),
  bimiEvidence: httpsUrl.describe(
    "Where the certificate about that picture is (VMC or CMC), which some providers ask for; null: none.",
  ),
} as const;

export const Domain = z
  .object({
    name: z.string(),
    inOwnScript: z
      .string()
      .nullable()
      .describe("The name as people write it (bücher.example), where that is another text."),
    kind: z.enum(["local", "relay"]).describe("relay: its mail goes on to another server."),
    tenant: z.string().nullable(),
    ...settings,
  })
  .meta({ id: "Domain" });

const Settings = z.strictObject(settings).partial();
type Settings = z.output<typeof Settings>;

export const shownDomain = (
  { name, kind, settings, tenant }: HostedDomain,
  tenants: ReadonlyMap<number, string>,
): z.input<typeof Domain> => ({
  name,
  inOwnScript: domainToUnicode(name) === name ? null : domainToUnicode(name),
  kind,
  tenant: tenants.get(tenant) ?? null,
  catchAll: settings.catchAll ?? null,
  subaddressSeparator: settings.subaddressSeparator ?? "+",
  relayTo: settings.relayTo ?? null,
  relayRecipients:
    settings.relayRecipients ?? (kind === "relay" ? "any" : settings.relayTo === undefined ? null : "callout"),
  maxMessageBytes: settings.maxMessageBytes ?? null,
  mtaSts: settings.mtaSts ?? "testing",
  mtaStsMx: [...(settings.mtaStsMx ?? [])],
  signatureDays: settings.signatureDays ?? null,
  bimiLogo: settings.bimiLogo ?? null,
  bimiEvidence: settings.bimiEvidence ?? null,
});

async function shownNow(name: string, { store }: ApiWorld): Promise<z.input<typeof Domain> | Problem<"not-found">> {
  const found = (await store.hostedDomains({ kind: "all" }, { limit: 1, domain: name }))[0];
  if (found === undefined) return notFound();
  return shownDomain(found, new Map((await store.tenants()).map(({ id, name }) => [id, name])));
}

/** As the command takes them: nothing is an empty text or 0. */
const asArguments = ({ mtaStsMx, ...given }: Settings) => ({
  ...given,
  ...(given.catchAll === null ? { catchAll: "" } : {}),
  ...(given.relayTo === null ? { relayTo: "" } : {}),
  ...(given.relayRecipients === null ? { relayRecipients: undefined } : {}),
  ...(given.maxMessageBytes === null ? { maxMessageBytes: 0 } : {}),
  ...(given.signatureDays === null ? { signatureDays: 0 } : {}),
  ...(given.bimiLogo === null ? { bimiLogo: "" } : {}),
  ...(given.bimiEvidence === null ? { bimiEvidence: "" } : {}),
  ...(mtaStsMx === undefined ? {} : { mtaStsMx: mtaStsMx.join(",") }),
});

/** Else a tenant could make this server speak to machines of its own network. */
const relayIsForPlatform = "Where mail is relayed to is set by administrators of the platform.";

/** Domains that are looked through for those that DNS knows well or badly. */
const maxLooked = 100_000;

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/domains",
    summary: "Domains, by name.",
    area: "domains",
    who: "domain",
    query: z.object({
      ...page,
      search: z.string().max(200).optional(),
      tenant: z.string().max(200).optional().describe("Only of this tenant."),
      dns: z
        .enum(["good", "works", "broken", "unknown"])
        .optional()
        .describe("Only those whose DNS the server's own check has found so; unknown: not looked at yet, too."),
    }),
    answer: list(Domain),
    refuses: ["not-found"],
    run: async ({ actor, query }, { store }) => {
      const { limit, cursor, search } = query;
      const within = await withinOf(query.tenant, actor, { store });
      if (within === undefined) return notFound("This tenant is not here.");
      const { dns } = query;
      const standings = dns === undefined ? undefined : await standingsOf(store);
      const found = await store.hostedDomains(within, {
        limit: dns === undefined ? limit + 1 : maxLooked,
        after: cursor,
        search,
      });
      const rows =
        standings === undefined
          ? found
          : found.filter(({ name }) => (standings.get(name)?.standing ?? "unknown") === dns).slice(0, limit + 1);
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
    method: "POST",
    path: "/domains",
    summary: "Take mail for a domain. What DNS needs is at /domains/{domain}/dns.",
    area: "domains",
    who: "tenant",
    body: Settings.extend({
      name: z.string().min(3).max(255),
      kind: z.enum(["local", "relay"]).default("local"),
      tenant: z.string().max(100).nullable().optional().describe("Whose it is; for administrators of the platform."),
    }),
    answer: Domain,
    status: 201,
    refuses: ["conflict", "not-found"],
    run: async ({ actor, body, audit }, world) => {
      const { name: typed, kind, tenant: wanted, ...given } = body;
      const name = readDomain(typed);
      if (name === undefined) return wrongField("/name", "This is no domain name. Write it like example.org.");
      let tenant = actor.tenant;
      if (actor.within.kind === "all") {
        const found = wanted === undefined || wanted === null ? undefined : await findTenant(world, wanted);
        if (found === undefined && typeof wanted === "string") return wrongField("/tenant", "There is no such tenant.");
        tenant = found?.id ?? 0;
      } else if (wanted !== undefined)
        return forbidden("Domains that you add belong to your tenant: leave tenant out.");
      if (given.relayTo !== undefined && actor.within.kind !== "all") return forbidden(relayIsForPlatform);
      const full = await mayHaveDomain(world, tenant);
      if (full !== undefined) return refusal(full);
      const relay = kind === "relay" ? true : undefined;
      const answer = await performed(world, "domain add", { name, relay, ...asArguments(given) });
      if (answer instanceof Problem) return answer;
      const refused = await giveDomain(world, name, tenant);
      if (refused !== undefined) return refusal(refused);
      audit.tenant = tenant;
      audit.target = name;
      const shown = await shownNow(name, world);
      return shown instanceof Problem ? shown : new Created(shown, `/domains/${name}`);
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
    run: async ({ domain }, world) => shownNow(domain.name, world),
  }),
  route({
    method: "PATCH",
    path: "/domains/{domain}",
    summary: "Change settings of a domain.",
    area: "domains",
    who: "domain",
    params: { domain: theDomain },
    body: Settings.extend({
      tenant: z.string().max(100).nullable().optional().describe("Give it away; for administrators of the platform."),
    }),
    answer: Domain,
    refuses: ["conflict"],
    run: async ({ actor, domain, body }, world) => {
      const { tenant: wanted, ...given } = body;
      if (wanted !== undefined && actor.within.kind !== "all")
        return forbidden("Domains are given away by administrators of the platform.");
      const relayed = given.relayTo !== undefined && given.relayTo !== (domain.settings.relayTo ?? null);
      if (relayed && actor.within.kind !== "all") return forbidden(relayIsForPlatform);
      if (Object.keys(given).length > 0) {
        const answer = await performed(world, "domain set", { name: domain.name, ...asArguments(given) });
        if (answer instanceof Problem) return answer;
      }
      if (wanted !== undefined) {
        const found = wanted === null ? undefined : await findTenant(world, wanted);
        if (found === undefined && wanted !== null) return wrongField("/tenant", "There is no such tenant.");
        const refused = await giveDomain(world, domain.name, found?.id ?? 0);
        if (refused !== undefined) return refusal(refused);
      }
      return shownNow(domain.name, world);
    },
  }),
  route({
    method: "GET",
    path: "/domains/{domain}/deletion",
    summary: "What would go with a domain.",
    area: "domains",
    who: "tenant",
    params: { domain: theDomain },
    answer: Deletion.shape.takes,
    run: async ({ domain }, { store }) => (await store.deletionTakes("domain", domain.name)) ?? notFound(),
  }),
  route({
    method: "DELETE",
    path: "/domains/{domain}",
    summary: "Delete a domain with its accounts, addresses and mail; it can come back for some days.",
    area: "domains",
    who: "tenant",
    params: { domain: theDomain },
    answer: Deletion,
    refuses: ["conflict"],
    run: async ({ actor, domain }, world) => {
      if (actor.account.name.endsWith(`@${domain.name}`))
        return conflict("You live in this domain: somebody else must delete it.");
      const gone = await remove(world, "domain", domain.name, actor.account.name, world.undoDays);
      return "why" in gone ? conflict(gone.why) : shownDeletion(gone);
    },
  }),
];
