/** What belongs to a domain and to nobody alone: aliases, groups and mailing lists with their members, beside the accounts of an export. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../store/store.ts";

/** Writes DOMAIN.json into the folder; answers how many addresses it has. */
export async function exportDirectory(
  domain: string,
  into: string,
  store: Pick<Store, "domains" | "addresses" | "accounts" | "listMembers">,
): Promise<number> {
  const [found] = (await store.domains()).filter(({ name }) => name === domain);
  const names = new Map((await store.accounts()).map(({ id, name }) => [id, name]));
  const addresses = [];
  for (const row of await store.addresses({ domain })) {
    if (row.kind === "account" && names.get(row.account ?? 0) === `${row.local}@${domain}` && row.senders.length === 0)
      continue;
    const address = `${row.local}@${row.domain}`;
    const { kind, targets, senders, about } = row;
    const members = about?.kind === "list" ? await store.listMembers({ list: address }) : undefined;
    addresses.push({
      address,
      kind,
      account: names.get(row.account ?? 0),
      targets,
      senders: senders.flatMap((id) => names.get(id) ?? []),
      // The owner's number here says nothing elsewhere: its target is its owner.
      about: about === undefined || !("owner" in about) ? about : { ...about, owner: undefined },
      members: members?.map(({ id: _, list: __, ...kept }) => kept),
    });
  }
  const file = {
    format: "angarium directory",
    version: 1,
    domain,
    kind: found?.kind,
    settings: found?.settings,
    addresses,
  };
  await mkdir(into, { recursive: true, mode: 0o700 });
  await writeFile(join(into, `${domain}.json`), JSON.stringify(file, null, 1), { mode: 0o600 });
  return addresses.length;
}
