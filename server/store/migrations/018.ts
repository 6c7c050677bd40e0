/** Messages with \Flagged, which are few in most mailboxes: the query goes from the flag to them (`../ops/email-marks.ts`). */
export const statements: readonly string[] = [
  "CREATE INDEX messages_flagged ON messages (account, thread, email) WHERE (flags & 4) <> 0",
];
