/**
 * Filters of exact search are of two kinds (`protocol/words/grams.ts`), places of words are kept in fewer bytes, and lists say which words are frequent:
 * the index is made anew from the mail.
 */
export const statements: readonly string[] = [
  "DELETE FROM word_blocks",
  "DELETE FROM word_lists",
  "DELETE FROM word_segments",
  "DELETE FROM word_states",
  "DROP TABLE gram_waiting",
  "DROP TABLE gram_blocks",
  "DROP TABLE gram_columns",
  `CREATE TABLE gram_waiting (
    account BIGINT NOT NULL,
    kind BIGINT NOT NULL,            -- what it is a filter of
    size BIGINT NOT NULL,            -- of the filter, in bytes
    email BIGINT NOT NULL,
    filter {bytes} NOT NULL,
    PRIMARY KEY (account, kind, size, email)
  ) {without_rowid}`,
  `CREATE TABLE gram_blocks (
    account BIGINT NOT NULL,
    block BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    size BIGINT NOT NULL,
    emails {bytes} NOT NULL,
    PRIMARY KEY (account, block)
  ) {without_rowid}`,
  `CREATE TABLE gram_columns (
    account BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    size BIGINT NOT NULL,
    chunk BIGINT NOT NULL,           -- of some neighbouring bits
    block BIGINT NOT NULL,
    body {bytes} NOT NULL,           -- for each bit of the filters one bit for each email
    PRIMARY KEY (account, kind, size, chunk, block)
  ) {without_rowid}`,
];
