/** Reports that come by mail: whose message they are about, and what follows from each kind. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { verpLocal } from "../../protocol/return-path/verp.ts";
import { shippedShaping } from "../shape/shipped.ts";
import type { NewSendingEvent, SendingEvent, Suppression } from "../store/sending.ts";
import { type LateReportsAsk, makeLateReports } from "./late-reports.ts";
import type { SuppressionBook } from "./suppression.ts";

const mac = (text: string): Buffer => createHmac("sha256", "test").update(text).digest();
const now = Date.UTC(2026, 10, 26);
const ref = "bb1d84e0a1e7ea42";
const returnPath = `${verpLocal("q1.1", mac)}@rp.shop.test`;
const header = `X-Angarium-Ref: ${ref}\r\nMessage-ID: <one@shop.test>\r\nFrom: app@shop.test\r\nTo: anna@far.test\r\nSubject: Order\r\n`;
const original = `${header}\r\nThank you!\r\n`;

/** One delivered message to anna@far.test, and what a report makes of it. */
function after() {
  const events: (SendingEvent | NewSendingEvent)[] = [
    {
      id: 1,
      at: now - 60_000,
      type: "delivered",
      tenant: "shop",
      stream: "news",
      campaign: "",
      message: "q1",
      recipient: "anna@far.test",
      detail: { n: 1, source: "mta1", provider: "yahoo" },
    },
  ];
  const suppressed = new Map<string, Suppression["reason"]>();
  const conduct: unknown[] = [];
  const suppression = {
    add: async (scope: string, [address]: readonly string[], reason: Suppression["reason"]) =>
      void suppressed.set(`${scope} ${address}`, reason),
    list: async (scope: string, { address }: { address: string }) => {
      const reason = suppressed.get(`${scope} ${address}`);
      return reason === undefined ? [] : [{ scope, reason }];
    },
    remove: async (scope: string, [address]: readonly string[]) => void suppressed.delete(`${scope} ${address}`),
  };
  const ask: LateReportsAsk = {
    store: {
      sendingEvents: async ({ message }) => (message === "q1" ? (events as SendingEvent[]) : []),
      addSendingEvents: async (added) => void events.push(...added),
      trace: async (key) => (key === ref || key === "one@shop.test" ? [{ trace: "q1" } as never] : []),
    },
    suppression: suppression as unknown as SuppressionBook,
    shaping: shippedShaping(),
    mac,
    isForComplaints: ({ local }) => local === "fbl",
    conduct: (_, change) => void conduct.push(change),
    warmed: () => {},
    now: () => now,
    log: { info() {} } as never,
  };
  const { report } = makeLateReports(ask);
  return {
    /** What the report caused: whether it was one, the new events, who is suppressed. */
    of: async (to: string, text: string, authentic?: boolean, envelopeFrom = "") => {
      const before = events.length;
      const [local = "", domain = ""] = to.split("@");
      const isReport = await report({
        id: "r",
        bytes: Buffer.from(text),
        envelopeFrom,
        recipients: [{ local, domain }],
        authentic,
      });
      return { isReport, events: events.slice(before).map(({ type }) => type), suppressed: [...suppressed.keys()] };
    },
    /** The reply of the last event. */
    reply: () => events.at(-1)?.detail["reply"],
  };
}

const arf = (type: string, returned: string, more = "", encoding = ""): string =>
  `From: fbl@isp.test\r\nTo: fbl@shop.test\r\nSubject: FW: Order\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: ${type}\r\nUser-Agent: Test/1\r\nVersion: 1\r\n${more}\r\n--b\r\nContent-Type: message/rfc822\r\n${encoding}\r\n${returned}\r\n--b--\r\n`;
const base64 = "Content-Transfer-Encoding: base64\r\n";
const words = (fields: string, text: string): string =>
  `From: Mail Delivery System <Mailer-Daemon@far.test>\r\nSubject: Mail delivery failed\r\n${fields}\r\n${text}\r\n`;

