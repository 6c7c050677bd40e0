/** Mail that comes from elsewhere: see `../carry-store.ts`. */
import {
  type CarryReader,
  type CarryWriter,
  type Import,
  type ImportedKey,
  type ImportedPut,
  type ImportTo,
  maxImports,
} from "../carry-store.ts";
import type { AccountId } from "../store.ts";
import type { KeptAppend } from "./kept.ts";
import { lockAccount } from "./mailbox-tree.ts";
import { append } from "./place.ts";
import { all, type Op, one, type Row, rows, run } from "./tx.ts";

export type KeptImported = KeptAppend & { readonly key: string; readonly hash: string };

/** Marks as one text that is compared: flags and keywords. */
export const marksText = ({
  flags,
  keywords,
}: {
  readonly flags: number;
  readonly keywords: readonly string[];
}): string => [flags, ...[...keywords].sort()].join(" ");

export function* putImported(to: ImportTo, messages: readonly KeptImported[]): Op<ImportedPut> {
  const { account, mailbox, source, folder, keyPrefix, onlyUnseen } = to;
  if (!(yield* lockAccount(account))) return { kind: "no-mailbox" };
  const fresh: KeptImported[] = [];
  let known = 0;
  for (const message of messages) {
    if (yield* isKnown(message)) known++;
    else fresh.push(message);
  }
  if (fresh.length === 0) return { kind: "done", added: 0, known };
  const put = yield* append(account, mailbox, fresh);
  if (put.kind !== "done") return put;
  for (const [index, message] of fresh.entries())
    yield* run(
      "INSERT INTO imported (account, source, folder, key, hash, marks, mailbox, uid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      account,
      source,
      folder,
      message.key,
      message.hash,
      marksText(message.marks),
      mailbox,
      put.uids[index]!,
    );
  return { kind: "done", added: fresh.length, known };

  function* isKnown({ key, hash }: KeptImported): Op<boolean> {
    const same = yield* one(
      "SELECT 1 AS n FROM imported WHERE account = $1 AND source = $2 AND folder = $3 AND key = $4",
      account,
      source,
      folder,
      key,
    );
    if (same !== undefined) return true;
    if (onlyUnseen)
      return (
        (yield* one(
          "SELECT 1 AS n FROM imported WHERE account = $1 AND source = $2 AND hash = $3 LIMIT 1",
          account,
          source,
          hash,
        )) !== undefined
      );
    if (keyPrefix === undefined) return false;
    const before = yield* one<{ key: string }>(
      `SELECT key FROM imported WHERE account = $1 AND source = $2 AND hash = $3 AND folder = $4
         AND substr(key, 1, length($5)) <> $5 ORDER BY key LIMIT 1`,
      account,
      source,
      hash,
      folder,
      keyPrefix,
    );
    if (before === undefined) return false;
    yield* run(
      "UPDATE imported SET key = $5 WHERE account = $1 AND source = $2 AND folder = $3 AND key = $4",
      account,
      source,
      folder,
      before.key,
      key,
    );
    return true;
  }
}

export function* importedKeys(
  account: AccountId,
  source: string,
  folder: string,
  after: string,
  limit: number,
): Op<readonly ImportedKey[]> {
  const found = yield* rows(
    `SELECT key, marks, mailbox, uid FROM imported WHERE account = $1 AND source = $2 AND folder = $3 AND key > $4
     ORDER BY key LIMIT $5`,
    account,
    source,
    folder,
    after,
    limit,
  );
  return found.map(([key, marks, mailbox, uid]) => ({
    key: key as string,
    marks: marks as string,
    mailbox: mailbox as number,
    uid: uid as number,
  }));
}

export function* importedMarks(
  account: AccountId,
  source: string,
  folder: string,
  changed: Parameters<CarryWriter["importedMarks"]>[3],
): Op<void> {
  for (const { key, marks } of changed)
    yield* run(
      "UPDATE imported SET marks = $5 WHERE account = $1 AND source = $2 AND folder = $3 AND key = $4",
      account,
      source,
      folder,
      key,
      marks,
    );
}

// ---------------------------------------------------------------- imports

type ImportRow = {
  readonly id: number;
  readonly account: number;
  readonly settings: string;
  readonly secret: string;
  readonly state: Import["state"];
  readonly progress: string;
  readonly next_at: number | null;
  readonly created_at: number;
} & Row;

const importOf = (row: ImportRow): Import => ({
  id: row.id,
  account: row.account,
  settings: JSON.parse(row.settings) as Import["settings"],
  secret: row.secret,
  state: row.state,
  progress: JSON.parse(row.progress) as Import["progress"],
  nextAt: row.next_at ?? undefined,
  createdAt: row.created_at,
});

export function* imports({ account, id, dueAt }: Parameters<CarryReader["imports"]>[0]): Op<readonly Import[]> {
  let found: readonly ImportRow[];
  if (id !== undefined) found = yield* all("SELECT * FROM imports WHERE id = $1", id);
  else if (account !== undefined) found = yield* all("SELECT * FROM imports WHERE account = $1 ORDER BY id", account);
  else if (dueAt !== undefined) found = yield* all("SELECT * FROM imports WHERE next_at <= $1 ORDER BY next_at", dueAt);
  else found = yield* all("SELECT * FROM imports ORDER BY id");
  return found.map(importOf);
}

export function* putImport(given: Omit<Import, "id">): Op<number | "too-many" | "no-account"> {
  if (!(yield* lockAccount(given.account))) return "no-account";
  const count = yield* one<{ n: number }>("SELECT count(*) AS n FROM imports WHERE account = $1", given.account);
  if ((count?.n ?? 0) >= maxImports) return "too-many";
  const row = yield* one<{ id: number }>(
    `INSERT INTO imports (account, settings, secret, state, progress, next_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
    given.account,
    JSON.stringify(given.settings),
    given.secret,
    given.state,
    JSON.stringify(given.progress),
    given.nextAt ?? null,
    given.createdAt,
  );
  return row!.id;
}

export function* changeImport(id: number, change: Parameters<CarryWriter["changeImport"]>[1]): Op<"done" | "missing"> {
  const touched = yield* run(
    `UPDATE imports SET state = coalesce($2, state), progress = coalesce($3, progress), secret = coalesce($4, secret),
       next_at = CASE WHEN $5 = 1 THEN $6 ELSE next_at END WHERE id = $1`,
    id,
    change.state ?? null,
    change.progress === undefined ? null : JSON.stringify(change.progress),
    change.secret ?? null,
    "nextAt" in change ? 1 : 0,
    change.nextAt ?? null,
  );
  return touched === 0 ? "missing" : "done";
}

export function* removeImport(id: number): Op<"done" | "missing"> {
  return (yield* run("DELETE FROM imports WHERE id = $1", id)) === 0 ? "missing" : "done";
}
