import assert from "node:assert/strict";
import test from "node:test";
import { reply } from "../../protocol/smtp/reply.ts";
import { mail as queued } from "../queue/fake-store.ts";
import type { Reported } from "../queue/results.ts";
import type { Received } from "../receive/received.ts";
import type { Acceptance, Notify, QueuedMessage } from "../store/store.ts";
import { makeReports } from "./bounce.ts";

const at = Date.UTC(2026, 0, 2);
const content = Buffer.from("Subject: hi\r\nMessage-ID: <1@x.test>\r\n\r\nhello\r\n");
const acceptance = {} as Acceptance;

function reports() {
  const planned: Received[] = [];
  let ids = 0;
  const made = makeReports({
    ourHost: "mx.us.test",
    sign: async () => "",
    plan: async (mail) => {
      planned.push(mail);
      return acceptance;
    },
    now: () => at,
    newId: () => `id${++ids}`,
  });
  return { made, planned };
}

function message(from: string, to: readonly string[], notify?: Notify): QueuedMessage {
  const { lease: _, held: __, recipients, ...rest } = queued(from, to, { createdAt: at - 1000, envid: "E 1" });
  return {
    ...rest,
    id: "q1",
    content: 1,
    sizeBytes: content.length,
    recipients: recipients.map((recipient, id) => ({
      ...recipient,
      notify,
      orcpt: "rfc822;orig@y.test",
      id,
      state: "leased",
      attempts: 0,
      nextAt: at,
      delayWarned: false,
      lastReply: undefined,
      lease: undefined,
    })),
  };
}

function reported(one: QueuedMessage, outcome: Reported["outcome"], final = false): Reported[] {
  return one.recipients.map((recipient) => ({ recipient, outcome, host: "mx.y.test", final }));
}
const unknown: Reported["outcome"] = { kind: "failed", reply: reply(550, "5.1.1", "no such user"), why: "recipient" };
const late: Reported["outcome"] = {
  kind: "later",
  reply: reply(451, "4.3.0", "later"),
  why: "system",
  delayMs: undefined,
};
const done: Reported["outcome"] = { kind: "delivered", reply: reply(250, undefined, "ok") };

test("a failure of what an address here forwards to is told as one of that address, without words", async () => {
  const { made, planned } = reports();
  const one = message("a@x.test", ["secret-one@y.test", "secret-two@y.test"]);
  const outcome = { ...unknown, reply: reply(550, "5.1.1", "secret is no user") } as const;
  const some = reported(one, outcome).map(({ recipient, ...rest }, index) => ({
    ...rest,
    recipient: { ...recipient, toldAs: index === 0 ? "info@us.test" : "" },
  }));
  await made.notice("failure", one, content, some);
  const text = planned[0]!.bytes.toString();
  for (const line of [
    "Final-Recipient: rfc822; info@us.test",
    "Final-Recipient: rfc822; orig@y.test",
    "Diagnostic-Code: x-angarium; 550 5.1.1",
  ])
    assert.ok(text.includes(`\r\n${line}\r\n`), line);
  assert.doesNotMatch(text, /secret|mx\.y\.test/);
});

test("a failure is told to the sender, from the null sender", async () => {
  const { made, planned } = reports();
  const one = message("a@x.test", ["b@y.test", "c@y.test"]);
  assert.equal(await made.notice("failure", one, content, reported(one, unknown)), acceptance);
  const [notice] = planned;
  assert.ok(notice !== undefined);
  assert.equal(notice.envelopeFrom, "");
  assert.deepEqual(notice.recipients, [{ local: "a", domain: "x.test", orcpt: undefined, notify: undefined }]);
  const text = notice.bytes.toString();
  for (const line of [
    "To: <a@x.test>",
    "In-Reply-To: <1@x.test>",
    "Auto-Submitted: auto-replied",
    "Reporting-MTA: dns; mx.us.test",
    "Original-Envelope-Id: E 1",
    "Original-Recipient: rfc822; orig@y.test",
    "Final-Recipient: rfc822; c@y.test",
    "Action: failed",
    "Status: 5.1.1",
    "Remote-MTA: dns; mx.y.test",
    "Diagnostic-Code: smtp; 550 5.1.1 no such user",
    "Content-Type: message/rfc822",
    "hello",
  ])
    assert.ok(text.includes(`\r\n${line}\r\n`), `${line}\n${text}`);
});

