/** The parsers without a fuzz test of their own: whatever strangers send them, there is an answer, soon, and it keeps its promises. FUZZ=n does n times as much. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, fuzzRounds, type Random, seeded } from "../test/fuzz.ts";
import { parseCsv } from "./csv.ts";
import { updateResult } from "./dns/update.ts";
import { parseIp } from "./ip.ts";
import { cardFault, cardTexts } from "./jmap/contact-card.ts";
import { readDraft, writeDraft } from "./jmap/email-create.ts";
import { parseHeaderProperty } from "./jmap/email-properties.ts";
import { idOf, numberOf, parseBlobId } from "./jmap/ids.ts";
import { readMdn } from "./jmap/mdn.ts";
import { applyPatch, setPatch } from "./jmap/patch.ts";
import { htmlText, previewOf } from "./jmap/preview.ts";
import { evaluate, resolveReferences } from "./jmap/reference.ts";
import { parseJson, readRequest } from "./jmap/request.ts";
import { mark } from "./jmap/snippet.ts";
import { parseState } from "./jmap/state.ts";
import type { Json, JsonObject } from "./jmap/types.ts";
import { MboxReader, mboxMessage, withCrlf } from "./mbox/mbox.ts";
import { decodeEntities } from "./mime/entities.ts";
import { parseMessage } from "./mime/parse.ts";
import { addressOfUserId } from "./openpgp/packets.ts";
import { parsePolicy, stsId } from "./policy/mta-sts.ts";
import { readTlsReport, reportAddresses } from "./policy/tls-report.ts";
import { decodeResponse, parseCommand } from "./pop3/command.ts";
import { parseReportUris } from "./report/aggregate.ts";
import { releaseToken } from "./return-path/release-address.ts";
import { srsLocal, srsReturn } from "./return-path/srs.ts";
import { verpToken } from "./return-path/verp.ts";
import { parseOauthBearer, parseXoauth2 } from "./sasl/bearer.ts";
import { loginText, parsePlain } from "./sasl/plain.ts";
import { saslPrep } from "./sasl/prep.ts";
import { parseVerifier } from "./sasl/scram.ts";
import { readClientFirst } from "./sasl/scram-server.ts";

const rounds = 1000;
const each = (work: (random: Random, seed: number) => void): void => {
  for (let seed = 1; seed <= fuzzRounds(rounds); seed++) work(seeded(seed * 7919), seed);
};
const noise = [
  '"',
  "\\",
  "\0",
  "\x7f",
  "\xff",
  "ä",
  "€",
  "😀",
  "\ud800",
  "a",
  "0",
  " ",
  "\t",
  "\r",
  "\n",
  "\r\n",
  "",
  "%",
  "=",
];
const text = (random: Random, words: readonly string[], length = 14): string =>
  anyOf(random, [...words, ...noise], length);

test("POP3 commands: a command or an answer, never more than one line", () => {
  const words = [
    "USER",
    "PASS",
    "RETR",
    "TOP",
    "UIDL",
    "APOP",
    "AUTH",
    "STLS",
    "CAPA",
    "XCLIENT",
    "1",
    "-1",
    "18446744073709551617",
    "PLAIN",
    "=",
    "*",
  ];
  each((random) => {
    const line = Buffer.from(text(random, words), "latin1");
    const parsed = parseCommand(line);
    if ("ok" in parsed && typeof parsed.ok === "string") assert.doesNotMatch(parsed.ok, /[\r\n]/);
    decodeResponse(line.toString("latin1"));
  });
});

test("SASL messages: no name with a NUL in it comes out", () => {
  const words = [
    "n,,",
    "y,,",
    "p=tls-exporter,,",
    "n=",
    "r=",
    "a=",
    "m=",
    "user",
    "=2C",
    "=3D",
    "=2",
    ",",
    "\x01",
    "auth=Bearer ",
    "host=",
    "port=",
    "user=",
    "@a.test",
  ];
  each((random) => {
    const message = Buffer.from(text(random, words, 10), random(2) ? "utf8" : "latin1");
    for (const plus of [false, true]) {
      const first = readClientFirst(message, { plus, plusOffered: random(2) === 0 });
      if (first.kind === "first") assert.ok(!first.user.includes("\0") && first.nonce.length > 0);
    }
    const plain = parsePlain(message);
    if (plain !== undefined) assert.ok(!Object.values(plain).some((one) => String(one).includes("\0")));
    loginText(message, 100);
    parseOauthBearer(message);
    parseXoauth2(message);
    saslPrep(message.toString("utf8"));
    parseVerifier(message.toString("latin1"));
  });
});

test("policies, reports and addresses from DNS and HTTPS", () => {
  const words = [
    "version: STSv1",
    "mode: enforce",
    "max_age: 9",
    "max_age: -1",
    "mx: *.a.test",
    "mx: .",
    "v=STSv1;",
    "id=1;",
    "v=TLSRPTv1;",
    "rua=",
    "mailto:a@b.test",
    "https://a.test/x",
    "!10m",
    ",",
    ":",
  ];
  each((random) => {
    const one = text(random, words);
    const policy = parsePolicy(one);
    assert.ok("mistake" in policy || policy.mx.every((host) => host !== ""));
    stsId([one]);
    assert.ok(reportAddresses([`v=TLSRPTv1;rua=${one}`]).length <= 5);
    parseReportUris(one);
    parseIp(one);
    readTlsReport(one);
    readTlsReport(
      JSON.stringify(
        json(random, [
          "organization-name",
          "date-range",
          "start-datetime",
          "end-datetime",
          "report-id",
          "policies",
          "policy",
          "summary",
          "failure-details",
          "result-type",
          "2026-01-01T00:00:00Z",
        ]),
      ),
    );
    updateResult(Buffer.from(one, "latin1"), random(65536));
  });
});

test("return paths: only what we made leads anywhere", () => {
  const mac = (bytes: string | Uint8Array) =>
    Buffer.alloc(
      32,
      Buffer.from(bytes).reduce((sum, byte) => sum + byte, 7),
    );
  const words = [
    "SRS0=",
    "SRS1=",
    "SRS0+",
    "aaaaaaa=",
    "AB=",
    "a.test=",
    "=",
    "==",
    "-",
    "+",
    "b1-",
    "r1-",
    "abcdefghijklmnop",
  ];
  each((random) => {
    const local = text(random, words, 8);
    const ask = { mac, day: 20_000 };
    assert.notEqual(srsReturn(local.replaceAll("aaaaaaa", "0000000"), ask, 9).kind, "to");
    const sender = { local: local.replaceAll(/[\r\n\0]/g, "") || "x", domain: "a.test" };
    const back = srsReturn(srsLocal(sender, ask), ask, 9);
    assert.ok(back.kind === "to", `${JSON.stringify(sender)} ${back.kind}`);
    verpToken(local, mac);
    releaseToken(local, mac);
  });
});

test("CSV: as many cells as were written", () => {
  each((random) => {
    parseCsv(text(random, [",", ";", '""', '"a"', "a,b"]));
    const cells = Array.from({ length: 1 + random(4) }, () =>
      Array.from({ length: 2 }, () => text(random, [",", '"'], 4)),
    );
    const written = cells.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")).join("\r\n");
    assert.deepEqual(parseCsv(written), cells);
  });
});

test("mbox: what was written is read again, however it is cut; anything else is no crash", () => {
  const lines = [
    "From someone\r\n",
    ">From me\r\n",
    ">>From me\r\n",
    "\r\n",
    "Subject: x\r\n",
    "text\r\n",
    "From \r\n",
  ];
  each((random) => {
    const messages = Array.from({ length: 1 + random(3) }, () => Buffer.from(`A: b\r\n${anyOf(random, lines, 8)}`));
    const file = Buffer.concat(messages.map((bytes) => mboxMessage(bytes, "a@b.test", 1_790_000_000_000, "")));
    assert.deepEqual(
      readMbox(file, 1 + random(9)).map((bytes) => bytes.toString("latin1")),
      messages.map((bytes) => withCrlf(bytes).toString("latin1")),
    );
    readMbox(
      Buffer.from(text(random, ["From a Thu Jan 01 00:00:00 1970\n", "From ", "\n\n", ...lines]), "latin1"),
      1 + random(9),
    );
  });
});

function readMbox(file: Buffer, piece: number): readonly Buffer[] {
  const reader = new MboxReader();
  const read: Buffer[] = [];
  const take = (one: { readonly bytes: Buffer } | "too-large"): void => {
    if (one !== "too-large") read.push(one.bytes);
  };
  for (let at = 0; at < file.length; at += piece)
    for (const one of reader.take(file.subarray(at, at + piece))) take(one);
  for (const one of reader.end()) take(one);
  return read;
}

/** Any JSON value made of these words, as names and as texts. */
function json(random: Random, words: readonly string[], depth = 0): Json {
  const word = (): string => (random(12) === 0 ? text(random, words, 3) : (words[random(words.length)] ?? ""));
  switch (random(depth > 4 ? 5 : 9)) {
    case 0:
      return null;
    case 1:
      return random(2) === 0;
    case 2:
      return [0, 1, -1, 1.5, 2 ** 53, 65_536][random(6)] as number;
    case 3:
    case 4:
      return word();
    case 5:
      return Array.from({ length: random(4) }, () => json(random, words, depth + 1));
    default: {
      // As JSON.parse makes it: "__proto__" is a name like others.
      const entries = Array.from({ length: random(6) }, () => [word(), json(random, words, depth + 1)] as const);
      return Object.fromEntries(entries);
    }
  }
}
const object = (random: Random, words: readonly string[]): JsonObject => {
  const made = json(random, words);
  return typeof made === "object" && made !== null && !Array.isArray(made)
    ? (made as JsonObject)
    : { [words[0] ?? "x"]: made };
};

