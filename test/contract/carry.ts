/** Mail that comes from elsewhere: nothing twice, whoever brings it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ImportTo } from "../../server/store/carry-store.ts";
import type { Store } from "../../server/store/store.ts";
import { inboxOf, letter, marks, newAccount, noon, type Open, type Opened, recount, rows } from "./world.ts";

export function carryContract(open: Open): void {
  describe("mail from elsewhere", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("a key, and the same bytes under a new number of the folder, come once", async () => {
      const { id: account } = await newAccount(store);
      const mailbox = await inboxOf(store, account);
      const to: ImportTo = { account, mailbox, source: "imap a", folder: "In", keyPrefix: "7.", onlyUnseen: false };
      const one = (key: string, hash: string) => ({
        ...letter(),
        key,
        hash,
        marks: marks(1, "Work"),
        receivedAt: noon,
      });
      assert.deepEqual(await store.putImported(to, [one("7.1", "a"), one("7.2", "b")]), {
        kind: "done",
        added: 2,
        known: 0,
      });
      const again = await Promise.all([1, 2].map(() => store.putImported(to, [one("7.2", "b"), one("7.3", "c")])));
      assert.equal(
        again.reduce((sum, put) => sum + (put.kind === "done" ? put.added : 0), 0),
        1,
      );
      // The source has numbered the folder anew; the two messages with equal bytes stay two.
      await store.putImported(to, [one("7.4", "c")]);
      const anew = { ...to, keyPrefix: "8." };
      const put = await store.putImported(
        anew,
        ["a", "b", "c", "c", "d"].map((hash, i) => one(`8.${i}`, hash)),
      );
      assert.deepEqual(put, { kind: "done", added: 1, known: 4 });
      const view = { ...to, folder: "All", onlyUnseen: true };
      assert.deepEqual(await store.putImported(view, [one("1.1", "a"), one("1.2", "e")]), {
        kind: "done",
        added: 1,
        known: 1,
      });
      const keys = await store.importedKeys(account, "imap a", "In", "", 100);
      assert.deepEqual(
        keys.map(({ key }) => key),
        ["8.0", "8.1", "8.2", "8.3", "8.4"],
      );
      assert.equal(keys[0]?.marks, "1 Work");
      assert.deepEqual(
        (await store.importedKeys(account, "imap a", "In", "8.2", 1)).map(({ key }) => key),
        ["8.3"],
      );
      await store.importedMarks(account, "imap a", "In", [{ key: "8.0", marks: "5" }]);
      assert.equal((await store.importedKeys(account, "imap a", "In", "", 1))[0]?.marks, "5");
      assert.equal((await rows(store, account, mailbox)).length, 6);
      await recount(store, account);
    });

    test("over quota nothing of a batch comes, and nothing is noted", async () => {
      const { id: account } = await newAccount(store, 10);
      const mailbox = await inboxOf(store, account);
      const to: ImportTo = { account, mailbox, source: "f", folder: "x", keyPrefix: undefined, onlyUnseen: false };
      const message = { ...letter(), key: "k", hash: "h", marks: marks(0), receivedAt: noon };
      assert.deepEqual(await store.putImported(to, [message]), { kind: "over-quota" });
      assert.deepEqual(await store.importedKeys(account, "f", "x", "", 10), []);
      assert.deepEqual(await store.putImported({ ...to, mailbox: 999 }, [message]), { kind: "no-mailbox" });
    });

    test("imports are kept, changed, due and removed", async () => {
      const { id: account } = await newAccount(store);
      const settings = {
        host: "a.test",
        port: 993,
        tls: "implicit",
        user: "u",
        everyMs: 0,
        anyCertificate: false,
      } as const;
      const progress = { folders: 0, foldersDone: 0, messages: 0, added: 0, known: 0, left: [] };
      const made = {
        account,
        settings,
        secret: "pw",
        state: "running",
        progress,
        nextAt: noon,
        createdAt: noon,
      } as const;
      const id = await store.putImport(made);
      assert.equal(typeof id, "number");
      assert.deepEqual(await store.imports({ account }), [{ ...made, id }]);
      assert.deepEqual(await store.imports({ dueAt: noon - 1 }), []);
      assert.equal((await store.imports({ dueAt: noon })).length, 1);
      await store.changeImport(Number(id), { state: "done", secret: "", nextAt: undefined });
      const [after] = await store.imports({ id: Number(id) });
      assert.deepEqual([after?.state, after?.secret, after?.nextAt], ["done", "", undefined]);
      await store.changeImport(Number(id), { progress: { ...progress, added: 3 } });
      assert.equal((await store.imports({ account }))[0]?.progress.added, 3);
      assert.equal(await store.removeImport(Number(id)), "done");
      assert.equal(await store.removeImport(Number(id)), "missing");
      assert.equal(await store.putImport({ ...made, account: 999_999 }), "no-account");
    });
  });
}
