import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { type Reply, reply, replyText } from "../../protocol/smtp/reply.ts";
import { quiet } from "../base/log.ts";
import type { Findings, Verdict } from "../judge/judge.ts";
import { acceptedAs, account, fakeDirectory } from "../receive/fake-world.ts";
import type { Received, ReceivedRecipient } from "../receive/received.ts";
import type { Acceptance, Accepted, JourneyEntry, Notify, Placed, QueuedMessage } from "../store/store.ts";
import { type DeliverPorts, defaultDeliverSettings, makeDeliver } from "./deliver.ts";

const at = Date.UTC(2026, 10, 23, 5);
const to = (address: string, more: Partial<ReceivedRecipient> = {}): ReceivedRecipient => {
  const [local, domain] = address.split("@") as [string, string];
  return { local, domain, orcpt: undefined, notify: undefined, ...more };
};
const success = { never: false, success: true, failure: false, delay: false };

function mail(recipients: readonly ReceivedRecipient[], change: Partial<Received> = {}): Received {
  return {
    at,
    id: "id1",
    remote: { address: "192.0.2.1", port: 1 },
    remoteName: undefined,
    ourHost: "mx.example.test",
    helo: "c.test",
    via: "ESMTP",
    tls: undefined,
    account: undefined,
    trusted: false,
    envelopeFrom: "a@b.test",
    recipients,
    body: "7bit",
    smtputf8: false,
    requireTls: false,
    ret: undefined,
    envid: undefined,
    notBefore: undefined,
    bytes: Buffer.from("Message-ID: <m@b.test>\r\nSubject: x\r\n\r\nbody\r\n"),
    ...change,
  };
}

/** Delivers with a store where some accounts fail, and answers everything that came of it. */
async function deliver(
  message: Received,
  how: {
    readonly failing?: { readonly [id: number]: "over-quota" | "no-account" | "no-mailbox" };
    readonly verdict?: Verdict;
    /** Taken first by the same. */
    readonly before?: readonly Received[];
  } & Partial<DeliverPorts> = {},
) {
  const accepted: Acceptance[] = [];
  const offered: QueuedMessage[] = [];
  const notices: string[] = [];
  const bounced: unknown[] = [];
  const notice = (kind: string, who: readonly { local: string }[]): Promise<Acceptance | undefined> => {
    notices.push(`${kind} ${who.map(({ local }) => local).join(",")}`);
    return made.plan(mail([to("u5@example.test")], { envelopeFrom: "", via: "local", id: "notice" }));
  };
  const made = makeDeliver({
    store: {
      async accept(acceptance): Promise<Accepted> {
        accepted.push(acceptance);
        const result = acceptedAs(acceptance, accepted.length);
        const placed = result.placed.map((one): Placed => {
          const kind = how.failing?.[one.account];
          return kind === undefined ? one : { kind, account: one.account };
        });
        return { ...result, placed };
      },
      acceptCopies: () => Promise.reject(new Error("no copies here")),
      async note() {},
      trace: async () => [],
      async settle({ notices, journey }) {
        accepted.push(...notices);
        for (const { stage, trace, detail } of journey)
          if (stage === "bounced") bounced.push(`${trace} ${detail["reply"]} ${detail["to"]}`);
        return { stale: 0, accepted: notices.map((one, index) => acceptedAs(one, 100 + index)) };
      },
    },
    forward: undefined,
    reports: undefined,
    directory: fakeDirectory(true),
    queue: { leaseForNew: () => ({ owner: "n", until: 1, token: 1 }), offer: (one) => offered.push(one) },
    judge: () => how.verdict ?? { kind: "accept", notes: [] },
    notices: {
      successNotice: (_, done) =>
        notice(
          `success ${done.map(({ action }) => action).join(",")}`,
          done.map(({ recipient }) => recipient),
        ),
      failureNotice: (_, failed) =>
        notice(
          `failure ${failed.map((one) => replyText(one.reply)).join(",")}`,
          failed.map((one) => one.recipient),
        ),
    },
    factsOf,
    factsOfLarge: async (bytes) => factsOf(bytes),
    settings: defaultDeliverSettings,
    log: quiet,
    ...how,
  });
  for (const one of how.before ?? []) await made.take(one);
  const replies = await made.take(message);
  const first = accepted[0];
  return {
    replies: replies.map(replyText),
    text: first === undefined ? "" : Buffer.from(first.message.bytes).toString("latin1"),
    placed: first?.placements ?? [],
    who: (first?.placements ?? []).map((one) => one.account),
    queued: first?.queue,
    accepted,
    offered,
    notices,
    bounced,
  };
}

