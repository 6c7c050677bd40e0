/** Mailboxes that are shared: who has which rights, what follows the mailbox, and what goes with whom. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "../../server/store/store.ts";
import { made, newAccount, type Open, type Opened } from "./world.ts";

export function sharingContract(open: Open): void {
  describe("sharing", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("given, seen by both, changed, and taken away; the owner's account has changed each time", async () => {
      const [ann, bob] = [await newAccount(store), await newAccount(store)];
      const box = await made(store, ann.id, "Team");
      const state = await store.mailState(ann.id);
      assert.deepEqual(await store.setMailboxRights(ann.id, box, bob.id, "lr"), { kind: "done", before: "" });
      assert.deepEqual(await store.setMailboxRights(ann.id, box, bob.id, "lrs"), { kind: "done", before: "lr" });
      assert.deepEqual(await store.sharedWith(bob.id), [
        { owner: ann.id, ownerName: ann.name, mailbox: box, rights: "lrs", subscribed: false },
      ]);
      assert.deepEqual(await store.mailboxRights(ann.id), [
        { mailbox: box, grantee: bob.id, granteeName: bob.name, rights: "lrs" },
      ]);
      const changes = await store.mailboxChanges(ann.id, state, 10);
      assert.deepEqual(changes.kind === "done" ? changes.updated : changes, [box]);
      assert.equal(await store.setSharedSubscribed(bob.id, ann.id, box, true), "done");
      assert.equal((await store.sharedWith(bob.id))[0]?.subscribed, true);
      assert.deepEqual(await store.setMailboxRights(ann.id, box, bob.id, ""), { kind: "done", before: "lrs" });
      assert.deepEqual(await store.sharedWith(bob.id), []);
      assert.equal(await store.setSharedSubscribed(bob.id, ann.id, box, true), "missing");
    });

    test("only what is there, to those who are there", async () => {
      const [ann, bob] = [await newAccount(store), await newAccount(store)];
      const box = await made(store, ann.id, "Team");
      assert.equal((await store.setMailboxRights(ann.id, 9_999, bob.id, "l")).kind, "no-mailbox");
      assert.equal((await store.setMailboxRights(ann.id, box, 999_999, "l")).kind, "no-account");
      assert.equal((await store.setMailboxRights(ann.id, box, ann.id, "l")).kind, "no-account");
    });

    test("a mailbox below is shared as its parent is; one that goes is shared no more; so is one whose owner goes", async () => {
      const [ann, bob] = [await newAccount(store), await newAccount(store)];
      const box = await made(store, ann.id, "Team");
      await store.setMailboxRights(ann.id, box, bob.id, "lri");
      const child = await made(store, ann.id, "Team/Child");
      assert.deepEqual(
        (await store.sharedWith(bob.id)).map(({ mailbox, rights }) => [mailbox, rights]),
        [
          [box, "lri"],
          [child, "lri"],
        ],
      );
      await store.deleteMailbox(ann.id, child);
      assert.deepEqual(
        (await store.sharedWith(bob.id)).map(({ mailbox }) => mailbox),
        [box],
      );
      await store.updateAccount(ann.id, { disabled: true });
      assert.deepEqual(await store.sharedWith(bob.id), []);
      await store.updateAccount(ann.id, { disabled: false });
      await store.removeAccount(bob.id);
      assert.deepEqual(await store.mailboxRights(ann.id), []);
    });
  });
}
