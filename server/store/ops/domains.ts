/** Domains. */
import type { Domain, DomainSettings } from "../store.ts";
import { directoryChanged } from "./directory-changes.ts";
import { all, type Op, one, run } from "./tx.ts";

export function* domains({ name }: { readonly name?: string } = {}): Op<readonly Domain[]> {
  const found = yield* all<{ name: string; kind: Domain["kind"]; settings: string }>(
    "SELECT name, kind, settings FROM domains WHERE CAST($1 AS TEXT) IS NULL OR name = $1 ORDER BY name",
    name ?? null,
  );
  return found.map((row) => ({
    name: row.name,
    kind: row.kind,
    settings: JSON.parse(row.settings) as DomainSettings,
  }));
}

export function* putDomain(domain: Domain): Op<"done" | "deleted"> {
  const gone = yield* one(
    "SELECT 1 AS n FROM gone_domains WHERE name = $1 AND name NOT IN (SELECT name FROM domains) LIMIT 1",
    domain.name,
  );
  if (gone !== undefined) return "deleted";
  yield* run(
    `INSERT INTO domains (name, kind, settings) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, settings = excluded.settings`,
    domain.name,
    domain.kind,
    JSON.stringify(domain.settings),
  );
  yield* directoryChanged();
  return "done";
}

export function* removeDomain(name: string): Op<"done" | "missing" | "in-use"> {
  if (yield* one("SELECT 1 AS n FROM addresses WHERE domain = $1 LIMIT 1", name)) return "in-use";
  if ((yield* run("DELETE FROM domains WHERE name = $1", name)) === 0) return "missing";
  yield* directoryChanged();
  return "done";
}
