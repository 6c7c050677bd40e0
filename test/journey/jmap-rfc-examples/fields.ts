/** RFC 8621 §4.1: the fields and the body of a message. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Any } from "../../jmap-talk.ts";
import { me } from "./server.ts";

describe("RFC 8621", () => {
  /** The header of a message, one form of one field. */
  const header = async (raw: string, property: string): Promise<Any> => {
    const { blobId } = await me.upload(`${raw}\r\n\r\nx\r\n`, "message/rfc822");
    const { parsed } = await me.call("Email/parse", { blobIds: [blobId], properties: [property] });
    return parsed[blobId][property];
  };
  const friends =
    'From: "  James Smythe" <james@example.com>, Friends:\r\n  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n  <john@example.com>;';
  const cases: readonly [name: string, raw: string, property: string, value: unknown][] = [
    [
      "§4.1.2.3 asAddresses",
      friends,
      "header:From:asAddresses",
      [
        { name: "James Smythe", email: "james@example.com" },
        { name: null, email: "jane@example.com" },
        { name: "John Smîth", email: "john@example.com" },
      ],
    ],
    [
      "§4.1.2.4 asGroupedAddresses",
      friends,
      "header:From:asGroupedAddresses",
      [
        { name: null, addresses: [{ name: "James Smythe", email: "james@example.com" }] },
        {
          name: "Friends",
          addresses: [
            { name: null, email: "jane@example.com" },
            { name: "John Smîth", email: "john@example.com" },
          ],
        },
      ],
    ],
    ["§4.1.2.1 asRaw", "Subject: =?UTF-8?Q?a?=\r\n b", "header:Subject:asRaw", " =?UTF-8?Q?a?=\r\n b"],
    [
      "§4.1.2.2 asText",
      "Subject:   =?UTF-8?Q?Sm=C3=AEth?=\r\n  and\r\n more ",
      "header:Subject:asText",
      "Smîth  and more",
    ],
    ["§4.1.2.2 asText, NFC", "Subject: =?UTF-8?Q?e=CC=81?=", "header:Subject:asText", "é"],
    ["§4.1.2.5 asMessageIds", "References: <a@b> (x)\r\n <c@d>", "header:References:asMessageIds", ["a@b", "c@d"]],
    ["§4.1.2.5 none that can be read", "References: what", "header:References:asMessageIds", null],
    ["§4.1.2.6 asDate", "Date: Tue, 30 Oct 2018 14:35:02 +1100 (x)", "header:Date:asDate", "2018-10-30T14:35:02+11:00"],
    ["§4.1.2.6 no date", "Date: yesterday", "header:Date:asDate", null],
    [
      "§4.1.2.7 asURLs",
      "List-Unsubscribe: <mailto:a@b.test?subject=x>, (or)\r\n <http://b.test/u>",
      "header:List-Unsubscribe:asURLs",
      ["mailto:a@b.test?subject=x", "http://b.test/u"],
    ],
    ["§4.1.3 the last of several", "Resent-To: a\r\nResent-To: b", "header:Resent-To", " b"],
    ["§4.1.3 :all", "Resent-To: a\r\nResent-To: b", "header:Resent-To:all", [" a", " b"]],
    ["§4.1.3 :all of none", "Subject: x", "header:Resent-To:asAddresses:all", []],
    ["§4.1.3 none", "Subject: x", "header:Resent-To:asAddresses", null],
    ["§4.1.3 sender", 'Sender: "A" <a@b.test>', "sender", [{ name: "A", email: "a@b.test" }]],
    ["§4.1.3 inReplyTo", "In-Reply-To: <x@y>", "inReplyTo", ["x@y"]],
  ];
  for (const [name, raw, property, value] of cases)
    test(name, async () => assert.deepEqual(await header(raw, property), value));

  test("§4.1.2 forms that do not fit their field are invalidArguments", async () => {
    for (const property of [
      "header:Subject:asAddresses",
      "header:From:asDate",
      "header:Date:asURLs",
      "header::asRaw",
      "header:Foo:asWhat",
    ])
      assert.equal(
        (await me.error("Email/get", { ids: [], properties: [property] })).type,
        "invalidArguments",
        property,
      );
  });

  test("§4.1.4 textBody, htmlBody and attachments of the example's structure", async () => {
    const part = (type: string, disposition: string, letter: string): string =>
      `Content-Type: ${type}\r\n${disposition === "" ? "" : `Content-Disposition: ${disposition}\r\n`}X-Letter: ${letter}\r\n\r\n${letter}\r\n`;
    const multi = (kind: string, boundary: string, parts: readonly string[]): string =>
      `Content-Type: multipart/${kind}; boundary=${boundary}\r\n\r\n${parts.map((one) => `--${boundary}\r\n${one}`).join("\r\n")}\r\n--${boundary}--\r\n`;
    const raw = `From: a@b.test\r\nSubject: Parts\r\nMIME-Version: 1.0\r\n${multi("mixed", "m1", [
      part("text/plain", "inline", "A"),
      multi("mixed", "m2", [
        multi("alternative", "m3", [
          multi("mixed", "m4", [
            part("text/plain", "inline", "B"),
            part("image/jpeg", "inline", "C"),
            part("text/plain", "inline", "D"),
          ]),
          multi("related", "m5", [part("text/html", "", "E"), part("image/jpeg", "", "F")]),
        ]),
        part("image/jpeg", "attachment", "G"),
        part("application/x-excel", "", "H"),
        part("message/rfc822", "", "J"),
      ]),
      part("text/plain", "inline", "K"),
    ])}`;
    const id = await me.import(raw);
    const { list } = await me.call("Email/get", {
      ids: [id],
      properties: ["textBody", "htmlBody", "attachments", "hasAttachment", "bodyStructure"],
      bodyProperties: ["header:X-Letter:asText", "type", "subParts"],
    });
    const letters = (parts: readonly Any[]): string => parts.map((one) => one["header:X-Letter:asText"]).join("");
    const { textBody, htmlBody, attachments, hasAttachment, bodyStructure } = list[0];
    assert.deepEqual(
      [letters(textBody), letters(htmlBody), letters(attachments), hasAttachment],
      ["ABCDK", "AEK", "CFGHJ", true],
    );
    assert.deepEqual(
      [bodyStructure.type, bodyStructure.subParts.map(({ type }: Any) => type)],
      ["multipart/mixed", ["text/plain", "multipart/mixed", "text/plain"]],
    );
  });
});