test("one recipient: trace fields, one placement, a journey that can be found", async () => {
  const done = await deliver(mail([to("u1+tag@example.test")]));
  assert.deepEqual(done.replies, ["250 2.0.0 accepted as id1"]);
  assert.equal(
    done.text,
    "Return-Path: <a@b.test>\r\nReceived: from c.test ([192.0.2.1])\r\n\tby mx.example.test with ESMTP id id1\r\n\tfor <u1+tag@example.test>;\r\n\tMon, 23 Nov 2026 05:00:00 +0000\r\nMessage-ID: <m@b.test>\r\nSubject: x\r\n\r\nbody\r\n",
  );
  assert.deepEqual(done.placed, [
    { account: 1, target: { role: "inbox" }, marks: { flags: 0, keywords: [] }, receivedAt: at },
  ]);
  const { message, journey, queue } = done.accepted[0]!;
  assert.equal(queue, undefined);
  assert.equal(message.facts.headerBytes, done.text.indexOf("body"));
  assert.deepEqual(
    journey.map(({ stage }) => stage),
    ["accepted", "filed"],
  );
  // The account too, which is not in the envelope as it is.
  assert.deepEqual(journey[0]!.keys, ["id1", "m@b.test", "a@b.test", "u1+tag@example.test", "u1@example.test"]);
  assert.equal(done.accepted.length, 1);
});

test("the same people behind several addresses get one message", async () => {
  const done = await deliver(
    mail([
      to("u1@example.test"),
      to("u1+x@example.test"),
      to("list@example.test"),
      to("u2@example.test"),
      to("postmaster@example.test"),
    ]),
  );
  assert.deepEqual(done.who, [1, 2]);
  assert.equal(done.placed[0]!.overQuota, true);
  assert.equal(done.placed[1]!.overQuota, undefined);
  assert.deepEqual(done.queued?.recipients, [
    { address: "far@else.test", domain: "else.test", orcpt: "rfc822;list@example.test", notify: undefined, toldAs: "" },
  ]);
  assert.doesNotMatch(done.text, /for </);
  assert.equal(done.offered.length, 1);
  assert.deepEqual(
    done.accepted[0]!.journey.map(({ stage }) => stage),
    ["accepted", "filed", "queued"],
  );
});

test("people elsewhere behind an alias for several are not asked to report success; the one behind an alias is", async () => {
  const both = { never: false, success: true, failure: true, delay: false };
  const notifyOf = async (alias: string, notify: Notify) =>
    (await deliver(mail([to(alias, { notify })]))).queued?.recipients.map((one) => one.notify);
  assert.deepEqual(await notifyOf("list@example.test", both), [{ ...both, success: false }]);
  assert.deepEqual(await notifyOf("list@example.test", success), [{ ...success, success: false, never: true }]);
  assert.deepEqual(await notifyOf("away@example.test", success), [success]);
});

test("what is only sent on bears no Return-Path of ours, and keeps what it brought", async () => {
  const bytes = Buffer.from("Return-Path: <old@b.test>\r\nSubject: x\r\n\r\nx\r\n");
  const done = await deliver(
    mail([to("x@else.test")], { trusted: true, bytes, ret: "hdrs", envid: "e", requireTls: true }),
  );
  assert.match(done.text, /^Received: (?:.|\r\n\t)*\r\nReturn-Path: <old@b\.test>\r\nSubject: x\r\n/);
  const { recipients, ...queue } = done.queued!;
  assert.deepEqual(
    recipients.map(({ address }) => address),
    ["x@else.test"],
  );
  assert.deepEqual(queue, {
    envelopeFrom: "a@b.test",
    envid: "e",
    ret: "hdrs",
    smtputf8: false,
    body: "7bit",
    requireTls: true,
    account: undefined,
    stream: "default",
    createdAt: at,
    notBefore: at,
    expiresAt: at + defaultDeliverSettings.queueLifetimeMs,
    held: false,
    lease: { owner: "n", until: 1, token: 1 },
  });
});

