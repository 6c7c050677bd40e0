/** By the end of its life is found what waits in a park alone: mail that goes at once was written into that index and out of it for nothing. */
export const statements: readonly string[] = [
  "ALTER TABLE queue_messages ADD COLUMN waits BIGINT NOT NULL DEFAULT 0",
  "UPDATE queue_messages SET waits = 1 WHERE tenant <> ''",
  "DROP INDEX queue_expiring",
  "CREATE INDEX queue_expiring ON queue_messages (expires_at) WHERE waits = 1",
];
