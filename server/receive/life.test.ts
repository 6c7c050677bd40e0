import assert from "node:assert/strict";
import { test } from "node:test";
import type { Acceptance, Accepted } from "../store/store.ts";
import { acceptedAs, startWorld, Wire, type World } from "./fake-world.ts";

const upToData = "EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<u1@example.test>\r\nDATA\r\n";

async function inData(world: World): Promise<Wire> {
  const client = await Wire.open(world.port);
  client.send(upToData);
  for (const code of ["220", "250", "250", "250", "354"]) assert.ok((await client.reply()).startsWith(code));
  return client;
}

const failures: readonly [name: string, error: Error, expected: RegExp][] = [
  ["a failed commit", new Error("disk I/O error"), /^451 4\.3\.0/],
  ["a full disk", Object.assign(new Error("write failed"), { code: "ENOSPC" }), /^452 4\.3\.1/],
  ["a full database", Object.assign(new Error("database or disk is full"), { errcode: 13 }), /^452 4\.3\.1/],
  [
    "a full disk, wrapped",
    new Error("accept", { cause: Object.assign(new Error("x"), { code: "ENOSPC" }) }),
    /^452 4\.3\.1/,
  ],
];
for (const [name, error, expected] of failures)
  test(`${name} is a reply, and the session lives on`, async () => {
    let broken = true;
    const accept = async (acceptance: Acceptance): Promise<Accepted> => {
      if (broken) throw error;
      return acceptedAs(acceptance, 1);
    };
    await using world = await startWorld({ accept });
    const client = await inData(world);
    assert.match(await client.ask("x\r\n.\r\n"), expected);
    assert.equal(world.inFlight.usedBytes, 0);
    broken = false;
    client.send(upToData.slice(upToData.indexOf("MAIL")));
    for (const code of ["250", "250", "354"]) assert.ok((await client.reply()).startsWith(code));
    assert.match(await client.ask("x\r\n.\r\n"), /^250 2\.0\.0 accepted as id\d+\r\n$/);
    client.close();
  });

test("250 comes after the store has said so, not before", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const accept = async (acceptance: Acceptance): Promise<Accepted> => {
    asked.resolve();
    await promise;
    return acceptedAs(acceptance, 1);
  };
  await using world = await startWorld({ accept });
  const client = await inData(world);
  client.send("x\r\n.\r\nNOOP\r\n");
  const first = client.reply();
  await asked.promise;
  const early = await Promise.race([first, new Promise<string>((done) => setTimeout(done, 50, "nothing yet"))]);
  assert.equal(early, "nothing yet");
  assert.ok(world.inFlight.usedBytes > 0);
  resolve();
  assert.match(await first, /^250 2\.0\.0 accepted/);
  assert.match(await client.reply(), /^250 2\.0\.0 OK/);
  client.close();
});

test("silence ends a session with 421", async () => {
  await using world = await startWorld({ settings: { idleTimeoutMs: 400 } });
  const client = await Wire.open(world.port);
  assert.match(await client.rest(), /^220 [ -~]*\r\n421 4\.4\.2 [ -~]*\r\n$/);
  const inTheMiddle = await inData(world);
  inTheMiddle.send("half a mess");
  assert.match(await inTheMiddle.rest(), /^421 4\.4\.2/);
  assert.equal(world.accepted.length, 0);
});

test("a session and a transfer have an end in time, however busy the peer is", async () => {
  await using world = await startWorld({ settings: { maxSessionMs: 60 } });
  const client = await Wire.open(world.port);
  const beat = setInterval(() => client.send("NOOP\r\n"), 10);
  assert.match(await client.rest(), /421 4\.4\.2 [ -~]*\r\n$/);
  clearInterval(beat);
  await using slow = await startWorld({ settings: { maxTransferMs: 300 } });
  const sender = await inData(slow);
  const drip = setInterval(() => sender.send("x\r\n"), 10);
  assert.match(await sender.rest(), /^421 4\.4\.2/);
  clearInterval(drip);
  assert.equal(slow.inFlight.usedBytes, 0);
});

