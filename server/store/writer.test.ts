import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Blobs, makeDataFolder } from "./blobs.ts";
import type { Answer, Call } from "./calls.ts";
import { packAcceptance } from "./crossing.ts";
import { Reader } from "./reader.ts";
import { needRoom } from "./reserve.ts";
import { Database } from "./sqlite.ts";
import { Flag, type Mailbox, type NewMessage } from "./store.ts";
import { Writer } from "./writer.ts";

/** What the next commits do instead of succeeding, and how many there were. */
type Faults = { commits: number; opened: number; fail: (() => void)[] };

class FaultyDatabase extends Database {
  readonly #faults: Faults;

  constructor(dir: string, faults: Faults, maxPages?: number) {
    super({ dir, readOnly: false, cacheKiB: 2048, ...(maxPages === undefined ? {} : { maxPages }) });
    this.#faults = faults;
    faults.opened++;
  }

  override commit(): void {
    this.#faults.commits++;
    this.#faults.fail.shift()?.();
    super.commit();
  }
}

const sqliteError = (errcode: number, message: string) => () => {
  throw Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR", errcode });
};
const eio = sqliteError(1034, "disk I/O error"); // SQLITE_IOERR_FSYNC

let dir: string;
let faults: Faults;
let writer: Writer;
let reader: Reader;
let calls = 0;

function start(maxPages?: number): void {
  writer = new Writer(
    () => new FaultyDatabase(dir, faults, maxPages),
    new Blobs(dir),
    () => 1_800_000_000_000,
  );
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "angarium-writer-"));
  makeDataFolder(dir);
  faults = { commits: 0, opened: 0, fail: [] };
  start();
  reader = new Reader(() => new Database({ dir, readOnly: true, cacheKiB: 2048 }), new Blobs(dir), Date.now);
  const made = writer.run([
    call("putDomain", { name: "w.test", kind: "local", settings: {} }),
    call("createAccount", { name: "w@w.test", displayName: "", role: "user", quotaBytes: 0 }, [], 1),
  ]);
  assert.deepEqual(failures(made.answers), [undefined, undefined]);
  faults.commits = 0;
});

afterEach(() => {
  writer.close();
  reader.close();
  rmSync(dir, { recursive: true });
});

function call(name: string, ...args: readonly unknown[]): Call {
  return [++calls, name, args];
}

function failures(answers: readonly Answer[]): readonly (string | undefined)[] {
  return answers.map(([, failure]) => failure && (failure.kind ?? failure.message));
}

function letter(bytes: Uint8Array = Buffer.from("Subject: x\r\n\r\nHello\r\n")): NewMessage {
  const facts = {
    headerBytes: 14,
    envelope: "()",
    structure: "()",
    subject: "x",
    sentAt: undefined,
    messageId: undefined,
    references: [],
    hasAttachment: false,
    signature: new Uint8Array(0),
  };
  return { bytes, facts };
}

function accept(bytes?: Uint8Array, at = 1): Call {
  const marks = { flags: 0, keywords: [] };
  const packed = packAcceptance({
    message: letter(bytes),
    placements: [{ account: 1, target: { role: "inbox" }, marks, receivedAt: 1 }],
    journey: [{ at, stage: "accepted", trace: undefined, keys: ["k"], detail: {} }],
  });
  return call("accept", ...packed);
}

function inboxMessages(): number {
  const [, failure, found] = reader.run(call("mailboxes", 1)).answer;
  assert.equal(failure, undefined);
  return (found as readonly Mailbox[])[0]?.messages ?? -1;
}

test("many calls are one commit", () => {
  const { answers, changes } = writer.run(Array.from({ length: 100 }, () => accept()));
  assert.deepEqual(new Set(failures(answers)), new Set([undefined]));
  assert.equal(faults.commits, 1);
  assert.equal(inboxMessages(), 100);
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ["mail"],
    "one change for one mailbox",
  );
});

