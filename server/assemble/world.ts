/** The data folder as a command sees it when no server runs: its configuration and its store. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Ldap } from "../access/ldap.ts";
import type { World } from "../admin/command.ts";
import { quiet } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import { configFile, readConfig } from "../config/read.ts";
import { defaultSendingSettings } from "../dispatch/settings.ts";
import { publishedKeys } from "../net/published-keys.ts";
import { defaultDkimSettings, makeKeyKeeper } from "../sign/key-keeper.ts";
import { openSqliteStore } from "../store/client.ts";
import type { Store } from "../store/store.ts";
import { troubleOf } from "../store/trouble.ts";
import { resolverOrSentence } from "./resolver.ts";
import { makeSending } from "./sending.ts";

/** PostgreSQL where the configuration names one, otherwise the embedded store in the data folder. */
export async function openStore(dataDir: string, settings: Config["store"] | undefined): Promise<Store> {
  if (settings === undefined || settings.postgres === "")
    return inFolder(dataDir, () => openSqliteStore({ dir: dataDir, readers: settings?.readers ?? 2 }));
  const { openPostgresStore } = await import("../store/postgres.ts");
  try {
    return await openPostgresStore({ url: settings.postgres, folder: dataDir });
  } catch (error) {
    // What PostgreSQL or the way to it says; sentences of our own are left as they are.
    if (troubleOf(error) === undefined && typeof (error as { readonly code?: unknown }).code !== "string") throw error;
    const { host, pathname } = new URL(settings.postgres);
    throw new Error(
      `PostgreSQL at ${host} (database "${pathname.slice(1)}") cannot be used: ${(error as Error).message}. See that it runs and lets us in, or change [store] postgres in the configuration.`,
      { cause: error },
    );
  }
}

/** Does `work`; where the data folder or what lies in it is the trouble, rejects with a sentence that says so. */
export async function inFolder<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const system = (error as NodeJS.ErrnoException).syscall !== undefined;
    if (!system && troubleOf(error) === undefined) throw error;
    const why = whyUnusable(dataDir) ?? (error as Error).message;
    throw new Error(`The data folder ${dataDir} cannot be used: ${why}.`, {
      cause: error,
    });
  }
}

function whyUnusable(dataDir: string): string | undefined {
  try {
    if (!statSync(dataDir).isDirectory()) return "it is not a folder";
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EROFS") return "it lies on a file system that can only be read";
    if (code === "EACCES" || code === "EPERM") return "this user may not read and write it";
    return undefined;
  }
}

/** For commands beside no running server. Rejects with a sentence where there are no data. */
export async function openWorld(dataDir: string): Promise<World & { readonly close: () => Promise<void> }> {
  if (!existsSync(dataDir))
    throw new Error(`There is no data folder ${dataDir}. Name it with --data DIR, or start the server first.`);
  const config = await readConfig(configFile(dataDir));
  const store = await openStore(dataDir, config === undefined ? undefined : { ...config.store, readers: 1 });
  const now = Date.now;
  const sending = await makeSending({
    store,
    settings: config?.sending ?? defaultSendingSettings,
    dataDir,
    now,
    log: quiet,
  });
  const resolver = resolverOrSentence(undefined, config?.dns.servers ?? [])(quiet);
  return {
    store,
    queue: undefined,
    running: undefined,
    hostname: config?.hostname ?? hostname(),
    tlsa: () => publishedKeys(join(dataDir, "tls"), config?.tls.certificate ?? ""),
    now,
    resolver,
    ...(config === undefined ? {} : { dnsUpdate: config.acme }),
    keys: makeKeyKeeper({ store, resolver, settings: config?.dkim ?? defaultDkimSettings, now, log: quiet }),
    ldap: config === undefined || config.ldap.url === "" ? undefined : new Ldap(config.ldap, quiet),
    sending,
    close: async () => {
      await sending.stop();
      await store.close();
    },
  };
}
