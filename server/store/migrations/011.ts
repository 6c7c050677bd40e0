/**
 * The index of words in blocks of a sorted dictionary, and filters of what emails hold, turned round: for each bit of a
 * filter, which emails have it. Both are made anew from the mail.
 */
export const statements: readonly string[] = [
  "DROP TABLE words",
  "DROP TABLE word_segments",
  "DELETE FROM word_states",
  `CREATE TABLE word_blocks (
    account BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    word {text} NOT NULL,            -- the first one of the block
    body {bytes} NOT NULL,
    PRIMARY KEY (account, segment, word)
  ) {without_rowid}`,
  `CREATE TABLE word_segments (
    account BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    level BIGINT NOT NULL,
    state BIGINT NOT NULL,           -- 0: being laid, 1: read, 2: others are merging into it, 3: to be dropped
    emails BIGINT NOT NULL,
    words BIGINT NOT NULL,
    into_segment BIGINT NOT NULL,    -- its words go there; 0 for none
    merged {text} NOT NULL,          -- words before this one have come here
    PRIMARY KEY (account, segment)
  ) {without_rowid}`,
  `CREATE TABLE gram_waiting (
    account BIGINT NOT NULL,
    size BIGINT NOT NULL,            -- of the filter, in bytes
    email BIGINT NOT NULL,
    filter {bytes} NOT NULL,
    PRIMARY KEY (account, size, email)
  ) {without_rowid}`,
  `CREATE TABLE gram_blocks (
    account BIGINT NOT NULL,
    block BIGINT NOT NULL,
    size BIGINT NOT NULL,
    emails {bytes} NOT NULL,
    PRIMARY KEY (account, block)
  ) {without_rowid}`,
  `CREATE TABLE gram_columns (
    account BIGINT NOT NULL,
    size BIGINT NOT NULL,
    chunk BIGINT NOT NULL,           -- of some neighbouring bits
    block BIGINT NOT NULL,
    body {bytes} NOT NULL,           -- for each bit of the filters one bit for each email
    PRIMARY KEY (account, size, chunk, block)
  ) {without_rowid}`,
];
