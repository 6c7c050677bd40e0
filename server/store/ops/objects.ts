/** Small things of an account that are kept as JSON with their changes; uploaded blobs; sessions of browsers and programs. */
import type { ObjectEdit, ObjectsChanges, StoredObjects, Upload, UploadBounds, WebSession } from "../jmap.ts";
import type { AccountId } from "../store.ts";
import { type ObjectTexts, storedObjects } from "../stored-objects.ts";
import { insertContent } from "./contents.ts";
import type { KeptMessage } from "./kept.ts";
import { lockAccount, nextModseq } from "./mailbox-tree.ts";
import { all, type Op, one, publish, type Row, rows, run } from "./tx.ts";

/** Objects of one type that an account may have. */
export const maxObjects = 20_000;
/** Octets of all objects of one type of an account: who looks for one reads them all. */
export const maxObjectsBytes = 32 * 1024 * 1024;
/** Of those that are gone, the newest are remembered. */
export const maxGoneObjects = 5_000;
/** Row that remembers up to where the gone ones are forgotten; no object has an empty id. */
const floorId = "";

function* stateOf(account: AccountId, type: string): Op<number> {
  const row = yield* one<{ modseq: number | null }>(
    "SELECT max(modseq) AS modseq FROM objects WHERE account = $1 AND type = $2",
    account,
    type,
  );
  return row?.modseq ?? 0;
}

export function* objectTexts(account: AccountId, type: string, ids?: readonly string[]): Op<ObjectTexts> {
  const state = yield* stateOf(account, type);
  const found =
    ids === undefined
      ? yield* rows(
          "SELECT id, data FROM objects WHERE account = $1 AND type = $2 AND gone = 0 ORDER BY id",
          account,
          type,
        )
      : yield* rows(
          `SELECT o.id, o.data FROM {texts $3} t {cross} objects o
           WHERE o.account = $1 AND o.type = $2 AND o.id = t.value AND o.gone = 0 ORDER BY o.id`,
          account,
          type,
          JSON.stringify(ids),
        );
  return { texts: found.flat() as string[], state };
}

export function* objects(account: AccountId, type: string, ids?: readonly string[]): Op<StoredObjects> {
  return storedObjects(yield* objectTexts(account, type, ids));
}

export function* objectStates(account: AccountId): Op<readonly { readonly type: string; readonly state: number }[]> {
  return yield* all<{ type: string; state: number }>(
    "SELECT type, max(modseq) AS state FROM objects WHERE account = $1 GROUP BY type",
    account,
  );
}

export function* objectsOfAll(
  type: string,
): Op<readonly { readonly account: AccountId; readonly id: string; readonly data: unknown }[]> {
  const found = yield* rows(
    "SELECT account, id, data FROM objects WHERE type = $1 AND gone = 0 AND id <> '' ORDER BY account, id",
    type,
  );
  return found.map(([account, id, data]) => ({
    account: account as number,
    id: id as string,
    data: JSON.parse(data as string),
  }));
}

export function* objectChanges(account: AccountId, type: string, since: number, max: number): Op<ObjectsChanges> {
  const state = yield* stateOf(account, type);
  const floor = yield* one<{ created_modseq: number }>(
    "SELECT created_modseq FROM objects WHERE account = $1 AND type = $2 AND id = $3",
    account,
    type,
    floorId,
  );
  if (since > state || since < (floor?.created_modseq ?? 0)) return { kind: "cannot" };
  const found = yield* all<{ id: string; created_modseq: number; modseq: number; gone: number }>(
    `SELECT id, created_modseq, modseq, gone FROM objects
     WHERE account = $1 AND type = $2 AND modseq > $3 AND id <> '' ORDER BY modseq, id LIMIT $4`,
    account,
    type,
    since,
    max + 1,
  );
  let piece = found;
  const more = found.length > max;
  if (more) {
    // A piece ends between two moments.
    let end = max;
    while (end > 0 && found[end]?.modseq === found[end - 1]?.modseq) end--;
    if (end === 0) return { kind: "cannot" };
    piece = found.slice(0, end);
  }
  const ids = (which: (row: (typeof found)[number]) => boolean) => piece.filter(which).map(({ id }) => id);
  return {
    kind: "done",
    created: ids((row) => row.gone === 0 && row.created_modseq > since),
    updated: ids((row) => row.gone === 0 && row.created_modseq <= since),
    destroyed: ids((row) => row.gone !== 0 && row.created_modseq <= since),
    state: more ? (piece.at(-1)?.modseq ?? state) : state,
    more,
  };
}