test("JMAP requests, references and patches: an answer; no prototype is reached", () => {
  const words = [
    "using",
    "methodCalls",
    "createdIds",
    "urn:ietf:params:jmap:core",
    "Email/get",
    "#ids",
    "ids",
    "resultOf",
    "name",
    "path",
    "/ids",
    "/list/*/id",
    "/~1/~0",
    "c0",
    "__proto__",
    "constructor",
    "prototype",
    "a/b",
    "keywords/$seen",
    "mailboxIds/a",
  ];
  each((random) => {
    const value = json(random, words);
    const bytes = Buffer.from(JSON.stringify(value));
    parseJson(random(3) === 0 ? bytes.subarray(random(bytes.length + 1)) : bytes);
    readRequest(value, { maxCallsInRequest: 4 } as Parameters<typeof readRequest>[1], (name) =>
      name.startsWith("urn:"),
    );
    const one = object(random, words);
    resolveReferences(one, [["Email/get", object(random, words), "c0"]]);
    resolveReferences({ "#ids": { resultOf: "c0", name: "Email/get", path: String(words[random(words.length)]) } }, [
      ["Email/get", one, "c0"],
    ]);
    evaluate(value, `/${text(random, words, 4)}`);
    const patched = applyPatch(one, object(random, words));
    if ("ok" in patched) assert.ok(Object.getPrototypeOf(patched.ok) === Object.prototype);
    for (const property of ["keywords", "mailboxIds", "__proto__"]) setPatch(one, property);
    assert.ok(!("polluted" in {}) && !("a" in {}) && !("b" in {}));
  });
});

