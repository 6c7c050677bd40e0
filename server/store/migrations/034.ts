/** How much may be sent by one of several app passwords (`../ops/credentials.ts`). */
export const statements: readonly string[] = [
  "ALTER TABLE credentials ADD COLUMN limits TEXT", // JSON; NULL: only what its account may
  // Read every few seconds: few have any.
  "CREATE INDEX credentials_limited ON credentials (account, id) WHERE limits IS NOT NULL",
];
