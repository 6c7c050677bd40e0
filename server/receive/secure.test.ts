import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import nodemailer from "nodemailer";
import { type Login, type LoginOutcome, refused } from "../access/login.ts";
import { quiet } from "../base/log.ts";
import { type KeyRing, makeKeyRing } from "../net/tls.ts";
import { account, startWorld, Wire, type World, type WorldOptions } from "./fake-world.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-receive-"));
let ring: KeyRing;
let ca: string;
before(async () => {
  ring = await makeKeyRing({ settings: {}, folder, hostname: "localhost", log: quiet, now: Date.now });
  ca = readFileSync(join(folder, "ca.pem"), "utf8");
});
after(() => {
  ring[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** u1 with "pw", by PLAIN and LOGIN, only over TLS. */
const login: Login = {
  mechanisms: ({ connection }) => (connection.tls === undefined ? [] : ["PLAIN", "LOGIN"]),
  async sasl(mechanism, initial, ask): Promise<LoginOutcome> {
    let said: string;
    if (mechanism === "PLAIN") {
      const response = initial ?? (await ask(Buffer.alloc(0)));
      if (typeof response === "string") return refused(response);
      said = response.toString();
    } else {
      const parts: string[] = [];
      for (const question of ["Username:", "Password:"]) {
        const response = await ask(Buffer.from(question));
        if (typeof response === "string") return refused(response);
        parts.push(response.toString());
      }
      said = `\0${parts.join("\0")}`;
    }
    return said === "\0u1@example.test\0pw" ? { kind: "ok", account: account(1) } : refused("credentials");
  },
  password: async () => refused("credentials"),
};
const right = Buffer.from("\0u1@example.test\0pw").toString("base64");
const wrong = Buffer.from("\0u1@example.test\0no").toString("base64");

const world = (options: WorldOptions = {}): Promise<World> =>
  startWorld({ tls: () => ring.serverOptions(), login, ...options });

async function overTls(client: Wire): Promise<Wire> {
  const socket: TLSSocket = tlsConnect({ socket: client.socket, servername: "localhost", ca });
  await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  return new Wire(socket);
}

async function greeted(port: number): Promise<Wire> {
  const client = await Wire.open(port);
  assert.match(await client.reply(), /^220 /);
  assert.match(await client.ask("EHLO c.test\r\n"), /STARTTLS/);
  return client;
}

async function loggedIn(port: number): Promise<Wire> {
  const clear = await greeted(port);
  assert.match(await clear.ask("STARTTLS\r\n"), /^220 /);
  const client = await overTls(clear);
  assert.match(await client.ask("EHLO c.test\r\n"), /AUTH PLAIN LOGIN/);
  assert.match(await client.ask(`AUTH PLAIN ${right}\r\n`), /^235 2\.7\.0/);
  return client;
}

test("STARTTLS forgets what came in the clear, and is offered once", async () => {
  await using w = await world();
  const clear = await greeted(w.port);
  assert.match(await clear.ask("MAIL FROM:<a@b.test>\r\n"), /^250/);
  assert.match(await clear.ask("STARTTLS\r\n"), /^220/);
  const client = await overTls(clear);
  assert.match(await client.ask("RCPT TO:<u1@example.test>\r\n"), /^503/);
  assert.match(await client.ask("MAIL FROM:<a@b.test>\r\n"), /^503/);
  const offer = await client.ask("EHLO c.test\r\n");
  assert.doesNotMatch(offer, /STARTTLS/);
  assert.match(offer, /REQUIRETLS/);
  assert.match(await client.ask("STARTTLS\r\n"), /^503/);
  assert.match(await client.ask("MAIL FROM:<a@b.test> REQUIRETLS\r\n"), /^250/);
  assert.match(await client.ask("RCPT TO:<u1@example.test>\r\n"), /^250/);
  assert.match(await client.ask("DATA\r\n"), /^354/);
  assert.match(await client.ask("x\r\n.\r\n"), /^250/);
  const text = Buffer.from(w.accepted[0]!.message.bytes).toString();
  assert.match(text, /\r\n\tby mx\.example\.test with ESMTPS id \w+\r\n\tfor <u1@example\.test> tls TLS_[A-Z\d_]+;/);
  client.close();
});

for (const injected of ["RSET\r\n", "EHLO evil\r\nMAIL FROM:<evil@b.test>\r\n", "x", "\r\n"])
  test(`what follows STARTTLS in the clear is not obeyed: ${JSON.stringify(injected)}`, async () => {
    await using w = await world();
    const client = await greeted(w.port);
    client.send(`STARTTLS\r\n${injected}`);
    const text = await client.rest();
    assert.match(text, /^(?:554 5\.5\.1 [ -~]*\r\n)$/);
    assert.equal(w.counters.openSessions, 0);
  });

test("what comes between 220 and the handshake ends the session, unread", async () => {
  await using w = await world();
  const client = await greeted(w.port);
  assert.match(await client.ask("STARTTLS\r\n"), /^220/);
  client.send("EHLO evil\r\nMAIL FROM:<evil@b.test>\r\nRCPT TO:<u1@example.test>\r\nDATA\r\n");
  assert.doesNotMatch(await client.rest(), /^(250|354)/m);
  assert.equal(w.accepted.length, 0);
});

test("a failed login tells nothing, and three end the session", async () => {
  await using w = await world({ mode: "submission" });
  const clear = await greeted(w.port);
  assert.match(await clear.ask("MAIL FROM:<u1@example.test>\r\n"), /^530 5\.7\.0 .*STARTTLS/);
  assert.match(await clear.ask(`AUTH PLAIN ${right}\r\n`), /^538 5\.7\.11/);
  assert.match(await clear.ask("STARTTLS\r\n"), /^220/);
  const client = await overTls(clear);
  await client.ask("EHLO c.test\r\n");
  assert.match(await client.ask("MAIL FROM:<u1@example.test>\r\n"), /^530 5\.7\.0 Auth/);
  assert.match(await client.ask("AUTH CRAM-MD5\r\n"), /^504 5\.5\.4/);
  assert.match(await client.ask(`AUTH PLAIN ${wrong}\r\n`), /^535 5\.7\.8/);
  assert.equal(await client.ask("AUTH PLAIN\r\n"), "334 \r\n");
  assert.match(await client.ask("*\r\n"), /^501 5\.7\.0/);
  assert.match(await client.ask("AUTH LOGIN\r\n"), /^334 VXNlcm5hbWU6\r\n/);
  assert.match(await client.ask("not base64!\r\n"), /^501 5\.5\.2/);
  assert.match(await client.reply(), /^421 4\.7\.0/);
  assert.equal(await client.rest(), "");
});

test("a login in pieces and pipelined", async () => {
  await using w = await world({ mode: "submission" });
  const clear = await greeted(w.port);
  await clear.ask("STARTTLS\r\n");
  const client = await overTls(clear);
  client.send(
    `EHLO c.test\r\nAUTH LOGIN\r\n${Buffer.from("u1@example.test").toString("base64")}\r\n${Buffer.from("pw").toString("base64")}\r\nMAIL FROM:<u1@example.test>\r\nQUIT\r\n`,
  );
  const text = await client.rest();
  assert.deepEqual(
    [...text.matchAll(/^(\d{3}) /gm)].map((one) => one[1]),
    ["250", "334", "334", "235", "250", "221"],
  );
});

test("a user sends as nobody else, in MAIL and in the header", async () => {
  await using w = await world({ mode: "submission" });
  const client = await loggedIn(w.port);
  assert.match(
    await client.ask("MAIL FROM:<u2@example.test>\r\n"),
    /^550-5\.7\.1 .*<u2@example\.test>.*<u1@example\.test>/,
  );
  const attempts: readonly [header: string, expected: RegExp][] = [
    ["From: u2@example.test", /^550/],
    ['From: "u1@example.test" <u2@example.test>', /^550/],
    ["From: u1@example.test, u2@example.test", /^550/],
    ["From: u1@example.test\r\nFrom: u2@example.test", /^550/],
    ["From: u1@example.test\r\nSender: u2@example.test", /^550/],
    ["FROM : u2@example.test", /^550/],
    ["From: u2", /^550/],
    ["From: g: u1@example.test, u2@example.test;", /^550/],
    ["From: u1+tag@example.test", /^250/],
    ["From: Me <U1@Example.Test>", /^250/],
    ["X: y", /^250/],
  ];
  for (const [header, expected] of attempts) {
    assert.match(await client.ask("MAIL FROM:<u1@example.test>\r\n"), /^250/);
    assert.match(await client.ask("RCPT TO:<x@else.test>\r\n"), /^250/);
    assert.match(await client.ask("DATA\r\n"), /^354/);
    assert.match(await client.ask(`${header}\r\nSubject: x\r\n\r\nx\r\n.\r\n`), expected, header);
  }
  assert.match(await client.ask("MAIL FROM:<>\r\n"), /^250/);
  client.close();
});

test("FUTURERELEASE reaches the queue", async () => {
  await using w = await world({ mode: "submission" });
  const client = await loggedIn(w.port);
  assert.match(await client.ask("MAIL FROM:<u1@example.test> HOLDFOR=9999999\r\n"), /^501 5\.5\.4/);
  assert.match(await client.ask("MAIL FROM:<u1@example.test> HOLDUNTIL=2020-01-01T00:00:00Z\r\n"), /^501 5\.5\.4/);
  assert.match(await client.ask("MAIL FROM:<u1@example.test> HOLDFOR=60 RET=HDRS ENVID=abc\r\n"), /^250/);
  assert.match(await client.ask("RCPT TO:<x@else.test> NOTIFY=SUCCESS ORCPT=rfc822;y@z.test\r\n"), /^250/);
  assert.match(await client.ask("DATA\r\n"), /^354/);
  assert.match(await client.ask("From: u1@example.test\r\n\r\nx\r\n.\r\n"), /^250/);
  const queue = w.accepted[0]!.queue!;
  assert.equal(queue.notBefore, Date.UTC(2026, 10, 23, 5, 1));
  assert.equal(queue.account, 1);
  assert.equal(queue.envid, "abc");
  assert.equal(queue.ret, "hdrs");
  assert.equal(queue.recipients[0]!.orcpt, "rfc822;y@z.test");
  assert.equal(queue.recipients[0]!.notify?.success, true);
  client.close();
});

for (const implicitTls of [false, true])
  for (const lmtp of [false, true])
    test(`nodemailer ${lmtp ? "over LMTP" : "submits"} ${implicitTls ? "over TLS" : "with STARTTLS"}`, async () => {
      await using w = await world({
        mode: lmtp ? "lmtp" : "submission",
        implicitTls,
        sign: async () => "X-Signed: yes\r\n",
      });
      const transport = nodemailer.createTransport({
        host: "localhost",
        port: w.port,
        secure: implicitTls,
        requireTLS: !implicitTls,
        lmtp,
        tls: { ca },
        ...(lmtp ? {} : { auth: { user: "u1@example.test", pass: "pw" } }),
      });
      const body = `${"a line of text\n".repeat(lmtp ? 1 : 30_000)}.\n..\n.end`;
      const sent = await transport.sendMail({
        from: "Ünö <u1@example.test>",
        to: ["u2@example.test", "u3@example.test", ...(lmtp ? [] : ["far@else.test"])],
        bcc: ["u4@example.test"],
        subject: "Grüße",
        text: body,
        attachments: [{ filename: "a.bin", content: Buffer.alloc(1000, 255) }],
      });
      transport.close();
      assert.equal(sent.rejected.length, 0);
      const [one] = w.accepted;
      assert.deepEqual(
        one!.placements.map(({ account: who }) => who),
        [2, 3, 4],
      );
      const text = Buffer.from(one!.message.bytes).toString("latin1");
      const results = lmtp ? "" : "Authentication-Results: .*;\\r\\n\\tauth=pass .*\\r\\n";
      assert.match(text, new RegExp(`^Return-Path: <u1@example\\.test>\\r\\n${results}Received: from `));
      assert.match(text, new RegExp(`with ${lmtp ? "LMTPS" : "ESMTPSA"} id`));
      assert.doesNotMatch(text, /^bcc:/im);
      assert.doesNotMatch(text, /\r\n\tfor </);
      assert.ok(text.includes("\r\n.\r\n..\r\n.end\r\n"));
      if (!lmtp) {
        assert.match(text, /\r\nX-Signed: yes\r\n/);
        assert.deepEqual(
          one!.queue?.recipients.map(({ address }) => address),
          ["far@else.test"],
        );
      }
    });