test("what one commit changed of sending is told whole, not the last of it alone", () => {
  const row = {
    scope: "tenant:t",
    hash: "h",
    address: "",
    reason: "bounced",
    evidence: "",
    at: 1,
    expiresAt: undefined,
  };
  const event = {
    at: 1,
    type: "accepted",
    tenant: "t",
    stream: "",
    campaign: "",
    message: "",
    recipient: "",
    detail: {},
  };
  const { changes } = writer.run([
    call("suppress", [row]),
    call("addSendingEvents", [event]),
    call("addSendingEvents", [event]),
  ]);
  assert.deepEqual(changes, [{ kind: "sending", of: ["suppression", "event"] }]);
});

test("what comes while they run joins them, each answered once", (t) => {
  // A machine that is busy must not end the gathering early.
  t.mock.method(performance, "now", () => 0);
  const late = [[accept()], [accept(), accept()], []];
  const first = [accept()];
  const expected = [first, ...late].flat().map(([id]) => id);
  const { answers } = writer.run(first, () => late.shift() ?? []);
  assert.deepEqual(
    answers.map(([id]) => id),
    expected,
  );
  assert.equal(faults.commits, 1);
  assert.equal(inboxMessages(), 4);
});

test("a call that throws is undone alone", (t) => {
  t.mock.method(performance, "now", () => 0);
  // A journey's time that is no number is refused by its table, when most of the acceptance is written.
  const broken = accept(undefined, Number.NaN);
  const late = [[accept(), broken], [accept()]];
  const { answers, changes } = writer.run([accept(), broken, call("nonsense"), accept()], () => late.shift() ?? []);
  const failed = failures(answers);
  assert.equal(failed[0], undefined);
  assert.match(failed[1] ?? "", /NOT NULL/);
  assert.match(failed[2] ?? "", /no operation "nonsense"/);
  assert.equal(failed[3], undefined);
  assert.equal(failed[4], undefined);
  assert.match(failed[5] ?? "", /NOT NULL/);
  assert.equal(failed.length, 7, "what came meanwhile is run too");
  assert.equal(inboxMessages(), 4);
  assert.equal(changes.length, 1);
  assert.equal(faults.commits, 1);
});

test("when the commit fails nothing is acknowledged, nothing is there, and the next one works", () => {
  faults.fail.push(eio);
  const { opened } = faults;
  const { answers, changes } = writer.run([accept(), accept(), call("nonsense")]);
  assert.deepEqual(failures(answers), ["io", "io", "io"]);
  assert.deepEqual(changes, []);
  assert.equal(faults.opened, opened, "not opened again before it is needed");
  assert.equal(inboxMessages(), 0);
  assert.deepEqual(failures(writer.run([accept()]).answers), [undefined]);
  assert.equal(faults.opened, opened + 1, "the connection that failed is not believed any more");
  assert.equal(inboxMessages(), 1);
});

test("every fifth commit fails: what was acknowledged is there, and nothing else", () => {
  let acknowledged = 0;
  for (let i = 1; i <= 40; i++) {
    if (i % 5 === 0) faults.fail.push(eio);
    const { answers } = writer.run([accept(), accept()]);
    acknowledged += failures(answers).filter((failure) => failure === undefined).length;
  }
  assert.equal(acknowledged, 64);
  assert.equal(inboxMessages(), 64);
});

test("a full disk is said to be one, and clearing it is enough", () => {
  writer.close();
  start(120);
  const noise = (i: number) =>
    Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * at * 31 + i * 7 + (at >> 3)) & 0xff));
  let failed: readonly (string | undefined)[] = [];
  let kept = 0;
  for (let i = 0; i < 100 && failed[0] === undefined; i++) {
    failed = failures(writer.run([accept(noise(i))]).answers);
    if (failed[0] === undefined) kept++;
  }
  assert.deepEqual(failed, ["disk-full"]);
  assert.ok(kept > 0);
  assert.equal(inboxMessages(), kept);
  assert.deepEqual(failures(writer.run([call("nonsense"), accept(noise(0))]).answers), ["disk-full", "disk-full"]);
  writer.close();
  start();
  assert.deepEqual(failures(writer.run([accept(noise(0))]).answers), [undefined]);
  assert.equal(inboxMessages(), kept + 1);
});

