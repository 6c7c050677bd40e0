/** Looks at what receivers ask of a sending domain: DNS, our addresses, what was measured, and the last self-test. */
import type { SpfResult } from "../../protocol/authentication/results.ts";
import { parseKey } from "../../protocol/dkim/key.ts";
import { walk } from "../../protocol/dmarc/walk.ts";
import { checkSpf } from "../../protocol/spf/check.ts";
import { isSpf } from "../../protocol/spf/record.ts";
import { checkIprev } from "../judge/authenticate/iprev.ts";
import { questionsOf } from "../judge/authenticate/questions.ts";
import { suffixOf } from "../judge/authenticate/suffix.ts";
import type { Answer, Resolver } from "../net/resolver.ts";
import type { DkimKey } from "../sign/dkim-keys.ts";
import { complaintsFinding, type Finding, type Requirement, type RequirementId, requirements } from "./requirement.ts";
import type { SelfTest } from "./self-test.ts";

export type Looked = {
  readonly domain: string;
  /** Where bounces come back: MAIL FROM. */
  readonly returnPath: string;
  /** The name that its MX record should have. */
  readonly ourHost: string;
  /** Our addresses that send its mail, each with its name in EHLO. */
  readonly egress: readonly { readonly address: string; readonly ehlo: string }[];
  readonly keys: readonly Pick<DkimKey, "selector" | "algorithm" | "record" | "state">[];
  readonly outboundTls: boolean;
  readonly week: { readonly delivered: number; readonly complaints: number };
  readonly reported: { readonly rate: number; readonly day: string } | undefined;
  /** Undefined: nobody looks. By address or domain, the lists that name it. */
  readonly listed: ReadonlyMap<string, readonly string[]> | undefined;
  readonly tested: SelfTest | undefined;
  /** Whether somebody reads these. */
  readonly reads: (local: string) => Promise<boolean>;
  readonly now: number;
};

/** Of one look, and for all of it. */
const bounds = { maxQuestions: 400, timeoutMs: 20_000 };

const recordsOf = <T>(answer: Answer<T>): readonly T[] => (answer.kind === "found" ? answer.records : []);
const unmeasured = (says: string, fix?: string): Finding => ({
  standing: "not-measured",
  says,
  ...(fix === undefined ? {} : { fix }),
});
const silent = (name: string): Finding => unmeasured(`DNS did not answer about ${name}.`, "Look again.");

export async function lookAt(about: Looked, resolver: Resolver): Promise<readonly Requirement[]> {
  const dns = questionsOf(resolver.fresh ?? resolver, bounds);
  try {
    const [spf, dkim, dmarc] = await Promise.all([spfOf(about, dns), dkimOf(about, dns), dmarcOf(about, dns)]);
    const found: { readonly [id in RequirementId]: Finding } = {
      spf,
      dkim,
      dmarc: dmarc.finding,
      aligned: alignedOf(about, dmarc.organization, spf, dkim),
      ptr: await ptrOf(about, dns),
      tls: tlsOf(about),
      unsubscribe: unsubscribeOf(about),
      complaints: complaintsFinding(about.week, about.reported),
      format: formatOf(about),
      "return-path": await returnsOf(about, dns),
      replies: await repliesOf(about, dns),
      blocklists: listedOf(about),
      "transport-policy": await policyOf(about, dns),
      postmaster: await postmasterOf(about),
    };
    return requirements.map((one) => ({ ...one, ...found[one.id] }));
  } finally {
    dns.done();
  }
}

const noAddresses = unmeasured(
  "The addresses that we send from are not known.",
  "Name them: angarium source add NAME --address ADDRESS --ehlo NAME, or give the server's name an address.",
);

