/** Runs store operations on PostgreSQL: one transaction each, tried again where the database says that this may help. */
import pg from "pg";
import { inDialect, postgresDialect } from "./dialect.ts";
import type { BlobListed, Effect, Op, StoredBytes } from "./ops/tx.ts";
import { SearchMemory } from "./search-memory.ts";
import type { Change, Instant } from "./store.ts";

/** Where bytes are that are not in the database. */
export type Outside = {
  readonly load: (stored: StoredBytes, limit: number) => Uint8Array | Promise<Uint8Array>;
  readonly listBlobs: (shard: number) => Promise<readonly BlobListed[]>;
  readonly removeBlob: (blob: string) => Promise<void>;
  readonly now: () => Instant;
  /** Of what reads. */
  readonly memory: SearchMemory;
};

export type Ran<T> = { readonly value: T; readonly changes: readonly Change[] };

/** How often an operation that lost to others is tried again. */
export const maxAttempts = 10;
const firstPauseMs = 4;
const maxPauseMs = 250;

/** A commit whose answer never came: the operation may have happened. Nobody may repeat it as if it had not. */
export class CommitUnknown extends Error {}

/** A pool whose numbers are numbers and whose sessions are durable. */
export function openPool(url: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    pipeline: true,
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
    application_name: "angarium",
    connectionTimeoutMillis: 10_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    onConnect: prepareSession,
  });
  // A connection that dies while idle is replaced when it is needed.
  pool.on("error", () => {});
  return pool;
}

/** synchronous_commit: law 4. jit: compiling costs more than any of our statements. */
const sessionSettings =
  "SET synchronous_commit = on; SET jit = off; SET client_min_messages = warning; SET bytea_output = hex";

async function prepareSession(client: pg.ClientBase): Promise<void> {
  // What fails between two queries is told by the next one; without a listener it would end the process.
  client.on("error", () => {});
  await client.query(sessionSettings);
}

const number = (text: string) => Number(text);
const parsers: { readonly [oid: number]: (text: string) => unknown } = {
  16: (text) => (text === "t" ? 1 : 0), // bool, as SQLite has it
  20: number, // int8: none of ours is above 2^53
  21: number,
  23: number,
  700: number,
  701: number,
  1700: number, // numeric: sums of int8
};
const bytea = pg.types.getTypeParser(17) as (text: string) => unknown;
const asText = (text: string) => text;

function parserOf(oid: number): (text: string) => unknown {
  return oid === 17 ? bytea : (parsers[oid] ?? asText);
}

/**
 * Runs an operation in a transaction of its own; a reader sees one moment. Answers after the commit, and rejects when it
 * broke or when nobody knows whether it was committed.
 */
export async function runOp<T>(
  pool: pg.Pool,
  mode: "read" | "write",
  operation: () => Op<T>,
  outside: Outside,
): Promise<Ran<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOnce(pool, mode, operation(), outside);
    } catch (error) {
      if (attempt >= maxAttempts || error instanceof CommitUnknown || !mayHelp(error)) throw error;
    }
    const longest = Math.min(firstPauseMs * 2 ** attempt, maxPauseMs);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
  }
}

