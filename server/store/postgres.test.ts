import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import {
  deliver,
  inboxOf,
  letter,
  made,
  newAccount,
  newQueued,
  noon,
  only,
  recount,
  rows,
} from "../../test/contract/world.ts";
import { type PostgresServer, startPostgres } from "../../test/postgres-server.ts";
import { type Op, one, publish, run } from "./ops/tx.ts";
import { openPostgresStore } from "./postgres.ts";
import { CommitUnknown, maxAttempts, type Outside, openPool, runOp } from "./postgres-session.ts";
import { postgresTroubleOf } from "./postgres-trouble.ts";
import { SearchMemory } from "./search-memory.ts";
import type { Change, Store } from "./store.ts";
import { StoreTrouble } from "./trouble.ts";

const outside: Outside = {
  load: () => assert.fail("no bytes here"),
  listBlobs: async () => [],
  removeBlob: async () => {},
  now: () => noon,
  memory: new SearchMemory(),
};

/** A pool whose connections answer by a script: an Error is thrown, anything else is a result. */
function scripted(answer: (text: string) => Error | object | undefined) {
  const asked: string[] = [];
  const released: (Error | undefined)[] = [];
  const pool = {
    connect: async () => ({
      on() {},
      off() {},
      query: async (given: string | { text: string }) => {
        const text = typeof given === "string" ? given : given.text;
        asked.push(text);
        const said = answer(text) ?? { command: text, rows: [], rowCount: 0 };
        if (said instanceof Error) throw said;
        return said;
      },
      release: (error: Error | undefined) => released.push(error),
    }),
  };
  return {
    pool: pool as unknown as pg.Pool,
    asked,
    released,
    commits: () => asked.filter((text) => text === "COMMIT"),
  };
}
const withCode = (code: string) => Object.assign(new Error(`error ${code}`), { code });

function* work(): Op<string> {
  yield* run("UPDATE x SET y = $1", 1);
  yield* publish({ kind: "queue" });
  return "done";
}

describe("a transaction", () => {
  test("ends with a commit, and then its changes are known", async () => {
    const { pool, asked } = scripted(() => undefined);
    assert.deepEqual(await runOp(pool, "write", work, outside), { value: "done", changes: [{ kind: "queue" }] });
    assert.deepEqual(asked, ["BEGIN", "UPDATE x SET y = $1", "COMMIT"]);
  });

  test("whose commit is answered by silence is neither repeated nor said to be done", async () => {
    for (const lost of [new Error("Connection terminated unexpectedly"), withCode("ECONNRESET"), withCode("57P01")]) {
      const { pool, commits, released } = scripted((text) => (text === "COMMIT" ? lost : undefined));
      await assert.rejects(runOp(pool, "write", work, outside), CommitUnknown);
      assert.equal(commits().length, 1);
      assert.ok(released[0] instanceof Error, "the connection is not used again");
    }
  });

  test("that the server undid instead of committing is an error", async () => {
    const { pool } = scripted((text) => (text === "COMMIT" ? { command: "ROLLBACK", rows: [] } : undefined));
    await assert.rejects(runOp(pool, "write", work, outside));
  });

  test("that lost to others is tried again, and not for ever", async () => {
    for (const code of ["40001", "40P01", "23505"]) {
      let fails = 3;
      const { pool, commits, asked } = scripted((text) =>
        text.startsWith("UPDATE") && fails-- > 0 ? withCode(code) : undefined,
      );
      assert.equal((await runOp(pool, "write", work, outside)).value, "done");
      assert.equal(commits().length, 1);
      assert.equal(asked.filter((text) => text === "ROLLBACK").length, 3);
    }
    const hopeless = scripted((text) => (text.startsWith("UPDATE") ? withCode("40001") : undefined));
    await assert.rejects(runOp(hopeless.pool, "write", work, outside), { code: "40001" });
    assert.equal(hopeless.asked.filter((text) => text === "BEGIN").length, maxAttempts);
    let conflicts = 1;
    const late = scripted((text) => (text === "COMMIT" && conflicts-- > 0 ? withCode("40001") : undefined));
    assert.equal((await runOp(late.pool, "write", work, outside)).value, "done", "a conflict seen at the commit");
  });

  test("whose connection is lost before the commit is tried on another", async () => {
    let begun = 0;
    const again = scripted((text) => {
      if (text === "BEGIN") begun += 1;
      return begun === 1 && text !== "BEGIN" ? withCode("57P01") : undefined;
    });
    assert.equal((await runOp(again.pool, "write", work, outside)).value, "done");
    assert.ok(again.released[0] instanceof Error);
    assert.equal(again.released[1], undefined);
  });

  test("that is wrong in itself is not tried again", async () => {
    const { pool, asked } = scripted((text) => (text.startsWith("UPDATE") ? withCode("42601") : undefined));
    await assert.rejects(runOp(pool, "write", work, outside), { code: "42601" });
    assert.deepEqual(asked, ["BEGIN", "UPDATE x SET y = $1", "ROLLBACK"]);
  });

  test("says in the words of the store what broke", () => {
    const kindOf = (error: Error) => postgresTroubleOf(error)?.kind;
    assert.equal(kindOf(withCode("53100")), "disk-full");
    assert.equal(kindOf(withCode("53300")), "unavailable");
    assert.equal(kindOf(withCode("58030")), "io");
    assert.equal(kindOf(withCode("25006")), "io");
    assert.equal(kindOf(withCode("ECONNREFUSED")), "unavailable");
    assert.equal(kindOf(withCode("ENOSPC")), "disk-full");
    assert.equal(kindOf(new CommitUnknown("?")), "unavailable");
    assert.equal(kindOf(new Error("timeout exceeded when trying to connect")), "unavailable");
    assert.equal(kindOf(withCode("42601")), undefined);
    assert.equal(kindOf(new TypeError("x is not a function")), undefined);
  });
});

