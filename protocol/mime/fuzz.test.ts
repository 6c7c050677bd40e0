/** Random mutations of real messages: nothing throws, and what the parts of this folder say of a message agrees. FUZZ=n does n times as much. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { basicStructure } from "../imap/structure.ts";
import { bodyParts } from "./attachments.ts";
import { decodeBody, decodeText, fileNameOf } from "./decode.ts";
import { factsOf } from "./facts-of.ts";
import { mailboxesOf, parseAddresses } from "./fields/address.ts";
import { parseDate } from "./fields/date.ts";
import { decodeWords } from "./fields/encoded-word.ts";
import { parseMessageIds } from "./fields/message-id.ts";
import { parameterText, parseContentType, parseParameterized } from "./fields/parameters.ts";
import { headerSection } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";
import { readReport } from "./read-report.ts";
import { writeReport } from "./report.ts";
import { textContains } from "./search-text.ts";
import { partsOf } from "./searchable.ts";
import { binaryOf, sectionOf } from "./section.ts";
import { mayContain } from "./signature.ts";
import { baseSubject, subjectText } from "./subject.ts";

const times = Number(process.env["FUZZ"] ?? 1);
const folder = new URL("../../test/corpus/mime/", import.meta.url);
const corpus = ["rfc/", "bounce/"].flatMap((sub) =>
  readdirSync(new URL(sub, folder))
    .filter((file) => file.endsWith(".eml"))
    .map((file) => readFileSync(new URL(sub + file, folder)).subarray(0, 6000)),
);
const pieces = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  "\t",
  "--",
  "\r\n--",
  "\r\n\r\n",
  ":",
  ";",
  "=",
  "=?utf-8?q?",
  "=?utf-8?b?",
  "?=",
  '"',
  "\\",
  "(",
  ")",
  "<",
  ">",
  "@",
  ",",
  "\xff",
  "\xc3",
  "\xe9",
  "*0*=",
  "''",
  "%",
  "Content-Type: multipart/mixed; boundary=b\r\n",
  "Content-Type: message/rfc822\r\n",
  "--b\r\n",
  "--b--\r\n",
  "Content-Transfer-Encoding: base64\r\n",
  "Content-Transfer-Encoding: quoted-printable\r\n",
  "Content-Transfer-Encoding: x-uuencode\r\n",
  "begin 644 x\r\n",
  "Content-Type: text/plain; charset=iso-2022-jp\r\n",
  "Content-Disposition: attachment; filename*0*=utf-8''x\r\n",
  "{10}",
  "NIL",
  "\x1b$B",
  "+AGE-",
].map((piece) => Buffer.from(piece, "latin1"));

/** A small generator with a fixed seed: a failure can be had again. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function mutate(message: Buffer, random: (below: number) => number): Buffer {
  let result = message.subarray(0, 1 + random(message.length));
  for (let count = 1 + random(6); count > 0; count--) {
    const at = random(result.length + 1);
    const to = Math.min(result.length, at + random(40));
    const other = corpus[random(corpus.length)]!;
    switch (random(5)) {
      case 0:
        result = Buffer.concat([result.subarray(0, at), pieces[random(pieces.length)]!, result.subarray(at)]);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), result.subarray(to)]);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, to), result.subarray(at)]);
        break;
      case 3: {
        const from = random(other.length);
        result = Buffer.concat([result.subarray(0, at), other.subarray(from, from + random(400)), result.subarray(at)]);
        break;
      }
      default:
        result = Buffer.from(result);
        for (let i = at; i < to; i += 7) result[i] = random(256);
    }
    if (result.length > 12_000) result = result.subarray(0, 12_000);
  }
  return result;
}

/** Balanced, with literals of the length they say, and nothing but ASCII outside them. */
function assertWellFormed(text: string): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) {
      for (i++; text.charCodeAt(i) !== 34; i++) {
        assert.ok(i < text.length);
        if (text.charCodeAt(i) === 92) assert.match(text[++i]!, /["\\]/);
        else assert.match(text[i]!, /[\t\x20-\x7e]/);
      }
    } else if (code === 123) {
      const match = /^\{(\d+)\}\r\n/.exec(text.slice(i, i + 20));
      assert.ok(match !== null);
      i += match[0].length + Number(match[1]) - 1;
      assert.ok(i < text.length);
    } else if (code === 40) depth++;
    else if (code === 41) assert.ok(--depth >= 0);
    else assert.match(text[i]!, /[A-Z0-9 ]/);
  }
  assert.equal(depth, 0);
}

