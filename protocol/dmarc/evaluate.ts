/** DMARC (RFC 9989): whether what SPF and DKIM found stands for the author, and what the author's domain asks for where not. */
import type { DkimResult, DmarcPolicy, DmarcResult, DmarcWord, SpfResult } from "../authentication/results.ts";
import type { Authors } from "./author.ts";
import { askedOf } from "./record.ts";
import { type Walked, type WalkParts, walk } from "./walk.ts";

export type DmarcParts = WalkParts & {
  /** Whether a name has MX, A or AAAA records (RFC 9989 §3.2.13); undefined: DNS does not say. */
  readonly exists: (domain: string) => Promise<boolean | undefined>;
};

type Identities = { readonly spf: SpfResult | undefined; readonly dkim: readonly DkimResult[] };

/** The policies of all authors; can be asked while SPF and DKIM are still at work. */
export function discover(authors: Authors, parts: WalkParts): Promise<readonly (Walked | "trouble")[]> {
  const domains = authors.kind === "one" ? [authors.domain] : authors.kind === "several" ? authors.domains : [];
  return Promise.all(domains.map((domain) => walk(domain, parts)));
}

export type Judged = { readonly dmarc: DmarcResult; readonly aligned: readonly string[] };

export async function evaluate(
  authors: Authors,
  walked: readonly (Walked | "trouble")[],
  identities: Identities,
  parts: DmarcParts,
): Promise<Judged> {
  switch (authors.kind) {
    case "none":
      return { dmarc: { ...nothing, result: "permerror", reason: "there is no author" }, aligned: [] };
    case "several":
      return { dmarc: await ofSeveral(authors.domains, walked, parts), aligned: [] };
    case "too-many":
      return { dmarc: { ...tooMany, fromDomain: authors.domains[0] }, aligned: [] };
    case "one":
      return ofOne(authors.domain, walked[0]!, identities, parts);
    default:
      return authors satisfies never;
  }
}

const nothing: DmarcResult = {
  result: "none",
  fromDomain: undefined,
  organization: undefined,
  policy: undefined,
  discovery: undefined,
  asked: "none",
  spfAligned: false,
  dkimAligned: false,
};

/** A domain that asks to refuse could be behind those that are looked at. */
const tooMany: DmarcResult = { ...nothing, result: "fail", asked: "reject", reason: "there are too many authors" };

const severity: { readonly [word in DmarcWord]: number } = { none: 0, quarantine: 1, reject: 2 };

/** Nothing counts as aligned; the strictest policy holds. */
async function ofSeveral(
  domains: readonly string[],
  walked: readonly (Walked | "trouble")[],
  parts: DmarcParts,
): Promise<DmarcResult> {
  const reason = "there are several authors";
  let strictest: DmarcResult = { ...nothing, result: "fail", fromDomain: domains[0], reason };
  for (const [index, domain] of domains.entries()) {
    const found = walked[index]!;
    if (found === "trouble")
      return { ...nothing, result: "temperror", fromDomain: domain, reason: "DNS does not answer for the policy" };
    if (found.policy === undefined) continue;
    const asked = await asks(found.policy, domain, parts);
    if (asked === undefined)
      return {
        ...nothing,
        result: "temperror",
        fromDomain: domain,
        policy: found.policy,
        reason: "DNS does not say whether the domain exists",
      };
    if (strictest.policy === undefined || severity[asked] > severity[strictest.asked])
      strictest = {
        ...nothing,
        result: "fail",
        fromDomain: domain,
        organization: found.organization,
        policy: found.policy,
        discovery: found.discovery,
        asked,
        reason,
      };
  }
  return strictest;
}

async function ofOne(
  domain: string,
  found: Walked | "trouble",
  { spf, dkim }: Identities,
  parts: DmarcParts,
): Promise<Judged> {
  const policy = found === "trouble" ? undefined : found.policy;
  const organizations = new Map<string, Promise<string | undefined>>();
  const isAligned = async (other: string, mode: "r" | "s"): Promise<boolean | undefined> => {
    if (other === domain) return true;
    if (mode === "s" || found === "trouble" || other === "") return false;
    let organization = organizations.get(other);
    if (organization === undefined) {
      organization = walk(other, parts).then((one) => (one === "trouble" ? undefined : one.organization));
      organizations.set(other, organization);
    }
    const theirs = await organization;
    return theirs === undefined ? undefined : theirs === found.organization;
  };
  // RFC 7489's silence and RFC 9989 §4.5 agree: HELO counts for DMARC only as the stand-in of a null reverse-path.
  const spfMode = policy?.aspf ?? "r";
  const dkimMode = policy?.adkim ?? "r";
  const spfMatters = spf !== undefined && (spf.result === "pass" || spf.result === "temperror");
  const [spfMatch, ...dkimMatches] = await Promise.all([
    spfMatters ? isAligned(spf.domain, spfMode) : false,
    ...dkim.map((one) =>
      one.result === "pass" || one.result === "temperror" ? isAligned(one.domain, dkimMode) : false,
    ),
  ]);
  const spfAligned = spf?.result === "pass" && spfMatch === true;
  const signers = dkim.filter((one, index) => one.result === "pass" && dkimMatches[index] === true);
  const aligned = [...new Set([...signers.map((one) => one.domain), ...(spfAligned ? [spf.domain] : [])])];
  const base = { ...nothing, fromDomain: domain, spfAligned, dkimAligned: signers.length > 0 };
  if (found === "trouble")
    return { dmarc: { ...base, result: "temperror", reason: "DNS does not answer for the policy" }, aligned };
  const { organization, discovery } = found;
  if (policy === undefined) return { dmarc: { ...base, organization }, aligned };
  const known = { ...base, organization, policy, discovery };
  if (aligned.length > 0)
    return { dmarc: { ...known, result: "pass", asked: (await asks(policy, domain, parts)) ?? policy.p }, aligned };
  const asked = await asks(policy, domain, parts);
  // What DNS did not say could have been the proof.
  const unsure =
    (spf?.result === "temperror" && spfMatch !== false) ||
    spfMatch === undefined ||
    dkim.some((one, index) => dkimMatches[index] === undefined || (one.result === "temperror" && dkimMatches[index]));
  if (unsure || asked === undefined) {
    const reason = unsure
      ? "DNS does not answer for a proof that could have held"
      : "DNS does not say whether the domain exists";
    return { dmarc: { ...known, result: "temperror", asked: asked ?? strictestOf(policy), reason }, aligned };
  }
  return { dmarc: { ...known, result: "fail", asked }, aligned };
}

/** Undefined where it turns on whether the domain exists and DNS does not say. */
async function asks(policy: DmarcPolicy, domain: string, parts: DmarcParts): Promise<DmarcWord | undefined> {
  const there = askedOf(policy, domain, true);
  const missing = askedOf(policy, domain, false);
  if (there === missing) return there;
  const exists = await parts.exists(domain);
  return exists === undefined ? undefined : exists ? there : missing;
}

function strictestOf(policy: DmarcPolicy): DmarcWord {
  const words = [policy.p, policy.sp ?? policy.p, policy.np ?? "none"] as const;
  return words.reduce((one, other) => (severity[other] > severity[one] ? other : one));
}
