/** Knowing what happens: journeys of messages, and changes told after their commit. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Change, JourneyEntry, Store } from "../../server/store/store.ts";
import { Flag } from "../../server/store/store.ts";
import {
  deliver,
  inboxOf,
  letter,
  made,
  marks,
  newAccount,
  newQueued,
  noon,
  type Open,
  type Opened,
  only,
  placement,
} from "./world.ts";

export function knowingContract(open: Open): void {
  describe("journeys", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const entry = (given: Partial<JourneyEntry>): JourneyEntry => ({
      at: noon,
      stage: "refused",
      trace: "qtest",
      keys: [],
      detail: {},
      ...given,
    });

    test("entries come back in order, joined by their trace, found by any key in any case", async () => {
      const detail = { reply: "550 5.1.1 \u00fcser unknown", at: 3, list: [1, null, { deep: true }] };
      await store.note([
        entry({ stage: "accepted", keys: ["First@X.test", "Ann@X.test"], detail }),
        entry({ stage: "queued", at: noon + 1, keys: ["bob@far.test"] }),
        entry({ stage: "delivered", at: noon + 2, keys: [] }),
        entry({ stage: "refused", at: noon + 3, trace: "qother", keys: ["other@x.test"] }),
      ]);
      for (const key of ["first@x.test", "FIRST@x.TEST", "ann@x.test", "bob@far.test", "qtest"]) {
        const told = await store.trace(key, 100);
        assert.deepEqual(
          told.map(({ stage }) => stage),
          ["accepted", "queued", "delivered"],
          key,
        );
      }
      const [first] = await store.trace("first@x.test", 100);
      assert.deepEqual(first?.detail, detail);
      assert.equal(first?.at, noon);
      assert.deepEqual([...(first?.keys ?? [])].sort(), ["ann@x.test", "first@x.test"]);
      const ids = (await store.trace("qtest", 100)).map(({ id }) => id);
      assert.deepEqual(
        ids,
        [...ids].sort((a, b) => a - b),
      );
      assert.deepEqual(await store.trace("nobody@x.test", 100), []);
    });

    test("a trace has an end, and keeps the newest", async () => {
      await store.note(
        Array.from({ length: 30 }, (_, at) => entry({ at: noon + at, trace: `qbusy${at}`, keys: ["busy@x.test"] })),
      );
      const told = await store.trace("busy@x.test", 5);
      assert.ok(told.length > 0 && told.length <= 5, `${told.length}`);
      assert.equal(told.at(-1)?.at, noon + 29);
    });

    test("nothing to note is no mistake", async () => {
      await store.note([]);
      await store.note([entry({ trace: "qlonely", keys: [] })]);
      assert.equal((await store.trace("qlonely", 10)).length, 1);
    });
  });

  describe("changes", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("a change is told once it is committed, and can be read at once", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const reads: Promise<unknown>[] = [];
      const heard: Change[] = [];
      const stop = store.subscribe((changes) => {
        for (const change of changes) {
          heard.push(change);
          if (change.kind === "mail") reads.push(store.fetch(change.account, change.mailbox, only(1), ["marks"]));
        }
      });
      const placed = await deliver(store, id, inbox);
      await until(() => heard.some((change) => change.kind === "mail"));
      const mail = heard.filter((change) => change.kind === "mail");
      assert.deepEqual(mail, [{ kind: "mail", account: id, mailbox: inbox, modseq: placed.modseq }]);
      for (const page of (await Promise.all(reads)) as Awaited<ReturnType<Store["fetch"]>>[])
        assert.equal(page.rows.length, 1, "visible to whoever was told");
      stop();
      const before = heard.length;
      await deliver(store, id, inbox);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(heard.length, before, "after unsubscribing, silence");
    });

    test("each kind of change", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const heard: Change[] = [];
      const stop = store.subscribe((changes) => heard.push(...changes));
      const expect = async (kind: Change["kind"], act: () => Promise<unknown>, where?: number) => {
        heard.length = 0;
        await act();
        await until(() =>
          heard.some(
            (change) =>
              change.kind === kind && (where === undefined || (change.kind === "mail" && change.mailbox === where)),
          ),
        );
      };
      await expect("mailboxes", () => made(store, id, "New"));
      const box = (await store.mailboxes(id)).find(({ path }) => path === "New")?.id ?? -1;
      await expect("mail", () => deliver(store, id, inbox), inbox);
      await expect(
        "mail",
        () => store.setFlags(id, inbox, { uids: only(1), mode: "add", marks: marks(Flag.seen) }),
        inbox,
      );
      await expect("mail", () => store.copy(id, inbox, only(1), box), box);
      await expect("mail", () => store.move(id, box, only(1), inbox), box);
      await expect("mail", () => store.expunge(id, inbox, only(1), true), inbox);
      await expect("mailboxes", () => store.setSubscribed(id, "New", false));
      await expect("mailboxes", () => store.renameMailbox(id, box, "Newer"));
      await expect("mailboxes", () => store.deleteMailbox(id, box));
      await expect("directory", () => store.putDomain({ name: "heard.test", kind: "local", settings: {} }));
      await expect("directory", () => store.updateAccount(id, { displayName: "Heard" }));
      const hashed = { label: "", argon2id: "a", scramSha256: "", createdAt: noon, expiresAt: undefined } as const;
      for (const signOut of [
        () => store.updateAccount(id, { disabled: true }),
        () => store.putCredential(id, { ...hashed, kind: "password" }),
        async () => store.removeCredential(id, await store.putCredential(id, { ...hashed, kind: "app-password" })),
      ])
        await expect("signed-out", signOut);
      const session = {
        account: id,
        kind: "token",
        label: "",
        createdAt: noon,
        expiresAt: noon + 1,
      } as const;
      for (const [hash, end] of [
        ["ab".repeat(32), () => store.webSessionPut("ab".repeat(32), undefined)],
        ["cd".repeat(32), () => store.webSessionEnd(id, "cd".repeat(8))],
      ] as const) {
        await store.webSessionPut(hash, session);
        heard.length = 0;
        await expect("signed-out", end);
        const told = heard.filter(({ kind }) => kind === "signed-out");
        assert.deepEqual(told, [{ kind: "signed-out", account: id, session: hash }], "of this session alone");
      }
      heard.length = 0;
      await store.updateAccount(id, { disabled: false });
      await store.putCredential(id, { ...hashed, kind: "app-password" });
      await expect("queue", () =>
        store.accept({ message: letter(), placements: [], queue: newQueued({ to: ["heard@far.test"] }), journey: [] }),
      );
      assert.ok(!heard.some(({ kind }) => kind === "signed-out"), "who is let in is not signed out");
      await expect("queue", () => store.queueAct({ recipient: "heard@far.test" }, "hold", noon));
      const gone = await newAccount(store);
      await expect("signed-out", () => store.softDelete("account", gone.name, "somebody", noon, noon + 1));
      stop();
      await store.queueAct({ recipient: "heard@far.test" }, "delete", noon);
    });

    test("what was refused or broke is not told", async () => {
      const { id } = await newAccount(store, 1);
      const heard: Change[] = [];
      const stop = store.subscribe((changes) => heard.push(...changes));
      const circle: { self?: unknown } = {};
      circle.self = circle;
      const base = { message: letter(), journey: [] };
      await store.accept({ ...base, placements: [placement(id, { role: "inbox" })] });
      await assert.rejects(
        store.accept({
          ...base,
          placements: [placement(id, { role: "inbox" }, { overQuota: true })],
          journey: [{ at: noon, stage: "accepted", trace: undefined, keys: [], detail: { circle } }],
        }),
      );
      const other = await newAccount(store);
      await deliver(store, other.id, await inboxOf(store, other.id));
      await until(() => heard.some((change) => change.kind === "mail"));
      assert.ok(!heard.some((change) => change.kind === "mail" && change.account === id));
      stop();
    });

    test("another process on the same data is told too", async (t) => {
      if (world.beside === undefined) return t.diagnostic("this store lives in one process");
      const beside = await world.beside();
      try {
        const { id } = await newAccount(store);
        const inbox = await inboxOf(store, id);
        const heard: Change[] = [];
        const echoes: Change[] = [];
        // What was told before may be on its way to it still.
        const ofOurs = (change: Change): boolean => change.kind === "mail" && change.account === id;
        beside.subscribe((changes) => heard.push(...changes.filter(ofOurs)));
        const stop = store.subscribe((changes) => echoes.push(...changes.filter(ofOurs)));
        const placed = await deliver(store, id, inbox);
        const expected: Change = { kind: "mail", account: id, mailbox: inbox, modseq: placed.modseq };
        await until(() => heard.length > 0);
        assert.deepEqual(heard, [expected]);
        await deliver(beside, id, inbox);
        await until(() => echoes.length >= 2);
        assert.equal(echoes.length, 2, "each change once, our own included");
        stop();
      } finally {
        await beside.close();
      }
    });
  });
}

/** Waits, with a generous end, until `holds`. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.fail("waited 10 s for something that did not happen");
}
