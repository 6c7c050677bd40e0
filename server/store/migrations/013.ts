/** Imports from elsewhere (`../carry-store.ts`): what has come already, so that nothing comes twice, and the imports themselves. */
export const statements: readonly string[] = [
  `CREATE TABLE imported (
    account BIGINT NOT NULL,
    source {text} NOT NULL,          -- "imap HOST PORT USER", or "files"
    folder {text} NOT NULL,          -- as the source calls it
    key {text} NOT NULL,             -- what the source calls the message
    hash {text} NOT NULL,            -- of its bytes
    marks TEXT NOT NULL,             -- as they last came
    mailbox BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    PRIMARY KEY (account, source, folder, key)
  ) {without_rowid}`,
  "CREATE INDEX imported_hash ON imported (account, source, hash)",
  `CREATE TABLE imports (
    id {id},
    account BIGINT NOT NULL,
    settings TEXT NOT NULL,          -- JSON: host, user, what, how often
    secret TEXT NOT NULL,            -- the password elsewhere; '' once it is not needed
    state TEXT NOT NULL,             -- waiting, running, done, failed, stopped
    progress TEXT NOT NULL,          -- JSON
    next_at BIGINT,                  -- when it is to run; null: not by itself
    created_at BIGINT NOT NULL
  )`,
  "CREATE INDEX imports_account ON imports (account)",
];
