import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { openPostgresStore } from "../../server/store/postgres.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";
import { storeContract } from "./store.ts";

let server: Promise<PostgresServer> | undefined;
after(async () => (await server)?.stop());

storeContract(
  "PostgreSQL",
  async () => {
    const { createDatabase } = await (server ??= startPostgres());
    const url = await createDatabase();
    const folder = mkdtempSync(join(tmpdir(), "angarium-contract-"));
    const open = () => openPostgresStore({ url, folder });
    let store = await open();
    return {
      store,
      close: async () => {
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      },
      reopen: async () => {
        await store.close();
        store = await open();
        return store;
      },
      beside: open,
    };
  },
  1,
);
