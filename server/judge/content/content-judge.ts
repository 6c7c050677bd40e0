/** The filter as a judge: asks it about each message from outside, once for the message and once for each person it is for. */

import { mailboxesOf } from "../../../protocol/mime/fields/address.ts";
import { type Header, headerValue } from "../../../protocol/mime/header.ts";
import { formatMailbox } from "../../../protocol/smtp/address.ts";
import { reply } from "../../../protocol/smtp/reply.ts";
import type { Received } from "../../receive/received.ts";
import type { AccountId } from "../../store/store.ts";
import type { Authentication } from "../authenticate/authentication.ts";
import { nothingToSay, type PartialJudge, type Spam, type Verdict } from "../judge.ts";
import type { Campaigns } from "./campaigns.ts";
import type { Envelope } from "./content.ts";
import {
  type Asked,
  judgeMessage,
  type Opinion,
  probabilityOf,
  type Reading,
  readMessage,
  reasonsFor,
} from "./filter.ts";
import { domainOf } from "./links.ts";
import type { ModelState } from "./model.ts";
import { listed, type People, type Preferences, type Thresholds } from "./people.ts";
import { personalEvidence } from "./personal.ts";
import type { Reported } from "./reported.ts";
import type { Hit } from "./rules/rule.ts";

export type ContentJudgePorts = {
  readonly people: People;
  /** What everybody shares; undefined where nothing was learned. */
  readonly model: () => ModelState | undefined;
  readonly campaigns: Campaigns;
  readonly reported: Reported;
  readonly thresholds: () => Thresholds;
  /** Weights of rules that an administrator has changed. */
  readonly weights: () => ReadonlyMap<string, number> | undefined;
  /** `readMessage` in another thread. */
  readonly readLarge: (bytes: Buffer, reading: Reading) => Promise<Asked>;
  /** Asks lists of bad domains; undefined where none is set. */
  readonly badDomains: ((domains: readonly string[]) => Promise<readonly string[]>) | undefined;
  /** Plain text without links goes unasked where nobody has taught anything: for load tests. */
  readonly skipHarmless: boolean;
};

/** Only mail of strangers is asked about: our own people's has a policy of its own, and trusted networks are trusted. */
export function makeContentJudge(ports: ContentJudgePorts): PartialJudge {
  const { people } = ports;
  return async (mail, header, findings) => {
    if (mail.account !== undefined || mail.trusted) return nothingToSay;
    const found = people.accountsOf(mail.recipients);
    const homes = found instanceof Promise ? await found : found;
    const accounts = [...homes.keys()];
    const personals = await Promise.all(accounts.map((account) => people.personal(account)));
    const domain = mail.recipients[0]?.domain ?? "";
    const nobodyTaught = personals.every((one) => one === undefined) && ports.model() === undefined;
    const from = mailboxesOf(headerValue(header, "from") ?? "", 1)[0];
    const address = from === undefined ? "" : `${from.local}@${from.domain}`.toLowerCase();
    if (ports.skipHarmless && nobodyTaught && isHarmless(mail.bytes) && !anyLists(homes, people)) return nothingToSay;

    const authentication = findings.authentication;
    const envelope = envelopeOf(mail, authentication);
    const proved =
      authentication === undefined ||
      (from !== undefined &&
        authentication.aligned.some((domain) => domainOf(domain) === domainOf(from.domain.toLowerCase())));
    const wrote = await Promise.all(
      accounts.map(async (account) => proved && (await people.wroteTo(account, address))),
    );
    // What happens to a message in a load test is not remembered.
    const remembers = proved && address !== "" && !ports.skipHarmless;
    const seen = remembers && (await Promise.all(accounts.map((account) => people.hasSeen(account, address))));
    const contacts = accounts[0] === undefined ? undefined : people.contacts(accounts[0]);
    const reading: Reading = {
      envelope,
      known: {
        // Nobody is trusted for all because one has written to them.
        wroteTo: wrote.length > 0 && wrote.every(Boolean),
        colleagues: people.colleagues(domain),
        ...(seen === false || seen.length === 0 ? {} : { seenBefore: seen.every(Boolean) }),
        ...(contacts === undefined ? {} : { contactDomains: contacts.domains, contactNames: contacts.names }),
      },
      weights: ports.weights(),
      features: !nobodyTaught,
    };
    const asked =
      mail.bytes.length <= inlineBytes ? readMessage(mail.bytes, reading) : await ports.readLarge(mail.bytes, reading);
    const more = await hitsBeyond(asked, ports);
    const shared = withHits(judgeMessage(asked, ports.model()), more);
    const { campaigns, reported } = ports;
    const tenants =
      campaigns.empty && reported.empty
        ? undefined
        : await Promise.all(accounts.map((account) => people.tenants.of(account)));
    const opinions = accounts.map((account, index) => {
      const preferences = people.preferences(account, homes.get(account)!);
      const personal = personals[index];
      const lessons = personal === undefined ? 0 : personalEvidence(personal, asked.features);
      const common =
        tenants === undefined ? shared : withHits(shared, hitsOfOthers(asked, tenants[index], ports, people));
      const opinion = lessons === 0 ? common : withEvidence(common, lessons);
      return {
        account,
        ...decided(opinion, { address, proved, wrote: wrote[index] === true }, preferences, ports.thresholds()),
      };
    });
    if (opinions.some(({ kind }) => kind === "accept")) reported.kept(asked.domains);
    if (remembers) for (const { account, kind } of opinions) if (kind === "accept") people.saw(account, address);
    return verdictOf(opinions, decided(shared, { address, proved, wrote: false }, {}, ports.thresholds()), header);
  };
}

