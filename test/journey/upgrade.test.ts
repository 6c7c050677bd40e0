/** Data that an earlier version wrote: brought up to date at the start, nothing lost, and the way back is kept. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ApiTalk } from "../api-talk.ts";
import { angarium, startDev, temporaryFolder } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";

/** The letter that waits was queued when the data were made: by now its sender would be warned, and in the end told that it has failed. */
function queuedNow(file: string): void {
  const now = Date.now();
  const data = new DatabaseSync(file);
  const { changes } = data
    .prepare("UPDATE queue_messages SET created_at = ?, not_before = ?, expires_at = ?")
    .run(now, now, now + 5 * 24 * 60 * 60 * 1000);
  assert.equal(changes, 1);
  data.close();
}

test("data of schema 7 are brought up to date", async (t) => {
  const folder = await temporaryFolder(t);
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  const before = gunzipSync(readFileSync(join(import.meta.dirname, "..", "corpus", "upgrade", "schema-7.sqlite.gz")));
  const file = join(data, "angarium.sqlite");
  writeFileSync(file, before);
  queuedNow(file);

  const dev = await startDev(["--users", "3", "--cleartext-auth", "--data", data, "--deliver-to", "127.0.0.1:9"]);
  try {
    const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
    const admin = new ApiTalk(origin, dev.ready.admin);
    const accounts = (await admin.ok("GET", "/accounts")).items;
    assert.deepEqual(
      accounts.map(({ name, domain, usedMessages }: { name: string; domain: string; usedMessages: number }) => [
        name,
        domain,
        usedMessages,
      ]),
      [
        ["admin@example.test", "example.test", 0],
        ["anna@example.test", "example.test", 0],
        ["u1@example.test", "example.test", 12],
        ["u2@example.test", "example.test", 12],
        ["u3@example.test", "example.test", 0],
      ],
    );
    assert.deepEqual(
      (await admin.ok("GET", "/aliases")).items.map(({ address }: { address: string }) => address),
      ["info@example.test", "postmaster@example.test"],
    );
    assert.equal((await admin.ok("GET", "/queue")).items[0].recipients[0].address, "waiting@far.test");
    // Who logged in before logs in still, and finds every letter.
    assert.equal(
      (await new ApiTalk(origin, { user: "anna@example.test", password: "old password" }).ok("GET", "/me")).displayName,
      "Anna",
    );
    const mail = await new JmapTalk(origin, "u2@example.test", "pw").open();
    const { ids } = await mail.call("Email/query", { sort: [{ property: "receivedAt", isAscending: true }] });
    const { list } = await mail.call("Email/get", { ids, properties: ["subject", "messageId", "size"] });
    assert.deepEqual(
      list.map(({ subject, messageId }: { subject: string; messageId: string[] }) => [subject, messageId[0]]),
      Array.from({ length: 12 }, (_, i) => [`Letter ${i + 1}`, `letter-${i + 1}@far.test`]),
    );
    const journeys = (await admin.ok("GET", "/journeys?address=s3@far.test")).items;
    assert.equal(journeys.length, 1);
    assert.equal(journeys[0].state, "delivered");
  } finally {
    await dev.stop();
  }
  const verified = await angarium("verify", "--data", data);
  assert.equal(verified.code, 0, verified.err);

  // The way back is what was there, word for word.
  const { readdirSync } = await import("node:fs");
  const copy = readdirSync(data).find((name) => /^before-schema-\d+\.sqlite$/.test(name));
  assert.ok(copy !== undefined);
  const database = new DatabaseSync(join(data, copy), { readOnly: true });
  assert.equal((database.prepare("SELECT version FROM schema_version").get() as { version: number }).version, 7);
  assert.equal((database.prepare("SELECT count(*) AS n FROM messages").get() as { n: number }).n, 24);
  database.close();
});
