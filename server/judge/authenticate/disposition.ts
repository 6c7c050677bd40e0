/** What follows from who sent a message: the author's DMARC policy, and the reasons not to follow it to the letter. */
import type { DmarcWord } from "../../../protocol/authentication/results.ts";
import { maxAuthorDomains, maxAuthors } from "../../../protocol/dmarc/author.ts";
import { type Reply, reply } from "../../../protocol/smtp/reply.ts";
import type { Authentication } from "./authentication.ts";

export type Disposition = {
  readonly kind: "accept" | "junk" | "refuse" | "later";
  readonly reply?: Reply;
  /** Why the policy is not followed, in RFC 9990's words. */
  readonly override?: { readonly type: string; readonly comment: string };
  readonly reasons: readonly string[];
};

/** `list`: the mailing list that it came over, proven. */
export function dispositionOf(found: Authentication, list: string | undefined): Disposition {
  const { dmarc } = found;
  const from = dmarc.fromDomain ?? "nobody";
  switch (dmarc.result) {
    case "none":
    case "permerror":
    case "pass":
      return { kind: "accept", reasons: [] };
    case "temperror": {
      // Where nothing could have been refused, nothing waits.
      const mayReject = dmarc.policy === undefined || dmarc.asked === "reject";
      if (!mayReject || found.aligned.length > 0) return { kind: "accept", reasons: [] };
      if (found.vouched !== undefined) return believed(found.vouched, from);
      const why = `DNS does not say at the moment whether this mail is from ${from}`;
      return { kind: "later", reply: reply(451, "4.7.5", `${why}: try again later`), reasons: [`${why}.`] };
    }
    case "fail":
      if (dmarc.asked === "none") return { kind: "accept", reasons: [] };
      if (found.vouched !== undefined) return believed(found.vouched, from);
      if (dmarc.asked === "reject" && list === undefined) {
        const why = whyNot(found, from);
        return { kind: "refuse", reply: refusal(found, from, why), reasons: [`${why}.`] };
      }
      return {
        kind: "junk",
        reasons: [
          dmarc.asked === "reject"
            ? `${whyNot(found, from)}; it came over the mailing list ${list}, so it is not refused.`
            : `${whyNot(found, from)}.`,
        ],
        ...(dmarc.asked === "reject"
          ? { override: { type: "mailing_list", comment: "list signed by its domain" } }
          : {}),
      };
    default:
      return dmarc.result satisfies never;
  }
}

function believed(sealer: string, from: string): Disposition {
  return {
    kind: "accept",
    override: { type: "trusted_forwarder", comment: `arc=pass; ${sealer} saw dmarc=pass` },
    reasons: [`${sealer}, which is believed, has seen that it was from ${from}.`],
  };
}

function whyNot(found: Authentication, from: string): string {
  const { dmarc } = found;
  if (dmarc.reason === "there are several authors")
    return `The message names several authors, and the DMARC policy of ${dmarc.policy?.domain ?? from} asks to ${wordsOf(dmarc.asked)}`;
  if (dmarc.reason === "there are too many authors")
    return `The From field names more authors than can be checked (${maxAuthors}, of ${maxAuthorDomains} domains)`;
  const spf =
    found.spf === undefined
      ? ""
      : `SPF: ${found.spf.result}${found.spf.result === "pass" ? " for another domain" : ""}, `;
  const passes = found.dkim.some((one) => one.result === "pass");
  const dkim = passes ? "pass for another domain" : (found.dkim[0]?.result ?? "none");
  return `Nothing shows that this message is from ${from} (${spf}DKIM: ${dkim}), whose DMARC policy asks to ${wordsOf(dmarc.asked)}`;
}

function wordsOf(asked: DmarcWord): string {
  return asked === "reject" ? "reject such mail" : "put such mail aside";
}

const maxExplanationChars = 200;

function refusal(found: Authentication, from: string, why: string): Reply {
  const { spf, dkim } = found;
  // RFC 7372 §3.2: X.7.26 where more than one check failed.
  const both = (spf?.result === "fail" || spf?.result === "softfail") && dkim.some((one) => one.result === "fail");
  const said = spf?.result === "fail" && spf.domain === from ? spf.explanation : undefined;
  const lines =
    said === undefined || said === "" ? [why] : [why, `${from} explains: ${said.slice(0, maxExplanationChars)}`];
  return reply(550, both ? "5.7.26" : "5.7.1", ...lines);
}