test("JMAP drafts: refused, or a message that reads as one", () => {
  const words = [
    "from",
    "to",
    "subject",
    "email",
    "name",
    "a@b.test",
    "x\r\nBcc: evil@b.test",
    "textBody",
    "htmlBody",
    "bodyValues",
    "bodyStructure",
    "attachments",
    "partId",
    "1",
    "value",
    "type",
    "text/plain",
    "multipart/mixed",
    "subParts",
    "charset",
    "blobId",
    "cid",
    "header:X-A:asText",
    "header:X-B",
    "headers",
    "sentAt",
    "2026-01-01T00:00:00Z",
    "__proto__",
  ];
  let written = 0;
  each((random) => {
    const draft = readDraft(object(random, words));
    if ("type" in draft) return;
    try {
      const message = writeDraft(draft, { date: 1_790_000_000_000, messageId: "x@b.test" } as unknown as Parameters<
        typeof writeDraft
      >[1]);
      const root = parseMessage(message);
      assert.ok(!root.header.fields.some((field) => field.name === "bcc"), message.toString());
      written += 1;
    } catch (error) {
      // What a draft needs besides its text (a blob) is looked up before it is written.
      if (!/blob/i.test(String(error))) throw error;
    }
  });
  assert.ok(written > 0);
});

test("JMAP ids, states, properties, cards, disposition notices", () => {
  const words = [
    "B",
    "E1",
    "M",
    "T",
    "_1",
    "G1,2",
    "header:",
    "From:as",
    "asText",
    ":all",
    "-",
    "@type",
    "Card",
    "emails",
    "address",
    "name",
    "full",
    "components",
    "kind",
    "value",
    "Disposition: manual-action/MDN-sent-manually; displayed\r\n",
    "Content-Type: multipart/report; boundary=b\r\n\r\n",
    "--b\r\n",
    "Content-Type: message/disposition-notification\r\n\r\n",
  ];
  each((random) => {
    const one = text(random, words, 6);
    for (const kind of ["E", "T", "M"] as Parameters<typeof idOf>[0][]) {
      const number = numberOf(kind, one);
      if (number !== undefined) assert.equal(idOf(kind, number), one);
    }
    parseBlobId(one);
    parseState(one);
    parseHeaderProperty(one);
    const card = object(random, words);
    if (cardFault(card) === undefined)
      for (const condition of ["name", "email", "text", "uid", "address"]) cardTexts(card, condition);
    readMdn(Buffer.from(text(random, words, 12), "latin1"));
  });
});

