import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Blobs, makeDataFolder } from "./blobs.ts";
import { migrate } from "./migrations/migrate.ts";
import { note } from "./ops/journey.ts";
import { blobShards, type Op, one, run } from "./ops/tx.ts";
import { Database, Effects } from "./sqlite.ts";
import { blobGraceMs, journeyDays, journeyDaysSetting, maxTombstones, orphanGraceMs, tidy } from "./tidy.ts";

const now = Date.UTC(2026, 5, 1);
const day = 86_400_000;

describe("tidy", () => {
  let dir: string;
  let database: Database;
  let blobs: Blobs;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "angarium-tidy-"));
    makeDataFolder(dir);
    database = new Database({ dir, readOnly: false, cacheKiB: 4096 });
    database.run("PRAGMA synchronous = OFF"); // Thousands of transactions, and no power cut.
    blobs = new Blobs(dir);
    perform(migrate());
  });
  after(() => {
    database.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Runs an operation in a transaction, and what follows its commit. */
  function perform<T>(op: Op<T>): T {
    const effects = new Effects(database, blobs, () => now);
    database.begin();
    const value = effects.run(op);
    database.commit();
    for (const blob of effects.removedBlobs) blobs.remove(blob);
    return value;
  }
  const count = (table: string) => perform(one<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))?.n;
  const tidyAll = (at: number) => {
    for (let turn = 0; turn < blobShards || perform(tidy(at)).more; turn++) perform(tidy(at));
  };

  test("a blob lives for a grace period after its last row", async () => {
    const blob = blobs.write(Buffer.from("bytes"));
    perform(
      run(
        `INSERT INTO contents (id, refs, size, header_bytes, envelope, structure, subject, has_attachment, signature)
         VALUES (1, 0, 5, 0, '', '', '', 0, x'')`,
      ),
    );
    perform(run("INSERT INTO bytes (content, encoding, blob, data) VALUES (1, 0, $1, NULL)", blob));
    tidyAll(now);
    assert.equal(count("contents"), 0);
    assert.equal(count("bytes"), 0);
    assert.ok(existsSync(blobs.path(blob)), "a reader may be in the middle of it");
    tidyAll(now + blobGraceMs - 1);
    assert.ok(existsSync(blobs.path(blob)));
    tidyAll(now + blobGraceMs);
    assert.ok(!existsSync(blobs.path(blob)));
    assert.equal(count("doomed_blobs"), 0);
  });

  test("a blob that no row names goes once it is old, and one that a row names never", async () => {
    const [old, young, named] = [
      blobs.write(Buffer.from("old")),
      blobs.write(Buffer.from("young")),
      blobs.write(Buffer.from("named")),
    ];
    const seconds = (at: number) => at / 1000;
    for (const blob of [old, named])
      utimesSync(blobs.path(blob), seconds(now - 2 * orphanGraceMs), seconds(now - 2 * orphanGraceMs));
    utimesSync(blobs.path(young), seconds(now - orphanGraceMs / 2), seconds(now - orphanGraceMs / 2));
    perform(run("INSERT INTO bytes (content, encoding, blob, data) VALUES (77, 0, $1, NULL)", named));
    // Even where somebody doomed it by mistake.
    perform(run("INSERT INTO doomed_blobs (blob, at) VALUES ($1, 0)", named));
    tidyAll(now);
    assert.ok(existsSync(blobs.path(old)), "doomed first, removed a grace period later");
    tidyAll(now + blobGraceMs);
    assert.deepEqual(
      [old, young, named].map((blob) => existsSync(blobs.path(blob))),
      [false, true, true],
    );
    perform(run("DELETE FROM bytes WHERE content = 77"));
  });

  test("the oldest tombstones of a crowded mailbox go, which it admits", () => {
    const extra = 10;
    perform(
      run(
        `INSERT INTO mailboxes (account, id, parent, name, role, subscribed, uidvalidity, uidnext, modseq, messages, unseen,
           deleted, size, recent_from, tombstones_from, keywords)
         VALUES (1, 1, 0, 'INBOX', 'inbox', 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, '[]'), (1, 2, 0, 'Other', '', 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, '[]')`,
      ),
    );
    for (const [mailbox, tombstones] of [
      [1, maxTombstones + extra],
      [2, maxTombstones],
    ] as const)
      perform(
        run(
          `INSERT INTO expunged (account, mailbox, modseq, uid, email)
           WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) SELECT 1, $1, i + 1, i, i FROM n`,
          mailbox,
          tombstones,
        ),
      );
    tidyAll(now);
    const of = (mailbox: number) =>
      perform(
        one<{ n: number; least: number; from: number }>(
          `SELECT count(*) AS n, min(e.modseq) AS least, max(b.tombstones_from) AS "from" FROM expunged e
           JOIN mailboxes b ON b.account = e.account AND b.id = e.mailbox WHERE e.mailbox = $1`,
          mailbox,
        ),
      );
    assert.deepEqual({ ...of(1) }, { n: maxTombstones, least: extra + 2, from: extra + 1 });
    assert.deepEqual({ ...of(2) }, { n: maxTombstones, least: 2, from: 1 });
  });

  test("journeys go by age, but for the newest entry", () => {
    const entry = (at: number) => ({ at, stage: "refused", trace: "qx", keys: ["a@b.test"], detail: {} }) as const;
    const old = now - (journeyDays + 1) * day;
    perform(note([...Array.from({ length: 2100 }, () => entry(old)), entry(now - 10 * day), entry(old)]));
    tidyAll(now);
    assert.equal(count("journey"), 2);
    assert.equal(count("journey_keys"), 4);
    perform(run("INSERT INTO settings (key, value) VALUES ($1, '5')", journeyDaysSetting));
    tidyAll(now);
    assert.equal(count("journey"), 1, "the newest stays, so that its number is not given again");
    perform(note([entry(now)]));
    tidyAll(now);
    assert.equal(count("journey"), 1);
    assert.equal(perform(one<{ id: number }>("SELECT id FROM journey"))?.id, 2103);
  });

  test("what a tenant is told stays its thirty days, however soon journeys go", () => {
    const later = now + 20 * day;
    const at = later - 10 * day;
    const event = {
      at,
      type: "delivered",
      tenant: "t",
      stream: "",
      campaign: "",
      message: "qe",
      recipient: "",
      detail: {},
    } as const;
    const entry = { at, stage: "delivered", trace: "", keys: [], detail: {} } as const;
    // More of what stays than one piece looks at lies before what goes.
    for (let n = 0; n < 2100; n++) perform(note([{ ...entry, trace: "qe" }], "", [event]));
    perform(note([entry, entry, { ...entry, at: later, keys: ["newest@b.test"] }]));
    tidyAll(later);
    assert.equal(count("journey"), 2101);
    tidyAll(later + 21 * day);
    assert.equal(count("journey"), 1);
  });
});
