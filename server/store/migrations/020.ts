/** When people last showed interest in a tenant's mail (`../engagement-store.ts`). */
export const statements: readonly string[] = [
  `CREATE TABLE engagements (
    tenant {text} NOT NULL,
    hash {text} NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, hash)
  ) {without_rowid}`,
];