test("every Return-Path that came along goes", async () => {
  const bytes = Buffer.from("return-path: <x>\r\n folded\r\nA: b\r\nRETURN-PATH : <y>\r\n\r\nReturn-Path: <body>\r\n");
  const done = await deliver(mail([to("u1@example.test")], { bytes }));
  assert.match(
    done.text,
    /^Return-Path: <a@b\.test>\r\nReceived: (?:.|\r\n\t)*\r\nA: b\r\n\r\nReturn-Path: <body>\r\n$/,
  );
});

test("held until later: no lease, and its life begins then", async () => {
  const done = await deliver(mail([to("x@else.test")], { account: account(1), notBefore: at + 60_000 }));
  assert.equal(done.queued!.lease, undefined);
  assert.equal(done.queued!.notBefore, at + 60_000);
  assert.equal(done.queued!.expiresAt, at + 60_000 + defaultDeliverSettings.queueLifetimeMs);
  assert.equal(done.queued!.account, 1);
});

const outcomes: readonly [
  name: string,
  recipients: readonly ReceivedRecipient[],
  change: Partial<Received>,
  failing: { readonly [id: number]: "over-quota" | "no-account" | "no-mailbox" },
  replies: readonly string[],
  notices: readonly string[],
][] = [
  ["full at the last moment", [to("u1@example.test")], {}, { 1: "over-quota" }, ["452 4.2.2 Mailbox is full"], []],
  ["gone at the last moment", [to("u1@example.test")], {}, { 1: "no-account" }, ["550 5.1.1 No such address here"], []],
  ["no inbox", [to("u1@example.test")], {}, { 1: "no-mailbox" }, ["451 4.3.0 Local trouble, try again later"], []],
  [
    "one of two full",
    [to("u1@example.test"), to("u2@example.test")],
    {},
    { 2: "over-quota" },
    ["250 2.0.0 accepted as id1"],
    ["failure 552 5.2.2 Mailbox is full u2"],
  ],
  [
    "one of two full, LMTP",
    [to("u1@example.test"), to("u2@example.test")],
    { via: "LMTP" },
    { 2: "over-quota" },
    ["250 2.0.0 accepted as id1", "452 4.2.2 Mailbox is full"],
    [],
  ],
  [
    "one behind an alias full",
    [to("list@example.test")],
    { via: "LMTP" },
    { 2: "over-quota" },
    ["250 2.0.0 accepted as id1"],
    ["failure 552 5.2.2 Mailbox is full list"],
  ],
  [
    "all local ones behind an alias full",
    [to("list@example.test")],
    {},
    { 1: "over-quota", 2: "over-quota" },
    ["250 2.0.0 accepted as id1"],
    ["failure 552 5.2.2 Mailbox is full list"],
  ],
  [
    "success asked for",
    [to("u1@example.test", { notify: success }), to("u2@example.test")],
    {},
    {},
    ["250 2.0.0 accepted as id1"],
    ["success delivered u1"],
  ],
  [
    "success asked for of an alias for people here and elsewhere",
    [to("list@example.test", { notify: success })],
    {},
    {},
    ["250 2.0.0 accepted as id1"],
    ["success expanded list"],
  ],
  [
    "success asked for, not had",
    [to("u1@example.test", { notify: success }), to("u2@example.test")],
    {},
    { 1: "over-quota" },
    ["250 2.0.0 accepted as id1"],
    ["failure 552 5.2.2 Mailbox is full u1"],
  ],
  ["gone since RCPT", [to("nobody@example.test")], {}, {}, ["550 5.1.1 No such address here"], []],
  ["not ours since RCPT", [to("x@else.test")], {}, {}, ["550 5.7.1 Relay access denied"], []],
  [
    "gone since RCPT, one of two",
    [to("nobody@example.test"), to("u1@example.test")],
    {},
    {},
    ["250 2.0.0 accepted as id1"],
    ["failure 550 5.1.1 No such address here nobody"],
  ],
  [
    "gone since RCPT, LMTP",
    [to("nobody@example.test"), to("u1@example.test")],
    { via: "LMTPS" },
    {},
    ["550 5.1.1 No such address here", "250 2.0.0 accepted as id1"],
    [],
  ],
];
for (const [name, recipients, change, failing, replies, notices] of outcomes)
  test(name, async () => {
    const done = await deliver(mail(recipients, change), { failing });
    assert.deepEqual(done.replies, replies);
    assert.deepEqual(done.notices, notices);
    // Of people here, whom the 250 was for too, the journey says it; of an alias that others stand behind too the notice alone.
    assert.deepEqual(
      done.bounced,
      notices.flatMap((one) => {
        const [, reply, name] = /^failure (.*) (nobody|u\d)$/.exec(one) ?? [];
        return name === undefined ? [] : [`m1 ${reply} ${name}@example.test`];
      }),
    );
    assert.equal(
      done.accepted.length,
      (notices.length === 0 ? 0 : 1) + (done.who.length + (done.queued === undefined ? 0 : 1) > 0 ? 1 : 0),
    );
  });

