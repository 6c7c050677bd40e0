/**
 * The words of the index alone, for needles of exact search that stand within them. Words know since where nobody has seen them as they are
 * (`protocol/words/postings.ts`), and filters hold less: the index is made anew from the mail.
 */
export const statements: readonly string[] = [
  `CREATE TABLE word_lists (
    account BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    word {text} NOT NULL,            -- the first one of the list
    body {bytes} NOT NULL,
    PRIMARY KEY (account, segment, word)
  ) {without_rowid}`,
  "DELETE FROM word_blocks",
  "DELETE FROM word_segments",
  "DELETE FROM word_states",
  "DELETE FROM gram_waiting",
  "DELETE FROM gram_blocks",
  "DELETE FROM gram_columns",
];
