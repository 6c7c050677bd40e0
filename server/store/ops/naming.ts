/** What names an address besides the account that has it: aliases, groups, lists, catch-alls and other people's filters (`../hosting.ts`). */
import type { Naming, Within } from "../hosting.ts";
import type { AccountId, Address, DomainSettings } from "../store.ts";
import { all, type Op, publish, type Row, rows, run } from "./tx.ts";
import { inside } from "./within.ts";

/** Of one kind, of one address: whoever has mended these asks again. */
const maxNamings = 1_000;

const everywhere: Within = { kind: "all" };
const quoted = (address: string): string => JSON.stringify(address);
const domainOfList = "substr(list, {instr}(list, '@') + 1)";

type Alias = { readonly local: string; readonly domain: string; readonly targets: string; readonly about: string };

function* aliasesTo(address: string, within: Within): Op<readonly (Alias & Row)[]> {
  const { sql, param } = inside(within, "domain");
  return yield* all<Alias & Row>(
    `SELECT local, domain, targets, about FROM addresses WHERE ${sql} AND {instr}(targets, $2) > 0 ORDER BY domain, local`,
    param,
    quoted(address),
  );
}

function* catchAllsTo(address: string, within: Within): Op<readonly { name: string; settings: DomainSettings }[]> {
  const { sql, param } = inside(within, "name");
  const found = yield* all<{ name: string; settings: string } & Row>(
    `SELECT name, settings FROM domains WHERE ${sql} AND {instr}(settings, $2) > 0 ORDER BY name`,
    param,
    quoted(address),
  );
  return found
    .map(({ name, settings }) => ({ name, settings: JSON.parse(settings) as DomainSettings }))
    .filter(({ settings }) => settings.catchAll === address);
}

/** What names this address, inside of these domains. Masked addresses are their owner's own, and go with them. */
export function* namings(address: string, within: Within): Op<readonly Naming[]> {
  const found: Naming[] = [];
  for (const row of (yield* aliasesTo(address, within)).slice(0, maxNamings)) {
    const kind = kindOf(row);
    const alone = (JSON.parse(row.targets) as readonly string[]).length === 1;
    if (kind === "alias" || kind === "group") found.push({ kind, name: `${row.local}@${row.domain}`, alone });
  }
  const lists = inside(within, domainOfList);
  for (const [list] of yield* rows(
    `SELECT list FROM list_members WHERE ${lists.sql} AND address = $2 ORDER BY list LIMIT ${maxNamings}`,
    lists.param,
    address,
  ))
    found.push({ kind: "list", name: list as string, alone: false });
  for (const { name } of (yield* catchAllsTo(address, within)).slice(0, maxNamings))
    found.push({ kind: "catch-all", name, alone: true });
  const people = inside(within, "a.domain");
  for (const [owner] of yield* rows(
    `SELECT DISTINCT a.name FROM sieve_scripts s JOIN accounts a ON a.id = s.account
     WHERE ${people.sql} AND a.deletion = 0 AND a.name <> $2 AND {instr}(lower(s.content), $3) > 0 ORDER BY a.name LIMIT ${maxNamings}`,
    people.param,
    address,
    quoted(address),
  ))
    found.push({ kind: "filter", name: owner as string, alone: false });
  const shared = inside(within, "owner");
  for (const [owner] of yield* rows(
    `SELECT DISTINCT owner FROM sieve_shared WHERE ${shared.sql} AND {instr}(lower(content), $2) > 0 ORDER BY owner`,
    shared.param,
    quoted(address),
  ))
    found.push({ kind: "filter", name: owner as string, alone: false });
  return found;
}

/** Aliases, groups, lists and catch-alls name another address instead, or (undefined) none: an alias with no other target goes. Filters are their writers'. */
export function* nameInstead(from: string, to: string | undefined, within: Within): Op<void> {
  for (const row of yield* aliasesTo(from, within)) if (!isMasked(row)) yield* leadElsewhere(row, from, to);
  yield* elsewhereThan(from, to, within);
}

/** The same where `to` is the new name of whose address this was: one-off addresses go along. */
export function* nameAnew(from: string, to: string): Op<void> {
  for (const row of yield* aliasesTo(from, everywhere)) yield* leadElsewhere(row, from, to);
  yield* elsewhereThan(from, to, everywhere);
}

const kindOf = ({ about }: Alias): "alias" | NonNullable<Address["about"]>["kind"] =>
  about === "" ? "alias" : (JSON.parse(about) as NonNullable<Address["about"]>).kind;
const isMasked = (row: Alias): boolean => kindOf(row) === "masked";

function* leadElsewhere(row: Alias, from: string, to: string | undefined): Op<void> {
  const targets = (JSON.parse(row.targets) as readonly string[]).flatMap((target) =>
    target !== from ? [target] : to === undefined || to === `${row.local}@${row.domain}` ? [] : [to],
  );
  if (targets.length === 0) yield* run("DELETE FROM addresses WHERE domain = $1 AND local = $2", row.domain, row.local);
  else
    yield* run(
      "UPDATE addresses SET targets = $3 WHERE domain = $1 AND local = $2",
      row.domain,
      row.local,
      JSON.stringify([...new Set(targets)]),
    );
}

function* elsewhereThan(from: string, to: string | undefined, within: Within): Op<void> {
  const lists = inside(within, domainOfList);
  if (to !== undefined)
    yield* run(
      `UPDATE list_members SET address = $3 WHERE ${lists.sql} AND address = $2
         AND list NOT IN (SELECT list FROM list_members WHERE address = $3)`,
      lists.param,
      from,
      to,
    );
  else yield* run(`DELETE FROM list_members WHERE ${lists.sql} AND address = $2`, lists.param, from);
  for (const { name, settings } of yield* catchAllsTo(from, within)) {
    const { catchAll: _, ...rest } = settings;
    const after = to === undefined ? rest : { ...rest, catchAll: to };
    yield* run("UPDATE domains SET settings = $2 WHERE name = $1", name, JSON.stringify(after));
  }
  yield* publish({ kind: "directory" });
}

/** How `about` of an account's own one-off addresses begins (`../store.ts`). */
export const maskedOf = (account: AccountId): string =>
  `${JSON.stringify({ kind: "masked", owner: account }).slice(0, -1)},`;
