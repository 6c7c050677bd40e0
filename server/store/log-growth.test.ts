import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Database, databaseFile } from "./sqlite.ts";

const insert = (blob: Uint8Array) =>
  ({ kind: "sql", sql: "INSERT INTO t (b) VALUES ($1)", params: [blob], want: "run" }) as const;

test("the log grows in steps, and what was committed is there after the process is gone", () => {
  const dir = mkdtempSync(join(tmpdir(), "angarium-log-"));
  try {
    const open = () => new Database({ dir, readOnly: false, cacheKiB: 2048 });
    const database = open();
    database.run("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)");
    const log = join(dir, `${databaseFile}-wal`);
    const sizes = new Set<number>();
    for (let i = 0; i < 300; i++) {
      database.beginImmediate();
      database.sql(insert(new Uint8Array(3900).fill(i)));
      database.commit();
      sizes.add(statSync(log).size);
    }
    assert.ok(sizes.size < 20, `${sizes.size} sizes in 300 commits`);
    // As after a crash: another connection reads the log as it lies there, zeros at its end.
    const other = open();
    const count = { kind: "sql", sql: "SELECT count(*) AS n FROM t", params: [], want: "one" } as const;
    assert.deepEqual({ ...(other.sql(count) as object) }, { n: 300 });
    database.shrinkLog();
    assert.equal(statSync(log).size, 0);
    // On a disk that is nearly full most of it is brought into the database as it comes.
    database.keepLogShort(true);
    for (let i = 0; i < 1000; i++) {
      database.beginImmediate();
      database.sql(insert(new Uint8Array(3900)));
      database.commit();
    }
    assert.ok(statSync(log).size < 2.5 * 1024 * 1024, `${statSync(log).size} bytes of log`);
    database.run("DELETE FROM t WHERE a > 300");
    database.keepLogShort(false);
    // Another process that writes behind our back does not lose anything either.
    for (let i = 0; i < 40; i++)
      for (const one of [other, database]) {
        one.beginImmediate();
        one.sql(insert(new Uint8Array(3900)));
        one.commit();
      }
    assert.deepEqual({ ...(database.sql(count) as object) }, { n: 380 });
    other.close();
    database.close();
    const again = open();
    assert.deepEqual({ ...(again.sql(count) as object) }, { n: 380 });
    assert.deepEqual(
      { ...(again.sql({ kind: "sql", sql: "PRAGMA integrity_check", params: [], want: "one" }) as object) },
      { integrity_check: "ok" },
    );
    again.close();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
