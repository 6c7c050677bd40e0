/** Sending at volume (`../sending.ts`): whose queued mail is and where it waits, the model, quotas, suppression, events. */
export const statements: readonly string[] = [
  "ALTER TABLE queue_messages ADD COLUMN tenant TEXT NOT NULL DEFAULT ''",
  "ALTER TABLE queue_messages ADD COLUMN campaign TEXT NOT NULL DEFAULT ''",
  // The domain of the header's author.
  "ALTER TABLE queue_messages ADD COLUMN author TEXT NOT NULL DEFAULT ''",
  // Where it waits for its turn; '': nowhere, it goes when it is due.
  "ALTER TABLE queue_recipients ADD COLUMN park TEXT NOT NULL DEFAULT ''",
  // 0: ordinary; 1 to 5 as in `warm/eligible.ts`.
  "ALTER TABLE queue_recipients ADD COLUMN urgency BIGINT NOT NULL DEFAULT 0",
  "DROP INDEX queue_due",
  "CREATE INDEX queue_due ON queue_recipients (next_at, domain) WHERE state = 0 AND park = ''",
  "CREATE INDEX queue_parked ON queue_recipients (park, urgency, next_at) WHERE state = 0 AND park <> ''",
  "CREATE INDEX queue_expiring ON queue_messages (expires_at) WHERE tenant <> ''",
  `CREATE TABLE sending (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,             -- JSON
    PRIMARY KEY (kind, name)
  ) {without_rowid}`,
  `CREATE TABLE quotas (
    key TEXT NOT NULL PRIMARY KEY,
    day BIGINT NOT NULL,
    used BIGINT NOT NULL
  ) {without_rowid}`,
  `CREATE TABLE suppressions (
    scope TEXT NOT NULL,
    hash TEXT NOT NULL,
    address TEXT NOT NULL,           -- '' where only the hash is kept
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    active BIGINT NOT NULL,          -- 0: failures are being counted
    strikes BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (scope, hash)
  ) {without_rowid}`,
  `CREATE TABLE sending_events (
    id {counter},
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    tenant TEXT NOT NULL,
    stream TEXT NOT NULL,
    campaign TEXT NOT NULL,
    message TEXT NOT NULL,           -- queue id
    recipient TEXT NOT NULL,
    detail TEXT NOT NULL             -- JSON
  )`,
  "CREATE INDEX sending_events_message ON sending_events (message, id)",
  "CREATE INDEX sending_events_tenant ON sending_events (tenant, id)",
];
