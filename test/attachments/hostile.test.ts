/** The attachment scanner on what is made to hurt it: bounded time, never an exception. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { scanMessage } from "../../server/judge/attachments/scan-message.ts";
import { randomFrom } from "../contract/world.ts";
import { hostileMail } from "../hostile-mail.ts";
import { cfb, pdf, pdfStream, tar, zip } from "./containers.ts";
import { dangerous } from "./dangerous.ts";
import { messageWith } from "./message.ts";
import { ordinary } from "./ordinary.ts";

/** Of the processor: a busy machine is no reason to fail. */
const maxMs = 5000;

async function inTime(message: Buffer): Promise<void> {
  const start = process.cpuUsage();
  await scanMessage(message);
  const ms = process.cpuUsage(start).user / 1000;
  assert.ok(ms < maxMs, `${Math.round(ms)} ms`);
}

for (const [name, message] of hostileMail)
  test(`hostile mail: ${name}`, () => inTime(Buffer.from(message(), "latin1")));

const hostile: readonly [name: string, file: string, bytes: () => Buffer][] = [
  ["20 MB of open tags", "a.html", () => Buffer.alloc(20_000_000, "<")],
  ["20 MB of tags with quotes that never end", "a.html", () => Buffer.alloc(20_000_000, "<a b='")],
  ["20 MB of handlers", "a.html", () => Buffer.alloc(20_000_000, "<p onx = ")],
  [
    "a link and 10 MB of blanks",
    "a.html",
    () => Buffer.concat([Buffer.from("<a href="), Buffer.alloc(10_000_000, " ")]),
  ],
  [
    "20 MB of script ends",
    "a.html",
    () => Buffer.concat([Buffer.from("<script>"), Buffer.alloc(20_000_000, "</scrip")]),
  ],
  ["20 MB of numbers", "a.html", () => Buffer.concat([Buffer.from("<script>"), Buffer.alloc(20_000_000, "1,")])],
  [
    "20 MB of one line",
    "a.ics",
    () => Buffer.concat([Buffer.from("BEGIN:VCALENDAR\r\n"), Buffer.alloc(20_000_000, 'a";')]),
  ],
  [
    "20 MB of calendar lines",
    "a.ics",
    () => Buffer.concat([Buffer.from("BEGIN:VCALENDAR\r\n"), Buffer.alloc(20_000_000, "URL:\r\n")]),
  ],
  [
    "20 MB of open PDF strings",
    "a.pdf",
    () => Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(20_000_000, "(")]),
  ],
  ["20 MB of PDF names", "a.pdf", () => Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(20_000_000, "/A")])],
  [
    "PDF objects that grow",
    "a.pdf",
    () =>
      pdf(
        Array.from({ length: 50 }, () =>
          pdfStream("/Type /ObjStm /Filter /FlateDecode", deflateSync(Buffer.alloc(10_000_000, "/A "))),
        ),
      ),
  ],
  [
    "a ZIP of 60,000 entries",
    "a.zip",
    () =>
      zip(
        Array.from({ length: 60_000 }, (_, i) => ({ name: `${i}`, bytes: "" })),
        { store: true },
      ),
  ],
  ["20 MB of ZIP headers", "a.zip", () => Buffer.alloc(20_000_000, "PK\u0003\u0004")],
  [
    "a tar of 50,000 files",
    "a.tar",
    () => tar(Array.from({ length: 50_000 }, (_, i) => ({ name: `${i}.txt`, bytes: "" }))),
  ],
  [
    "gzip in gzip in gzip",
    "a.gz",
    () => gzipSync(gzipSync(gzipSync(gzipSync(gzipSync(gzipSync(gzipSync(Buffer.alloc(1000)))))))),
  ],
  ["a compound file whose chains are rings", "a.doc", () => rings()],
  [
    "20 MB of RTF objects",
    "a.rtf",
    () => Buffer.concat([Buffer.from("{\\rtf1"), Buffer.alloc(20_000_000, "\\objdata 00")]),
  ],
  [
    "20 MB of RTF fields",
    "a.rtf",
    () => Buffer.concat([Buffer.from("{\\rtf1"), Buffer.alloc(20_000_000, "\\fldinst ")]),
  ],
  [
    "20 MB of relationships without end",
    "a.docx",
    () =>
      zip([
        { name: "[Content_Types].xml", bytes: "" },
        { name: "a.rels", bytes: Buffer.alloc(20_000_000, "<Relationship ") },
      ]),
  ],
  [
    "20 MB of fields",
    "a.docx",
    () =>
      zip([
        { name: "[Content_Types].xml", bytes: "" },
        { name: "word/document.xml", bytes: Buffer.alloc(20_000_000, "<w:instrText ") },
      ]),
  ],
  ["a query of lines without text", "a.txt", () => Buffer.from(`WEB${"\n".repeat(2000)}1${"\n".repeat(2000)}x`)],
  [
    "names of 60,000 blanks",
    "a.zip",
    () => zip(Array.from({ length: 20 }, (_, i) => ({ name: `${i}${"\t".repeat(60_000)}x`, bytes: "x" }))),
  ],
  [
    "names of 60,000 folders",
    "a.docx",
    () =>
      zip([
        { name: "[Content_Types].xml", bytes: "" },
        ...Array.from({ length: 20 }, (_, i) => ({ name: `${i}${"/basic/a".repeat(7000)}x`, bytes: "x" })),
      ]),
  ],
  ["20 MB of batch", "a.txt", () => Buffer.alloc(20_000_000, "@ echo ")],
  ["20 MB of comments before a setup script", "a.inf", () => Buffer.alloc(20_000_000, ";\n")],
  ["20 MB of uuencoded beginnings", "a.eml", () => Buffer.alloc(20_000_000, "\nbegin 644 a\n")],
];

function rings(): Buffer {
  const file = cfb([
    { name: "WordDocument", bytes: Buffer.alloc(100_000) },
    { name: "Workbook", bytes: Buffer.alloc(100_000) },
  ]);
  // The allocation table is the last sector or two: every sector is followed by the first.
  file.fill(0, file.length - 1024);
  return file;
}

for (const [name, file, bytes] of hostile)
  test(`hostile file: ${name}`, () => inTime(messageWith({ name: file, bytes: bytes() })));

test("broken files never break the scanner", async () => {
  const random = randomFrom(20260601);
  const files = [...dangerous, ...ordinary].filter(({ bytes }) => bytes.length > 0 && bytes.length < 20_000);
  for (let round = 0; round < 1500; round++) {
    const { name, bytes } = files[random(files.length)]!;
    const broken = Buffer.from(bytes.subarray(0, random(4) === 0 ? random(bytes.length) + 1 : bytes.length));
    for (let i = random(8); i >= 0; i--) broken[random(broken.length)] = random(3) === 0 ? 255 : random(256);
    await scanMessage(messageWith({ name, bytes: broken }));
  }
});
