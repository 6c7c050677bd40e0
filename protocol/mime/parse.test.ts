import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { factsOf } from "./facts-of.ts";
import { maxDepth, maxParts, type Part, parseMessage } from "./parse.ts";
import { partsOf } from "./searchable.ts";

/** "type/subtype[body]" or "type/subtype(parts)". */
function shown(raw: Buffer, part: Part): string {
  const type = `${part.contentType.type}/${part.contentType.subtype}`;
  if (part.kind !== "leaf") return `${type}(${part.parts.map((child) => shown(raw, child)).join(" ")})`;
  return `${type}[${raw.toString("latin1", part.bodyStart, part.end).replaceAll("\r\n", "|")}]`;
}

const mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
const cases: readonly [name: string, message: string, expected: string][] = [
  ["no header at all", "\r\nx", "text/plain[x]"],
  ["no type is text", "A: b\r\n\r\nx\r\n", "text/plain[x|]"],
  ["nonsense type is text", "Content-Type: nonsense\r\n\r\nx", "text/plain[x]"],
  [
    "two parts",
    `${mixed}--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n`,
    "multipart/mixed(text/plain[one] text/plain[two])",
  ],
  [
    "preamble and epilogue",
    `${mixed}pre\r\n--b\r\n\r\none\r\n--b--\r\nepi\r\n--b\r\n\r\nno\r\n`,
    "multipart/mixed(text/plain[one])",
  ],
  ["no end", `${mixed}--b\r\n\r\none\r\n`, "multipart/mixed(text/plain[one|])"],
  ["no part", `${mixed}nothing`, "multipart/mixed()"],
  ["end at once", `${mixed}--b--\r\n`, "multipart/mixed()"],
  ["no boundary", "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx", "multipart/mixed[--b||x]"],
  [
    "empty parts",
    `${mixed}--b\r\n\r\n--b\r\n--b\r\n\r\n\r\n--b--`,
    "multipart/mixed(text/plain[] text/plain[] text/plain[])",
  ],
  [
    "header without an empty line",
    `${mixed}--b\r\nContent-Type: text/html\r\n--b\r\n\r\nx\r\n--b--`,
    "multipart/mixed(text/html[] text/plain[x])",
  ],
  ["blanks after the delimiter", `${mixed}--b \t\r\n\r\nx\r\n--b-- \r\n`, "multipart/mixed(text/plain[x])"],
  [
    "bare LF",
    `${mixed}--b\n\none\n--b\n\ntwo\n--b--\n`.replaceAll("\r", ""),
    "multipart/mixed(text/plain[one] text/plain[two])",
  ],
  [
    "not at the start of a line",
    `${mixed}--b\r\n\r\nx --b\r\n --b\r\n--b--`,
    "multipart/mixed(text/plain[x --b| --b])",
  ],
  [
    "inner boundary begins with the outer one",
    `${mixed}--b\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n--bb\r\n\r\none\r\n--bb\r\n\r\ntwo\r\n--bb--\r\n--b\r\n\r\nthree\r\n--b--`,
    "multipart/mixed(multipart/alternative(text/plain[one] text/plain[two]) text/plain[three])",
  ],
  [
    "outer boundary begins with the inner one",
    "Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n--bb\r\n\r\ntwo\r\n--bb--",
    "multipart/mixed(multipart/alternative(text/plain[one]) text/plain[two])",
  ],
  [
    "the same boundary within",
    `${mixed}--b\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--`,
    "multipart/mixed(multipart/alternative(text/plain[one]) text/plain[two])",
  ],
  [
    "inner one without an end",
    `${mixed}--b\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--`,
    "multipart/mixed(multipart/alternative(text/plain[one]) text/plain[two])",
  ],
  [
    "a boundary that looks like an end",
    'Content-Type: multipart/mixed; boundary="b--"\r\n\r\n--b--\r\n\r\none\r\n--b----\r\n',
    "multipart/mixed(text/plain[one])",
  ],
  ["message", "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nbody", "message/rfc822(text/plain[body])"],
  ["global message", "Content-Type: message/global\r\n\r\nSubject: x\r\n\r\nbody", "message/global(text/plain[body])"],
  [
    "encoded message stays closed",
    "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\neA==",
    "message/rfc822[eA==]",
  ],
  [
    "multipart with a false encoding",
    `Content-Transfer-Encoding: quoted-printable\r\n${mixed}--b\r\n\r\none\r\n--b--`,
    "multipart/mixed(text/plain[one])",
  ],
  [
    "message with parts in a part",
    `${mixed}--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\none\r\n--c--\r\n\r\n--b\r\n\r\ntwo\r\n--b--`,
    "multipart/mixed(message/rfc822(multipart/mixed(text/plain[one])) text/plain[two])",
  ],
  [
    "digest",
    "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--",
    "multipart/digest(message/rfc822(text/plain[one]) text/html[two])",
  ],
  [
    "a message without its own empty line in a part",
    `${mixed}--b\r\nContent-Type: message/rfc822\r\n\r\n--b\r\n\r\nx\r\n--b--`,
    "multipart/mixed(message/rfc822(text/plain[]) text/plain[x])",
  ],
];
for (const [name, message, expected] of cases)
  test(`tree: ${name}`, () => {
    const raw = Buffer.from(message, "latin1");
    assert.equal(shown(raw, parseMessage(raw)), expected);
    // The same anywhere in memory.
    const padded = Buffer.concat([Buffer.from("zz"), raw, Buffer.from("--b\r\n")]);
    const view = new Uint8Array(padded.buffer, padded.byteOffset + 2, raw.length);
    assert.equal(shown(raw, parseMessage(view)), expected);
  });

