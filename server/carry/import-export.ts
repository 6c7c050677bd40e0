/**
 * Brings in a whole folder that `angarium export` wrote: tenants, domains, accounts with their mail, and then what ties them together. It can be
 * brought as often as one likes, also after it broke half-way: what has come does not come again, and nothing that was here is overwritten.
 */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readDirectoryFile, readTenantFile, tenantFileEnd } from "./directory-file.ts";
import { type AccountImported, type AccountPorts, beginAccount } from "./import-account.ts";
import { beginDomain, beginTenant, type DirectoryImported, type DirectoryPorts } from "./import-directory.ts";
import { CannotCarry } from "./put.ts";

export type ExportPorts = AccountPorts & DirectoryPorts;

export type ExportImported = {
  readonly domains: readonly DirectoryImported[];
  readonly accounts: readonly AccountImported[];
  readonly added: number;
  readonly known: number;
  /** A sentence for each account, and each thing, that could not come. */
  readonly left: readonly string[];
};

export type Tell = (done: {
  readonly account: string;
  readonly accounts: number;
  readonly of: number;
  readonly messages: number;
}) => void;

const maxLeft = 1_000;

/** Rejects with `CannotCarry` where there is nothing to bring, or the files of domains cannot be read. */
export async function importExport(folder: string, ports: ExportPorts, tell: Tell): Promise<ExportImported> {
  const { tenants, domains, accounts } = await contents(folder);
  const left: string[] = [];
  const leave = (why: string): void => {
    if (left.length < maxLeft) left.push(why);
  };
  /** What cannot come does not keep the others from coming. */
  const tried = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CannotCarry)) throw error;
      leave(`${what}: ${error.message}`);
      return undefined;
    }
  };
  // All files are read before anything is made: one that was cut off is told at once.
  const read = {
    tenants: await Promise.all(tenants.map((name) => readTenantFile(join(folder, name)))),
    domains: await Promise.all(domains.map((name) => readDirectoryFile(join(folder, name)))),
  };
  const finishTenants = [];
  for (const file of read.tenants)
    finishTenants.push(await tried(`The tenant ${file.name}`, () => beginTenant(file, ports)));
  const finishDomains = [];
  for (const file of read.domains) finishDomains.push(await tried(file.domain, () => beginDomain(file, folder, ports)));
  const came: AccountImported[] = [];
  const finishAccounts = [];
  let messages = 0;
  for (const name of accounts) {
    const one = await tried(name, () =>
      beginAccount(join(folder, name), undefined, ports, ({ added, known }) =>
        tell({ account: name, accounts: came.length, of: accounts.length, messages: messages + added + known }),
      ),
    );
    if (one === undefined) continue;
    const { finish, ...imported } = one;
    finishAccounts.push(finish);
    came.push(imported);
    messages += imported.added + imported.known;
    for (const why of imported.left) leave(`${name}: ${why}`);
    tell({ account: name, accounts: came.length, of: accounts.length, messages });
  }
  for (const finish of finishAccounts) await finish();
  const made: DirectoryImported[] = [];
  for (const finish of finishDomains) {
    if (finish === undefined) continue;
    const one = await finish();
    made.push(one);
    for (const why of one.left) leave(`${one.domain}: ${why}`);
  }
  for (const finish of finishTenants) await finish?.();
  const sum = (of: "added" | "known"): number => came.reduce((all, one) => all + one[of], 0);
  return { domains: made, accounts: came, added: sum("added"), known: sum("known"), left };
}

/** Names of the files and folders of an export; a folder of one account is one too. */
async function contents(folder: string): Promise<{
  readonly tenants: readonly string[];
  readonly domains: readonly string[];
  readonly accounts: readonly string[];
}> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new CannotCarry(`${folder} is no folder that can be read.`);
  });
  if (entries.some(({ name }) => name === "account.json")) return { tenants: [], domains: [], accounts: ["."] };
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const tenants = names.filter((name) => name.endsWith(tenantFileEnd)).sort();
  const domains = names.filter((name) => name.endsWith(".json") && !name.endsWith(tenantFileEnd)).sort();
  const accounts = entries
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, "account.json")))
    .map(({ name }) => name)
    .sort();
  if (tenants.length + domains.length + accounts.length === 0)
    throw new CannotCarry(`There is nothing in ${folder} that angarium export wrote: no DOMAIN.json, and no account.`);
  return { tenants, domains, accounts };
}
