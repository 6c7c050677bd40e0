/** Requests that may be repeated say who works on them: what a crash cut off goes on where it was, and is worked on by one alone. */
export const statements: readonly string[] = [
  "ALTER TABLE repeated_requests ADD COLUMN node TEXT NOT NULL DEFAULT ''",
  "ALTER TABLE repeated_requests ADD COLUMN run TEXT NOT NULL DEFAULT ''", // of the process
  "ALTER TABLE repeated_requests ADD COLUMN turn TEXT NOT NULL DEFAULT ''", // nobody with another one commits anything for it
  "ALTER TABLE repeated_requests ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0",
  // What was begun before cannot go on: nobody can tell what was taken.
  "UPDATE repeated_requests SET leased_until = expires_at",
];
