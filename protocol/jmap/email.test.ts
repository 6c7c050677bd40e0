import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { renderEmail } from "./email.ts";
import { truncate } from "./email-body.ts";
import { defaultBodyProperties, parseHeaderProperty, parseProperties } from "./email-properties.ts";
import { previewOf } from "./preview.ts";
import { mark } from "./snippet.ts";
import type { Json } from "./types.ts";

// biome-ignore lint/suspicious/noExplicitAny: what a property is, the test says.
type Any = any;

/** The properties of a message. */
function show(
  raw: string | Uint8Array,
  names: readonly string[],
  more: { readonly [name: string]: unknown } = {},
): Any {
  const properties = parseProperties(names, "email");
  const bodyProperties = parseProperties(
    (more["bodyProperties"] as string[] | undefined) ?? defaultBodyProperties,
    "part",
  );
  assert.ok(!("unknown" in properties) && !("unknown" in bodyProperties));
  return renderEmail(
    typeof raw === "string" ? Buffer.from(raw) : raw,
    { known: {}, blobId: "B1" },
    {
      fetchTextBodyValues: false,
      fetchHTMLBodyValues: false,
      fetchAllBodyValues: false,
      maxBodyValueBytes: 0,
      ...more,
      properties,
      bodyProperties,
    },
  );
}
const header = (field: string, name: string): Json => show(`${field}\r\n\r\n`, [name])[name];

describe("header forms (RFC 8621 §4.1.2)", () => {
  const group = `From: "  James Smythe" <james@example.com>, Friends:\r\n  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n  <john@example.com>;`;
  test("the RFC's example of addresses", () => {
    assert.deepEqual(header(group, "from"), [
      { name: "James Smythe", email: "james@example.com" },
      { name: null, email: "jane@example.com" },
      { name: "John Smîth", email: "john@example.com" },
    ]);
    assert.deepEqual(header(group, "header:From:asGroupedAddresses"), [
      { name: null, addresses: [{ name: "James Smythe", email: "james@example.com" }] },
      {
        name: "Friends",
        addresses: [
          { name: null, email: "jane@example.com" },
          { name: "John Smîth", email: "john@example.com" },
        ],
      },
    ]);
  });
  const cases: readonly [string, string, Json][] = [
    ["Subject: Hello\r\n World", "header:Subject", " Hello\r\n World"],
    ["Subject: =?utf-8?q?J=C3=B6?=", "header:subject:asText", "Jö"],
    ["Subject: Jo\u0308", "subject", "Jö"],
    ["Date: Wed, 01 Jan 2020 12:00:00 +0530", "sentAt", "2020-01-01T12:00:00+05:30"],
    ["Date: Wed, 01 Jan 2020 12:00:00 GMT", "header:Date:asDate", "2020-01-01T12:00:00Z"],
    ["Date: some day", "sentAt", null],
    ["Message-ID: <a@b>", "messageId", ["a@b"]],
    ["References: <a@b> <c@d>", "references", ["a@b", "c@d"]],
    ["References: nothing", "references", null],
    ["List-Unsubscribe: <mailto:a@b>, <https://c/d>", "header:List-Unsubscribe:asURLs", ["mailto:a@b", "https://c/d"]],
    ["X-A: 1\r\nX-A: 2", "header:x-a:all", [" 1", " 2"]],
    ["X-A: 1\r\nX-A: 2", "header:X-A", " 2"],
    ["X-B: 1", "header:X-A", null],
    ["X-B: 1", "header:X-A:asAddresses:all", []],
    [
      "To: undisclosed-recipients:;",
      "header:To:asGroupedAddresses",
      [{ name: "undisclosed-recipients", addresses: [] }],
    ],
    ['From: "a@b" <"x y"@c.test>', "from", [{ name: "a@b", email: '"x y"@c.test' }]],
  ];
  for (const [field, name, expected] of cases)
    test(`${name} of ${JSON.stringify(field)}`, () => assert.deepEqual(header(field, name), expected));

  test("forms that a field does not have are no properties", () => {
    for (const name of [
      "header:Subject:asAddresses",
      "header:From:asDate",
      "header:Date:asText",
      "header:Message-ID:asURLs",
      "header:List-Post:asText",
      "header:Received:asText",
      "header:X:asNothing",
      "header:",
      "header:a b",
      "header:X:all:asText",
    ])
      assert.equal(parseHeaderProperty(name), undefined, name);
    assert.ok(parseHeaderProperty("header:X-Own:asAddresses:all"));
  });
});

