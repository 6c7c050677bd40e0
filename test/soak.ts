/**
 * A day's life of one server, in miniature: `npm run soak [-- MINUTES [RATE [postgres]]]` (60 minutes; RATE letters a second, 10; on SQLite or PostgreSQL).
 *
 * Strangers write letters and nonsense, people read by IMAP, POP3 and JMAP, answer, sort and delete, an administrator makes and
 * removes accounts, the next server takes, defers and refuses. Mailboxes are emptied as fast as they fill, so what still grows is a leak.
 * A line each minute; the last one compares the second half's beginning with its end. Exit code 1: somebody was given an answer that
 * he must not get, or a letter that was acknowledged was not found.
 */
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";
import { ApiTalk } from "./api-talk.ts";
import { startDev } from "./dev-process.ts";
import { JmapTalk } from "./jmap-talk.ts";
import { startPostgres } from "./postgres-server.ts";
import { startSink } from "./sink.ts";
import { imapSession } from "./wire.ts";

const minutes = Number(process.argv[2] ?? 60);
const rate = Number(process.argv[3] ?? 10);
const users = 50;
const postgres = process.argv[4] === "postgres" ? await startPostgres() : undefined;

let letters = 0;
const sink = await startSink((command) => {
  if (!command.startsWith("RCPT")) return undefined;
  if (command.includes("later")) return "451 4.7.1 later, please\r\n";
  return command.includes("never") ? "550 5.1.1 nobody of that name\r\n" : undefined;
});
const dev = await startDev([
  ...["--users", String(users), "--deliver-to", `127.0.0.1:${sink.port}`, "--cleartext-auth"],
  ...(postgres === undefined ? [] : ["--set", `store.postgres=${await postgres.createDatabase()}`]),
]);
const { ready } = dev;
const origin = `http://127.0.0.1:${ready.ports["http"]}`;
const pause = (ms: number) => new Promise<void>((later) => setTimeout(later, ms));
const someone = (): string => ready.users[Math.floor(Math.random() * users)]!;
const counts: { [what: string]: number } = {};
const troubles: { [what: string]: number } = {};
const count = (what: string): void => {
  counts[what] = (counts[what] ?? 0) + 1;
};
let running = true;

/** Does the work again and again, `perSecond` times; what fails is counted and told once. */
async function again(what: string, perSecond: number, work: () => Promise<void>): Promise<void> {
  while (running) {
    const began = performance.now();
    try {
      await work();
      count(what);
    } catch (error) {
      const { message, responseText } = error as Error & { readonly responseText?: string };
      const name = `${what}: ${message}${responseText === undefined ? "" : ` (${responseText})`}`;
      if (running && (troubles[name] = (troubles[name] ?? 0) + 1) === 1) console.error(new Date().toISOString(), name);
    }
    await pause(Math.max(0, 1000 / perSecond - (performance.now() - began)));
  }
}

// ------------------------------------------------ those who write

const words =
  "the quarterly report of our garden shows that every invoice was paid before winter came to the harbour".split(" ");
const sentence = (length: number): string =>
  Array.from({ length }, () => words[Math.floor(Math.random() * words.length)]).join(" ");
const stranger = createTransport({
  host: "127.0.0.1",
  port: ready.ports["smtp"]!,
  tls: { rejectUnauthorized: false },
  pool: true,
});

async function write(): Promise<void> {
  const big = Math.random() < 0.05;
  await stranger.sendMail({
    from: `stranger${letters++ % 977}@far.test`,
    to: Math.random() < 0.1 ? [someone(), someone(), someone()] : [someone()],
    subject: sentence(5),
    text: sentence(200),
    ...(Math.random() < 0.5 ? { html: `<p>${sentence(300)}</p><img src="https://far.test/${letters}.png">` } : {}),
    ...(big ? { attachments: [{ filename: "a.bin", content: Buffer.alloc(400_000, letters) }] } : {}),
  });
}

async function answer(): Promise<void> {
  const user = someone();
  const transport = createTransport({
    host: "127.0.0.1",
    port: ready.ports["submissions"]!,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user, pass: ready.password },
  });
  const to = ["friend@away.test", "later@away.test", "never@away.test", someone()][Math.floor(Math.random() * 4)]!;
  await transport
    .sendMail({ from: user, to, subject: sentence(4), text: sentence(80) })
    .finally(() => transport.close());
}

/** Cuts off, talks nonsense, looks for names. */
async function disturb(): Promise<void> {
  const services = ["smtp", "submissions", "imap", "imaps", "pop3", "sieve", "http", "https"];
  const socket: Socket = connect(ready.ports[services[Math.floor(Math.random() * services.length)]!]!, "127.0.0.1");
  socket.on("error", () => {});
  const nonsense = Buffer.from(Array.from({ length: 300 }, () => Math.floor(Math.random() * 256)));
  socket.write(
    Math.random() < 0.5 ? nonsense : "EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<nobody@example.test>\r\nDATA\r\n",
  );
  await pause(50 + Math.random() * 500);
  socket.destroy();
}

// ------------------------------------------------ those who read

async function readByImap(): Promise<void> {
  const user = someone();
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: ready.ports["imaps"]!,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user, pass: ready.password },
    logger: false,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.list();
    await client.mailboxOpen("INBOX");
    const found = (await client.search({ body: words[Math.floor(Math.random() * words.length)]! })) || [];
    let seen = 0;
    for await (const message of client.fetch("1:*", { envelope: true, bodyStructure: true, flags: true }, {}))
      if (message.envelope !== undefined) seen++;
    if (found.length > seen) throw new Error(`${found.length} found of ${seen}`);
    if (seen > 20) {
      const { content } = await client.download("1");
      for await (const _ of content ?? []);
      await client.messageFlagsAdd("1:5", ["\\Flagged"]);
      await client.messageMove("1:5", "Trash");
      await client.messageDelete(`1:${seen - 15}`);
      await client.mailboxOpen("Trash");
      await client.messageDelete("1:*");
    }
  } finally {
    await client.logout().catch(() => client.close());
  }
}

