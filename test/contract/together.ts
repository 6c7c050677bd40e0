/** Many at once: nothing lost, nothing twice, every number as a recount has it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Flag, type Store } from "../../server/store/store.ts";
import {
  all,
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

export function togetherContract(open: Open): void {
  describe("many at once", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const to = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

    test("100 deliveries to one mailbox have dense UIDs and ascending mod-sequences", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const placed = await Promise.all(to(100).map(() => deliver(store, id, inbox)));
      assert.deepEqual(
        placed.map(({ uid }) => uid).sort((a, b) => a - b),
        to(100),
      );
      const found = await rows(store, id, inbox);
      for (let i = 1; i < found.length; i++)
        assert.ok((found[i]?.modseq ?? 0) > (found[i - 1]?.modseq ?? 0), "modseq ascends with uid");
      assert.equal((await mailboxAt(store, id, "INBOX")).uidNext, 101);
      await recount(store, id);
    });

    test("messages to many accounts, named in any order, wait for each other and for nothing else", async () => {
      const people = await Promise.all(to(5).map(() => newAccount(store)));
      const done = await Promise.all(
        to(40).map((turn) =>
          store.accept({
            message: letter(),
            // Each turn names them in another order: a store that locks as told would lock itself up.
            placements: people.map((_, at) =>
              placement(people[(at * (1 + (turn % 4)) + turn) % 5]?.id ?? -1, { role: "inbox" }),
            ),
            journey: [],
          }),
        ),
      );
      assert.equal(done.flatMap(({ placed }) => placed).filter(({ kind }) => kind === "placed").length, 200);
      for (const { id } of people) {
        assert.equal((await mailboxAt(store, id, "INBOX")).messages, 40);
        await recount(store, id);
      }
    });

    test("one quota, many deliveries: not one byte over", async () => {
      const size = letter({ id: "q@q", subject: "Same" }).bytes.length;
      const { id } = await newAccount(store, size * 10);
      const inbox = await inboxOf(store, id);
      const done = await Promise.all(
        to(30).map((at) =>
          store.accept({
            message: letter({ id: "q@q", subject: "Same", body: `${at}`.padEnd(5, "x") }),
            placements: [placement(id, { id: inbox })],
            journey: [],
          }),
        ),
      );
      const kinds = done.map(({ placed }) => placed[0]?.kind);
      assert.ok(kinds.includes("placed") && kinds.includes("over-quota"));
      const [account] = await store.accounts({ id });
      assert.ok((account?.usedBytes ?? 0) <= size * 10);
      await recount(store, id);
    });

    test("the same folder made by many deliveries is one folder", async () => {
      const { id } = await newAccount(store);
      const done = await Promise.all(
        to(20).map(() =>
          store.accept({
            message: letter(),
            placements: [placement(id, { path: "Lists/New", create: true })],
            journey: [],
          }),
        ),
      );
      assert.equal(new Set(done.map(({ placed }) => (placed[0]?.kind === "placed" ? placed[0].mailbox : -1))).size, 1);
      assert.equal((await mailboxAt(store, id, "Lists/New")).messages, 20);
      const edits = await Promise.all(to(8).map(() => store.createMailbox(id, "Once")));
      assert.equal(edits.filter(({ kind }) => kind === "done").length, 1);
      await recount(store, id);
    });

    test("the same account made by many is one account", async () => {
      const wanted = { name: "once@contract.test", displayName: "", role: "user", quotaBytes: 0 } as const;
      const done = await Promise.all(to(6).map(() => store.createAccount(wanted, [], noon)));
      assert.equal(done.filter(({ kind }) => kind === "done").length, 1);
      assert.equal(done.filter(({ kind }) => kind === "exists").length, 5);
    });

    test("flags, copies, moves, expunges and deliveries at once", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const work = await made(store, id, "Work");
      await deliverMany(store, id, inbox, 60);
      const before = await snapshot(store, id, inbox);
      const results = await Promise.all(
        to(60).flatMap((uid) => [
          store.setFlags(id, inbox, { uids: only(uid), mode: "add", marks: marks(Flag.seen, `K${uid % 7}`) }),
          store.setFlags(id, inbox, { uids: all, mode: "add", marks: marks(uid % 2 ? Flag.flagged : Flag.answered) }),
          ...(uid % 3 === 0 ? [store.copy(id, inbox, only(uid), work)] : []),
          ...(uid % 5 === 0 ? [store.move(id, inbox, only(uid), work)] : []),
          ...(uid % 7 === 0 ? [store.expunge(id, inbox, only(uid), true)] : []),
          ...(uid % 11 === 0 ? [deliver(store, id, work)] : []),
        ]),
      );
      assert.equal(results.filter(({ kind }) => kind !== "done" && kind !== "placed").length, 0);
      const left = [...(await snapshot(store, id, inbox)).uids];
      assert.deepEqual(
        left,
        to(60).filter((uid) => uid % 5 !== 0 && uid % 7 !== 0),
      );
      for (const row of await rows(store, id, inbox)) {
        assert.equal(row.flags, Flag.seen | Flag.flagged | Flag.answered);
        assert.deepEqual(row.keywords, [`K${row.uid % 7}`]);
      }
      const told = expectKind(await store.changesSince(id, inbox, before.mailbox.highestModseq), "done");
      assert.deepEqual(
        told.vanished,
        to(60).filter((uid) => uid % 5 === 0 || uid % 7 === 0),
      );
      const workUids = [...(await snapshot(store, id, work)).uids];
      assert.deepEqual(workUids, to(workUids.length), "dense");
      await recount(store, id);
    });

    test("recent messages are one session's only", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await deliverMany(store, id, inbox, 3);
      const taken = await Promise.all(to(10).map(() => store.takeRecent(id, inbox)));
      assert.deepEqual(
        taken.sort((a, b) => a - b),
        [1, ...Array(9).fill(4)],
      );
    });

    test("readers see a mailbox before or after a change, never the middle of it", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const work = await made(store, id, "Work");
      await deliverMany(store, id, inbox, 40);
      let moving = true;
      const look = async () => {
        for (let turns = 0; moving || turns === 0; turns++) {
          const [a, b] = await Promise.all([store.mailboxes(id), snapshot(store, id, inbox)]);
          assert.equal(
            a.reduce((sum, { messages }) => sum + messages, 0),
            40,
          );
          assert.equal(b.uids.length, b.mailbox.messages);
        }
      };
      const looking = look();
      for (let low = 1; low <= 40; low += 5) expectKind(await store.move(id, inbox, [[low, low + 4]], work), "done");
      moving = false;
      await looking;
      await recount(store, id);
    });
  });
}
