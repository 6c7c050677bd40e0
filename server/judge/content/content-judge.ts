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
import type { ModelState } from "./model.ts";
import { listed, type People, type Preferences, type Thresholds } from "./people.ts";
import { type Called, personalEvidence } from "./personal.ts";
import type { Reported } from "./reported.ts";
import { beyondRules, decisive, hitBeyond } from "./rules/beyond-rules.ts";
import type { Hit } from "./rules/rule.ts";
import { scoreShown, spamFields, strangersOpinions } from "./spam-fields.ts";
import { type Vouching, vouchingFor } from "./vouching.ts";

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
    const taught = await Promise.all(accounts.map((account) => people.taught(account)));
    const domain = mail.recipients[0]?.domain ?? "";
    const nobodyTaught = taught.every((one) => one === undefined) && ports.model() === undefined;
    const from = mailboxesOf(headerValue(header, "from") ?? "", 1)[0];
    const address = from === undefined ? "" : `${from.local}@${from.domain}`.toLowerCase();
    if (ports.skipHarmless && nobodyTaught && isHarmless(mail.bytes) && !anyLists(homes, people)) return nothingToSay;

    const authentication = findings.authentication;
    const envelope = envelopeOf(mail, authentication);
    const vouching = vouchingFor(authentication, from, mail.envelopeFrom);
    const proved = vouching === "proved" || vouching === "unasked";
    const wrote = await Promise.all(
      accounts.map(async (account) => vouching !== "unproved" && (await people.wroteTo(account, address))),
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
        colleagues: await people.colleagues(domain),
        ...(seen === false || seen.length === 0 ? {} : { seenBefore: seen.every(Boolean) }),
        ...(accounts.length === 0 || ports.skipHarmless
          ? {}
          : { stranger: !wrote.some(Boolean) && !(seen !== false && seen.some(Boolean)) }),
        ...(contacts === undefined ? {} : { contactDomains: contacts.domains, contactNames: contacts.names }),
      },
      weights: ports.weights(),
      features: !nobodyTaught,
    };
    const asked =
      mail.bytes.length <= inlineBytes ? readMessage(mail.bytes, reading) : await ports.readLarge(mail.bytes, reading);
    const weights = ports.weights();
    const more = await hitsOfLists(asked, ports.badDomains, weights);
    const shared = withHits(judgeMessage(asked, ports.model()), more);
    const { campaigns, reported } = ports;
    const tenants =
      campaigns.empty && reported.empty
        ? undefined
        : await Promise.all(accounts.map((account) => people.tenants.of(account)));
    const opinions = accounts.map((account, index) => {
      const preferences = people.preferences(account, homes.get(account)!);
      const one = taught[index];
      const lessons = one === undefined ? 0 : personalEvidence(one.personal, asked.features);
      const own = one === undefined ? [] : hitsOfOwn(asked, account, campaigns, weights);
      const others = tenants === undefined ? [] : hitsOfOthers(asked, tenants[index], ports, people, weights);
      const opinion = withEvidence(withHits(shared, [...own, ...others]), lessons);
      const sender = { address, vouching, wrote: wrote[index] === true, called: one?.senders.get(address) };
      return { account, ...decided(opinion, sender, preferences, ports.thresholds(), weights) };
    });
    if (opinions.some(({ kind }) => kind === "accept")) reported.kept(asked.domains);
    if (remembers) for (const { account, kind } of opinions) if (kind === "accept") people.saw(account, address);
    const nobodys = { address, vouching, wrote: false, called: undefined };
    return verdictOf(opinions, decided(shared, nobodys, {}, ports.thresholds(), weights), header, vouching);
  };
}

type Decision = {
  readonly kind: "accept" | "junk" | "quarantine" | "refuse";
  /** With what decided it, where that was not the sum of evidence. */
  readonly opinion: Opinion;
  /** Probability from which the person has mail anywhere else than in the inbox. */
  readonly spamFrom: number;
};

type Sender = {
  /** Lower case. */
  readonly address: string;
  readonly vouching: Vouching;
  readonly wrote: boolean;
  /** What the person last said of the sender's mail. */
  readonly called: Called | undefined;
};

function decided(
  opinion: Opinion,
  sender: Sender,
  preferences: Preferences,
  defaults: Thresholds,
  weights: Weights,
): Decision {
  const { junk, quarantine, refuse } = { ...defaults, ...preferences };
  const spamFrom = Math.min(junk, quarantine, refuse);
  const wish = wishOf(sender, preferences);
  const hit = wish === undefined ? undefined : hitBeyond(wish, weights);
  const whole = hit === undefined ? opinion : withHits(opinion, [hit]);
  if (hit !== undefined && Math.abs(hit.weight) >= decisive)
    return { kind: hit.weight > 0 ? "junk" : "accept", opinion: whole, spamFrom };
  const { probability } = whole;
  const kind =
    probability >= refuse
      ? "refuse"
      : probability >= quarantine
        ? "quarantine"
        : probability >= junk
          ? "junk"
          : "accept";
  return { kind, opinion: whole, spamFrom };
}

