/** What several rules ask about a message, worked out once. */
import type { Content, Person } from "../content.ts";
import { domainOf, type Link, shownHost, suffixOf } from "../links.ts";
import { plainLetters } from "../names.ts";
import { fieldOf } from "../read-content.ts";
import { brandIn, imitates, owns } from "./brands.ts";
import { cheapSuffixes, freeHosting, freeMail, mailServices, neutralHosts, shorteners } from "./hosts.ts";
import { type Talk, talkOf } from "./phrases.ts";

/** What the recipient's side knows of the sender; all of it may be unknown. */
export type Acquaintance = {
  /** The user has written to this address. */
  readonly wroteTo?: boolean;
  /** Mail from this address came before and was kept. */
  readonly seenBefore?: boolean;
  /** Nobody it is for has written to this address or kept mail that was proved to be theirs. */
  readonly stranger?: boolean;
  /** Names of the user's colleagues (same domain, by `personName`) and their addresses, lower case: for mail that only pretends. */
  readonly colleagues?: ReadonlyMap<string, string>;
  /** Full names of people the user has written to, by `personName`, and their addresses. */
  readonly contactNames?: ReadonlyMap<string, string>;
  /** Domains the user writes to. */
  readonly contactDomains?: ReadonlySet<string>;
};

export type Facts = {
  readonly content: Content;
  readonly known: Acquaintance;
  readonly talk: Talk;
  /** Registrable domain of From. */
  readonly fromOrg: string;
  readonly fromSuffix: string;
  readonly fromFree: boolean;
  readonly pathOrg: string;
  readonly pathDomain: string;
  readonly heloOrg: string;
  /** A signature names the From domain (whether or not it was verified; a failed one does not count). */
  readonly signedByFrom: boolean;
  readonly signed: boolean;
  readonly viaService: boolean;
  /** Looks sent by a program to many: list fields, or HTML with pictures and links. */
  readonly bulk: boolean;
  /** It says that it answers, which anybody can say. */
  readonly callsItselfReply: boolean;
  /** It answers, as far as one can believe it: of a stranger nobody does. */
  readonly reply: boolean;
  /** Links that a person may follow. */
  readonly clicks: readonly Link[];
  readonly clickDomains: ReadonlySet<string>;
  readonly ownClicks: number;
  readonly serviceClicks: number;
  readonly strangeClicks: number;
  readonly shortClicks: number;
  readonly freeClicks: number;
  readonly mismatch: Link | undefined;
  readonly imitated: { readonly host: string; readonly brand: string } | undefined;
  /** A brand claimed by the sender's name that does not own the sender's domain. */
  readonly claimedBrand: string | undefined;
  /** It passes for a well-known name: that its domain is proved and linked to says then only that somebody bought it. */
  readonly borrowsName: boolean;
  /** The same of the subject. */
  readonly subjectBrand: string | undefined;
  readonly mailer: string;
  readonly mua: boolean;
  readonly words: number;
  /** Its plain version says something else than its HTML, which most people see. */
  readonly versionsDiffer: boolean;
  /** The plain version, where it is what people see. */
  readonly shownPlain: string;
  readonly nameInDomain: boolean;
  /** Sent by a service in somebody's name: answers go to the domain that the name says, which is no well-known one. */
  readonly onBehalf: boolean;
  /** Signed by the sender's own domain, which its name or its links say too: a company's own mail, by all that can be seen. */
  readonly visiblyOwn: boolean;
  readonly field: (name: string) => string | undefined;
};

/** Programs with which people write by hand, as they call themselves. */
const handWritten =
  /^(?:mutt|pine|alpine|kmail|evolution|ximian|gnus|vm \d|sylpheed|claws|thunderbird|mozilla|apple mail|nmh|exmh|mh-e|mew|wanderlust|balsa|elm|icedove|betterbird|roundcube|squirrelmail|horde|internet messaging|ipad|iphone|becky|slrn|pan\/|tin\/|forte|lotus notes|eudora|qualcomm|microsoft-entourage|novell|zimbra|b4|git-send-email|aerc|neomutt|meli)/i;

/** How programs begin the subject of an answer, in any language, and discussion lists the subject of all. */
const isAnswer = /^\s*(?:\[[^\]]*\]\s*)*(?:re|aw|antw|sv|vs|rv|res|ris|r|fwd?|wg|tr|enc|回复|答复)\s*(?:\[\d+\])?:/i;

