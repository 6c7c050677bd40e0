/** Quarantined mail (see `../quarantine.ts`). */
import { maxQuarantineRows, type NewQuarantined, type Quarantined, type QuarantineFilter } from "../quarantine.ts";
import type { ContentId, Instant } from "../store.ts";
import { note } from "./journey.ts";
import { all, type Op, type Row, rows, run } from "./tx.ts";
import { inside } from "./within.ts";

type QuarantineRow = {
  readonly id: number;
  readonly account: number;
  readonly content: number;
  readonly envelope_from: string;
  readonly recipients: string;
  readonly sender: string;
  readonly subject: string;
  readonly reasons: string;
  readonly remote: string;
  readonly at: number;
  readonly expires_at: number;
  readonly size: number;
} & Row;

/** PostgreSQL keeps no NUL in a text. */
const text = (value: string): string => value.replaceAll("\0", "?");

/** The contents' references have been counted already. */
export function* keepQuarantined(content: ContentId, size: number, kept: readonly NewQuarantined[]): Op<void> {
  for (const one of kept)
    yield* run(
      `INSERT INTO quarantine (account, content, envelope_from, recipients, sender, subject, reasons, remote, at, expires_at, size)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      one.account,
      content,
      text(one.envelopeFrom),
      text(JSON.stringify(one.recipients)),
      text(one.sender),
      text(one.subject),
      text(JSON.stringify(one.reasons)),
      one.remote,
      one.at,
      one.expiresAt,
      size,
    );
}

export function* quarantined(filter: QuarantineFilter): Op<readonly Quarantined[]> {
  const { sql, param } = inside(filter.within ?? { kind: "all" }, "a.domain");
  const found = yield* all<QuarantineRow>(
    `SELECT q.* FROM quarantine q LEFT JOIN accounts a ON a.id = q.account
     WHERE ${sql} AND (CAST($2 AS BIGINT) IS NULL OR q.id = $2) AND (CAST($3 AS BIGINT) IS NULL OR q.account = $3)
       AND q.at >= $4 AND q.id > $5 ORDER BY q.id LIMIT $6`,
    param,
    filter.id ?? null,
    filter.account ?? null,
    filter.since ?? 0,
    filter.after ?? 0,
    Math.min(filter.limit ?? maxQuarantineRows, maxQuarantineRows),
  );
  return found.map((row) => ({
    id: row.id,
    account: row.account,
    content: row.content,
    envelopeFrom: row.envelope_from,
    recipients: JSON.parse(row.recipients) as string[],
    sender: row.sender,
    subject: row.subject,
    reasons: JSON.parse(row.reasons) as string[],
    remote: row.remote,
    at: row.at,
    expiresAt: row.expires_at,
    sizeBytes: row.size,
  }));
}

/** Gives the rows' contents back; answers the contents. */
export function* takeFromQuarantine(ids: readonly number[]): Op<readonly ContentId[]> {
  if (ids.length === 0) return [];
  const gone = yield* rows("DELETE FROM quarantine WHERE id IN {list $1} RETURNING content", JSON.stringify(ids));
  const contents = gone.map(([content]) => content as ContentId);
  for (const content of contents) yield* run("UPDATE contents SET refs = refs - 1 WHERE id = $1", content);
  return contents;
}

export function* removeQuarantined(ids: readonly number[], why: string, at: Instant): Op<number> {
  const contents = yield* takeFromQuarantine(ids.slice(0, maxQuarantineRows));
  yield* note(
    [...new Set(contents)].map((content) => ({
      at,
      stage: "deleted" as const,
      trace: `m${content}`,
      keys: [],
      detail: { why },
    })),
  );
  return contents.length;
}

/** What nobody released in time goes; answers whether there may be more. */
export function* dropQuarantined(now: Instant, limit: number): Op<boolean> {
  const due = yield* rows("SELECT id FROM quarantine WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2", now, limit);
  if (due.length === 0) return false;
  yield* removeQuarantined(
    due.map(([id]) => id as number),
    "its time in quarantine is over",
    now,
  );
  return due.length === limit;
}
