/**
 * Measures finding in one mailbox as it grows: `node test/bench/search.ts [messages… ] [--mail FOLDER]`. Messages are made of a vocabulary whose
 * words are as frequent as words are (Zipf), or taken from a folder of .eml files. Not part of the tests.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { everywhere } from "../../protocol/words/postings.ts";
import { askedWords } from "../../protocol/words/words.ts";
import { segmentOf } from "../../server/extract/segment.ts";
import { makeIndexer } from "../../server/index/indexer.ts";
import { openSqliteStore } from "../../server/store/client.ts";
import type { EmailQuery } from "../../server/store/jmap.ts";
import { databaseFile } from "../../server/store/sqlite.ts";
import { seeded } from "../fuzz.ts";

const { values, positionals } = parseArgs({ options: { mail: { type: "string" } }, allowPositionals: true });
const sizes = positionals.length === 0 ? [1_000, 10_000, 100_000] : positionals.map(Number);

const random = seeded(7);
const syllables = "ba ce di fo gu la me ni po ru sa te vi wo zu kra ble stri pno qua".split(" ");
const vocabulary = Array.from({ length: 40_000 }, (_, at) => {
  let word = "";
  for (let left = 1 + (at % 3) + random(2); left > 0; left--) word += syllables[random(syllables.length)];
  return word + (at > 20_000 ? String(at) : "");
});
/** A word by its rank, the frequent ones often. */
const anyWord = (): string => vocabulary[Math.floor(vocabulary.length ** (random(1_000_000) / 1_000_000)) - 1] ?? "ba";
const text = (count: number): string =>
  Array.from({ length: count }, (_, at) => anyWord() + (at % 12 === 11 ? "\r\n" : "")).join(" ");

const files = values.mail === undefined ? [] : readdirSync(values.mail).map((name) => join(values.mail!, name));
let serial = 0;
function message(): Buffer {
  serial++;
  const head = `Message-ID: <${serial}@bench.test>\r\n`;
  if (files.length > 0) return Buffer.concat([Buffer.from(head), readFileSync(files[serial % files.length]!)]);
  const from = `${anyWord()} <${anyWord()}@${anyWord()}.test>`;
  return Buffer.from(
    `${head}From: ${from}\r\nTo: u1@bench.test\r\nSubject: ${text(6).trim()} mark${serial}\r\nDate: Tue, 1 Dec 2026 10:00:00 +0000\r\n\r\n${text(40 + random(500))}\r\n`,
  );
}

const dir = mkdtempSync(join(tmpdir(), "angarium-search-bench-"));
const store = await openSqliteStore({ dir });
await store.putDomain({ name: "bench.test", kind: "local", settings: {} });
const made = await store.createAccount(
  { name: "u1@bench.test", displayName: "", role: "user", quotaBytes: 0 },
  [],
  Date.now(),
);
if (made.kind !== "done") throw new Error(made.kind);
const account = made.account.id;
const inbox = (await store.mailboxes(account)).find(({ role }) => role === "inbox")!.id;
const quiet = () => {};
const indexer = makeIndexer({
  store,
  pool: { run: async (_name: string, task: never) => (await segmentOf(task)) as never, close: async () => {} },
  settings: { enabled: true, quietMs: 0, patienceMs: 0 },
  sends: () => false,
  log: { info: quiet, warn: quiet, error: console.error } as never,
  monotonic: () => performance.now(),
});

async function time(name: string, run: () => Promise<number>): Promise<void> {
  const took: number[] = [];
  let found = 0;
  for (let round = 0; round < 7; round++) {
    const at = performance.now();
    found = await run();
    took.push(performance.now() - at);
  }
  took.sort((one, other) => one - other);
  process.stdout.write(
    `  ${name.padEnd(46)} ${took[3]!.toFixed(1).padStart(8)} ms  (${took[0]!.toFixed(1)}–${took[6]!.toFixed(1)}), ${found} found\n`,
  );
}

