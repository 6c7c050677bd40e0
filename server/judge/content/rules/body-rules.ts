/** Rules about what a message says and how it is made: text, HTML, links, attachments. */

import type { Facts } from "./facts.ts";
import { warns } from "./header-rules.ts";
import { cheapSuffixes } from "./hosts.ts";
import { often, type Rule, rule, share } from "./rule.ts";

const writing = (f: Facts): readonly [Facts["content"]["plainWriting"], Facts["content"]["htmlWriting"]] => [
  f.content.plainWriting,
  f.content.htmlWriting,
];
const either = (
  f: Facts,
  name: "zeroWidth" | "mixedWords" | "leet" | "spaced" | "gibberish" | "shouted" | "exclamations" | "money",
): number => Math.max(writing(f)[0][name], writing(f)[1][name]);

/** What a company may say of accounts and offers in mail that is visibly its own, and how loudly, strangers may not. */
const alike = (f: Facts): number => (f.visiblyOwn ? 0.5 : 1);

export const talkRules: readonly Rule[] = [
  rule("talk-fee", 2.6, "It promises money of strangers, as advance-fee swindles do", (f) => often(f.talk.fee, 2)),
  rule("talk-prize", 1.9, "It promises a prize or a gift", (f) => alike(f) * often(f.talk.prize)),
  rule("talk-pills", 2, "It advertises medicines or miracle cures", (f) => alike(f) * often(f.talk.pills)),
  rule("talk-sex", 2, "It advertises sex or acquaintances", (f) => alike(f) * often(f.talk.sex)),
  rule("talk-credit", 1.5, "It advertises loans or insurance", (f) => alike(f) * often(f.talk.credit)),
  rule("talk-money", 1.8, "It promises easy money", (f) => alike(f) * often(f.talk.money, 2)),
  rule("talk-crypto", 2, "It speaks of crypto coins, which strangers write about to steal them", (f) =>
    f.talk.discussion > 2 && f.content.html === undefined ? 0 : alike(f) * often(f.talk.crypto, 2),
  ),
  rule("talk-goods", 1.2, "It advertises goods that spam is known for", (f) => alike(f) * often(f.talk.goods)),
  rule(
    "talk-account",
    2,
    "It frightens with the loss of an account, a payment or a parcel",
    (f) => alike(f) * often(f.talk.account),
  ),
  rule("talk-phish", 1.2, "It uses the words of phishing in other languages", (f) => often(f.talk.phish, 2)),
  rule("talk-extort", 2.2, "It threatens to publish secrets", (f) => often(f.talk.extort, 3)),
  rule("talk-push", 1.2, "It presses to act at once", (f) => alike(f) * often(f.talk.push, 2)),
  rule("talk-remove", 0.8, "It excuses itself as spam does", (f) => alike(f) * often(f.talk.remove)),
  rule("talk-trade", 0.7, "It offers business to strangers", (f) => often(f.talk.trade, 2)),
  rule("talk-errand", 0.7, "It asks a stranger for a favour", (f) => often(f.talk.errand, 2)),
  rule("talk-business", -1.3, "It reads like a shop's or a bank's ordinary mail", (f) =>
    f.signedByFrom && !cheapSuffixes.has(f.fromSuffix) ? often(f.talk.business, 2) : 0,
  ),
  rule("talk-discussion", -1.6, "It reads like people discussing", (f) =>
    often(f.talk.discussion, f.bulk || f.content.html !== undefined ? 3 : 1),
  ),
];

