import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Blobs } from "../blobs.ts";
import { keepQuickly } from "../keep.ts";
import { migrate } from "../migrations/migrate.ts";
import { Database, Effects } from "../sqlite.ts";
import { createAccount } from "./accounts.ts";
import { putDomain } from "./domains.ts";
import { changesSince, fetchCells, maxFetchBytes, maxFetchRows } from "./fetch.ts";
import { setFlags } from "./flags.ts";
import { append } from "./place.ts";
import { rangesOf } from "./ranges.ts";
import { expunge } from "./transfer.ts";
import type { Op } from "./tx.ts";

let dir: string;
let database: Database;
let reads = 0;

class CountingDatabase extends Database {
  override sql(effect: Parameters<Database["sql"]>[0]): unknown {
    const found = super.sql(effect);
    if (Array.isArray(found)) reads += found.length;
    return found;
  }
}

before(() => {
  dir = mkdtempSync(join(tmpdir(), "angarium-fetch-"));
  database = new CountingDatabase({ dir, readOnly: false, cacheKiB: 8192 });
  database.beginImmediate();
  run(migrate());
  run(putDomain({ name: "f.test", kind: "local", settings: {} }));
  run(createAccount({ name: "f@f.test", displayName: "", role: "user", quotaBytes: 0 }, [], 1));
});
after(() => {
  database.rollback();
  database.close();
  rmSync(dir, { recursive: true });
});

function run<T>(op: Op<T>): T {
  return new Effects(database, new Blobs(dir), () => 1).run(op);
}

/** Appends `count` messages of `size` bytes, each with a mod-sequence of its own. */
function fill(mailbox: number, count: number, size: number): void {
  const stored = keepQuickly(Buffer.alloc(size, "abc "));
  const facts = {
    headerBytes: Math.min(10, size),
    envelope: "()",
    structure: "()",
    subject: "",
    sentAt: undefined,
    messageId: undefined,
    references: [],
    hasAttachment: false,
    signature: new Uint8Array(0),
  };
  const marks = { flags: 0, keywords: [] };
  for (let i = 0; i < count; i++) run(append(1, mailbox, [{ stored, facts, marks, receivedAt: 1 }]));
}

test("changes since any moment are exactly those that came later", () => {
  fill(1, 400, 10);
  for (const uid of [5, 100, 399])
    run(setFlags(1, 1, { uids: [[uid, uid]], mode: "add", marks: { flags: 1, keywords: [] } }));
  run(
    expunge(
      1,
      1,
      [
        [50, 59],
        [300, 300],
      ],
      true,
    ),
  );
  fill(1, 5, 10);
  const { cells } = run(fetchCells(1, 1, [[1, 0xffffffff]], []));
  const highest = Math.max(...cells.map((row) => row[3] as number));
  for (let since = 0; since <= highest + 1; since++) {
    const changes = run(changesSince(1, 1, since));
    assert.ok(changes.kind === "done");
    assert.deepEqual(
      changes.changed.map(({ uid }) => uid),
      cells.filter((row) => (row[3] as number) > since).map((row) => row[0]),
      `since ${since}`,
    );
  }
});

test("a few new messages cost a few rows, however many there are", () => {
  const { cells } = run(fetchCells(1, 1, [[1, 0xffffffff]], []));
  const last = cells.at(-1)![3] as number;
  reads = 0;
  run(changesSince(1, 1, last - 2));
  assert.ok(reads < 60, `${reads} rows`);
});

test("a page has a bounded number of rows and bytes, and says where the next begins", () => {
  fill(2, 300, 30_000);
  for (const uids of [[[1, 0xffffffff]] as const, rangesOf(Array.from({ length: 150 }, (_, i) => i * 2 + 1))]) {
    const seen: number[] = [];
    for (let from: number | undefined = 1; from !== undefined; ) {
      const low: number = from;
      const rest = uids.filter(([, high]) => high >= low).map(([a, b]) => [Math.max(a, low), b] as const);
      const page = run(fetchCells(1, 2, rest, ["bytes"]));
      const bytes = page.cells.reduce((sum, row) => sum + (row.at(-1) as Uint8Array).length, 0);
      assert.ok(bytes <= maxFetchBytes && page.cells.length <= maxFetchRows);
      seen.push(...page.cells.map((row) => row[0] as number));
      from = page.next;
    }
    assert.deepEqual(seen, uids.length === 1 ? Array.from({ length: 300 }, (_, i) => i + 1) : uids.map(([uid]) => uid));
  }
});

test("a message larger than a page is a page", () => {
  fill(3, 2, maxFetchBytes + 1);
  const page = run(fetchCells(1, 3, [[1, 2]], ["bytes"]));
  assert.deepEqual([page.cells.length, page.next], [1, 2]);
});