const statuses: readonly [
  name: string,
  kind: "failure" | "delay" | "success",
  Reported["outcome"],
  final: boolean,
  expected: string,
][] = [
  ["expired", "failure", late, false, "Action: failed\r\nStatus: 4.4.7\r\n"],
  [
    "failed without an enhanced code",
    "failure",
    { ...unknown, reply: reply(550, undefined, "no") },
    false,
    "Action: failed\r\nStatus: 5.0.0\r\n",
  ],
  ["late", "delay", late, false, "Action: delayed\r\nStatus: 4.3.0\r\n"],
  ["relayed", "success", done, false, "Action: relayed\r\nStatus: 2.0.0\r\n"],
  ["delivered by LMTP", "success", done, true, "Action: delivered\r\nStatus: 2.0.0\r\n"],
];
for (const [name, kind, outcome, final, expected] of statuses)
  test(`status: ${name}`, async () => {
    const { made, planned } = reports();
    const one = message("a@x.test", ["b@y.test"], { never: false, success: true, failure: true, delay: true });
    await made.notice(kind, one, content, reported(one, outcome, final));
    assert.ok(planned[0]!.bytes.toString().includes(expected), planned[0]!.bytes.toString());
    assert.equal(planned[0]!.bytes.includes("Will-Retry-Until"), kind === "delay");
  });

test("who is told nothing", async () => {
  const { made, planned } = reports();
  const only = (wanted: Partial<Notify>): Notify => ({
    never: false,
    success: false,
    failure: false,
    delay: false,
    ...wanted,
  });
  const cases: readonly [sender: string, kind: "failure" | "delay" | "success", notify: Notify | undefined][] = [
    ["", "failure", undefined],
    ["not an address", "failure", undefined],
    ["a@x.test", "success", undefined],
    ["a@x.test", "failure", only({ never: true })],
    ["a@x.test", "failure", only({ success: true })],
    ["a@x.test", "delay", only({ failure: true })],
    ["a@x.test", "success", only({ failure: true, delay: true })],
  ];
  for (const [sender, kind, notify] of cases) {
    const one = message(sender, ["b@y.test"], notify);
    assert.equal(await made.notice(kind, one, content, reported(one, kind === "success" ? done : unknown)), undefined);
  }
  assert.equal(planned.length, 0);
});

test("mail that was filed here, or could not be", async () => {
  const { made, planned } = reports();
  const mail = {
    at,
    envelopeFrom: "a@x.test",
    envid: undefined,
    ret: "hdrs",
    smtputf8: false,
    bytes: content,
  } as Received;
  const notify = { never: false, success: true, failure: false, delay: false };
  const recipient = { local: "b", domain: "us.test", orcpt: undefined, notify };
  const done = [
    { recipient, action: "delivered" },
    { recipient: { ...recipient, notify: undefined }, action: "delivered" },
    { recipient: { ...recipient, local: "all" }, action: "expanded" },
  ] as const;
  assert.equal(await made.successNotice(mail, done), acceptance);
  assert.match(
    planned[0]!.bytes.toString(),
    /Final-Recipient: rfc822; b@us\.test\r\nAction: delivered\r\nStatus: 2\.0\.0\r\n\r\nFinal-Recipient: rfc822; all@us\.test\r\nAction: expanded\r\nStatus: 2\.0\.0\r\n\r\n/,
  );
  assert.equal(await made.failureNotice(mail, [{ recipient, reply: reply(552, "5.2.2", "full") }]), undefined);
  const other = { ...recipient, notify: undefined };
  assert.equal(await made.failureNotice(mail, [{ recipient: other, reply: reply(552, "5.2.2", "full") }]), acceptance);
  assert.match(planned[1]!.bytes.toString(), /Status: 5\.2\.2\r\n/);
  assert.match(planned[1]!.bytes.toString(), /Content-Type: text\/rfc822-headers/);
});