export function* objectsPut(
  account: AccountId,
  type: string,
  edits: readonly ObjectEdit[],
  ifState: number | undefined,
): Op<{ readonly before: number; readonly state: number } | "state-mismatch" | "too-many" | "too-much"> {
  if (!(yield* lockAccount(account))) return "state-mismatch";
  const before = yield* stateOf(account, type);
  if (ifState !== undefined && ifState !== before) return "state-mismatch";
  if (edits.length === 0) return { before, state: before };
  const texts = edits.map(({ data }) => (data === undefined ? undefined : JSON.stringify(data)));
  const more = yield* roomFor(account, type, edits, texts);
  if (more !== undefined) return more;
  const modseq = yield* nextModseq(account);
  for (const [index, { id }] of edits.entries()) {
    const text = texts[index];
    if (text === undefined)
      yield* run(
        "UPDATE objects SET gone = 1, data = 'null', modseq = $4 WHERE account = $1 AND type = $2 AND id = $3 AND gone = 0",
        account,
        type,
        id,
        modseq,
      );
    else
      yield* run(
        `INSERT INTO objects (account, type, id, created_modseq, modseq, gone, data) VALUES ($1, $2, $3, $4, $4, 0, $5)
         ON CONFLICT (account, type, id) DO UPDATE SET data = excluded.data, modseq = excluded.modseq, gone = 0,
           created_modseq = CASE WHEN objects.gone = 1 THEN excluded.modseq ELSE objects.created_modseq END`,
        account,
        type,
        id,
        modseq,
        text,
      );
  }
  if (edits.some(({ data }) => data === undefined)) yield* forgetGone(account, type);
  yield* publish({ kind: "objects", account, type, modseq });
  return { before, state: modseq };
}

/** What stands against these edits, whose objects are written as `texts`. Nobody is kept from making less of it. */
function* roomFor(
  account: AccountId,
  type: string,
  edits: readonly ObjectEdit[],
  texts: readonly (string | undefined)[],
): Op<"too-many" | "too-much" | undefined> {
  type Counted = { readonly n: number; readonly bytes: number | null };
  const sums = "count(*) AS n, sum(octet_length(o.data)) AS bytes";
  const all = yield* one<Counted>(
    `SELECT ${sums} FROM objects o WHERE o.account = $1 AND o.type = $2 AND o.gone = 0`,
    account,
    type,
  );
  const before = yield* one<Counted>(
    `SELECT ${sums} FROM {texts $3} t {cross} objects o
     WHERE o.account = $1 AND o.type = $2 AND o.id = t.value AND o.gone = 0`,
    account,
    type,
    JSON.stringify(edits.map(({ id }) => id)),
  );
  const after = texts.filter((text) => text !== undefined);
  const more = after.length - Number(before?.n ?? 0);
  if (more > 0 && Number(all?.n ?? 0) + more > maxObjects) return "too-many";
  const grows = after.reduce((sum, text) => sum + Buffer.byteLength(text), -Number(before?.bytes ?? 0));
  return grows > 0 && Number(all?.bytes ?? 0) + grows > maxObjectsBytes ? "too-much" : undefined;
}

function* forgetGone(account: AccountId, type: string): Op<void> {
  const last = yield* one<{ modseq: number }>(
    `SELECT modseq FROM objects WHERE account = $1 AND type = $2 AND gone = 1 AND id <> ''
     ORDER BY modseq DESC LIMIT 1 OFFSET ${maxGoneObjects}`,
    account,
    type,
  );
  if (last === undefined) return;
  yield* run(
    "DELETE FROM objects WHERE account = $1 AND type = $2 AND gone = 1 AND modseq <= $3",
    account,
    type,
    last.modseq,
  );
  yield* run(
    `INSERT INTO objects (account, type, id, created_modseq, modseq, gone, data) VALUES ($1, $2, '', $3, $3, 1, 'null')
     ON CONFLICT (account, type, id) DO UPDATE SET created_modseq = excluded.created_modseq, modseq = excluded.modseq`,
    account,
    type,
    last.modseq,
  );
}

// ---------------------------------------------------------------- uploads

const uploadColumns = "u.id, u.content, u.type, u.size";
const uploadOf = (cells: readonly unknown[]): Upload => ({
  id: cells[0] as string,
  content: cells[1] as number,
  type: cells[2] as string,
  sizeBytes: cells[3] as number,
});

export function* uploads(account: AccountId, ids: readonly string[]): Op<readonly Upload[]> {
  const found = yield* rows(
    `SELECT ${uploadColumns} FROM {texts $2} t {cross} uploads u WHERE u.account = $1 AND u.id = t.value`,
    account,
    JSON.stringify(ids),
  );
  return found.map(uploadOf);
}

/** The same bytes under the same id live longer. `bounds`: what all uploads of the account may take. */
export function* uploadPut(
  account: AccountId,
  id: string,
  message: KeptMessage,
  type: string,
  expiresAt: number,
  bounds: UploadBounds,
): Op<Upload | "over-quota"> {
  yield* lockAccount(account);
  const [known] = yield* rows(
    `UPDATE uploads SET expires_at = CASE WHEN expires_at > $3 THEN expires_at ELSE $3 END, type = $4 WHERE account = $1 AND id = $2 RETURNING id, content, type, size`,
    account,
    id,
    expiresAt,
    type,
  );
  if (known !== undefined) return uploadOf(known);
  const { sizeBytes } = message.stored;
  if (!(yield* makeRoom(account, sizeBytes, bounds))) return "over-quota";
  const content = yield* insertContent(message, 1);
  yield* run(
    "INSERT INTO uploads (account, id, content, type, size, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
    account,
    id,
    content,
    type,
    sizeBytes,
    expiresAt,
  );
  return { id, content, type, sizeBytes };
}

