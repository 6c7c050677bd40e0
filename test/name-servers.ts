/** Debian's Knot DNS and BIND 9 (`apt-get install knot bind9`) as name servers of a zone that takes updates signed with TSIG. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TsigKey } from "../protocol/dns/update.ts";

export type NameServer = {
  readonly name: string;
  readonly port: number;
  /** May change the zone. */
  readonly key: TsigKey;
  /** The texts at a name, as anybody sees them. */
  txt(name: string): Promise<readonly string[]>;
  stop(): Promise<void>;
};

/** Serves `zone` on 127.0.0.1, where `hosts` (all names, where nothing is said) lead too. Throws a sentence where it cannot be run. */
export type Start = (
  folder: string,
  zone: string,
  port: number,
  algorithm: TsigKey["algorithm"],
  hosts?: readonly string[],
) => Promise<NameServer>;

export const startKnot: Start = (folder, zone, port, algorithm, hosts = ["*"]) => {
  const key = newKey(algorithm);
  mkdirSync(join(folder, "db"), { recursive: true });
  writeZone(folder, zone, hosts);
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
  return start("Knot", "/usr/sbin/knotd", ["-c", join(folder, "knot.conf")], "knot", { zone, port, key });
};

export const startBind: Start = (folder, zone, port, algorithm, hosts = ["*"]) => {
  const key = newKey(algorithm);
  mkdirSync(folder, { recursive: true });
  writeZone(folder, zone, hosts);
  writeFileSync(
    join(folder, "named.conf"),
    `options {
  directory "${folder}";
  pid-file "${folder}/named.pid";
  session-keyfile "${folder}/session.key";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
};
controls { };
key "${key.name}" { algorithm ${algorithm}; secret "${key.secret.toString("base64")}"; };
zone "${zone}" { type primary; file "${zone}.zone"; allow-update { key "${key.name}"; }; };
`,
  );
  return start("BIND", "/usr/sbin/named", ["-g", "-c", join(folder, "named.conf")], "bind9", { zone, port, key });
};

const newKey = (algorithm: TsigKey["algorithm"]): TsigKey => ({ name: "angarium", algorithm, secret: randomBytes(32) });

function writeZone(folder: string, zone: string, hosts: readonly string[]): void {
  const addresses = ["ns", ...hosts].map((host) => `${host} A 127.0.0.1\n`).join("");
  writeFileSync(
    join(folder, `${zone}.zone`),
    `$ORIGIN ${zone}.\n$TTL 1\n@ SOA ns hostmaster 1 60 60 3600 1\n@ NS ns\n${addresses}`,
  );
}

async function start(
  name: string,
  command: string,
  args: readonly string[],
  debianPackage: string,
  { zone, port, key }: { readonly zone: string; readonly port: number; readonly key: TsigKey },
): Promise<NameServer> {
  let log = "";
  let gone: string | undefined;
  const child: ChildProcess = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  child.on(
    "error",
    (error) => (gone = `${command} cannot be run (${error.message}): apt-get install ${debianPackage}`),
  );
  child.on("exit", (code) => (gone ??= `${command} ended with ${code}: ${log}`));
  child.stderr?.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-5000);
  });
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  for (const until = Date.now() + 10_000; ; ) {
    if (gone !== undefined) throw new Error(gone);
    if (await resolver.resolve4(`ns.${zone}`).catch(() => undefined)) break;
    if (Date.now() > until) throw new Error(`${command} does not answer: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    name,
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
