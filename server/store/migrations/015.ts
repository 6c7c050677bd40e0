/** Messages that are made from a template when they are sent (`Copies` in `../store.ts`). */
export const statements: readonly string[] = [
  // The content that a copy is made from; its own content is the recipe then.
  "ALTER TABLE queue_messages ADD COLUMN template BIGINT",
];
