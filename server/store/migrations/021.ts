/** Names that people subscribe to and that are no mailboxes any more (`../ops/absent-subscriptions.ts`). */
export const statements: readonly string[] = [
  `CREATE TABLE absent_subscriptions (
    account BIGINT NOT NULL,
    path {text} NOT NULL,
    PRIMARY KEY (account, path)
  ) {without_rowid}`,
];
