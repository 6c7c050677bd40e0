/** Hosting: tenants and who administers what, deletions that can be undone, the audit log, repeated requests, scopes of tokens (`../hosting.ts`). */
export const statements: readonly string[] = [
  `CREATE TABLE tenants (
    id {id},
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    settings TEXT NOT NULL,          -- JSON: limits, branding
    created_at BIGINT NOT NULL,
    deletion BIGINT NOT NULL         -- 0: it is there
  )`,
  "ALTER TABLE domains ADD COLUMN tenant BIGINT NOT NULL DEFAULT 0", // 0: the platform's own
  "CREATE INDEX domains_tenant ON domains (tenant, name)",
  "ALTER TABLE accounts ADD COLUMN domain TEXT NOT NULL DEFAULT ''", // of its name
  `UPDATE accounts SET domain = coalesce((SELECT a.domain FROM addresses a
     WHERE a.account = accounts.id AND a.local || '@' || a.domain = accounts.name), '')`,
  "ALTER TABLE accounts ADD COLUMN deletion BIGINT NOT NULL DEFAULT 0",
  "CREATE INDEX accounts_domain ON accounts (domain, name)",
  "ALTER TABLE addresses ADD COLUMN about TEXT NOT NULL DEFAULT ''", // JSON: what kind of alias it is; '' for a plain one
  `CREATE TABLE grants (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,              -- tenant, domain
    object TEXT NOT NULL,            -- id of the tenant, name of the domain
    PRIMARY KEY (account, kind, object)
  ) {without_rowid}`,
  "CREATE INDEX grants_object ON grants (kind, object)",
  `CREATE TABLE deletions (
    id {id},
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    tenant BIGINT NOT NULL,
    domain TEXT NOT NULL,
    takes TEXT NOT NULL,             -- JSON: counts
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    purge_at BIGINT NOT NULL
  )`,
  "CREATE INDEX deletions_due ON deletions (purge_at)",
  `CREATE TABLE gone_domains (
    deletion BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    tenant BIGINT NOT NULL,
    PRIMARY KEY (deletion, name)
  ) {without_rowid}`,
  `CREATE TABLE gone_addresses (
    deletion BIGINT NOT NULL,
    domain TEXT NOT NULL,
    local TEXT NOT NULL,
    kind TEXT NOT NULL,
    account BIGINT,
    targets TEXT NOT NULL,
    senders TEXT NOT NULL,
    about TEXT NOT NULL,
    PRIMARY KEY (deletion, domain, local)
  ) {without_rowid}`,
  `CREATE TABLE audit (
    id {counter},
    at BIGINT NOT NULL,
    tenant BIGINT NOT NULL,
    actor TEXT NOT NULL,
    via TEXT NOT NULL,
    remote TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL             -- JSON
  )`,
  "CREATE INDEX audit_tenant ON audit (tenant, id)",
  `CREATE TABLE repeated_requests (
    hash TEXT NOT NULL PRIMARY KEY,
    account BIGINT NOT NULL,
    request TEXT NOT NULL,           -- hash of what was asked
    answer {bytes},                  -- sealed; null while it is worked on
    expires_at BIGINT NOT NULL
  ) {without_rowid}`,
  "CREATE INDEX repeated_requests_expiring ON repeated_requests (expires_at)",
  "CREATE INDEX repeated_requests_account ON repeated_requests (account, expires_at)",
  "ALTER TABLE web_sessions ADD COLUMN scopes TEXT NOT NULL DEFAULT ''", // JSON; '': everything its account may
  "ALTER TABLE web_sessions ADD COLUMN remote TEXT NOT NULL DEFAULT ''",
  "ALTER TABLE web_sessions ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0",
];
