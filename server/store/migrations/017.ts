/** Texts that tenants keep for their mail (`../templates-store.ts`). Bodies are JSON. */
export const statements: readonly string[] = [
  `CREATE TABLE templates (
    tenant {text} NOT NULL,
    name {text} NOT NULL,
    description TEXT NOT NULL,
    draft TEXT NOT NULL,
    published BIGINT,
    versions BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
  ) {without_rowid}`,
  `CREATE TABLE template_versions (
    tenant {text} NOT NULL,
    name {text} NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    PRIMARY KEY (tenant, name, version)
  ) {without_rowid}`,
];
