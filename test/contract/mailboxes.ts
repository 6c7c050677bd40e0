/** Mailboxes: making, renaming, deleting, subscribing, roles, and what a session sees when it opens one. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type AccountId, Flag, type Store } from "../../server/store/store.ts";
import {
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

export function mailboxesContract(open: Open): void {
  describe("mailboxes", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const paths = async (account: AccountId) => (await store.mailboxes(account)).map(({ path }) => path).sort();

    test("create makes missing parents and answers what is wrong", async () => {
      const { id } = await newAccount(store);
      const before = await paths(id);
      const leaf = expectKind(await store.createMailbox(id, "Work/2026/Plans"), "done").mailbox;
      assert.equal(leaf.path, "Work/2026/Plans");
      assert.equal(leaf.name, "Plans");
      assert.deepEqual([leaf.uidNext, leaf.messages, leaf.unseen, leaf.deleted, leaf.sizeBytes], [1, 0, 0, 0, 0]);
      assert.equal(leaf.parent, (await mailboxAt(store, id, "Work/2026")).id);
      assert.deepEqual(await paths(id), [...before, "Work", "Work/2026", "Work/2026/Plans"].sort());
      expectKind(await store.createMailbox(id, "Work"), "exists");
      expectKind(await store.createMailbox(id, "inbox"), "exists");
      for (const bad of ["", "/", "a//b", "/a", "a/", "a\u0000b", "a\nb", "x".repeat(5000)])
        expectKind(await store.createMailbox(id, bad), "bad-name");
      assert.deepEqual(await paths(id), [...before, "Work", "Work/2026", "Work/2026/Plans"].sort());
    });

    test("names are NFC, and only INBOX disregards case", async () => {
      const { id } = await newAccount(store);
      const cafe = expectKind(await store.createMailbox(id, "Cafe\u0301"), "done").mailbox;
      assert.equal(cafe.path, "Caf\u00e9");
      expectKind(await store.createMailbox(id, "Caf\u00e9"), "exists");
      await made(store, id, "Case");
      await made(store, id, "case");
      const child = expectKind(await store.createMailbox(id, "InBoX/Lists"), "done").mailbox;
      assert.equal(child.path, "INBOX/Lists");
      await made(store, id, "Lists/inbox");
    });

    test("a role belongs to one mailbox", async () => {
      const { id } = await newAccount(store);
      const had = (await store.mailboxes(id)).find((mailbox) => mailbox.role === "archive");
      if (had === undefined)
        assert.equal(expectKind(await store.createMailbox(id, "Old", "archive"), "done").mailbox.role, "archive");
      expectKind(await store.createMailbox(id, "Older", "archive"), "role-taken");
      assert.equal((await store.mailboxes(id)).filter((mailbox) => mailbox.role === "archive").length, 1);
      assert.ok(!(await paths(id)).includes("Older"));
    });

    test("rename moves a mailbox with its children, makes parents, and keeps UIDs", async () => {
      const { id } = await newAccount(store);
      const work = await made(store, id, "Work");
      const plans = await made(store, id, "Work/Plans");
      await deliverMany(store, id, plans, 3);
      const was = await mailboxAt(store, id, "Work/Plans");
      const renamed = expectKind(await store.renameMailbox(id, work, "Old/Jobs"), "done").mailbox;
      assert.equal(renamed.id, work);
      assert.equal(renamed.path, "Old/Jobs");
      const now = await mailboxAt(store, id, "Old/Jobs/Plans");
      assert.equal(now.id, plans);
      assert.equal(now.uidValidity, was.uidValidity);
      assert.equal(now.uidNext, 4);
      assert.equal(now.messages, 3);
      const after = await paths(id);
      assert.ok(after.includes("Old") && !after.includes("Work") && !after.includes("Work/Plans"));
      expectKind(await store.renameMailbox(id, work, "INBOX"), "exists");
      expectKind(await store.renameMailbox(id, work, "Old"), "exists");
      assert.notEqual((await store.renameMailbox(id, work, "Old/Jobs/Below/Itself")).kind, "done");
      expectKind(await store.renameMailbox(id, work, "a//b"), "bad-name");
      expectKind(await store.renameMailbox(id, 987654, "New"), "no-mailbox");
      assert.deepEqual(await paths(id), after);
      const top = expectKind(await store.renameMailbox(id, plans, "Plans"), "done").mailbox;
      assert.equal(top.parent, undefined);
      await recount(store, id);
    });

    test("renaming INBOX moves its mail away and leaves INBOX and its children", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await made(store, id, "INBOX/Lists");
      await deliverMany(store, id, inbox, 3);
      await store.setFlags(id, inbox, { uids: only(2), mode: "add", marks: marks(Flag.seen, "Kept") });
      const moved = expectKind(await store.renameMailbox(id, inbox, "Old mail"), "done").mailbox;
      const opened = await snapshot(store, id, (await mailboxAt(store, id, "Old mail")).id);
      assert.equal(opened.mailbox.messages, 3);
      assert.deepEqual(opened.keywords, ["Kept"]);
      assert.equal(moved.path, "Old mail");
      const now = await mailboxAt(store, id, "INBOX");
      assert.equal(now.id, inbox, "INBOX stays what it was");
      assert.equal(now.role, "inbox");
      assert.equal(now.messages, 0);
      assert.equal(now.uidNext, 4, "its UIDs go on");
      await mailboxAt(store, id, "INBOX/Lists");
      assert.equal((await deliver(store, id, inbox)).uid, 4);
      await recount(store, id);
    });

    test("delete: not INBOX, not with children; a new one of that name has a new UIDVALIDITY", async () => {
      const { id } = await newAccount(store);
      const parent = await made(store, id, "Parent");
      const child = await made(store, id, "Parent/Child");
      await deliverMany(store, id, child, 2);
      const was = await mailboxAt(store, id, "Parent/Child");
      expectKind(await store.deleteMailbox(id, await inboxOf(store, id)), "is-inbox");
      expectKind(await store.deleteMailbox(id, parent), "has-children");
      expectKind(await store.deleteMailbox(id, child), "done");
      expectKind(await store.deleteMailbox(id, child), "no-mailbox");
      assert.deepEqual(await store.openMailbox(id, child), { kind: "no-mailbox" });
      assert.deepEqual(await store.changesSince(id, child, 0), { kind: "no-mailbox" });
      await recount(store, id);
      await made(store, id, "Parent/Child");
      const now = await mailboxAt(store, id, "Parent/Child");
      assert.ok(now.uidValidity > was.uidValidity, `${now.uidValidity} > ${was.uidValidity}`);
      assert.ok(now.highestModseq >= 1);
      assert.equal(now.messages, 0);
      expectKind(await store.deleteMailbox(id, now.id), "done");
      expectKind(await store.deleteMailbox(id, parent), "done");
    });

    test("subscribing is a mark on a mailbox that is there", async () => {
      const { id } = await newAccount(store);
      await made(store, id, "List");
      assert.equal(expectKind(await store.setSubscribed(id, "List", true), "done").mailbox.subscribed, true);
      assert.equal((await mailboxAt(store, id, "List")).subscribed, true);
      assert.equal(expectKind(await store.setSubscribed(id, "List", false), "done").mailbox.subscribed, false);
      assert.equal((await mailboxAt(store, id, "List")).subscribed, false);
      assert.equal(expectKind(await store.setSubscribed(id, "iNbOx", true), "done").mailbox.path, "INBOX");
      expectKind(await store.setSubscribed(id, "Nowhere", true), "no-mailbox");
    });

    test("a name stays subscribed without its mailbox, where that is asked (RFC 9051 §6.3.7)", async () => {
      const { id } = await newAccount(store);
      const absent = () => store.absentSubscriptions(id);
      for (const path of ["Old/One", "Two", "Three", "Four"]) await made(store, id, path);
      await store.setSubscribed(id, "Three", false);
      const remove = async (path: string, nameStays?: boolean) =>
        expectKind(await store.deleteMailbox(id, (await mailboxAt(store, id, path)).id, nameStays), "done");
      for (const path of ["Old/One", "Two", "Three"]) await remove(path, true);
      await remove("Four");
      assert.deepEqual(await absent(), ["Old/One", "Two"]);
      // Made anew it is subscribed again, though nobody says so; also where another one takes the name.
      expectKind(await store.createMailbox(id, "Old/One/Below", undefined, false), "done");
      assert.equal((await mailboxAt(store, id, "Old/One")).subscribed, true);
      assert.equal((await mailboxAt(store, id, "Old/One/Below")).subscribed, false);
      const below = await mailboxAt(store, id, "Old/One/Below");
      assert.equal(expectKind(await store.renameMailbox(id, below.id, "Two"), "done").mailbox.subscribed, true);
      assert.deepEqual(await absent(), []);
      await remove("Two", true);
      expectKind(await store.setSubscribed(id, "Two", false), "no-mailbox");
      assert.deepEqual(await absent(), []);
      // A mailbox made and deleted by JMAP leaves no name behind.
      await made(store, id, "Five");
      await remove("Five", true);
      const again = await store.mailboxMake(id, {
        name: "Five",
        parent: undefined,
        role: undefined,
        sortOrder: 0,
        subscribed: false,
      });
      expectKind(await store.deleteMailbox(id, again.kind === "done" ? again.mailbox : 0), "done");
      assert.deepEqual(await absent(), []);
    });

    test("another account's mailboxes are not there", async () => {
      const ours = await newAccount(store);
      const theirs = await newAccount(store);
      const other = await made(store, ours.id, "Other");
      // Mailboxes are numbered within their account: this number is one that ours does not have.
      await made(store, theirs.id, "Other");
      const inbox = await made(store, theirs.id, "Theirs");
      await deliver(store, theirs.id, inbox);
      const missing = { kind: "no-mailbox" };
      assert.deepEqual(await store.openMailbox(ours.id, inbox), missing);
      assert.deepEqual(await store.changesSince(ours.id, inbox, 0), missing);
      assert.deepEqual(await store.expunge(ours.id, inbox, only(1), true), missing);
      assert.deepEqual(await store.copy(ours.id, inbox, only(1), other), missing);
      assert.deepEqual(await store.copy(ours.id, other, only(1), inbox), { kind: "no-target" });
      assert.deepEqual(await store.renameMailbox(ours.id, inbox, "Mine"), missing);
      assert.deepEqual(await store.deleteMailbox(ours.id, inbox), missing);
      assert.deepEqual(
        await store.setFlags(ours.id, inbox, { uids: only(1), mode: "add", marks: marks(Flag.seen) }),
        missing,
      );
      assert.deepEqual((await store.fetch(ours.id, inbox, only(1), ["bytes"])).rows, []);
      assert.deepEqual((await store.search(ours.id, inbox, { kind: "all" })).uids, []);
      assert.equal((await rows(store, theirs.id, inbox)).length, 1);
    });

    test("a snapshot: UIDs ascend, first unseen, keywords in use", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const empty = await snapshot(store, id, inbox);
      assert.deepEqual([...empty.uids], []);
      assert.equal(empty.firstUnseen, undefined);
      assert.deepEqual(empty.keywords, []);
      await deliverMany(store, id, inbox, 5);
      await store.setFlags(id, inbox, { uids: [[1, 2]], mode: "add", marks: marks(Flag.seen, "$Label1", "Zed") });
      await store.expunge(id, inbox, only(1), true);
      const opened = await snapshot(store, id, inbox);
      assert.ok(opened.uids instanceof Uint32Array);
      assert.deepEqual([...opened.uids], [2, 3, 4, 5]);
      assert.equal(opened.firstUnseen, 2);
      assert.deepEqual([...opened.keywords].sort(), ["$Label1", "Zed"]);
      assert.deepEqual(opened.mailbox, await mailboxAt(store, id, "INBOX"));
    });

    test("recent messages are taken once", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await deliverMany(store, id, inbox, 2);
      assert.equal((await snapshot(store, id, inbox)).recentFrom, 1);
      assert.equal(await store.takeRecent(id, inbox), 1);
      assert.equal(await store.takeRecent(id, inbox), 3);
      assert.equal((await snapshot(store, id, inbox)).recentFrom, 3);
      await deliver(store, id, inbox);
      assert.equal(await store.takeRecent(id, inbox), 3);
      assert.equal(await store.takeRecent(id, inbox), 4);
      await deliver(store, id, inbox);
      await deliver(store, id, inbox);
      // Only those that a session was told of; what it never had cannot be taken.
      assert.equal(await store.takeRecent(id, inbox, 5), 4);
      assert.equal(await store.takeRecent(id, inbox, 3), 5);
      assert.equal(await store.takeRecent(id, inbox, 99), 5);
      assert.equal(await store.takeRecent(id, inbox), 6);
    });
  });
}