test("a notice that cannot be sent is not the message's fault", async () => {
  const notices = {
    successNotice: async () => {
      throw new Error("no");
    },
    failureNotice: async () => undefined,
  };
  const done = await deliver(mail([to("u1@example.test", { notify: success })]), { notices });
  assert.deepEqual(done.replies, ["250 2.0.0 accepted as id1"]);
});

const no: Reply = reply(550, "5.7.1", "No");
const verdicts: readonly [verdict: Verdict, via: string, replies: readonly string[], target: unknown][] = [
  [{ kind: "junk", notes: ["x"] }, "ESMTP", ["250 2.0.0 accepted as id1"], [{ role: "junk" }, []]],
  [{ kind: "refuse", reply: no, notes: [] }, "ESMTP", ["550 5.7.1 No"], undefined],
  [{ kind: "refuse", reply: no, notes: [] }, "UTF8LMTP", ["550 5.7.1 No", "550 5.7.1 No"], undefined],
  [{ kind: "later", reply: reply(451, "4.7.1", "Later"), notes: [] }, "ESMTP", ["451 4.7.1 Later"], undefined],
];
for (const [verdict, via, replies, target] of verdicts)
  test(`verdict ${verdict.kind} over ${via}`, async () => {
    const done = await deliver(mail([to("u1@example.test"), to("u2@example.test")], { via }), { verdict });
    assert.deepEqual(done.replies, replies);
    assert.deepEqual(
      done.placed[0] === undefined ? undefined : [done.placed[0].target, done.placed[0].marks.keywords],
      target,
    );
  });

test("quarantined mail is kept for everybody it was for, and placed nowhere", async () => {
  const verdict: Verdict = { kind: "quarantine", notes: ["x"], reasons: ["It is odd"] };
  const done = await deliver(mail([to("u1@example.test"), to("u2@example.test")]), { verdict });
  assert.deepEqual(done.replies, ["250 2.0.0 accepted as id1"]);
  const [kept, ...more] = done.accepted;
  assert.deepEqual(more, []);
  assert.deepEqual(kept?.placements, []);
  assert.equal(kept?.queue, undefined);
  assert.deepEqual(
    kept?.quarantine?.map(({ account, recipients, reasons }) => [account > 0, recipients, reasons]),
    [1, 2].map(() => [true, ["u1@example.test", "u2@example.test"], ["It is odd"]]),
  );
  assert.deepEqual(
    kept?.journey.map(({ stage }) => stage),
    ["accepted", "quarantined"],
  );
});

