/** MTA-STS policies of other domains (`../sts-store.ts`). */
export const statements: readonly string[] = [
  `CREATE TABLE sts_policies (
    domain TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    policy TEXT NOT NULL,            -- JSON
    fetched_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
  )`,
  "CREATE INDEX sts_policies_age ON sts_policies (fetched_at)",
];
