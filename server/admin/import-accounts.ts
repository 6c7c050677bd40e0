/**
 * Many accounts at once, from CSV. A running server seals passwords and hashes them afterwards (`access/sealed-passwords.ts`), otherwise
 * they are hashed as many at a time as there are threads for it. An import
 * that broke half-way is simply run again: accounts that are there already are left alone, and get the aliases that are missing.
 */
import { availableParallelism } from "node:os";
import { parseCsvRows } from "../../protocol/csv.ts";
import { generatePassword, makeCredential, type NewCredential } from "../access/password.ts";
import type { HostedDomain, Tenant } from "../store/hosting.ts";
import type { Address } from "../store/store.ts";
import { readBytes } from "./arguments.ts";
import { no, type Progress, type Refused, type World } from "./command.ts";
import { readAddress } from "./names.ts";
import { addAccount, badPassword, readHash } from "./people.ts";

/** Accounts of one import. */
export const maxImported = 100_000;
/** Rows that are told as wrong, one by one. */
const maxMistakes = 200;
/** Accounts that are written at a time: they share commits. */
const batch = 200;

export const columns = ["address", "password", "passwordHash", "displayName", "quota", "aliases"] as const;
type Column = (typeof columns)[number];
type Row = { readonly line: number } & { readonly [C in Column]?: string };

export type Imported = {
  readonly made: number;
  /** They were there already and are left as they are, but for aliases that they lack. */
  readonly present: number;
  readonly aliases: number;
  /** Of accounts without a password in the file. */
  readonly passwords: readonly { readonly name: string; readonly password: string }[];
  readonly mistakes: readonly { readonly line: number; readonly why: string }[];
};

/** Reads the rows by the names in the first one; a sentence where there is no column "address". */
function readRows(text: string): readonly Row[] | Refused {
  const [head, ...below] = parseCsvRows(text);
  // Spreadsheets leave lines of separators alone at the end.
  const rest = below.filter(({ cells }) => cells.some((cell) => cell.trim() !== ""));
  const names = (head?.cells ?? []).map((name) =>
    columns.find((known) => known.toLowerCase() === name.trim().toLowerCase()),
  );
  if (!names.includes("address"))
    return no(`The first line must name the columns, "address" among them: ${columns.join(",")}.`, "csv");
  if (rest.length > maxImported) return no(`At most ${maxImported} accounts at once: split the file.`, "csv");
  return rest.map(({ line, cells }) => ({
    line,
    ...Object.fromEntries(
      names.flatMap((name, i) => (name === undefined || (cells[i] ?? "") === "" ? [] : [[name, cells[i]?.trim()]])),
    ),
  }));
}

/** `mayUse`: the domain, where whoever imports may make accounts in it. */
export async function importAccounts(
  world: Pick<World, "store" | "now" | "sealed">,
  csv: string,
  mayUse: (domain: string) => Promise<HostedDomain | undefined>,
  progress: Progress,
): Promise<Imported | Refused> {
  const { now, sealed } = world;
  return sealed === undefined
    ? importWith((password) => makeCredential(password, now()), world, csv, mayUse, progress)
    : sealed.during((seal) => importWith(seal, world, csv, mayUse, progress));
}