describe("bodies (RFC 8621 §4.1.4)", () => {
  test("the RFC's example of a structure", () => {
    const part = (type: string, name: string, disposition = "") =>
      `Content-Type: ${type}\r\nContent-ID: <${name}>\r\n${disposition === "" ? "" : `Content-Disposition: ${disposition}\r\n`}\r\n${name}\r\n`;
    const multi = (subtype: string, boundary: string, ...parts: readonly string[]) =>
      `Content-Type: multipart/${subtype}; boundary=${boundary}\r\n\r\n${parts.map((one) => `--${boundary}\r\n${one}`).join("")}--${boundary}--\r\n`;
    const raw = multi(
      "mixed",
      "m1",
      part("text/plain", "A", "inline"),
      multi(
        "mixed",
        "m2",
        multi(
          "alternative",
          "a1",
          multi(
            "mixed",
            "m3",
            part("text/plain", "B", "inline"),
            part("image/jpeg", "C", "inline"),
            part("text/plain", "D", "inline"),
          ),
          multi("related", "r1", part("text/html", "E"), part("image/jpeg", "F")),
        ),
        part("image/jpeg", "G", "attachment"),
        part("application/x-excel", "H"),
        part("message/rfc822", "J"),
      ),
      part("text/plain", "K", "inline"),
    );
    const email = show(`Subject: x\r\n${raw}`, ["textBody", "htmlBody", "attachments"], { bodyProperties: ["cid"] });
    const names = (list: Any) => list.map((one: Any) => one.cid).join(" ");
    assert.equal(names(email.textBody), "A B C D K");
    assert.equal(names(email.htmlBody), "A E K");
    assert.equal(names(email.attachments), "C F G H J");
  });

  const value = (raw: string | Buffer, more: { readonly [name: string]: unknown } = {}): Any =>
    show(raw, ["bodyValues"], { fetchAllBodyValues: true, ...more }).bodyValues["1"];
  const text = (charset: string, body: string | Buffer, encoding = "8bit"): Buffer =>
    Buffer.concat([
      Buffer.from(
        `Content-Type: text/plain${charset === "" ? "" : `; charset=${charset}`}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`,
      ),
      Buffer.from(body),
    ]);
  const values: readonly [string, Buffer, string, boolean][] = [
    ["UTF-8", text("utf-8", "ü\r\nx"), "ü\nx", false],
    ["broken UTF-8", text("utf-8", Buffer.from([0x61, 0xff, 0x62])), "a\ufffdb", true],
    ["Latin 1", text("iso-8859-1", Buffer.from([0xe4])), "ä", false],
    ["an unknown charset", text("x-nobody", "abc"), "abc", true],
    ["none named, UTF-8 all the same", text("", "ü"), "ü", false],
    ["us-ascii that is not", text("us-ascii", "ü"), "ü", true],
    ["an unknown encoding", text("utf-8", "abc", "x-strange"), "abc", true],
    ["quoted-printable", text("utf-8", "=C3=BC=\r\n!", "quoted-printable"), "ü!", false],
    ["base64", text("utf-16", Buffer.from("\ufeffhé", "utf16le").toString("base64"), "base64"), "hé", false],
  ];
  for (const [name, raw, expected, isEncodingProblem] of values)
    test(`values: ${name}`, () =>
      assert.deepEqual(value(raw), { value: expected, isEncodingProblem, isTruncated: false }));

  test("values are cut between characters, and outside of tags", () => {
    assert.deepEqual(value(text("utf-8", "aüb"), { maxBodyValueBytes: 2 }), {
      value: "a",
      isEncodingProblem: false,
      isTruncated: true,
    });
    assert.deepEqual(value(text("utf-8", "aüb"), { maxBodyValueBytes: 4 }), {
      value: "aüb",
      isEncodingProblem: false,
      isTruncated: false,
    });
    const html = 'one <a href="x">two</a> 😀&amp;end';
    for (let max = 1; max <= Buffer.byteLength(html) + 1; max++) {
      const cut = truncate(html, max, true);
      assert.ok(html.startsWith(cut) && Buffer.byteLength(cut) <= max, `${max}`);
      assert.ok(cut.lastIndexOf("<") <= cut.lastIndexOf(">"), `no open tag at ${max}`);
      assert.ok(cut.isWellFormed());
    }
  });

  test("previews: the first words of people, not markup nor quotes", () => {
    const cases: readonly [string, boolean, string][] = [
      ["Hello\r\n> you said\r\nbye", false, "Hello bye"],
      ["<style>p{}</style><p>Hi&nbsp;<b>there</b></p><!-- no -->&#252;", true, "Hi there ü"],
      ["<script>alert('<p>')</script>done", true, "done"],
      ["a < b", true, "a < b"],
      ["> only quoted", false, "> only quoted"],
      ["See you.\r\n\r\nOn 3 May Ann <a@x.test> wrote:\r\n\r\n> when?", false, "See you."],
      ["From 9:00 on:\nall of it\n> when?", false, "From 9:00 on: all of it"],
    ];
    for (const [source, isHtml, expected] of cases) assert.equal(previewOf(source, isHtml), expected);
    assert.ok(previewOf("😀".repeat(500), false).isWellFormed());
    assert.ok(previewOf("x".repeat(500), false).length <= 256);
  });

  test("snippets never break markup or their bound", () => {
    const source = `${"start & ".repeat(30)}<needle> ä ${"end ".repeat(100)}`;
    const marked = mark(source, ["needle"], 255) as string;
    assert.match(marked, /&lt;<mark>needle<\/mark>&gt; ä/);
    assert.ok(Buffer.byteLength(marked) <= 255);
    assert.equal(mark("nothing", ["else"], 255), null);
  });
});

