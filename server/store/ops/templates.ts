/** Texts that tenants keep for their mail (`../templates-store.ts`). */
import {
  maxTemplates,
  maxTemplateVersions,
  type Template,
  type TemplateBody,
  type TemplatesReader,
  type TemplatesWriter,
  type TemplateVersion,
} from "../templates-store.ts";
import { all, type Op, one, type Row, run } from "./tx.ts";

type TemplateRow = {
  readonly tenant: string;
  readonly name: string;
  readonly description: string;
  readonly draft: string;
  readonly published: number | null;
  readonly versions: number;
  readonly created_at: number;
  readonly changed_at: number;
} & Row;

/** PostgreSQL keeps no NUL in a text; in JSON it stands escaped. */
const text = (value: string): string => value.replaceAll("\0", "?");
const kept = ({ subject, text, html, from, replyTo, headers }: TemplateBody): string =>
  JSON.stringify({ subject, text, html, from, replyTo, headers });
function bodyOf(json: string): TemplateBody {
  const { subject, text, html, ...more } = JSON.parse(json) as Partial<TemplateBody>;
  return { subject: subject ?? "", text, html, ...more };
}

const templateOf = (row: TemplateRow): Template => ({
  tenant: row.tenant,
  name: row.name,
  description: row.description,
  draft: bodyOf(row.draft),
  published: row.published ?? undefined,
  versions: row.versions,
  createdAt: row.created_at,
  changedAt: row.changed_at,
});

export function* templates({
  tenant,
  name,
  after,
  limit,
}: Parameters<TemplatesReader["templates"]>[0]): Op<readonly Template[]> {
  const found = yield* all<TemplateRow>(
    `SELECT * FROM templates WHERE tenant = $1 AND (CAST($2 AS TEXT) IS NULL OR name = $2) AND name > $3 ORDER BY name LIMIT $4`,
    tenant,
    name ?? null,
    after ?? "",
    limit,
  );
  return found.map(templateOf);
}

type VersionRow = {
  readonly version: number;
  readonly body: string;
  readonly at: number;
  readonly made_by: string;
} & Row;

export function* templateVersions({
  tenant,
  name,
  version,
}: Parameters<TemplatesReader["templateVersions"]>[0]): Op<readonly TemplateVersion[]> {
  const found = yield* all<VersionRow>(
    `SELECT version, body, at, made_by FROM template_versions
     WHERE tenant = $1 AND name = $2 AND (CAST($3 AS BIGINT) IS NULL OR version = $3) ORDER BY version DESC`,
    tenant,
    name,
    version ?? null,
  );
  return found.map(({ made_by: by, body, ...row }) => ({ ...row, body: bodyOf(body), by }));
}

function* templateNamed(tenant: string, name: string): Op<TemplateRow | undefined> {
  return yield* one<TemplateRow>("SELECT * FROM templates WHERE tenant = $1 AND name = $2", tenant, name);
}

export function* putTemplate(
  { tenant, name, description, draft, at }: Parameters<TemplatesWriter["putTemplate"]>[0],
  when: "new" | "there",
): Op<"done" | "exists" | "missing" | "full"> {
  const known = yield* templateNamed(tenant, name);
  if (known !== undefined) {
    if (when === "new") return "exists";
    yield* run(
      "UPDATE templates SET description = $3, draft = $4, changed_at = $5 WHERE tenant = $1 AND name = $2",
      tenant,
      name,
      text(description),
      kept(draft),
      at,
    );
    return "done";
  }
  if (when === "there") return "missing";
  const count = yield* one<{ n: number }>("SELECT count(*) AS n FROM templates WHERE tenant = $1", tenant);
  if ((count?.n ?? 0) >= maxTemplates) return "full";
  yield* run(
    `INSERT INTO templates (tenant, name, description, draft, published, versions, created_at, changed_at)
     VALUES ($1, $2, $3, $4, NULL, 0, $5, $5)`,
    tenant,
    name,
    text(description),
    kept(draft),
    at,
  );
  return "done";
}

export function* publishTemplate({
  tenant,
  name,
  version,
  at,
  by,
}: Parameters<TemplatesWriter["publishTemplate"]>[0]): Op<number | "missing"> {
  const known = yield* templateNamed(tenant, name);
  if (known === undefined) return "missing";
  const chosen = version ?? known.versions + 1;
  if (version === undefined)
    yield* run(
      "INSERT INTO template_versions (tenant, name, version, body, at, made_by) VALUES ($1, $2, $3, $4, $5, $6)",
      tenant,
      name,
      chosen,
      known.draft,
      at,
      by,
    );
  else if ((yield* templateVersions({ tenant, name, version })).length === 0) return "missing";
  yield* run(
    "UPDATE templates SET published = $3, versions = $4, changed_at = $5 WHERE tenant = $1 AND name = $2",
    tenant,
    name,
    chosen,
    Math.max(known.versions, chosen),
    at,
  );
  yield* run(
    "DELETE FROM template_versions WHERE tenant = $1 AND name = $2 AND version <= $3 AND version <> $4",
    tenant,
    name,
    Math.max(known.versions, chosen) - maxTemplateVersions,
    chosen,
  );
  return chosen;
}

export function* removeTemplate(tenant: string, name: string): Op<boolean> {
  yield* run("DELETE FROM template_versions WHERE tenant = $1 AND name = $2", tenant, name);
  return (yield* run("DELETE FROM templates WHERE tenant = $1 AND name = $2", tenant, name)) > 0;
}
