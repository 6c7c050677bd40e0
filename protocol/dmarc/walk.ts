/** The DNS tree walk (RFC 9989 §4.10): from a domain upwards, to its policy and to its organisational domain. */
import type { DmarcPolicy } from "../authentication/results.ts";
import { type AskTxt, isDnsName } from "../dns.ts";
import { policyIn } from "./record.ts";

/** RFC 9989 §4.10: no more than so many questions for one domain. */
export const maxSteps = 8;

export type Walked = {
  readonly organization: string;
  /** How it was found. */
  readonly discovery: "treewalk" | "psl";
  /** The policy that counts for the domain: its own, that of its organisation, or that of the public suffix above. */
  readonly policy: DmarcPolicy | undefined;
};

export type WalkParts = {
  readonly txt: AskTxt;
  /** By the public suffix list: the suffix of a domain where the list knows it, and the domain right below that. */
  readonly suffixOf: (
    domain: string,
  ) => { readonly suffix: string; readonly registrable: string | undefined } | undefined;
};

/** "trouble": DNS did not answer where it mattered. */
export async function walk(domain: string, { txt, suffixOf }: WalkParts): Promise<Walked | "trouble"> {
  const found: DmarcPolicy[] = [];
  const suffix = suffixOf(domain);
  for (const name of stepsOf(domain)) {
    const answer = await txt(`_dmarc.${name}`);
    if (answer.kind === "trouble") return "trouble";
    if (answer.kind === "none") continue;
    let policy = policyIn(answer.records, name);
    if (policy === undefined) continue;
    // A suffix that does not say so is one all the same: nobody's organisation is "co.uk".
    if (policy.psd === "u" && name === suffix?.suffix && name !== domain) policy = { ...policy, psd: "y" };
    found.push(policy);
    if (policy.psd !== "u") break;
  }
  const own = found.find((policy) => policy.domain === domain);
  const last = found.at(-1);
  if (last === undefined) return { organization: suffix?.registrable ?? domain, discovery: "psl", policy: undefined };
  // RFC 9989 §4.10.2: psd=n says it; below psd=y it is one label longer; else the shortest name with a record.
  const organization = last.psd === "y" && last.domain !== domain ? below(domain, last.domain) : last.domain;
  const policy = own ?? found.find((one) => one.domain === organization) ?? (last.psd === "y" ? last : undefined);
  return { organization, discovery: "treewalk", policy };
}

/** The names that are asked about, longest first. */
export function stepsOf(domain: string): readonly string[] {
  if (!isDnsName(domain)) return [];
  const labels = domain.split(".");
  const names = [domain];
  for (let count = Math.min(labels.length - 1, maxSteps - 1); count > 0; count--)
    names.push(labels.slice(-count).join("."));
  return names;
}

/** "a.b.example.com", "com" → "example.com". */
function below(domain: string, parent: string): string {
  const rest = domain.slice(0, -parent.length - 1);
  return `${rest.slice(rest.lastIndexOf(".") + 1)}.${parent}`;
}
