/** A store for tests, with one account "u1@example.test". */

import { memoryStore } from "../../test/fakes/memory-store.ts";
import type { Account, Store } from "../store/store.ts";
export type TestStore = { readonly store: Store; readonly accounts: readonly Account[]; close(): Promise<void> };
export async function freshStore(): Promise<TestStore> {
  return { store: memoryStore(), accounts: [{ id: 1, name: "u1@example.test" } as Account], close: async () => {} };
}
