/** Deletions that can be undone: what is deleted is gone for everybody at once, and removed for ever later (`../hosting.ts`). */

import { domainSettings } from "../domain-settings.ts";
import type { Deletion, DeletionKind, HostingWriter, Takes, Within } from "../hosting.ts";
import type { Instant } from "../store.ts";
import { removeAccount } from "./accounts.ts";
import { forgetListsOf } from "./lists.ts";
import { maskedOf } from "./naming.ts";
import { all, type Op, one, publish, type Row, rows, run } from "./tx.ts";

/** Accounts that one `purge` removes with all their mail. */
const maxAccountsPurged = 5;

type DeletionRow = {
  readonly id: number;
  readonly kind: DeletionKind;
  readonly name: string;
  readonly tenant: number;
  readonly domain: string;
  readonly takes: string;
  readonly made_by: string;
  readonly at: number;
  readonly purge_at: number;
} & Row;

const deletionOf = (row: DeletionRow): Deletion => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  tenant: row.tenant,
  domain: row.domain,
  takes: JSON.parse(row.takes) as Takes,
  by: row.made_by,
  at: row.at,
  purgeAt: row.purge_at,
});

export function* deletions(within: Within): Op<readonly Deletion[]> {
  const found = (yield* all<DeletionRow>("SELECT * FROM deletions ORDER BY id DESC LIMIT 10000")).map(deletionOf);
  switch (within.kind) {
    case "all":
      return found;
    case "tenant":
      return found.filter((one) => one.tenant === within.tenant && one.kind !== "tenant");
    case "domains":
      return found.filter((one) => one.kind === "account" && within.names.includes(one.domain));
    default:
      return within satisfies never;
  }
}

/** Names of the domains that a deletion takes, and a condition for its accounts (`$1` is a parameter of texts). */
function* domainsOf(kind: DeletionKind, name: string): Op<readonly string[]> {
  if (kind === "domain")
    return (yield* rows("SELECT name FROM domains WHERE name = $1", name)).map(([n]) => n as string);
  if (kind === "account") return [];
  const found = yield* rows(
    "SELECT d.name FROM tenants t JOIN domains d ON d.tenant = t.id WHERE t.name = $1 AND t.deletion = 0",
    name,
  );
  return found.map(([n]) => n as string);
}

type Found = { readonly tenant: number; readonly domain: string };

function* findIt(kind: DeletionKind, name: string): Op<Found | undefined> {
  switch (kind) {
    case "account":
      return yield* one<Found & Row>(
        "SELECT coalesce(d.tenant, 0) AS tenant, a.domain FROM accounts a LEFT JOIN domains d ON d.name = a.domain WHERE a.name = $1 AND a.deletion = 0",
        name,
      );
    case "domain":
      return yield* one<Found & Row>("SELECT tenant, name AS domain FROM domains WHERE name = $1", name);
    case "tenant":
      return yield* one<Found & Row>(
        "SELECT id AS tenant, '' AS domain FROM tenants WHERE name = $1 AND deletion = 0",
        name,
      );
    default:
      return kind satisfies never;
  }
}

/** Of an account: its number, and what `maskedOf` says of it. */
const isTheirs = "(account = $1 OR {instr}(about, $2) = 1)";

export function* deletionTakes(kind: DeletionKind, name: string): Op<Takes | undefined> {
  if ((yield* findIt(kind, name)) === undefined) return undefined;
  const names = yield* domainsOf(kind, name);
  const [which, param] = kind === "account" ? ["name = $1", name] : ["domain IN {texts $1}", JSON.stringify(names)];
  const accounts = yield* one<{ [name: string]: number }>(
    `SELECT count(*) AS n, coalesce(sum(used_messages), 0) AS messages, coalesce(sum(used_bytes), 0) AS bytes
     FROM accounts WHERE ${which} AND deletion = 0`,
    param as string,
  );
  const [own] = kind === "account" ? yield* rows("SELECT id FROM accounts WHERE name = $1", name) : [];
  const addresses =
    own !== undefined
      ? yield* one<{ n: number }>(
          `SELECT count(*) AS n FROM addresses WHERE ${isTheirs}`,
          own[0] as number,
          maskedOf(own[0] as number),
        )
      : yield* one<{ n: number }>(
          "SELECT count(*) AS n FROM addresses WHERE domain IN {texts $1}",
          JSON.stringify(names),
        );
  return {
    domains: names.length,
    accounts: Number(accounts?.["n"] ?? 0),
    addresses: addresses?.n ?? 0,
    messages: Number(accounts?.["messages"] ?? 0),
    bytes: Number(accounts?.["bytes"] ?? 0),
  };
}