type Decision = {
  readonly kind: "accept" | "junk" | "quarantine" | "refuse";
  readonly opinion: Opinion;
  readonly why: string | undefined;
};

type Sender = { readonly address: string; readonly proved: boolean; readonly wrote: boolean };

function decided(
  opinion: Opinion,
  { address, proved, wrote }: Sender,
  preferences: Preferences,
  defaults: Thresholds,
): Decision {
  if (listed(preferences.block, address))
    return { kind: "junk", opinion, why: "The recipient has blocked this sender" };
  // An allowed sender's name in the hands of somebody else is not allowed.
  if (proved && listed(preferences.allow, address))
    return { kind: "accept", opinion, why: "The recipient allows this sender" };
  if (wrote) return { kind: "accept", opinion, why: "The recipient has written to this sender" };
  const { junk, quarantine, refuse } = { ...defaults, ...preferences };
  const { probability } = opinion;
  const kind =
    probability >= refuse
      ? "refuse"
      : probability >= quarantine
        ? "quarantine"
        : probability >= junk
          ? "junk"
          : "accept";
  return { kind, opinion, why: undefined };
}

const gravity = { accept: 0, junk: 1, quarantine: 2, refuse: 3 } as const;

/** One verdict for the message: the mildest that one of its people wants; who wants it stricter has it filed so. */
function verdictOf(
  each: readonly (Decision & { readonly account: AccountId })[],
  shared: Decision,
  header: Header,
): Verdict {
  const decisions: readonly Decision[] = each.length === 0 ? [shared] : each;
  const mildest = decisions.reduce((best, one) => (gravity[one.kind] < gravity[best.kind] ? one : best));
  const { opinion } = mildest;
  const isSpam = mildest.kind !== "accept";
  const reasons = [...(mildest.why === undefined ? [] : [mildest.why]), ...reasonsFor(opinion, isSpam, 3)];
  const notes = [`spam=${opinion.probability.toFixed(3)}`];
  if (mildest.kind === "refuse")
    return {
      kind: "refuse",
      reply: reply(554, "5.7.1", `This message looks like spam: ${reasons[0] ?? "by all its signs"}`),
      notes,
      reasons,
    };
  const otherwise = new Set<AccountId>();
  for (const { account, kind } of each) if (mildest.kind === "accept" && kind !== "accept") otherwise.add(account);
  const spam: Spam = { probability: opinion.probability, ...(otherwise.size > 0 ? { junkFor: otherwise } : {}) };
  const strictest = decisions.some(({ kind }) => kind !== "accept");
  return {
    kind: mildest.kind,
    notes,
    // Good mail needs no defence in its journey; what is junk for some of its people does.
    reasons: isSpam || strictest ? reasons : [],
    fields: fieldsOf(opinion, isSpam, reasons),
    dropped: forged(header),
    findings: { spam },
  };
}

/** What programs read (the form is SpamAssassin's, which they know), and what people read. */
function fieldsOf(opinion: Opinion, isSpam: boolean, reasons: readonly string[]): string {
  const tests = opinion.hits
    .filter(({ weight }) => Math.abs(weight) >= 0.05)
    .map(({ name, weight }) => `${name}=${weight.toFixed(1)}`);
  const folded = foldList(tests.slice(0, 40));
  const status = `X-Spam-Status: ${isSpam ? "Yes" : "No"}, score=${opinion.odds.toFixed(1)} probability=${Math.min(opinion.probability, 0.9999).toFixed(4)}\r\n\ttests=${folded}\r\n`;
  const why = isSpam ? reasons.map((reason) => `X-Spam-Reason: ${reason}\r\n`).join("") : "";
  return (isSpam ? "X-Spam-Flag: YES\r\n" : "") + status + why;
}