export function factsAbout(content: Content, known: Acquaintance): Facts {
  const field = (name: string): string | undefined => fieldOf(content, name);
  const { from, envelope, html } = content;
  const fromDomain = from?.domain ?? "";
  const fromOrg = domainOf(fromDomain);
  const pathDomain = envelope.mailFrom.slice(envelope.mailFrom.lastIndexOf("@") + 1).toLowerCase();
  const pathOrg = pathDomain === "" ? "" : domainOf(pathDomain);
  const heloOrg = domainOf(envelope.helo.toLowerCase());
  const signerOrgs = content.signers.map((signer) => domainOf(signer));
  const verified = envelope.auth?.dkim === undefined || envelope.auth.dkim === "pass";
  const clicks = content.links.filter(
    (link) =>
      (link.use === "a" || link.use === "plain" || link.use === "area" || link.use === "form") &&
      link.host !== "" &&
      link.scheme !== "mailto",
  );
  const clickDomains = new Set<string>();
  let ownClicks = 0;
  let serviceClicks = 0;
  let strangeClicks = 0;
  let shortClicks = 0;
  let freeClicks = 0;
  let mismatch: Link | undefined;
  let imitated: Facts["imitated"];
  let looked = 0;
  for (const link of clicks) {
    const { domain, host } = link;
    if (!clickDomains.has(domain) && looked++ < 40) {
      const brand = imitates(host);
      if (brand !== undefined) imitated ??= { host, brand: brand.name };
    }
    clickDomains.add(domain);
    if (shorteners.has(domain) || shorteners.has(host)) shortClicks++;
    else if (freeHosting.has(domain) || freeHosting.has(host)) freeClicks++;
    else if (domain === fromOrg || domain === pathOrg) ownClicks++;
    else if (mailServices.has(domain)) serviceClicks++;
    else if (!neutralHosts.has(domain)) strangeClicks++;
    if (link.use === "a" && mismatch === undefined) {
      const shown = shownHost(link.text);
      if (
        shown !== undefined &&
        suffixOf(shown) !== "" &&
        domainOf(shown) !== domain &&
        !mailServices.has(domain) &&
        domain !== fromOrg &&
        domain !== pathOrg
      )
        mismatch = link;
    }
  }
  const brand = brandIn(plainLetters(from?.name ?? ""));
  const inSubject = brandIn(plainLetters(content.subject));
  const claimedBrand = brand !== undefined && !owns(brand, fromDomain) ? brand.name : undefined;
  const mailer = field("x-mailer") ?? field("user-agent") ?? "";
  const listed =
    field("list-unsubscribe") !== undefined ||
    field("feedback-id") !== undefined ||
    field("list-id") !== undefined ||
    /bulk|list/i.test(field("precedence") ?? "");
  const nameInDomain = from !== undefined && namesDomain(from);
  const fromSuffix = suffixOf(fromDomain);
  const fromFree = freeMail.has(fromDomain);
  const signedByFrom = verified && fromOrg !== "" && signerOrgs.includes(fromOrg);
  const { replyTo } = content;
  const callsItselfReply =
    (field("in-reply-to") !== undefined || field("references") !== undefined) &&
    // Who answers quotes or says "Re:"; a page without text that refers to somebody's letter only wants to look so.
    (html === undefined || content.plain !== "" || isAnswer.test(content.subject));
  const versionsDiffer = content.parts.length > 1 && differ(content.plainWriting.words, content.htmlWriting.words);
  const talk = talkOf([
    content.nameWriting.words,
    content.subjectWriting.words,
    content.plainWriting.words,
    content.htmlWriting.words,
  ]);
  const text = content.plainWriting.words.length + content.htmlWriting.words.length;
  return {
    content,
    known,
    // Whatever is said counts against a message; for it only what is shown.
    talk: versionsDiffer ? { ...talk, discussion: talkOf([content.htmlWriting.words]).discussion } : talk,
    fromOrg,
    fromSuffix,
    fromFree,
    pathOrg,
    pathDomain,
    heloOrg,
    signedByFrom,
    signed: signerOrgs.length > 0,
    viaService:
      mailServices.has(heloOrg) || mailServices.has(pathOrg) || signerOrgs.some((org) => mailServices.has(org)),
    bulk: listed || (html !== undefined && html.images > 0 && clicks.length > 0),
    callsItselfReply,
    reply: callsItselfReply && known.stranger !== true,
    clicks,
    clickDomains,
    ownClicks,
    serviceClicks,
    strangeClicks,
    shortClicks,
    freeClicks,
    mismatch,
    imitated,
    claimedBrand,
    borrowsName: claimedBrand !== undefined || imitates(fromDomain) !== undefined,
    subjectBrand:
      inSubject !== undefined &&
      !owns(inSubject, fromDomain) &&
      !plainLetters(from?.name ?? "").includes(inSubject.name)
        ? inSubject.name
        : undefined,
    mailer,
    mua: handWritten.test(mailer),
    words: text,
    versionsDiffer,
    shownPlain: versionsDiffer ? "" : content.plain,
    nameInDomain,
    onBehalf:
      from !== undefined &&
      replyTo !== undefined &&
      claimedBrand === undefined &&
      !freeMail.has(replyTo.domain) &&
      namesDomain({ ...replyTo, name: from.name }),
    visiblyOwn:
      signedByFrom && !fromFree && !cheapSuffixes.has(fromSuffix) && (nameInDomain || ownClicks > strangeClicks),
    field,
  };
}

/** Two texts that are long enough to tell, and have little in common. */
function differ(plain: Uint32Array, html: Uint32Array): boolean {
  if (plain.length < 20 || html.length < 20) return false;
  const words = new Set(html);
  let common = 0;
  for (const word of plain) if (words.has(word)) common++;
  return common / plain.length < 0.4;
}

/** Whether the display name says what the domain says: "Luekens Wine & Spirits" and luekensliquors.com. */
export function namesDomain({ name, domain }: Person): boolean {
  const label = (domainOf(domain).split(".")[0] ?? "").replace(/[^a-z0-9]/g, "");
  const words = name
    .toLowerCase()
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/['’]/g, "")
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 0);
  if (label.length < 2 || words.length === 0) return false;
  const joined = words.join("");
  if (joined.includes(label) || (joined.length >= 3 && label.includes(joined))) return true;
  if (words.some((word) => word.length >= 4 && label.includes(word))) return true;
  // Initials: "Bank of America" and boa.com.
  const initials = words.map((word) => word[0]).join("");
  return initials.length >= 2 && (initials === label || (initials.length >= 3 && label.startsWith(initials)));
}