export function* softDelete(
  kind: DeletionKind,
  name: string,
  by: string,
  at: Instant,
  purgeAt: Instant,
): Op<Awaited<ReturnType<HostingWriter["softDelete"]>>> {
  const found = yield* findIt(kind, name);
  const takes = yield* deletionTakes(kind, name);
  if (found === undefined || takes === undefined) return { kind: "missing" };
  const names = JSON.stringify(yield* domainsOf(kind, name));
  const row = yield* one<DeletionRow>(
    `INSERT INTO deletions (kind, name, tenant, domain, takes, made_by, at, purge_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *`,
    kind,
    name,
    found.tenant,
    found.domain,
    JSON.stringify(takes),
    by,
    at,
    purgeAt,
  );
  const deletion = deletionOf(row as DeletionRow);
  const { id } = deletion;
  // The name is free for others at once: no address has a space in it.
  const away = `SET deletion = $2, name = name || $3 WHERE deletion = 0`;
  if (kind === "account") yield* run(`UPDATE accounts ${away} AND name = $1`, name, id, suffix(id));
  else yield* run(`UPDATE accounts ${away} AND domain IN {texts $1}`, names, id, suffix(id));
  const left = yield* one("SELECT 1 AS n FROM accounts WHERE role = 'admin' AND disabled = 0 AND deletion = 0 LIMIT 1");
  const had = yield* one(
    "SELECT 1 AS n FROM accounts WHERE role = 'admin' AND disabled = 0 AND deletion = $1 LIMIT 1",
    id,
  );
  if (left === undefined && had !== undefined) {
    yield* bringBackAccounts(id);
    yield* run("DELETE FROM deletions WHERE id = $1", id);
    return { kind: "last-administrator" };
  }
  const columns = "domain, local, kind, account, targets, senders, about";
  const keep = (number: "$2" | "$3"): string =>
    `INSERT INTO gone_addresses (deletion, ${columns}) SELECT CAST(${number} AS BIGINT), ${columns} FROM addresses WHERE`;
  if (kind === "account") {
    const [[account] = [0]] = yield* rows("SELECT id FROM accounts WHERE deletion = $1", id);
    const theirs = [account as number, maskedOf(account as number)];
    yield* run(`${keep("$3")} ${isTheirs}`, ...theirs, id);
    yield* run(`DELETE FROM addresses WHERE ${isTheirs}`, ...theirs);
  } else {
    yield* run(`${keep("$2")} domain IN {texts $1}`, names, id);
    yield* run("DELETE FROM addresses WHERE domain IN {texts $1}", names);
    yield* run(
      "INSERT INTO gone_domains (deletion, name, kind, settings, tenant) SELECT $1, name, kind, settings, tenant FROM domains WHERE name IN {texts $2}",
      id,
      names,
    );
    yield* run("DELETE FROM domains WHERE name IN {texts $1}", names);
  }
  if (kind === "tenant") yield* run("UPDATE tenants SET deletion = $2 WHERE name = $1", name, id);
  // Whoever is gone is logged in nowhere.
  yield* run("DELETE FROM web_sessions WHERE account IN (SELECT id FROM accounts WHERE deletion = $1)", id);
  yield* publish({ kind: "directory" });
  for (const [account] of yield* rows("SELECT id FROM accounts WHERE deletion = $1", id))
    yield* publish({ kind: "signed-out", account: account as number });
  return { kind: "done", deletion };
}

const suffix = (id: number): string => ` #${id}`;

function* bringBackAccounts(id: number): Op<void> {
  yield* run(
    "UPDATE accounts SET deletion = 0, name = substr(name, 1, length(name) - length($2)) WHERE deletion = $1",
    id,
    suffix(id),
  );
}