describe("vectors", () => {
  const folder = new URL("../../test/corpus/mime/", import.meta.url);
  const load = (name: string): Any => JSON.parse(readFileSync(new URL(name, folder), "utf8"));

  test("messages of the MIME RFCs: which parts are text, HTML and attachments", () => {
    for (let i = 0; i < 10; i++) {
      const raw = readFileSync(new URL(`rfc/00${i}.eml`, folder));
      const expected = load(`rfc/00${i}.json`);
      const email = show(raw, ["textBody", "htmlBody", "attachments", "bodyStructure"], {
        bodyProperties: ["partId", "type"],
      });
      // The vectors number the parts in the order of the message.
      const order: (string | null)[] = [];
      const walk = (part: Any): void => {
        order.push(part.partId);
        for (const child of part.subParts ?? []) walk(child);
      };
      walk(email.bodyStructure);
      const numbers = (list: Any) => list.map((part: Any) => order.indexOf(part.partId));
      // The vectors call media that is shown in line an attachment; RFC 8621 §4.1.4 shows it.
      const isMedia = (at: number) =>
        [email.textBody, email.htmlBody].every((list: Any) =>
          list.some((part: Any) => order.indexOf(part.partId) === at && !/^text/.test(part.type)),
        );
      const shown = (list: Any) => numbers(list).filter((at: number) => !isMedia(at));
      assert.deepEqual(
        numbers(email.attachments),
        expected.attachments.filter((at: number) => !isMedia(at)),
        `00${i}: attachments`,
      );
      assert.deepEqual(shown(email.textBody), expected.text_body, `00${i}: text`);
      assert.deepEqual(shown(email.htmlBody), expected.html_body, `00${i}: html`);
    }
  });

  test("dates with their zones", () => {
    for (const { header: field, expected } of load("date.json") as Any[]) {
      if (expected === null || expected.year < 1000) continue;
      const shown = header(`Date: ${field.trim()}`, "header:Date:asDate") as string | null;
      if (shown === null) continue;
      const two = (number: number) => String(number).padStart(2, "0");
      const clock = `${expected.year}-${two(expected.month)}-${two(expected.day)}T${two(expected.hour)}:${two(expected.minute)}:${two(expected.second)}`;
      const zone =
        expected.tz_hour + expected.tz_minute === 0
          ? "Z"
          : `${expected.tz_before_gmt ? "-" : "+"}${two(expected.tz_hour)}:${two(expected.tz_minute)}`;
      assert.equal(Date.parse(shown), Date.parse(`${clock}${zone}`), field);
    }
  });
});
