import type { StsMode } from "../../protocol/policy/mta-sts.ts";
import { parseTarget } from "../send/route.ts";
import { ensureDkimKeys } from "../sign/dkim-keys.ts";
import type { Domain, DomainSettings } from "../store/store.ts";
import { type Arguments, type Command, command, done, type Given, no, type Outcome } from "./command.ts";
import { removeByHand } from "./deletion-commands.ts";
import { type DnsRecord, zoneText } from "./dns-records.ts";
import { wantedOf } from "./domain-dns.ts";
import { badDomain, findDomain, noDomain, readAddress, readDomain } from "./names.ts";
import { render } from "./render.ts";

const name = { type: "text", placed: true, required: true, help: "the domain, like example.org" } as const;
const settings = {
  catchAll: {
    type: "text",
    help: 'address that gets what no other address takes, or *@example.org: the same address of that domain, of which this one is another name; "" for none',
  },
  subaddressSeparator: {
    type: "text",
    help: 'what separates a user from a detail, "+" by default; "" for no sub-addresses',
  },
  relayTo: {
    type: "text",
    help: 'relay domains: mx, smtp:HOST[:PORT], smtps:HOST[:PORT] or lmtp:HOST[:PORT]; of a domain of our own: the server that has those of its people who are not here (split delivery); "" for none',
  },
  relayRecipients: {
    type: "text",
    choices: ["any", "listed", "callout"],
    help: "who is a recipient there (any, listed in relay domains, or callout: what the next server says)",
  },
  maxMessageBytes: { type: "bytes", help: "largest message taken for this domain" },
  mtaSts: {
    type: "text",
    choices: ["enforce", "testing", "none"],
    help: "mode of the MTA-STS policy served for it; testing by default",
  },
  mtaStsMx: { type: "text", help: 'MX hosts besides this one that the policy names, with commas; "" for none' },
  signatureDays: {
    type: "number",
    help: "DKIM signatures expire after so many days (8 or more: mail may wait in queues); 0: never",
  },
  bimiLogo: {
    type: "text",
    help: 'https address of the picture shown beside its mail (BIMI, SVG Tiny PS); "" for none',
  },
  bimiEvidence: { type: "text", help: 'https address of the certificate about that picture (VMC, CMC); "" for none' },
} as const satisfies Arguments;

