/** Counted rows by kind, domain and day (`../tallies.ts`). */
export const statements: readonly string[] = [
  `CREATE TABLE tally_days (
    kind TEXT NOT NULL,
    domain TEXT NOT NULL,
    day BIGINT NOT NULL,             -- since 1970
    about TEXT NOT NULL,             -- JSON
    "rows" BIGINT NOT NULL,
    "count" BIGINT NOT NULL,
    PRIMARY KEY (kind, domain, day)
  ) {without_rowid}`,
  "CREATE INDEX tally_days_day ON tally_days (kind, day)",
  `CREATE TABLE tallies (
    kind TEXT NOT NULL,
    domain TEXT NOT NULL,
    day BIGINT NOT NULL,
    hash BIGINT NOT NULL,            -- of the row
    "row" TEXT NOT NULL,             -- JSON
    "count" BIGINT NOT NULL,
    PRIMARY KEY (kind, domain, day, hash)
  ) {without_rowid}`,
  // Reports that were counted already, by a hash of who made them and their id.
  `CREATE TABLE tally_once (
    kind TEXT NOT NULL,
    domain TEXT NOT NULL,
    hash BIGINT NOT NULL,
    day BIGINT NOT NULL,
    PRIMARY KEY (kind, domain, hash)
  ) {without_rowid}`,
];
