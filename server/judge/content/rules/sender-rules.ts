/** Rules about who writes: names, addresses, and whether they fit together. */
import { domainOf } from "../links.ts";
import { looksLike, personName } from "../names.ts";
import { hasDigits } from "../shape.ts";
import { imitates, isBrandDomain } from "./brands.ts";
import type { Facts } from "./facts.ts";
import { cheapSuffixes, freeMail, mailServices } from "./hosts.ts";
import { often, type Rule, rule } from "./rule.ts";

const senderDomain = (address: string): string => address.slice(address.lastIndexOf("@") + 1).toLowerCase();
const digits = (text: string): number => text.replace(/\D/g, "").length;

/** Nobody vouches: neither the envelope nor a signature is of the domain that is shown. */
function unaligned(f: Facts): boolean {
  return f.fromOrg !== "" && f.pathOrg !== "" && f.pathOrg !== f.fromOrg && !f.signedByFrom;
}

export const senderRules: readonly Rule[] = [
  rule(
    "from-missing",
    2,
    "It says not who wrote it",
    (f) => f.content.from === undefined || f.content.from.domain === "",
  ),
  rule("from-several", 1.5, "It has several From lines", (f) => f.content.fromCount > 1),
  rule(
    "from-bad-domain",
    1.5,
    "The sender's domain cannot exist",
    (f) =>
      f.content.from !== undefined &&
      f.content.from.domain !== "" &&
      (f.fromSuffix === "" || !f.content.from.domain.includes(".")),
  ),
  rule(
    "from-brand",
    2.6,
    "The sender calls itself by a well-known name, but writes from another domain",
    (f) => f.claimedBrand !== undefined && !f.reply && !mailServices.has(f.fromOrg),
  ),
  rule(
    "subject-brand",
    1.1,
    "The subject uses a well-known name that is not the sender's",
    (f) => f.subjectBrand !== undefined && f.claimedBrand === undefined && f.bulk && !f.reply,
  ),
  rule(
    "from-imitates",
    2.4,
    "The sender's domain imitates that of a well-known name",
    (f) => imitates(f.content.from?.domain ?? "") !== undefined,
  ),
  rule("from-name-address", 1.8, "The sender's name shows an address that is not the sender's", (f) => {
    const found = /[\w.+-]+@((?:[a-z0-9-]+\.)+[a-z]{2,})/i.exec(f.content.from?.name ?? "");
    return found !== null && domainOf(found[1]!.toLowerCase()) !== f.fromOrg;
  }),
  rule("from-name-recipient", 1.6, "The sender's name is made of the recipient's address or domain", (f) => {
    const rcpt = senderDomain(f.content.envelope.rcpt);
    const name = (f.content.from?.name ?? "").toLowerCase();
    return rcpt.length > 3 && name.includes(rcpt) && f.fromOrg !== domainOf(rcpt);
  }),
  rule(
    "from-colleague",
    3.5,
    "The sender uses the name of one of your colleagues, but another address",
    usesColleaguesName,
  ),
  rule("from-contact", 1.5, "The sender uses the name of somebody you write to, but another address", usesContactsName),
  rule("errand-in-name", 2.5, "It asks for a favour or money in the name of somebody you know", (f) =>
    usesColleaguesName(f) || usesContactsName(f) || looksLikeOwn(f) ? often(f.talk.errand) : 0,
  ),
  rule("from-self", 1.2, "It claims to come from the recipient", (f) => {
    const { from, to } = f.content;
    return (
      from !== undefined &&
      to.length === 1 &&
      to[0]!.local === from.local &&
      to[0]!.domain === from.domain &&
      f.content.envelope.auth?.dmarc !== "pass"
    );
  }),
  rule(
    "from-cheap-domain",
    1.3,
    "The sender's domain has an ending that is sold for cents and used mostly for spam",
    (f) => cheapSuffixes.has(f.fromSuffix),
  ),
  rule(
    "from-free-digits",
    0.5,
    "The sender uses a free mailbox with a number in its name",
    (f) => f.fromFree && digits(f.content.from?.local ?? "") >= 3,
  ),
  rule(
    "from-free-bulk",
    1.1,
    "A mass mailing from a free mailbox",
    (f) =>
      f.fromFree &&
      (f.viaService || f.field("list-unsubscribe") !== undefined) &&
      !f.reply &&
      f.field("list-post") === undefined &&
      f.field("list-id") === undefined,
  ),
  rule("from-random", 1.3, "The sender's address looks random", (f) => {
    const local = (f.content.from?.local ?? "").toLowerCase();
    const label = f.fromOrg.split(".")[0] ?? "";
    return (
      (/^[a-z0-9]{8,}$/.test(local) && turns(local) >= 4) ||
      /[bcdfghjklmnpqrstvwxz]{6}/.test(label.replace(/-/g, "")) ||
      (/^[a-z]+$/.test(local) && /[bcdfghjklmnpqrstvwxz]{6}/.test(local)) ||
      turns(label) >= 4
    );
  }),
  rule(
    "from-deep",
    0.9,
    "The sender's host name is unusually long",
    (f) => (f.content.from?.domain.split(".").length ?? 0) >= 6 || (f.content.from?.domain.length ?? 0) > 50,
  ),
  rule("from-name-shout", 0.6, "The sender's name is written in capitals", (f) => {
    const name = f.content.from?.name ?? "";
    return /[A-Z]{3}/.test(name) && name === name.toUpperCase() && /\s/.test(name.trim());
  }),
  rule(
    "from-name-odd",
    1,
    "The sender's name is decorated with signs that people do not use",
    (f) =>
      /[!$★✔✅🔔*#_^~|"]|⚠|\p{Extended_Pictographic}|\.{2,}|\d{4,}/u.test(
        (f.content.from?.name ?? "").replace(/^"|"$/g, ""),
      ) && !f.reply,
  ),
  rule(
    "from-name-hidden",
    1.6,
    "The sender's name is encoded though it is plain text, which hides it from filters",
    (f) => hidesAscii(f.field("from")),
  ),
  rule("subject-hidden", 1.3, "The subject is encoded though it is plain text, which hides it from filters", (f) =>
    hidesAscii(f.field("subject")),
  ),
  rule(
    "name-strange",
    0.7,
    "A mass mailing whose sender's name has nothing to do with its domain",
    (f) => f.bulk && !f.fromFree && !f.reply && (f.content.from?.name ?? "") !== "" && !f.nameInDomain && !f.onBehalf,
  ),
  rule(
    "name-fits",
    -0.9,
    "The sender's name and domain belong together",
    (f) =>
      f.nameInDomain &&
      f.claimedBrand === undefined &&
      !f.fromFree &&
      !cheapSuffixes.has(f.fromSuffix) &&
      // An address as a name says nothing.
      !(f.content.from?.name ?? "").includes("@"),
  ),
  rule(
    "from-brand-unproved",
    1.8,
    "It shows the domain of a well-known name, which neither sent nor signed it",
    (f) =>
      unaligned(f) &&
      !f.fromFree &&
      f.heloOrg !== f.fromOrg &&
      !f.reply &&
      isBrandDomain(f.fromOrg) &&
      f.field("list-id") === undefined &&
      f.field("list-post") === undefined &&
      f.content.hops.length < 3,
  ),
  rule(
    "from-name-goods",
    1.8,
    "The sender calls itself after goods or offers that spam is known for",
    (f) =>
      /viagra|cialis|pfizer|pharmac|\bmed[sz]\b|\brx\b|\bpills?\b|replica|rolex|casino|jackpot|\bloans?\b|lottery|\bketo\b|\bcbd\b|gummies|crypto|bitcoin|airdrop|weight loss|\bsurvey|\brewards?\b|gift ?card|\bdeals?\b|winner|warranty|\bsex|\bdating\b|singles/i.test(
        f.content.from?.name ?? "",
      ) &&
      !f.reply &&
      !(f.nameInDomain && f.signedByFrom),
  ),
  rule("local-is-name", 1.4, "The address was made from the sender's name for this one mailing", (f) => {
    const { from } = f.content;
    if (from === undefined || f.fromFree || !f.bulk || f.onBehalf) return false;
    const squeeze = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");
    const name = squeeze(from.name);
    return (
      name.length >= 6 &&
      from.name.includes(" ") &&
      squeeze(from.local).startsWith(name.slice(0, 12)) &&
      !f.nameInDomain
    );
  }),
  rule("reply-elsewhere", 1.1, "Answers would go to an address of another domain", (f) => {
    const { replyTo, from } = f.content;
    return (
      replyTo !== undefined &&
      from !== undefined &&
      domainOf(replyTo.domain) !== f.fromOrg &&
      !f.reply &&
      !f.onBehalf &&
      f.field("list-id") === undefined &&
      f.field("list-post") === undefined
    );
  }),
  rule("reply-to-free", 1.6, "Answers would go to a free mailbox that is not the sender's", (f) => {
    const { replyTo, from } = f.content;
    return (
      replyTo !== undefined &&
      from !== undefined &&
      freeMail.has(replyTo.domain) &&
      (replyTo.domain !== from.domain || replyTo.local !== from.local) &&
      !f.reply
    );
  }),
  rule(
    "sender-unproved",
    0.8,
    "Neither the envelope nor a signature is of the sender's domain",
    (f) =>
      unaligned(f) &&
      !f.reply &&
      f.field("list-id") === undefined &&
      f.field("list-post") === undefined &&
      f.content.hops.length < 3,
  ),
  rule(
    "dmarc-fail",
    1.8,
    "The sender's domain does not stand for this message (DMARC)",
    (f) => f.content.envelope.auth?.dmarc === "fail",
  ),
  rule("spf-fail", 0.8, "The sending server may not send for the envelope's domain (SPF)", (f) =>
    /^(?:fail|softfail)$/.test(f.content.envelope.auth?.spf ?? ""),
  ),
  rule(
    "proved-sender",
    -0.8,
    "The sender's domain proves that it sent this (DMARC)",
    (f) => f.content.envelope.auth?.dmarc === "pass" && !cheapSuffixes.has(f.fromSuffix) && !f.borrowsName,
  ),
  rule("free-unsigned", 1.4, "It claims a large mailbox provider but does not come from there", (f) => {
    if (!f.fromFree || f.reply || f.content.hops.length > 2) return false;
    return (
      f.heloOrg !== f.fromOrg &&
      !f.signedByFrom &&
      !/google|yahoo|hotmail|outlook|live|aol|mail|gmx|web\.de|apple|icloud|orange|laposte|libero/.test(f.heloOrg)
    );
  }),
  rule(
    "path-service",
    -0.7,
    "It was sent through a known mailing service",
    (f) => f.viaService && f.signedByFrom && !cheapSuffixes.has(f.fromSuffix),
  ),
  rule("own-forward", -0.8, "The recipient's other mailbox forwarded it", isOwnForward),
  rule(
    "path-foreign-free",
    0.8,
    "The envelope names a mailbox provider, the message another sender",
    (f) => freeMail.has(f.pathDomain) && f.pathOrg !== f.fromOrg && !f.signedByFrom && !f.reply && !isOwnForward(f),
  ),
  rule(
    "path-null-bulk",
    0.6,
    "A mailing without a return address",
    (f) =>
      f.content.envelope.mailFrom === "" &&
      f.clicks.length > 0 &&
      !/multipart\/report/i.test(f.field("content-type") ?? "") &&
      f.content.html !== undefined,
  ),
  rule(
    "undisclosed",
    0.9,
    "It does not name its recipients",
    (f) =>
      (f.content.toText === "" || /undisclosed|recipients?:;/i.test(f.content.toText)) &&
      f.field("list-id") === undefined,
  ),
  rule("to-many", 0.5, "It went to many strangers at once", (f) => f.content.to.length > 8 && !f.reply),
  rule("to-not-me", 0.3, "The recipient is not among those it is addressed to", (f) => {
    const rcpt = f.content.envelope.rcpt.toLowerCase();
    return (
      rcpt.includes("@") &&
      f.content.to.length > 0 &&
      !f.content.to.some((one) => `${one.local}@${one.domain}`.toLowerCase() === rcpt) &&
      !f.reply &&
      f.field("list-id") === undefined &&
      f.field("list-post") === undefined &&
      f.content.hops.length < 2
    );
  }),
  rule("names-recipient", 0.9, "Subject or sender's name use the recipient's address as a name", (f) => {
    const rcpt = f.content.envelope.rcpt.toLowerCase();
    const local = rcpt.slice(0, rcpt.lastIndexOf("@"));
    const subject = f.content.subject.toLowerCase();
    return (
      rcpt !== "" &&
      (subject.includes(rcpt) ||
        (local.length > 3 && new RegExp(`(?:^|\\W)${local.replace(/[^a-z0-9]/g, ".")}(?:\\W|$)`).test(subject)))
    );
  }),
  rule("wrote-to", -6, "You have written to this sender", (f) => f.known.wroteTo === true),
  rule("known-sender", -1.2, "Mail from this sender was kept before", (f) => f.known.seenBefore === true),
  rule(
    "first-time",
    0.2,
    "It is the first mail from this sender",
    (f) => f.known.seenBefore === false && f.known.wroteTo !== true,
  ),
  rule("contact-look-alike", 3, "The sender's domain looks like one you write to, but is another", (f) => {
    const contacts = f.known.contactDomains;
    if (contacts === undefined || contacts.has(f.fromOrg) || f.fromOrg.length < 6) return false;
    for (const domain of contacts) if (looksLike(f.fromOrg, domain)) return true;
    return false;
  }),
  rule("own-look-alike", 4, "The sender's domain looks like the recipient's own, but is another", looksLikeOwn),
];

