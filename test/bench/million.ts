/**
 * A server that starts with many queued messages: how long until it is ready, until fresh mail is in a mailbox and at the next
 * server, and how much memory it takes. `node test/bench/million.ts [COUNT]` (goals for a million: 10 s, 5 s, 512 MiB).
 *
 * A third is due at once: for a destination that refuses for now, one that never greets, one that is not there. The rest waits.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startDev } from "../dev-process.ts";
import { startSink } from "../sink.ts";
import { smtpSend } from "../smtp-send.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const observedMs = 30_000;
const dir = await mkdtemp(join(tmpdir(), "angarium-million-"));
const data = join(dir, "data");
const dns = join(dir, "dns.json");
const next = await startSink();
const refusing = await startSink((command) => (command.startsWith("RCPT") ? "451 4.2.1 later\r\n" : undefined), {
  host: "127.0.0.2",
  port: next.port,
});
const silent = createServer().listen(next.port, "127.0.0.3");
const host = (name: string, address: string) => ({ [name]: { MX: `0 mx.${name}` }, [`mx.${name}`]: { A: address } });
writeFileSync(
  dns,
  JSON.stringify({
    ...host("fresh.test", "127.0.0.1"),
    ...host("later.test", "127.0.0.2"),
    ...host("silent.test", "127.0.0.3"),
    ...host("absent.test", "127.0.0.4"),
  }),
);
const args = ["--data", data, "--dns", dns, "--mx-port", String(next.port), "--trust", "127.0.0.0/8", "--users", "10"];

// One message shows what a row looks like; the others are made from it.
const first = await startDev(args);
await smtpSend(first.ready, undefined, ["someone@later.test"]);
while ((await journeyed(data)) === 0) await pause(50);
await first.stop();
const file = new DatabaseSync(join(data, "angarium.sqlite"));
const columns = (table: string, changed: { readonly [column: string]: string }) => {
  const names = file
    .prepare(`SELECT name FROM pragma_table_info('${table}')`)
    .all()
    .map((row) => String(row["name"]));
  return `INSERT INTO ${table} (${names.join(", ")}) SELECT ${names.map((name) => changed[name] ?? `t.${name}`).join(", ")}`;
};
const from = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
const domain = "CASE n.i % 3 WHEN 0 THEN 'later.test' WHEN 1 THEN 'silent.test' ELSE 'absent.test' END";
const now = Date.now();
const insert = (table: string, key: string, changed: { readonly [column: string]: string }) =>
  file.exec(
    columns(table, changed).replace("SELECT", `${from} SELECT`) +
      ` FROM n, ${table} t WHERE t.${key} = (SELECT max(id) FROM queue_messages WHERE id < 1000000)`,
  );
file.exec("BEGIN");
insert("contents", "id", { id: "1000000 + n.i" });
insert("bytes", "content", { content: "1000000 + n.i" });
insert("queue_messages", "id", { id: "1000000 + n.i" });
insert("queue_recipients", "queue", {
  queue: "1000000 + n.i",
  address: `'someone' || n.i || '@' || ${domain}`,
  domain,
  next_at: `CASE WHEN n.i % 9 < 3 THEN ${now} ELSE ${now + 600_000} + n.i END`,
  lease_owner: "NULL",
  state: "0",
});
file.exec("COMMIT");
file.close();

const begun = performance.now();
const server = await startDev(args);
const readyMs = performance.now() - begun;
let peakKiB = 0;
const watching = setInterval(() => {
  peakKiB = Math.max(peakKiB, resident(server.child.pid ?? 0));
}, 100);
const localMs = await timed(async () => {
  await smtpSend(server.ready, undefined, ["u1@example.test"]);
});
const freshMs: number[] = [];
for (const end = performance.now() + observedMs; performance.now() < end; await pause(1000))
  freshMs.push(
    await timed(async () => {
      await smtpSend(server.ready, undefined, ["someone@fresh.test"]);
      await next.next();
    }),
  );
clearInterval(watching);
freshMs.sort((a, b) => a - b);
process.stdout.write(
  `${count} queued: ready in ${Math.round(readyMs)} ms; fresh mail accepted for a mailbox in ${Math.round(localMs)} ms; at the next server in ` +
    `${Math.round(freshMs[freshMs.length >> 1] ?? 0)} ms (median), ${Math.round(freshMs.at(-1) ?? 0)} ms (worst of ${freshMs.length}); ` +
    `at most ${Math.round(peakKiB / 1024)} MiB resident in ${observedMs / 1000} s\n`,
);
await server.stop();
await Promise.all([next.close(), refusing.close()]);
silent.close();
rmSync(dir, { recursive: true });
process.exit(0);

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function pause(ms: number): Promise<void> {
  return new Promise((later) => setTimeout(later, ms));
}

/** Kibibytes that a process has in memory. */
function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}

/** Attempts that were made for the queued message so far. */
async function journeyed(folder: string): Promise<number> {
  const look = new DatabaseSync(join(folder, "angarium.sqlite"), { readOnly: true });
  try {
    return Number(look.prepare("SELECT coalesce(sum(attempts), 0) AS n FROM queue_recipients").get()?.["n"] ?? 0);
  } finally {
    look.close();
  }
}
