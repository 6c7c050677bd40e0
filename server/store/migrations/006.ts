/** Quarantined mail (`../quarantine.ts`), and what the door remembers of its peers (`../peers.ts`). */
export const statements: readonly string[] = [
  `CREATE TABLE quarantine (
    id {id},
    account BIGINT NOT NULL,         -- 0: mail that goes through, an administrator's to decide
    content BIGINT NOT NULL,
    envelope_from TEXT NOT NULL,
    recipients TEXT NOT NULL,        -- JSON: ["a@b.test"]
    sender TEXT NOT NULL,            -- as its header says
    subject TEXT NOT NULL,
    reasons TEXT NOT NULL,           -- JSON: sentences
    remote TEXT NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    size BIGINT NOT NULL
  )`,
  "CREATE INDEX quarantine_account ON quarantine (account, id)",
  "CREATE INDEX quarantine_expires ON quarantine (expires_at)",
  `CREATE TABLE peers (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,             -- JSON
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (kind, key)
  ) {without_rowid}`,
  "CREATE INDEX peers_expires ON peers (expires_at)",
];
