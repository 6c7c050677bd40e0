/** What the filter reads out of a message, and that nobody can make it work long. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fingerprintOf } from "./campaigns.ts";
import { judgeMessage, readMessage } from "./filter.ts";
import { hashText } from "./hash.ts";
import { scanHtml } from "./html.ts";
import { parseLink, shownHost } from "./links.ts";
import { looksLike, nearly, personName } from "./names.ts";
import { readContent } from "./read-content.ts";
import { beyondRules } from "./rules/beyond-rules.ts";
import { imitates } from "./rules/brands.ts";
import { type Acquaintance, namesDomain } from "./rules/facts.ts";
import { allRules, sayable } from "./rules/judge-rules.ts";
import { readWords } from "./words.ts";

test("hashes are the same everywhere: models are kept", () => {
  assert.equal(hashText("viagra"), 2_488_496_434);
  assert.equal(readWords("Viagra").words[0], readWords("VIAGRA!").words[0]);
  const long = Array.from({ length: 700 }, (_, i) => `word${(i * i) % 97}`).join(" ");
  assert.deepEqual(fingerprintOf(readContent(Buffer.from(`Subject: x\r\n\r\n${long}\r\n`))), {
    high: 2396185793,
    low: 2255268489,
  });
});

test("tricks in words are undone and counted", () => {
  const word = readWords("paypal").words[0];
  assert.equal(readWords("p\u0430yp\u0430l").words[0], word, "Cyrillic letters that look Latin");
  assert.equal(readWords("p\u0430ypal").mixedWords, 1);
  assert.equal(readWords("pay\u200bpal").words[0], word, "a zero-width space inside");
  assert.equal(readWords("pay\u200bpal").zeroWidth, 1);
  assert.equal(readWords("𝗽𝗮𝘆𝗽𝗮𝗹").words[0], word, "letters of mathematics");
  assert.equal(readWords("𝗽𝗮𝘆𝗽𝗮𝗹").fancy, 6);
  assert.equal(readWords("москва").mixedWords, 0, "a word that is Cyrillic altogether");
  assert.equal(readWords("see http://a.example/b/c?d=e now").words.length, 3, "an address is one scheme, no words");
  assert.equal(readWords("東京都").words.length, 2, "pairs where there are no blanks");
});

test("HTML: what is seen, what is hidden, where links lead", () => {
  const html = scanHtml(
    `<style>p{color:red}</style><p>Hel<b>lo</b> <span style="display:none">secret words</span>you<br>` +
      `<a href="http://evil.example/x">https://bank.example</a><!-- x --><img width=1 height=1 src=http://t.example/p>`,
  );
  assert.match(html.text, /Hello\s+you/);
  assert.equal(html.hidden.trim(), "secret words");
  assert.deepEqual(
    html.links.map(({ href, text, use }) => [href, text, use]),
    [
      ["http://evil.example/x", "https://bank.example", "a"],
      ["http://t.example/p", "", "image"],
    ],
  );
  assert.equal(html.pixels, 1);
  assert.equal(html.comments, 1);
  assert.equal(scanHtml("<p>a<b>").text.trim(), "a", "broken HTML ends nothing");
});

test("HTML: letters that nobody sees are hidden, whatever hides them", () => {
  const styles = [
    "display:none",
    "visibility:collapse",
    "content-visibility: hidden",
    "opacity:0",
    "max-width:0",
    "position:absolute; left:-9999px",
    "clip-path:inset(100%)",
    "position:absolute;clip: rect(0 0 0 0)",
    "transform: scale(0)",
    "color:transparent",
    "color: rgba(0,0,0,0)",
    "color:#00000000",
    "color:#fff;background:#ffffff",
    "background-color: white; color: rgb(255, 255, 255)",
    "text-indent:-999px",
    "height:0;overflow:hidden",
    "overflow: hidden; width:0px",
  ];
  for (const style of styles)
    assert.equal(scanHtml(`<div style="${style}">dark</div>light`).text.trim(), "light", style);
  const seen = [
    "color:#fff;background:#000",
    "opacity:0.9",
    "max-width:0.5em",
    "position:absolute;left:-9px",
    "color:#000000",
  ];
  for (const style of seen) assert.equal(scanHtml(`<div style="${style}">dark</div>`).text.trim(), "dark", style);
  const sheet = (css: string): string =>
    scanHtml(`<style>${css}</style><p class="x Y">dark</p><i id=z>deep</i>light`).text.replace(/\s+/g, " ").trim();
  assert.equal(sheet(".y{display:none}"), "deeplight");
  assert.equal(sheet("a{color:red} p.y , #z{ color: transparent }"), "light");
  assert.equal(
    sheet("@media (max-width:9px){.y{display:none} .x{}} .q{display:none}"),
    "dark deeplight",
    "on some screens only",
  );
  assert.equal(sheet(".y p{display:none} .y:hover{display:none} .y{display:none"), "dark deeplight");
});

test("HTML: an element inside another is as large as it says; what says nothing is as large as what is around it", () => {
  const seen = (html: string): readonly [string, string, number] => {
    const { text, hidden, tinyChars } = scanHtml(html);
    return [text.trim(), hidden.trim(), tinyChars];
  };
  // As MJML makes newsletters: no gaps between the columns, and the texts as large as ever.
  const newsletter = `<td style="font-size:0px;word-break:break-word"><div style="font-family:Arial;font-size:13px">Your order</div>gap</td>`;
  assert.deepEqual(seen(newsletter), ["Your order", "gap", 0]);
  assert.deepEqual(seen(`<p style="font-size:0"><b>hash busters</b> <i style="font-size:2em">too</i></p>seen`), [
    "seen",
    "hash busters too",
    0,
  ]);
  assert.deepEqual(seen(`<p style="font:0/0 a">logo</p><p style="font: bold 14px/1.2 Arial">text</p>`), [
    "text",
    "logo",
    0,
  ]);
  assert.deepEqual(seen(`<div style="font-size:1px">dots<span style="font-size:16px">words</span></div>`), [
    "dotswords",
    "",
    4,
  ]);
  assert.deepEqual(seen(`<div style="display:none"><p style="font-size:16px">never</p></div>`), ["", "never", 0]);
});

const rulesOf = (text: string): readonly string[] => readMessage(Buffer.from(text)).hits.map(({ name }) => name);
const mailing = (more: string, text: string): string =>
  `DKIM-Signature: v=1; d=service.example; s=a\r\nList-Unsubscribe: <https://service.example/u>\r\n${more}Subject: Your order\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n${text}\r\n`;

test("a link in Markdown is no placeholder that was not filled in", () => {
  const from = "From: Green Trees <shop@greentrees.example>\r\n";
  assert.ok(!rulesOf(mailing(from, "[Unsubscribe](https://service.example/u)")).includes("placeholder"));
  assert.ok(rulesOf(mailing(from, "To leave the list: [Unsubscribe]")).includes("placeholder"));
  assert.ok(rulesOf(mailing(from, "Dear [[name]], hello")).includes("placeholder"));
});

test("a greeting by address, and a long gap", () => {
  const mail = (text: string, rcpt: string): readonly string[] =>
    readMessage(Buffer.from(mailing("From: <a@b.example>\r\n", text)), {
      envelope: {
        ip: "192.0.2.1",
        helo: "b.example",
        rdns: "b.example",
        mailFrom: "a@b.example",
        rcpt,
        auth: undefined,
      },
    }).hits.map(({ name }) => name);
  const greets = (text: string): boolean => mail(text, "Ann.Lee+x@example.org").includes("greets-address");
  assert.ok(greets("Good day,\r\nhello: ANN.LEE+X@example.org, here it is"));
  assert.ok(greets("hi hey ann_lee x@example_org!"), "its dots and signs may be written as anything");
  assert.ok(!greets("Hello Ann, you read this at ann.lee+x@example.org"));
  assert.ok(!greets("Dear ann.lee+x@example.or"));
  const gap = (lines: number): boolean => mail(`a${"\r\n \t".repeat(lines)}b`, "").includes("many-blank-lines");
  assert.ok(gap(15));
  assert.ok(!gap(14));
});

test("a service may write in a company's name where answers go to the company; nobody so in a brand's", () => {
  const mail = (name: string, replyTo: string) =>
    rulesOf(mailing(`From: ${name} <system@service.example>\r\nReply-To: <info@${replyTo}>\r\n`, "Here it is."));
  assert.ok(!mail("Green Trees", "greentrees.example").includes("reply-elsewhere"));
  assert.ok(!mail("Green Trees", "greentrees.example").includes("name-strange"));
  assert.ok(mail("Green Trees", "other.example").includes("reply-elsewhere"));
  assert.ok(mail("PayPal", "paypal-help.example").includes("reply-elsewhere"));
});

test("links are taken apart as programs follow them", () => {
  const of = (href: string) => {
    const link = parseLink(href, "", "a");
    return link && [link.scheme, link.host, link.domain, link.port, link.isIp, link.hasUser];
  };
  assert.deepEqual(of("https://a.b.example.co.uk:8443/x"), [
    "https",
    "a.b.example.co.uk",
    "example.co.uk",
    "8443",
    false,
    false,
  ]);
  assert.deepEqual(of("http:\\\\evil.com"), ["http", "evil.com", "evil.com", "", false, false]);
  assert.deepEqual(of("http://bank.com@evil.com/"), ["http", "evil.com", "evil.com", "", false, true]);
  assert.deepEqual(of("http://1.2.3.4/"), ["http", "1.2.3.4", "1.2.3.4", "", true, false]);
  assert.deepEqual(of("www.example.com/a"), ["http", "www.example.com", "example.com", "", false, false]);
  assert.equal(of("#top"), undefined);
  assert.equal(shownHost("https://www.paypal.com/login"), "www.paypal.com");
  assert.equal(shownHost("click here"), undefined);
});

test("names and domains that belong together, and those that only look so", () => {
  const person = (name: string, domain: string) => namesDomain({ name, local: "x", domain });
  assert.ok(person("Luekens Wine & Spirits", "luekensliquors.com"));
  assert.ok(person("Bullstrap", "bullstraps.com"));
  assert.ok(!person("Yeti Ride", "aicteapproved.com"));
  assert.ok(
    nearly("example.com", "exmaple.com") &&
      nearly("example.com", "examp1e.com") &&
      !nearly("example.com", "sample.org"),
  );
  assert.equal(imitates("www.paypal.com.secure-login.example")?.name, "paypal");
  assert.equal(imitates("www.paypa1.com")?.name, "paypal");
  assert.equal(imitates("www.paypal.com"), undefined);
  assert.equal(imitates("www.yahoo.com.au"), undefined, "a name in another country");
  assert.equal(imitates("xn--pypal-4ve.com")?.name, "paypal");
});

test("a name is the same however it is written, and a domain is what the eye reads", () => {
  for (const name of [
    "Ann Boss",
    "ANN  BOSS",
    "Boss, Ann",
    "Dr. Ann Boss (CEO)",
    "Ann Boss, CEO",
    "\u0410nn B\u043ess",
    "Ann\u200b Boss",
    '"Ánn Boss"',
  ])
    assert.equal(personName(name), "ann boss", name);
  for (const name of ["Ann Bosse", "Ann Boss via Docs", "Ann Boss (Tracker)", "Boss", ""])
    assert.notEqual(personName(name), "ann boss", name);
  for (const domain of ["examp1e.com", "exarnple.com", "example-com.net", "xn--exmple-4nf.com", "exmaple.com"])
    assert.ok(looksLike(domain, "example.com"), domain);
  for (const domain of ["example.com", "sample.org", "examples-of-art.org", "a.com"])
    assert.ok(!looksLike(domain, "example.com"), domain);
});

test("nobody is believed an answer, or a person, for saying so", () => {
  const rules = (text: string, known: Acquaintance) =>
    readMessage(Buffer.from(text), { known }).hits.map(({ name }) => name);
  const answer =
    "From: PayPal <x@evil.example>\r\nIn-Reply-To: <a@us.example>\r\nSubject: Re: your account\r\n\r\nVerify it: http://evil.example/\r\n\r\n> you\r\n> wrote\r\n-- \r\nx\r\n";
  assert.ok(rules(answer, {}).includes("in-thread"), "where nobody knows");
  assert.ok(rules(answer, { stranger: false }).includes("in-thread"));
  const strangers = rules(answer, { stranger: true });
  assert.ok(!strangers.includes("in-thread") && strangers.includes("from-brand"), String(strangers));
  assert.ok(!strangers.includes("fake-reply"), "it may well be an answer");

  const manly = `From: a@b.example\r\nX-Mailer: Mutt\r\nSubject: x\r\n\r\nBEGIN PGP\r\n> a\r\n> b\r\n$ ls\r\n-- \r\nx\r\n`;
  const inFavour = (known: Acquaintance): number =>
    readMessage(Buffer.from(manly), { known })
      .hits.filter(({ name }) => sayable.has(name))
      .reduce((sum, { weight }) => sum + weight, 0);
  assert.equal(inFavour({ stranger: true }), -3);
  assert.ok(inFavour({ stranger: false }) < -5);
  for (const name of sayable)
    assert.ok(
      allRules.some((rule) => rule.name === name && rule.weight < 0),
      name,
    );
});

test("what stands in the plain version only, which nobody sees, does not speak for a message", () => {
  const words = (stem: string): string =>
    Array.from({ length: 40 }, (_, i) => `${stem}${String.fromCharCode(97 + (i % 26))}${stem}`).join(" ");
  const mail = (html: string): readonly string[] =>
    rulesOf(
      `From: a@b.example\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n${words("ab")}\r\n> you\r\n> wrote\r\n-- \r\nme\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>${html}</p>\r\n--b--\r\n`,
    );
  const told = ["quotes", "signature"];
  assert.deepEqual(
    mail(words("ab")).filter((name) => told.includes(name)),
    told,
  );
  assert.deepEqual(
    mail(words("cd")).filter((name) => told.includes(name)),
    [],
  );
});

test("what a bought domain proves speaks for nobody who uses another's name; one that looks like the recipient's own is doubted", () => {
  const rules = (from: string, known: Acquaintance = {}): readonly string[] => {
    const domain = from.slice(from.lastIndexOf("@") + 1, -1);
    const envelope = {
      ip: "192.0.2.1",
      helo: `mx.${domain}`,
      rdns: `mx.${domain}`,
      mailFrom: `a@${domain}`,
      rcpt: "ann@company.example",
      auth: { spf: "pass", dmarc: "pass" },
    };
    const text = `From: ${from}\r\nSubject: x\r\n\r\nWe have a new IBAN: https://www.${domain}/\r\n`;
    return readMessage(Buffer.from(text), { envelope, known }).hits.map(({ name }) => name);
  };
  const proofs = (from: string): number =>
    rules(from).filter((name) => name === "proved-sender" || name === "links-own").length;
  assert.equal(proofs("Shop <a@shop.example>"), 2);
  assert.equal(proofs("PayPal <a@shop.example>"), 0);
  assert.equal(proofs("Service <a@paypa1.com>"), 0);
  assert.equal(proofs("PayPal <a@paypal.com>"), 2);
  for (const domain of ["cornpany.example", "comapny.example", "company-example.com"]) {
    const doubts = rules(`Carl <a@${domain}>`);
    assert.ok(doubts.includes("own-look-alike") && doubts.includes("errand-in-name"), domain);
    assert.ok(!rules(`Carl <a@${domain}>`, { seenBefore: true }).includes("own-look-alike"), domain);
  }
  assert.ok(!rules("Carl <a@companions.example>").includes("own-look-alike"));
});

test("who warns of an account and has a code scanned is doubtful", () => {
  const mail = (subject: string, text: string): boolean =>
    rulesOf(`From: IT <it@b.example>\r\nSubject: ${subject}\r\n\r\n${text}\r\n`).includes("scan-code");
  assert.ok(mail("Your password expires", "Scan the QR code with the camera of your phone."));
  assert.ok(mail("Your password expires", "Below is a QR-Code for your smartphone."));
  assert.ok(!mail("Your ticket for Friday", "Show the QR code on your phone at the door."));
  assert.ok(!mail("Your password expires", "Here is a link."));
});

test("every rule has a name of its own and a sentence", () => {
  assert.equal(new Set(allRules.map(({ name }) => name)).size, allRules.length);
  for (const { name, sentence } of allRules) {
    assert.match(name, /^[a-z0-9-]+$/);
    assert.match(sentence, /^[A-Z].*[^.]$/, name);
  }
});

test("the documentation lists every rule with its weight and sentence, and no other", () => {
  const listed = readFileSync(new URL("../../../docs/filter-rules.md", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const rows = [...allRules, ...Object.values(beyondRules)].map(
    ({ name, weight, sentence }) => `| \`${name}\` | ${weight} | ${sentence} |`,
  );
  assert.deepEqual(listed, rows);
});

test("our own trace and an earlier filter's opinion teach nothing", () => {
  const trace =
    "Return-Path: <a@b.example>\r\nReceived: from x.example (x.example [192.0.2.5]) by mx.us.example; Mon, 5 Jan 2026 10:00:00 +0000\r\nX-Spam-Status: Yes\r\nAuthentication-Results: us; spf=pass\r\n";
  const mail = "From: a@b.example\r\nSubject: Hello\r\n\r\nHello\r\n";
  const content = readContent(Buffer.from(trace + mail));
  assert.deepEqual(
    content.fields.map(({ name }) => name),
    ["from", "subject"],
  );
  assert.equal(content.envelope.ip, "192.0.2.5");
  assert.equal(content.hops.length, 0);
  assert.equal(readContent(Buffer.from(mail)).envelope.ip, "");
});

const head = "From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n";
const hostile: readonly (readonly [string, () => Buffer])[] = [
  [
    "10 MB of HTML tags",
    () =>
      Buffer.from(`${head}Content-Type: text/html\r\n\r\n${"<a href=http://x.example/>b</a><div>".repeat(300_000)}`),
  ],
  ["10 MB of open tags", () => Buffer.from(`${head}Content-Type: text/html\r\n\r\n${"<".repeat(10_000_000)}`)],
  ["unclosed comments", () => Buffer.from(`${head}Content-Type: text/html\r\n\r\n${"<!--".repeat(2_000_000)}`)],
  [
    "quotes that never end",
    () => Buffer.from(`${head}Content-Type: text/html\r\n\r\n${'<a href="'.repeat(1_000_000)}`),
  ],
  ["unclosed styles", () => Buffer.from(`${head}Content-Type: text/html\r\n\r\n${"<style></".repeat(1_000_000)}`)],
  ["a line of 50 MB", () => Buffer.concat([Buffer.from(`${head}\r\n`), Buffer.alloc(50_000_000, 97)])],
  ["one word per byte", () => Buffer.from(`${head}\r\n${"a b ".repeat(5_000_000)}`)],
  [
    "100,000 parts",
    () => Buffer.from(`${head}Content-Type: multipart/mixed; boundary=x\r\n\r\n${"--x\r\n\r\ny\r\n".repeat(100_000)}`),
  ],
  ["many addresses", () => Buffer.from(`${head}To: ${"a@b.example, ".repeat(50_000)}\r\n\r\nx`)],
  ["blanks", () => Buffer.from(`${head}\r\n${" \t".repeat(3_000_000)}x${" \n".repeat(1_000_000)}`)],
  [
    "a charset lie",
    () => Buffer.from(`${head}Content-Type: text/html; charset=utf-16\r\n\r\n${"<p>x</p>".repeat(500_000)}`),
  ],
  [
    "encoded words",
    () => Buffer.from(`Subject: ${"=?utf-8?q?a?=".repeat(50_000)}\r\nFrom: ${"=?".repeat(100_000)}\r\n\r\nx`),
  ],
  [
    "points and dashes",
    () => Buffer.from(`${head}\r\n${"a.".repeat(2_000_000)}\n${"-_@".repeat(1_000_000)}http://${"a.".repeat(100_000)}`),
  ],
];
for (const [name, make] of hostile)
  test(`bounded: ${name}`, () => {
    const raw = make();
    const before = process.cpuUsage();
    const opinion = judgeMessage(readMessage(raw), undefined);
    const { user, system } = process.cpuUsage(before);
    assert.ok(Number.isFinite(opinion.odds));
    // A quarter of a second is the promise; a busy machine that compiles for the first time gets four times as much.
    assert.ok((user + system) / 1000 < 1000, `${(user + system) / 1000} ms`);
  });
