/** What people send each other all day, in many shapes: nothing of it may be flagged. */
import { deflateSync, gzipSync } from "node:zlib";
import { cfb, pdf, pdfStream, rar5, tar, tnef, zip } from "./containers.ts";

export type Ordinary = { readonly name: string; readonly bytes: Buffer; readonly type?: string };

const text = (content: string): Buffer => Buffer.from(content);
const types = { name: "[Content_Types].xml", bytes: "<Types/>" };
const link =
  '<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://example.org/?a=1" TargetMode="External"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="media/image1.png"/></Relationships>';
const png = Buffer.concat([Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), Buffer.alloc(200, 7)]);
const jpeg = Buffer.concat([
  Buffer.from("ffd8ffe000104a46494600010100000100010000ffe1", "hex"),
  text("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF/></x:xmpmeta>"),
  Buffer.alloc(300, 200),
]);
const gif = Buffer.concat([Buffer.from("GIF89a\x01\0\x01\0\x80\0\0", "latin1"), Buffer.alloc(30, 3), text(";")]);

const docx = (body: string): Buffer =>
  zip([
    types,
    { name: "_rels/.rels", bytes: "<Relationships/>" },
    {
      name: "word/document.xml",
      bytes: `<w:document><w:p><w:instrText xml:space="preserve"> PAGE \\* MERGEFORMAT </w:instrText>${body}</w:p></w:document>`,
    },
    { name: "word/_rels/document.xml.rels", bytes: link },
    { name: "word/media/image1.png", bytes: png },
    { name: "docProps/app.xml", bytes: "<Properties/>" },
  ]);
const xlsx = (rows: number): Buffer =>
  zip([
    types,
    { name: "xl/workbook.xml", bytes: "<workbook/>" },
    { name: "xl/worksheets/sheet1.xml", bytes: `<worksheet>${"<row><c><v>1</v></c></row>".repeat(rows)}</worksheet>` },
    { name: "xl/worksheets/_rels/sheet1.xml.rels", bytes: link },
    { name: "xl/printerSettings/printerSettings1.bin", bytes: Buffer.from("P\0r\0i\0n\0t\0e\0r\0", "latin1") },
  ]);
const pptx = (slides: number): Buffer =>
  zip([
    types,
    ...Array.from({ length: slides }, (_, i) => ({ name: `ppt/slides/slide${i + 1}.xml`, bytes: "<p:sld/>" })),
    { name: "ppt/media/image1.jpeg", bytes: jpeg },
  ]);
const odt = (body: string): Buffer =>
  zip([
    { name: "mimetype", bytes: "application/vnd.oasis.opendocument.text" },
    { name: "content.xml", bytes: `<office:document-content>${body}</office:document-content>` },
    { name: "META-INF/manifest.xml", bytes: "<manifest:manifest/>" },
    { name: "Thumbnails/thumbnail.png", bytes: png },
  ]);
const letter = (subject: string, body: string): Buffer =>
  pdf([
    "<< /Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /FitH 800] /AcroForm << /Fields [] >> /Names << /Dests 5 0 R >> >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /Annots [<< /Subtype /Link /A << /S /URI /URI (https://example.org/) >> >>] /Contents 4 0 R >>",
    pdfStream("/Filter /FlateDecode", deflateSync(text(`BT (${body} says /JavaScript and /Launch) Tj ET`))),
    `<< /Title (${subject} \\(2026\\) about /JS) >>`,
  ]);
const invoiceWithData = (): Buffer =>
  pdf([
    "<< /Type /Catalog /AF [3 0 R] /Names << /EmbeddedFiles << /Names [(factur-x.xml) 3 0 R] >> >> >>",
    pdfStream(
      "/Type /EmbeddedFile /Subtype /text#2Fxml /Filter /FlateDecode",
      deflateSync(text('<?xml version="1.0"?><rsm:CrossIndustryInvoice/>')),
    ),
    "<< /Type /Filespec /F (factur-x.xml) /UF (factur-x.xml) /EF << /F 2 0 R >> /AFRelationship /Data >>",
  ]);
