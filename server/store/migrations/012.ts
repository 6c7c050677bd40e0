/** Who may do what with another one's mailbox: letters of RFC 4314, and the subscription of who may. */
export const statements: readonly string[] = [
  `CREATE TABLE mailbox_rights (
    account BIGINT NOT NULL,         -- the owner
    mailbox BIGINT NOT NULL,
    grantee BIGINT NOT NULL,
    rights TEXT NOT NULL,
    subscribed BIGINT NOT NULL,
    PRIMARY KEY (account, mailbox, grantee)
  ) {without_rowid}`,
  "CREATE INDEX mailbox_rights_grantee ON mailbox_rights (grantee)",
];