test("HTML as text, previews and snippets: no tag of theirs comes out of a snippet", () => {
  const words = [
    "<p>",
    "<script>",
    "</script>",
    "<style>",
    "</",
    "<!--",
    "-->",
    "<![CDATA[",
    "&amp;",
    "&#x110000;",
    "&#0;",
    "&lt",
    "&nbsp;",
    "word",
    "WORD",
    "İ",
    "<br/>",
    "'",
    ">",
  ];
  each((random) => {
    const one = text(random, words, 20);
    decodeEntities(one);
    assert.ok([...previewOf(one, true)].length <= 256);
    const plain = htmlText(one);
    const marked = mark(random(2) ? plain : one, ["word", "<p>"], 255);
    if (marked === null) return;
    assert.ok(Buffer.byteLength(marked) <= 255);
    assert.doesNotMatch(marked.replaceAll(/<\/?mark>/g, ""), /[<>]/);
  });
});

for (const [name, one] of [
  ["open brackets", "[".repeat(200_000)],
  ["tags", "<a ".repeat(100_000)],
  ["comments", "<!--".repeat(60_000)],
  ["entities", "&#".repeat(100_000)],
  ["quotes", '"'.repeat(200_001)],
  ["blank lines", "\n".repeat(200_000)],
  ["lines of From", "\nFrom ".repeat(40_000)],
  ["names", '{"a":'.repeat(60_000)],
  ["slashes", "/".repeat(100_000)],
  ["commas", ",".repeat(200_000)],
  ["tabs", "\t".repeat(200_000)],
  ["signs of addresses", "@a".repeat(100_000)],
] as const)
  test(`200,000 bytes of ${name} cost no time`, () => {
    const begun = process.cpuUsage();
    htmlText(one);
    decodeEntities(one);
    parseCsv(one);
    parseJson(Buffer.from(one));
    evaluate({ a: [] }, one);
    readMbox(Buffer.from(one), 4096);
    parsePolicy(one);
    parsePolicy(`mx:${one}x`);
    reportAddresses([`v=TLSRPTv1;rua=${one}x${one}\n=`]);
    addressOfUserId(`<a${one}`);
    parseMessage(Buffer.from(`Content-Transfer-Encoding: x${one}x\r\n\r\n`));
    readTlsReport(one);
    mark(one, ["a"], 255);
    parseCommand(Buffer.from(one));
    const { user, system } = process.cpuUsage(begun);
    assert.ok(user + system < 3_000_000, `${(user + system) / 1000} ms`);
  });