const event = (n: number, extra = ""): Buffer =>
  text(
    `BEGIN:VCALENDAR\r\nPRODID:-//Sample//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:${n}@example.org\r\nDTSTART:20260601T120000Z\r\nSUMMARY:Meeting ${n}\r\nLOCATION:Room ${n}\\, second floor\r\nDESCRIPTION:Join: https://meet.example.org/${n}\\n\\nSee you\r\nX-ALT-DESC;FMTTYPE=text/html:<html><body><p>See you</p></body></html>\r\nURL:https://example.org/${n}\r\n${extra}BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
  );
const contact = (n: number): Buffer =>
  text(
    `BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Person ${n}\r\nEMAIL:p${n}@example.org\r\nURL:https://example.org/p${n}\r\nPHOTO;ENCODING=b;TYPE=PNG:${png.toString("base64").replace(/.{70}/g, "$&\r\n ")}\r\nEND:VCARD\r\n`,
  );
const mail = (n: number): Buffer =>
  text(
    `From: a${n}@example.org\r\nSubject: Number ${n}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${letter("x", "y").toString("base64")}\r\n--b--\r\n`,
  );
const page = (n: number): Buffer =>
  text(
    `<!doctype html><html><head><meta charset=utf-8><title>Report ${n}</title><style>td { color: red }</style><script type="application/ld+json">{"@type":"Order"}</script></head><body><table><tr><td>Value<td>${n}</table><a href="https://example.org/${n}?on=1&once=2">More on that</a><form action="https://example.org/search"><input type="text" name="q"></form><p>She said "on load = 3" and javascript: the good parts</p></body></html>`,
  );
const drawing = (n: number): Buffer =>
  text(
    `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${n} ${n}"><title>Icon on = ${n}</title><path d="M0 0L${n} ${n}" style="fill:none"/><image href="data:image/png;base64,${png.toString("base64")}"/></svg>`,
  );
const project: readonly { name: string; bytes: string }[] = [
  { name: "app/package.json", bytes: '{"name":"app"}' },
  { name: "app/src/index.js", bytes: 'const x = require("x");\nx.run();\n' },
  { name: "app/src/page.html", bytes: "<html><script src=index.js></script></html>" },
  { name: "app/src/tool.py", bytes: "import os\nprint(1)\n" },
  { name: "app/README.md", bytes: "# App\nRun `npm start`.\n" },
  { name: "app/src/style.css", bytes: "p { color: red }" },
  { name: "app/src/second.js", bytes: "export const y = 2;\n" },
];

const many = (count: number, make: (n: number) => Ordinary): Ordinary[] =>
  Array.from({ length: count }, (_, i) => make(i + 1));

