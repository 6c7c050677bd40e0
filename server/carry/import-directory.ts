/**
 * Brings in `DOMAIN.json` and `TENANT.tenant.json` of an export. What is here already stays as it is; a domain that the first start has made
 * and nobody has touched counts as not here, so that a server may be started before its former self comes into it.
 */
import { policyPrefixes } from "../judge/attachments/policy.ts";
import { filterPrefixes } from "../judge/content/preference-keys.ts";
import { limitPrefixes } from "../restrain/restraints.ts";
import { dkimKeysOf, dkimSetting, ensureDkimKeys } from "../sign/dkim-keys.ts";
import type { HostedDomain } from "../store/hosting.ts";
import type { AccountId, Address, DomainSettings, Instant, Store } from "../store/store.ts";
import { begin, end, isBegun } from "./begun.ts";
import type { DirectoryFile, TenantFile } from "./directory-file.ts";
import { type ArchivePorts, importArchive } from "./list-archive.ts";
import { CannotCarry } from "./put.ts";

export type DirectoryPorts = ArchivePorts & {
  readonly store: ArchivePorts["store"] &
    Pick<
      Store,
      | "accounts"
      | "addresses"
      | "createTenant"
      | "giveDomain"
      | "hostedDomains"
      | "listMembers"
      | "noteListBounce"
      | "putAddress"
      | "putDomain"
      | "putGrant"
      | "putListMember"
      | "putSetting"
      | "putSharedScript"
      | "setting"
      | "sharedScripts"
      | "swapSetting"
      | "tenants"
    >;
  readonly now: () => Instant;
};

export type DirectoryImported = {
  readonly domain: string;
  readonly created: boolean;
  readonly addresses: { readonly added: number; readonly known: number };
  readonly members: number;
  readonly posts: number;
  /** A sentence for each thing that could not come. */
  readonly left: readonly string[];
};

/** A tenant that is not here. Answers what is to be done when its people are here. */
export async function beginTenant(file: TenantFile, { store, now }: DirectoryPorts): Promise<() => Promise<void>> {
  const { name, displayName, settings } = file;
  const mark = `tenant/${name}`;
  let tenant = (await store.tenants()).find((one) => one.name === name);
  if (tenant === undefined) {
    await begin(store, mark);
    const made = await store.createTenant({ name, displayName, settings: settings as never }, now());
    if (made.kind !== "done") throw new CannotCarry(`The tenant ${name} cannot be made (${made.kind}).`);
    tenant = made.tenant;
  } else if (!(await isBegun(store, mark))) return async () => {};
  const { id } = tenant;
  if (file.filter !== undefined) await store.putSetting(filterPrefixes.tenant + id, file.filter);
  if (file.attachments !== undefined) await store.putSetting(policyPrefixes.tenant + id, file.attachments);
  if (file.sendingLimits !== undefined) await store.putSetting(limitPrefixes.tenant + id, file.sendingLimits);
  return async () => {
    for (const administrator of file.administrators ?? []) {
      const [account] = await store.accounts({ name: administrator });
      if (account !== undefined)
        await store.putGrant({ account: account.id, kind: "tenant", object: String(id) }, true);
    }
    await end(store, mark);
  };
}

/** The domain itself, before its accounts; answers what is to be done when they are here. */
export async function beginDomain(
  file: DirectoryFile,
  folder: string,
  ports: DirectoryPorts,
): Promise<() => Promise<DirectoryImported>> {
  const { store, now } = ports;
  const { domain, kind } = file;
  const [before] = await store.hostedDomains({ kind: "all" }, { limit: 1, domain });
  const mark = `domain/${domain}`;
  if (before === undefined || (await isUntouched(before, store))) {
    await begin(store, mark);
    if ((await store.putDomain({ name: domain, kind, settings: file.settings as DomainSettings })) === "deleted")
      throw new CannotCarry(
        `The domain ${domain} was deleted here and can come back: bring it back, or remove it for ever, first.`,
      );
  }
  const fresh = before === undefined || (await isBegun(store, mark));
  if (fresh) {
    const tenant = (await store.tenants()).find(({ name }) => name === file.tenant)?.id;
    if (tenant !== undefined) await store.giveDomain(domain, tenant);
    if (file.filter !== undefined) await store.putSetting(filterPrefixes.domain + domain, file.filter);
    if (file.attachments !== undefined) await store.putSetting(policyPrefixes.domain + domain, file.attachments);
    if (file.sendingLimits !== undefined) await store.putSetting(limitPrefixes.domain + domain, file.sendingLimits);
    // The keys that DNS shows already go on signing, where they came along.
    if (file.dkim !== undefined) {
      const keys = await store.setting(dkimSetting(domain));
      if (areNew(keys)) await store.swapSetting(dkimSetting(domain), keys, file.dkim);
    }
    if (kind === "local") await ensureDkimKeys(store, domain, now());
  }
  const known = new Set((await store.sharedScripts()).flatMap(({ owner, name }) => (owner === domain ? [name] : [])));
  for (const script of file.scripts ?? [])
    if (!known.has(script.name)) await store.putSharedScript({ ...script, owner: domain });
  return async () => {
    const came = await putAddresses(file, folder, ports);
    if (fresh) {
      await putAdministrators(file, ports);
      await end(store, mark);
    }
    return { domain, created: before === undefined, ...came };
  };
}

