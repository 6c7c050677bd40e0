/** The data folder as a command sees it when no server runs: its configuration and its store. */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { World } from "./admin/command.ts";
import type { Config } from "./config/config.ts";
import { configFile, readConfig } from "./config/read.ts";
import { openSqliteStore } from "./store/client.ts";
import type { Store } from "./store/store.ts";

/** PostgreSQL where the configuration names one, otherwise the embedded store in the data folder. */
export async function openStore(dataDir: string, settings: Config["store"] | undefined): Promise<Store> {
  if (settings === undefined || settings.postgres === "")
    return openSqliteStore({ dir: dataDir, readers: settings?.readers ?? 2 });
  const { openPostgresStore } = await import("./store/postgres.ts");
  return openPostgresStore({ url: settings.postgres, folder: dataDir });
}

/** For commands beside no running server. Rejects with a sentence where there are no data. */
export async function openWorld(dataDir: string): Promise<World & { readonly close: () => Promise<void> }> {
  if (!existsSync(dataDir))
    throw new Error(`There is no data folder ${dataDir}. Name it with --data DIR, or start the server first.`);
  const config = await readConfig(configFile(dataDir));
  const store = await openStore(dataDir, config === undefined ? undefined : { ...config.store, readers: 1 });
  return {
    store,
    queue: undefined,
    running: undefined,
    hostname: config?.hostname ?? hostname(),
    now: Date.now,
    close: () => store.close(),
  };
}