export const ordinary: readonly Ordinary[] = [
  ...many(20, (n) => ({
    name: `Rechnung ${n}.pdf`,
    bytes: letter(`Invoice ${n}`, "thank you ".repeat(n)),
    type: "application/pdf",
  })),
  ...many(5, (n) => ({ name: `e-invoice-${n}.pdf`, bytes: invoiceWithData() })),
  ...many(15, (n) => ({ name: `letter ${n}.docx`, bytes: docx("words ".repeat(n * 20)) })),
  ...many(12, (n) => ({ name: `figures-${n}.xlsx`, bytes: xlsx(n * 200) })),
  ...many(8, (n) => ({ name: `talk_v${n}.final.pptx`, bytes: pptx(n * 3) })),
  ...many(8, (n) => ({ name: `notes${n}.odt`, bytes: odt("text ".repeat(n)) })),
  ...many(6, (n) => ({
    name: `old${n}.doc`,
    bytes: cfb([
      { name: "WordDocument", bytes: `An old letter, number ${n}, about DDE pensions and DDEs` },
      { name: "1Table", bytes: "x" },
      { name: "\u0005SummaryInformation", bytes: "x" },
    ]),
  })),
  ...many(5, (n) => ({
    name: `old${n}.xls`,
    bytes: cfb([
      {
        name: "Workbook",
        bytes: Buffer.from(
          "0908100000060500000000000000000000000000 85000e000000000000000600536865657431 0a000000".replace(/\s/g, ""),
          "hex",
        ),
      },
    ]),
  })),
  ...many(4, (n) => ({
    name: `mail${n}.msg`,
    bytes: cfb([
      { name: "__properties_version1.0", bytes: "x" },
      { name: "__substg1.0_3707001F", bytes: Buffer.from("a.png\0", "utf16le") },
      { name: "__substg1.0_37010102", bytes: png },
    ]),
  })),
  ...many(12, (n) => ({
    name: `IMG_${n}.jpg`,
    bytes: Buffer.concat([jpeg, Buffer.alloc(n * 997, n)]),
    type: "image/jpeg",
  })),
  ...many(10, (n) => ({
    name: `screen ${n}.png`,
    bytes: Buffer.concat([png, Buffer.alloc(n * 100, n)]),
    type: "image/png",
  })),
  ...many(4, (n) => ({ name: `anim${n}.gif`, bytes: gif })),
  ...many(12, (n) => ({ name: "invite.ics", bytes: event(n), type: "text/calendar" })),
  {
    name: "with-file.ics",
    bytes: event(
      99,
      `ATTACH;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=plan.pdf:${letter("a", "b").toString("base64")}\r\n`,
    ),
  },
  ...many(10, (n) => ({ name: `person${n}.vcf`, bytes: contact(n), type: "text/vcard" })),
  ...many(8, (n) => ({ name: `forwarded ${n}.eml`, bytes: mail(n), type: "application/octet-stream" })),
  ...many(8, (n) => ({ name: `report${n}.html`, bytes: page(n), type: "text/html" })),
  ...many(6, (n) => ({ name: `logo${n}.svg`, bytes: drawing(n * 8), type: "image/svg+xml" })),
  ...many(8, (n) => ({
    name: `pictures${n}.zip`,
    bytes: zip(many(n, (k) => ({ name: `holiday/IMG_${k}.jpg`, bytes: jpeg }))),
  })),
  {
    name: "saved page.zip",
    bytes: zip([
      { name: "page.html", bytes: "<html><script src=page.js></script></html>" },
      { name: "page.js", bytes: "const x = 1;" },
      ...many(6, (n) => ({ name: `page/${n}.jpg`, bytes: jpeg })),
    ]),
  },
  ...many(3, (n) => ({ name: `project${n}.zip`, bytes: zip(project) })),
  ...many(3, (n) => ({ name: `project${n}.tar.gz`, bytes: gzipSync(tar(project)) })),
  ...many(3, (n) => ({
    name: `server.log.${n}.gz`,
    bytes: gzipSync(text("2026-06-01 GET / 200 curl cmd.exe /c probe\n".repeat(20_000))),
  })),
  ...many(3, (n) => ({
    name: `documents${n}.rar`,
    bytes: rar5([
      { name: "a.txt", bytes: "hello" },
      { name: "b.pdf", bytes: letter("b", "c") },
    ]),
  })),
  {
    name: "report.7z",
    bytes: Buffer.from(
      "N3q8ryccAAQxXknIIQAAAAAAAABiAAAAAAAAAEEO+rUBABxoaSB0aGVyZSwgdGhpcyBpcyB0aGUgcmVwb3J0CgABBAYAAQkhAAcLAQABISEBAAwdAAgKAX+xzXwAAAUBGQwAAAAAAAAAAAAAAAARFwByAGUAcABvAHIAdAAuAHQAeAB0AAAAGQQAAAAAFAoBAF0f7Lr5fN0BFQYBACCApIEAAA==",
      "base64",
    ),
  },
  {
    name: "letters.zip",
    bytes: zip([
      { name: "letters/a.docx", bytes: docx("a") },
      { name: "letters/b.pdf", bytes: letter("b", "b") },
      { name: "letters/c.txt", bytes: "c" },
    ]),
  },
  { name: "sparse.zip", bytes: zip([{ name: "zeros.dat", bytes: Buffer.alloc(8 * 1024 * 1024) }]) },
  { name: "winmail.dat", bytes: tnef([{ name: "plan.pdf", bytes: letter("p", "q") }]), type: "application/ms-tnef" },
  ...many(6, (n) => ({
    name: `table${n}.csv`,
    bytes: text(`name,sum\r\n"Ann, the first",=A1+${n}\r\n-3,+4,@home\r\n`),
  })),
  ...many(4, (n) => ({ name: `data${n}.json`, bytes: text(`{"script":"<script>alert(${n})</script>"}`) })),
  ...many(4, (n) => ({ name: `feed${n}.xml`, bytes: text(`<?xml version="1.0"?><feed><entry>${n}</entry></feed>`) })),
  ...many(4, (n) => ({ name: `build${n}.log`, bytes: text("running cmd.exe /c dir; powershell -Command ls\n") })),
  { name: "readme.md", bytes: text("# How to\n\nRun `powershell -Command Get-Date`, or `cmd /c dir`.\n") },
  { name: "notes.txt", bytes: text("MZ is the mark of an old program. Echo off the coast. REGEDIT is a tool.") },
  { name: "query.sql", bytes: text("SELECT * FROM orders;") },
  { name: "analysis.py", bytes: text("import pandas\nprint(1)\n") },
  { name: "analysis.r", bytes: text("x <- c(1, 2)") },
  { name: "main.c", bytes: text("int main(void) { return 0; }\n") },
  { name: "patch.diff", bytes: text("--- a/run.sh\n+++ b/run.sh\n@@ -1 +1 @@\n-#!/bin/sh\n+#!/bin/bash\n") },
  {
    name: "smime.p7s",
    bytes: Buffer.concat([Buffer.from("30820a0b06092a864886f70d010702", "hex"), Buffer.alloc(900, 9)]),
    type: "application/pkcs7-signature",
  },
  {
    name: "signature.asc",
    bytes: text("-----BEGIN PGP SIGNATURE-----\n\niHUEABYK\n-----END PGP SIGNATURE-----\n"),
    type: "application/pgp-signature",
  },
  { name: "encrypted.asc", bytes: text("-----BEGIN PGP MESSAGE-----\n\nhF4D\n-----END PGP MESSAGE-----\n") },
  { name: "voice.mp3", bytes: Buffer.concat([Buffer.from("ID3\x03\0\0\0\0\0\0", "latin1"), Buffer.alloc(500, 1)]) },
  { name: "film.mp4", bytes: Buffer.concat([Buffer.from("00000020667479706d703432", "hex"), Buffer.alloc(500, 1)]) },
  { name: "font.woff2", bytes: Buffer.concat([text("wOF2"), Buffer.alloc(300, 5)]) },
  { name: "Brief \u05d0\u05d1\u05d2\u200f.pdf", bytes: letter("hebrew", "x") },
  { name: "www.example.com", bytes: text("See our site."), type: "text/plain" },
  { name: "v1.2.3 (final).txt", bytes: text("x") },
  { name: "", bytes: text("no name at all"), type: "application/octet-stream" },
  { name: "empty.dat", bytes: Buffer.alloc(0) },
  {
    name: "letter.rtf",
    bytes: text(
      '{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 Hello {\\field{\\*\\fldinst HYPERLINK "https://example.org"}{\\fldrslt here}}}',
    ),
  },
  {
    name: "book.epub",
    bytes: zip([
      { name: "mimetype", bytes: "application/epub+zip" },
      { name: "OEBPS/chapter1.xhtml", bytes: "<html><body>Once</body></html>" },
    ]),
  },
  {
    name: "report.example.org!example.test!1!2.xml.gz",
    bytes: gzipSync(text('<?xml version="1.0"?><feedback></feedback>')),
  },
  { name: "tls.json.gz", bytes: gzipSync(text('{"organization-name":"x"}')), type: "application/tlsrpt+gzip" },
];
