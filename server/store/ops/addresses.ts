/** Addresses, and where their mail goes. */
import type { Address, StoreReader } from "../store.ts";
import { directoryChanged } from "./directory-changes.ts";
import { all, type Op, one, type Row, run } from "./tx.ts";

export type AddressRow = {
  readonly domain: string;
  readonly local: string;
  readonly kind: Address["kind"];
  readonly account: number | null;
  readonly targets: string;
  readonly senders: string;
  readonly about: string;
} & Row;

/** In one column: who sends as the address, and with a minus who does on its behalf. */
function grantsOf(kept: string): Pick<Address, "senders" | "onBehalf"> {
  const all = JSON.parse(kept) as number[];
  const onBehalf = all.filter((id) => id < 0).map((id) => -id);
  return onBehalf.length === 0 ? { senders: all } : { senders: all.filter((id) => id > 0), onBehalf };
}

export const addressOf = (row: AddressRow): Address => ({
  local: row.local,
  domain: row.domain,
  kind: row.kind,
  account: row.account ?? undefined,
  targets: JSON.parse(row.targets) as string[],
  ...grantsOf(row.senders),
  ...(row.about === "" ? {} : { about: JSON.parse(row.about) as NonNullable<Address["about"]> }),
});

export function* addresses(filter: Parameters<StoreReader["addresses"]>[0] = {}): Op<readonly Address[]> {
  const { domain, local, account } = filter;
  const from = "SELECT domain, local, kind, account, targets, senders, about FROM addresses";
  let found: readonly AddressRow[];
  if (account !== undefined) found = yield* all(`${from} WHERE account = $1 ORDER BY domain, local`, account);
  else if (domain !== undefined && local !== undefined)
    found = yield* all(`${from} WHERE domain = $1 AND local = $2`, domain, local);
  else if (domain !== undefined) found = yield* all(`${from} WHERE domain = $1 ORDER BY local`, domain);
  else found = yield* all(`${from} ORDER BY domain, local`);
  return found
    .filter((row) => (domain === undefined || row.domain === domain) && (local === undefined || row.local === local))
    .map(addressOf);
}

/** The address that is an account's name. */
function* isPrimary(local: string, domain: string): Op<boolean> {
  return (yield* one("SELECT id FROM accounts WHERE name = $1", `${local}@${domain}`)) !== undefined;
}

export function* putAddress(address: Address): Op<"done" | "no-domain" | "no-account" | "taken"> {
  const { local, domain, kind } = address;
  const needsTarget = kind === "alias" && address.about?.kind !== "list";
  if (local === "" || (needsTarget && address.targets.length === 0))
    throw new Error("An address needs a local part, and an alias a target.");
  if (!(yield* one("SELECT 1 AS n FROM domains WHERE name = $1", domain))) return "no-domain";
  const account = kind === "account" ? address.account : undefined;
  if (kind === "account") {
    if (account === undefined) return "no-account";
    if (!(yield* one("SELECT 1 AS n FROM accounts WHERE id = $1", account))) return "no-account";
  }
  const primary = yield* one<{ id: number }>("SELECT id FROM accounts WHERE name = $1", `${local}@${domain}`);
  if (primary !== undefined && primary.id !== account) return "taken";
  yield* run(
    `INSERT INTO addresses (domain, local, kind, account, targets, senders, about) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (domain, local) DO UPDATE SET kind = excluded.kind, account = excluded.account,
       targets = excluded.targets, senders = excluded.senders, about = excluded.about`,
    domain,
    local,
    kind,
    account ?? null,
    JSON.stringify(kind === "alias" ? address.targets : []),
    JSON.stringify([...address.senders, ...(address.onBehalf ?? []).map((id) => -id)]),
    address.about === undefined ? "" : JSON.stringify(address.about),
  );
  yield* directoryChanged();
  return "done";
}

export function* removeAddress(local: string, domain: string): Op<"done" | "missing" | "in-use"> {
  if (yield* isPrimary(local, domain)) return "in-use";
  if ((yield* run("DELETE FROM addresses WHERE domain = $1 AND local = $2", domain, local)) === 0) return "missing";
  yield* directoryChanged();
  return "done";
}
