import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../protocol/mime/header.ts";
import { toShortLines } from "../../protocol/mime/seven-bit.ts";
import { reply, replyText } from "../../protocol/smtp/reply.ts";
import { quiet } from "../base/log.ts";
import type { MailCopies } from "../deliver/copies.ts";
import type { Sender } from "../dispatch/sender.ts";
import { makeRequests } from "../inject/requests.ts";
import { account, fakeDirectory } from "../receive/fake-world.ts";
import type { Received } from "../receive/received.ts";
import { fakeLimits } from "../restrain/fake-limits.ts";
import { makeOnce } from "./once.ts";
import { prepare } from "./prepare.ts";
import { authorDomain, checkHeaderSenders } from "./sender.ts";
import { makeSubmit, signatureMs } from "./submit.ts";

const headerOf = (text: string) => splitHeader(Buffer.from(text), 0, Buffer.byteLength(text));

async function prepared(text: string, signature = ""): Promise<string> {
  const made = await prepare(Buffer.from(text), headerOf(text), {
    at: 0,
    newMessageId: () => "new@mx.test",
    shortLines: async (bytes: Uint8Array) => toShortLines(bytes),
    author: "u1@example.test",
    domain: "example.test",
    without: [],
    fields: "",
    sign: async (bytes, domain) => signature && `${signature} ${domain} ${bytes.length}\r\n`,
  });
  return made.toString();
}

const date = "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n";
const full = "Date: x\r\nFrom: a@b\r\nMessage-ID: <a@b>\r\n";
const cases: readonly [name: string, before: string, after: string][] = [
  ["nothing lacks", `${full}Subject: x\r\n\r\nbody`, `${full}Subject: x\r\n\r\nbody`],
  ["no Date", "From: a@b\r\nMessage-ID: <a@b>\r\n\r\nbody", `${date}From: a@b\r\nMessage-ID: <a@b>\r\n\r\nbody`],
  [
    "no Message-ID",
    "From: a@b\r\nDate: x\r\n\r\nbody",
    "Message-ID: <new@mx.test>\r\nFrom: a@b\r\nDate: x\r\n\r\nbody",
  ],
  ["none of them", "\r\nbody", `${date}From: <u1@example.test>\r\nMessage-ID: <new@mx.test>\r\n\r\nbody`],
  [
    "Bcc",
    `Bcc: x@y\r\n${full}bcc: z@y,\r\n more@y\r\nTo: a@b\r\n\r\nBcc: text\r\n`,
    `${full}To: a@b\r\n\r\nBcc: text\r\n`,
  ],
  ["Resent-Bcc", `${full}Resent-Bcc: x@y\r\nBCC : x@y\r\nTo: a@b\r\n\r\n`, `${full}To: a@b\r\n\r\n`],
  [
    "nothing else is mended",
    `${full}X\tno field\r\nMIME-Version: 2.0\r\nSubject:\r\n\r\n`,
    `${full}X\tno field\r\nMIME-Version: 2.0\r\nSubject:\r\n\r\n`,
  ],
  [
    "a line that is too long",
    `${full}\r\n${"x".repeat(999)}`,
    `MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n${full}\r\n${`${"x".repeat(75)}=\r\n`.repeat(13)}${"x".repeat(24)}`,
  ],
  [
    "what is signed already stays, long lines too",
    `${full}DKIM-Signature: x\r\n\r\n${"x".repeat(999)}`,
    `${full}DKIM-Signature: x\r\n\r\n${"x".repeat(999)}`,
  ],
];
for (const [name, before, after] of cases)
  test(`prepares: ${name}`, async () => {
    assert.equal(await prepared(before), after);
  });

test("the signature is over what goes out", async () => {
  const plain = await prepared("Bcc: x@y\r\n\r\nbody");
  assert.equal(
    await prepared("Bcc: x@y\r\n\r\nbody", "DKIM-Signature:"),
    `DKIM-Signature: example.test ${plain.length}\r\n${plain}`,
  );
});

test("the author's domain signs", () => {
  assert.equal(
    authorDomain(headerOf("Sender: a@sender.test\r\nFrom: X <a@Bücher.test>\r\n\r\n")),
    "xn--bcher-kva.test",
  );
  assert.equal(authorDomain(headerOf("Sender: a@sender.test\r\n\r\n")), undefined);
});

