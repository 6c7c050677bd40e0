/** Upkeep: tidying, verifying, backing up, and being there again after a restart. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Flag, type Store } from "../../server/store/store.ts";
import {
  day,
  deliver,
  expectKind,
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
  recount,
  rows,
  snapshot,
} from "./world.ts";

/** Longer than every grace period and retention. */
const agesLater = () => Date.now() + 400 * day;

export async function tidyAll(store: Store, now: number): Promise<void> {
  for (let calls = 0; (await store.tidy(now)).more; calls++) assert.ok(calls < 10_000, "tidying comes to an end");
}

export function upkeepContract(open: Open): void {
  describe("upkeep", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("bytes nobody names go, bytes somebody names stay", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const work = await made(store, id, "Work");
      const big = "large ".repeat(400_000);
      const accept = async (body: string, ...targets: number[]) =>
        (
          await store.accept({
            message: letter({ body }),
            placements: targets.map((target) => placement(id, { id: target })),
            journey: [],
          })
        ).content;
      const gone = [await accept("small", inbox), await accept(big, inbox)];
      const kept = [await accept("small", inbox, work), await accept(big, inbox, work)];
      const queued = await store.accept({
        message: letter(),
        placements: [placement(id, { id: inbox })],
        queue: newQueued({ to: ["tidy@far.test"] }),
        journey: [],
      });
      expectKind(await store.expunge(id, inbox, [[1, 0xffffffff]], true), "done");
      await tidyAll(store, agesLater());
      await tidyAll(store, agesLater() + day);
      for (const content of gone) assert.equal(await store.content(content), undefined, `content ${content}`);
      for (const content of [...kept, queued.content]) assert.ok(await store.content(content), `content ${content}`);
      await store.queueAct({ recipient: "tidy@far.test" }, "delete", noon);
      await tidyAll(store, agesLater());
      assert.equal(await store.content(queued.content), undefined);
      assert.equal((await rows(store, id, work)).length, 2);
      assert.deepEqual(await store.verify(), []);
    });

    test("a removed account's bytes go", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await deliver(store, id, inbox);
      const [row] = await rows(store, id, inbox);
      await store.removeAccount(id);
      await tidyAll(store, agesLater());
      assert.equal(await store.content(row?.content ?? -1), undefined);
      assert.deepEqual(await store.verify(), []);
    });

    test("old tombstones go, and the mailbox says from where on it knows", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      for (let i = 0; i < 3; i++) await deliver(store, id, inbox);
      const before = await snapshot(store, id, inbox);
      assert.ok(before.tombstonesFrom <= before.mailbox.highestModseq);
      const expunged = expectKind(await store.expunge(id, inbox, only(1, 2), true), "done");
      const told = expectKind(await store.changesSince(id, inbox, before.mailbox.highestModseq), "done");
      assert.deepEqual(told.vanished, [1, 2]);
      await tidyAll(store, Date.now());
      const young = expectKind(await store.changesSince(id, inbox, before.mailbox.highestModseq), "done");
      const now = await snapshot(store, id, inbox);
      // Whatever has been dropped is admitted.
      if (young.vanished.length < 2) assert.ok(now.tombstonesFrom >= expunged.modseq);
      assert.ok(now.tombstonesFrom >= before.tombstonesFrom);
      assert.ok(now.tombstonesFrom <= now.mailbox.highestModseq);
    });

    test("old journeys go, young ones stay", async () => {
      const entry = { stage: "refused", detail: {} } as const;
      const at = Date.now();
      await store.note([
        { ...entry, at: at - 60 * day, trace: "qold", keys: ["old@x.test"] },
        { ...entry, at, trace: "qyoung", keys: ["young@x.test"] },
      ]);
      await tidyAll(store, at);
      assert.equal((await store.trace("old@x.test", 10)).length, 0);
      assert.equal((await store.trace("young@x.test", 10)).length, 1);
    });

    test("after a restart everything is as it was", async (t) => {
      if (world.reopen === undefined) return t.diagnostic("nothing to reopen");
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await deliver(store, id, inbox, { marks: marks(Flag.seen, "Word"), body: "x".repeat(500_000) });
      await deliver(store, id, inbox);
      await store.expunge(id, inbox, only(2), true);
      await store.putSetting("restart", { kept: true });
      await store.accept({
        message: letter(),
        placements: [],
        queue: newQueued({ to: ["restart@far.test"] }),
        journey: [{ at: noon, stage: "queued", trace: undefined, keys: ["restart@far.test"], detail: {} }],
      });
      const look = async () => ({
        mailboxes: await store.mailboxes(id),
        rows: await store.fetch(id, inbox, [[1, 10]], ["bytes", "facts", "envelope"]),
        changes: await store.changesSince(id, inbox, 0),
        setting: await store.setting("restart"),
        queue: await store.queueList({ recipient: "restart@far.test" }),
        journey: await store.trace("restart@far.test", 10),
        accounts: await store.accounts(),
        domains: await store.domains(),
      });
      const before = await look();
      store = await world.reopen();
      assert.deepEqual(await look(), before);
      assert.equal((await deliver(store, id, inbox)).uid, 3);
      await recount(store, id);
      await store.queueAct({ recipient: "restart@far.test" }, "delete", noon);
      assert.deepEqual(await store.verify(), []);
    });

    test("work that waits when the store closes is done or rejected, never forgotten", async (t) => {
      if (world.reopen === undefined) return t.diagnostic("nothing to reopen");
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const running = Promise.allSettled(Array.from({ length: 20 }, () => deliver(store, id, inbox)));
      store = await world.reopen();
      const kept = (await running).filter(({ status }) => status === "fulfilled").length;
      assert.ok((await rows(store, id, inbox)).length >= kept, "what was answered is there");
      await recount(store, id);
    });
  });
}