function looksLikeOwn(f: Facts): boolean {
  const isKnown = f.known.seenBefore === true || f.known.wroteTo === true;
  return !isKnown && !f.fromFree && looksLike(f.fromOrg, domainOf(senderDomain(f.content.envelope.rcpt)));
}

function usesColleaguesName(f: Facts): boolean {
  const { from } = f.content;
  if (from === undefined || from.name === "") return false;
  const own = f.known.colleagues?.get(personName(from.name));
  return (
    own !== undefined &&
    own !== `${from.local}@${from.domain}`.toLowerCase() &&
    f.fromOrg !== domainOf(senderDomain(own))
  );
}

function usesContactsName(f: Facts): boolean {
  const { from } = f.content;
  if (from === undefined || f.reply || f.known.wroteTo === true || f.known.seenBefore === true) return false;
  const own = f.known.contactNames?.get(personName(from.name));
  return own !== undefined && f.fromOrg !== domainOf(senderDomain(own));
}

/** Gmail writes "me+caf_=recipient=domain@gmail.com" when a person has it forward to the recipient. */
function isOwnForward(f: Facts): boolean {
  const found = /\+caf_=([^@]+)=([^@=]+)@gmail\.com$/i.exec(f.content.envelope.mailFrom);
  return (
    found !== null &&
    f.heloOrg === "google.com" &&
    `${found[1]}@${found[2]}`.toLowerCase() === f.content.envelope.rcpt.toLowerCase()
  );
}

/** How often a word changes between letters and digits. */
function turns(word: string): number {
  if (!hasDigits(word)) return 0;
  let count = 0;
  for (let i = 1; i < word.length; i++) if (/\d/.test(word[i]!) !== /\d/.test(word[i - 1]!)) count++;
  return count;
}

/** An encoded word whose text is nothing but ASCII that needed no encoding. */
function hidesAscii(value: string | undefined): boolean {
  const words = value === undefined ? null : value.match(/=\?[^?]+\?[bq]\?[^?]*\?=/gi);
  if (words === null || words.length === 0) return false;
  let text = "";
  for (const word of words) {
    const [, , encoding, body] = /^=\?([^?]+)\?([bq])\?([^?]*)\?=$/i.exec(word) ?? [];
    if (body === undefined) return false;
    if (encoding!.toLowerCase() === "b") text += Buffer.from(body, "base64").toString("latin1");
    else text += body.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return text.length > 3 && /^[\x20-\x7e]+$/.test(text) && !/[=?_]{2}/.test(text) && !/[,;<>@"()]/.test(text);
}
