import assert from "node:assert/strict";
import { once } from "node:events";
import * as net from "node:net";
import test from "node:test";
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import { Connection } from "./connection.ts";

/** A server side connection with compression on, and the plain socket of its peer. */
async function pair(before: (connection: Connection) => void = () => {}) {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[net.Socket]>;
  const peer = net.connect({ port: (server.address() as net.AddressInfo).port, host: "127.0.0.1" });
  const [socket] = await accepted;
  const connection = new Connection(socket);
  before(connection);
  connection.compress();
  const close = (): void => {
    peer.destroy();
    connection.destroy();
    server.close();
  };
  return { connection, peer, close };
}

async function readAll(connection: Connection): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = await connection.read();
    if (typeof chunk === "string") return Buffer.concat(chunks);
    chunks.push(chunk);
  }
}

test("what the peer packs is read unpacked, cut anywhere, to the last byte before it closed", async () => {
  const text = Buffer.from(`${"a NOOP\r\n".repeat(40)}b LOGOUT\r\n`);
  const packed = deflateRawSync(text);
  for (const size of [1, 2, 3, 7, packed.length]) {
    const { connection, peer, close } = await pair();
    for (let at = 0; at < packed.length; at += size) peer.write(packed.subarray(at, at + size));
    peer.end();
    assert.deepEqual(await readAll(connection), text, `in pieces of ${size}`);
    close();
  }
});

test("what is written in one turn can be unpacked at once, without an end", async () => {
  const { connection, peer, close } = await pair();
  const inflate = createInflateRaw();
  peer.pipe(inflate);
  connection.write("* OK one\r\n");
  connection.write(Buffer.from("* OK two\r\n"));
  let got = "";
  while (got !== "* OK one\r\n* OK two\r\n") got += (await once(inflate, "data"))[0];
  connection.write("* OK three\r\n");
  assert.equal(String((await once(inflate, "data"))[0]), "* OK three\r\n");
  close();
});

test("memory may serve again as soon as it is said to be written", async () => {
  const { connection, peer, close } = await pair();
  const memory = Buffer.alloc(64 * 1024);
  let round = 0;
  await new Promise<void>((resolve) => {
    const next = (): void => {
      if (round === 20) resolve();
      else connection.write(memory.fill(97 + round++), undefined, next);
    };
    next();
  });
  memory.fill(0);
  const ended = connection.end();
  const chunks: Buffer[] = [];
  for await (const chunk of peer) chunks.push(chunk as Buffer);
  peer.end();
  await ended;
  const expected = Buffer.concat(Array.from({ length: 20 }, (_, at) => Buffer.alloc(memory.length, 97 + at)));
  assert.ok(inflateRawSync(Buffer.concat(chunks)).equals(expected));
  close();
});

test("behind the last plain words nothing follows until something is written", async (t) => {
  const { connection, peer, close } = await pair((plain) => plain.write("a OK DEFLATE active\r\n"));
  t.after(close);
  const chunks: Buffer[] = [];
  peer.on("data", (chunk: Buffer) => chunks.push(chunk));
  const plain = "a OK DEFLATE active\r\n";
  while (Buffer.concat(chunks).length < plain.length) await once(peer, "data");
  await new Promise((resolve) => setTimeout(resolve, 50)); // what would follow by itself has had its time
  assert.equal(Buffer.concat(chunks).toString("latin1"), plain);
  connection.write("* OK two\r\n");
  await once(peer, "data");
  const packed = Buffer.concat(chunks).subarray(plain.length);
  assert.equal(String(inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH })), "* OK two\r\n");
});

test("end() sends all and ends the deflate stream", async () => {
  const { connection, peer, close } = await pair();
  const body = Buffer.alloc(600_000, "All work and no play. ");
  connection.write(body);
  const ended = connection.end();
  const chunks: Buffer[] = [];
  for await (const chunk of peer) chunks.push(chunk as Buffer);
  peer.end();
  await ended;
  assert.deepEqual(inflateRawSync(Buffer.concat(chunks)), body);
  close();
});

test("a bomb is unpacked no further than somebody reads", async () => {
  const { connection, peer, close } = await pair();
  const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024)); // 64 KiB on the wire
  peer.write(bomb);
  await connection.read();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(connection.unreadBytes < 512 * 1024, `held ${connection.unreadBytes}`);
  peer.end();
  assert.ok((await readAll(connection)).length > 63 * 1024 * 1024);
  close();
});

test("a peer that never reads what it asked for makes the writer wait", async () => {
  const { connection, peer, close } = await pair();
  peer.pause();
  const noise = Buffer.from(Array.from({ length: 65536 }, (_, i) => (i * 7919 + (i >> 3)) & 255));
  let writes = 0;
  let waiting: Promise<void> | undefined;
  for (; writes < 10_000 && waiting === undefined; writes++) {
    connection.write(noise);
    waiting = connection.drained();
    if (waiting !== undefined)
      await Promise.race([waiting.then(() => (waiting = undefined)), new Promise((r) => setTimeout(r, 300))]);
  }
  assert.ok(waiting !== undefined, `${writes} writes went into nothing`);
  connection.destroy();
  await waiting;
  close();
});

test("bytes that are no deflate stream close the connection", async () => {
  const { connection, peer, close } = await pair();
  peer.write(Buffer.from("a NOOP\r\nthis was never packed\r\n"));
  assert.equal((await readAll(connection)).length, 0);
  assert.ok(connection.failure);
  close();
});

test("a peer that flushes block by block is read block by block", async () => {
  const { connection, peer, close } = await pair();
  const deflate = createDeflateRaw();
  deflate.pipe(peer);
  for (const line of ["a NOOP\r\n", "b CHECK\r\n"]) {
    deflate.write(line);
    deflate.flush(constants.Z_SYNC_FLUSH);
    assert.equal(String(await connection.read()), line);
  }
  close();
});
