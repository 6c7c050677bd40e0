/** What a DMARC report tells of one message: out of what was found about it, and what became of it. */
import type { DmarcPolicy } from "../../protocol/authentication/results.ts";
import type { AggregateRow, PolicyWord, PublishedPolicy } from "../../protocol/report/aggregate.ts";
import type { Authentication } from "../judge/authenticate/authentication.ts";
import type { Received } from "../receive/received.ts";
import type { DmarcSeen } from "./dmarc-seen.ts";

/** `disposition`: what was done because of the policy. Undefined where there is nothing to report: no policy, nobody who asks, or DNS trouble. */
export function seenOf(
  mail: Pick<Received, "at" | "remote" | "envelopeFrom">,
  { dmarc, dkim, spf, vouched }: Authentication,
  disposition: PolicyWord,
): DmarcSeen | undefined {
  const { policy, fromDomain, organization, discovery, asked, result } = dmarc;
  if (policy === undefined || policy.rua === "" || fromDomain === undefined) return undefined;
  if (result !== "pass" && result !== "fail") return undefined;
  const row: AggregateRow = {
    source: mail.remote.address,
    disposition: result === "pass" ? "pass" : disposition,
    dkim: dmarc.dkimAligned ? "pass" : "fail",
    spf: dmarc.spfAligned ? "pass" : "fail",
    reasons: result === "pass" ? [] : reasonsOf(policy, asked, disposition, vouched),
    headerFrom: fromDomain,
    envelopeFrom:
      mail.envelopeFrom === "" ? undefined : mail.envelopeFrom.slice(mail.envelopeFrom.lastIndexOf("@") + 1),
    // Signatures whose domain cannot be read say nothing of anybody.
    dkimResults: dkim
      .filter(({ domain }) => domain !== "")
      .map(({ domain, selector, result }) => ({ domain, selector, result })),
    spfResults: spf === undefined ? [] : [{ domain: spf.domain, scope: spf.scope, result: spf.result }],
  };
  return { at: mail.at, policy: published(policy, discovery), rua: policy.rua, organization, row };
}

/** RFC 9990 §3.1.6: why less was done than the policy asks for. */
function reasonsOf(
  policy: DmarcPolicy,
  asked: PolicyWord,
  disposition: PolicyWord,
  vouched: string | undefined,
): AggregateRow["reasons"] {
  if (disposition === asked) return policy.testing && policy.p !== "none" ? [{ type: "policy_test_mode" }] : [];
  if (vouched !== undefined) return [{ type: "trusted_forwarder", comment: `arc=pass, sealed by ${vouched}` }];
  return [{ type: "local_policy" }];
}

function published(policy: DmarcPolicy, discovery: PublishedPolicy["discovery"]): PublishedPolicy {
  const { domain, p, sp, np, adkim, aspf, fo, testing } = policy;
  return { domain, p, sp, np, adkim, aspf, fo, testing, discovery };
}
