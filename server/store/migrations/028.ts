/** What is written to `abuse@` about mail of ours, and strikes against tenants (`../tickets-store.ts`). Bodies are JSON. */
export const statements: readonly string[] = [
  `CREATE TABLE tickets (
    id {id},
    about {text} NOT NULL UNIQUE,    -- the message, or the reporter's number of the case
    state {text} NOT NULL,
    tenant {text} NOT NULL,          -- '': nobody's that is known
    opened_at BIGINT NOT NULL,       -- since when it waits
    latest_at BIGINT NOT NULL,
    body TEXT NOT NULL
  )`,
  "CREATE INDEX tickets_state ON tickets (state, id)",
  "CREATE INDEX tickets_tenant ON tickets (tenant, id)",
  `CREATE TABLE strikes (
    id {id},
    tenant {text} NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,      -- of one that was lifted: when
    body TEXT NOT NULL
  )`,
  "CREATE INDEX strikes_tenant ON strikes (tenant, id)",
];
