/** Sieve scripts of people, of domains and of the server; what scripts remember; annotations (RFC 5464). */
export const statements: readonly string[] = [
  `CREATE TABLE sieve_scripts (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    active BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (account, id)
  ) {without_rowid}`,
  "CREATE UNIQUE INDEX sieve_names ON sieve_scripts (account, name)",
  "CREATE INDEX sieve_active ON sieve_scripts (account) WHERE active = 1",
  // One row for each account that ever had a script or a vacation answer.
  `CREATE TABLE sieve_accounts (
    account {key},
    revision BIGINT NOT NULL,        -- grows with every change
    next_id BIGINT NOT NULL,
    vacation TEXT                    -- JSON, or null where none was ever set
  )`,
  `CREATE TABLE sieve_shared (
    owner TEXT NOT NULL,             -- a domain, or '' for the server
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    runs TEXT NOT NULL,              -- before, after, never (to be included)
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (owner, name)
  ) {without_rowid}`,
  `CREATE TABLE sieve_memory (
    account BIGINT NOT NULL,
    key TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (account, key)
  ) {without_rowid}`,
  "CREATE INDEX sieve_forget ON sieve_memory (until)",
  `CREATE TABLE annotations (
    account BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,         -- 0: of the server, as the account sees it
    entry TEXT NOT NULL,             -- lower case
    value TEXT NOT NULL,
    PRIMARY KEY (account, mailbox, entry)
  ) {without_rowid}`,
];
