/** Flags and keywords, conditional changes, expunging, and what a client that was away is told (CONDSTORE, QRESYNC). */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Flag, type FlagChange, type MailboxId, type Store } from "../../server/store/store.ts";
import {
  all,
  deliver,
  deliverMany,
  expectKind,
  inboxOf,
  made,
  mailboxAt,
  marks,
  newAccount,
  type Open,
  type Opened,
  only,
  recount,
  rows,
  snapshot,
} from "./world.ts";

export function flagsContract(open: Open): void {
  describe("flags", () => {
    let world: Opened;
    let store: Store;
    let id: number;
    let inbox: MailboxId;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const fresh = async (count: number) => {
      id = (await newAccount(store)).id;
      inbox = await inboxOf(store, id);
      await deliverMany(store, id, inbox, count);
    };
    const change = async (given: FlagChange) => expectKind(await store.setFlags(id, inbox, given), "done");
    const marksOf = async () =>
      (await rows(store, id, inbox)).map((row) => [row.uid, row.flags, [...row.keywords].sort()]);
    const highest = async () => (await mailboxAt(store, id, "INBOX")).highestModseq;

    test("add, remove and replace", async () => {
      await fresh(3);
      const added = await change({ uids: [[1, 2]], mode: "add", marks: marks(Flag.seen | Flag.flagged, "A", "B") });
      assert.deepEqual(
        added.changed.map(({ uid, flags, keywords }) => [uid, flags, [...keywords].sort()]),
        [
          [1, Flag.seen | Flag.flagged, ["A", "B"]],
          [2, Flag.seen | Flag.flagged, ["A", "B"]],
        ],
      );
      assert.deepEqual(added.modified, []);
      await change({ uids: only(2), mode: "remove", marks: marks(Flag.seen, "A") });
      await change({ uids: only(1, 3), mode: "replace", marks: marks(Flag.draft, "C") });
      assert.deepEqual(await marksOf(), [
        [1, Flag.draft, ["C"]],
        [2, Flag.flagged, ["B"]],
        [3, Flag.draft, ["C"]],
      ]);
      await change({ uids: all, mode: "replace", marks: marks(0) });
      assert.deepEqual(await marksOf(), [
        [1, 0, []],
        [2, 0, []],
        [3, 0, []],
      ]);
      await recount(store, id);
    });

    test("each change has a greater mod-sequence, and rows, mailbox and answer agree on it", async () => {
      await fresh(4);
      let last = await highest();
      for (const [at, flag] of [Flag.seen, Flag.answered, Flag.flagged, Flag.draft].entries()) {
        const done = await change({ uids: only(1, at + 1), mode: "add", marks: marks(flag) });
        assert.ok(done.modseq > last, "grows");
        const found = await rows(store, id, inbox);
        for (const { uid, modseq } of done.changed)
          if (uid === at + 1) {
            assert.equal(found.find((row) => row.uid === uid)?.modseq, modseq);
            assert.ok(modseq > last);
          }
        assert.equal(await highest(), Math.max(...found.map((row) => row.modseq)));
        last = done.modseq;
      }
      assert.ok((await deliver(store, id, inbox)).modseq > last);
    });

    test("UIDs that are not there are passed over", async () => {
      await fresh(2);
      const done = await change({ uids: only(2, 77), mode: "add", marks: marks(Flag.seen) });
      assert.deepEqual(
        done.changed.map(({ uid }) => uid),
        [2],
      );
      assert.deepEqual((await change({ uids: [], mode: "add", marks: marks(Flag.seen) })).changed, []);
      assert.deepEqual(await store.setFlags(id, 987654, { uids: all, mode: "add", marks: marks(1) }), {
        kind: "no-mailbox",
      });
    });

    test("what is so already does not get a new mod-sequence", async () => {
      await fresh(2);
      await change({ uids: all, mode: "add", marks: marks(Flag.seen, "Kept") });
      const was = await rows(store, id, inbox);
      await change({ uids: all, mode: "add", marks: marks(Flag.seen, "kept") });
      await change({ uids: all, mode: "remove", marks: marks(Flag.flagged, "Other") });
      await change({ uids: all, mode: "replace", marks: marks(Flag.seen, "KEPT") });
      assert.deepEqual(await rows(store, id, inbox), was);
    });

    test("keywords keep the case they first came in and compare without it", async () => {
      await fresh(2);
      await change({ uids: only(1), mode: "add", marks: marks(0, "$Forwarded") });
      await change({ uids: all, mode: "add", marks: marks(0, "$FORWARDED", "$forwarded") });
      assert.deepEqual(await marksOf(), [
        [1, 0, ["$Forwarded"]],
        [2, 0, ["$Forwarded"]],
      ]);
      assert.deepEqual((await snapshot(store, id, inbox)).keywords, ["$Forwarded"]);
      assert.deepEqual((await store.search(id, inbox, { kind: "keyword", keyword: "$forWarded" })).uids, [1, 2]);
      await change({ uids: only(1), mode: "remove", marks: marks(0, "$forwarded") });
      assert.deepEqual(await marksOf(), [
        [1, 0, []],
        [2, 0, ["$Forwarded"]],
      ]);
    });

    test("keywords have an end, and too many change nothing", async () => {
      await fresh(2);
      const words = (from: number, count: number) => Array.from({ length: count }, (_, at) => `word-${from + at}`);
      await change({ uids: only(1), mode: "add", marks: marks(0, ...words(0, 50)) });
      let refused = false;
      for (let i = 1; i < 40 && !refused; i++) {
        const done = await store.setFlags(id, inbox, {
          uids: only(2),
          mode: "add",
          marks: marks(0, ...words(i * 50, 50)),
        });
        refused = done.kind === "too-many-keywords";
      }
      assert.ok(refused, "a mailbox cannot grow keywords without end");
      const [first, second] = await rows(store, id, inbox);
      assert.equal(first?.keywords.length, 50);
      assert.equal((second?.keywords.length ?? 0) % 50, 0);
      // Those that no message has any more make room.
      await change({ uids: only(2), mode: "replace", marks: marks(0) });
      await change({ uids: only(2), mode: "add", marks: marks(0, ...words(9000, 50)) });
    });

    test("a copy that brings other case along is compared without it", async () => {
      await fresh(2);
      const other = await made(store, id, "Other");
      await deliverMany(store, id, other, 1);
      await store.setFlags(id, other, { uids: only(1), mode: "add", marks: marks(0, "ALPHA") });
      await change({ uids: only(1), mode: "add", marks: marks(0, "alpha") });
      expectKind(await store.copy(id, inbox, only(1), other), "done");
      const there = async () => (await rows(store, id, other)).map(({ keywords }) => keywords.length);
      assert.deepEqual(await there(), [1, 1]);
      await store.setFlags(id, other, { uids: all, mode: "add", marks: marks(0, "Alpha") });
      assert.deepEqual(await there(), [1, 1]);
      await store.setFlags(id, other, { uids: all, mode: "remove", marks: marks(0, "Alpha") });
      assert.deepEqual(await there(), [0, 0]);
    });

    test("unchangedSince leaves alone what has changed since (RFC 7162 §3.1.3)", async () => {
      await fresh(3);
      const since = await highest();
      const second = await change({ uids: only(2), mode: "add", marks: marks(Flag.flagged) });
      const done = await change({ uids: all, mode: "add", marks: marks(Flag.seen), unchangedSince: since });
      assert.deepEqual(done.modified, [2]);
      assert.deepEqual(
        done.changed.map(({ uid }) => uid),
        [1, 3],
      );
      const again = await change({
        uids: only(2),
        mode: "add",
        marks: marks(Flag.seen),
        unchangedSince: second.modseq,
      });
      assert.deepEqual(again.modified, []);
      const none = await change({ uids: all, mode: "remove", marks: marks(Flag.seen), unchangedSince: 0 });
      assert.deepEqual(none.modified, [1, 2, 3]);
      assert.deepEqual(none.changed, []);
      await recount(store, id);
    });

    test("expunge takes what is \\Deleted, or exactly what it is told by force", async () => {
      await fresh(6);
      await change({ uids: only(2, 4, 6), mode: "add", marks: marks(Flag.deleted) });
      assert.deepEqual(expectKind(await store.expunge(id, inbox, [[1, 4]]), "done").uids, [2, 4]);
      assert.deepEqual(expectKind(await store.expunge(id, inbox, only(1, 99), true), "done").uids, [1]);
      const rest = expectKind(await store.expunge(id, inbox, undefined), "done");
      assert.deepEqual(rest.uids, [6]);
      assert.deepEqual(expectKind(await store.expunge(id, inbox, undefined), "done").uids, []);
      assert.deepEqual([...(await snapshot(store, id, inbox)).uids], [3, 5]);
      assert.ok((await highest()) >= rest.modseq, "the mailbox knows that something happened");
      assert.deepEqual(await store.expunge(id, 987654, undefined), { kind: "no-mailbox" });
      assert.equal((await deliver(store, id, inbox)).uid, 7, "a UID is never used again");
      await recount(store, id);
    });

    test("a client that was away hears of marks, new messages and tombstones", async () => {
      await fresh(5);
      const since = await highest();
      assert.deepEqual(expectKind(await store.changesSince(id, inbox, since), "done").changed, []);
      await change({ uids: only(4), mode: "add", marks: marks(Flag.seen, "Word") });
      await store.expunge(id, inbox, only(1, 3), true);
      await deliver(store, id, inbox);
      const told = expectKind(await store.changesSince(id, inbox, since), "done");
      assert.deepEqual(
        told.changed.map(({ uid, flags, keywords }) => [uid, flags, keywords]),
        [
          [4, Flag.seen, ["Word"]],
          [6, 0, []],
        ],
      );
      assert.deepEqual(told.vanished, [1, 3]);
      assert.equal(told.uidNext, 7);
      assert.equal(told.highestModseq, await highest());
      for (const { modseq } of told.changed) assert.ok(modseq > since);
      const nothing = expectKind(await store.changesSince(id, inbox, told.highestModseq), "done");
      assert.deepEqual([nothing.changed, nothing.vanished], [[], []]);
      const everything = expectKind(await store.changesSince(id, inbox, 0), "done");
      assert.deepEqual(
        everything.changed.map(({ uid }) => uid),
        [2, 4, 5, 6],
      );
      assert.deepEqual(everything.vanished, [1, 3]);
    });

    test("what comes and goes while a client is away is only gone", async () => {
      await fresh(1);
      const since = await highest();
      await deliver(store, id, inbox);
      await store.expunge(id, inbox, only(2), true);
      const told = expectKind(await store.changesSince(id, inbox, since), "done");
      assert.deepEqual(told.changed, []);
      assert.deepEqual(told.vanished, [2]);
    });
  });
}
