/** Taking responsibility for a message: where it goes, what it costs, and all or nothing. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Flag, type JourneyEntry, type Store } from "../../server/store/store.ts";
import {
  deliver,
  expectKind,
  inboxOf,
  letter,
  made,
  mailboxAt,
  marks,
  newAccount,
  newQueued,
  noon,
  type Open,
  type Opened,
  only,
  placedOf,
  placement,
  recount,
  rows,
  unmarked,
} from "./world.ts";

const accepted = (at: number, ...keys: string[]): JourneyEntry => ({
  at,
  stage: "accepted",
  trace: undefined,
  keys,
  detail: { from: "203.0.113.9" },
});

export function acceptContract(open: Open): void {
  describe("accept", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("the bytes come back exactly, whatever they are", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      for (const body of [
        Buffer.alloc(0),
        every,
        Buffer.alloc(300_000, "compressible "),
        Buffer.concat(Array(900).fill(every)),
      ]) {
        const plain = letter();
        const bytes = Buffer.concat([plain.bytes, body]);
        const done = await store.accept({
          message: { ...plain, bytes },
          placements: [placement(id, { id: inbox })],
          journey: [],
        });
        const { uid } = placedOf(done.placed[0]);
        const fetched = await store.fetch(id, inbox, only(uid), ["bytes", "header"]);
        assert.equal(fetched.rows.length, 1);
        assert.deepEqual(Buffer.from(fetched.rows[0]?.bytes ?? []), bytes);
        assert.deepEqual(Buffer.from(fetched.rows[0]?.header ?? []), bytes.subarray(0, plain.facts.headerBytes));
        assert.equal(fetched.rows[0]?.sizeBytes, bytes.length);
        assert.deepEqual(Buffer.from((await store.content(done.content)) ?? []), bytes);
      }
      assert.equal(await store.content(987654321), undefined);
      await recount(store, id);
    });

    test("a message without any byte is kept too", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const plain = letter();
      const empty = { bytes: Buffer.alloc(0), facts: { ...plain.facts, headerBytes: 0, messageId: undefined } };
      const done = await store.accept({ message: empty, placements: [placement(id, { id: inbox })], journey: [] });
      const { uid } = placedOf(done.placed[0]);
      const fetched = await store.fetch(id, inbox, only(uid), ["bytes", "header"]);
      assert.equal(fetched.rows[0]?.bytes?.length, 0);
      assert.equal(fetched.rows[0]?.header?.length, 0);
      await recount(store, id);
    });

    test("one message for many: its bytes are kept once, its marks are each one's own", async () => {
      const people = [await newAccount(store), await newAccount(store), await newAccount(store)];
      const done = await store.accept({
        message: letter({ subject: "To all" }),
        placements: people.map(({ id }, at) =>
          placement(id, { role: "inbox" }, { marks: marks(at === 1 ? Flag.flagged : 0), receivedAt: noon + at }),
        ),
        journey: [],
      });
      assert.deepEqual(
        done.placed.map((placed) => placed.account),
        people.map(({ id }) => id),
      );
      for (const [at, { id }] of people.entries()) {
        const placed = placedOf(done.placed[at]);
        const inbox = await mailboxAt(store, id, "INBOX");
        assert.equal(placed.mailbox, inbox.id);
        assert.equal(placed.uidValidity, inbox.uidValidity);
        assert.equal(placed.uid, 1);
        const [row] = await rows(store, id, inbox.id);
        assert.equal(row?.content, done.content);
        assert.equal(row?.flags, at === 1 ? Flag.flagged : 0);
        assert.equal(row?.receivedAt, noon + at);
        assert.equal(row?.modseq, placed.modseq);
        assert.equal(row?.email, placed.email);
        assert.equal(row?.thread, placed.thread);
        await recount(store, id);
      }
    });

    test("one message in two mailboxes of one account is one email", async () => {
      const { id } = await newAccount(store);
      const work = await made(store, id, "Work");
      const done = await store.accept({
        message: letter(),
        placements: [placement(id, { role: "inbox" }), placement(id, { id: work })],
        journey: [],
      });
      const [first, second] = done.placed.map(placedOf);
      assert.notEqual(first?.mailbox, second?.mailbox);
      assert.equal(first?.email, second?.email);
      assert.equal(first?.thread, second?.thread);
      await recount(store, id);
    });

    test("a target is found by id, by role, and by path", async () => {
      const { id } = await newAccount(store);
      const junk = (await store.mailboxes(id)).find((mailbox) => mailbox.role === "junk");
      const junkId = junk?.id ?? expectKind(await store.createMailbox(id, "Spam", "junk"), "done").mailbox.id;
      const done = await store.accept({
        message: letter(),
        placements: [
          placement(id, { path: "inbox", create: false }),
          placement(id, { path: "Lists/Node/Core", create: true }),
          placement(id, { path: "Lists/Missing", create: false }),
          placement(id, { role: "junk" }),
          placement(id, { id: 987654 }),
        ],
        journey: [],
      });
      const [inbox, list, missing, spam, gone] = done.placed;
      assert.equal(placedOf(inbox).mailbox, await inboxOf(store, id));
      assert.equal(placedOf(list).mailbox, (await mailboxAt(store, id, "Lists/Node/Core")).id);
      assert.equal((await mailboxAt(store, id, "Lists")).messages, 0, "the parent was made too");
      assert.deepEqual(missing, { kind: "no-mailbox", account: id });
      assert.equal(placedOf(spam).mailbox, junkId);
      assert.deepEqual(gone, { kind: "no-mailbox", account: id });
      await recount(store, id);
    });

    test("a mailbox that is made for a special use has it, where no other has", async () => {
      const { id } = await newAccount(store);
      expectKind(await store.createMailbox(id, "Starred", "flagged"), "done");
      const [weighty, other] = (
        await store.accept({
          message: letter(),
          placements: [
            placement(id, { path: "Made/Weighty", create: true, specialUse: "important" }),
            placement(id, { path: "Made/Other", create: true, specialUse: "flagged" }),
          ],
          journey: [],
        })
      ).placed;
      const roleOf = async (path: string) => (await mailboxAt(store, id, path)).role;
      assert.equal(placedOf(weighty).mailbox, (await mailboxAt(store, id, "Made/Weighty")).id);
      assert.equal(placedOf(other).mailbox, (await mailboxAt(store, id, "Made/Other")).id);
      assert.deepEqual(
        [await roleOf("Made/Weighty"), await roleOf("Made/Other"), await roleOf("Made"), await roleOf("Starred")],
        ["important", undefined, undefined, "flagged"],
      );
    });

    test("another account's mailbox is no target", async () => {
      const ours = await newAccount(store);
      const theirs = await newAccount(store);
      const done = await store.accept({
        message: letter(),
        placements: [placement(ours.id, { id: await made(store, theirs.id, "Theirs") })],
        journey: [],
      });
      assert.deepEqual(done.placed, [{ kind: "no-mailbox", account: ours.id }]);
      assert.equal((await mailboxAt(store, theirs.id, "Theirs")).messages, 0);
    });

    test("each placement answers for itself: over quota, nobody, and the rest is placed", async () => {
      const roomy = await newAccount(store);
      const tight = await newAccount(store, 10);
      const done = await store.accept({
        message: letter(),
        placements: [
          placement(tight.id, { role: "inbox" }),
          placement(987654, { role: "inbox" }),
          placement(roomy.id, { role: "inbox" }),
          placement(tight.id, { role: "inbox" }, { overQuota: true }),
        ],
        journey: [],
      });
      assert.deepEqual(done.placed[0], { kind: "over-quota", account: tight.id });
      assert.deepEqual(done.placed[1], { kind: "no-account", account: 987654 });
      placedOf(done.placed[2]);
      placedOf(done.placed[3]);
      await recount(store, tight.id);
      await recount(store, roomy.id);
    });

    test("nothing is told as delivered to somebody who had no room", async () => {
      const roomy = await newAccount(store);
      const tight = await newAccount(store, 10);
      const delivered = (recipient: string) =>
        ({
          at: noon,
          type: "delivered",
          tenant: "left-out",
          stream: "x",
          campaign: "",
          recipient,
          detail: {},
        }) as const;
      const done = await store.accept({
        message: letter(),
        placements: [placement(roomy.id, { role: "inbox" }), placement(tight.id, { role: "inbox" })],
        events: ["roomy@x.test", "tight@x.test", "both@x.test", "far@y.test"].map((recipient) => ({
          ...delivered(recipient),
          message: "left-out",
        })),
        here: [
          ["roomy@x.test", [roomy.id]],
          ["tight@x.test", [tight.id]],
          ["both@x.test", [tight.id, roomy.id]],
        ],
        journey: [
          accepted(noon, "left-out@contract.test"),
          { ...accepted(noon), stage: "filed", keys: [], detail: { accounts: [roomy.id, tight.id], into: "inbox" } },
        ],
      });
      assert.equal(done.placed[1]?.kind, "over-quota");
      const told = await store.trace("left-out@contract.test", 10);
      assert.deepEqual(
        told.map(({ stage }) => stage),
        ["accepted", "filed"],
      );
      assert.deepEqual(told[1]?.detail, { accounts: [roomy.id], into: "inbox" });
      assert.deepEqual(
        (await store.sendingEvents({ tenant: "left-out" })).map(({ recipient }) => recipient),
        ["roomy@x.test", "both@x.test", "far@y.test"],
      );
    });

    test("the quota counts what is kept, and frees what is expunged", async () => {
      const size = letter({ id: "quota-0@contract.test", subject: "Same" }).bytes.length + 20;
      const { id } = await newAccount(store, 3 * size);
      const inbox = await inboxOf(store, id);
      const push = () =>
        store.accept({
          message: {
            ...letter(),
            bytes: Buffer.alloc(size, "x"),
            facts: { ...letter().facts, headerBytes: 1 },
          },
          placements: [placement(id, { id: inbox })],
          journey: [],
        });
      for (let i = 0; i < 3; i++) placedOf((await push()).placed[0]);
      assert.equal((await push()).placed[0]?.kind, "over-quota");
      expectKind(await store.expunge(id, inbox, only(2), true), "done");
      placedOf((await push()).placed[0]);
      assert.equal((await push()).placed[0]?.kind, "over-quota");
      await recount(store, id);
    });

    test("what nobody could take leaves no content behind that is named", async () => {
      const tight = await newAccount(store, 1);
      const done = await store.accept({
        message: letter(),
        placements: [placement(tight.id, { role: "inbox" })],
        journey: [],
      });
      assert.equal(done.placed[0]?.kind, "over-quota");
      assert.equal(done.queued, undefined);
    });

    test("filed and queued at once, with its journey", async () => {
      const { id } = await newAccount(store);
      const done = await store.accept({
        message: letter({ id: "both@contract.test" }),
        placements: [placement(id, { role: "inbox" })],
        queue: newQueued({ to: ["Bob@far.test", "eve@other.test"], envid: "E1", ret: "hdrs", account: id }),
        journey: [accepted(noon, "Both@Contract.test", "Bob@far.test")],
      });
      placedOf(done.placed[0]);
      const queued = done.queued;
      assert.ok(queued);
      assert.match(queued.id, /^q[a-z0-9]+$/);
      assert.equal(queued.content, done.content);
      assert.equal(queued.envid, "E1");
      assert.equal(queued.ret, "hdrs");
      assert.equal(queued.account, id);
      assert.deepEqual(
        queued.recipients.map(({ address, domain, state, attempts }) => [address, domain, state, attempts]),
        [
          ["Bob@far.test", "far.test", "scheduled", 0],
          ["eve@other.test", "other.test", "scheduled", 0],
        ],
      );
      const told = await store.trace("both@contract.test", 10);
      assert.equal(told.length, 1);
      assert.equal(told[0]?.trace, queued.id, "the queue id joins the entries");
      assert.deepEqual(told[0]?.detail, { from: "203.0.113.9" });
      assert.deepEqual(await store.queueList({ id: queued.id }), [queued]);
    });

    test("the journey of a message that is only filed has its content as trace", async () => {
      const { id } = await newAccount(store);
      const done = await store.accept({
        message: letter(),
        placements: [placement(id, { role: "inbox" })],
        journey: [accepted(noon, "only-filed@contract.test")],
      });
      const [entry] = await store.trace("only-filed@contract.test", 10);
      assert.equal(entry?.trace, `m${done.content}`);
    });

    test("one that breaks changes nothing, and its neighbours are not hurt", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const before = await store.queueCount();
      const cyclic: { self?: unknown } = {};
      cyclic.self = cyclic;
      const broken = store.accept({
        message: letter({ id: "broken@contract.test" }),
        placements: [placement(id, { id: inbox })],
        queue: newQueued(),
        // No JSON can hold this: the last thing that is written fails.
        journey: [{ ...accepted(noon, "broken@contract.test"), detail: { cyclic } }],
      });
      const good = Array.from({ length: 5 }, () => deliver(store, id, inbox));
      await assert.rejects(broken);
      const placed = await Promise.all(good);
      assert.deepEqual(placed.map(({ uid }) => uid).sort(), [1, 2, 3, 4, 5]);
      assert.equal(await store.queueCount(), before);
      assert.deepEqual(await store.trace("broken@contract.test", 10), []);
      await recount(store, id);
    });

    test("append: several at once, in order, all or none", async () => {
      const size = letter({ subject: "Measure" }).bytes.length;
      const { id } = await newAccount(store, size * 10);
      const inbox = await inboxOf(store, id);
      const three = Array.from({ length: 3 }, (_, at) => ({
        ...letter(),
        marks: marks(at === 0 ? Flag.seen | Flag.deleted : 0, "Custom"),
        receivedAt: noon - at,
      }));
      const done = expectKind(await store.append(id, inbox, three), "done");
      assert.deepEqual(done.uids, [1, 2, 3]);
      assert.equal(new Set(done.emails).size, 3);
      const found = await rows(store, id, inbox);
      assert.deepEqual(
        found.map(({ uid, flags, keywords, receivedAt }) => [uid, flags, keywords, receivedAt]),
        [
          [1, Flag.seen | Flag.deleted, ["Custom"], noon],
          [2, 0, ["Custom"], noon - 1],
          [3, 0, ["Custom"], noon - 2],
        ],
      );
      assert.equal(done.uidValidity, (await mailboxAt(store, id, "INBOX")).uidValidity);
      const nine = Array.from({ length: 9 }, () => ({ ...letter(), marks: unmarked, receivedAt: noon }));
      assert.deepEqual(await store.append(id, inbox, nine), { kind: "over-quota" });
      assert.deepEqual(await store.append(id, 987654, three), { kind: "no-mailbox" });
      for (const path of ["Nowhere", "INBOX/Nowhere", "", "/", "INBOX\u0000"])
        assert.deepEqual(await store.append(id, path, three), { kind: "no-mailbox" });
      assert.equal((await mailboxAt(store, id, "INBOX")).messages, 3);
      const byPath = expectKind(await store.append(id, "Inbox", three), "done");
      assert.deepEqual([byPath.mailbox, byPath.uids], [inbox, [4, 5, 6]]);
      expectKind(await store.createMailbox(id, "Deep/Below", undefined), "done");
      const deep = expectKind(await store.append(id, "Deep/Below", three), "done");
      assert.equal(deep.mailbox, (await mailboxAt(store, id, "Deep/Below")).id);
      await recount(store, id);
    });
  });
}
