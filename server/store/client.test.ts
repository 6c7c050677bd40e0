import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { openSqliteStore } from "./client.ts";
import type { Acceptance, Change, NewMessage, Store } from "./store.ts";
import { StoreTrouble } from "./trouble.ts";

let dir: string;
let store: Store;
let account: number;
let threads: Worker[] = [];
const noticed = (worker: Worker) => {
  threads.push(worker);
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "angarium-client-"));
  threads = [];
  process.on("worker", noticed);
  store = await openSqliteStore({ dir, readers: 2 });
  await store.putDomain({ name: "c.test", kind: "local", settings: {} });
  const person = { name: "c@c.test", displayName: "", role: "user", quotaBytes: 0 } as const;
  const made = await store.createAccount(person, [], 1);
  account = made.kind === "done" ? made.account.id : assert.fail();
});

afterEach(async () => {
  process.off("worker", noticed);
  await store.close();
  rmSync(dir, { recursive: true });
});

function letter(bytes: Uint8Array): NewMessage {
  const signature = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  return {
    bytes,
    facts: {
      headerBytes: 2,
      envelope: "()",
      structure: "()",
      subject: "",
      sentAt: undefined,
      messageId: undefined,
      references: [],
      hasAttachment: false,
      signature,
    },
  };
}

function acceptance(bytes: Uint8Array): Acceptance {
  const marks = { flags: 0, keywords: [] };
  return {
    message: letter(bytes),
    placements: [{ account, target: { role: "inbox" }, marks, receivedAt: 1 }],
    journey: [],
  };
}

function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = seed + 1; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const countBlobs = () =>
  readdirSync(join(dir, "blobs"), { recursive: true }).filter((name) => String(name).length > 2).length;

test("messages of every size made in one turn keep their bytes, and the caller keeps his", async () => {
  // Small ones are laid together, larger ones are compressed elsewhere, the largest become files.
  const sizes = [0, 1, 500, 5000, 32_768, 32_769, 65_536, 200_000, 262_144, 300_000, 1_500_000];
  const pool = noise(2_000_000, 7);
  const bodies = sizes.map((size, i) => (i % 2 === 0 ? pool.subarray(i, i + size) : Buffer.alloc(size, "text ")));
  const copies = bodies.map((body) => Buffer.from(body));
  const accepted = await Promise.all(bodies.map((body) => store.accept(acceptance(body))));
  for (const [i, body] of bodies.entries()) assert.ok(body.equals(copies[i]!), `the caller's ${sizes[i]} bytes`);
  for (const [i, { content }] of accepted.entries()) {
    const kept = await store.content(content);
    assert.ok(kept !== undefined && copies[i]!.equals(kept), `${sizes[i]} bytes`);
  }
  const { rows } = await store.fetch(account, 1, [[1, 100]], ["bytes"]);
  assert.ok(rows.length > 0);
  for (const row of rows) {
    const i = accepted.findIndex(({ content }) => content === row.content);
    assert.ok(copies[i]!.equals(row.bytes!), `fetched ${sizes[i]} bytes`);
  }
  assert.equal(countBlobs(), 1, "1,500,000 bytes of noise");
});

test("several messages of one append, small and large, stay apart", async () => {
  const bodies = [10, 40_000, 20, 400_000, 30, 1000].map((size, i) => noise(size, i));
  const marks = { flags: 0, keywords: [] };
  const appending = store.append(
    account,
    2,
    bodies.map((body) => ({ ...letter(body), marks, receivedAt: 1 })),
  );
  // Others that go meanwhile take their bytes with them.
  await Promise.all(bodies.map((body) => store.accept(acceptance(body))));
  const done = await appending;
  assert.equal(done.kind, "done");
  for (const [i, body] of bodies.entries()) {
    const { rows } = await store.fetch(account, 2, [[i + 1, i + 1]], ["bytes"]);
    assert.ok(body.equals(rows[0]!.bytes!), `message ${i}`);
  }
});

