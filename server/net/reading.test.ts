import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { ByteCollector } from "../../protocol/bytes.ts";
import { Connection, lentBytes } from "./connection.ts";
import { takeOver } from "./reading.ts";

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Serves each connection with `read`, and answers what the clients were told. */
async function talk(
  read: (connection: Connection) => Promise<string>,
  payloads: readonly Buffer[],
): Promise<readonly string[]> {
  let taken = 0;
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (accepted) => {
    const over = takeOver(accepted);
    if (over !== undefined) taken++;
    const connection = new Connection(over?.socket ?? accepted, over?.reading);
    void read(connection).then((answer) => {
      connection.write(answer);
      return connection.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const answers = await Promise.all(payloads.map((payload) => ask(connect(port, "127.0.0.1"), payload)));
  // It counts right: it would not close otherwise.
  await new Promise((resolve) => server.close(resolve));
  assert.equal(taken, process.platform === "win32" ? 0 : payloads.length, "this Node's sockets look as we know them");
  return answers;
}

async function ask(socket: Socket, payload: Buffer): Promise<string> {
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString();
  });
  for (let at = 0, size = 1; at < payload.length; at += size, size = (size * 7) % 90_001) {
    socket.write(payload.subarray(at, at + size));
    await new Promise(setImmediate);
  }
  socket.end();
  await new Promise((resolve) => socket.once("close", resolve));
  return answer;
}

const payloads = Array.from({ length: 12 }, (_, index) => Buffer.alloc(400_000 + index * 1000, `${index} is mine. `));

test("what many sockets read at once is each one's own, read at once or late", async () => {
  const answers = await talk(async (connection) => {
    const chunks: Buffer[] = [];
    for (let turn = 0; ; turn++) {
      if (turn % 3 === 0) await new Promise(setImmediate);
      const chunk = await connection.read();
      if (typeof chunk === "string") break;
      chunks.push(chunk);
    }
    return digest(Buffer.concat(chunks));
  }, payloads);
  assert.deepEqual(answers, payloads.map(digest));
});

test("what is lent is right when it is collected at once", async () => {
  let lent = 0;
  const answers = await talk(async (connection) => {
    const collector = new ByteCollector();
    for (;;) {
      const chunk = await connection.read(true);
      if (typeof chunk === "string") break;
      if (chunk.length >= lentBytes) lent++;
      collector.add(chunk, chunk.length >= lentBytes);
    }
    return digest(collector.take());
  }, payloads);
  assert.ok(lent > 0);
  assert.deepEqual(answers, payloads.map(digest));
});
