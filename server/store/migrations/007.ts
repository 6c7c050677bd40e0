/** The index of words behind the mail: postings by account, word and segment, and how far it has come. */
export const statements: readonly string[] = [
  `CREATE TABLE words (
    account BIGINT NOT NULL,
    word {text} NOT NULL,
    segment BIGINT NOT NULL,
    postings {bytes} NOT NULL,
    PRIMARY KEY (account, word, segment)
  ) {without_rowid}`,
  `CREATE TABLE word_segments (
    account BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    level BIGINT NOT NULL,
    emails BIGINT NOT NULL,
    live BIGINT NOT NULL,            -- 0: still being written, nobody reads it
    into_segment BIGINT NOT NULL,    -- its words are moving there; 0 for none
    merged TEXT NOT NULL,            -- words up to this one have moved here
    PRIMARY KEY (account, segment)
  ) {without_rowid}`,
  // Emails up to this number are in the index, or were gone before.
  "CREATE TABLE word_states (account BIGINT NOT NULL PRIMARY KEY, up_to BIGINT NOT NULL)",
];