async function spfOf({ returnPath, egress, now }: Looked, dns: Resolver): Promise<Finding> {
  if (egress.length === 0) return noAddresses;
  const txt = await dns.txt(returnPath);
  if (txt.kind === "trouble") return silent(returnPath);
  const value = `v=spf1 ${egress.map(({ address }) => `${address.includes(":") ? "ip6" : "ip4"}:${address}`).join(" ")} ~all`;
  const record = { name: returnPath, type: "TXT", value } as const;
  const there = recordsOf(txt).filter(isSpf);
  if (there.length === 0)
    return { standing: "fail", says: `${returnPath}, where bounces come back, has no SPF record.`, record };
  if (there.length > 1)
    return { standing: "fail", says: `${returnPath} has ${there.length} SPF records, so none counts.`, record };
  const results = await Promise.all(
    egress.map(({ address, ehlo }) =>
      checkSpf({ address, helo: ehlo, envelopeFrom: `bounce@${returnPath}`, ourHost: ehlo, now }, dns),
    ),
  );
  const bad = results.flatMap((result: SpfResult, index) =>
    result.result === "pass" ? [] : [`${egress[index]!.address}: ${result.result}`],
  );
  if (bad.length === 0)
    return {
      standing: "pass",
      says: `"${there[0]}" at ${returnPath} lets ${egress.length === 1 ? "our address" : `all ${egress.length} addresses of ours`} send.`,
    };
  if (results.some(({ result }) => result === "temperror")) return silent(returnPath);
  return { standing: "fail", says: `"${there[0]}" at ${returnPath} does not let us send (${bad.join(", ")}).`, record };
}

/** RFC 8301 §3.2. */
const goodRsaBits = 2048;

async function dkimOf({ domain, keys }: Looked, dns: Resolver): Promise<Finding> {
  const used = keys.filter(({ state }) => state === "used" || state === "seen" || state === "publish");
  if (used.length === 0)
    return {
      standing: "fail",
      says: `${domain} has no DKIM keys here.`,
      fix: `Make it a domain of this server, which makes its keys: angarium domain add ${domain}`,
    };
  const seen = await Promise.all(
    used.map(async (key) => ({ key, answer: await dns.txt(`${key.selector}._domainkey.${domain}`) })),
  );
  const plain = (text: string): string => text.replaceAll(/\s/g, "");
  const published = seen.filter(({ key, answer }) =>
    recordsOf(answer).some((text) => plain(text) === plain(key.record)),
  );
  const rsa = published.find(({ key }) => key.algorithm === "rsa-sha256");
  if (rsa !== undefined) {
    const key = parseKey(rsa.key.record);
    const bits = typeof key === "string" ? 0 : key.bits;
    const says = `${rsa.key.selector}._domainkey.${domain} has our key (RSA, ${bits} bits).`;
    return bits >= goodRsaBits
      ? { standing: "pass", says }
      : {
          standing: bits >= 1024 ? "warn" : "fail",
          says,
          fix: `Make a longer one: angarium domain dkim rotate ${domain}`,
        };
  }
  if (seen.some(({ answer }) => answer.kind === "trouble")) return silent(`the DKIM keys of ${domain}`);
  const { key } = seen.find(({ key }) => key.algorithm === "rsa-sha256") ?? seen[0]!;
  return {
    standing: "fail",
    says: `Our key is not in DNS: nobody can check the signatures of ${domain}.`,
    record: { name: `${key.selector}._domainkey.${domain}`, type: "TXT", value: key.record },
  };
}

async function dmarcOf(
  { domain }: Looked,
  dns: Resolver,
): Promise<{ readonly finding: Finding; readonly organization: string }> {
  const walked = await walk(domain, { txt: (name) => dns.txt(name), suffixOf });
  if (walked === "trouble") return { finding: silent(`_dmarc.${domain}`), organization: domain };
  const { policy, organization } = walked;
  if (policy === undefined)
    return {
      organization,
      finding: {
        standing: "fail",
        says: `${domain} has no DMARC policy.`,
        record: {
          name: `_dmarc.${domain}`,
          type: "TXT",
          value: `v=DMARC1; p=none; rua=mailto:dmarc-reports@${domain}`,
        },
      },
    };
  const says = `_dmarc.${policy.domain} says p=${policy.p}.`;
  return {
    organization,
    finding:
      policy.p === "none"
        ? { standing: "pass", says: `${says} That is enough; with reject nobody can forge the domain.` }
        : { standing: "pass", says },
  };
}

