/** Sieve scripts, the vacation answer, what scripts remember, annotations. */
import {
  type Annotation,
  isScriptName,
  maxAnnotationChars,
  maxAnnotations,
  maxScriptBytes,
  maxScripts,
  maxScriptsBytes,
  type Remembered,
  type ScriptEdit,
  type SharedScript,
  type SieveReader,
  type SieveScript,
  type SieveScripts,
  type SieveWriter,
  type VacationResponse,
} from "../sieve-store.ts";
import type { AccountId, Instant, MailboxId } from "../store.ts";
import { nextModseq } from "./mailbox-tree.ts";
import { all, type Op, one, publish, run } from "./tx.ts";

/** Every table that has rows of an account. */
export const sieveTables = ["sieve_scripts", "sieve_accounts", "sieve_memory", "annotations"] as const;

type Result<F extends (...args: never[]) => Promise<unknown>> = Op<Awaited<ReturnType<F>>>;
type ScriptRow = {
  readonly id: number;
  readonly name: string;
  readonly content: string;
  readonly active: number;
  readonly changed_at: number;
};

const scriptOf = (row: ScriptRow): SieveScript => ({
  id: row.id,
  name: row.name,
  content: row.content,
  active: row.active === 1,
  changedAt: row.changed_at,
});
const isTooLarge = (content: string): boolean => Buffer.byteLength(content) > maxScriptBytes || content.includes("\0");

// ---------------------------------------------------------------- scripts of an account

export function* sieveScripts(account: AccountId): Op<SieveScripts> {
  const owner = yield* one<{ revision: number }>("SELECT revision FROM sieve_accounts WHERE account = $1", account);
  const found = yield* all<ScriptRow>("SELECT * FROM sieve_scripts WHERE account = $1 ORDER BY id", account);
  return { revision: owner?.revision ?? 0, scripts: found.map(scriptOf) };
}

export function* sieveAccounts(): Op<readonly AccountId[]> {
  const found = yield* all<{ account: number }>(
    `SELECT account FROM sieve_scripts WHERE active = 1
     UNION SELECT account FROM sieve_accounts WHERE vacation LIKE '%"isEnabled":true%'`,
  );
  return found.map(({ account }) => account);
}

/** Locks the account's row, which it makes when missing, and counts the change; undefined: there is no such account. */
function* changing(account: AccountId): Op<{ readonly next_id: number } | undefined> {
  if ((yield* one("SELECT id FROM accounts WHERE id = $1", account)) === undefined) return undefined;
  const owner = yield* one<{ next_id: number }>(
    `INSERT INTO sieve_accounts (account, revision, next_id) VALUES ($1, 1, 1)
     ON CONFLICT (account) DO UPDATE SET revision = sieve_accounts.revision + 1 RETURNING next_id`,
    account,
  );
  yield* publish({ kind: "sieve", account });
  return owner;
}

function* scriptRow(account: AccountId, id: number): Op<ScriptRow | undefined> {
  return yield* one<ScriptRow>("SELECT * FROM sieve_scripts WHERE account = $1 AND id = $2", account, id);
}

/** Whether all scripts of an account would be too large together with this content in place of script `id`. */
function* isTooMuch(account: AccountId, id: number, content: string): Op<boolean> {
  const others = yield* one<{ bytes: number | null }>(
    "SELECT sum(octet_length(content)) AS bytes FROM sieve_scripts WHERE account = $1 AND id <> $2",
    account,
    id,
  );
  return Number(others?.bytes ?? 0) + Buffer.byteLength(content) > maxScriptsBytes;
}

export function* putSieveScript(account: AccountId, name: string, content: string, at: Instant): Op<ScriptEdit> {
  if (!isScriptName(name)) return { kind: "bad-name" };
  if (isTooLarge(content)) return { kind: "too-large" };
  const owner = yield* changing(account);
  if (owner === undefined) return { kind: "no-account" };
  const before = yield* one<ScriptRow>("SELECT * FROM sieve_scripts WHERE account = $1 AND name = $2", account, name);
  if (yield* isTooMuch(account, before?.id ?? 0, content)) return { kind: "too-much" };
  if (before !== undefined) {
    yield* run(
      "UPDATE sieve_scripts SET content = $3, changed_at = $4 WHERE account = $1 AND id = $2",
      account,
      before.id,
      content,
      at,
    );
    return { kind: "done", script: { ...scriptOf(before), content, changedAt: at }, created: false };
  }
  const counted = yield* one<{ n: number }>("SELECT count(*) AS n FROM sieve_scripts WHERE account = $1", account);
  if ((counted?.n ?? 0) >= maxScripts) return { kind: "too-many" };
  yield* run("UPDATE sieve_accounts SET next_id = next_id + 1 WHERE account = $1", account);
  yield* run(
    "INSERT INTO sieve_scripts (account, id, name, content, active, changed_at) VALUES ($1, $2, $3, $4, 0, $5)",
    account,
    owner.next_id,
    name,
    content,
    at,
  );
  return { kind: "done", script: { id: owner.next_id, name, content, active: false, changedAt: at }, created: true };
}

