/** Messages with keywords, which are few: the query goes from a keyword to them (`../ops/email-marks.ts`). */
export const statements: readonly string[] = [
  "CREATE INDEX messages_keywords ON messages (account, keywords, thread, email) WHERE keywords <> ''",
];
