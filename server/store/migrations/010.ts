/** How people prove who they are (`../security-store.ts`): scopes, second factors, what sessions are, invitations. */
export const statements: readonly string[] = [
  "ALTER TABLE credentials ADD COLUMN scopes TEXT NOT NULL DEFAULT '[]'", // JSON: ["imap","smtp"]; [] is everything
  "ALTER TABLE credentials ADD COLUMN used_at BIGINT",
  `CREATE TABLE factors (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,              -- totp, totp-new, passkey, recovery, identity
    key TEXT NOT NULL,               -- what a stranger brings to find it by; '' for none
    label TEXT NOT NULL,
    data TEXT NOT NULL,              -- JSON
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (account, id)
  ) {without_rowid}`,
  "CREATE UNIQUE INDEX factors_key ON factors (kind, key) WHERE key <> ''",
  `CREATE TABLE invitations (
    hash TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,              -- the address it is for
    data TEXT NOT NULL,              -- JSON: quota, role, who invites
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
  )`,
];
