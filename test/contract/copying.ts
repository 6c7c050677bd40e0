/** Copy and move: what a message takes with it, and what it leaves behind. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Flag, type MailboxId, type Store } from "../../server/store/store.ts";
import {
  deliver,
  deliverMany,
  expectKind,
  inboxOf,
  letter,
  made,
  mailboxAt,
  marks,
  newAccount,
  noon,
  type Open,
  type Opened,
  only,
  placement,
  recount,
  rows,
  snapshot,
} from "./world.ts";

export function copyingContract(open: Open): void {
  describe("copy and move", () => {
    let world: Opened;
    let store: Store;
    let id: number;
    let inbox: MailboxId;
    let work: MailboxId;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const fresh = async (count: number, quotaBytes = 0) => {
      id = (await newAccount(store, quotaBytes)).id;
      inbox = await inboxOf(store, id);
      work = await made(store, id, "Work");
      await deliverMany(store, id, inbox, count);
    };

    test("a copy has everything of the original but its UID, mod-sequence and save date", async () => {
      await fresh(0);
      await deliver(store, id, inbox, { marks: marks(Flag.seen | Flag.flagged, "$Label"), receivedAt: noon - 5000 });
      await deliver(store, id, inbox);
      const done = expectKind(await store.copy(id, inbox, only(1, 9), work), "done");
      assert.deepEqual([done.from, done.to], [[1], [1]]);
      assert.equal(done.uidValidity, (await mailboxAt(store, id, "Work")).uidValidity);
      const [original] = await rows(store, id, inbox);
      const [copy] = await rows(store, id, work);
      const same = ({ uid: _, modseq: __, savedAt: ___, ...rest }: NonNullable<typeof copy>) => rest;
      assert.ok(original && copy);
      assert.deepEqual(same(copy), same(original));
      assert.ok(copy.modseq > original.modseq);
      assert.equal(copy.modseq, done.modseq);
      assert.equal((await snapshot(store, id, inbox)).mailbox.messages, 2);
      assert.deepEqual((await snapshot(store, id, work)).keywords, ["$Label"]);
      await recount(store, id);
    });

    test("copies pair up in order, on top of what is there, and into the same mailbox", async () => {
      await fresh(5);
      await deliverMany(store, id, work, 2);
      const done = expectKind(
        await store.copy(
          id,
          inbox,
          [
            [2, 3],
            [5, 9],
          ],
          work,
        ),
        "done",
      );
      assert.deepEqual(done.from, [2, 3, 5]);
      assert.deepEqual(done.to, [3, 4, 5]);
      const same = expectKind(await store.copy(id, inbox, only(1, 2), inbox), "done");
      assert.deepEqual(same.to, [6, 7]);
      const none = expectKind(await store.copy(id, inbox, only(77), work), "done");
      assert.deepEqual([none.from, none.to], [[], []]);
      assert.deepEqual(await store.copy(id, inbox, only(1), 987654), { kind: "no-target" });
      assert.deepEqual(await store.copy(id, 987654, only(1), inbox), { kind: "no-mailbox" });
      await recount(store, id);
    });

    test("a copy costs quota, a move does not", async () => {
      const size = letter({ subject: "Letter 10000" }).bytes.length;
      await fresh(4, size * 5);
      assert.deepEqual(await store.copy(id, inbox, [[1, 4]], work), { kind: "over-quota" });
      assert.deepEqual([...(await snapshot(store, id, work)).uids], [], "none of them");
      expectKind(await store.move(id, inbox, [[1, 4]], work), "done");
      await recount(store, id);
    });

    test("a message is replaced whole or not at all", async () => {
      const size = letter({ subject: "Letter 10000" }).bytes.length;
      await fresh(3, size * 4);
      const message = { ...letter({ subject: "Letter 20000" }), marks: marks(Flag.draft), receivedAt: noon };
      const done = expectKind(await store.replaceMessage(id, work, message, { mailbox: inbox, uid: 2 }), "done");
      assert.equal(done.uid, 1);
      assert.deepEqual([...(await snapshot(store, id, inbox)).uids], [1, 3]);
      assert.deepEqual([...(await snapshot(store, id, work)).uids], [1]);
      assert.equal(done.modseq, (await mailboxAt(store, id, "INBOX")).highestModseq);
      const same = expectKind(await store.replaceMessage(id, inbox, message, { mailbox: inbox, uid: 3 }), "done");
      assert.equal(same.uid, 4);
      assert.deepEqual([...(await snapshot(store, id, inbox)).uids], [1, 4]);
      await recount(store, id);
      for (const [mailbox, old, kind] of [
        [work, { mailbox: inbox, uid: 2 }, "no-message"],
        [work, { mailbox: 987654, uid: 1 }, "no-mailbox"],
        [987654, { mailbox: inbox, uid: 1 }, "no-mailbox"],
      ] as const)
        assert.equal((await store.replaceMessage(id, mailbox, message, old)).kind, kind);
      const large = { ...letter({ subject: "x".repeat(size * 3) }), marks: marks(0), receivedAt: noon };
      assert.equal((await store.replaceMessage(id, work, large, { mailbox: inbox, uid: 1 })).kind, "over-quota");
      assert.deepEqual([...(await snapshot(store, id, inbox)).uids], [1, 4]);
      await recount(store, id);
    });

    test("a move leaves tombstones and keeps the email", async () => {
      await fresh(4);
      await store.setFlags(id, inbox, { uids: only(3), mode: "add", marks: marks(Flag.deleted, "Word") });
      const since = (await mailboxAt(store, id, "INBOX")).highestModseq;
      const before = await rows(store, id, inbox);
      const done = expectKind(await store.move(id, inbox, only(1, 3), work), "done");
      assert.deepEqual(
        [done.from, done.to],
        [
          [1, 3],
          [1, 2],
        ],
      );
      const after = await rows(store, id, work);
      for (const [at, uid] of [1, 3].entries()) {
        const was = before.find((row) => row.uid === uid);
        assert.equal(after[at]?.email, was?.email);
        assert.equal(after[at]?.content, was?.content);
        assert.equal(after[at]?.receivedAt, was?.receivedAt);
        assert.deepEqual([after[at]?.flags, after[at]?.keywords], [was?.flags, was?.keywords]);
      }
      assert.deepEqual([...(await snapshot(store, id, inbox)).uids], [2, 4]);
      const told = expectKind(await store.changesSince(id, inbox, since), "done");
      assert.deepEqual([told.changed, told.vanished], [[], [1, 3]]);
      assert.deepEqual(await store.move(id, inbox, only(2), 987654), { kind: "no-target" });
      assert.deepEqual(await store.move(id, 987654, only(2), work), { kind: "no-mailbox" });
      assert.deepEqual([...(await snapshot(store, id, inbox)).uids], [2, 4]);
      await recount(store, id);
    });

    test("a move within one mailbox gives new UIDs and loses nothing", async () => {
      await fresh(3);
      const done = expectKind(await store.move(id, inbox, only(1), inbox), "done");
      const { uids } = await snapshot(store, id, inbox);
      assert.equal(uids.length, 3);
      if (done.from.length > 0) assert.deepEqual([done.from, done.to, [...uids]], [[1], [4], [2, 3, 4]]);
      await recount(store, id);
    });

    test("bytes live as long as one copy does", async () => {
      await fresh(0);
      const done = await store.accept({
        message: letter(),
        placements: [placement(id, { id: inbox }), placement(id, { id: work })],
        journey: [],
      });
      await store.expunge(id, inbox, only(1), true);
      await store.tidy(Date.now() + 10 * 86_400_000);
      const fetched = await store.fetch(id, work, only(1), ["bytes"]);
      assert.ok((fetched.rows[0]?.bytes?.length ?? 0) > 0);
      assert.ok(await store.content(done.content));
    });
  });
}
