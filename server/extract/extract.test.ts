import assert from "node:assert/strict";
import { test } from "node:test";
import { eachEntry } from "../../protocol/words/dictionary.ts";
import { decodePostings, Place } from "../../protocol/words/postings.ts";
import { eachWord } from "../../protocol/words/words.ts";
import { zip } from "../../test/attachments/containers.ts";
import { htmlText } from "./html.ts";
import { messageText } from "./message-text.ts";
import { officeText } from "./office.ts";
import { pdfText } from "./pdf.ts";
import { segmentOf } from "./segment.ts";

const fileList = (files: { readonly [name: string]: string }) =>
  Object.entries(files).map(([name, bytes]) => ({ name, bytes }));

/** A PDF of one page per text, written by hand. */
function pdf(...pages: readonly string[]): Buffer {
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${pages.map((_, at) => `${4 + at * 2} 0 R`).join(" ")}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ...pages.flatMap((text, at) => {
      const stream = `BT /F1 12 Tf 72 720 Td (${text}) Tj ET`;
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${5 + at * 2} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
        `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
      ];
    }),
  ];
  let file = "%PDF-1.4\n";
  const offsets = objects.map((object, at) => {
    const offset = file.length;
    file += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const offset of offsets) file += `${String(offset).padStart(10, "0")} 00000 n \n`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return Buffer.from(file, "latin1");
}

const docx = zip(
  fileList({
    "[Content_Types].xml": "<Types/>",
    "word/document.xml":
      '<w:document xmlns:w="x"><w:body><w:p><w:r><w:t>Quarterly</w:t></w:r><w:r><w:t>ly report</w:t></w:r></w:p><w:p><w:r><w:instrText>HYPERLINK</w:instrText><w:t>Über uns</w:t></w:r></w:p></w:body></w:document>',
    "word/styles.xml": "<s>styles are no text</s>",
  }),
);
const xlsx = zip(
  fileList({
    "xl/sharedStrings.xml": "<sst><si><t>Turnover</t></si><si><t>Zürich</t></si></sst>",
    "xl/worksheets/sheet1.xml":
      '<worksheet><row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>inline</t></is></c></row></worksheet>',
  }),
);

test("what a reader sees of HTML", () => {
  const html =
    "<html><head><title>Your order</title><style>p{color:red}</style></head><body><p>Hello&nbsp;<b>wor</b>ld</p><script>alert(1)</script><div>second&eacute;</div>";
  assert.equal(htmlText(html, 1000).replace(/\s+/g, " ").trim(), "Your order Hello world secondé");
  assert.ok(htmlText(`<p>${"word ".repeat(1_000_000)}`, 1000).length <= 1002);
});

test("what is nested without end is linear work, in HTML and in documents", async () => {
  // Left alone the parser needs half a minute for each.
  const deep = `<head>hidden${"<div>".repeat(100_000)}deep${"</b>".repeat(100_000)}</div> end`;
  assert.equal(htmlText(deep, 1000).replace(/\s+/g, " ").trim(), "deep end");
  const many = Array.from({ length: 100_000 }, (_, at) => `<w:x${at * 7919}>`).join("");
  const xml = `<w:document>${many}<w:t>deep</w:t>${"</w:y>".repeat(100_000)}<w:t> end</w:t>`;
  assert.equal(await officeText(zip(fileList({ "word/document.xml": xml })), 1000), "deep end");
});

test("a PDF's pages", async () => {
  const text = await pdfText(pdf("Invoice number 4711", "second page"), 10_000);
  assert.match(text, /Invoice number 4711\s+second page/);
  await assert.rejects(pdfText(Buffer.from("%PDF-1.4 nonsense"), 100));
});

test("Office documents", async () => {
  assert.deepEqual(
    (await officeText(docx, 1000)).split("\n").filter((line) => line !== ""),
    ["Quarterlyly report", "Über uns"],
  );
  const sheet = await officeText(xlsx, 1000);
  assert.match(sheet, /Turnover\s+Zürich/);
  assert.match(sheet, /inline/);
  assert.equal(await officeText(zip([{ name: "a.txt", bytes: "no document" }]), 100), "");
});

test("a document that is a bomb is passed over", async () => {
  const bomb = zip([{ name: "word/document.xml", bytes: Buffer.alloc(60 * 1024 * 1024) }]);
  assert.equal(await officeText(bomb, 1000), "");
});

const part = (type: string, name: string, bytes: Uint8Array): string =>
  `--b\r\nContent-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(bytes).toString("base64")}\r\n`;
const message = Buffer.from(
  `From: Anna <anna@shop.test>\r\nTo: bob@far.test\r\nSubject: =?utf-8?q?Rechnung_M=C3=A4rz?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Please find the <i>statement</i></p>\r\n${part("application/pdf", "statement-2026.pdf", pdf("Grand total 99"))}${part("application/octet-stream", "notes.docx", docx)}${part("application/pdf", "broken.pdf", Buffer.from("%PDF-"))}--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nforwarded words\r\n--b--\r\n`,
);

async function wordsOfMessage(bytes: Uint8Array): Promise<ReadonlyMap<string, number>> {
  const words = new Map<string, number>();
  for (const { place, text } of await messageText(bytes))
    eachWord(text, (word) => words.set(word, (words.get(word) ?? 0) | place).size > 0);
  return words;
}

test("all text of a message, each in its place", async () => {
  const words = await wordsOfMessage(message);
  const places: readonly [word: string, place: number][] = [
    ["anna", Place.from],
    ["bob", Place.to],
    ["rechnung", Place.subject],
    ["marz", Place.subject],
    ["statement", Place.body | Place.attachment],
    ["grand", Place.attachment],
    ["quarterlyly", Place.attachment],
    ["broken", Place.attachment],
    ["inner", Place.attachment],
    ["forwarded", Place.attachment],
  ];
  for (const [word, place] of places) assert.equal(words.get(word), place, word);
  assert.equal(words.has("styles"), false);
});

test("text of a hundred megabytes is cut", async () => {
  const large = Buffer.concat([Buffer.from("Subject: x\r\n\r\n"), Buffer.alloc(100_000_000, "abc ")]);
  const texts = await messageText(large);
  assert.ok(texts.reduce((sum, { text }) => sum + text.length, 0) <= 2_000_000);
});

test("a segment: words ascending, emails with their places", async () => {
  const plain = (subject: string, text: string) => Buffer.from(`Subject: ${subject}\r\n\r\n${text}\r\n`);
  const { blocks, words } = await segmentOf({
    messages: [
      { email: 7, bytes: plain("apple", "pear") },
      { email: 9, bytes: plain("pear", "apple pear") },
    ],
  });
  const found: unknown[] = [];
  for (const [, body] of blocks) eachEntry(body, (word, postings) => found.push([word, decodePostings(postings)]) > 0);
  assert.deepEqual(found, [
    ["apple", { emails: [7, 9], places: [Place.subject, Place.body] }],
    ["pear", { emails: [7, 9], places: [Place.body, Place.subject | Place.body] }],
  ]);
  assert.equal(words, 2);
});
