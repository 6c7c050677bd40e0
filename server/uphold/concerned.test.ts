/** Whose mail a report is about, by what it shows; and which reports are one ticket. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { verpLocal } from "../../protocol/return-path/verp.ts";
import type { NewTicket } from "../store/tickets-store.ts";
import { makeIntake } from "./intake.ts";

const mac = (text: string): Buffer => createHmac("sha256", "test").update(text).digest();
const sentAt = Date.UTC(2026, 10, 26);
const events = [
  { message: "q1", tenant: "shop", campaign: "may", recipient: "anna@far.test", detail: { n: 1 } },
  { message: "q1", tenant: "shop", campaign: "may", recipient: "bob@far.test", detail: { n: 2 } },
];
const accepted = (trace: string, keys: readonly string[], detail: object) => ({
  trace,
  keys,
  detail,
  stage: "accepted",
  at: sentAt,
});
const journeys = [
  accepted("q1", ["abcd1234abcd1234", "one@shop.test"], { account: "app@shop.test" }),
  accepted("q2", ["beef1234beef1234", "two@near.test"], { account: "eve@near.test" }),
  // What a stranger sent to us.
  accepted("m3", ["cafe1234cafe1234", "three@evil.test"], { account: undefined }),
];

async function ticketOf(text: string, to = "abuse@near.test", given: { readonly junk?: boolean } = {}) {
  const opened: NewTicket[] = [];
  const intake = makeIntake({
    store: {
      openTicket: async (ticket) => {
        opened.push(ticket);
        return { id: 1, isNew: true };
      },
      trace: async (key) => journeys.filter(({ trace, keys }) => trace === key || keys.includes(key)) as never,
      sendingEvents: async ({ message }) => events.filter((one) => one.message === message) as never,
    },
    mac,
    ourHost: "mail.near.test",
    tenantOf: (domain) => (domain === "shop.test" ? "shop" : ""),
    isTenant: (name) => name === "shop",
    isLocal: async (domain) => domain === "near.test",
    now: () => sentAt,
    log: { info() {}, warn() {} } as never,
  });
  const [local = "", domain = ""] = to.split("@");
  const taken = await intake({
    id: "r1",
    bytes: Buffer.from(text.replaceAll("\n", "\r\n")),
    recipients: [{ local, domain, orcpt: undefined, notify: undefined }],
    envelopeFrom: "",
    account: undefined,
    ...given,
  });
  assert.equal(taken, opened.length === 1);
  return opened[0];
}

const letter = (quoted: string): string => `From: Bob <Bob@far.test>\nSubject: Re: Spam\n\nStop!\n\n${quoted}\n`;
const shop = { tenant: "shop", account: "app@shop.test", message: "q1", campaign: "may", sentAt };
const nobody = { tenant: "", account: "", message: "", recipient: "", campaign: "" };
const path = `${verpLocal("q1.2", mac)}@rp.shop.test`;
const cases: readonly [name: string, quoted: string, expected: object, about: string][] = [
  [
    "the return path names its recipient",
    `Return-Path: <${path}>`,
    { ...shop, recipient: "bob@far.test", by: "return-path" },
    "message:q1",
  ],
  [
    "one that is forged does not",
    "Return-Path: <bounce-q1.2-aaaaaaaaaa@rp.shop.test>",
    { ...nobody, by: "" },
    "letter:bob@far.test:spam",
  ],
  [
    "our reference",
    "X-Angarium-Ref: abcd1234abcd1234\nMIME-Version: 1.0",
    { ...shop, recipient: "", by: "reference" },
    "message:q1",
  ],
  [
    "our Received field: mail of a mailbox",
    "Received: from pc by mail.near.test with ESMTPSA id beef1234beef1234\n for <anna@far.test>; now",
    { ...nobody, account: "eve@near.test", message: "q2", sentAt, by: "received" },
    "message:q2",
  ],
  [
    "the same of another host",
    "Received: from pc by mail.evil.test with ESMTPSA id beef1234beef1234; now",
    { ...nobody, by: "" },
    "letter:bob@far.test:spam",
  ],
  [
    "a Message-ID",
    "Message-ID: <two@near.test>",
    { ...nobody, account: "eve@near.test", message: "q2", sentAt, by: "message-id" },
    "message:q2",
  ],
  [
    "what a stranger sent to us is nobody's",
    "Message-ID: <three@evil.test>",
    { ...nobody, by: "" },
    "letter:bob@far.test:spam",
  ],
  [
    "Feedback-ID only says whose it may be",
    "Message-ID: <x@y>\nFeedback-ID: may:shop:news:angarium",
    { ...nobody, tenant: "shop", campaign: "may", by: "feedback-id" },
    "letter:bob@far.test:spam",
  ],
  [
    "and so does the author",
    "Message-ID: <x@y>\nFrom: news@shop.test",
    { ...nobody, tenant: "shop", by: "domain" },
    "letter:bob@far.test:spam",
  ],
];
for (const [name, quoted, expected, about] of cases)
  test(`whose mail: ${name}`, async () => {
    const ticket = await ticketOf(letter(quoted));
    assert.deepEqual(ticket?.concerned, expected);
    assert.equal(ticket?.about, about);
  });

test("who writes to whom, and how, decides whether it is a ticket", async () => {
  const report = "From: 1@reports.spamcop.net\nSubject: [SpamCop (192.0.2.1) id:6500000001]x\n\nx\n";
  const rows: readonly [text: string, to: string, junk: boolean, about: string | undefined][] = [
    [letter(""), "abuse@near.test", false, "letter:bob@far.test:spam"],
    [letter(""), "Abuse@near.test", false, "letter:bob@far.test:spam"],
    [letter(""), "postmaster@near.test", false, undefined],
    [letter(""), "abuse@other.test", false, undefined],
    [letter(""), "abuse@near.test", true, undefined],
    [letter("Message-ID: <two@near.test>"), "abuse@near.test", true, "message:q2"],
    [report, "postmaster@near.test", true, "case:spamcop:spamcop:6500000001"],
    [`Auto-Submitted: auto-replied\n${letter("")}`, "abuse@near.test", false, undefined],
    ["Subject: x\n\nx\n", "abuse@near.test", false, "mail:r1"],
  ];
  for (const [text, to, junk, about] of rows)
    assert.equal((await ticketOf(text, to, { junk }))?.about, about, `${to} ${text.slice(0, 40)}`);
});