type Offsets = { parts: { offset_body: number; offset_end: number }[] };
const folder = new URL("../../test/corpus/mime/rfc/", import.meta.url);
for (const name of readdirSync(folder).filter((file) => file.endsWith(".eml")))
  for (const form of [".json", ".crlf.json"])
    test(`tree of the MIME RFCs: ${name} ${form}`, () => {
      const raw = readFileSync(new URL(name, folder));
      const message = form === ".json" ? raw : Buffer.from(raw.toString("latin1").replace(/\r?\n/g, "\r\n"), "latin1");
      const expected: Offsets = JSON.parse(readFileSync(new URL(name.replace(".eml", form), folder), "utf8"));
      const found: Part[] = [];
      const walk = (part: Part): void => {
        found.push(part);
        if (part.kind === "multipart") for (const child of part.parts) walk(child);
      };
      walk(parseMessage(message));
      assert.deepEqual(
        found.map(({ bodyStart, end }) => [bodyStart, end]),
        expected.parts.map(({ offset_body, offset_end }) => [offset_body, offset_end]),
      );
    });

const hostile: readonly [name: string, message: () => string, check: (root: Part) => void][] = [
  [
    "200,000 empty parts",
    () => mixed + "--b\r\n\r\n".repeat(200_000),
    (root) => assert.equal(root.parts.length, maxParts - 1),
  ],
  [
    "200,000 delimiters",
    () => mixed + "--b\r\n".repeat(200_000),
    (root) => assert.equal(root.parts.length, maxParts - 1),
  ],
  [
    "2,000 messages in each other",
    () => `${"Content-Type: message/rfc822\r\n\r\n".repeat(2000)}x`,
    (root) => assert.equal([...partsOf(root)].length, maxDepth + 1),
  ],
  [
    "2,000 multiparts in each other, each boundary a prefix of the next",
    () =>
      Array.from({ length: 2000 }, (_, i) => {
        const boundary = "b".repeat((i % 200) + 1);
        return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n`;
      }).join(""),
    (root) => assert.ok([...partsOf(root)].length <= maxParts),
  ],
  ["six million lines that nearly are delimiters", () => `${mixed}--b\r\n\r\n${"--x\n".repeat(6_000_000)}`, () => {}],
  ["six million of them in a header", () => `${mixed}--b\r\n${"--x\n".repeat(6_000_000)}`, () => {}],
  ["three million header fields", () => "A: b\r\n".repeat(3_000_000), () => {}],
  [
    "many fields in many parts",
    () => mixed + `--b\r\n${"A: b\r\n".repeat(500)}\r\n`.repeat(5000),
    (root) => assert.ok([...partsOf(root)].reduce((sum, part) => sum + part.header.fields.length, 0) < 50_000),
  ],
];
for (const [name, message, check] of hostile)
  test(`hostile: ${name}`, () => {
    // Each is done in well under a second; anything quadratic would take minutes.
    const raw = Buffer.from(message(), "latin1");
    check(parseMessage(raw));
    assert.ok(factsOf(raw).structure.length < 1_000_000);
  });
