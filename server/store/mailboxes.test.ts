import assert from "node:assert/strict";
import { test } from "node:test";
import { freshStore } from "../imap/fake-store.ts";

test("what a rename makes above the new name is not subscribed, what is renamed stays as it was", async () => {
  const { store, accounts, close } = await freshStore();
  const account = accounts[0]!.id;
  for (const [path, to, subscribed] of [
    ["Old", "Above/Older", true],
    ["Quiet", "Beside/Quieter", false],
  ] as const) {
    const made = await store.createMailbox(account, path, undefined, subscribed);
    assert.ok(made.kind === "done");
    assert.equal((await store.renameMailbox(account, made.mailbox.id, to)).kind, "done");
  }
  const found = new Map((await store.mailboxes(account)).map(({ path, subscribed }) => [path, subscribed]));
  assert.deepEqual(
    ["Above", "Above/Older", "Beside", "Beside/Quieter"].map((path) => found.get(path)),
    [false, true, false, false],
  );
  await close();
});