const marketing = "marketing:shop anna@far.test";
const complained = { isReport: true, events: ["complained"], suppressed: [marketing] };
const ignored = { isReport: false, events: [], suppressed: [] };
const bounced = { isReport: true, events: ["bounced-late"], suppressed: ["tenant:shop anna@far.test"] };
const cases: readonly [name: string, to: string, text: string, expected: unknown, authentic?: boolean][] = [
  ["a complaint with the message", "fbl@shop.test", arf("abuse", original), complained],
  ["its header alone", "fbl@shop.test", arf("abuse", header), complained],
  [
    "its message in base64",
    "fbl@shop.test",
    arf("abuse", Buffer.from(original).toString("base64"), "", base64),
    complained,
  ],
  [
    "the return path alone",
    "fbl@shop.test",
    arf("abuse", "Subject: x\r\n", `Original-Mail-From: <${returnPath}>\r\n`),
    complained,
  ],
  ["to the return path", returnPath, arf("abuse", "Subject: x\r\n"), complained],
  [
    "a Message-ID, from who is authenticated",
    "fbl@shop.test",
    arf("abuse", "Message-ID: <one@shop.test>\r\n"),
    complained,
    true,
  ],
  ["a Message-ID from anybody", "fbl@shop.test", arf("abuse", "Message-ID: <one@shop.test>\r\n"), ignored, false],
  ["a failed authentication is no complaint", "fbl@shop.test", arf("auth-failure", original), ignored],
  ["nor is it at the return path", returnPath, arf("auth-failure", original), { ...ignored, isReport: true }],
  [
    "Outlook.com's: our message attached to a letter",
    "fbl@shop.test",
    `From: staff@hotmail.com\r\nSubject: complaint about message from 192.0.2.10\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n${original}\r\n--b--\r\n`,
    complained,
  ],
  [
    "the same to somebody's mailbox is a letter",
    "help@shop.test",
    `From: bob@far.test\r\nSubject: Fwd: Order\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n${original}\r\n--b--\r\n`,
    ignored,
  ],
  [
    "Exim's bounce, which calls itself automatic",
    returnPath,
    words(
      "Auto-Submitted: auto-replied\r\nX-Failed-Recipients: anna@far.test\r\n",
      "A message that you sent could not be delivered. This is a permanent error:\r\n\r\n  anna@far.test\r\n    550 5.1.1 <anna@far.test>: User unknown",
    ),
    bounced,
  ],
  [
    "a warning that it is late",
    returnPath,
    words("", "THIS IS A WARNING MESSAGE ONLY.\r\nanna@far.test: 450 4.2.1 come again; it will be retried"),
    { ...ignored, isReport: true },
  ],
  [
    "somebody is away",
    returnPath,
    "From: anna@far.test\r\nAuto-Submitted: auto-replied\r\nSubject: Away\r\n\r\nUntil 550 5.1.1 I am away.\r\n",
    { ...ignored, isReport: true },
  ],
  [
    "somebody answers to the return path",
    returnPath,
    "From: anna@far.test\r\nSubject: Re: Order\r\n\r\nThank you.\r\n",
    { ...ignored, isReport: true },
  ],
];
for (const [name, to, text, expected, authentic] of cases)
  test(`a report: ${name}`, async () => assert.deepEqual(await after().of(to, text, authentic), expected));

test("who quotes a server's words is no server", async () => {
  const quoted = "From: anna@far.test\r\nSubject: Re: Order\r\n\r\nMy friend got: 550 5.1.1 user unknown. Why?\r\n";
  const answered = await after().of(returnPath, quoted, undefined, "anna@far.test");
  assert.deepEqual(answered, { ...ignored, isReport: true });
  const gateway = words("", "anna@far.test: 550 5.1.1 user unknown");
  assert.deepEqual(await after().of(returnPath, gateway, undefined, "mailer-daemon@far.test"), bounced);
});

const dsn = (status: string, diagnostic: string): string =>
  `From: MAILER-DAEMON@far.test\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.far.test\r\n\r\nFinal-Recipient: rfc822; anna@far.test\r\nAction: failed\r\nStatus: ${status}\r\nDiagnostic-Code: smtp; ${diagnostic}\r\n--b--\r\n`;
const replies: readonly [told: string, report: string][] = [
  ["550 5.1.1 <anna@far.test>: User unknown", dsn("5.1.1", "550 5.1.1 <anna@far.test>: User unknown")],
  [
    "550 5.1.1 The account does not exist. 550 5.1.1 Try again",
    dsn("5.1.1", "550-5.1.1 The account does not exist.\r\n 550 5.1.1 Try again"),
  ],
  ["550 5.1.1 User unknown", dsn("5.1.1", "550 User unknown")],
  ["5.1.1 unknown user", dsn("5.1.1", "unknown user")],
  [
    "Sorry, no mailbox here by that name. (#5.1.1)",
    words(
      "",
      "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n<anna@far.test>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below this line is a copy of the message.\r\n\r\nx",
    ),
  ],
];
for (const [told, text] of replies)
  test(`what is told of a bounce: ${told}`, async () => {
    const { of, reply } = after();
    assert.deepEqual((await of(returnPath, text)).suppressed, bounced.suppressed);
    assert.equal(reply(), told);
  });

test("who takes a complaint back gets mail again, and may complain once more", async () => {
  const { of } = after();
  await of("fbl@shop.test", arf("abuse", original));
  assert.deepEqual((await of("fbl@shop.test", arf("abuse", original))).events, [], "said already");
  const back = { isReport: true, events: ["not-spam"], suppressed: [] };
  assert.deepEqual(await of("fbl@shop.test", arf("not-spam", original)), back);
  assert.deepEqual(await of("fbl@shop.test", arf("abuse", original)), complained);
});