test("large messages are taken apart elsewhere", async () => {
  const large = { bytes: Buffer.from(`Subject: x\r\n\r\n${"x".repeat(200_000)}`) };
  let elsewhere = 0;
  const factsOfLarge = async (bytes: Buffer) => {
    elsewhere++;
    return factsOf(bytes);
  };
  await deliver(mail([to("u1@example.test")], large), { factsOfLarge });
  await deliver(mail([to("u1@example.test")]), { factsOfLarge });
  assert.equal(elsewhere, 1);
});

test("a plan is what would be committed, unjudged, or nothing", async () => {
  const made = makeDeliver({
    store: {
      accept: () => Promise.reject(new Error("nothing is committed")),
      acceptCopies: () => Promise.reject(new Error("nothing is committed")),
      settle: () => Promise.reject(new Error("nothing is committed")),
      note: () => Promise.reject(new Error("nothing is committed")),
      trace: async () => [],
    },
    forward: undefined,
    reports: undefined,
    directory: fakeDirectory(),
    queue: { leaseForNew: () => undefined, offer: () => assert.fail() },
    judge: () => assert.fail(),
    notices: { successNotice: async () => undefined, failureNotice: async () => undefined },
    factsOf,
    factsOfLarge: async (bytes) => factsOf(bytes),
    settings: defaultDeliverSettings,
    log: quiet,
  });
  const notice = { envelopeFrom: "", via: "local", trusted: true };
  const planned = await made.plan(mail([to("u1@example.test")], notice));
  assert.match(
    Buffer.from(planned!.message.bytes).toString(),
    /^Return-Path: <>\r\nAuthentication-Results: mx\.example\.test;\r\n\tx-local=pass\r\nReceived: by mx\.example\.test with local id id1\r\n/,
  );
  assert.equal((await made.plan(mail([to("x@else.test")], notice)))?.queue?.recipients.length, 1);
  assert.equal(await made.plan(mail([to("nobody@example.test")], notice)), undefined);
});

test("who reads mail of somebody who is signed in here is told so; who gets it elsewhere is not", async () => {
  const written = { account: account(1), via: "ESMTPSA", envelopeFrom: "u1@example.test" };
  const { text: here } = await deliver(mail([to("u2@example.test")], written));
  assert.match(
    here,
    /^Return-Path: <u1@example\.test>\r\nAuthentication-Results: mx\.example\.test;\r\n\tauth=pass smtp\.mailfrom=u1@example\.test\r\nReceived: /,
  );
  const { text: elsewhere } = await deliver(mail([to("x@else.test")], written));
  assert.match(elsewhere, /^Received: /);
  assert.doesNotMatch(elsewhere, /auth=pass/);
});

const forward = {
  directory: fakeDirectory(),
  returnPath: ({ local, domain }: { local: string; domain: string }) => `back=${domain}=${local}`,
  seal: async (_: Buffer, domain: string, found: { chain: string; results: string }) =>
    `ARC-Seal: ${found.chain} ${domain} ${found.results}\r\n`,
  sign: async (_: Buffer, domain: string) => `DKIM-Signature: ${domain}\r\n`,
};
const sealed: Verdict = { kind: "accept", notes: [], findings: { seal: { chain: "none", results: "mx; spf=pass" } } };

test("what a stranger sends to an alias elsewhere goes on under a return path of ours, sealed; the copy here stays as it came", async () => {
  const { accepted, offered } = await deliver(mail([to("list@example.test")]), { forward, verdict: sealed });
  assert.equal(accepted.length, 2);
  const [here, onward] = accepted;
  assert.deepEqual(
    here!.placements.map(({ account }) => account),
    [1, 2],
  );
  assert.equal(here!.queue, undefined);
  assert.match(Buffer.from(here!.message.bytes).toString(), /^Return-Path: <a@b\.test>\r\nReceived: /);
  assert.equal(onward!.placements.length, 0);
  assert.equal(onward!.queue?.envelopeFrom, "back=b.test=a@example.test");
  assert.deepEqual(
    onward!.queue?.recipients.map(({ address }) => address),
    ["far@else.test"],
  );
  assert.match(
    Buffer.from(onward!.message.bytes).toString(),
    /^ARC-Seal: none example\.test mx; spf=pass\r\nDelivered-To: list@example\.test\r\nReceived: /,
  );
  assert.equal(offered.length, 1);
});

