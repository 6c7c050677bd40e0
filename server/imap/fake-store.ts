/** A store for tests, in a folder of its own, with one account "u1@example.test". */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../store/client.ts";
import type { Account, Store } from "../store/store.ts";

export type TestStore = { readonly store: Store; readonly accounts: readonly Account[]; close(): Promise<void> };

export async function freshStore(): Promise<TestStore> {
  const dir = await mkdtemp(join(tmpdir(), "imap-test-"));
  const store = await openSqliteStore({ dir, readers: 1 });
  await store.putDomain({ name: "example.test", kind: "local", settings: {} });
  const name = "u1@example.test";
  const made = await store.createAccount({ name, displayName: "", role: "user", quotaBytes: 0 }, [], Date.now());
  if (made.kind !== "done") throw new Error(made.kind);
  return {
    store,
    accounts: [made.account],
    async close() {
      await store.close();
      await rm(dir, { recursive: true });
    },
  };
}