export function* updateSieveScript(
  account: AccountId,
  id: number,
  change: { readonly name?: string; readonly content?: string },
  at: Instant,
): Op<ScriptEdit> {
  if (change.name !== undefined && !isScriptName(change.name)) return { kind: "bad-name" };
  if (change.content !== undefined && isTooLarge(change.content)) return { kind: "too-large" };
  const before = yield* scriptRow(account, id);
  if (before === undefined) return { kind: "missing" };
  const { name = before.name, content = before.content } = change;
  if (name !== before.name) {
    const other = yield* one("SELECT id FROM sieve_scripts WHERE account = $1 AND name = $2", account, name);
    if (other !== undefined) return { kind: "exists" };
  }
  if (change.content !== undefined && (yield* isTooMuch(account, id, content))) return { kind: "too-much" };
  yield* changing(account);
  yield* run(
    "UPDATE sieve_scripts SET name = $3, content = $4, changed_at = $5 WHERE account = $1 AND id = $2",
    account,
    id,
    name,
    content,
    at,
  );
  return { kind: "done", script: { ...scriptOf(before), name, content, changedAt: at }, created: false };
}

export function* activateSieveScript(
  account: AccountId,
  id: number | undefined,
): Result<SieveWriter["activateSieveScript"]> {
  if (id !== undefined && (yield* scriptRow(account, id)) === undefined) return "missing";
  yield* changing(account);
  yield* run("UPDATE sieve_scripts SET active = 0 WHERE account = $1 AND active = 1", account);
  if (id !== undefined) yield* run("UPDATE sieve_scripts SET active = 1 WHERE account = $1 AND id = $2", account, id);
  return "done";
}

export function* removeSieveScript(account: AccountId, id: number): Result<SieveWriter["removeSieveScript"]> {
  const before = yield* scriptRow(account, id);
  if (before === undefined) return "missing";
  // RFC 5804 §2.10: an active script is not deleted.
  if (before.active === 1) return "active";
  yield* changing(account);
  yield* run("DELETE FROM sieve_scripts WHERE account = $1 AND id = $2", account, id);
  return "done";
}

// ---------------------------------------------------------------- vacation

export function* vacationResponse(account: AccountId): Op<VacationResponse | undefined> {
  const row = yield* one<{ vacation: string | null }>(
    "SELECT vacation FROM sieve_accounts WHERE account = $1",
    account,
  );
  if (row === undefined || row.vacation === null) return undefined;
  const kept = JSON.parse(row.vacation) as Partial<VacationResponse>;
  return {
    isEnabled: kept.isEnabled === true,
    fromDate: kept.fromDate,
    toDate: kept.toDate,
    subject: kept.subject,
    textBody: kept.textBody,
    htmlBody: kept.htmlBody,
  };
}

export function* putVacationResponse(
  account: AccountId,
  vacation: VacationResponse,
): Result<SieveWriter["putVacationResponse"]> {
  if ((yield* changing(account)) === undefined) return "no-account";
  yield* run(
    "UPDATE sieve_accounts SET vacation = $2 WHERE account = $1",
    account,
    JSON.stringify(vacation).replaceAll("\\u0000", ""),
  );
  return "done";
}

// ---------------------------------------------------------------- scripts of domains and of the server

export function* sharedScripts(): Op<readonly SharedScript[]> {
  const found = yield* all<{ owner: string; name: string; content: string; runs: string; changed_at: number }>(
    "SELECT * FROM sieve_shared ORDER BY owner, name",
  );
  return found.map(({ owner, name, content, runs, changed_at }) => ({
    owner,
    name,
    content,
    runs: runs as SharedScript["runs"],
    changedAt: changed_at,
  }));
}