/** The settings with the given changes, or a sentence about a change that cannot be. */
function changed(
  before: DomainSettings,
  kind: Domain["kind"],
  given: Omit<Given<typeof settings>, never>,
): { readonly settings: DomainSettings } | Outcome {
  const { catchAll, subaddressSeparator, relayTo, relayRecipients, maxMessageBytes, signatureDays, mtaSts, mtaStsMx } =
    given;
  const after: { -readonly [K in keyof DomainSettings]: DomainSettings[K] } = { ...before };
  if (catchAll === "") delete after.catchAll;
  else if (catchAll !== undefined) {
    if (readAddress(catchAll) === undefined) return no(`--catch-all "${catchAll}" is no address.`);
    after.catchAll = catchAll;
  }
  if (subaddressSeparator !== undefined) {
    if (!/^[!#$%&'*+\-/=?^_`{|}~.]{0,4}$/.test(subaddressSeparator)) {
      return no("--subaddress-separator can be up to four of the signs + - _ = . and their like.");
    }
    after.subaddressSeparator = subaddressSeparator;
  }
  if (relayTo === "") {
    delete after.relayTo;
    if (kind === "local") delete after.relayRecipients;
  }
  if (relayTo !== undefined && relayTo !== "") {
    if (parseTarget(relayTo) === undefined)
      return no(`--relay-to "${relayTo}" is no route. Write smtp:mail.example.org:25 or the like.`);
    if (kind === "local" && !/^(?:smtps?|lmtp):/.test(relayTo))
      return no("--relay-to of a domain of our own names the other server: smtp:mail.example.org:25 or the like.");
    after.relayTo = relayTo;
  }
  if (kind === "local" && relayRecipients === "listed")
    return no("--relay-recipients listed is for relay domains: here it is any, or callout (the default).");
  if (kind === "local" && relayRecipients !== undefined && after.relayTo === undefined)
    return no("--relay-recipients wants a --relay-to: the server that has the people who are not here.");
  if (kind === "local" && after.relayTo !== undefined && after.catchAll !== undefined)
    return no(
      "With --relay-to the other server gets what no address here takes, and with --catch-all an address here does: only one of them can be. A catch-all that is to be for both servers stands on the other one.",
    );
  if (relayRecipients !== undefined)
    after.relayRecipients = relayRecipients as NonNullable<DomainSettings["relayRecipients"]>;
  if (mtaSts !== undefined) after.mtaSts = mtaSts as StsMode;
  if (mtaStsMx !== undefined) {
    const hosts = mtaStsMx.split(",").filter((host) => host !== "");
    const wrong = hosts.find((host) => readDomain(host.replace(/^\*\./, "")) === undefined);
    if (wrong !== undefined) return no(`--mta-sts-mx "${wrong}" is no host name.`);
    after.mtaStsMx = hosts;
  }
  if (maxMessageBytes === 0) delete after.maxMessageBytes;
  else if (maxMessageBytes !== undefined) after.maxMessageBytes = maxMessageBytes;
  if (signatureDays === 0) delete after.signatureDays;
  else if (signatureDays !== undefined) {
    if (!Number.isInteger(signatureDays) || signatureDays < 8)
      return no("--signature-days must be 8 or more: mail may wait in queues for days. 0 is no expiry.");
    after.signatureDays = signatureDays;
  }
  for (const key of ["bimiLogo", "bimiEvidence"] as const) {
    const url = given[key];
    if (url === "") delete after[key];
    else if (url !== undefined) {
      // It stands in a TXT record, where a semicolon ends it.
      if (URL.parse(url)?.protocol !== "https:" || !/^[\x21-\x3a\x3c-\x7e]{1,500}$/.test(url))
        return no(
          `--${key === "bimiLogo" ? "bimi-logo" : "bimi-evidence"} must be an https address, like https://example.org/logo.svg.`,
        );
      after[key] = url;
    }
  }
  return { settings: after };
}

/** Lists, keys and members are kept by the names of their domains: another of the name would find them. */
export const domainCanComeBack = (domain: string): string =>
  `The domain ${domain} was deleted and can come back: bring it back, or remove it for ever, first (angarium deletion list).`;

export const domainCommands: readonly Command[] = [
  command(
    "domain add",
    "Take mail for a domain: its own people's, or (with --relay) another server's.",
    { name, relay: { type: "flag", help: "mail for it is passed on to another server" }, ...settings },
    async ({ name, relay, ...given }, world) => {
      const { store, now } = world;
      const domain = readDomain(name);
      if (domain === undefined) return badDomain(name);
      if ((await findDomain(store, domain)) !== undefined)
        return no(`The domain ${domain} is here already. Change it: angarium domain set ${domain}`);
      const kind = relay ? "relay" : "local";
      const made = changed({}, kind, given);
      if ("kind" in made) return made;
      const added: Domain = { name: domain, kind, settings: made.settings };
      if ((await store.putDomain(added)) === "deleted") return no(domainCanComeBack(domain));
      if (kind === "local") await ensureDkimKeys(store, domain, now());
      return done({
        name: domain,
        kind,
        ...made.settings,
        dns: await wantedOf(world, added),
      });
    },
    ({ dns, ...added }: { readonly dns: readonly DnsRecord[] }) =>
      `${render(added)}\n\nDNS records to publish:\n${zoneText(dns)}`,
  ),
  command("domain list", "All domains.", {}, async (_, { store }) =>
    done((await store.domains()).map(({ name, kind, settings }) => ({ name, kind, ...settings }))),
  ),
  command(
    "domain set",
    "Change settings of a domain.",
    { name, ...settings },
    async ({ name, ...given }, { store }) => {
      const domain = readDomain(name);
      if (domain === undefined) return badDomain(name);
      const before = await findDomain(store, domain);
      if (before === undefined) return noDomain(domain);
      const made = changed(before.settings, before.kind, given);
      if ("kind" in made) return made;
      await store.putDomain({ ...before, settings: made.settings });
      return done({ name: domain, kind: before.kind, ...made.settings });
    },
  ),
  command(
    "domain remove",
    "Take no more mail for a domain; for some days it can come back, with its accounts and aliases (angarium deletion undo).",
    {
      name,
      yes: { type: "flag", help: "really, with its accounts and aliases" },
      forever: { type: "flag", help: "at once and for ever" },
    },
    async ({ name, ...given }, world) => {
      const domain = readDomain(name);
      if (domain === undefined) return badDomain(name);
      if ((await findDomain(world.store, domain)) === undefined) return noDomain(domain);
      return removeByHand(world, "domain", domain, given);
    },
  ),
];
