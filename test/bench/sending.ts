/**
 * What sending at volume costs: CPU of the server for each relayed message, plain beside a tenant's by a source that is being warmed up
 * (quotas, rules, events). `node test/bench/sending.ts [MESSAGES] [ROUNDS] [both|plain|tenant] [FOLDER FOR CPU PROFILES]`
 */
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { ask } from "../beside.ts";
import { startDev } from "../dev-process.ts";
import { startSink } from "../sink.ts";

const messages = Number(process.argv[2] ?? 3000);
const rounds = Number(process.argv[3] ?? 3);
const only = process.argv[4] ?? "both";
const profile = process.argv[5];
const lanes = 20;

const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

/** The same by the names of its threads. */
const threadsMs = (pid: number): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [head = "", rest = ""] = readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8").split(") ");
    const fields = rest.split(" ");
    const name = head.slice(head.indexOf("(") + 1);
    sums.set(name, (sums.get(name) ?? 0) + (Number(fields[11]) + Number(fields[12])) * 10);
  }
  return sums;
};

/** Hands so many messages over, on some connections; resolves when all are taken. */
async function hand(port: number, from: string, count: number): Promise<void> {
  const one = (lane: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.4" });
      let left = Math.floor(count / lanes);
      let buffer = "";
      const next = (): void => {
        if (left-- === 0) {
          socket.end("QUIT\r\n");
          resolve();
          return;
        }
        const body = `From: ${from}\r\nTo: x\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <${lane}.${left}@x>\r\nSubject: s\r\n\r\n${"Hello there. ".repeat(70)}\r\n.\r\n`;
        socket.write(`MAIL FROM:<${from}>\r\nRCPT TO:<u${lane}.${left}@gmail.com>\r\nDATA\r\n${body}`);
      };
      socket.on("error", reject);
      socket.on("data", (chunk) => {
        buffer += chunk.toString("latin1");
        for (let end = buffer.indexOf("\r\n"); end >= 0; end = buffer.indexOf("\r\n")) {
          const line = buffer.slice(0, end);
          buffer = buffer.slice(end + 2);
          if (line.startsWith("220")) socket.write("EHLO bench\r\n");
          else if (/^250 (?!2\.)/.test(line) || /^250 2\.0\.0 accepted/.test(line)) next();
          else if (/^[45]/.test(line)) reject(new Error(line));
        }
      });
    });
  await Promise.all(Array.from({ length: lanes }, (_, lane) => one(lane)));
}

const sink = await startSink();
const options = ["--deliver-to", `127.0.0.1:${sink.port}`, "--trust", "127.0.0.4/32", "--users", "1"];
const dev = await startDev(
  options,
  profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` },
);
const data = dev.ready.data;
await ask(data, "source add", { name: "mta1", address: "127.0.0.7", warmup: "normal", targets: ["gmail=10000000"] });
await ask(data, "pool add", { name: "p", sources: ["mta1"] });
await ask(data, "stream add", { name: "notices", kind: "transactional", pool: "p" });
await ask(data, "sending tenant add", { name: "shop", stream: "notices" });
await ask(data, "sending domain add", { name: "shop.test", tenant: "shop" });
await ask(data, "warmup assert", { subject: "mta1", provider: "gmail" });
const figures: { [name: string]: { readonly perSecond: number; readonly cpuMs: number }[] } = { plain: [], tenant: [] };
const byThread = new Map<string, number[]>();
for (let round = 0; round < rounds; round++)
  for (const [name, from] of [
    ["plain", "x@other.test"],
    ["tenant", "news@shop.test"],
  ] as const) {
    if (only !== "both" && only !== name) continue;
    const before = sink.taken.length;
    const cpu = cpuMs(dev.child.pid!);
    const threads = threadsMs(dev.child.pid!);
    const start = performance.now();
    await hand(dev.ready.ports["smtp"]!, from, messages);
    while (sink.taken.length < before + messages) await new Promise((resolve) => setTimeout(resolve, 5));
    figures[name]!.push({
      perSecond: Math.round((messages / (performance.now() - start)) * 1000),
      cpuMs: (cpuMs(dev.child.pid!) - cpu) / messages,
    });
    sink.taken.length = 0;
    for (const [thread, ms] of threadsMs(dev.child.pid!)) {
      const key = `${name} ${thread}`;
      const known = byThread.get(key);
      const each = (ms - (threads.get(thread) ?? 0)) / messages;
      if (known === undefined) byThread.set(key, [each]);
      else known.push(each);
    }
  }
const least = (all: readonly number[]): number => Math.min(...all);
const middle = (all: readonly number[]): number => [...all].sort((one, other) => one - other)[all.length >> 1] ?? 0;
for (const [name, all] of Object.entries(figures))
  if (all.length > 0) {
    const each = all.map((one) => one.cpuMs);
    process.stdout.write(
      `${name}: ${least(each).toFixed(3)} ms CPU a message at least, ${middle(each).toFixed(3)} in the middle of ${rounds}; ` +
        `${all.map(({ perSecond }) => perSecond).join(", ")} a second\n`,
    );
  }
// Each pair is of the same minute.
const pairs = figures["tenant"]!.flatMap(({ cpuMs: cost }, at) => {
  const plain = figures["plain"]![at];
  return plain === undefined ? [] : [(cost / plain.cpuMs - 1) * 100];
});
if (pairs.length > 0)
  process.stdout.write(
    `a tenant's costs ${middle(pairs).toFixed(1)} % more (middle of ${pairs.map((one) => one.toFixed(1)).join(", ")})\n`,
  );
for (const [key, all] of byThread)
  if (middle(all) > 0.001)
    process.stdout.write(
      `${key}: ${(middle(all) * 1000).toFixed(0)} µs a message in the middle, ${(least(all) * 1000).toFixed(0)} at least\n`,
    );
await dev.stop();
await sink.close();