export function* undelete(id: number): Op<Awaited<ReturnType<HostingWriter["undelete"]>>> {
  const row = yield* one<DeletionRow>("SELECT * FROM deletions WHERE id = $1", id);
  if (row === undefined) return "missing";
  const clash = yield* one<{ name: string }>(
    `SELECT a.local || '@' || a.domain AS name FROM gone_addresses g JOIN addresses a ON a.domain = g.domain AND a.local = g.local WHERE g.deletion = $1
     UNION ALL SELECT a.name FROM accounts g JOIN accounts a ON g.name = a.name || $2 WHERE g.deletion = $1
     UNION ALL SELECT d.name FROM gone_domains g JOIN domains d ON d.name = g.name WHERE g.deletion = $1 LIMIT 1`,
    id,
    suffix(id),
  );
  if (clash !== undefined) return { taken: clash.name };
  // An account comes back to a domain that is there; a domain to a tenant that is there, or to the platform.
  if (row.kind === "account" && !(yield* one("SELECT 1 AS n FROM domains WHERE name = $1", row.domain)))
    return { noDomain: row.domain };
  if (row.kind === "tenant") yield* run("UPDATE tenants SET deletion = 0 WHERE deletion = $1", id);
  yield* run(
    `INSERT INTO domains (name, kind, settings, tenant) SELECT name, kind, settings,
       CASE WHEN tenant IN (SELECT id FROM tenants WHERE deletion = 0) THEN tenant ELSE 0 END FROM gone_domains WHERE deletion = $1`,
    id,
  );
  const columns = "domain, local, kind, account, targets, senders, about";
  yield* run(`INSERT INTO addresses (${columns}) SELECT ${columns} FROM gone_addresses WHERE deletion = $1`, id);
  yield* bringBackAccounts(id);
  yield* forget(id);
  yield* publish({ kind: "directory" });
  return "done";
}

/** All that is kept by the name of a domain: whoever has a domain of this name next finds nothing of it. */
function* forgetDomain(name: string): Op<void> {
  yield* run("DELETE FROM grants WHERE kind = 'domain' AND object = $1", name);
  for (const prefix of Object.values(domainSettings)) yield* run("DELETE FROM settings WHERE key = $1", prefix + name);
  yield* run("DELETE FROM sieve_shared WHERE owner = $1", name);
  yield* run("DELETE FROM invitations WHERE substr(name, length(name) - length($1) + 1) = $1", `@${name}`);
  yield* run("DELETE FROM tallies WHERE domain = $1", name);
  yield* run("DELETE FROM tally_days WHERE domain = $1", name);
  yield* forgetListsOf(name);
}

function* forget(id: number): Op<void> {
  yield* run("DELETE FROM gone_domains WHERE deletion = $1", id);
  yield* run("DELETE FROM gone_addresses WHERE deletion = $1", id);
  yield* run("DELETE FROM deletions WHERE id = $1", id);
}

export function* purge(id: number): Op<"done" | "more" | "missing"> {
  if ((yield* one("SELECT 1 AS n FROM deletions WHERE id = $1", id)) === undefined) return "missing";
  const accounts = yield* rows(
    "SELECT id FROM accounts WHERE deletion = $1 ORDER BY id LIMIT $2",
    id,
    maxAccountsPurged,
  );
  for (const [account] of accounts) yield* removeAccount(account as number);
  if (accounts.length === maxAccountsPurged) return "more";
  const domains = yield* rows(
    "SELECT name FROM gone_domains WHERE deletion = $1 AND name NOT IN (SELECT name FROM domains)",
    id,
  );
  for (const [name] of domains) yield* forgetDomain(name as string);
  yield* run(
    "DELETE FROM grants WHERE kind = 'tenant' AND object IN (SELECT CAST(id AS TEXT) FROM tenants WHERE deletion = $1)",
    id,
  );
  yield* run("DELETE FROM tenants WHERE deletion = $1", id);
  yield* forget(id);
  yield* publish({ kind: "directory" });
  return "done";
}

/** Purges what is due, a piece at a time. */
export function* purgeDue(now: Instant): Op<boolean> {
  const due = yield* one<{ id: number }>(
    "SELECT id FROM deletions WHERE purge_at <= $1 ORDER BY purge_at LIMIT 1",
    now,
  );
  if (due === undefined) return false;
  yield* purge(due.id);
  return true;
}