/** As the first start makes it: its administrator has the only address, nothing is set, and DNS has never shown its keys. */
async function isUntouched({ name, settings }: HostedDomain, store: DirectoryPorts["store"]): Promise<boolean> {
  return (
    Object.keys(settings).length === 0 &&
    (await store.addresses({ domain: name })).length <= 1 &&
    areNew(await store.setting(dkimSetting(name)))
  );
}

/** Keys that were made, and that nobody outside has seen yet. */
const areNew = (setting: unknown): boolean =>
  (dkimKeysOf(setting)?.keys ?? []).every(({ state }) => state === "publish");

async function putAdministrators({ domain, administrators }: DirectoryFile, { store }: DirectoryPorts): Promise<void> {
  for (const name of administrators ?? []) {
    const [account] = await store.accounts({ name });
    if (account !== undefined) await store.putGrant({ account: account.id, kind: "domain", object: domain }, true);
  }
}

async function putAddresses(
  file: DirectoryFile,
  folder: string,
  ports: DirectoryPorts,
): Promise<Omit<DirectoryImported, "domain" | "created">> {
  const { store } = ports;
  const left: string[] = [];
  let [added, known, members, posts] = [0, 0, 0, 0];
  const ids = new Map<string, AccountId | undefined>();
  const idOf = async (name: string): Promise<AccountId | undefined> => {
    if (!ids.has(name)) ids.set(name, (await store.accounts({ name }))[0]?.id);
    return ids.get(name);
  };
  for (const one of file.addresses) {
    const at = one.address.lastIndexOf("@");
    const [local, domain] = [one.address.slice(0, at), one.address.slice(at + 1)];
    if (domain !== file.domain) {
      left.push(`${one.address} is no address of ${file.domain}.`);
      continue;
    }
    const idsOf = async (names: readonly string[], what: string): Promise<readonly AccountId[]> => {
      const found: AccountId[] = [];
      for (const name of names) {
        const id = await idOf(name);
        if (id === undefined) left.push(`${name}, who may send ${what} ${one.address}, is not here.`);
        else found.push(id);
      }
      return found;
    };
    const senders = await idsOf(one.senders, "as");
    const onBehalf = await idsOf(one.onBehalf ?? [], "on behalf of");
    const [here] = await store.addresses({ local, domain });
    if (here !== undefined) {
      known++;
      // What is an account's own came with the account; who may send as it is written here.
      const granted = new Set([...here.senders, ...(here.onBehalf ?? [])]);
      const more = {
        senders: senders.filter((id) => !granted.has(id)),
        onBehalf: onBehalf.filter((id) => !granted.has(id)),
      };
      if (here.kind === one.kind && more.senders.length + more.onBehalf.length > 0)
        await store.putAddress({
          ...here,
          senders: [...here.senders, ...more.senders],
          onBehalf: [...(here.onBehalf ?? []), ...more.onBehalf],
        });
    } else {
      const row = await rowOf(one, { local, domain, senders, onBehalf }, idOf);
      if (typeof row === "string") {
        left.push(row);
        continue;
      }
      const put = await store.putAddress(row);
      if (put === "done") added++;
      else left.push(`${one.address} cannot be made (${put}).`);
    }
    if (one.about?.kind !== "list" || (here !== undefined && here.about?.kind !== "list")) continue;
    members += await putMembers(one.address, one.members ?? [], ports);
    posts += (await importArchive(one.address, folder, ports)).added;
  }
  return { addresses: { added, known }, members, posts, left };
}

/** The address as it is here, or a sentence why it cannot be. */
async function rowOf(
  { address, kind, account, targets, about }: DirectoryFile["addresses"][number],
  place: Pick<Address, "local" | "domain" | "senders" | "onBehalf">,
  idOf: (name: string) => Promise<AccountId | undefined>,
): Promise<Address | string> {
  if (kind === "account") {
    const id = account === undefined ? undefined : await idOf(account);
    if (id === undefined) return `${address} is an address of ${account ?? "nobody"}, who is not here.`;
    return { ...place, kind, account: id, targets: [] };
  }
  const row = { ...place, kind, account: undefined, targets };
  if (kind === "alias" && targets.length === 0 && about?.kind !== "list") return `${address} leads nowhere.`;
  if (about?.kind !== "masked")
    return about === undefined ? row : { ...row, about: about as NonNullable<Address["about"]> };
  const owner = await idOf(about.owner ?? targets[0] ?? "");
  if (owner === undefined) return `${address} is a masked address of ${about.owner ?? targets[0]}, who is not here.`;
  return { ...row, about: { ...about, owner } };
}

async function putMembers(
  list: string,
  members: NonNullable<DirectoryFile["addresses"][number]["members"]>,
  { store }: DirectoryPorts,
): Promise<number> {
  const here = new Set((await store.listMembers({ list })).map(({ address }) => address));
  let added = 0;
  for (const { address, displayName, role, delivery, since, paused, bouncedAt } of members) {
    if (here.has(address)) continue;
    const put = await store.putListMember({ list, address, displayName, role, delivery, since });
    if (put.kind !== "done") break;
    added++;
    // One bounce is enough for who was paused there.
    if (paused) await store.noteListBounce(put.member.id, { at: bouncedAt ?? since, quietMs: 0, most: 1 });
  }
  return added;
}