export function* putSharedScript(script: SharedScript): Result<SieveWriter["putSharedScript"]> {
  const { owner, name, content, runs, changedAt } = script;
  if (!isScriptName(name)) return "bad-name";
  if (isTooLarge(content)) return "too-large";
  const counted = yield* one<{ n: number }>(
    "SELECT count(*) AS n FROM sieve_shared WHERE owner = $1 AND name <> $2",
    owner,
    name,
  );
  if ((counted?.n ?? 0) >= maxScripts) return "too-many";
  yield* run(
    `INSERT INTO sieve_shared (owner, name, content, runs, changed_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (owner, name) DO UPDATE SET content = $3, runs = $4, changed_at = $5`,
    owner,
    name,
    content,
    runs,
    changedAt,
  );
  yield* publish({ kind: "sieve", account: undefined });
  return "done";
}

export function* removeSharedScript(owner: string, name: string): Result<SieveWriter["removeSharedScript"]> {
  if ((yield* run("DELETE FROM sieve_shared WHERE owner = $1 AND name = $2", owner, name)) === 0) return "missing";
  yield* publish({ kind: "sieve", account: undefined });
  return "done";
}

// ---------------------------------------------------------------- what scripts remember

export function* sieveRemembers(
  account: AccountId,
  keys: readonly string[],
  now: Instant,
): Result<SieveReader["sieveRemembers"]> {
  const found = yield* all<{ key: string }>(
    "SELECT m.key FROM sieve_memory AS m JOIN {texts $2} AS t ON t.value = m.key WHERE m.account = $1 AND m.until > $3",
    account,
    JSON.stringify(keys),
    now,
  );
  return found.map(({ key }) => key);
}

/** Part of the transaction that commits what the script has done. */
export function* remember(all: readonly Remembered[]): Op<void> {
  for (const { account, key, until } of all)
    yield* run(
      `INSERT INTO sieve_memory (account, key, until) VALUES ($1, $2, $3)
       ON CONFLICT (account, key) DO UPDATE SET until = $3`,
      account,
      key,
      until,
    );
}

/** Forgets what is due again, at most `limit` of it; answers how many. */
export function* forget(now: Instant, limit: number): Op<number> {
  return yield* run(
    `DELETE FROM sieve_memory WHERE (account, key) IN
       (SELECT account, key FROM sieve_memory WHERE until <= $1 ORDER BY until LIMIT $2)`,
    now,
    limit,
  );
}

// ---------------------------------------------------------------- annotations

export function* annotations(account: AccountId, mailbox?: MailboxId | 0): Op<readonly Annotation[]> {
  return yield* all<Annotation>(
    `SELECT mailbox, entry, value FROM annotations WHERE account = $1 AND ($2 < 0 OR mailbox = $2) ORDER BY mailbox, entry`,
    account,
    mailbox ?? -1,
  );
}

export function* putAnnotations(
  account: AccountId,
  mailbox: MailboxId | 0,
  entries: readonly { readonly entry: string; readonly value: string | undefined }[],
): Result<SieveWriter["putAnnotations"]> {
  const owner =
    mailbox === 0
      ? yield* one("SELECT id FROM accounts WHERE id = $1", account)
      : yield* one("SELECT id FROM mailboxes WHERE account = $1 AND id = $2", account, mailbox);
  if (owner === undefined) return "no-mailbox";
  if (entries.some(({ value }) => (value?.length ?? 0) > maxAnnotationChars)) return "too-large";
  const known = new Set((yield* annotations(account, mailbox)).map(({ entry }) => entry));
  for (const { entry, value } of entries)
    if (value === undefined) known.delete(entry.toLowerCase());
    else known.add(entry.toLowerCase());
  if (known.size > maxAnnotations) return "too-many";
  for (const { entry, value } of entries)
    if (value === undefined)
      yield* run(
        "DELETE FROM annotations WHERE account = $1 AND mailbox = $2 AND entry = $3",
        account,
        mailbox,
        entry.toLowerCase(),
      );
    else
      yield* run(
        `INSERT INTO annotations (account, mailbox, entry, value) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account, mailbox, entry) DO UPDATE SET value = $4`,
        account,
        mailbox,
        entry.toLowerCase(),
        value,
      );
  if (mailbox !== 0) {
    // RFC 7162 §3.2: annotations have no mod-sequences, but they count in their mailbox's.
    const modseq = yield* nextModseq(account);
    yield* run("UPDATE mailboxes SET modseq = $3 WHERE account = $1 AND id = $2", account, mailbox, modseq);
    yield* publish({ kind: "mail", account, mailbox, modseq });
  }
  yield* publish({ kind: "sieve", account });
  return "done";
}
