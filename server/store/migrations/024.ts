/** What tenants are told of a message stands in the row of the journey that says what happened (`../ops/event-rows.ts`). */
export const statements: readonly string[] = ["ALTER TABLE journey ADD COLUMN events TEXT"];