test("where its author's domain would have it refused, what goes on is from the address that forwards, and signed for it", async () => {
  const bytes = Buffer.from("From: a@b.test\r\nSubject: x\r\n\r\nbody\r\n");
  const dmarc = { policy: { p: "reject" }, dkimAligned: false };
  const findings = { ...sealed.findings, authentication: { dmarc } } as unknown as Findings;
  const { accepted } = await deliver(mail([to("away@example.test")], { bytes }), {
    forward,
    verdict: { ...sealed, findings },
  });
  assert.match(
    Buffer.from(accepted[0]!.message.bytes).toString(),
    /^DKIM-Signature: example\.test\r\nARC-Seal: .*\r\nDelivered-To: away@example\.test\r\nReceived: [\s\S]*\r\nFrom: "a@b\.test via away@example\.test" <away@example\.test>\r\n/,
  );
});

const unchanged: readonly [name: string, change: Partial<Received>, from: string, messages: number][] = [
  ["a null sender stays one", { envelopeFrom: "" }, "", 2],
  ["an address of ours holds as it is", { envelopeFrom: "u1@example.test" }, "u1@example.test", 2],
  [
    "our own people's mail is one message",
    { account: account(1), envelopeFrom: "u1@example.test" },
    "u1@example.test",
    1,
  ],
];
for (const [name, change, from, messages] of unchanged)
  test(`forwarding: ${name}`, async () => {
    const { accepted } = await deliver(mail([to("list@example.test")], change), { forward });
    assert.equal(accepted.length, messages);
    assert.equal(accepted.at(-1)!.queue?.envelopeFrom, from);
  });

test("an address that has forwarded a message does not forward it again", async () => {
  const bytes = Buffer.from("Delivered-To: LIST@example.test\r\nSubject: x\r\n\r\nbody\r\n");
  const { accepted } = await deliver(mail([to("list@example.test")], { bytes }), { forward });
  assert.equal(accepted.length, 1);
  assert.equal(accepted[0]!.queue, undefined);
});

const visit = (host: string, who = "") =>
  `Received: from x ([192.0.2.9])\r\n\tby ${host} with ESMTP id 1${who};\r\n\tx\r\n`;
const relayed: readonly [what: string, before: string, reply: RegExp][] = [
  ["here for the first time", visit("old.test").repeat(20), /^250/],
  [
    "once more, by lists and forwards elsewhere",
    visit("mx.example.test", "\r\n\tfor <x@relay.test>").repeat(2),
    /^250/,
  ],
  ["for other people", visit("mx.example.test", "\r\n\tfor <y@relay.test>").repeat(9), /^250/],
  ["going round", visit("mx.example.test", "\r\n\tfor <X@Relay.test>").repeat(3), /^554 5\.4\.6 .*goes round/],
  ["going round with others", visit("mx.example.test").repeat(3), /^554 5\.4\.6 .*goes round/],
];
for (const [what, before, expected] of relayed)
  test(`passed on to the server behind: ${what}`, async () => {
    const bytes = Buffer.from(`${before}Subject: x\r\n\r\nbody\r\n`);
    const { replies } = await deliver(mail([to("x@relay.test")], { bytes }));
    assert.match(replies[0]!, expected);
  });

test("spam is not forwarded: those here find it in Junk; what goes on has a stream of its own", async () => {
  const { accepted } = await deliver(mail([to("list@example.test")]), {
    forward,
    verdict: { kind: "junk", notes: ["spam"] },
  });
  assert.equal(accepted.length, 1);
  assert.equal(accepted[0]?.queue, undefined);
  assert.deepEqual(
    accepted[0]?.placements.map(({ target }) => target),
    [{ role: "junk" }, { role: "junk" }],
  );
  const good = await deliver(mail([to("list@example.test")]), { forward });
  assert.equal(good.accepted[1]?.queue?.stream, "forward");
});