async function importWith(
  keep: (password: string) => NewCredential | Promise<NewCredential>,
  world: Pick<World, "store" | "now">,
  csv: string,
  mayUse: (domain: string) => Promise<HostedDomain | undefined>,
  progress: Progress,
): Promise<Imported | Refused> {
  const rows = readRows(csv);
  if ("why" in rows) return rows;
  const { store, now } = world;
  const domains = new Map<string, HostedDomain | undefined>();
  const tenants = new Map<number, Tenant>((await store.tenants()).map((tenant) => [tenant.id, tenant]));
  const room = new Map<number, { accounts: number; bytes: number }>();
  const known = new Set((await store.accounts()).map(({ name }) => name));
  const addresses = new Map((await store.addresses()).map((one) => [`${one.local}@${one.domain}`, one]));
  /** The line that has named an account first. */
  const named = new Map<string, number>();
  const mistakes: { line: number; why: string }[] = [];
  const passwords: { name: string; password: string }[] = [];
  let made = 0;
  let present = 0;
  let aliases = 0;
  const wrong = (line: number, why: string): void => {
    if (mistakes.length < maxMistakes) mistakes.push({ line, why });
  };

  const domainOf = async (name: string): Promise<HostedDomain | undefined> => {
    if (!domains.has(name)) domains.set(name, await mayUse(name));
    return domains.get(name);
  };

  type Ready = { readonly row: Row; readonly name: string; readonly quotaBytes: number; readonly domain: HostedDomain };
  const ready: Ready[] = [];
  const there: Pick<Ready, "row" | "name">[] = [];
  for (const row of rows) {
    const address = row.address === undefined ? undefined : readAddress(row.address);
    if (address === undefined) {
      wrong(row.line, `"${row.address ?? ""}" is no address.`);
      continue;
    }
    const domain = await domainOf(address.domain);
    const name = `${address.local}@${address.domain}`;
    const before = named.get(name);
    named.set(name, before ?? row.line);
    if (before !== undefined) wrong(row.line, `${name} is in line ${before} already: this line is left out.`);
    else if (domain === undefined || domain.kind !== "local")
      wrong(row.line, `The domain ${address.domain} is not here.`);
    else if (known.has(name)) {
      present++;
      there.push({ row, name });
    } else if (row.password !== undefined && badPassword(row.password)) wrong(row.line, "The password cannot be used.");
    else {
      const tenant = tenants.get(domain.tenant);
      const quota = row.quota === undefined ? (tenant?.settings.limits.defaultQuotaBytes ?? 0) : readBytes(row.quota);
      if (quota === undefined) {
        wrong(row.line, `"${row.quota}" is no size: write 5G or 500M.`);
        continue;
      }
      const why = tenant === undefined ? undefined : await full(tenant, quota, room, store);
      if (why !== undefined) wrong(row.line, why);
      else {
        known.add(name);
        ready.push({ row, name, quotaBytes: quota, domain });
      }
    }
  }

  // Told before anything is written: of two that want the same address none takes it from the other.
  const wanted = new Map<string, string>();
  const aliasesOf = async ({ row, name }: Pick<Ready, "row" | "name">): Promise<readonly Alias[]> => {
    const own: Alias[] = [];
    for (const text of (row.aliases ?? "").split(/[\s;]+/).filter((part) => part !== "")) {
      const alias = readAddress(text);
      const address = alias && `${alias.local}@${alias.domain}`;
      const before = address === undefined ? undefined : addresses.get(address);
      if (alias === undefined || address === undefined) wrong(row.line, `"${text}" is no address to be an alias.`);
      else if ((await domainOf(alias.domain)) === undefined)
        wrong(row.line, `${address} is not made an alias: the domain ${alias.domain} is not here.`);
      else if (address === name || before?.targets.join() === name || wanted.get(address) === name) continue;
      else if (known.has(address)) wrong(row.line, `${address} is not made an alias of ${name}: it is an account.`);
      else if (before !== undefined || wanted.has(address))
        wrong(
          row.line,
          `${address} is not made an alias of ${name}: it leads to ${leadsTo(before, wanted.get(address))}.`,
        );
      else {
        wanted.set(address, name);
        own.push(alias);
      }
    }
    return own;
  };
  const further = new Map<string, readonly Alias[]>();
  for (const one of [...there, ...ready]) further.set(one.name, await aliasesOf(one));

  const addAliases = async (name: string): Promise<void> => {
    for (const alias of further.get(name) ?? []) {
      await store.putAddress({ ...alias, kind: "alias", account: undefined, targets: [name], senders: [] });
      aliases++;
    }
  };
  const credentialOf = async ({ row, name }: Ready): Promise<NewCredential | Refused> => {
    if (row.passwordHash !== undefined) return readHash(row.passwordHash, now());
    const password = row.password ?? generatePassword();
    if (row.password === undefined) passwords.push({ name, password });
    return keep(password);
  };
  const write = async (one: Ready, credential: NewCredential): Promise<void> => {
    const { row, name, quotaBytes } = one;
    const answer = await addAccount(store, { name, displayName: row.displayName ?? "", quotaBytes }, credential, now());
    if (answer.kind === "refused") return wrong(row.line, answer.why);
    made++;
    await addAliases(name);
  };
  for (const { name } of there) await addAliases(name);
  // Hashing and writing overlap: while one batch is written the next one is hashed.
  let writing: Promise<unknown> = Promise.resolve();
  for (let from = 0; from < ready.length; from += batch) {
    const part = ready.slice(from, from + batch);
    const credentials = await inTurns(part, Math.max(2, availableParallelism()), credentialOf);
    await writing;
    writing = Promise.all(
      part.map((one, i) => {
        const credential = credentials[i] as NewCredential | Refused;
        return "why" in credential ? wrong(one.row.line, credential.why) : write(one, credential);
      }),
    );
    progress(`${from + part.length} of ${ready.length}`);
  }
  await writing;
  mistakes.sort((one, other) => one.line - other.line);
  return { made, present, aliases, passwords, mistakes };
}

type Alias = { readonly local: string; readonly domain: string };

function leadsTo(there: Address | undefined, earlier: string | undefined): string {
  if (there === undefined) return earlier ?? "";
  return there.targets.length === 0 ? "something else" : there.targets.slice(0, 3).join(", ");
}

async function full(
  { id, name, settings: { limits } }: Tenant,
  quota: number,
  room: Map<number, { accounts: number; bytes: number }>,
  store: Pick<World, "store">["store"],
): Promise<string | undefined> {
  let has = room.get(id);
  if (has === undefined) {
    const counts = await store.hostedCounts({ kind: "tenant", tenant: id });
    room.set(id, (has = { accounts: counts.accounts, bytes: counts.quotaBytes }));
  }
  if (limits.maxAccounts !== undefined && has.accounts >= limits.maxAccounts)
    return `The tenant ${name} may have ${limits.maxAccounts} accounts.`;
  if (limits.maxStorageBytes !== undefined && (quota === 0 || has.bytes + quota > limits.maxStorageBytes))
    return `The tenant ${name} may give ${limits.maxStorageBytes} bytes in all: this account needs a (smaller) quota.`;
  has.accounts++;
  has.bytes += quota;
  return undefined;
}

/** Does the work for each, so many at a time, in their order. */
async function inTurns<T, R>(all: readonly T[], atOnce: number, work: (one: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = new Array(all.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < all.length; i = next++) results[i] = await work(all[i] as T);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