export const bodyRules: readonly Rule[] = [
  // The text with which administrators test filters (GTUBE); written in two halves, so that this file is no spam.
  rule("gtube", 100, "It is the text with which filters are tested", (f) =>
    `${f.content.plain.slice(0, 4000)}${f.content.html?.text.slice(0, 4000) ?? ""}`.includes(
      `XJS*C4JDBQADN1.NSBN3*2IDNEN*${"GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL"}*C.34X`,
    ),
  ),
  rule("shouting", 0.9, "Much of it is written in capitals", (f) => {
    const [plain, html] = writing(f);
    const most = Math.max(share(plain.shouted, plain.words.length), share(html.shouted, html.words.length));
    return most > 0.12 && f.words > 30 && alike(f);
  }),
  rule("exclaims", 0.6, "It is full of exclamation marks", (f) => alike(f) * often(either(f, "exclamations"), 3)),
  rule("money-signs", 0.4, "It speaks of sums of money", (f) => (f.signedByFrom ? 0 : often(either(f, "money"), 1))),
  rule("fancy-letters", 2, "It is written in letters of mathematics, to be read by people and not by filters", (f) =>
    often(
      f.content.subjectWriting.fancy +
        f.content.nameWriting.fancy +
        Math.max(f.content.plainWriting.fancy, f.content.htmlWriting.fancy),
      3,
    ),
  ),
  rule("mixed-alphabets", 2.2, "Words mix letters of different alphabets that look alike", (f) =>
    often(either(f, "mixedWords") + f.content.subjectWriting.mixedWords * 2 + f.content.nameWriting.mixedWords * 2),
  ),
  rule(
    "zero-width-words",
    1.6,
    "Invisible characters stand inside words",
    (f) =>
      /[a-z][\u200b-\u200d\u2060\u00ad\ufeff][a-z].{0,400}[a-z][\u200b-\u200d\u2060\u00ad\ufeff][a-z]/is.test(
        f.content.html?.text.slice(0, 20_000) ?? f.content.plain.slice(0, 20_000),
      ) || f.content.subjectWriting.zeroWidth > 0,
  ),
  rule(
    "leet",
    1,
    "Words have digits for letters",
    (f) => alike(f) * often(f.content.subjectWriting.leet * 2 + (f.words < 600 ? either(f, "leet") : 0), 2),
  ),
  rule("spaced-letters", 0.9, "Words are spelled with blanks between the letters", (f) =>
    often(either(f, "spaced"), 3),
  ),
  rule("gibberish", 0.9, "It contains words without sense", (f) =>
    f.talk.discussion > 1 ? 0 : alike(f) * often(either(f, "gibberish"), 2),
  ),
  rule(
    "split-words",
    1.4,
    "Invisible marks are hidden inside words",
    (f) => alike(f) * often(f.content.html?.splitWords ?? 0, 6),
  ),
  rule(
    "html-comments",
    0.8,
    "Much of its HTML is comments nobody sees",
    (f) =>
      (f.content.html?.commentChars ?? 0) > 2000 &&
      f.content.html!.commentChars > f.content.html!.text.length &&
      alike(f),
  ),
  rule(
    "hidden-text",
    1.1,
    "It hides text from the reader",
    (f) => f.content.hiddenWriting.words.length > 150 && alike(f),
  ),
  rule(
    "tiny-text",
    0.8,
    "It has text too small to read",
    (f) => share(f.content.html?.tinyChars ?? 0, f.content.html?.text.length ?? 0) > 0.1,
  ),
  rule(
    "white-text",
    0.4,
    "It may have text in the colour of its background",
    (f) => (f.content.html?.styles.get("white") ?? 0) > 2 && !f.signedByFrom,
  ),
  rule(
    "html-only",
    0.5,
    "It is HTML without a plain version",
    (f) => f.content.html !== undefined && !f.content.parts.some((part) => part.type === "text/plain"),
  ),
  rule(
    "html-only-unsigned",
    0.6,
    "It is HTML only, and nobody signed it",
    (f) => f.content.html !== undefined && f.content.plain === "" && !f.signed,
  ),
  rule(
    "empty-plain",
    0.8,
    "Its plain version is empty",
    (f) =>
      f.content.html !== undefined &&
      f.content.parts.some((part) => part.type === "text/plain") &&
      f.content.plainWriting.words.length < 3 &&
      f.content.htmlWriting.words.length > 10,
  ),
  rule(
    "versions-differ",
    0.9,
    "Its plain version says something else than its HTML",
    (f) => f.versionsDiffer && alike(f),
  ),
  rule(
    "base64-text",
    1,
    "Plain text is wrapped in base64, which hides it",
    (f) =>
      f.content.parts.some((part) => part.encoding === "base64" && part.type.startsWith("text/") && !part.attached) &&
      mostlyLatin(f),
  ),
  rule(
    "image-only",
    1.6,
    "It is hardly more than a picture to click on",
    (f) =>
      !(f.signedByFrom && f.clicks.length > 5) &&
      f.content.html !== undefined &&
      f.content.html.images > 0 &&
      f.content.htmlWriting.words.length < 40 &&
      f.clicks.length > 0,
  ),
  rule(
    "scan-code",
    2.2,
    "It warns of an account and asks to scan a code with a telephone, where no filter sees the address",
    (f) => {
      if (f.reply || !(f.talk.account > 0 || warns.test(f.content.subject))) return 0;
      const text = (f.content.html?.text ?? f.content.plain).slice(0, 20_000);
      return scansCode.test(text) ? alike(f) : 0;
    },
  ),
  rule(
    "short-link",
    0.5,
    "It is a few words and a link",
    (f) =>
      f.words > 0 &&
      f.words < 60 &&
      f.clicks.length > 0 &&
      f.clicks.length < 6 &&
      !f.reply &&
      f.talk.discussion < 2 &&
      !f.mua,
  ),
  rule(
    "html-form",
    0.4,
    "It asks to fill in a form inside the message",
    (f) => f.content.html !== undefined && (f.content.html.tags.has("form") || f.content.html.inputs.size > 0),
  ),
  rule("html-password", 2.5, "It asks for a password", (f) => f.content.html?.inputs.has("password") === true),
  rule(
    "html-script",
    0.3,
    "It carries scripts",
    (f) => f.content.html !== undefined && (f.content.html.scripts > 0 || f.content.html.eventHandlers > 2),
  ),
  rule(
    "html-frame",
    0.2,
    "It loads another page into itself",
    (f) =>
      f.content.html !== undefined &&
      (f.content.html.tags.has("iframe") || f.content.html.tags.has("object") || f.content.html.refresh),
  ),
  rule("html-attached", 2.2, "It brings a web page as an attachment", (f) =>
    f.content.parts.some((part) => part.attached && /\.(?:s?html?|xhtml|svg|mht)$/.test(part.fileName)),
  ),
  rule(
    "html-old",
    0.5,
    "Its HTML is of the kind that spam programs write",
    (f) =>
      f.content.html !== undefined &&
      !f.signed &&
      (f.content.html.tags.get("font") ?? 0) > 3 &&
      f.content.html.tags.has("center"),
  ),
  rule(
    "html-loud",
    0.6,
    "It is printed large and in colours",
    (f) =>
      f.content.html !== undefined &&
      !f.signed &&
      [...f.content.html.styles.keys()].some((style) =>
        /^font-size=\+?[4-7]$|^color=#?(?:ff0000|red|0000ff|blue)/.test(style),
      ),
  ),
  rule(
    "placeholder",
    2,
    "The sender's program failed to fill in a name or a link",
    // "[Unsubscribe](https://…" is a link in Markdown, as the plain versions of newsletters have it.
    (f) =>
      /\{(?:first ?name|name|e-?mail|to|user)\}|\[\[?(?:first ?name|name|e-?mail|unsubscribe|domain|user|link)\]\]?(?!\()|%%?(?:first_?name|name|e-?mail|domain|to|user|random\w*)%%?|%RND|\bRANDOM_|<email>|\{%/i.test(
        `${f.content.subject} ${f.content.plain.slice(0, 8000)} ${f.content.html?.text.slice(0, 8000) ?? ""}`,
      ) && f.talk.discussion < 2,
  ),
  rule(
    "many-blank-lines",
    0.9,
    "A long gap hides what stands below",
    (f) => !f.reply && /\n(?:[ \t\r\u00a0]*\n){14}/.test(f.content.plain.slice(0, 20_000)),
  ),
  rule(
    "foreign-charset",
    1.2,
    "It is written in a character set of far away",
    (f) =>
      f.content.parts.some((part) =>
        /^(?:ks_c|euc-kr|gb2312|gbk|gb18030|big5|iso-2022-kr|windows-125[16]|koi8|tis-620)/.test(part.charset),
      ) &&
      !f.reply &&
      f.talk.discussion === 0,
  ),
  rule("greets-address", 0.9, "It greets the recipient by address instead of by name", (f) => {
    const rcpt = f.content.envelope.rcpt.toLowerCase();
    if (rcpt.length < 5) return false;
    const text = (f.content.html?.text ?? f.content.plain).slice(0, 3000).toLowerCase();
    // A pattern with the address in it would be compiled anew for everybody.
    for (const { index, 0: greeting } of text.matchAll(greetings))
      if (isAddressAt(text, index + greeting.length, rcpt)) return true;
    return false;
  }),
  rule(
    "plain-text",
    -0.7,
    "It is plain text, as people write it to people",
    (f) =>
      f.content.html === undefined &&
      f.clicks.length < 5 &&
      f.talk.fee < 2 &&
      (f.reply || f.mua || f.talk.discussion > 1),
  ),
  rule(
    "quotes",
    -1.3,
    "It quotes an earlier message",
    (f) =>
      /(?:^|\n)>[^\n]*\n>/.test(f.shownPlain.slice(0, 30_000)) || /\bwrote:\s*\n/.test(f.shownPlain.slice(0, 30_000)),
  ),
  rule("code", -1.4, "It contains a program or a patch", (f) =>
    /(?:^|\n)(?:diff --git|[+-]{3} [ab]\/|@@ -\d|Signed-off-by:|#include|#!\/|\$ \w+|[ \t]+at [\w.]+\(|[\w.]+@[\w-]+:~?)/.test(
      f.shownPlain.slice(0, 30_000),
    ),
  ),
  rule("signature", -0.7, "It ends with a signature as people have", (f) => /\n-- ?\r?\n/.test(f.shownPlain)),
  rule("list-footer", -1.1, "It carries the footer of a discussion list", (f) =>
    /\n_{20,}\r?\n.{0,80}(?:mailing list|list)|\nTo unsubscribe(?: from|,)[^\n]*(?:e-?mail|list)/i.test(
      f.shownPlain.slice(-2500),
    ),
  ),
  rule("pgp", -1.2, "It is signed with a personal key", (f) =>
    /multipart\/signed|BEGIN PGP/.test(`${f.field("content-type") ?? ""}${f.shownPlain.slice(0, 500)}`),
  ),
  rule(
    "one-line-footer-ad",
    -0.3,
    "It is a person's short note",
    (f) =>
      f.content.html === undefined &&
      f.words > 3 &&
      f.words < 400 &&
      f.clicks.length < 2 &&
      f.talk.push === 0 &&
      f.talk.fee === 0 &&
      f.talk.account === 0,
  ),
];

const scansCode =
  /\b(?:scan|scannen|scannez|scansiona|escanee|escanea|digitalize)\b[^.!?]{0,100}\bqr\b|\bqr[- ]?code\b[^.!?]{0,100}\b(?:scan|phone|camera|handy|smartphone|scannen)\b/i;

const greetings = /(?:dear|hello|hi|hey|attn|attention|hallo|olá|ola|bonjour|user|customer)[\s,:!]{1,4}/g;

/** Whether `rcpt` stands there; what is no letter or digit in it may be written as anything. */
function isAddressAt(text: string, at: number, rcpt: string): boolean {
  if (at + rcpt.length > text.length) return false;
  for (let i = 0; i < rcpt.length; i++) {
    const wanted = rcpt[i]!;
    if (/[a-z0-9@]/.test(wanted) ? text[at + i] !== wanted : /[\r\n]/.test(text[at + i]!)) return false;
  }
  return true;
}

/** Whether base64 was not needed for the characters of the text. */
function mostlyLatin(f: Facts): boolean {
  for (const { scripts, letters } of writing(f)) if (letters > 40) return scripts.latin > 0.9 * letters;
  return false;
}