describe("PostgreSQL", () => {
  let server: PostgresServer;
  let folder: string;
  let url: string;
  let store: Store;
  let admin: pg.Client;
  before(async () => {
    server = await startPostgres();
    folder = mkdtempSync(join(tmpdir(), "angarium-postgres-"));
    url = await server.createDatabase();
    // Two nodes that start at once on an empty database: one makes the schema, the other waits for it.
    const [first, second] = await Promise.all([openPostgresStore({ url, folder }), openPostgresStore({ url, folder })]);
    await second.close();
    store = first;
    admin = new pg.Client({ connectionString: url });
    await admin.connect();
  });
  after(async () => {
    await admin.end();
    await store.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const killAll = (which: string) =>
    admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = $1`,
      [which],
    );

  test("connections that are killed lose nothing that was acknowledged, and work goes on", async () => {
    const { id } = await newAccount(store);
    const inbox = await inboxOf(store, id);
    let busy = true;
    const killing = (async () => {
      while (busy) {
        await killAll("angarium");
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    })();
    const done = await Promise.allSettled(Array.from({ length: 80 }, () => deliver(store, id, inbox)));
    busy = false;
    await killing;
    const acknowledged = done.flatMap((each) => (each.status === "fulfilled" ? [each.value.uid] : []));
    for (const each of done)
      if (each.status === "rejected") assert.ok(each.reason instanceof StoreTrouble, String(each.reason));
    assert.equal(new Set(acknowledged).size, acknowledged.length);
    const there = new Set((await rows(store, id, inbox)).map(({ uid }) => uid));
    for (const uid of acknowledged) assert.ok(there.has(uid), `message ${uid} was acknowledged`);
    await deliver(store, id, inbox);
    await recount(store, id);
  });

  test("commits wait for the disk", async () => {
    await admin.query("ALTER DATABASE store_1 SET synchronous_commit = off");
    // Whatever the database says, our sessions say it themselves.
    const pool = openPool(url, 1);
    try {
      assert.deepEqual((await pool.query("SHOW synchronous_commit")).rows, [{ synchronous_commit: "on" }]);
    } finally {
      await pool.end();
      await admin.query("ALTER DATABASE store_1 RESET synchronous_commit");
    }
  });

  test("changes are heard again after the listening connection was lost", async () => {
    const beside = await openPostgresStore({ url, folder });
    try {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const heard: Change[] = [];
      beside.subscribe((changes) => heard.push(...changes));
      await killAll("angarium-changes");
      await until(() => heard.some(({ kind }) => kind === "directory") && heard.some(({ kind }) => kind === "queue"));
      heard.length = 0;
      await until(async () => {
        // The sender's connection was killed too: what it could not send waits for the new one.
        await deliver(store, id, inbox);
        return heard.some((change) => change.kind === "mail" && change.account === id);
      });
    } finally {
      await beside.close();
    }
  });

  test("many changes at once are all told, in as many notices as they need", async () => {
    const beside = await openPostgresStore({ url, folder });
    try {
      const { id } = await newAccount(store);
      const boxes: number[] = [];
      for (let i = 0; i < 40; i++) boxes.push(await made(store, id, `Box ${i}`));
      const heard = new Set<number>();
      beside.subscribe((changes) => {
        for (const change of changes) if (change.kind === "mail") heard.add(change.mailbox);
      });
      await Promise.all(boxes.flatMap((box) => Array.from({ length: 5 }, () => deliver(store, id, box))));
      await until(() => boxes.every((box) => heard.has(box)));
    } finally {
      await beside.close();
    }
  });

  test("two nodes claim from one queue and share nothing", async () => {
    const beside = await openPostgresStore({ url, folder });
    try {
      for (let i = 0; i < 60; i++)
        await store.accept({
          message: letter(),
          placements: [],
          queue: newQueued({ to: [`r${i}@far.test`] }),
          journey: [],
        });
      const claim = (node: Store, owner: string) => node.claim({ owner, now: noon, until: noon + 60_000, limit: 7 });
      const got = (
        await Promise.all(Array.from({ length: 12 }, (_, at) => claim(at % 2 ? store : beside, `node ${at % 2}`)))
      ).flatMap((messages) => messages.flatMap(({ recipients }) => recipients.map(({ address }) => address)));
      assert.equal(new Set(got).size, got.length);
    } finally {
      await beside.close();
    }
  });

  test("a claim takes what it asked for and no more, whichever way the planner goes", async () => {
    // With one row known to the planner it looked for the due ones anew for each row, and found others each time.
    const small = await server.createDatabase();
    const own = await openPostgresStore({ url: small, folder });
    const client = new pg.Client({ connectionString: small });
    await client.connect();
    const enqueue = (to: readonly string[]) =>
      own.accept({ message: letter(), placements: [], queue: newQueued({ to }), journey: [] });
    try {
      await enqueue(["only@far.test"]);
      await client.query("ANALYZE queue_recipients");
      await enqueue(Array.from({ length: 9 }, (_, i) => `w${i}@wide.test`));
      for (const limit of [1, 2, 3]) {
        const claimed = await own.claim({ owner: "narrow", now: noon, until: noon + 60_000, limit });
        assert.equal(claimed.flatMap(({ recipients }) => recipients).length, limit);
      }
    } finally {
      await client.end();
      await own.close();
    }
  });

  test("bytes are shared by the nodes, large ones through the folder", async () => {
    const beside = await openPostgresStore({ url, folder });
    try {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const body = Buffer.from(Array.from({ length: 600_000 }, (_, at) => (at * 2654435761) >>> 13)).toString("base64");
      const { uid } = await deliver(store, id, inbox, { body });
      const [row] = (await beside.fetch(id, inbox, only(uid), ["bytes"])).rows;
      assert.ok(Buffer.from(row?.bytes ?? []).includes(body));
      assert.deepEqual(await beside.verify(), []);
    } finally {
      await beside.close();
    }
  });

  test("where it cannot be, a sentence", async () => {
    await assert.rejects(openPostgresStore({ url: "postgres://localhost/x?host=/nowhere", folder }), StoreTrouble);
    await assert.rejects(store.backup(join(folder, "backup")), /pg_dump/);
    const newer = await server.createDatabase();
    const client = new pg.Client({ connectionString: newer });
    await client.connect();
    await client.query(
      "CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES (9999)",
    );
    await client.end();
    await assert.rejects(openPostgresStore({ url: newer, folder }), /newer Angarium/);
    const closed = await openPostgresStore({ url, folder });
    await closed.close();
    await assert.rejects(closed.domains(), /closed/);
  });

  test("numbers are numbers", async () => {
    const pool = openPool(url, 1);
    function* ask(): Op<unknown> {
      return yield* one(
        "SELECT CAST(9007199254740991 AS BIGINT) AS big, CAST(-1 AS BIGINT) AS small, sum(x) AS total, count(*) AS n, 1 = 1 AS yes FROM (SELECT CAST(5 AS BIGINT) AS x) AS t",
      );
    }
    try {
      const { value } = await runOp(pool, "read", ask, outside);
      assert.deepEqual({ ...(value as object) }, { big: Number.MAX_SAFE_INTEGER, small: -1, total: 5, n: 1, yes: 1 });
    } finally {
      await pool.end();
    }
  });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail("waited a minute for something that did not happen");
}