const query = (filter: EmailQuery["filter"]): EmailQuery => ({
  filter,
  sort: [],
  collapseThreads: false,
  position: 0,
  anchor: undefined,
  limit: 50,
  total: false,
});
const words = (asked: string): EmailQuery["filter"] => ({
  kind: "words",
  group: { words: askedWords(asked), places: everywhere },
  phrase: undefined,
});

let there = 0;
let indexed = 0;
let mailBytes = 0;
for (const size of sizes) {
  while (there < size) {
    const count = Math.min(200, size - there);
    const messages = Array.from({ length: count }, () => {
      const bytes = message();
      mailBytes += bytes.length;
      return {
        bytes,
        facts: factsOf(bytes),
        marks: { flags: 0, keywords: [] },
        receivedAt: 1_790_000_000_000 + there * 1000,
      };
    });
    await store.append(account, inbox, messages);
    there += count;
  }
  const [at, cpu, fresh] = [performance.now(), process.cpuUsage(), there - indexed];
  await indexer.catchUp(account);
  const indexMs = performance.now() - at;
  const used = process.cpuUsage(cpu);
  indexed = there;
  const index = await store.wordsSize(account);
  using db = new DatabaseSync(join(dir, databaseFile), { readOnly: true });
  const { kept } = db.prepare("SELECT sum(octet_length(data)) AS kept FROM bytes").get() as { kept: number };
  process.stdout.write(
    `${size} messages, ${(mailBytes / 1e6).toFixed(1)} MB as they came: ${fresh} indexed in ${(indexMs / 1000).toFixed(1)} s, ${((used.user + used.system) / 1000 / fresh).toFixed(2)} CPU ms each; index ${(index.indexBytes / 1e6).toFixed(1)} MB and filters ${(index.gramBytes / 1e6).toFixed(1)} MB beside ${(kept / 1e6).toFixed(1)} MB of compressed mail (${((100 * (index.indexBytes + index.gramBytes)) / kept).toFixed(0)} %), ${index.words} rows, ${index.segments} segments\n`,
  );
  const rare = files.length > 0 ? "unsubscribe newsletter" : `mark${Math.floor(size / 2)}`;
  for (const [name, asked] of [
    ["one rare word", rare],
    ["a frequent and a rare word", `${vocabulary[0]} ${rare}`],
    ["a frequent word", vocabulary[0]!],
    ["a beginning of three letters", vocabulary[5]!.slice(0, 3)],
    ["nothing", "zzzzqqq"],
  ] as const)
    await time(`words: ${name}`, async () => {
      const result = await store.emailQuery(account, query(words(asked)));
      return result.kind === "done" ? result.emails.length : -1;
    });
  await time("words: a frequent word, with the total", async () => {
    const result = await store.emailQuery(account, { ...query(words(vocabulary[0]!)), total: true });
    return result.kind === "done" ? (result.total ?? -1) : -1;
  });
  const made = files.length === 0;
  for (const [name, needle] of [
    ["rare", made ? `ark${Math.floor(size / 2)}` : "nsubscribe news"],
    ["nothing", "zzzzqqq"],
    ["of syllables, a word", made ? "lamebate" : "mentation"],
    ["of syllables, no word", made ? "rupnoqua" : "tionement"],
    ["of syllables, four", made ? "rume" : "ment"],
    ["a phrase", made ? `${vocabulary[300]} ${vocabulary[400]}` : "the price of the"],
    ["with marks", made ? "16:30:00" : "order #"],
    ["three letters", made ? "zuk" : "wha"],
    ["in nearly all", made ? vocabulary[0]! : "ing"],
  ] as const) {
    const cpuBefore = process.cpuUsage();
    await time(
      `IMAP SEARCH TEXT: ${name} "${needle}"`,
      async () => (await store.search(account, inbox, { kind: "text", needle })).uids.length,
    );
    const { user, system } = process.cpuUsage(cpuBefore);
    process.stdout.write(`${" ".repeat(50)}${((user + system) / 7000).toFixed(1)} ms of CPU each\n`);
  }
}
await store.close();
rmSync(dir, { recursive: true, force: true });
