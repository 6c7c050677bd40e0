/**
 * The judge who asks who sent a message: SPF, DKIM, ARC, the reverse name and DMARC, all as one task over one bounded set of DNS
 * questions. What is found goes in front of the message (RFC 8601), to the judges after this one, and to those who report it.
 */

import { verifyArc } from "../../../protocol/arc/verify.ts";
import { resultPieces, resultsField } from "../../../protocol/authentication/field.ts";
import { type BodyHash, bodyHashes, type WantedHash } from "../../../protocol/dkim/hashes.ts";
import { verifyDkim } from "../../../protocol/dkim/verify.ts";
import { type Authors, authorsOf } from "../../../protocol/dmarc/author.ts";
import { discover, evaluate } from "../../../protocol/dmarc/evaluate.ts";
import type { Header } from "../../../protocol/mime/header.ts";
import { checkSpf } from "../../../protocol/spf/check.ts";
import { networks } from "../../net/networks.ts";
import type { Resolver } from "../../net/resolver.ts";
import type { Received } from "../../receive/received.ts";
import { nothingToSay, originOf, type PartialJudge, type Verdict } from "../judge.ts";
import type { Authentication } from "./authentication.ts";
import { checkBimi } from "./bimi.ts";
import { type Disposition, dispositionOf } from "./disposition.ts";
import { forgedFields, type GoesBy, resultsUnder } from "./fields.ts";
import { listOf, voucherOf } from "./forwarded.ts";
import { checkIprev } from "./iprev.ts";
import type { Marks } from "./marks.ts";
import { type Questions, questionsOf } from "./questions.ts";
import type { AuthenticationSettings } from "./settings.ts";
import { suffixOf } from "./suffix.ts";

/** What was found of one message, and what is done with it. */
export type AuthenticatedMessage = {
  readonly mail: Received;
  readonly authentication: Authentication;
  /** As it was carried out: "accept" for all where policies are not enforced. */
  readonly disposition: Disposition;
};

export type AuthenticatePorts = {
  readonly settings: AuthenticationSettings;
  readonly resolver: Resolver;
  /** Our name in results. */
  readonly ourHost: string;
  /** Further names under which results are ours. */
  readonly goesBy: GoesBy;
  readonly now: () => number;
  /** Body hashes of a large message, in another thread. */
  readonly hashesOfLarge: (
    bytes: Buffer,
    bodyStart: number,
    wanted: readonly WantedHash[],
  ) => Promise<readonly BodyHash[]>;
  /** Checks mark certificates; undefined: they are not checked. */
  readonly marks?: Marks | undefined;
  /** Hears of every message that was checked. */
  readonly observe?: (message: AuthenticatedMessage) => void;
};