function alignedOf({ domain, returnPath }: Looked, organization: string, spf: Finding, dkim: Finding): Finding {
  const within = returnPath === organization || returnPath.endsWith(`.${organization}`);
  // Our signatures name the author's domain itself.
  const ways = [
    ...(dkim.standing === "pass" || dkim.standing === "warn" ? [`DKIM by ${domain}`] : []),
    ...(spf.standing === "pass" && within ? [`SPF by ${returnPath}`] : []),
  ];
  if (ways.length > 0) return { standing: "pass", says: `From @${domain} agrees with ${ways.join(" and ")}.` };
  if (dkim.standing === "not-measured" || spf.standing === "not-measured")
    return unmeasured("SPF and DKIM are not known.", "Look again.");
  return {
    standing: "fail",
    says: `Neither DKIM nor SPF vouches for From @${domain}.`,
    fix: within
      ? "Publish the DKIM key."
      : `Publish the DKIM key, or give it a return path of its own: angarium sending domain set ${domain} --return-path rp.${domain}`,
  };
}

async function ptrOf({ egress }: Looked, dns: Resolver): Promise<Finding> {
  if (egress.length === 0) return noAddresses;
  const all = await Promise.all(
    egress.map(async (one) => ({ ...one, seen: await checkIprev(one.address, dns), named: await leadsTo(one, dns) })),
  );
  const bad = all.find(({ seen }) => seen.result !== "pass");
  if (bad?.seen.result === "temperror") return silent(bad.address);
  if (bad !== undefined)
    return {
      standing: "fail",
      says: `${bad.address} has no name in reverse DNS that leads back to it.`,
      fix: "Whoever rents out the address sets its PTR record.",
      record: { name: bad.address, type: "PTR", value: `${bad.ehlo}.` },
    };
  const other = all.find(({ named }) => !named);
  if (other !== undefined)
    return {
      standing: "warn",
      says: `We greet as ${other.ehlo} from ${other.address}, and that name does not lead there.`,
      fix: `Give ${other.ehlo} the address, or greet by the name of the PTR record.`,
    };
  return { standing: "pass", says: `${egress.map(({ address, ehlo }) => `${address} is ${ehlo}`).join(", ")}.` };
}

async function leadsTo({ address, ehlo }: Looked["egress"][number], dns: Resolver): Promise<boolean> {
  const answer = address.includes(":") ? await dns.aaaa(ehlo) : await dns.a(ehlo);
  return answer.kind === "trouble" || recordsOf(answer).includes(address);
}

const tlsOf = ({ outboundTls }: Looked): Finding =>
  outboundTls
    ? { standing: "pass", says: "Wherever the receiver offers TLS, mail goes encrypted." }
    : {
        standing: "fail",
        says: "TLS is switched off for mail that we send.",
        fix: "Take tls = never out of the configuration.",
      };

const testIt = "Test it: angarium sending requirements DOMAIN --test";

function unsubscribeOf({ tested }: Looked): Finding {
  if (tested === undefined) return unmeasured("No test letter was written yet.", testIt);
  const { unsubscribe, at } = tested;
  const day = new Date(at).toISOString().slice(0, 16).replace("T", " ");
  return { ...unsubscribe, says: `${unsubscribe.says} (${day} UTC)` };
}

const formatOf = ({ tested }: Looked): Finding =>
  tested === undefined ? unmeasured("No test letter was written yet.", testIt) : tested.format;

