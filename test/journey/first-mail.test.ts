/** What a stranger does first: send a message in, read it with two protocols, answer it, see the answer leave. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import nodemailer from "nodemailer";
import { angarium, type DevProcess, startDev } from "../dev-process.ts";
import { type Sink, startSink } from "../sink.ts";

let dev: DevProcess;
let sink: Sink;
let ca: string;

before(async () => {
  sink = await startSink();
  dev = await startDev(["--users", "3", "--deliver-to", `127.0.0.1:${sink.port}`]);
  ca = await readFile(dev.ready.ca, "utf8");
});
after(async () => {
  const { ms, code } = await dev.stop();
  await sink.close();
  assert.equal(code, 0);
  assert.ok(ms < 5_000, `stopping took ${ms} ms`);
});

const imap = (user: string): ImapFlow =>
  new ImapFlow({
    host: "127.0.0.1",
    port: dev.ready.ports["imaps"]!,
    secure: true,
    tls: { ca, servername: "localhost" },
    auth: { user, pass: "pw" },
    logger: false,
  });

test("the ready line says everything the contract names", () => {
  const { ready } = dev;
  assert.equal(ready.host, "127.0.0.1");
  assert.equal(ready.domain, "example.test");
  assert.deepEqual(ready.users, ["u1@example.test", "u2@example.test", "u3@example.test"]);
  assert.equal(ready.password, "pw");
  assert.deepEqual(ready.admin, { user: "admin@example.test", password: "pw" });
  assert.deepEqual(Object.keys(ready.ports).sort(), [
    "http",
    "https",
    "imap",
    "imaps",
    "lmtp",
    "pop3",
    "pop3s",
    "sieve",
    "smtp",
    "submission",
    "submissions",
  ]);
});

test("a stranger's message is read over IMAP, answered through submission, and the answer leaves", async () => {
  const stranger = nodemailer.createTransport({
    host: "127.0.0.1",
    port: dev.ready.ports["smtp"]!,
    tls: { ca, servername: "localhost" },
  });
  await stranger.sendMail({
    from: "alice@far.test",
    to: "u1+news@example.test",
    subject: "Grüße",
    text: "How are you?",
    messageId: "<first@far.test>",
  });

  const client = imap("u1@example.test");
  await client.connect();
  const lock = await client.getMailboxLock("INBOX");
  try {
    const message = await client.fetchOne("*", { envelope: true, source: true, flags: true, bodyStructure: true });
    assert.ok(message !== false);
    assert.equal(message.envelope?.subject, "Grüße");
    assert.equal(message.envelope?.from?.[0]?.address, "alice@far.test");
    const source = message.source?.toString() ?? "";
    assert.match(source, /^Return-Path: <alice@far\.test>\r\nReceived: from /);
    assert.match(source, /\(using TLSv1\.3|with ESMTPS/);
    await client.messageFlagsAdd({ uid: String(message.uid) }, ["\\Answered"], { uid: true });
  } finally {
    lock.release();
  }
  await client.logout();

  const own = nodemailer.createTransport({
    host: "127.0.0.1",
    port: dev.ready.ports["submission"]!,
    requireTLS: true,
    tls: { ca, servername: "localhost" },
    auth: { user: "u1@example.test", pass: "pw" },
  });
  await own.sendMail({
    from: "u1@example.test",
    to: "alice@far.test",
    bcc: "hidden@far.test",
    subject: "Re: Grüße",
    text: "Well!",
    inReplyTo: "<first@far.test>",
  });
  const sent = await sink.next();
  assert.equal(sent.from, "u1@example.test");
  assert.deepEqual([...sent.to].sort(), ["alice@far.test", "hidden@far.test"]);
  assert.match(sent.data, /^DKIM-Signature: /m);
  assert.match(sent.data, /^Message-ID: /im);
  assert.doesNotMatch(sent.data, /^Bcc:/im);
});

test("POP3 reads it too", async () => {
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const url = `pop3s://localhost:${dev.ready.ports["pop3s"]}/1`;
  const { stdout } = await promisify(execFile)("curl", [
    "--silent",
    "--show-error",
    "--cacert",
    dev.ready.ca,
    "--user",
    "u1@example.test:pw",
    url,
  ]);
  assert.match(stdout, /How are you\?/);
});

test("nobody sends as somebody else, and a stranger relays nothing", async () => {
  const own = nodemailer.createTransport({
    host: "127.0.0.1",
    port: dev.ready.ports["submissions"]!,
    secure: true,
    tls: { ca, servername: "localhost" },
    auth: { user: "u1@example.test", pass: "pw" },
  });
  const letter = { to: "alice@far.test", subject: "x", text: "x" };
  const envelope = { from: "u1@example.test", to: "alice@far.test" };
  for (const forged of [
    { from: "u2@example.test" },
    { from: "Boss <boss@far.test>", envelope },
    { from: ["u1@example.test", "u2@example.test"], envelope },
    { from: "u1@example.test", sender: "u2@example.test", envelope },
    {
      from: "u1@example.test",
      headers: { From: "u1@example.test" },
      raw: "From: u1@example.test\r\nFrom: u2@example.test\r\n\r\nx",
      envelope,
    },
  ])
    await assert.rejects(own.sendMail({ ...letter, ...forged } as never), /550 5\.7\.1 /);
  await own.sendMail({
    ...letter,
    from: ["u1@example.test", "U1+both@example.test"],
    sender: "u1@example.test",
    envelope,
  } as never);
  assert.match((await sink.next()).data, /^From: u1@example\.test, U1\+both@example\.test/im);
  const stranger = nodemailer.createTransport({ host: "127.0.0.1", port: dev.ready.ports["smtp"]!, ignoreTLS: true });
  await assert.rejects(
    stranger.sendMail({ from: "a@far.test", to: "b@elsewhere.test", subject: "x", text: "x" }),
    /550 5\.7\.1/,
  );
  await assert.rejects(
    stranger.sendMail({ from: "a@far.test", to: "nobody@example.test", subject: "x", text: "x" }),
    /550 5\.1\.1/,
  );
});

test("trace tells the journey, queue count is a number", async () => {
  const trace = await angarium("trace", "first@far.test", "--data", dev.ready.data);
  assert.equal(trace.code, 0, trace.err);
  assert.match(trace.out, /accepted/);
  assert.match(trace.out, /alice@far\.test/);
  const count = await angarium("queue", "count", "--data", dev.ready.data);
  assert.equal(count.out, "0\n", count.err);
});
