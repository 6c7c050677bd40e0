import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { deliver, inboxOf, newAccount, rows, snapshot } from "../../test/contract/world.ts";
import { restoreBackup } from "./backup.ts";
import { backUp } from "./backup-files.ts";
import { openSqliteStore } from "./client.ts";
import { databaseFile } from "./sqlite.ts";
import type { Store } from "./store.ts";

describe("backup", () => {
  let root: string;
  let store: Store;
  let id: number;
  let inbox: number;
  // Text that does not compress well, so that it becomes a blob.
  const random = (bytes: number) => randomBytes(bytes).toString("base64");
  before(async () => {
    root = mkdtempSync(join(tmpdir(), "angarium-backup-"));
    store = await openSqliteStore({ dir: join(root, "data") });
    id = (await newAccount(store)).id;
    inbox = await inboxOf(store, id);
    for (let i = 0; i < 3; i++) await deliver(store, id, inbox, { body: random(600_000 + i) });
    for (let i = 0; i < 20; i++) await deliver(store, id, inbox);
  });
  after(async () => {
    await store.close();
    rmSync(root, { recursive: true, force: true });
  });
  const blobsIn = (folder: string) =>
    readdirSync(join(folder, "blobs"), { recursive: true }).filter((name) => `${name}`.length > 10).length;

  test("taken while mail comes and goes, it is of one moment and whole", async () => {
    const folder = join(root, "backup");
    let busy = true;
    const traffic = (async () => {
      for (let i = 0; busy; i++) {
        await deliver(store, id, inbox, { body: i % 3 === 0 ? random(500_000 + i) : "small" });
        if (i % 5 === 0) await store.expunge(id, inbox, [[i + 1, i + 1]], true);
        await store.tidy(Date.now());
      }
    })();
    const seen: (readonly [number, number])[] = [];
    await store.backup(folder, (done, total) => seen.push([done, total]));
    busy = false;
    await traffic;
    assert.ok(seen.length > 0);
    for (const [done, total] of seen) assert.ok(done <= total && done > 0, `${done} of ${total}`);

    const restored = join(root, "restored");
    await restoreBackup(folder, restored);
    const copy = await openSqliteStore({ dir: restored });
    try {
      assert.deepEqual(await copy.verify(), []);
      const { mailbox } = await snapshot(copy, id, inbox);
      assert.ok(mailbox.messages >= 20);
      assert.equal((await rows(copy, id, inbox)).length, mailbox.messages);
      assert.ok(blobsIn(restored) >= 3);
      assert.ok((await deliver(copy, id, inbox)).uid === mailbox.uidNext, "life goes on where the backup was taken");
    } finally {
      await copy.close();
    }
  });

  test("what was being written when it was copied is copied again: no letter is cut off in it", async () => {
    const dir = join(root, "written");
    const folder = join(root, "written-backup");
    const writing = await openSqliteStore({ dir });
    const person = await newAccount(writing);
    await deliver(writing, person.id, await inboxOf(writing, person.id), { body: random(700_000) });
    const [blob] = readdirSync(join(dir, "blobs"), { recursive: true }).filter((name) => `${name}`.length > 10);
    const file = join(dir, "blobs", `${blob}`);
    const whole = readFileSync(file);
    truncateSync(file, 1000);
    // By the time that all blobs are copied its writer is done, and before the database is.
    backUp(dir, folder, () => writeFileSync(file, whole));
    await writing.close();
    const restored = join(root, "written-restored");
    await restoreBackup(folder, restored);
    const copy = await openSqliteStore({ dir: restored });
    try {
      assert.deepEqual(await copy.verify(), []);
    } finally {
      await copy.close();
    }
  });

  test("what cannot be is refused with a sentence", async () => {
    const full = join(root, "full");
    mkdirSync(full);
    writeFileSync(join(full, "x"), "");
    await assert.rejects(store.backup(full), /is not empty/);
    await assert.rejects(restoreBackup(full, join(root, "nowhere")), /no complete backup/);
    const good = join(root, "good");
    await store.backup(good);
    await assert.rejects(restoreBackup(good, join(root, "data")), /holds mail already/);
    rmSync(join(good, "backup.json"));
    await assert.rejects(restoreBackup(good, join(root, "new")), /no complete backup/);
    assert.ok(!existsSync(join(root, "new", databaseFile)));
  });

  test("a newer backup is left to a newer program", async () => {
    const folder = join(root, "newer");
    await store.backup(folder);
    writeFileSync(join(folder, "backup.json"), JSON.stringify({ format: 1, schema: 9999 }));
    await assert.rejects(restoreBackup(folder, join(root, "older")), /newer Angarium/);
    writeFileSync(join(folder, "backup.json"), JSON.stringify({ format: 2, schema: 1 }));
    await assert.rejects(restoreBackup(folder, join(root, "older")), /format/);
  });

  test("a blob that is missing already is named, and the rest is saved", async () => {
    const dir = join(root, "holed");
    const holed = await openSqliteStore({ dir });
    try {
      const person = await newAccount(holed);
      const box = await inboxOf(holed, person.id);
      await deliver(holed, person.id, box, { body: random(700_000) });
      await deliver(holed, person.id, box);
      const [shard] = readdirSync(join(dir, "blobs")).filter(
        (name) => readdirSync(join(dir, "blobs", name)).length > 0,
      );
      rmSync(join(dir, "blobs", shard as string), { recursive: true });
      await assert.rejects(holed.backup(join(root, "with-hole")), /complete but for 1 blobs/);
      const [sentence, ...more] = await holed.verify();
      assert.match(sentence ?? "", /bytes of content \d+ in blob [0-9a-f]{32} cannot be read/);
      assert.deepEqual(more, []);
      await assert.rejects(restoreBackup(join(root, "with-hole"), join(root, "with-hole-restored")), /but for 1 blobs/);
      const back = await openSqliteStore({ dir: join(root, "with-hole-restored") });
      assert.equal((await rows(back, person.id, box)).length, 2);
      await back.close();
    } finally {
      await holed.close();
    }
  });
});
