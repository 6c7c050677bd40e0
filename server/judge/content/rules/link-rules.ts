/** Rules about where a message leads. */
import { domainOf, suffixOf } from "../links.ts";
import { cheapSuffixes, freeHosting } from "./hosts.ts";
import { often, type Rule, rule, share } from "./rule.ts";

export const linkRules: readonly Rule[] = [
  rule(
    "link-mismatch",
    1.9,
    "A link shows one address and leads to another",
    (f) => f.mismatch !== undefined && !f.reply,
  ),
  rule("link-imitates", 2.4, "A link imitates the address of a well-known name", (f) => f.imitated !== undefined),
  rule(
    "link-ip",
    1.9,
    "A link leads to a bare address without a name",
    (f) => f.clicks.some((link) => link.isIp) && !f.reply && f.talk.discussion < 3,
  ),
  rule(
    "link-port",
    0.9,
    "A link leads to an unusual port",
    (f) =>
      f.clicks.some((link) => link.port !== "" && !/^(?:80|443|8080)$/.test(link.port)) &&
      !f.reply &&
      f.talk.discussion < 3,
  ),
  rule("link-user", 2, "A link hides where it leads behind an @", (f) => f.clicks.some((link) => link.hasUser)),
  rule(
    "link-encoded",
    1.2,
    "A link is encoded to hide where it leads",
    (f) => f.content.html?.links.some(({ href }) => /^https?:\/\/[^/?]*%[0-9a-f]{2}/i.test(href)) === true,
  ),
  rule("link-punycode", 1.6, "A link uses letters of another alphabet in its name", (f) =>
    f.clicks.some((link) => /(?:^|\.)xn--/.test(link.host) || /[^\x00-\x7f]/.test(link.host)),
  ),
  rule("link-short", 0.9, "Its links are hidden behind a link shortener", (f) =>
    f.reply || f.talk.discussion > 3 ? 0 : often(f.shortClicks),
  ),
  rule("link-free", 1.3, "Its links lead to a page anybody can put up within a minute", (f) =>
    f.reply || f.talk.discussion > 3 ? 0 : often(f.freeClicks),
  ),
  rule("link-cheap", 1.3, "Its links lead to domains that are sold for cents and used mostly for spam", (f) =>
    f.reply ? 0 : f.clicks.some((link) => cheapSuffixes.has(link.suffix)),
  ),
  rule("link-recipient", 1.1, "A link carries the recipient's address", (f) => {
    const rcpt = f.content.envelope.rcpt.toLowerCase();
    if (rcpt.length < 5 || f.field("list-unsubscribe") !== undefined) return false;
    return (
      f.content.html?.links.some(
        ({ href, use }) => use === "a" && !href.startsWith("mailto:") && href.toLowerCase().includes(rcpt),
      ) === true
    );
  }),
  rule("link-stranger", 0.9, "The link to follow leads neither to the sender nor to a mailing service", (f) => {
    if (f.clicks.length === 0 || f.content.html === undefined || f.reply) return 0;
    return share(f.strangeClicks, f.clicks.length) > 0.6 ? 1 : 0;
  }),
  rule("link-one-target", 0.6, "All its links lead to the same place", (f) => {
    if (f.clicks.length < 3 || f.content.html === undefined || f.reply || f.signedByFrom) return false;
    return new Set(f.clicks.map((link) => `${link.host}${link.path}${link.query}`)).size === 1;
  }),
  rule(
    "link-unlike",
    0.8,
    "Its links have random names",
    (f) =>
      f.clicks.some(
        (link) =>
          /(?:^|\.)(?=[a-z0-9-]*\d)(?=[a-z0-9-]*[a-z])[a-z0-9]{12,}\./.test(link.host) ||
          /[bcdfghjklmnpqrstvwxz]{7}/.test(link.domain),
      ) && !f.reply,
  ),
  rule(
    "link-deep",
    0.8,
    "A link's host name is unusually long",
    (f) => f.clicks.some((link) => link.host.split(".").length >= 6 || link.host.length > 60) && !f.viaService,
  ),
  rule("link-token", 1.6, "Its links are nothing but random letters", (f) => {
    const tokens = f.clicks.filter((link) => /^\/[\w-]{30,}$/.test(link.path) && link.query === "");
    return tokens.length > 0 && tokens.length >= f.clicks.length * 0.6;
  }),
  rule("link-data", 1.5, "A link carries a page or a script in itself", (f) =>
    f.content.links.some((link) => link.use === "a" && (link.scheme === "data" || link.scheme === "javascript")),
  ),
  rule(
    "link-picture-free",
    0.9,
    "Its pictures lie where anybody can put them",
    (f) =>
      !f.viaService &&
      f.content.links.some(
        (link) =>
          link.use === "image" &&
          freeHosting.has(link.domain) &&
          !/amazonaws|cloudfront|azureedge|windows\.net/.test(link.domain),
      ) &&
      !f.reply,
  ),
  rule(
    "link-redirect",
    1,
    "A link goes through somebody else's redirect",
    (f) =>
      f.clicks.some(
        (link) =>
          /^(?:www\.)?(?:google\.[a-z.]+|bing\.com|youtube\.com|l\.facebook\.com|linkedin\.com|googleads\.g\.doubleclick\.net|adclick\.g\.doubleclick\.net)$/.test(
            link.host,
          ) && /(?:^|[?&/])(?:url|q|u|adurl|redirect\w*|amp\/s)(?:=https?|\/|=)/i.test(`${link.path}${link.query}`),
      ) &&
      !f.reply &&
      !f.content.signers.some((signer) => domainOf(signer) === "google.com"),
  ),
  rule(
    "link-http-only",
    1.2,
    "Its links are not protected as all serious ones are today",
    (f) =>
      f.signed && f.clicks.length > 0 && f.clicks.every((link) => link.scheme === "http") && !f.viaService && !f.reply,
  ),
  rule("links-own", -1.3, "Its links lead to the sender's own domain", (f) => {
    if (
      f.fromFree ||
      f.borrowsName ||
      cheapSuffixes.has(f.fromSuffix) ||
      f.ownClicks === 0 ||
      share(f.ownClicks + f.serviceClicks, f.clicks.length) <= 0.5
    )
      return 0;
    // A domain bought for one mailing signs and links to itself as well: then only the name tells.
    return !f.signed || f.nameInDomain || f.viaService ? 1 : 0.25;
  }),
  rule(
    "links-service",
    -0.5,
    "Its links go through a known mailing service",
    (f) =>
      f.signedByFrom &&
      !f.fromFree &&
      !cheapSuffixes.has(f.fromSuffix) &&
      share(f.serviceClicks, f.clicks.length) > 0.5,
  ),
  rule(
    "links-varied",
    -1.2,
    "It has the many different links of a newsletter",
    (f) =>
      f.signedByFrom &&
      !f.fromFree &&
      f.clicks.length >= 8 &&
      new Set(f.clicks.map((link) => link.text.toLowerCase())).size >= 6 &&
      !cheapSuffixes.has(f.fromSuffix),
  ),
  rule(
    "links-rich",
    -1.2,
    "It is long and has many different links, as newsletters have",
    (f) =>
      f.clicks.length >= 15 && f.words > 250 && new Set(f.clicks.map((link) => link.text.toLowerCase())).size >= 10,
  ),
  rule("mail-link-elsewhere", 0.8, "It asks to write to a free mailbox", (f) => {
    const found = /[\w+-]@(gmail|yahoo|hotmail|outlook|aol|live|ymail|consultant|mail)\.[a-z.]{2,6}/i.exec(
      f.content.plain.slice(0, 8000) || (f.content.html?.text.slice(0, 8000) ?? ""),
    );
    return found !== null && !f.reply && f.talk.discussion < 2;
  }),
  rule(
    "link-other-from",
    0.5,
    "Sender and links end in different cheap domains",
    (f) =>
      cheapSuffixes.has(f.fromSuffix) &&
      f.clicks.length > 0 &&
      f.clicks.every((link) => domainOf(link.host) !== f.fromOrg) &&
      suffixOf(f.fromOrg) !== "",
  ),
];
