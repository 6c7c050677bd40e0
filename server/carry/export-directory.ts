/** What belongs to a domain or a tenant and to nobody alone, beside the accounts of an export: settings, aliases, groups, mailing lists. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { policyPrefixes } from "../judge/attachments/policy.ts";
import { filterPrefixes } from "../judge/content/preference-keys.ts";
import { limitPrefixes } from "../restrain/restraints.ts";
import { dkimSetting } from "../sign/dkim-keys.ts";
import type { AccountId, Store } from "../store/store.ts";
import {
  type DirectoryWritten,
  directoryFormat,
  type TenantWritten,
  tenantFileEnd,
  tenantFormat,
} from "./directory-file.ts";
import { exportArchive } from "./list-archive.ts";

export type DirectoryStore = Pick<
  Store,
  | "accounts"
  | "addresses"
  | "content"
  | "grants"
  | "hostedDomains"
  | "listMembers"
  | "listPosts"
  | "setting"
  | "sharedScripts"
  | "tenants"
>;

const maxNamesHeld = 1_000_000;

/** Names of accounts by their numbers, of those that are here. */
async function namesOf(store: DirectoryStore): Promise<ReadonlyMap<AccountId, string>> {
  return new Map((await store.accounts()).map(({ id, name }) => [id, name]));
}

async function administrators(
  kind: "tenant" | "domain",
  object: string,
  names: ReadonlyMap<AccountId, string>,
  store: DirectoryStore,
): Promise<string[]> {
  return (await store.grants({ kind, object })).flatMap(({ account }) => names.get(account) ?? []);
}

/** Writes DOMAIN.json into the folder, and what its lists have archived beside it; answers how many addresses it has. `keys`: those that sign go with it. */
export async function exportDirectory(
  domain: string,
  into: string,
  { keys }: { readonly keys: boolean },
  store: DirectoryStore,
): Promise<number> {
  const [found] = await store.hostedDomains({ kind: "all" }, { limit: 1, domain });
  const names = await namesOf(store);
  const tenant = (await store.tenants()).find(({ id }) => id === found?.tenant)?.name;
  const addresses: DirectoryWritten["addresses"] = [];
  await mkdir(into, { recursive: true, mode: 0o700 });
  for (const row of await store.addresses({ domain })) {
    const account = names.get(row.account ?? 0);
    if (
      row.kind === "account" &&
      account === `${row.local}@${domain}` &&
      row.senders.length + (row.onBehalf ?? []).length === 0
    )
      continue;
    const address = `${row.local}@${row.domain}`;
    const { kind, targets, senders, onBehalf, about } = row;
    const members = about?.kind === "list" ? await store.listMembers({ list: address }) : undefined;
    if (about?.kind === "list") await exportArchive(address, into, store);
    addresses.push({
      address,
      kind,
      account,
      targets: [...targets],
      senders: senders.flatMap((id) => names.get(id) ?? []),
      onBehalf: onBehalf?.flatMap((id) => names.get(id) ?? []),
      // The owner's number here says nothing elsewhere.
      about: about?.kind === "masked" ? { ...about, owner: names.get(about.owner) } : about,
      members: members?.map(({ id: _, list: __, ...kept }) => kept),
    });
  }
  const file: DirectoryWritten = {
    format: directoryFormat,
    version: 1,
    domain,
    kind: found?.kind,
    tenant,
    settings: found?.settings as DirectoryWritten["settings"],
    filter: (await store.setting(filterPrefixes.domain + domain)) as DirectoryWritten["filter"],
    attachments: (await store.setting(policyPrefixes.domain + domain)) as DirectoryWritten["attachments"],
    sendingLimits: (await store.setting(limitPrefixes.domain + domain)) as DirectoryWritten["sendingLimits"],
    scripts: (await store.sharedScripts()).flatMap(({ owner, ...script }) => (owner === domain ? [script] : [])),
    administrators: await administrators("domain", domain, names, store),
    ...(keys ? { dkim: (await store.setting(dkimSetting(domain))) as DirectoryWritten["dkim"] } : {}),
    addresses,
  };
  await writeFile(join(into, `${domain}.json`), JSON.stringify(file, null, 1), { mode: 0o600 });
  return addresses.length;
}

/** Writes TENANT.tenant.json; answers the names of its domains, undefined where there is no such tenant. */
export async function exportTenant(
  name: string,
  into: string,
  store: DirectoryStore,
): Promise<readonly string[] | undefined> {
  const tenant = (await store.tenants()).find((one) => one.name === name);
  if (tenant === undefined) return undefined;
  const { id, displayName, settings } = tenant;
  const file: TenantWritten = {
    format: tenantFormat,
    version: 1,
    name,
    displayName,
    settings: settings as TenantWritten["settings"],
    filter: (await store.setting(filterPrefixes.tenant + id)) as TenantWritten["filter"],
    attachments: (await store.setting(policyPrefixes.tenant + id)) as TenantWritten["attachments"],
    sendingLimits: (await store.setting(limitPrefixes.tenant + id)) as TenantWritten["sendingLimits"],
    administrators: await administrators("tenant", String(id), await namesOf(store), store),
  };
  await mkdir(into, { recursive: true, mode: 0o700 });
  await writeFile(join(into, `${name}${tenantFileEnd}`), JSON.stringify(file, null, 1), { mode: 0o600 });
  const domains = await store.hostedDomains({ kind: "tenant", tenant: id }, { limit: maxNamesHeld });
  return domains.map((one) => one.name);
}
