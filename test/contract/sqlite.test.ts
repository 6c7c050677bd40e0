import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../server/store/client.ts";
import { storeContract } from "./store.ts";

storeContract(
  "SQLite",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "angarium-contract-"));
    let store = await openSqliteStore({ dir });
    return {
      store,
      close: async () => {
        await store.close();
        rmSync(dir, { recursive: true, force: true });
      },
      reopen: async () => {
        await store.close();
        store = await openSqliteStore({ dir });
        return store;
      },
    };
  },
  3,
);
