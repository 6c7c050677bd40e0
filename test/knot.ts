/** Debian's Knot DNS (`apt-get install knot`) as the name server of a zone that takes updates signed with TSIG. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TsigKey } from "../protocol/dns/update.ts";

export type Knot = {
  readonly port: number;
  /** May change the zone. */
  readonly key: TsigKey;
  /** The texts at a name, as anybody sees them. */
  txt(name: string): Promise<readonly string[]>;
  stop(): Promise<void>;
};

/** Serves `zone` on 127.0.0.1; every name in it has that address. Throws a sentence where knotd cannot be run. */
export async function startKnot(
  folder: string,
  zone: string,
  port: number,
  algorithm: TsigKey["algorithm"],
): Promise<Knot> {
  mkdirSync(join(folder, "db"), { recursive: true });
  const key: TsigKey = { name: "angarium", algorithm, secret: randomBytes(32) };
  writeFileSync(
    join(folder, `${zone}.zone`),
    `$ORIGIN ${zone}.\n$TTL 1\n@ SOA ns hostmaster 1 60 60 3600 1\n@ NS ns\nns A 127.0.0.1\n* A 127.0.0.1\n`,
  );
  writeFileSync(
    join(folder, "knot.conf"),
    `server:
    listen: 127.0.0.1@${port}
    rundir: "${folder}"
    pidfile: "${folder}/knot.pid"
database:
    storage: "${folder}/db"
log:
  - target: stderr
    any: warning
key:
  - id: ${key.name}
    algorithm: ${algorithm}
    secret: ${key.secret.toString("base64")}
acl:
  - id: updates
    key: ${key.name}
    action: update
zone:
  - domain: ${zone}
    storage: "${folder}"
    file: ${zone}.zone
    acl: updates
`,
  );
  let log = "";
  let gone: string | undefined;
  const child: ChildProcess = spawn("/usr/sbin/knotd", ["-c", join(folder, "knot.conf")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.on("error", (error) => (gone = `knotd cannot be run (${error.message}): apt-get install knot`));
  child.on("exit", (code) => (gone ??= `knotd ended with ${code}: ${log}`));
  child.stderr?.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-5000);
  });
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  for (const until = Date.now() + 10_000; ; ) {
    if (gone !== undefined) throw new Error(gone);
    if (await resolver.resolve4(`mail.${zone}`).catch(() => undefined)) break;
    if (Date.now() > until) throw new Error(`knotd does not answer: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    port,
    key,
    async txt(name) {
      try {
        return (await resolver.resolveTxt(name)).map((strings) => strings.join(""));
      } catch (error) {
        if (/^E(NODATA|NOTFOUND)$/.test((error as NodeJS.ErrnoException).code ?? "")) return [];
        throw error;
      }
    },
    async stop() {
      if (child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}
