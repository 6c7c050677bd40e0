/** Tenants, grants, and the directory as somebody may see it (`../hosting.ts`). */
import type {
  Grant,
  HostedAccount,
  HostedCounts,
  HostedDomain,
  HostingReader,
  HostingWriter,
  Page,
  Tenant,
  TenantId,
  TenantSettings,
  Within,
} from "../hosting.ts";
import { contentOfQueueId, queueIdOf } from "../queue-id.ts";
import type { Address, Instant, QueueId } from "../store.ts";
import { type AccountRow, accountColumns, accountOf } from "./accounts.ts";
import { type AddressRow, addressOf } from "./addresses.ts";
import { all, type Op, one, publish, type Row, rows, run } from "./tx.ts";
import { inside } from "./within.ts";

/** Tenants that there may be. */
export const maxTenants = 10_000;

// ---------------------------------------------------------------- tenants

type TenantRow = {
  readonly id: number;
  readonly name: string;
  readonly display_name: string;
  readonly settings: string;
  readonly created_at: number;
} & Row;

const tenantOf = (row: TenantRow): Tenant => ({
  id: row.id,
  name: row.name,
  displayName: row.display_name,
  settings: JSON.parse(row.settings) as TenantSettings,
  createdAt: row.created_at,
});

export function* tenants(): Op<readonly Tenant[]> {
  return (yield* all<TenantRow>("SELECT * FROM tenants WHERE deletion = 0 ORDER BY name")).map(tenantOf);
}

export function* createTenant(
  { name, displayName, settings }: Omit<Tenant, "id" | "createdAt">,
  at: Instant,
): Op<Awaited<ReturnType<HostingWriter["createTenant"]>>> {
  const count = yield* one<{ n: number }>("SELECT count(*) AS n FROM tenants");
  if ((count?.n ?? 0) >= maxTenants) return { kind: "too-many" };
  const row = yield* one<TenantRow>(
    `INSERT INTO tenants (name, display_name, settings, created_at, deletion) VALUES ($1, $2, $3, $4, 0)
     ON CONFLICT (name) DO NOTHING RETURNING *`,
    name,
    displayName,
    JSON.stringify(settings),
    at,
  );
  if (row === undefined) return { kind: "exists" };
  yield* publish({ kind: "directory" });
  return { kind: "done", tenant: tenantOf(row) };
}

export function* updateTenant(
  id: TenantId,
  { displayName, settings }: Parameters<HostingWriter["updateTenant"]>[1],
): Op<"done" | "missing"> {
  const touched = yield* run(
    "UPDATE tenants SET display_name = coalesce($2, display_name), settings = coalesce($3, settings) WHERE id = $1 AND deletion = 0",
    id,
    displayName ?? null,
    settings === undefined ? null : JSON.stringify(settings),
  );
  if (touched === 0) return "missing";
  yield* publish({ kind: "directory" });
  return "done";
}

export function* giveDomain(name: string, tenant: TenantId): Op<"done" | "missing" | "no-tenant"> {
  if (tenant !== 0 && !(yield* one("SELECT 1 AS n FROM tenants WHERE id = $1 AND deletion = 0", tenant)))
    return "no-tenant";
  const before = yield* one<{ tenant: number }>("SELECT tenant FROM domains WHERE name = $1", name);
  if (before === undefined) return "missing";
  if (before.tenant === tenant) return "done";
  yield* run("UPDATE domains SET tenant = $2 WHERE name = $1", name, tenant);
  // Who administered it did so for its old owner; who lives in it administers nothing of that owner any more.
  yield* run("DELETE FROM grants WHERE kind = 'domain' AND object = $1", name);
  yield* run("DELETE FROM grants WHERE account IN (SELECT id FROM accounts WHERE domain = $1)", name);
  // Its old owner brings nobody back into it.
  yield* run("UPDATE deletions SET tenant = $2 WHERE kind = 'account' AND domain = $1", name, tenant);
  yield* publish({ kind: "directory" });
  return "done";
}

// ---------------------------------------------------------------- grants

export function* grants(filter: Parameters<HostingReader["grants"]>[0]): Op<readonly Grant[]> {
  const { account, kind, object } = filter;
  return yield* all<Grant & Row>(
    `SELECT account, kind, object FROM grants WHERE (CAST($1 AS BIGINT) IS NULL OR account = $1)
       AND (CAST($2 AS TEXT) IS NULL OR kind = $2) AND (CAST($3 AS TEXT) IS NULL OR object = $3)
     ORDER BY account, kind, object`,
    account ?? null,
    kind ?? null,
    object ?? null,
  );
}

export function* putGrant({ account, kind, object }: Grant, granted: boolean): Op<void> {
  if (granted)
    yield* run(
      "INSERT INTO grants (account, kind, object) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
      account,
      kind,
      object,
    );
  else yield* run("DELETE FROM grants WHERE account = $1 AND kind = $2 AND object = $3", account, kind, object);
  yield* publish({ kind: "directory" });
}

// ---------------------------------------------------------------- the directory, within

const pageParams = ({ after, search, domain, limit }: Page) =>
  [after ?? "", search?.toLowerCase() ?? null, domain ?? null, limit] as const;