test("spam for an address that only forwards is refused", async () => {
  const { accepted, replies } = await deliver(mail([to("away@example.test")]), {
    forward,
    verdict: { kind: "junk", notes: ["spam"] },
  });
  assert.deepEqual(accepted, []);
  assert.deepEqual(replies, ["550 5.7.1 This message looks like spam, and spam is not forwarded from here"]);
});

test("who writes to an alias that leads to a suppressed address does not learn where it leads", async () => {
  const row = {
    scope: "platform",
    hash: "",
    address: "",
    reason: "manual",
    evidence: "",
    at: 0,
    expiresAt: undefined,
  } as const;
  const told = async (which: (address: string) => boolean) => {
    const suppressed = async (addresses: readonly string[]) =>
      new Map(addresses.filter(which).map((address) => [address, row]));
    const { accepted, replies } = await deliver(mail([to("away@example.test")]), {
      forward,
      suppression: { suppressed },
    });
    assert.deepEqual(accepted, []);
    return replies;
  };
  assert.deepEqual(await told((address) => address !== "away@example.test"), [
    "550 5.7.1 <away@example.test> is forwarded to an address that may not be written to from here",
  ]);
  assert.deepEqual(await told((address) => address === "away@example.test"), [
    "550 5.7.1 <away@example.test> is suppressed (manual): take it off the list before writing to it",
  ]);
});

test("what an address has forwarded enough of waits, or stays with those here", async () => {
  const how = { forward, settings: { ...defaultDeliverSettings, maxForwardsPerHour: 1 } };
  const away = mail([to("away@example.test")]);
  const full = await deliver(away, { ...how, before: [away] });
  assert.equal(full.accepted.length, 1, "the one before");
  assert.match(full.replies[0]!, /^451 4\.7\.1 /);
  const list = mail([to("list@example.test")]);
  const { accepted, replies } = await deliver(list, { ...how, before: [list] });
  assert.match(replies[0]!, /^250 /);
  const last = accepted.at(-1)!;
  assert.ok(last.queue === undefined && last.placements.length > 0);
  assert.match(JSON.stringify(last.journey), /Not forwarded/);
  assert.match((await deliver(away, { ...how, before: [list] })).replies[0]!, /^250 /, "each for itself");
});

test("a request that is resumed: what a list took before the crash it does not take again, and the rest is taken", async () => {
  const journey: JourneyEntry[] = [];
  let spread = 0;
  const both = fakeDirectory(true);
  const ports = (broken: boolean): Partial<DeliverPorts> => ({
    directory: {
      ...both,
      async resolve(local, domain) {
        const found = await both.resolve(local === "team" ? "u1" : local, domain);
        if (local !== "team" || found.kind !== "local") return found;
        return { ...found, accounts: [], lists: [{ list: "team@example.test", part: "post", token: "" }] };
      },
    },
    lists: {
      async take() {
        spread++;
        return { kind: "taken", copies: [], posts: [], kept: Buffer.alloc(0), remember: [], journey: [] };
      },
      noticed: async () => {},
      undelivered: async () => {},
    },
    store: {
      accept: async (acceptance) => {
        if (broken) throw new Error("killed");
        return acceptedAs(acceptance, 1);
      },
      acceptCopies: () => Promise.reject(new Error("no copies here")),
      note: async () => {},
      trace: async () => journey.map((one) => ({ ...one, id: 1 })),
      async settle(given) {
        journey.push(...given.journey);
        return { stale: 0, accepted: [] };
      },
    },
  });
  const sent = (resumed: boolean) =>
    mail([to("team@example.test"), to("u1@example.test")], { under: { hash: "h", turn: "t", resumed } });
  await assert.rejects(deliver(sent(false), ports(true)), /killed/);
  assert.deepEqual((await deliver(sent(true), ports(false))).replies, ["250 2.0.0 accepted as id1"]);
  assert.equal(spread, 1);
});