const own = "From: u1@example.test\r\n";
const senders: readonly [name: string, header: string, refusal: RegExp | "unnamed" | undefined][] = [
  ["one's own address", own, undefined],
  ["with a sub-address, in other case, with a name", "From: Me <U1+x@Example.TEST>\r\n", undefined],
  ["folded, with a comment", "From:\r\n (me)\r\n u1@example.test\r\n", undefined],
  ["oneself as Sender too", `${own}Sender: u1@example.test\r\n`, undefined],
  ["no From: it is given one", "Subject: x\r\n", undefined],
  ["somebody else", "From: u2@example.test\r\n", /<u2@example\.test>: use <u1@example\.test> or an alias of it/],
  ["somebody elsewhere", "From: a@far.test\r\n", /You may not send as <a@far\.test>/],
  ["a name that looks like an address", 'From: "boss@bank.test" <a@far.test>\r\n', /<a@far\.test>/],
  ["oneself and somebody else", "From: u1@example.test, u2@example.test\r\n", /<u2@example\.test>/],
  ["somebody else in a group", "From: all: u1@example.test, u2@example.test;\r\n", /<u2@example\.test>/],
  ["somebody else as Sender", `${own}Sender: u2@example.test\r\n`, /<u2@example\.test>/],
  ["two From fields", `${own}From: u1@example.test\r\n`, /several From fields/],
  ["an empty group", "From: undisclosed:;\r\n", /names no address/],
  ["an empty From", "From:\r\n", /names no address/],
  ["no domain", "From: u1\r\n", /You may not send as <u1>/],
  ["on behalf", "From: u1-boss@example.test\r\n", "unnamed"],
  ["on behalf, as oneself", "From: u1-boss@example.test\r\nSender: u1@example.test\r\n", undefined],
  [
    "on behalf, as the other",
    "From: u1-boss@example.test\r\nSender: u1-boss@example.test\r\n",
    /<u1-boss@example\.test>/,
  ],
  ["on behalf, as nobody", "From: u1-boss@example.test\r\nSender:\r\n", "unnamed"],
  ["on behalf and as somebody else", "From: u1-boss@example.test, u2@example.test\r\n", /<u2@example\.test>/],
  ["on behalf of somebody else's", "From: u2-boss@example.test\r\n", /<u2-boss@example\.test>/],
];
for (const [name, text, refusal] of senders)
  test(`header sender: ${name}`, async () => {
    const answer = await checkHeaderSenders(account(1), headerOf(`${text}\r\n`), fakeDirectory(true));
    if (typeof answer !== "object") return assert.equal(answer, refusal);
    assert.match(replyText(answer), /^550 5\.7\.1 /);
    assert.match(replyText(answer), refusal as RegExp);
  });

test("only what was taken counts, and strangers' mail passes as it is", async () => {
  const limits = fakeLimits({ messagesPerHour: 1 });
  let answer = reply(451, "4.3.0", "Later");
  const seen: Received[] = [];
  const submit = makeSubmit({
    deliver: {
      takeCopies: async () => [],
      take: async (mail) => {
        seen.push(mail);
        return [answer];
      },
    },
    directory: fakeDirectory(true),
    limits,
    sign: async () => "",
    newMessageId: () => "new@mx.test",
    shortLines: async (bytes: Uint8Array) => toShortLines(bytes),
    log: quiet,
  });
  const mail = {
    account: account(1),
    at: 0,
    envelopeFrom: "u1@example.test",
    ourHost: "mx",
    recipients: [{}],
    bytes: Buffer.from("From: u1@example.test\r\n\r\n"),
  } as unknown as Received;
  const send = async (one: Received): Promise<string> => (await submit.take(one)).map(replyText).join();
  assert.equal(await send(mail), "451 4.3.0 Later");
  answer = reply(250, "2.0.0", "OK");
  assert.equal(await send(mail), "250 2.0.0 OK");
  assert.match(await send(mail), /^450 4\.7\.28 You have sent 1 messages/);
  const stranger = { ...mail, account: undefined };
  assert.equal(await send(stranger), "250 2.0.0 OK");
  assert.equal(seen.at(-1), stranger);
  assert.match(seen[0]!.bytes.toString(), /^Date: /);
});