/** Names with commas, in lines of a header field. */
function foldList(names: readonly string[]): string {
  let text = "";
  let line = "tests=".length;
  for (const [index, name] of names.entries()) {
    const piece = index === names.length - 1 ? name : `${name},`;
    if (line + piece.length > 76 && line > 0) {
      text += "\r\n\t";
      line = 8;
    }
    text += piece;
    line += piece.length;
  }
  return text === "" ? "none" : text;
}

/** What claims to be a filter's opinion and is a stranger's. */
function forged(header: Header): number[] {
  const places: number[] = [];
  for (const [index, { name }] of header.fields.entries())
    if (/^x-spam-(?:status|flag|reason|score|level|report)$/.test(name)) places.push(index);
  return places;
}

function withHits(opinion: Opinion, more: readonly Hit[]): Opinion {
  if (more.length === 0) return opinion;
  const odds = more.reduce((sum, { weight }) => sum + weight, opinion.odds);
  return { ...opinion, odds, probability: probabilityOf(odds, opinion.messages), hits: [...opinion.hits, ...more] };
}

function withEvidence(opinion: Opinion, evidence: number): Opinion {
  const odds = opinion.odds + evidence;
  return { ...opinion, odds, probability: probabilityOf(odds, opinion.messages), learned: opinion.learned + evidence };
}

/** What others here say of the message, or of where it leads, for a person of the tenant. */
function hitsOfOthers(
  { print, domains }: Asked,
  tenant: number | undefined,
  { campaigns, reported }: Pick<ContentJudgePorts, "campaigns" | "reported">,
  { tenants: { known } }: People,
): readonly Hit[] {
  const hits: Hit[] = [];
  if (print !== undefined && campaigns.isSpam(print, tenant, known))
    hits.push({
      name: "campaign",
      weight: 4,
      sentence: "Several people here have called almost the same message spam",
    });
  const domain = reported.find(domains, tenant, known);
  if (domain !== undefined)
    hits.push({
      name: "link-reported",
      weight: 2.5,
      sentence: `It links to ${domain}, which spam that several people here reported linked to`,
    });
  return hits;
}

/** What lists of bad domains say. */
async function hitsBeyond(asked: Asked, ports: ContentJudgePorts): Promise<readonly Hit[]> {
  const hits: Hit[] = [];
  if (ports.badDomains !== undefined) {
    const bad = await ports.badDomains(asked.domains);
    if (bad.length > 0)
      hits.push({
        name: "link-listed",
        weight: 3.5,
        sentence: `It links to ${bad[0]}, which is listed as a domain of spam`,
      });
  }
  return hits;
}

/** Messages up to this size are read on the spot, larger ones in another thread. */
const inlineBytes = 64 * 1024;
/** Larger mail is always looked at. */
const harmlessBytes = 16 * 1024;

/** Short plain text in which nothing can be clicked: it costs a load test microseconds. */
export function isHarmless(bytes: Buffer): boolean {
  if (bytes.length > harmlessBytes) return false;
  const text = bytes.toString("latin1");
  return !/:\/\/|www\.|content-type:(?!\s*text\/plain)|content-transfer-encoding:\s*(?:base64|quoted)|GTUBE/i.test(
    text,
  );
}

function anyLists(homes: ReadonlyMap<AccountId, string>, people: People): boolean {
  for (const [account, domain] of homes) {
    const { allow, block } = people.preferences(account, domain);
    if ((allow?.length ?? 0) + (block?.length ?? 0) > 0) return true;
  }
  return false;
}

function envelopeOf(mail: Received, authentication: Authentication | undefined): Envelope {
  const first = mail.recipients[0];
  return {
    at: mail.at,
    ip: mail.remote.address,
    helo: mail.helo,
    rdns: mail.remoteName,
    mailFrom: mail.envelopeFrom,
    rcpt: first === undefined ? "" : formatMailbox(first),
    auth:
      authentication === undefined
        ? undefined
        : {
            spf: authentication.spf?.result,
            dkim: authentication.dkim.some(({ result }) => result === "pass") ? "pass" : authentication.dkim[0]?.result,
            dmarc: authentication.dmarc.result,
            aligned: authentication.aligned[0],
          },
  };
}
