/** What a DMARC aggregate report tells of one message (RFC 9990 §3.1). */
import type { DmarcWord } from "../../../protocol/authentication/results.ts";
import type { AggregateRow, PublishedPolicy } from "../../../protocol/report/aggregate.ts";
import type { AuthenticatedMessage } from "./authenticate.ts";
import type { Disposition } from "./disposition.ts";

export type SeenMessage = {
  readonly at: number; // milliseconds since 1970
  readonly policy: PublishedPolicy;
  readonly rua: string;
  readonly organization: string | undefined;
  readonly row: AggregateRow;
};

/** Undefined where nobody has asked to be told. */
export function seenOf({ mail, authentication, disposition }: AuthenticatedMessage): SeenMessage | undefined {
  const { dmarc, spf, dkim } = authentication;
  const { policy, fromDomain } = dmarc;
  if (policy === undefined || policy.rua === "" || fromDomain === undefined || dmarc.result === "temperror")
    return undefined;
  const failed = dmarc.result !== "pass" && dmarc.asked !== "none";
  const { domain, p, sp, np, adkim, aspf, fo, testing } = policy;
  return {
    at: mail.at,
    policy: { domain, p, sp, np, adkim, aspf, fo, testing, discovery: dmarc.discovery },
    rua: policy.rua,
    organization: dmarc.organization,
    row: {
      source: mail.remote.address,
      disposition: dmarc.result === "pass" ? "pass" : doneOf(disposition),
      dkim: dmarc.dkimAligned ? "pass" : "fail",
      spf: dmarc.spfAligned ? "pass" : "fail",
      reasons: failed && disposition.override !== undefined ? [disposition.override] : [],
      headerFrom: fromDomain,
      envelopeFrom: spf?.scope === "mfrom" ? spf.domain : undefined,
      dkimResults: dkim.map((one) => ({ domain: one.domain, selector: one.selector, result: one.result })),
      spfResults: spf === undefined ? [] : [{ domain: spf.domain, scope: spf.scope, result: spf.result }],
    },
  };
}

function doneOf({ kind }: Disposition): DmarcWord {
  return kind === "refuse" || kind === "later" ? "reject" : kind === "junk" ? "quarantine" : "none";
}