export function makeAuthenticate(ports: AuthenticatePorts): PartialJudge {
  const { settings, resolver, ourHost, now, observe } = ports;
  const exempt = networks(settings.exemptNetworks);
  const believed = new Set(settings.believedSealers.map((domain) => domain.toLowerCase()));

  const check = async (mail: Received, header: Header, forged: readonly number[]): Promise<Verdict> => {
    const dropped = [...new Set([...forged, ...(await resultsUnder(ports.goesBy, header))])];
    const dns = questionsOf(resolver, settings);
    try {
      const authentication = await authenticate(mail, header, dns);
      const list = authentication.dmarc.result === "fail" ? listOf(header, authentication.dkim) : undefined;
      const disposition: Disposition = settings.enforce
        ? dispositionOf(authentication, list)
        : { kind: "accept", override: { type: "local_policy", comment: "policies are not enforced" }, reasons: [] };
      observe?.({ mail, authentication, disposition });
      return verdictOf(mail, authentication, disposition, dropped);
    } finally {
      dns.done();
    }
  };

  const authenticate = async (mail: Received, header: Header, dns: Questions): Promise<Authentication> => {
    const authors = authorsOf(header);
    const parts = { txt: dns.txt, suffixOf, exists: (domain: string) => exists(domain, dns) };
    const hashes = (wanted: readonly WantedHash[]) =>
      mail.bytes.length <= settings.inlineBytes || wanted.length === 0
        ? bodyHashes(mail.bytes.subarray(header.end), wanted)
        : ports.hashesOfLarge(mail.bytes, header.end, wanted);
    const { address } = mail.remote;
    const request = { address, helo: mail.helo, envelopeFrom: mail.envelopeFrom, ourHost, now: now() };
    const direct = !isLmtp(mail);
    const [spf, iprev, dkim, arc, walked] = await Promise.all([
      direct ? checkSpf(request, dns) : undefined,
      direct ? checkIprev(address, dns) : undefined,
      verifyDkim(header, { txt: dns.txt, hashes, now: now(), authorDomain: domainOf(authors) }),
      verifyArc(header, { txt: dns.txt, hashes }),
      discover(authors, parts),
    ]);
    const { dmarc, aligned } = await evaluate(authors, walked, { spf, dkim }, parts);
    return {
      spf,
      dkim,
      dmarc,
      arc,
      iprev,
      bimi: settings.bimi ? await checkBimi(header, dmarc, dns, ports.marks) : undefined,
      fromDomain: domainOf(authors),
      organization: dmarc.organization,
      aligned,
      vouched: voucherOf(arc, domainOf(authors), believed),
    };
  };

  const verdictOf = (
    mail: Received,
    authentication: Authentication,
    disposition: Disposition,
    dropped: readonly number[],
  ): Verdict => {
    const notes = notesOf(authentication, disposition);
    const { reasons } = disposition;
    if (disposition.reply !== undefined && (disposition.kind === "refuse" || disposition.kind === "later"))
      return { kind: disposition.kind, reply: disposition.reply, notes, reasons };
    const { envelopeFrom, helo, remote } = mail;
    const pieces = resultPieces(ourHost, authentication, { envelopeFrom, helo, address: remote.address });
    const { arc, bimi } = authentication;
    // A chain that DNS did not let us check is passed on as it is: to seal it would be to say that it is broken.
    const seal = arc.result === "temperror" ? undefined : { chain: arc.result, results: pieces.join("; ") };
    return {
      kind: disposition.kind === "junk" ? "junk" : "accept",
      notes,
      reasons,
      fields: resultsField(pieces) + bimiField(bimi),
      dropped,
      findings: { authentication, ...(seal === undefined ? {} : { seal }) },
    };
  };

  return (mail, header) => {
    // Whom we do not check does not speak in our name either (RFC 8601 §5): what stands there is what we have found. But a server of ours that hands
    // mail over may have one of the names that we go by besides, and its results are kept.
    const dropped = forgedFields(header, ourHost);
    const checked = originOf(mail) === "stranger" && settings.enabled && (settings.lmtp || !isLmtp(mail));
    if (checked && !exempt.has(mail.remote.address)) return check(mail, header, dropped);
    return dropped.length === 0 ? nothingToSay : { kind: "accept", notes: ["forged-results"], dropped };
  };
}

function isLmtp(mail: Received): boolean {
  return mail.via.includes("LMTP");
}

function domainOf(authors: Authors): string | undefined {
  return authors.kind === "one" ? authors.domain : undefined;
}

/** RFC 9989 §3.2.13: a name with MX, A or AAAA records. */
async function exists(domain: string, dns: Questions): Promise<boolean | undefined> {
  const answers = await Promise.all([dns.mx(domain), dns.a(domain), dns.aaaa(domain)]);
  if (answers.some(({ kind }) => kind === "found")) return true;
  return answers.some(({ kind }) => kind === "trouble") ? undefined : false;
}

function notesOf({ spf, dkim, dmarc, arc }: Authentication, { kind, override }: Disposition): readonly string[] {
  const notes = [`dmarc=${dmarc.result}`];
  if (spf !== undefined) notes.push(`spf=${spf.result}`);
  notes.push(`dkim=${dkim.find((one) => one.result === "pass")?.result ?? dkim[0]?.result ?? "none"}`);
  if (arc.result !== "none") notes.push(`arc=${arc.result}`);
  if (kind !== "accept") notes.push(`dmarc-${kind}`);
  if (override !== undefined && dmarc.result !== "pass") notes.push(`dmarc-${override.type}`);
  return notes;
}

function bimiField(bimi: Authentication["bimi"]): string {
  if (bimi?.result !== "pass" || bimi.location === undefined) return "";
  const authority = bimi.authority === undefined ? "" : `;\r\n\ta=${bimi.authority}`;
  return `BIMI-Location: v=BIMI1; l=${bimi.location}${authority}\r\n`;
}
