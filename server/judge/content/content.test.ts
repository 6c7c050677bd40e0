/** What the filter reads out of a message, and that nobody can make it work long. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fingerprintOf } from "./campaigns.ts";
import { judgeMessage, readMessage } from "./filter.ts";
import { hashText } from "./hash.ts";
import { scanHtml } from "./html.ts";
import { parseLink, shownHost } from "./links.ts";
import { readContent } from "./read-content.ts";
import { beyondRules } from "./rules/beyond-rules.ts";
import { imitates } from "./rules/brands.ts";
import { namesDomain } from "./rules/facts.ts";
import { allRules } from "./rules/judge-rules.ts";
import { nearly } from "./rules/sender-rules.ts";
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
