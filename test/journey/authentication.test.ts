/** The table of who sent it: every row against one `angarium dev --strict --dns FILE`, by SMTP in and IMAP out. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { plain, type Row, type Zone } from "../authentication/case.ts";
import { dkimRows } from "../authentication/rows-dkim.ts";
import { dmarcRows } from "../authentication/rows-dmarc.ts";
import { believed, forwardedRows } from "../authentication/rows-forwarded.ts";
import { hostileRows } from "../authentication/rows-hostile.ts";
import { spfRows } from "../authentication/rows-spf.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { SmtpTalk } from "../smtp-talk.ts";

const rows: readonly Row[] = [...spfRows, ...dkimRows, ...dmarcRows, ...forwardedRows, ...hostileRows];
const domain = (index: number): string => `c${index}.test`;

type Outcome = { readonly reply: string; readonly place: string; readonly results: string };
const outcomes: Outcome[] = [];
let dev: DevProcess | undefined;

before(async () => {
  const folder = await temporaryFolder({ after });
  const zone: { [name: string]: Zone[string] } = {};
  for (const [index, row] of rows.entries())
    for (const [name, records] of Object.entries(row.zone(domain(index)))) zone[name] = { ...zone[name], ...records };
  const file = join(folder, "dns.json");
  await writeFile(file, JSON.stringify(zone));
  dev = await startDev([
    ...["--strict", "--cleartext-auth", "--dns", file, "--users", "2"],
    ...believed.flatMap((sealer) => ["--believe-sealer", sealer]),
  ]);
  const { ports } = dev.ready;
  const replies = await give(ports["smtp"]!);
  const places = await look(ports["imap"]!);
  for (const [index, reply] of replies.entries()) {
    const found = places.get(`row-${index}@rows.test`);
    outcomes.push({ reply, place: found?.place ?? "", results: found?.results ?? "" });
  }
});
after(() => dev?.stop());

/** Rows are given side by side: the server waits for names and commits, not for us. */
const lanes = 4;

async function give(port: number): Promise<readonly string[]> {
  const replies: string[] = [];
  await Promise.all(Array.from({ length: lanes }, (_, lane) => giveLane(port, lane, replies)));
  return replies;
}

/** Every fourth row over a few sessions, each from its address. */
async function giveLane(port: number, lane: number, replies: string[]): Promise<void> {
  const talks = new Map<string, Promise<SmtpTalk>>();
  const one = async (row: Row, index: number): Promise<void> => {
    const peer = row.peer ?? "127.0.0.1";
    const talk = await (talks.get(peer) ?? SmtpTalk.open(port, { from: peer }));
    const d = domain(index);
    await talk.say(`EHLO ${row.helo?.(d) ?? "client.test"}`);
    assert.match(await talk.say(`MAIL FROM:<${row.from?.(d) ?? `a@${d}`}>`), /^250/, row.name);
    assert.match(await talk.say("RCPT TO:<u1@example.test>"), /^250/);
    const message = row.message?.(d) ?? plain(d);
    const reply = await talk.message(`Message-ID: <row-${index}@rows.test>\n${message}`);
    replies[index] = reply;
    // A session does not bear refusals without end.
    if (reply.startsWith("250") && Math.floor(index / lanes) % 50 !== 49) talks.set(peer, Promise.resolve(talk));
    else {
      talks.delete(peer);
      await talk.quit();
    }
  };
  for (const [index, row] of rows.entries()) if (index % lanes === lane) await one(row, index);
  await Promise.all([...talks.values()].map(async (talk) => (await talk).quit()));
}

async function look(port: number): Promise<ReadonlyMap<string, { place: string; results: string }>> {
  const found = new Map<string, { place: string; results: string }>();
  const client = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: false,
    auth: { user: "u1@example.test", pass: "pw" },
    logger: false,
    doSTARTTLS: false,
  });
  await client.connect();
  for (const [path, place] of [
    ["INBOX", "inbox"],
    ["Junk", "junk"],
  ] as const) {
    const lock = await client.getMailboxLock(path);
    try {
      for await (const { source } of client.fetch("1:*", { source: true })) {
        const text = source!.toString("latin1");
        const header = text.slice(0, text.indexOf("\r\n\r\n")).replace(/\r\n[ \t]+/g, " ");
        const id = /^Message-ID: <(.*)>$/m.exec(header)?.[1] ?? "";
        const results = header
          .split("\r\n")
          .filter((line) => /^(?:authentication-results|bimi-)/i.test(line))
          .join("\n");
        found.set(id, { place, results });
      }
    } finally {
      lock.release();
    }
  }
  await client.logout();
  return found;
}

test("there are enough rows", () => {
  assert.ok(rows.length >= 250, String(rows.length));
});

for (const [index, row] of rows.entries())
  test(row.name, () => {
    const { reply, place, results } = outcomes[index]!;
    const [where = "", ...held] = row.expected.split(" ");
    assert.equal(reply.startsWith("250") ? place : reply.slice(0, 3), where, `${reply} ${results}`);
    for (const one of held) {
      if (one.startsWith("!")) assert.ok(!results.includes(one.slice(1)), `${one}: ${results}`);
      else assert.ok(results.includes(one), `${one}: ${results}`);
    }
    if (row.reply !== undefined) assert.match(reply, row.reply);
    if (where === "550") assert.match(reply, /^550[- ]5\.7\.(?:1|26) /m);
    if (where === "451") assert.match(reply, /^451[- ]4\.7\./m);
  });
