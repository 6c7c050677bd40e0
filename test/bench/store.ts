/**
 * Measures the SQLite store in a temporary folder: `node test/bench/store.ts [name…]`. Not part of the tests.
 * CPU is that of the whole process, all threads.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { openSqliteStore } from "../../server/store/client.ts";
import { Flag, type NewMessage, type NewQueued, type Store, type UidRange } from "../../server/store/store.ts";

const words =
  "the quick brown fox jumps over a lazy dog while nobody looks at mail that arrived yesterday from somewhere far".split(
    " ",
  );
let serial = 0;

/** A message of about `size` bytes as it would arrive through SMTP; no two are alike. */
function messageOf(size: number): NewMessage {
  serial++;
  const head = `Return-Path: <sender${serial % 50}@example.org>\r\nReceived: from client.example.org (localhost [127.0.0.1])\r\n\tby mx.example.test (Angarium) with ESMTP id ${serial.toString(36)}\r\n\tfor <u1@example.test>; Tue, 1 Dec 2026 10:00:00 +0000\r\nFrom: Sender <sender${serial % 50}@example.org>\r\nTo: <u1@example.test>\r\nSubject: Message number ${serial}\r\nMessage-ID: <${serial}.${Math.random().toString(36).slice(2)}@example.org>\r\nDate: Tue, 1 Dec 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
  const lines: string[] = [];
  for (let left = size - head.length; left > 0; ) {
    let line = "";
    while (line.length < 70)
      line += `${words[Math.floor(Math.random() * words.length)]}${Math.random() < 0.2 ? Math.floor(Math.random() * 1000) : ""} `;
    lines.push(line);
    left -= line.length + 2;
  }
  const bytes = Buffer.from(`${head}${lines.join("\r\n")}`.slice(0, size));
  return { bytes, facts: factsOf(bytes) };
}

const dir = mkdtempSync(join(tmpdir(), "angarium-bench-"));
const store = await openSqliteStore({ dir });
const accounts: number[] = [];
await store.putDomain({ name: "example.test", kind: "local", settings: {} });
for (let i = 0; i < 20; i++) {
  const made = await store.createAccount(
    { name: `u${i}@example.test`, displayName: "", role: "user", quotaBytes: 0 },
    [],
    Date.now(),
  );
  if (made.kind === "done") accounts.push(made.account.id);
}

function report(name: string, count: number, ms: number, cpu: NodeJS.CpuUsage, unit = "msgs"): void {
  const cpuMs = (cpu.user + cpu.system) / 1000;
  process.stdout.write(
    `${name.padEnd(34)} ${ms.toFixed(1).padStart(9)} ms ${((count / ms) * 1000).toFixed(0).padStart(9)} ${unit}/s ${(cpuMs / count).toFixed(4).padStart(8)} ms CPU each\n`,
  );
}

async function measure(name: string, count: number, run: () => Promise<unknown>, unit?: string): Promise<void> {
  const [cpu, at] = [process.cpuUsage(), performance.now()];
  await run();
  report(name, count, performance.now() - at, process.cpuUsage(cpu), unit);
}

/** `callers` callers that each do one thing after the other, `count` in all. */
async function concurrently(callers: number, count: number, one: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < count) await one(next++);
    }),
  );
}

const place = (account: number) =>
  ({ account, target: { role: "inbox" }, marks: { flags: 0, keywords: [] }, receivedAt: Date.now() }) as const;
const journey = (message: NewMessage) => [
  {
    at: Date.now(),
    stage: "accepted",
    trace: undefined,
    keys: [message.facts.messageId ?? "", "sender@example.org", "u1@example.test"],
    detail: { from: "127.0.0.1", helo: "client.example.org", tls: "", size: message.bytes.length },
  } as const,
];
const queued = (): NewQueued => ({
  envelopeFrom: "u1@example.test",
  recipients: [{ address: "bob@far.test", domain: "far.test", orcpt: undefined, notify: undefined }],
  envid: undefined,
  ret: undefined,
  smtputf8: false,
  body: "7bit",
  requireTls: false,
  account: 1,
  stream: "default",
  createdAt: Date.now(),
  notBefore: Date.now(),
  expiresAt: Date.now() + 432_000_000,
  held: false,
  lease: { owner: "node", until: Date.now() + 60_000, token: 1 },
});

function diskBytes(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    sum += entry.isDirectory()
      ? diskBytes(path)
      : entry.name.endsWith("-wal") || entry.name.endsWith("-shm")
        ? 0
        : statSync(path).size;
  }
  return sum;
}

const only = process.argv.slice(2);
async function part(name: string, run: () => Promise<unknown>): Promise<void> {
  if (only.length === 0 || only.includes(name)) await run();
}

const prepare = (count: number, size: number) => Array.from({ length: count }, () => messageOf(size));
const deliverAll = (messages: readonly NewMessage[], to: number, callers = 20) =>
  concurrently(callers, messages.length, (i) => {
    const message = messages[i]!;
    const placements = to === 1 ? [place(accounts[i % accounts.length]!)] : accounts.slice(0, to).map(place);
    return store.accept({ message, placements, journey: journey(message) });
  });

await part("accept", async () => {
  await deliverAll(prepare(4000, 1024), 1);
  for (let round = 0; round < 3; round++) {
    const messages = prepare(10_000, 1024);
    await measure("accept 1 KB, 20 callers", messages.length, () => deliverAll(messages, 1));
  }
  const alone = prepare(500, 1024);
  await measure("accept 1 KB, 1 caller", alone.length, () => deliverAll(alone, 1, 1));
});
await part("many", async () => {
  const messages = prepare(4000, 1024);
  await measure("accept 1 KB to 10 accounts", messages.length, () => deliverAll(messages, 10));
});
await part("large", async () => {
  for (const [size, count] of [
    [10 * 1024, 3000],
    [100 * 1024, 600],
    [1024 * 1024, 80],
  ] as const) {
    const messages = prepare(count, size);
    await measure(`accept ${size / 1024} KB, 20 callers`, count, () => deliverAll(messages, 1));
  }
});
await part("queue", async () => {
  const messages = prepare(10_000, 1024);
  const tokens = messages.map((message) => ({ message, queue: queued() }));
  await measure("enqueue and settle, 20 callers", tokens.length, () =>
    concurrently(20, tokens.length, async (i) => {
      const { message, queue } = tokens[i]!;
      const accepted = await store.accept({ message, placements: [], queue, journey: journey(message) });
      const id = accepted.queued!.id;
      await store.settle({
        settlements: [{ queue: id, recipient: 1, token: 1, outcome: { kind: "delivered" }, reply: "250 ok" }],
        notices: [],
        journey: [
          {
            at: Date.now(),
            stage: "delivered",
            trace: id,
            keys: [],
            detail: { host: "far.test", reply: "250 2.0.0 ok" },
          },
        ],
      });
    }),
  );
});

async function filled(path: string, count: number, size: number): Promise<readonly [number, number]> {
  const account = accounts[0]!;
  const made = await store.createMailbox(account, path);
  if (made.kind !== "done") throw new Error(made.kind);
  for (let left = count; left > 0; left -= 500)
    await store.append(
      account,
      made.mailbox.id,
      prepare(Math.min(500, left), size).map((message) => ({
        ...message,
        marks: { flags: 0, keywords: [] },
        receivedAt: Date.now(),
      })),
    );
  return [account, made.mailbox.id];
}

/** Pages of 500 UIDs, four asked at a time, as a session reads ahead. */
function pages(count: number): UidRange[] {
  return Array.from(
    { length: Math.ceil(count / 500) },
    (_, i) => [i * 500 + 1, Math.min(count, (i + 1) * 500)] as const,
  );
}
async function fetchAll(
  reading: Store,
  account: number,
  mailbox: number,
  count: number,
  fields: Parameters<Store["fetch"]>[3],
): Promise<number> {
  let bytes = 0;
  const ranges = pages(count);
  await concurrently(4, ranges.length, async (i) => {
    let [low, high] = ranges[i]!;
    for (;;) {
      const page = await reading.fetch(account, mailbox, [[low, high]], fields);
      for (const row of page.rows) bytes += row.bytes?.length ?? 0;
      if (page.next === undefined) break;
      low = page.next;
    }
  });
  return bytes;
}

await part("read", async () => {
  const [account, mailbox] = await filled("Ten thousand", 10_000, 4096);
  for (let i = 0; i < 3; i++)
    await measure("openMailbox of 10,000", 1, () => store.openMailbox(account, mailbox), "times");
  for (let i = 0; i < 4; i++)
    await measure(
      "fetch envelope of 10,000",
      10_000,
      () => fetchAll(store, account, mailbox, 10_000, ["marks", "envelope"]),
      "rows",
    );
  await measure("fetch marks of 10,000", 10_000, () => fetchAll(store, account, mailbox, 10_000, ["marks"]), "rows");
  for (let i = 0; i < 4; i++) {
    const at = performance.now();
    let bytes = 0;
    await measure(
      "fetch bytes of 10,000 x 4 KB",
      10_000,
      async () => (bytes = await fetchAll(store, account, mailbox, 10_000, ["bytes"])),
      "rows",
    );
    process.stdout.write(`    ${(bytes / 1e3 / (performance.now() - at)).toFixed(0)} MB/s\n`);
  }
  const seen = { flags: Flag.seen, keywords: [] };
  await measure(
    "setFlags on 1000",
    1,
    () => store.setFlags(account, mailbox, { uids: [[1, 1000]], mode: "add", marks: seen }),
    "times",
  );
  await measure(
    "setFlags on 1000 scattered",
    1,
    () =>
      store.setFlags(account, mailbox, {
        uids: Array.from({ length: 1000 }, (_, i) => [i * 9 + 1001, i * 9 + 1001] as const),
        mode: "add",
        marks: seen,
      }),
    "times",
  );
  await measure("changesSince, nothing new", 1, async () => store.changesSince(account, mailbox, 1e9), "times");
  await measure("copy 1000", 1, () => store.copy(account, mailbox, [[1, 1000]], 2), "times");
  await measure("expunge 5000", 1, () => store.expunge(account, mailbox, [[1, 5000]], true), "times");
  const one = prepare(200, 4096);
  await measure("append one by one", 200, () =>
    concurrently(1, 200, (i) => store.append(account, mailbox, [{ ...one[i]!, marks: seen, receivedAt: Date.now() }])),
  );
});
await part("disk", async () => {
  for (const size of [1024, 10 * 1024]) {
    const before = diskBytes(dir);
    const messages = prepare(5000, size);
    await deliverAll(messages, 1);
    await store.putSetting("bench", size);
    const after = diskBytes(dir);
    process.stdout.write(
      `disk per message of ${size} bytes: ${((after - before) / messages.length).toFixed(0)} (some still in the log)\n`,
    );
  }
});
await store.close();
process.stdout.write(`database at the end: ${(diskBytes(dir) / 1e6).toFixed(1)} MB for ${serial} messages\n`);
rmSync(dir, { recursive: true });
