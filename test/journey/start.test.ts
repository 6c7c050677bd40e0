/** `npm start` in a clone: the first start tells everything there is to know, later ones just start. (Choosing ports: config/first-run.test.ts.) */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { databaseFile } from "../../server/store/sqlite.ts";
import { temporaryFolder } from "../dev-process.ts";
import { Wire } from "../wire.ts";

const root = join(import.meta.dirname, "..", "..");

test("the first start prints a table, a password and DNS records; the next one is ready soon and keeps the password", {
  timeout: 300_000,
}, async (t) => {
  const folder = await temporaryFolder(t);
  const clone = join(folder, "clone");
  await mkdir(clone);
  for (const name of ["main.ts", "package.json", "package-lock.json", "scripts", "server", "protocol"])
    await cp(join(root, name), join(clone, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(clone, "node_modules"));
  const data = join(clone, "data");
  await mkdir(data);
  // Free ports, where a first start of its own would take the standard ones.
  const services = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "https"];
  const listen = services.map((service) => `${service} = ["127.0.0.1:0"]`).join("\n");
  const toml = `hostname = "mail.first.test"\n[listen]\n${listen}\n`;
  // Whose first start fails has seen no password: the next one is the first.
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const taken = toml.replace("127.0.0.1:0", `127.0.0.1:${(other.address() as AddressInfo).port}`);
  await writeFile(join(data, "angarium.toml"), taken, { mode: 0o644 });
  const failed = spawnSync(process.execPath, [join(clone, "scripts", "angarium.mjs"), "start"], {
    cwd: clone,
    encoding: "utf8",
  });
  other.close();
  assert.deepEqual([failed.status, failed.stdout], [1, ""], failed.stderr);
  assert.match(failed.stderr, /smtp cannot listen on 127\.0\.0\.1:\d+: another program does/);
  await writeFile(join(data, "angarium.toml"), toml);

  const start = async (
    enough: RegExp,
  ): Promise<{ readonly out: string; readonly ms: number; readonly stop: () => Promise<number | null> }> => {
    const begun = performance.now();
    const child: ChildProcess = spawn(process.execPath, [join(clone, "scripts", "angarium.mjs"), "start"], {
      cwd: clone,
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    const exited = once(child, "exit");
    let out = "";
    await new Promise<void>((resolve, reject) => {
      child.stdout!.on("data", (chunk: Buffer) => {
        out += chunk.toString();
        if (enough.test(out)) resolve();
      });
      exited.then(([code]) => reject(new Error(`ended with ${String(code)}: ${out}`)), reject);
    });
    const ms = performance.now() - begun;
    const stop = async (): Promise<number | null> => {
      child.kill("SIGTERM");
      return ((await exited) as [number | null])[0];
    };
    return { out, ms, stop };
  };
  const logIn = async (out: string, password: string): Promise<string> => {
    const wire = await Wire.open(Number(/imaps\s+(?:127\.0\.0\.1\s+)?(\d+)/.exec(out)?.[1]), "tls");
    await wire.until(/^\* OK/);
    const answer = await wire.imap(`LOGIN admin@first.test ${password}`);
    wire.close();
    return answer;
  };

  const first = await start(/angarium(?: --)? check\n/);
  for (const service of services) assert.match(first.out, new RegExp(`^${service} +127\\.0\\.0\\.1 +\\d+`, "m"));
  assert.match(first.out, /^Administrator: admin@first\.test$/m);
  const password = /^Password: +(\S+) /m.exec(first.out)?.[1] ?? "";
  assert.ok(password.length >= 12, first.out);
  for (const record of [/\bMX\b/, /v=spf1/, /v=DKIM1/, /v=DMARC1/]) assert.match(first.out, record);
  assert.match(first.out, /^What listens where:$/m, "these ports were chosen by whoever wrote the file");
  assert.match(await logIn(first.out, password), /^t OK/m);
  assert.equal(await first.stop(), 0);

  const second = await start(/is ready: .*\n/);
  assert.doesNotMatch(second.out, /Password/);
  assert.match(await logIn(second.out, password), /^t OK/m);
  assert.equal(await second.stop(), 0);
  // The folder was there before, for everybody to look into: what the server has made in it is for nobody else, but for its certificates.
  const shown = new Set(["angarium.toml", join("tls", "ca.pem"), join("tls", "server.pem")]);
  const made = await readdir(data, { recursive: true });
  for (const name of made)
    assert.equal((await stat(join(data, name))).mode & (shown.has(name) ? 0o022 : 0o077), 0, name);
  assert.ok(made.includes(databaseFile));
  t.diagnostic(`ready after ${first.ms.toFixed(0)} ms the first time, ${second.ms.toFixed(0)} ms later`);
});

test("an installation that fails says so, and the next command tries again at once", {
  timeout: 300_000,
}, async (t) => {
  const clone = await temporaryFolder(t);
  for (const name of ["main.ts", "package.json", "scripts"])
    await cp(join(root, name), join(clone, name), { recursive: true });
  const npm = join(clone, "failing-npm.js");
  await writeFile(npm, "process.exit(1);");
  for (let time = 0; time < 2; time++) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(clone, "scripts", "angarium.mjs"), "version"],
      {
        env: { ...process.env, npm_execpath: npm },
        encoding: "utf8",
        timeout: 60_000,
      },
    );
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^Angarium: installing what it needs[^\n]*\n[\s\S]*Angarium: the installation did not succeed; missing: [^\n]+\n$/,
    );
    assert.doesNotMatch(stderr, /waiting/);
  }
});

test("the lock file names every package for every platform: npm ci refuses one that does not", async () => {
  type Locked = { readonly packages: { readonly [path: string]: { readonly optionalDependencies?: object } } };
  const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as Locked;
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  );
  assert.deepEqual(missing, []);
});

test("SIGTERM to npm itself stops the server in order", { timeout: 300_000 }, async () => {
  const child = spawn("npm", ["run", "--silent", "angarium", "--", "dev", "--users", "1"], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(child, "exit");
  let text = "";
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.includes("\n")) break;
  }
  const { ports } = JSON.parse(text) as { readonly ports: { readonly smtp: number } };
  child.kill("SIGTERM");
  const [code] = (await exited) as [number | null];
  assert.equal(code, 0);
  // Nobody is left behind: the port is free again.
  const left = connect({ host: "127.0.0.1", port: ports.smtp });
  const [error] = (await once(left, "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNREFUSED");
});
