/**
 * What connections cost that are only held. `node test/bench/held.ts [COUNT]` (2,000 without it).
 *
 * - idle: IMAP sessions in IDLE and SMTP sessions after EHLO, in cleartext and over TLS: memory of each (goal 40 KiB);
 * - stalled: peers that send one byte a second, on every port: what an honest client waits meanwhile (goal p95 250 ms), memory
 *   of each (goal 64 KiB).
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type DevProcess, startDev } from "../dev-process.ts";
import { smtpSend } from "../smtp-send.ts";

const count = Number(process.argv[2] ?? 2000);
const atOnce = 50;

/** Proportional memory in KiB, of the process and its threads. */
function memoryOf({ child }: DevProcess): number {
  const text = readFileSync(`/proc/${child.pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
}

const pause = (ms: number) => new Promise<void>((later) => setTimeout(later, ms));

async function open(server: DevProcess, service: string): Promise<Socket> {
  const port = server.ready.ports[service] as number;
  const secure = service.endsWith("s");
  const socket = secure
    ? connectTls({ port, host: "127.0.0.1", ca: readFileSync(server.ready.ca), servername: "localhost" })
    : connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once(secure ? "secureConnect" : "connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Says something and waits for the line that answers it. */
function say(socket: Socket, text: string, answer: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = "";
    const listen = (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      if (!answer.test(heard)) return;
      socket.off("data", listen);
      resolve();
    };
    socket.on("data", listen);
    socket.once("close", () => reject(new Error(`closed after ${heard}`)));
    if (text !== "") socket.write(text);
  });
}

async function many(work: (at: number) => Promise<Socket>): Promise<readonly Socket[]> {
  const held: Socket[] = [];
  await Promise.all(
    Array.from({ length: atOnce }, async (_, lane) => {
      for (let at = lane; at < count; at += atOnce) held.push(await work(at));
    }),
  );
  return held;
}

const users = 100;
const name = (at: number) => `u${(at % users) + 1}@example.test`;
const imap = (service: string) => async (server: DevProcess, at: number) => {
  const socket = await open(server, service);
  await say(socket, "", /^\* OK.*\r\n/m);
  await say(socket, `a LOGIN ${name(at)} pw\r\n`, /^a OK/m);
  await say(socket, "b SELECT INBOX\r\n", /^b OK/m);
  await say(socket, "c IDLE\r\n", /^\+/m);
  return socket;
};
const smtp = (service: string) => async (server: DevProcess) => {
  const socket = await open(server, service);
  await say(socket, "", /^220 /m);
  await say(socket, "EHLO client.test\r\n", /^250 /m);
  return socket;
};

for (const [what, hold] of [
  ["IMAP IDLE", imap("imap")],
  ["IMAP IDLE over TLS", imap("imaps")],
  ["SMTP after EHLO", smtp("smtp")],
  ["SMTP after EHLO over TLS", smtp("submissions")],
] as const) {
  const server = await startDev(["--cleartext-auth", "--users", String(users)]);
  // What the first of a kind brings along is not what one more costs.
  for (let at = 0; at < users; at++) (await hold(server, at)).destroy();
  await pause(3000);
  const before = memoryOf(server);
  const held = await many((at) => hold(server, at));
  await pause(5000);
  const each = (memoryOf(server) - before) / count;
  process.stdout.write(`${what}: ${held.length} held, ${each.toFixed(1)} KiB each\n`);
  for (const socket of held) socket.destroy();
  await server.stop();
}

const server = await startDev(["--cleartext-auth", "--users", String(users)]);
await smtpSend(server.ready, undefined, ["u1@example.test"]);
await pause(3000);
for (const service of ["smtp", "submission", "imap", "pop3", "sieve", "http", "imaps"]) {
  const before = memoryOf(server);
  const held = await many(async () => open(server, service));
  const dripping = setInterval(() => {
    for (const socket of held) socket.write("x");
  }, 1000);
  await pause(1500);
  const waited: number[] = [];
  for (let at = 0; at < 40; at++) {
    const start = performance.now();
    await smtpSend(server.ready, undefined, ["u1@example.test"]);
    waited.push(performance.now() - start);
  }
  const each = (memoryOf(server) - before) / count;
  clearInterval(dripping);
  waited.sort((a, b) => a - b);
  process.stdout.write(
    `${service}: ${held.filter((socket) => !socket.destroyed).length} of ${count} stalled peers held, ${each.toFixed(1)} KiB each; ` +
      `an honest letter takes ${Math.round(waited[20] ?? 0)} ms (median), ${Math.round(waited[38] ?? 0)} ms (p95)\n`,
  );
  for (const socket of held) socket.destroy();
  await pause(1000);
}
await server.stop();
process.exit(0);
