/** The last number given to a segment of the index of words, so that none is given twice (`../ops/words-write.ts`). */
export const statements: readonly string[] = [
  "ALTER TABLE word_states ADD COLUMN segments BIGINT NOT NULL DEFAULT 0",
  `UPDATE word_states SET segments = COALESCE(
    (SELECT max(s.segment) FROM word_segments s WHERE s.account = word_states.account), 0)`,
];
