/** Filters of exact search hold other grams (`protocol/words/grams.ts`): the index is made anew from the mail. */
export const statements: readonly string[] = [
  "DELETE FROM word_blocks",
  "DELETE FROM word_lists",
  "DELETE FROM word_segments",
  "DELETE FROM word_states",
  "DELETE FROM gram_waiting",
  "DELETE FROM gram_blocks",
  "DELETE FROM gram_columns",
];
