/** Rules about the header and the way a message came. */
import { isDynamicName } from "../features.ts";
import { domainOf } from "../links.ts";
import type { Facts } from "./facts.ts";
import { type Rule, rule } from "./rule.ts";

const outlookLike = (f: Facts): boolean =>
  /^microsoft (?:outlook|office outlook|windows (?:live )?mail)/i.test(f.mailer);
const dayMs = 86_400_000;

/** Subjects that warn of an account, a payment or a parcel. */
export const warns =
  /\b(?:account|password|verif\w+|suspend\w*|security|alert|locked|expir\w+|mailbox|storage|payment|invoice|parcel|package|delivery|konto|gesperrt|conta|fatura|cuenta|compte|wallet|urgent\w*|action required|attention|notice|warning|reminder|notification)\b/i;

export const headerRules: readonly Rule[] = [
  rule("id-missing", 1.2, "It has no Message-ID", (f) => f.content.messageId === undefined),
  rule(
    "id-bad",
    1.2,
    "Its Message-ID is no valid one",
    (f) => f.content.messageId !== undefined && !/^[^\s@]+@[^\s@]+$/.test(f.content.messageId),
  ),
  rule(
    "id-single",
    0.4,
    "Its Message-ID names no real host",
    (f) => /@[^.]+$/.test(f.content.messageId ?? "") && !f.mua && !f.reply && !f.signedByFrom,
  ),
  rule("id-forged", 1.6, "Its Message-ID pretends to be of a provider it did not come from", (f) => {
    const right = (f.content.messageId ?? "").replace(/^.*@/, "").toLowerCase();
    const org = domainOf(right);
    return (
      /^(?:gmail\.com|mail\.gmail\.com|hotmail\.com|yahoo\.com|aol\.com|.*\.prod\.outlook\.com)$/.test(right) &&
      f.fromOrg !== org &&
      f.heloOrg !== org &&
      !f.reply &&
      !/outlook|google/.test(f.heloOrg) &&
      !f.content.hops.some((hop) => domainOf(hop.by) === org || /google|outlook|microsoft|yahoo/.test(hop.by))
    );
  }),
  rule(
    "id-of-sender",
    -0.3,
    "Its Message-ID is of the sender's domain",
    (f) =>
      f.fromOrg !== "" &&
      domainOf((f.content.messageId ?? "").replace(/^.*@/, "").toLowerCase()) === f.fromOrg &&
      !f.bulk &&
      !f.fromFree,
  ),
  rule("date-missing", 1.2, "It has no date", (f) => f.content.dateText === ""),
  rule("date-bad", 1, "Its date cannot be read", (f) => f.content.dateText !== "" && f.content.date === undefined),
  rule("date-far", 1.5, "Its date lies far from the time it came", (f) => {
    const { date, arrived } = f.content;
    return date !== undefined && arrived !== undefined && (date - arrived > 0.6 * dayMs || arrived - date > 4 * dayMs);
  }),
  rule(
    "date-no-zone",
    0.5,
    "Its date names no time zone",
    (f) => f.content.dateText !== "" && !/[+-]\d{4}|GMT|UTC|UT|[ECMP][SD]T|Z\b/.test(f.content.dateText),
  ),
  rule(
    "mime-version-missing",
    0.6,
    "It is HTML but does not say that it is MIME",
    (f) => f.content.html !== undefined && f.field("mime-version") === undefined,
  ),
  rule("duplicate-fields", 0.7, "It has header fields twice that may stand once", (f) => {
    const seen = new Set<string>();
    for (const { name } of f.content.fields) {
      if (!/^(?:from|to|subject|date|message-id|reply-to|mime-version|content-type)$/.test(name)) continue;
      if (seen.has(name)) return true;
      seen.add(name);
    }
    return false;
  }),
  rule("raw-8bit", 0.9, "Its subject or sender holds raw characters that no mail program writes", (f) =>
    /[\x80-\xff]/.test(`${f.field("subject") ?? ""}${f.field("from") ?? ""}`),
  ),
  rule(
    "fake-reply",
    0.9,
    "It calls itself an answer, but answers nothing",
    (f) =>
      /^\s*(?:re|aw|sv|fwd?)\s*:/i.test(f.content.subject) &&
      !f.callsItselfReply &&
      !f.mua &&
      !/>/.test(f.content.plain.slice(0, 4000)) &&
      f.talk.discussion < 3,
  ),
  rule("subject-missing", 0.5, "It has no subject", (f) => f.content.subject.trim() === "" && !f.reply),
  rule(
    "subject-shout",
    0.9,
    "The subject is written in capitals",
    (f) =>
      f.content.subject.length > 8 &&
      /[A-Z]{4}/.test(f.content.subject) &&
      f.content.subject === f.content.subject.toUpperCase(),
  ),
  rule(
    "subject-marks",
    0.9,
    "The subject shouts with !!, ?? or $$",
    (f) => /[!?$]{2,}|!\s*$|\$\d.*!/.test(f.content.subject) && (f.visiblyOwn ? 0.5 : 1),
  ),
  rule("subject-tail", 1.6, "The subject ends in blanks and random letters", (f) =>
    /\s{4,}\S{3,}\s*$/.test(f.content.subject),
  ),
  rule("subject-marked", 2.5, "An earlier filter marked it as spam", (f) =>
    /^\W*(?:\*+\s*)?(?:spam|junk|bulk|suspected spam|possible spam)\b\W/i.test(f.content.subject),
  ),
  rule(
    "subject-money",
    0.6,
    "The subject speaks of money or percentages off",
    (f) =>
      /[$€£]\s?\d|\d+\s?%|\bfree\b|\bsave\b|\bcash\b|\bwin\b|\bwinner\b/i.test(f.content.subject) &&
      !f.reply &&
      (f.visiblyOwn ? 0.5 : 1),
  ),
  rule(
    "subject-account",
    0.8,
    "The subject warns of an account, a payment or a parcel",
    (f) => warns.test(f.content.subject) && !f.reply && f.content.html !== undefined,
  ),
  rule(
    "subject-id",
    0.5,
    "The subject carries a random number",
    (f) =>
      /(?:#|id|ref|no|nr|n[º°])[\s.:#-]*[a-z]{0,4}-?\d{5,}|\b(?=[a-z0-9]*\d)(?=[a-z0-9]*[a-z])[a-z0-9]{8,}\b|\(\d{4,}\)\s*$/i.test(
        f.content.subject,
      ) && !f.reply,
  ),
  rule(
    "priority-high",
    0.6,
    "It claims high priority",
    (f) =>
      (/^\s*[12]/.test(f.field("x-priority") ?? "") ||
        /high|urgent/i.test(
          `${f.field("importance") ?? ""}${f.field("priority") ?? ""}${f.field("x-msmail-priority") ?? ""}`,
        )) &&
      !f.reply,
  ),
  rule("mailer-spam", 1.6, "It was sent with a program made for mass mailing by hand", (f) =>
    /mass|bulk|the bat!|leaf phpmailer|phpmailer|powermta|mailking|advanced mass|group mail|e-?mail(?:er)? magnet|aspmail|aspnetemail|jmail|dmailer|foxmail|super|blat|mimeole-?$|calypso|opera mail|smtp server|cdo for windows|inspector|xtreme|swiftmailer \d\.0/i.test(
      f.mailer,
    ),
  ),
  rule(
    "mailer-outlook-bot",
    1.7,
    "It pretends to come from Outlook, but went straight from somebody's computer to us",
    (f) => outlookLike(f) && f.content.hops.length === 0 && !f.signed,
  ),
  rule(
    "mailer-outlook-incomplete",
    1,
    "It pretends to come from Outlook, but lacks what Outlook writes",
    (f) => outlookLike(f) && /express/i.test(f.mailer) && f.field("x-mimeole") === undefined,
  ),
  rule(
    "msmail-alone",
    0.6,
    "It carries Microsoft's marks without a Microsoft program",
    (f) => f.field("x-msmail-priority") !== undefined && f.mailer === "",
  ),
  rule(
    "php-script",
    1,
    "It was sent by a script on a web server",
    (f) =>
      f.content.fields.some(({ name }) => /^x-php|^x-phpscript|^x-source-|^x-get-message-sender/.test(name)) ||
      /php/i.test(f.mailer),
  ),
  rule(
    "direct",
    0.7,
    "It came straight from where it was written, through no mail server",
    (f) => f.content.hops.length === 0 && !f.signed,
  ),
  rule("direct-signed", 0.8, "It has come through no other server", (f) => f.content.hops.length === 0 && f.signed),
  rule("helo-ip", 1, "The sending server introduced itself with a bare address", (f) =>
    /^\[?\d+\.\d+\.\d+\.\d+\]?$/.test(f.content.envelope.helo),
  ),
  rule(
    "helo-single",
    0.6,
    "The sending server introduced itself without a real name",
    (f) =>
      f.content.envelope.helo !== "" &&
      f.content.envelope.helo !== "unknown" &&
      !f.content.envelope.helo.includes(".") &&
      !f.content.envelope.helo.includes(":"),
  ),
  rule(
    "helo-dynamic",
    1.4,
    "It came from a line that providers give to customers, not to servers",
    (f) =>
      f.content.hops.length < 2 &&
      (isDynamicName(f.content.envelope.rdns ?? "") || isDynamicName(f.content.envelope.helo)),
  ),
  rule("helo-forged", 1.5, "The sending server introduced itself with a name that is not its own", (f) => {
    const { helo, rdns } = f.content.envelope;
    if (rdns === undefined || rdns === "" || !helo.includes(".")) return false;
    return domainOf(rdns.toLowerCase()) !== f.heloOrg && f.content.hops.length < 3;
  }),
  rule(
    "helo-is-us",
    2,
    "The sending server introduced itself with the recipient's name",
    (f) =>
      f.content.envelope.helo !== "" && f.content.envelope.rcpt.endsWith(`@${f.content.envelope.helo.toLowerCase()}`),
  ),
  rule(
    "helo-fits",
    -0.5,
    "The sending server, its name and the sender belong together",
    (f) =>
      f.fromOrg !== "" &&
      f.heloOrg === f.fromOrg &&
      domainOf((f.content.envelope.rdns ?? "").toLowerCase()) === f.fromOrg &&
      !f.bulk,
  ),
  rule("hop-single", 0.5, "It was written on a machine without a name", (f) => {
    const first = f.content.hops.at(-1);
    return (
      first !== undefined &&
      first.from !== "" &&
      !first.from.includes(".") &&
      !first.from.includes(":") &&
      first.from !== "localhost" &&
      !f.mua &&
      !f.reply &&
      f.content.hops.length < 3 &&
      !f.signedByFrom
    );
  }),
  rule(
    "hops-many",
    -0.3,
    "It went through several mail servers, as forwarded and listed mail does",
    (f) => f.content.hops.length >= 3,
  ),
  rule("old-dkim", 1.2, "It is signed in a way that was given up years ago", (f) =>
    /a\s*=\s*rsa-sha1/i.test(f.field("dkim-signature") ?? ""),
  ),
  rule("references-odd", 0.6, "It refers to messages of other people to look like an answer", (f) => {
    const references = f.field("references") ?? f.field("in-reply-to");
    if (references === undefined) return false;
    return (
      f.content.html !== undefined &&
      f.content.plain === "" &&
      !/^\s*(?:re|aw|fwd?|sv|antw)\s*:/i.test(f.content.subject) &&
      f.field("list-id") === undefined
    );
  }),
  rule("boundary-odd", 0.4, "Its parts are separated in a way no common program uses", (f) => {
    const boundary = /boundary\s*=\s*"?([^";]+)/i.exec(f.field("content-type") ?? "")?.[1];
    return boundary !== undefined && /^-*[0-9]{10,}$|^[a-z]{20,}$|^=+[a-z]+-/.test(boundary.trim());
  }),
  rule("x-random", 0.7, "It has made-up header fields to look different each time", (f) => {
    const odd = f.content.fields.filter(
      ({ name, value }) =>
        /^x-[a-z]+(?:-[a-z]+)?$/.test(name) &&
        !knownX.test(name) &&
        /^[\w:?./-]{4,60}$/.test(value) &&
        /\d/.test(value) &&
        /[a-z]/i.test(value),
    );
    return odd.length > 0 && odd.length < 3 && f.content.fields.length < 22;
  }),
  rule(
    "feedback-loop",
    -0.8,
    "Its sender takes part in complaint handling",
    (f) =>
      (f.field("feedback-id") !== undefined ||
        f.field("x-feedback-id") !== undefined ||
        f.field("x-csa-complaints") !== undefined ||
        f.field("x-report-abuse") !== undefined) &&
      f.signedByFrom &&
      !f.fromFree,
  ),
  rule(
    "discussion-list",
    -1.2,
    "It comes from a discussion list",
    (f) =>
      (f.field("list-post") !== undefined || f.field("list-id") !== undefined) &&
      f.reply &&
      f.content.plain !== "" &&
      f.talk.discussion > 0,
  ),
  rule(
    "in-thread",
    -1.8,
    "It answers an earlier message",
    (f) =>
      f.reply &&
      (f.content.html === undefined || f.content.plain !== "") &&
      (/^\s*(?:re|aw|sv|antw|\[[^\]]*\])\s*:?/i.test(f.content.subject) || />/.test(f.content.plain.slice(0, 6000))),
  ),
  rule("written-by-hand", -1.4, "It was written with a mail program for people", (f) => f.mua),
];

const knownX =
  /^x-(?:mailer|priority|mimeole|originating|accept|sender|entity|msfbl|job|sg|mailgun|tenant|ses|virus|report|roving|ctct|kmail|sfmc|campaign|channel|return|feedback|pm|mc|binding|rpcampaign|destination|authentic|originalarrival|yahoo|auditid|rcpt|delivered|received|mozilla|face|url|os|operating|editor|attribution|message|cid|csa|auto|amazon|ebay|fb|facebook|linkedin|zendesk|hs|marketo|postmark|mandrill|twitter|github|google|apple|ms|smtpapi|outgoing|barracuda|orig|newsletter|mass|mailing|list|bulkmail)/;
