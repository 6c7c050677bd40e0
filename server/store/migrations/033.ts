/** A message says whether it came by delivery: of what was imported or appended nobody can tell who wrote the results of checks. */
export const statements: readonly string[] = ["ALTER TABLE contents ADD COLUMN delivered BIGINT NOT NULL DEFAULT 0"];