test("a stop: idle sessions are told, one in DATA may finish, nobody new comes in", async () => {
  const world = await startWorld();
  const idle = await Wire.open(world.port);
  assert.match(await idle.reply(), /^220/);
  const busy = await inData(world);
  const closing = world.listener.close(5000);
  assert.match(await idle.rest(), /^421 4\.3\.2/);
  busy.send("x\r\n.\r\n");
  assert.match(await busy.reply(), /^250 2\.0\.0/);
  assert.match(await busy.reply(), /^421 4\.3\.2/);
  assert.equal(await busy.rest(), "");
  await closing;
  assert.equal(world.accepted.length, 1);
  await assert.rejects(Wire.open(world.port));
});

test("a stop does not wait for ever", async () => {
  const world = await startWorld();
  const busy = await inData(world);
  busy.send("never ends");
  await world.listener.close(50);
  assert.equal(world.accepted.length, 0);
  assert.equal(world.inFlight.usedBytes, 0);
  busy.close();
});

test("a flood after the message is too big is cut off", async () => {
  await using world = await startWorld({ settings: { maxMessageBytes: 1000, maxDiscardedBytes: 100_000 } });
  const client = await inData(world);
  client.send(Buffer.alloc(2_000_000, "x"));
  assert.match(await client.rest(), /^(?:421 4\.3\.4[ -~]*\r\n)?$/);
  const chunker = await Wire.open(world.port);
  chunker.send(`${upToData.replace("DATA\r\n", "")}BDAT 999999999\r\n`);
  assert.match(await chunker.rest(), /\r\n421 4\.3\.4/);
  const endless = await Wire.open(world.port);
  endless.send(Buffer.alloc(6_000_000, "x"));
  assert.match(await endless.rest(), /^220 [ -~]*\r\n(?:421 4\.3\.4[ -~]*\r\n)?$/);
});

test("a peer that reads no replies is not served for ever", async () => {
  await using world = await startWorld({ settings: { idleTimeoutMs: 100, maxCommandsPerMessage: 10_000_000 } });
  const client = await Wire.open(world.port);
  client.socket.pause();
  client.send("HELP\r\n".repeat(2_000_000));
  const started = performance.now();
  while (world.counters.openSessions > 0 && performance.now() - started < 20_000)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(world.counters.openSessions, 0);
  client.close();
});

test("a peer that vanishes while its message is committed leaves it delivered", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const accept = async (acceptance: Acceptance): Promise<Accepted> => {
    await promise;
    return acceptedAs(acceptance, 1);
  };
  await using world = await startWorld({ accept });
  const client = await inData(world);
  client.send("x\r\n.\r\n");
  while (world.inFlight.usedBytes === 0) await new Promise((done) => setImmediate(done));
  client.close();
  resolve();
  while (world.counters.openSessions > 0) await new Promise((done) => setImmediate(done));
  assert.equal(world.accepted.length, 1);
  assert.equal(world.inFlight.usedBytes, 0);
});

test("our own trouble and a full mailbox are not the peer's mistakes", async () => {
  const accept = (): Promise<Accepted> => Promise.reject(new Error("disk I/O error"));
  await using world = await startWorld({
    accept,
    settings: { maxErrors: 2, maxRefusedRecipients: 2, maxRecipients: 1 },
  });
  const client = await inData(world);
  for (let round = 0; round < 5; round++) {
    assert.match(await client.ask("x\r\n.\r\n"), /^451/);
    client.send(
      "MAIL FROM:<>\r\nRCPT TO:<u8@example.test>\r\nRCPT TO:<u1@example.test>\r\nRCPT TO:<u2@example.test>\r\nDATA\r\n",
    );
    for (const code of ["250", "452", "250", "452", "354"]) assert.ok((await client.reply()).startsWith(code));
  }
  client.close();
});
