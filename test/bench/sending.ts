/**
 * What sending at volume costs: CPU of the server for each relayed message, plain beside a tenant's by a source that is being warmed up
 * (quotas, rules, events), in turns (plain, tenant, tenant, plain, …), so that what else the machine does falls on both.
 * "warmed": nobody's mail as plain is, of a second server whose own pool is warmed up (quotas and rules alone).
 * `node test/bench/sending.ts [MESSAGES OF A TURN] [PAIRS] [tenant|warmed] [FOLDER FOR CPU PROFILES]`
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask } from "../beside.ts";
import { startDev } from "../dev-process.ts";
import { startSink } from "../sink.ts";

const messages = Number(process.argv[2] ?? 1000);
const rounds = Number(process.argv[3] ?? 20);
const compared = process.argv[4] === "warmed" ? "warmed" : "tenant";
const profile = process.argv[5];
const lanes = 20;

/** CPU that each thread has used, by its name. The scheduler counts it in nanoseconds, where `stat` counts ticks of 10 ms. */
const threadsMs = (pid: number): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const name = readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8").trim();
    const ns = Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
    sums.set(name, (sums.get(name) ?? 0) + ns / 1e6);
  }
  return sums;
};
/** Bytes that the server gave to its disk. */
const writtenBytes = (pid: number): number =>
  Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
const sum = (all: Iterable<number>): number => [...all].reduce((one, other) => one + other, 0);

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
        socket.write(`MAIL FROM:<${from}>\r\nRCPT TO:<u${lane}.${left}@far.test>\r\nDATA\r\n${body}`);
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

// The receiver is found by DNS, as in earnest; it is of no provider that has limits.
const receiver = "127.0.0.6";
const sink = await startSink(undefined, { host: receiver });
const folder = mkdtempSync(join(tmpdir(), "angarium-sending-bench-"));
const dns = join(folder, "dns.json");
writeFileSync(
  dns,
  JSON.stringify({
    "far.test": { MX: "10 mx.far.test" },
    "mx.far.test": { A: receiver },
  }),
);
const options = ["--dns", dns, "--mx-port", String(sink.port), "--trust", "127.0.0.4/32", "--users", "1"];
const env = profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` };
const dev = await startDev(options, env);
const other = compared === "warmed" ? await startDev(options, env) : dev;
const data = other.ready.data;
await ask(data, "source add", { name: "mta1", address: "127.0.0.7", warmup: "normal", targets: ["other=10000000"] });
await ask(data, "pool add", { name: compared === "warmed" ? "default" : "p", sources: ["mta1"] });
if (compared === "tenant") {
  await ask(data, "stream add", { name: "notices", kind: "transactional", pool: "p" });
  await ask(data, "sending tenant add", { name: "shop", stream: "notices" });
  await ask(data, "sending domain add", { name: "shop.test", tenant: "shop" });
}
await ask(data, "warmup assert", { subject: "mta1", provider: "other" });
const figures: { [name: string]: { readonly perSecond: number; readonly cpuMs: number; readonly bytes: number }[] } = {
  plain: [],
  [compared]: [],
};
const byThread = new Map<string, number[]>();
const turns = [
  ["plain", "x@other.test", dev],
  [compared, compared === "tenant" ? "news@shop.test" : "x@other.test", other],
] as const;
const turn = async ([name, from, server]: (typeof turns)[number]): Promise<void> => {
  const pid = server.child.pid!;
  const before = threadsMs(pid);
  const written = writtenBytes(pid);
  const start = performance.now();
  await hand(server.ready.ports["smtp"]!, from, messages);
  while (sink.taken.length < messages) await new Promise((resolve) => setTimeout(resolve, 5));
  const after = threadsMs(pid);
  figures[name]!.push({
    perSecond: Math.round((messages / (performance.now() - start)) * 1000),
    bytes: (writtenBytes(pid) - written) / messages,
    cpuMs: (sum(after.values()) - sum(before.values())) / messages,
  });
  sink.taken.length = 0;
  for (const [thread, ms] of after) {
    const each = (ms - (before.get(thread) ?? 0)) / messages;
    byThread.set(`${name} ${thread}`, [...(byThread.get(`${name} ${thread}`) ?? []), each]);
  }
};
// What is compiled first is nobody's.
for (const one of [...turns, ...turns]) await turn(one);
for (const all of Object.values(figures)) all.length = 0;
byThread.clear();
for (let round = 0; round < rounds; round++)
  for (const one of round % 2 === 0 ? turns : turns.toReversed()) await turn(one);
const least = (all: readonly number[]): number => Math.min(...all);
const sorted = (all: readonly number[]): number[] => [...all].sort((one, other) => one - other);
const middle = (all: readonly number[]): number => sorted(all)[all.length >> 1] ?? 0;
/** Of which three quarters are more: beside other work it varies less than the middle. */
const quarter = (all: readonly number[]): number => sorted(all)[all.length >> 2] ?? 0;
for (const [name, all] of Object.entries(figures))
  if (all.length > 0) {
    const each = all.map((one) => one.cpuMs);
    process.stdout.write(
      `${name}: ${least(each).toFixed(3)} ms CPU a message at least, ${quarter(each).toFixed(3)} at the first quarter, ${middle(each).toFixed(3)} in the middle of ${rounds}; ${Math.round(middle(all.map(({ bytes }) => bytes)))} bytes to the disk; ` +
        `${all.map(({ perSecond }) => perSecond).join(", ")} a second\n`,
    );
  }
// Each pair is of the same seconds.
const pairs = (of: "cpuMs" | "perSecond"): number[] =>
  figures[compared]!.flatMap((one, at) => {
    const plain = figures["plain"]![at];
    return plain === undefined ? [] : [(one[of] / plain[of] - 1) * 100];
  });
if (pairs("cpuMs").length > 0) {
  const more = (of: (all: readonly number[]) => number): string => {
    const [plain, tenant] = ["plain", compared].map((name) => of(figures[name]!.map(({ cpuMs }) => cpuMs)));
    return ((tenant! / plain! - 1) * 100).toFixed(1);
  };
  process.stdout.write(
    `${compared} costs ${middle(pairs("cpuMs")).toFixed(1)} % more (middle of ${pairs("cpuMs").length} pairs: ${pairs(
      "cpuMs",
    )
      .map((one) => one.toFixed(0))
      .join(
        ", ",
      )}), ${more(sum)} % in all, ${more(middle)} % by the middles, ${more(quarter)} % by the first quarters, ${more(least)} % where both were quickest; ` +
      `its rate is ${(-middle(pairs("perSecond"))).toFixed(1)} % lower\n`,
  );
}
for (const [key, all] of byThread)
  if (middle(all) > 0.001)
    process.stdout.write(
      `${key}: ${(middle(all) * 1000).toFixed(0)} µs a message in the middle, ${(least(all) * 1000).toFixed(0)} at least\n`,
    );
const [status] = (await ask(data, "warmup status")) as { providers: { today: { used: number } }[] }[];
process.stdout.write(`the warm-up counted ${status?.providers[0]?.today.used} of ${messages * (rounds + 2)}\n`);
await Promise.all([...new Set([dev, other])].map((one) => one.stop()));
await sink.close();
rmSync(folder, { recursive: true });