async function readByPop3(): Promise<void> {
  const socket = connect(ready.ports["pop3"]!, "127.0.0.1");
  let heard = "";
  socket.on("data", (chunk) => (heard = (heard + chunk.toString("latin1")).slice(-200)));
  socket.on("error", () => {});
  const say = async (line: string, end: RegExp): Promise<void> => {
    heard = "";
    if (line !== "") socket.write(`${line}\r\n`);
    const until = Date.now() + 20_000;
    while (!end.test(heard)) {
      if (Date.now() > until || socket.destroyed) throw new Error(`POP3 says ${heard.slice(0, 60)} to ${line}`);
      await pause(5);
    }
  };
  try {
    await say("", /^\+OK/);
    await say(`USER ${someone()}`, /^\+OK/);
    await say(`PASS ${ready.password}`, /^(\+OK|-ERR \[IN-USE\])/);
    if (heard.startsWith("+OK")) {
      await say("UIDL", /\.\r\n$/);
      await say("QUIT", /^\+OK/);
    }
  } finally {
    socket.destroy();
  }
}

async function readByJmap(): Promise<void> {
  const talk = await new JmapTalk(origin, someone(), ready.password).open();
  const events = new AbortController();
  const told = talk
    .fetch(`${origin}/jmap/eventsource?types=*&closeafter=no&ping=30`, { signal: events.signal })
    .then(async (response) => {
      for await (const _ of response.body as unknown as AsyncIterable<Uint8Array>);
    })
    .catch(() => {});
  const answers = await talk.calls(
    [
      "Email/query",
      { filter: { text: words[Math.floor(Math.random() * words.length)] }, limit: 50, calculateTotal: true },
    ],
    [
      "Email/get",
      {
        "#ids": { resultOf: "c0", name: "Email/query", path: "/ids" },
        properties: ["subject", "preview", "bodyValues"],
        fetchTextBodyValues: true,
      },
    ],
    ["Mailbox/get", { ids: null }],
  );
  const ids: readonly string[] = answers[0]![1].ids;
  if (ids.length > 20) {
    const destroyed = await talk.calls(["Email/set", { destroy: ids.slice(10) }]);
    if (destroyed[0]![0] !== "Email/set") throw new Error(JSON.stringify(destroyed[0]));
  }
  await pause(500);
  events.abort();
  await told;
}

/** Sessions that stay for minutes, as those of telephones do. */
async function idle(): Promise<void> {
  const wire = await imapSession(ready.ports["imap"]!, someone());
  await wire.send("i IDLE\r\n");
  await pause(20_000 + Math.random() * 60_000);
  wire.close();
}

const admin = new ApiTalk(origin, ready.admin);
async function administer(): Promise<void> {
  const address = `guest${Math.floor(Math.random() * 1e9)}@example.test`;
  await admin.ok("POST", "/accounts", { name: address, password: "a long enough password 7" });
  await stranger.sendMail({ from: "stranger@far.test", to: address, subject: "welcome", text: "hello" });
  await admin.ok("GET", "/accounts?limit=20");
  await admin.ok("GET", "/queue?limit=50");
  await admin.ok("DELETE", `/accounts/${encodeURIComponent(address)}`);
}

// ------------------------------------------------ what is seen

type Sample = { readonly minute: number; readonly pssMiB: number; readonly heapMiB: number; readonly files: number };

async function sample(minute: number): Promise<Sample> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  const metric = (name: string): number => Number(new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1] ?? Number.NaN);
  const pss = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${dev.child.pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
  return {
    minute,
    pssMiB: Math.round(pss / 1024),
    heapMiB: Math.round(metric("nodejs_heap_size_used_bytes") / 1024 / 1024),
    files: readdirSync(`/proc/${dev.child.pid}/fd`).length,
  };
}

const works = [
  ...[0, 1, 2].map(() => again("written", rate / 3, write)),
  again("answered", 1, answer),
  again("disturbed", 2, disturb),
  ...[0, 1].map(() => again("read by IMAP", 1, readByImap)),
  again("read by POP3", 0.5, readByPop3),
  again("read by JMAP", 0.5, readByJmap),
  ...Array.from({ length: 20 }, () => again("idled", 1, idle)),
  again("administered", 0.2, administer),
];
const samples: Sample[] = [];
for (let minute = 1; minute <= minutes; minute++) {
  await pause(60_000);
  samples.push(await sample(minute));
  console.log(JSON.stringify({ ...samples.at(-1), ...counts, sunk: sink.taken.length }));
  sink.taken.length = 0;
}
running = false;
stranger.close();
await Promise.race([Promise.all(works), pause(90_000)]);
const { ms, code } = await dev.stop();
if (code !== 0) console.error(dev.log().slice(-5000));
await sink.close();
await postgres?.stop();
const half = samples.slice(Math.floor(samples.length / 2));
const middle = (of: readonly Sample[], key: "pssMiB" | "heapMiB" | "files"): number =>
  of.map((one) => one[key]).sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
const parts = [half.slice(0, Math.ceil(half.length / 2)), half.slice(Math.floor(half.length / 2))] as const;
console.log(
  JSON.stringify({
    grown: Object.fromEntries(
      (["pssMiB", "heapMiB", "files"] as const).map((key) => [key, [middle(parts[0], key), middle(parts[1], key)]]),
    ),
    stopped: { ms: Math.round(ms), code },
    troubles,
  }),
);
process.exit(code === 0 && Object.keys(troubles).length === 0 ? 0 : 1);