test("a tenant's mail by SMTP: how eager its recipients are, its tags, when it goes, and once under its key; what the API says is not asked again", async () => {
  const seen: Received[] = [];
  const sender = { tenant: "shop", author: "example.test", stream: "news" } as Sender;
  let answer = reply(250, "2.0.0", "accepted as m1");
  let breaks: "before" | "after" | undefined;
  let isLeft = false;
  const kept = new Map<string, { request: string; answer: Uint8Array | undefined }>();
  const submit = makeSubmit({
    deliver: {
      takeCopies: async () => [],
      take: async (mail) => {
        if (breaks === "before") throw new Error("no disk");
        seen.push(mail);
        if (breaks === "after") throw new Error("no answer");
        return [answer];
      },
    },
    directory: fakeDirectory(true),
    limits: fakeLimits(undefined),
    sign: async (_, domain) => `DKIM-Signature: d=${domain}\r\n`,
    newMessageId: () => "new@mx.test",
    shortLines: async (bytes: Uint8Array) => toShortLines(bytes),
    sending: {
      hasTenants: () => true,
      alsoSigns: ({ stream }) => (stream === "news" ? "platform.test" : undefined),
      senderOf: (_, { stream = "", tags }) => ({ ...sender, stream, about: { tags } }),
      eager: async (one, wish, { recipients }) => ({ ...one, list: `${wish.stream} ${recipients.length}` }),
      fields: () => "",
    },
    once: makeOnce(
      makeRequests({
        store: {
          beginRequest: async ({ hash, request, expiresAt }) => {
            const known = kept.get(hash);
            if (known === undefined) kept.set(hash, { request, answer: undefined });
            if (known === undefined) return { kind: "fresh", seed: expiresAt, resumed: false };
            if (known.request !== request) return { kind: "other" };
            if (known.answer !== undefined) return { kind: "answered", answer: known.answer };
            return isLeft ? { kind: "fresh", seed: expiresAt, resumed: true } : { kind: "begun" };
          },
          endRequest: async ({ hash }, given) => {
            if (given === undefined) kept.delete(hash);
            else kept.set(hash, { request: kept.get(hash)!.request, answer: given });
          },
          leaveRequest: async () => void (isLeft = true),
          trace: async (id) =>
            seen.some((one) => one.id === id)
              ? [{ id: 1, at: 0, stage: "accepted", trace: undefined, keys: [id], detail: { id } }]
              : [],
        },
        node: "mx",
        now: () => 0,
      }),
    ),
    log: quiet,
  });
  const mail = {
    account: account(1),
    at: 0,
    envelopeFrom: "u1@example.test",
    ourHost: "mx",
    recipients: [{ local: "a", domain: "far.test" }],
    bytes: Buffer.from(""),
  } as unknown as Received;
  const send = async (fields: string, more: Partial<Received> = {}) => {
    const bytes = Buffer.from(`From: u1@example.test\r\n${fields}\r\n`);
    return (await submit.take({ ...mail, bytes, ...more })).map(replyText).join();
  };
  const news = "X-Angarium-Stream: news\r\nX-Angarium-Tag: kind:order, vip\r\n";
  const trusted = { account: undefined, trusted: true };
  await send(news);
  await send(news, trusted);
  await send(news, { sending: sender });
  assert.deepEqual(
    seen.map(({ sending }) => [sending?.list, sending?.about]),
    [
      ["news 1", { tags: { kind: "order", vip: true } }],
      ["news 1", { tags: { kind: "order", vip: true } }],
      [undefined, undefined],
    ],
  );
  assert.doesNotMatch(seen[0]!.bytes.toString(), /X-Angarium/i);
  for (const { bytes } of seen)
    assert.match(bytes.toString(), /^DKIM-Signature: d=example\.test\r\nDKIM-Signature: d=platform\.test\r\n/);

  const at = (time: string) => `X-Angarium-Schedule: ${time}\r\n`;
  await send(at("1970-01-02T01:00:00+01:00"));
  await send(at("1970-01-02T00:00Z"), { notBefore: 99_000_000 });
  await send(at("1970-01-02T00:00:00Z"), trusted);
  await send(at("1970-01-02T00:00:00Z"), { sending: sender });
  assert.deepEqual(
    seen.slice(3).map(({ notBefore }) => notBefore),
    [86_400_000, 99_000_000, 86_400_000, undefined],
  );
  for (const wrong of ["tomorrow", "1970-01-02", "1970-01-02T00:00:00", "1970-13-02T00:00:00Z"])
    assert.match(await send(at(wrong)), /^550 5\.6\.0 .*a time with its zone/, wrong);
  assert.match(await send(at("1970-02-02T00:00:00Z"), trusted), /30 days at most/);

  const key = (text: string) => `X-Angarium-Idempotency-Key: ${text}\r\n`;
  const before = seen.length;
  answer = reply(451, "4.3.0", "Local trouble");
  assert.match(await send(key("order-17")), /^451/);
  answer = reply(250, "2.0.0", "accepted as m2");
  const first = send(key("order-17"));
  assert.match(await send(key("order-17")), /^451 4\.3\.0 .*is being taken/);
  assert.equal(await first, "250 2.0.0 accepted as m2");
  answer = reply(250, "2.0.0", "accepted as m3");
  assert.equal(await send(`Date: another\r\n${key("order-17")}`), "250 2.0.0 accepted as m2");
  assert.match(
    await send(key("order-17"), { recipients: [{ local: "b", domain: "far.test" }] as never }),
    /^550 5\.6\.0 .*other recipients/,
  );
  assert.match(await send(key("two words")), /^550 5\.6\.0 .*1 to 256/);
  assert.equal(seen.length, before + 2);
  assert.equal(await send(key("order-18")), "250 2.0.0 accepted as m3");

  // What was cut off is taken where it was not, and answered where it was.
  for (const [name, when, times] of [
    ["order-19", "before", 1],
    ["order-20", "after", 1],
  ] as const) {
    const taken = seen.length;
    isLeft = false;
    breaks = when;
    await assert.rejects(send(key(name)));
    breaks = undefined;
    const said = await send(key(name));
    assert.equal(seen.length, taken + times, name);
    assert.equal(said, when === "before" ? "250 2.0.0 accepted as m3" : `250 2.0.0 accepted as ${seen.at(-1)?.id}`);
    assert.ok(seen.at(-1)?.under !== undefined);
    assert.equal(await send(key(name)), said);
  }
});

