/**
 * The strongest TLS policy that applies to each host of a message's way: DANE (RFC 7672), MTA-STS (RFC 8461), REQUIRETLS and
 * TLS-Required (RFC 8689), a route's own wish, otherwise opportunistic. Pure.
 */
import { tlsaText, usableRecords } from "../../protocol/policy/dane.ts";
import { allowsHost, policyText, type StsPolicy } from "../../protocol/policy/mta-sts.ts";
import type { ReportedPolicy } from "../../protocol/policy/tls-report.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { TlsMode } from "./route.ts";
import type { Host } from "./site.ts";
import type { TlsPolicy } from "./tls-policy.ts";
import type { TlsaFound } from "./tlsa.ts";

/** What the sender asked: REQUIRETLS, "TLS-Required: No" (RFC 8689 §5), or nothing; "encrypt": its tenant's mail never goes in the clear. */
export type TlsWish = "require" | "encrypt" | "optional" | "default";

export type StrongestAsk = {
  /** What applies where nothing stronger does. */
  readonly base: TlsPolicy;
  readonly wish: TlsWish;
  /** The domain that mail is for, or undefined for a host that the administrator named. */
  readonly domain: string | undefined;
  /** Hosts in the order to try, each with its TLSA records. */
  readonly hosts: readonly { readonly host: Host; readonly tlsa: TlsaFound }[];
  readonly sts: StsPolicy | undefined;
};

export type Strongest =
  | {
      readonly kind: "hosts";
      readonly hosts: readonly Host[];
      /** Hosts that an enforced policy leaves out. */
      readonly left: readonly string[];
    }
  | { readonly kind: "later"; readonly reply: Reply; readonly left: readonly string[] }
  | { readonly kind: "failed"; readonly reply: Reply };

export function strongest({ base, wish, domain, hosts, sts }: StrongestAsk): Strongest {
  const stsReported =
    sts === undefined || sts.mode === "none" || domain === undefined ? [] : [reportedSts(domain, sts)];
  const taken: Host[] = [];
  const left: string[] = [];
  const why: string[] = [];
  for (const { host, tlsa } of hosts) {
    const allowed = sts !== undefined && sts.mode !== "none" && allowsHost(sts, host.name);
    const policy = policyOfHost(base, wish, tlsa, sts, allowed, domain === undefined);
    if (typeof policy === "string") {
      why.push(`${host.name}: ${policy}`);
      if (sts?.mode === "enforce" && !allowed) left.push(host.name);
      continue;
    }
    const told = domain !== undefined && policy.mode !== "never" && wish !== "optional";
    const reported = !told ? undefined : reportedFor(domain, tlsa, stsReported);
    taken.push({ ...host, tls: reported === undefined ? policy : { ...policy, reported } });
  }
  if (taken.length > 0) return { kind: "hosts", hosts: taken, left };
  const words = why.slice(0, maxHostsInWords).join("; ");
  if (wish === "require" && hosts.every(({ tlsa }) => tlsa.kind !== "trouble") && sts?.mode !== "enforce")
    return { kind: "failed", reply: reply(550, "5.7.10", words) };
  return { kind: "later", reply: reply(451, "4.7.5", words), left };
}

const maxHostsInWords = 3;
/** Why TLS is insisted on, where shaping or the tenant says so. */
export const providerWants = "tls = required for the provider";
const tenantWants = "tls = required for the tenant";

/** The policy, or why the host cannot be used. */
function policyOfHost(
  base: TlsPolicy,
  wish: TlsWish,
  tlsa: TlsaFound,
  sts: StsPolicy | undefined,
  allowed: boolean,
  fixed: boolean,
): TlsPolicy | string {
  // RFC 8689 §5: what the recipient's domain publishes is passed over, and what is known of its provider. What our administrator wants is not.
  if (wish === "optional")
    return base.because === "default" || base.because === providerWants
      ? { ...base, mode: "opportunistic", because: "TLS-Required: No" }
      : base;
  if (base.mode === "never")
    return wish === "default"
      ? base
      : `${wish === "require" ? "REQUIRETLS" : tenantWants}, and the route says that TLS is never used`;
  // RFC 7672 §2.1.1: where DNS cannot be believed now, the host is not to be used now.
  if (tlsa.kind === "trouble") return `its TLSA records cannot be looked up (${tlsa.reason})`;
  const byAuthority = fixed && (base.mode === "verified" || base.mode === "implicit");
  const stsPart = sts === undefined || sts.mode === "none" ? {} : { sts: { allowed } };
  const requireTls = wish === "require" ? "REQUIRETLS, " : "";
  const records = tlsa.kind === "found" ? usableRecords(tlsa.records) : [];
  if (tlsa.kind === "found" && records.length > 0 && !byAuthority)
    return {
      mode: "verified",
      because: `${requireTls}DANE`,
      secureNames: true,
      dane: { records, base: tlsa.base, names: tlsa.names },
      ...stsPart,
    };
  // RFC 8461 §2: DANE comes first where it says something.
  if (sts?.mode === "enforce" && !byAuthority) {
    if (!allowed) return "the domain's MTA-STS policy does not name this MX host";
    return { mode: "verified", because: `${requireTls}MTA-STS enforce`, secureNames: true, ...stsPart };
  }
  const secureNames = base.secureNames || allowed;
  if (wish === "require") {
    // RFC 8689 §4.2.1: the names of the hosts must come from where nobody can forge them.
    if (!secureNames) return "REQUIRETLS, and neither DNSSEC nor MTA-STS vouches for the name of this MX host";
    return { ...base, ...stsPart, mode: strictest(base.mode, "verified"), because: "REQUIRETLS", secureNames };
  }
  // RFC 7672 §2.2: records that say nothing to us still say that there is TLS.
  if (tlsa.kind === "found" && !byAuthority)
    return {
      ...base,
      ...stsPart,
      mode: base.mode === "verified" ? "verified" : "required",
      because: "DANE without a usable record",
    };
  if (wish === "encrypt" && base.mode === "opportunistic")
    return { ...base, ...stsPart, mode: "required", because: tenantWants };
  return sts?.mode === "testing" && base.because === "default"
    ? { ...base, ...stsPart, because: "MTA-STS testing" }
    : { ...base, ...stsPart };
}

function strictest(one: TlsMode, other: TlsMode): TlsMode {
  return one === "implicit" ? one : other;
}

/** RFC 8460 §4.2: one entry for each policy that was found for the domain. */
function reportedFor(domain: string, tlsa: TlsaFound, sts: readonly ReportedPolicy[]): readonly ReportedPolicy[] {
  const found: ReportedPolicy[] = [...sts];
  if (tlsa.kind === "found")
    found.push({ type: "tlsa", strings: tlsa.records.map(tlsaText), domain: tlsa.base, mxHosts: [] });
  return found.length > 0 ? found : [{ type: "no-policy-found", strings: [], domain, mxHosts: [] }];
}

export function reportedSts(domain: string, policy: StsPolicy): ReportedPolicy {
  const strings = policyText(policy).trimEnd().split("\r\n");
  return { type: "sts", strings, domain, mxHosts: policy.mx };
}