/** What the person has said of the sender holds over all evidence, the plainest word first. */
function wishOf(
  { address, vouching, wrote, called }: Sender,
  { block, allow }: Preferences,
): (typeof beyondRules)[keyof typeof beyondRules] | undefined {
  if (listed(block, address)) return beyondRules.blocked;
  // A known sender's name in the hands of somebody else counts for nothing.
  if (vouching === "unproved") return undefined;
  if (listed(allow, address)) return beyondRules.allowed;
  if (called === "spam") return beyondRules.calledSpam;
  // Where a domain never said how its mail can be told, anybody can use its name: only a list speaks for it.
  if (vouching === "unsaid") return undefined;
  if (called === "ham") return beyondRules.calledGood;
  return wrote ? beyondRules.wrote : undefined;
}

const gravity = { accept: 0, junk: 1, quarantine: 2, refuse: 3 } as const;

/** One verdict for the message: the mildest that one of its people wants; who wants it stricter has it filed so. */
function verdictOf(
  each: readonly (Decision & { readonly account: AccountId })[],
  shared: Decision,
  header: Header,
  vouching: Vouching,
): Verdict {
  const decisions: readonly Decision[] = each.length === 0 ? [shared] : each;
  const mildest = decisions.reduce((best, one) => (gravity[one.kind] < gravity[best.kind] ? one : best));
  const { opinion, spamFrom } = mildest;
  const isSpam = mildest.kind !== "accept";
  const reasons = reasonsFor(opinion, isSpam, 3);
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
  const strict = isSpam ? undefined : decisions.find(({ kind }) => kind !== "accept");
  return {
    kind: mildest.kind,
    notes,
    ...(isSpam ? { reasons } : { defence: whyGood(mildest, strict) }),
    fields: spamFields(opinion, { isSpam, reasons, spamFrom, vouching }),
    dropped: strangersOpinions(header),
    findings: { spam },
  };
}

/** Why mail is in the inbox: what speaks for it, or that what speaks against it is not enough; and why it is not for some of its people. */
function whyGood({ opinion, spamFrom }: Decision, strict: Decision | undefined): string[] {
  const against = opinion.odds < 0 ? undefined : reasonsFor(opinion, true, 1)[0];
  const { score, required } = scoreShown(opinion, spamFrom, false);
  const why =
    against === undefined
      ? reasonsFor(opinion, false, 2)
      : [`Not enough for Junk (score ${score} of ${required}): ${against}`];
  if (why.length === 0) why.push("Nothing of weight speaks against it");
  const [junk] = strict === undefined ? [] : reasonsFor(strict.opinion, true, 1);
  return junk === undefined ? why : [...why, `Junk for some of its recipients: ${junk}`];
}

function withHits(opinion: Opinion, more: readonly Hit[]): Opinion {
  if (more.length === 0) return opinion;
  const odds = more.reduce((sum, { weight }) => sum + weight, opinion.odds);
  return { ...opinion, odds, probability: probabilityOf(odds, opinion.messages), hits: [...opinion.hits, ...more] };
}

function withEvidence(opinion: Opinion, evidence: number): Opinion {
  if (evidence === 0) return opinion;
  const odds = opinion.odds + evidence;
  return { ...opinion, odds, probability: probabilityOf(odds, opinion.messages), learned: opinion.learned + evidence };
}

type Weights = ReadonlyMap<string, number> | undefined;

/** What the person said of a message that was almost the same. */
function hitsOfOwn({ print }: Asked, account: AccountId, campaigns: Campaigns, weights: Weights): readonly Hit[] {
  const said = print === undefined ? undefined : campaigns.saidBy(print, account);
  if (said === undefined) return [];
  return some(hitBeyond(said === "spam" ? beyondRules.alikeSpam : beyondRules.alikeGood, weights));
}

/** What others here say of the message, or of where it leads, for a person of the tenant. */
function hitsOfOthers(
  { print, domains }: Asked,
  tenant: number | undefined,
  { campaigns, reported }: Pick<ContentJudgePorts, "campaigns" | "reported">,
  { tenants: { known } }: People,
  weights: Weights,
): readonly Hit[] {
  const domain = reported.find(domains, tenant, known);
  return some(
    print !== undefined && campaigns.isSpam(print, tenant, known)
      ? hitBeyond(beyondRules.campaign, weights)
      : undefined,
    domain === undefined
      ? undefined
      : hitBeyond(
          beyondRules.linkReported,
          weights,
          `It links to ${domain}, which spam that several people here reported linked to`,
        ),
  );
}

/** What lists of bad domains say. */
async function hitsOfLists(
  { domains }: Asked,
  badDomains: ContentJudgePorts["badDomains"],
  weights: Weights,
): Promise<readonly Hit[]> {
  const bad = badDomains === undefined ? [] : await badDomains(domains);
  if (bad.length === 0) return [];
  return some(hitBeyond(beyondRules.linkListed, weights, `It links to ${bad[0]}, which is listed as a domain of spam`));
}

const some = (...hits: readonly (Hit | undefined)[]): readonly Hit[] => hits.filter((hit) => hit !== undefined);

/** Messages up to this size are read on the spot, larger ones in another thread. */
const inlineBytes = 64 * 1024;
/** Larger mail is always looked at. */
const harmlessBytes = 16 * 1024;

/** Short plain text in which nothing can be clicked: it costs a load test microseconds. */
export function isHarmless(bytes: Buffer): boolean {
  if (bytes.length > harmlessBytes) return false;
  const text = bytes.toString("latin1");
  // At the beginning of a line: signatures name these fields too.
  return !/:\/\/|www\.|^content-type:(?!\s*text\/plain)|^content-transfer-encoding:\s*(?:base64|quoted)|GTUBE/im.test(
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
