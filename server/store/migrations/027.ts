/** What is done against accounts of our own (`../ops/restraints.ts`): limits that differ, and why one may not send now. */
export const statements: readonly string[] = [
  `CREATE TABLE restraints (
    account BIGINT PRIMARY KEY,
    limits {text} NOT NULL,          -- JSON
    stop {text} NOT NULL             -- JSON; "" where it may send
  )`,
];
