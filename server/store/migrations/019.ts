/** Posts that wait for a digest, which are few beside an archive: they are looked for every five minutes (`../ops/lists.ts`). */
export const statements: readonly string[] = [
  "CREATE INDEX list_posts_due ON list_posts (list, state, at) WHERE state IN ('daily', 'weekly')",
];