/** Lets the oldest go where it must, and none where that would not be enough. */
function* makeRoom(account: AccountId, sizeBytes: number, bounds: UploadBounds): Op<boolean> {
  const used = yield* one<{ n: number; bytes: number | null }>(
    "SELECT count(*) AS n, sum(size) AS bytes FROM uploads WHERE account = $1",
    account,
  );
  let [n, bytes] = [(used?.n ?? 0) + 1, Number(used?.bytes ?? 0) + sizeBytes];
  const fits = (): boolean => n <= bounds.count && bytes <= bounds.bytes;
  if (fits()) return true;
  if (bounds.mayGoUntil === undefined || sizeBytes > bounds.bytes) return false;
  const going: string[] = [];
  for (const [id, size] of yield* rows(
    "SELECT id, size FROM uploads WHERE account = $1 AND expires_at <= $2 ORDER BY expires_at, id",
    account,
    bounds.mayGoUntil,
  )) {
    going.push(id as string);
    n--;
    bytes -= Number(size);
    if (fits()) {
      yield* uploadsDrop(account, going);
      return true;
    }
  }
  return false;
}

/** Uploads that nobody wants any longer give their contents back before they expire; answers those that were there. */
export function* uploadsDrop(account: AccountId, ids: readonly string[]): Op<readonly string[]> {
  yield* lockAccount(account);
  const gone: string[] = [];
  for (const id of ids) {
    const [row] = yield* rows("DELETE FROM uploads WHERE account = $1 AND id = $2 RETURNING content", account, id);
    if (row === undefined) continue;
    yield* run("UPDATE contents SET refs = refs - 1 WHERE id = $1", row[0] as number);
    gone.push(id);
  }
  return gone;
}

// ---------------------------------------------------------------- sessions

type SessionRow = {
  readonly hash: string;
  readonly account: number;
  readonly kind: WebSession["kind"];
  readonly label: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly scopes: string;
  readonly remote: string;
  readonly used_at: number;
};

const sessionOf = (row: SessionRow): WebSession & { readonly hash: string } => ({
  hash: row.hash,
  account: row.account,
  kind: row.kind,
  label: row.label,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  ...(row.scopes === "" ? {} : { scopes: JSON.parse(row.scopes) as string[] }),
  ...(row.remote === "" ? {} : { remote: row.remote }),
  ...(row.used_at === 0 ? {} : { usedAt: row.used_at }),
});

export function* webSession(hash: string): Op<WebSession | undefined> {
  const row = yield* one<SessionRow>("SELECT * FROM web_sessions WHERE hash = $1", hash);
  if (row === undefined) return undefined;
  const { hash: _, ...session } = sessionOf(row);
  return session;
}

export function* webSessions(account: AccountId): Op<readonly (WebSession & { readonly hash: string })[]> {
  const found = yield* all<SessionRow>(
    "SELECT * FROM web_sessions WHERE account = $1 ORDER BY created_at DESC, hash",
    account,
  );
  return found.map(sessionOf);
}

export function* webSessionUsed(hash: string, at: number): Op<void> {
  yield* run("UPDATE web_sessions SET used_at = $2 WHERE hash = $1", hash, at);
}

/** Sessions of one account; beyond these the oldest ends. */
export const maxWebSessions = 200;

export function* webSessionPut(hash: string, session: WebSession | undefined): Op<void> {
  yield* ended(yield* all<EndedRow>("DELETE FROM web_sessions WHERE hash = $1 RETURNING account, hash", hash));
  if (session === undefined) return;
  yield* run(
    `INSERT INTO web_sessions (hash, account, kind, label, created_at, expires_at, scopes, remote, used_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    hash,
    session.account,
    session.kind,
    session.label,
    session.createdAt,
    session.expiresAt,
    session.scopes === undefined ? "" : JSON.stringify(session.scopes),
    session.remote ?? "",
    session.usedAt ?? 0,
  );
  const oldest = yield* all<EndedRow>(
    `DELETE FROM web_sessions WHERE account = $1 AND hash IN (SELECT hash FROM web_sessions WHERE account = $1
       ORDER BY created_at DESC LIMIT 1000 OFFSET ${maxWebSessions}) RETURNING account, hash`,
    session.account,
  );
  yield* ended(oldest);
}

type EndedRow = { readonly account: number; readonly hash: string } & Row;

/** What these sessions have opened ends with them. */
export function* ended(sessions: readonly EndedRow[]): Op<void> {
  for (const { account, hash } of sessions) yield* publish({ kind: "signed-out", account, session: hash });
}

export function* webSessionsEnd(account: AccountId, except: string): Op<void> {
  yield* run("DELETE FROM web_sessions WHERE account = $1 AND hash <> $2", account, except);
  yield* publish({ kind: "signed-out", account });
}