/** Parts lie within their parents, in order. */
function assertTree(part: Part): void {
  assert.ok(part.start <= part.bodyStart && part.bodyStart <= part.end);
  let last = part.bodyStart;
  for (const child of part.parts) {
    assert.ok(child.start >= last && child.end <= part.end);
    last = child.end;
    assertTree(child);
  }
}

function check(raw: Buffer): void {
  const facts = factsOf(raw);
  assertWellFormed(facts.envelope);
  assertWellFormed(facts.structure);
  assertWellFormed(basicStructure(facts.structure));
  assert.equal(facts.headerBytes, headerSection(raw).end);
  assert.match(facts.subject, /^[^\r\n\0]*$/);
  baseSubject(facts.subject);
  const root = parseMessage(raw);
  assertTree(root);
  bodyParts(root);
  const [first] = root.parts;
  if (first !== undefined && root.kind === "multipart")
    assert.deepEqual(sectionOf(raw, { part: [1], text: "", fields: [] }), raw.subarray(first.bodyStart, first.end));
  binaryOf(raw, [1]);
  const whole = sectionOf(raw, { part: [], text: "HEADER.FIELDS.NOT", fields: [] })!;
  assert.ok(whole.length >= Math.min(2, raw.length));
  for (const part of partsOf(root)) {
    assert.ok(decodeBody(raw, part, 100).length <= 100);
    fileNameOf(part);
    if (part.contentType.type !== "text" || part.kind !== "leaf") continue;
    const text = decodeText(raw, part, 1_000_000);
    const at = text.length >> 1;
    const needle = text.slice(at, at + 6).toWellFormed();
    if (textContains(raw, needle)) assert.ok(mayContain(facts.signature, needle), JSON.stringify(needle));
  }
  readReport(raw);
}

test("mutations of real messages", () => {
  const random = generator(20260302);
  for (let i = 0; i < 3000 * times; i++) {
    const raw = mutate(corpus[random(corpus.length)]!, random);
    try {
      check(raw);
    } catch (error) {
      throw new Error(`round ${i}: ${JSON.stringify(raw.toString("latin1"))}`, { cause: error });
    }
  }
});

test("random header values", () => {
  const random = generator(4711);
  for (let i = 0; i < 20_000 * times; i++) {
    let value = "";
    for (let count = random(12); count > 0; count--)
      value +=
        random(2) === 0
          ? pieces[random(pieces.length)]!.toString("latin1")
          : String.fromCharCode(32 + random(224)).repeat(1 + random(3));
    for (const entry of parseAddresses(value)) assert.match(entry.kind, /^(mailbox|group|end)$/);
    mailboxesOf(value);
    parseDate(value);
    parseMessageIds(value, 10);
    parseContentType(value);
    parameterText(parseParameterized(value).parameters, "filename");
    assert.match(decodeWords(value.replace(/[\r\n\0]/g, "")), /^[^\r\n\0]*$/);
    assert.match(subjectText(value), /^[^\r\n\0]*$/);
  }
});

test("reports about mutated messages", () => {
  const random = generator(99);
  for (let i = 0; i < 300 * times; i++) {
    const message = mutate(corpus[random(corpus.length)]!, random);
    const text = (): string => mutate(corpus[random(corpus.length)]!, random).toString("latin1").slice(0, 60);
    const { bytes } = writeReport({
      kind: (["failure", "delay", "success"] as const)[random(3)]!,
      reportingMta: "mx.x.test",
      from: "MAILER-DAEMON@mx.x.test",
      to: "ann@x.test",
      date: 0,
      messageId: "r@x",
      boundary: "=_report_boundary",
      envid: text(),
      ret: ([undefined, "full", "hdrs"] as const)[random(3)],
      smtputf8: random(2) === 0,
      recipients: [
        {
          address: text() || "x",
          orcpt: text(),
          action: "failed",
          status: text(),
          remoteMta: text(),
          diagnostic: text(),
        },
      ],
      message,
    });
    assert.ok(bytes.length > 0);
    const read = readReport(bytes);
    assert.ok(read?.kind === "delivery" && read.recipients.length <= 1);
    assert.ok(parseMessage(bytes).parts.length >= 2);
  }
});