test("a read that begins after a write has resolved sees it", async () => {
  for (let i = 1; i <= 50; i++) {
    await store.accept(acceptance(Buffer.from(`${i}`)));
    const [inbox, again] = await Promise.all([store.openMailbox(account, 1), store.openMailbox(account, 1)]);
    assert.equal("uids" in inbox && inbox.uids.length, i);
    assert.equal("uids" in again && again.uids.length, i);
  }
});

test("changes are told before the call that made them resolves", async () => {
  const heard: Change[] = [];
  const stop = store.subscribe((changes) => heard.push(...changes));
  const placed = await store.accept(acceptance(Buffer.from("x")));
  const [first] = placed.placed;
  assert.ok(first?.kind === "placed");
  assert.deepEqual(heard, [{ kind: "mail", account, mailbox: 1, modseq: first.modseq }]);
  stop();
});

test("a writer that dies rejects what waits, and the next one takes over", async () => {
  await store.accept(acceptance(Buffer.from("before")));
  const [writer] = threads;
  const waiting = Array.from({ length: 50 }, () => store.accept(acceptance(Buffer.from("during"))));
  const settled = Promise.allSettled(waiting);
  await writer!.terminate();
  const rejected = (await settled).filter(({ status }) => status === "rejected");
  assert.ok(rejected.length > 0);
  for (const { reason } of rejected as readonly PromiseRejectedResult[]) {
    assert.ok(reason instanceof StoreTrouble);
    assert.equal(reason.kind, "unavailable");
  }
  await store.accept(acceptance(Buffer.from("after")));
  const inbox = await store.openMailbox(account, 1);
  assert.ok("uids" in inbox && inbox.uids.length >= 2 + waiting.length - rejected.length);
});

test("readers that die are replaced too", async () => {
  await Promise.all(threads.slice(1).map((reader) => reader.terminate()));
  assert.equal((await store.mailboxes(account))[0]?.path, "INBOX");
  assert.deepEqual(await store.search(account, 1, { kind: "all" }), { uids: [], highestModseq: 0 });
});

test("a second process reads beside the first, and may be told not to write", async () => {
  const beside = await openSqliteStore({ dir, readers: 1, readOnly: true });
  try {
    await store.accept(acceptance(Buffer.from("x")));
    assert.equal((await beside.accounts())[0]?.usedMessages, 1);
    await assert.rejects(beside.accept(acceptance(Buffer.from("y"))), /reading only/);
    await assert.rejects(beside.putDomain({ name: "d.test", kind: "local", settings: {} }), /reading only/);
  } finally {
    await beside.close();
  }
});

test("two processes write to the same data", async () => {
  const beside = await openSqliteStore({ dir, readers: 1 });
  try {
    await Promise.all(
      [store, beside].flatMap((one) => Array.from({ length: 30 }, () => one.accept(acceptance(Buffer.from("x"))))),
    );
    assert.equal((await store.accounts())[0]?.usedMessages, 60);
  } finally {
    await beside.close();
  }
});

test("closing lets what was asked finish, refuses the rest, and leaves no log behind", async () => {
  const last = store.accept(acceptance(Buffer.from("last")));
  const closing = store.close();
  await assert.rejects(store.accept(acceptance(Buffer.from("late"))), StoreTrouble);
  assert.equal((await last).placed[0]?.kind, "placed");
  await closing;
  await store.close();
  assert.ok(!existsSync(join(dir, "angarium.sqlite-wal")));
});

test("what cannot be opened says so", async () => {
  const nothing = join(dir, "nothing");
  await assert.rejects(openSqliteStore({ dir: nothing, readOnly: true }), /There are no mail data in/);
  await assert.rejects(openSqliteStore({ dir: join(dir, "angarium.sqlite") }));
});

test("what cannot go to another thread is rejected, and the store goes on", async () => {
  const entry = { at: 1, stage: "held", trace: "q1", keys: [], detail: { oops: () => 1 } } as const;
  await assert.rejects(store.note([entry]), /could not be cloned/);
  assert.equal((await store.accept(acceptance(Buffer.from("A: b\r\n\r\n")))).placed[0]?.kind, "placed");
});