async function runOnce<T>(pool: pg.Pool, mode: "read" | "write", op: Op<T>, outside: Outside): Promise<Ran<T>> {
  const client = await pool.connect();
  let fault: Error | undefined;
  try {
    const begun = client.query(mode === "read" ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN");
    begun.catch(() => {});
    const changes: Change[] = [];
    const doomed: string[] = [];
    let value: T;
    try {
      // What an operation sees that is undone later must not be remembered.
      const memory = mode === "read" ? outside.memory : new SearchMemory();
      value = await drive(client, op, { outside, changes, doomed, memory });
      await begun;
    } catch (error) {
      await client.query("ROLLBACK").catch((failed: Error) => {
        fault = failed;
      });
      throw error;
    }
    try {
      const done = await client.query("COMMIT");
      if (done.command !== "COMMIT") throw new Error("PostgreSQL undid the transaction instead of committing it.");
    } catch (error) {
      fault = error as Error;
      const code = codeOf(error);
      // Refused outright (a conflict seen at the commit), or silence.
      if (code !== undefined && !isLost(error)) throw error;
      throw new CommitUnknown("The connection to PostgreSQL was lost during a commit.", { cause: error });
    }
    for (const blob of doomed) await outside.removeBlob(blob);
    return { value, changes };
  } finally {
    client.release(fault);
  }
}

type Doing = {
  readonly outside: Outside;
  readonly changes: Change[];
  readonly doomed: string[];
  readonly memory: SearchMemory;
};

async function drive<T>(client: pg.PoolClient, op: Op<T>, doing: Doing): Promise<T> {
  let step = op.next();
  while (step.done !== true) {
    const effect: Effect = step.value;
    let result: unknown;
    try {
      // Most effects need no waiting, and a promise for each would cost more than they do.
      const doneOrPromise = perform(client, effect, doing);
      result = doneOrPromise instanceof Promise ? await doneOrPromise : doneOrPromise;
    } catch (error) {
      step = op.throw(error);
      continue;
    }
    step = op.next(result);
  }
  return step.value;
}

/** Until the transaction ends; the number is ours alone. */
const lockEvents = "SELECT CAST(pg_advisory_xact_lock(4711008) AS TEXT)";

function perform(client: pg.PoolClient, effect: Effect, { outside, changes, doomed, memory }: Doing): unknown {
  switch (effect.kind) {
    case "sql":
      return query(client, effect);
    case "once":
      return query(client, { kind: "sql", sql: effect.sql, params: effect.params, want: "run" });
    case "change":
      return query(client, { kind: "sql", sql: effect.change.returning, params: effect.params, want: "one" });
    case "load":
      return outside.load(effect.stored, effect.limit);
    case "list-blobs":
      return outside.listBlobs(effect.shard);
    case "remove-blob":
      return doomed.push(effect.blob);
    case "publish":
      return changes.push(effect.change);
    case "lock-events":
      return query(client, { kind: "sql", sql: lockEvents, params: [], want: "run" });
    case "memory":
      return memory;
    case "now":
      return outside.now();
    default:
      return effect satisfies never;
  }
}

type Prepared = { readonly name: string; readonly text: string };
const prepared = new Map<string, Prepared>();
/** Statements beyond this are sent unprepared; the operations have far fewer. */
const maxPrepared = 1000;

function statementOf(sql: string): Prepared | { readonly text: string } {
  let known = prepared.get(sql);
  if (known === undefined) {
    const text = inDialect(sql, postgresDialect);
    if (prepared.size >= maxPrepared || /^\s*(?:CREATE|ALTER|DROP)\b/.test(text)) return { text };
    known = { name: `s${prepared.size}`, text };
    prepared.set(sql, known);
  }
  return known;
}

async function query(client: pg.PoolClient, effect: Extract<Effect, { kind: "sql" }>): Promise<unknown> {
  const sql = effect.want === "id" ? `${effect.sql} RETURNING id` : effect.sql;
  const config = { ...statementOf(sql), values: effect.params as unknown[] };
  switch (effect.want) {
    case "rows":
      return (await client.query({ ...config, rowMode: "array" })).rows;
    case "all":
      return (await client.query(config)).rows;
    case "one":
      return (await client.query(config)).rows[0];
    case "run":
      return (await client.query(config)).rowCount ?? 0;
    case "id":
      return ((await client.query(config)).rows[0] as { id: number }).id;
    default:
      return effect.want satisfies never;
  }
}

/** A SQLSTATE, or the name of a socket error. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === "string" ? code : undefined;
}

/** The server or the way to it is gone: SQLSTATE classes 08 and 57P, and all that has no SQLSTATE at all. */
function isLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined) return /connection|terminated|timeout/i.test((error as Error).message);
  return /^(?:08...|57P0[1-3]|E[A-Z_]+)$/.test(code);
}

/**
 * Conflicts with others (serialization, deadlock, a name that somebody else took a moment ago, a lock not to be had), and
 * a connection lost before the commit was asked for: nothing has happened then.
 */
function mayHelp(error: unknown): boolean {
  if (/^(?:40001|40P01|23505|55P03)$/.test(codeOf(error) ?? "")) return true;
  // Who has waited in vain for a free connection must not wait ten times as long.
  return isLost(error) && !/timeout/i.test((error as Error).message);
}