export function* hostedDomains(within: Within, page: Page): Op<readonly HostedDomain[]> {
  const { sql, param } = inside(within, "d.name");
  const found = yield* all<{ name: string; kind: HostedDomain["kind"]; settings: string; tenant: number }>(
    `SELECT d.name, d.kind, d.settings, d.tenant FROM domains d WHERE ${sql} AND d.name > $2
       AND (CAST($3 AS TEXT) IS NULL OR {instr}(d.name, $3) > 0) AND (CAST($4 AS TEXT) IS NULL OR d.name = $4)
     ORDER BY d.name LIMIT $5`,
    param,
    ...pageParams(page),
  );
  return found.map((row) => ({
    name: row.name,
    kind: row.kind,
    settings: JSON.parse(row.settings) as HostedDomain["settings"],
    tenant: row.tenant,
  }));
}

export function* hostedAccounts(within: Within, page: Page): Op<readonly HostedAccount[]> {
  const { sql, param } = inside(within, "a.domain");
  const found = yield* all<AccountRow & { domain: string; tenant: number | null }>(
    `SELECT ${accountColumns
      .split(", ")
      .map((column) => `a.${column}`)
      .join(", ")}, a.domain, d.tenant FROM accounts a LEFT JOIN domains d ON d.name = a.domain
     WHERE ${sql} AND a.deletion = 0 AND a.name > $2
       AND (CAST($3 AS TEXT) IS NULL OR {instr}(a.name, $3) > 0 OR {instr}(lower(a.display_name), $3) > 0)
       AND (CAST($4 AS TEXT) IS NULL OR a.domain = $4)
     ORDER BY a.name LIMIT $5`,
    param,
    ...pageParams(page),
  );
  return found.map((row) => ({ ...accountOf(row), domain: row.domain, tenant: row.tenant ?? 0 }));
}

export function* hostedAddresses(
  within: Within,
  page: Parameters<HostingReader["hostedAddresses"]>[1],
): Op<readonly Address[]> {
  const { sql, param } = inside(within, "domain");
  const [after, search, domain, limit] = pageParams(page);
  const { sort, owner } = page;
  const kind =
    sort === undefined ? "" : sort === "alias" ? "AND about = ''" : `AND {instr}(about, '{"kind":"${sort}"') = 1`;
  const found = yield* all<AddressRow>(
    `SELECT domain, local, kind, account, targets, senders, about FROM addresses
     WHERE ${sql} AND kind = 'alias' ${kind} AND domain || ' ' || local > $2
       AND (CAST($3 AS TEXT) IS NULL OR {instr}(local || '@' || domain, $3) > 0 OR {instr}(lower(targets), $3) > 0)
       AND (CAST($4 AS TEXT) IS NULL OR domain = $4)
       AND (CAST($6 AS TEXT) IS NULL OR {instr}(about, $6) > 0)
     ORDER BY domain || ' ' || local LIMIT $5`,
    param,
    after,
    search,
    domain,
    limit,
    owner === undefined ? null : `"owner":${owner},`,
  );
  return found.map(addressOf);
}

export function* hostedCounts(within: Within): Op<HostedCounts> {
  const ofDomains = inside(within, "name");
  const domains = yield* one<{ n: number }>(
    `SELECT count(*) AS n FROM domains WHERE ${ofDomains.sql}`,
    ofDomains.param,
  );
  const { sql, param } = inside(within, "domain");
  const accounts = yield* one<{ [name: string]: number }>(
    `SELECT count(*) AS accounts, coalesce(sum(used_messages), 0) AS messages, coalesce(sum(used_bytes), 0) AS used,
       coalesce(sum(quota_bytes), 0) AS quota, count(CASE WHEN quota_bytes = 0 THEN 1 END) AS unlimited
     FROM accounts WHERE ${sql} AND deletion = 0`,
    param,
  );
  const aliases = yield* one<{ n: number }>(
    `SELECT count(*) AS n FROM addresses WHERE ${sql} AND kind = 'alias'`,
    param,
  );
  const number = (name: string): number => Number(accounts?.[name] ?? 0);
  return {
    domains: domains?.n ?? 0,
    accounts: number("accounts"),
    aliases: aliases?.n ?? 0,
    messages: number("messages"),
    usedBytes: number("used"),
    quotaBytes: number("quota"),
    unlimited: number("unlimited"),
  };
}

export function* hostedQueue(
  within: Within,
  { account, after, limit }: Parameters<HostingReader["hostedQueue"]>[1],
): Op<readonly QueueId[]> {
  const { sql, param } = inside(within, "a.domain");
  const found = yield* rows(
    `SELECT q.id FROM queue_messages q LEFT JOIN accounts a ON a.id = q.account
     WHERE ${sql} AND q.id > $2 AND (CAST($3 AS BIGINT) IS NULL OR q.account = $3) ORDER BY q.id LIMIT $4`,
    param,
    after === undefined ? 0 : (contentOfQueueId(after) ?? 0),
    account ?? null,
    limit,
  );
  return found.map(([id]) => queueIdOf(id as number));
}
