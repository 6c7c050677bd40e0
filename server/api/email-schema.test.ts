import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchBody, EmailBody, RawBody } from "./email-schema.ts";
import { wrongFields } from "./problem.ts";
import { sentenceOf } from "./sentences.ts";

const email = { from: "app@shop.example", to: "anna@example.org", subject: "s", text: "t" };
const raw = { to: "anna@example.org", message: "From: app@shop.example\r\n\r\nt" };
const isNoAddress = "This is no address: write it like anna@example.org or Anna <anna@example.org>.";
const isNoLine = "This must be one line, without control characters.";

const cases: readonly [
  what: string,
  schema: typeof EmailBody | typeof RawBody | typeof BatchBody,
  body: unknown,
  pointers: unknown,
][] = [
  ["nobody to send to", EmailBody, { from: email.from, text: email.text }, { "#/to": "This must be there." }],
  [
    "an address that is a number",
    EmailBody,
    { ...email, to: 7 },
    { "#/to": "This must be a text, or an object with fields." },
  ],
  ["a text that is no address", EmailBody, { ...email, to: "x" }, { "#/to": isNoAddress }],
  ["a list with one that is no address", EmailBody, { ...email, to: [email.to, "x"] }, { "#/to/1": isNoAddress }],
  [
    "an address without its email",
    EmailBody,
    { ...email, cc: [{ name: "Anna" }] },
    { "#/cc/0/email": "This must be there." },
  ],
  [
    "an address with a field too many",
    EmailBody,
    { ...email, from: { email: "a@b.example", mail: "" } },
    { "#/from/mail": "There is no field mail here." },
  ],
  [
    "an address of two lines",
    EmailBody,
    { ...email, reply_to: "a@b.example\r\nBcc: c@d.example" },
    { "#/reply_to": isNoLine },
  ],
  [
    "a field of two lines",
    EmailBody,
    { ...email, headers: { "X-A": "a\r\nBcc: c@d.example" } },
    { "#/headers/X-A": isNoLine },
  ],
  [
    "a name of two lines",
    EmailBody,
    { ...email, headers: { "X-A\r\nBcc": "a" } },
    { "#/headers/X-A%0D%0ABcc": "This is no name of a header field." },
  ],
  [
    "a field twice",
    EmailBody,
    { ...email, headers: { "Message-ID": "<a@b>", "message-id": "<a@b>" } },
    { "#/headers/message-id": "There is a message-id already." },
  ],
  [
    "a Message-ID that is none",
    EmailBody,
    { ...email, headers: { "Message-ID": "a" } },
    { "#/headers/Message-ID": "Write a Message-ID like <order-17@shop.example>." },
  ],
  [
    "a list of fields with junk in it",
    EmailBody,
    { ...email, headers: [{ name: "X-A", value: "a" }, [[]]] },
    { "#/headers/1": "This must be an object with fields." },
  ],
  [
    "a list of fields with our own",
    EmailBody,
    {
      ...email,
      headers: [
        { name: "X-A", value: "a" },
        { name: "Bcc", value: "a" },
      ],
    },
    { "#/headers/1/name": "Bcc cannot be set here." },
  ],
  [
    "no value for what a field asks for",
    EmailBody,
    { ...email, headers: { "X-A": "{{a}}" }, variables: {} },
    { "#/variables/a": "The texts ask for {{a}}: give it a value." },
  ],
  [
    "a value that makes a gigabyte",
    EmailBody,
    { ...email, text: "{{a}}".repeat(20_000), variables: { a: "x".repeat(50_000) } },
    { "#/variables": "With these values text has more than 10485760 characters." },
  ],
  [
    "a value of another kind",
    EmailBody,
    { ...email, metadata: { a: {} } },
    { "#/metadata/a": "This must be a text, or a number, or true or false." },
  ],
  ["a message that is no base64", RawBody, { to: raw.to, raw: "%%%" }, { "#/raw": "This is no base64." }],
  [
    "a message twice",
    RawBody,
    { ...raw, raw: "YQ==" },
    { "#/raw": "Give the message either in raw (base64) or in message (text)." },
  ],
  ["no emails", BatchBody, { emails: [] }, { "#/emails": "This must not be empty." }],
  [
    "recipients of other kinds",
    BatchBody,
    { from: email.from, text: email.text, recipients: [{ to: email.to }, { to: 7, variables: 7 }] },
    {
      "#/recipients/1/to": "This must be a text, or an object with fields.",
      "#/recipients/1/variables": "This must be an object with fields.",
    },
  ],
];
for (const [what, schema, body, expected] of cases)
  test(what, () => {
    const read = schema.safeParse(body, { error: sentenceOf });
    assert.ok(!read.success);
    assert.deepEqual(
      Object.fromEntries(wrongFields(read.error).map(({ pointer, detail }) => [pointer, detail])),
      expected,
    );
  });

test("what is wrong with the emails of a batch is told in the same sentences", () => {
  const read = BatchBody.parse({ emails: [null, { ...email, to: [] }, email] });
  assert.deepEqual(
    read.wrong.map(({ errors }) => errors[0]),
    [
      { pointer: "#/emails/0", detail: "This must be an object with fields." },
      { pointer: "#/emails/1/to", detail: "There is nobody to send it to." },
    ],
  );
});

test("addresses and fields in all their forms", () => {
  const asked = EmailBody.parse({
    ...email,
    to: "Anna <anna@example.org>, ben@example.org",
    cc: { email: "c@example.org" },
    headers: [{ name: "X-A", value: "a" }],
  });
  assert.deepEqual(
    asked.copies[0]?.to.map(({ address, name }) => [address, name]),
    [
      ["anna@example.org", "Anna"],
      ["ben@example.org", undefined],
    ],
  );
  assert.equal(asked.copies[0]?.cc[0]?.address, "c@example.org");
  assert.deepEqual(asked.content.kind === "email" && asked.content.email.headers, [["X-A", "a"]]);
});

test("tags and metadata of a batch are everybody's, and each may say more", () => {
  const shared = { from: email.from, text: "t", tags: ["a"], metadata: { order: 1, kind: "x" } };
  const { asked } = BatchBody.parse({
    ...shared,
    recipients: [{ to: email.to }, { to: email.to, metadata: { order: 2 } }],
  });
  assert.deepEqual(
    asked[0]?.one.copies.map(({ about }) => about),
    [
      { subject: "", tags: ["a"], metadata: { order: 1, kind: "x" } },
      { subject: "", tags: ["a"], metadata: { order: 2, kind: "x" } },
    ],
  );
});
