/** As what a tenant is told of a recipient that an address here forwards to. */
export const statements: readonly string[] = [
  "ALTER TABLE queue_recipients ADD COLUMN told_as TEXT", // NULL: as its address; '': not at all
];