test("on a full disk mail can be deleted, and nothing else takes the room that this takes", () => {
  writer.close();
  let maxPages: number | undefined = 150;
  let used = false;
  const reserve = {
    insideBytes: 60_000,
    isUsed: () => used,
    isShort: () => false,
    use() {
      maxPages = 230;
      used = true;
      return true;
    },
  };
  writer = new Writer(
    () => new FaultyDatabase(dir, faults, maxPages),
    new Blobs(dir),
    () => 1_800_000_000_000,
    reserve,
  );
  const noise = Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * at * 31 + (at >> 3)) & 0xff));
  const accepted = () => failures(writer.run([accept(noise)]).answers)[0];
  while (accepted() === undefined);
  const deleted = { uids: [[1, 1000]], mode: "add", marks: { flags: Flag.deleted, keywords: [] } };
  assert.equal(used, false, "incoming mail does not touch it");
  const { answers, changes } = writer.run([accept(noise), call("setFlags", 1, 1, deleted)]);
  assert.deepEqual(failures(answers).toSorted(), ["disk-full", undefined]);
  assert.equal(changes.length, 1);
  assert.equal(accepted(), "disk-full");
  assert.deepEqual(failures(writer.run([call("expunge", 1, 1, undefined)]).answers), [undefined]);
  assert.equal(inboxMessages(), 0);
  assert.equal(accepted(), "disk-full", "what was deleted takes its room until it is tidied up");
  assert.deepEqual(failures(writer.run([call("tidy", 1_800_000_000_000)]).answers), [undefined]);
  assert.equal(accepted(), undefined, "there is room within the database, although the disk is as full as before");
  while (accepted() === undefined);
  assert.deepEqual(
    failures(writer.run([call("expunge", 1, 1, undefined)]).answers),
    [undefined],
    "not all of it was taken",
  );
  used = false;
  assert.equal(accepted(), undefined, "there is room on the disk again");
});

test("no file of a large message takes what is left of a disk whose reserve is given up", () => {
  assert.throws(() => needRoom(dir, 2 ** 60), { kind: "disk-full" });
  writeFileSync(join(dir, "reserve"), "");
  needRoom(dir, 2 ** 60);
});

test("a database held by another process is unavailable, not broken", () => {
  faults.fail.push(sqliteError(5, "database is locked"));
  assert.deepEqual(failures(writer.run([accept()]).answers), ["unavailable"]);
  assert.deepEqual(failures(writer.run([accept()]).answers), [undefined]);
});

test("acknowledged means synced: WAL with synchronous FULL", () => {
  const database = new Database({ dir, readOnly: false, cacheKiB: 2048 });
  const pragma = (name: string) => database.sql({ kind: "sql", sql: `PRAGMA ${name}`, params: [], want: "rows" });
  assert.deepEqual(pragma("synchronous"), [[2]]);
  assert.deepEqual(pragma("journal_mode"), [["wal"]]);
  database.close();
});

test("what another process writes is noticed, our own is not", () => {
  writer.foreignChanges();
  writer.run([accept()]);
  assert.deepEqual(writer.foreignChanges(), []);
  const other = new Writer(() => new Database({ dir, readOnly: false, cacheKiB: 2048 }), new Blobs(dir), Date.now);
  writer.foreignChanges();
  other.run([call("putDomain", { name: "other.test", kind: "local", settings: {} })]);
  other.close();
  assert.deepEqual(writer.foreignChanges(), [{ kind: "directory" }, { kind: "queue" }]);
  assert.deepEqual(writer.foreignChanges(), []);
});

test("data of a newer Angarium are refused with a sentence", () => {
  const database = new Database({ dir, readOnly: false, cacheKiB: 2048 });
  database.run("UPDATE schema_version SET version = version + 1");
  database.close();
  assert.throws(() => start(), /written by a newer Angarium/);
});
