import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { quiet } from "../base/log.ts";
import { makeQueue } from "../queue/make-queue.ts";
import { defaultQueueSettings } from "../queue/settings.ts";
import { fakeDirectory } from "../receive/fake-world.ts";
import type { Send } from "../send/send.ts";
import { makeDataFolder } from "../store/blobs.ts";
import { openInProcess } from "../store/in-process.ts";
import { hereDomain } from "../store/queued.ts";
import type { Store } from "../store/store.ts";
import { defaultDeliverSettings, makeDeliver } from "./deliver.ts";
import { makeDeliverHere } from "./waited.ts";

const letter = Buffer.from("Message-ID: <m@b.test>\r\nSubject: x\r\n\r\nbody\r\n");
let now = Date.UTC(2026, 10, 26);

/** A store with somebody in it, and a letter to them whose time has come. */
async function waiting(
  t: TestContext,
  quotaBytes = 0,
): Promise<{ readonly store: Store; readonly inbox: () => Promise<number>; readonly stops: (() => Promise<void>)[] }> {
  const dir = mkdtempSync(join(tmpdir(), "angarium-waited-"));
  makeDataFolder(dir);
  const store = openInProcess(dir, () => now);
  const stops: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const stop of stops) await stop();
    await store.close();
    rmSync(dir, { recursive: true });
  });
  await store.putDomain({ name: "example.test", kind: "local", settings: {} } as never);
  const made = await store.createAccount(
    { name: "u1@example.test", displayName: "", role: "user", quotaBytes },
    [],
    now,
  );
  assert.equal(made.kind === "done" && made.account.id, 1);
  await store.accept({
    message: { bytes: letter, facts: factsOf(letter) },
    placements: [],
    journey: [],
    queue: {
      envelopeFrom: "a@b.test",
      envid: undefined,
      ret: undefined,
      smtputf8: false,
      body: "7bit",
      requireTls: false,
      account: undefined,
      stream: "",
      createdAt: now,
      notBefore: now,
      expiresAt: now + 86_400_000,
      held: false,
      lease: undefined,
      recipients: [{ address: "u1@example.test", domain: hereDomain, orcpt: undefined, notify: undefined }],
    },
  });
  return { store, stops, inbox: async () => (await store.mailboxes(1)).find(({ role }) => role === "inbox")!.messages };
}

/** A node whose power goes after so many writes: nothing that it asks for afterwards happens. */
function node(name: string, { store: whole, stops }: Awaited<ReturnType<typeof waiting>>, writesLeft: number) {
  let left = writesLeft;
  const writes = new Set(["accept", "settle", "note"]);
  const store = new Proxy(whole, {
    get: (real, property: keyof Store) =>
      writes.has(property)
        ? (...args: readonly unknown[]) =>
            left-- > 0
              ? (real[property] as (...args: readonly unknown[]) => unknown)(...args)
              : Promise.reject(new Error("the power is gone"))
        : real[property],
  });
  const start = performance.now();
  const notice = async (): Promise<undefined> => {};
  const deliver = makeDeliver({
    store,
    forward: undefined,
    reports: undefined,
    directory: fakeDirectory(true),
    queue: { leaseForNew: () => undefined as never, offer: () => undefined },
    judge: () => ({ kind: "accept", notes: [] }),
    notices: { successNotice: notice, failureNotice: notice },
    factsOf,
    factsOfLarge: async (bytes) => factsOf(bytes),
    settings: defaultDeliverSettings,
    log: quiet,
  });
  const queue = makeQueue({
    store,
    send: { begin: () => {}, changed: () => {}, suspendedMs: () => 0, stop: async () => {} } as never as Send,
    notices: { notice },
    settings: { ...defaultQueueSettings, claimEveryMs: 5 },
    deliverHere: makeDeliverHere(
      () => deliver,
      fakeDirectory(true),
      () => ({ at: now, id: `of${name}`, ourHost: "h.test" }),
    ),
    node: name,
    wall: () => now,
    monotonic: () => performance.now() - start,
    random: () => 0.5,
    log: quiet,
  });
  stops.push(() => queue.stop());
  return { queue, died: () => left < 0 };
}

async function until(good: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await good()); await new Promise((resolve) => setTimeout(resolve, 5)))
    assert.ok(Date.now() < end, "nothing more happens");
}

for (const writes of [0, 1, 2])
  test(`a kill after ${writes} writes of the delivery of what waited: it is delivered once`, async (t) => {
    const world = await waiting(t);
    const { store, inbox } = world;
    const first = node("first", world, writes);
    await first.queue.start();
    await until(async () => first.died() || (await store.queueList({})).length === 0);
    // The leases of who is dead run out.
    now += defaultQueueSettings.leaseMs + 1000;
    const second = node("second", world, 1000);
    await second.queue.start();
    await until(async () => (await store.queueList({})).length === 0);
    assert.equal(await inbox(), 1);
    const stages = (await store.trace("u1@example.test", 100)).map(({ stage }) => stage);
    assert.ok(stages.includes("filed"));
  });

test("whose mailbox is full keeps what waited in the queue", async (t) => {
  const world = await waiting(t, 10);
  const { store, inbox } = world;
  const { queue } = node("only", world, 1000);
  await queue.start();
  await until(async () => (await store.queueList({}))[0]?.recipients[0]?.attempts === 1);
  assert.equal(await inbox(), 0);
  assert.equal(
    (await store.queueList({ domain: "example.test" })).length,
    1,
    "it is found by the domain of its address",
  );
  assert.equal((await store.queueList({ domain: "ample.test" })).length, 0);
  assert.match((await store.queueList({}))[0]!.recipients[0]!.lastReply!, /^452/);
});