test("of many messages those over the limit are refused, and those that were not taken do not count", async () => {
  const limits = fakeLimits({ messagesPerHour: 3 });
  const submit = makeSubmit({
    deliver: {
      // The first is to be taken by itself.
      takeCopies: async ({ copies }) => copies.map((_, at) => (at === 0 ? undefined : reply(250, "2.0.0", "OK"))),
      take: async () => [reply(250, "2.0.0", "OK")],
    },
    directory: fakeDirectory(true),
    limits,
    sign: async () => "",
    newMessageId: () => "new@mx.test",
    shortLines: async (bytes: Uint8Array) => toShortLines(bytes),
    log: quiet,
  });
  const sample = {
    account: account(1),
    envelopeFrom: "u1@example.test",
    bytes: Buffer.from("From: u1@example.test\r\n\r\n"),
  } as unknown as Received;
  const copy = { id: "c", recipients: [{}], sample: 0 } as unknown as MailCopies["copies"][number];
  const copies = {
    samples: [sample],
    template: { bytes: new Uint8Array(), digest: "" },
    copies: [copy, copy, copy, copy],
  };
  const codes = (await submit.takeCopies(copies)).map((one) => one?.code);
  assert.deepEqual(codes, [undefined, 250, 250, 450]);
  const again = await submit.takeCopies({ ...copies, copies: [copy, copy, copy] });
  assert.deepEqual(
    again.map((one) => one?.code),
    [undefined, 450, 450],
    "one more had room, and was not taken",
  );
});

test("a signature of a tenant's message outlives the message, and not by much", () => {
  const day = 86_400_000;
  const cases: readonly [name: string, lifetimeMs: number | undefined, notBefore: number | undefined, days: number][] =
    [
      ["transactional", day, undefined, 7],
      ["marketing", 3 * day, undefined, 7],
      ["as the queue does", undefined, undefined, 7],
      ["a stream that tries for long", 10 * day, undefined, 12],
      ["its time has come", day, 1000, 7],
      ["in ten days, and it may be put off once more", day, 1000 + 10 * day, 47],
    ];
  for (const [name, lifetimeMs, notBefore, days] of cases)
    assert.equal(signatureMs({ lifetimeMs }, { at: 1000, notBefore }), days * day, name);
});
