import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Blobs } from "../blobs.ts";
import { migrate } from "../migrations/migrate.ts";
import { Database, Effects } from "../sqlite.ts";
import type { JourneyEntry } from "../store.ts";
import { bucketEntries, maxJourneyKeys, note, trace } from "./journey.ts";
import type { Op } from "./tx.ts";

let dir: string;
let database: Database;

before(() => {
  dir = mkdtempSync(join(tmpdir(), "angarium-journey-"));
  database = new Database({ dir, readOnly: false, cacheKiB: 2048 });
  run(migrate());
});
after(() => {
  database.close();
  rmSync(dir, { recursive: true });
});

function run<T>(op: Op<T>): T {
  return new Effects(database, new Blobs(dir), Date.now).run(op);
}

function entry(at: number, keys: readonly string[], traceName?: string, stage: JourneyEntry["stage"] = "accepted") {
  return { at, stage, trace: traceName, keys, detail: { at } } as const;
}

test("entries are found over many buckets, with all of their message, oldest first", () => {
  assert.deepEqual(run(trace("nobody@t.test", 10)), []);
  run(note([entry(1, ["first@t.test", "Ann@T.test"], "q000001")]));
  for (let i = 0; i < bucketEntries * 3; i++) run(note([entry(10 + i, [`other${i}@t.test`], `m${i + 100}`)]));
  run(note([entry(9000, [], "q000001", "attempt")]));
  run(note([entry(9001, ["ann@t.test"], "q000002")]));
  const found = (key: string, limit = 100) => run(trace(key, limit)).map(({ at, trace: name }) => [at, name]);
  assert.deepEqual(found("<FIRST@t.test>"), [
    [1, "q000001"],
    [9000, "q000001"],
  ]);
  assert.deepEqual(found("q000001"), [
    [1, "q000001"],
    [9000, "q000001"],
  ]);
  assert.deepEqual(found("ann@t.test"), [
    [1, "q000001"],
    [9000, "q000001"],
    [9001, "q000002"],
  ]);
  assert.deepEqual(found("ann@t.test", 2), [
    [9000, "q000001"],
    [9001, "q000002"],
  ]);
  assert.deepEqual(found(`other${bucketEntries}@t.test`), [[10 + bucketEntries, `m${bucketEntries + 100}`]]);
});

test("what has no trace gets the one given, and keeps none where none is", () => {
  run(note([entry(1, ["a@n.test"])], "m77"));
  run(note([entry(2, ["a@n.test"])]));
  assert.deepEqual(
    run(trace("a@n.test", 9)).map(({ trace: name }) => name),
    ["m77", ""],
  );
});

test("keys without end are cut, odd ones are harmless", () => {
  const keys = Array.from({ length: 2000 }, (_, i) => `many${i}@t.test`);
  run(note([entry(1, ["line\nfeed@t.test", "nul\0@t.test", "", ...keys], "m9000")]));
  assert.equal(run(trace("many0@t.test", 9)).length, 1);
  assert.equal(run(trace(`many${maxJourneyKeys}@t.test`, 9)).length, 0);
  assert.equal(run(trace("line\nfeed@t.test", 9)).length, 1);
});