async function returnsOf({ returnPath, ourHost }: Looked, dns: Resolver): Promise<Finding> {
  const mx = await dns.mx(returnPath);
  if (mx.kind === "trouble") return silent(returnPath);
  const hosts = recordsOf(mx).map(({ exchange }) => exchange);
  const direct = hosts.length === 0;
  const record = { name: returnPath, type: "MX", value: `10 ${ourHost}.` } as const;
  const [there, here] = await Promise.all([
    addressesOf(direct ? [returnPath] : hosts, dns),
    addressesOf([ourHost], dns),
  ]);
  if (direct && there.length === 0)
    return {
      standing: "fail",
      says: `${returnPath}, where bounces come back, takes no mail: it has neither MX nor address.`,
      record,
    };
  return hosts.includes(ourHost) || there.some((address) => here.includes(address))
    ? { standing: "pass", says: `Mail to ${returnPath} comes here.` }
    : {
        standing: "warn",
        says: `Bounces go to ${direct ? there.join(", ") : hosts.join(", ")}, which is not this server: what comes late is not seen.`,
        record,
      };
}

async function addressesOf(hosts: readonly string[], dns: Resolver): Promise<readonly string[]> {
  const answers = await Promise.all(hosts.flatMap((host) => [dns.a(host), dns.aaaa(host)]));
  return answers.flatMap((answer) => recordsOf(answer));
}

async function repliesOf({ domain }: Looked, dns: Resolver): Promise<Finding> {
  const mx = await dns.mx(domain);
  if (mx.kind === "trouble") return silent(domain);
  const hosts = recordsOf(mx).map(({ exchange }) => exchange);
  if (hosts.includes(""))
    return {
      standing: "fail",
      says: `${domain} says that it takes no mail (a null MX).`,
      fix: "Give it an MX record.",
    };
  if (hosts.length > 0) return { standing: "pass", says: `Mail to ${domain} goes to ${hosts.join(", ")}.` };
  const address = await dns.a(domain);
  if (address.kind === "found")
    return { standing: "warn", says: `${domain} has an address and no MX record.`, fix: "Give it an MX record." };
  return address.kind === "trouble"
    ? silent(domain)
    : {
        standing: "fail",
        says: `${domain} can take no mail: it has neither MX nor address.`,
        fix: "Give it an MX record.",
      };
}

function listedOf({ domain, egress, listed }: Looked): Finding {
  if (listed === undefined)
    return unmeasured("Nobody looks at blocklists.", "Name some: ownBlocklists and ownDomainLists in [sending].");
  const found = [domain, ...egress.map(({ address }) => address)].flatMap((one) =>
    (listed.get(one) ?? []).map((list) => `${one} on ${list}`),
  );
  return found.length === 0
    ? { standing: "pass", says: "None of the lists that are asked names us." }
    : {
        standing: "fail",
        says: `Listed: ${found.join(", ")}.`,
        fix: "Stop what caused it, then ask the list to take it off.",
      };
}

async function policyOf({ domain }: Looked, dns: Resolver): Promise<Finding> {
  const [sts, reports] = await Promise.all([dns.txt(`_mta-sts.${domain}`), dns.txt(`_smtp._tls.${domain}`)]);
  const has = (answer: Answer<string>, start: string): boolean =>
    recordsOf(answer).some((text) => text.startsWith(start));
  const missing = [
    ...(has(sts, "v=STSv1") ? [] : [`_mta-sts.${domain}`]),
    ...(has(reports, "v=TLSRPTv1") ? [] : [`_smtp._tls.${domain}`]),
  ];
  return missing.length === 0
    ? { standing: "pass", says: "Both are in DNS." }
    : {
        standing: "warn",
        says: `Not in DNS: ${missing.join(", ")}. Nobody asks for it; it keeps mail to you encrypted.`,
        fix: `angarium domain records ${domain}`,
      };
}

async function postmasterOf({ domain, reads }: Looked): Promise<Finding> {
  const nobody: string[] = [];
  for (const local of ["postmaster", "abuse"]) if (!(await reads(local))) nobody.push(`${local}@${domain}`);
  return nobody.length === 0
    ? { standing: "pass", says: `postmaster@${domain} and abuse@${domain} are taken.` }
    : {
        standing: "warn",
        says: `Nobody gets mail to ${nobody.join(" and ")}.`,
        fix: "Make an alias: complaints of people come there.",
      };
}
