/**
 * Certificates by ACME against Debian's `pebble`, with its Knot DNS for DNS-01 (`apt-get install pebble knot`): `npm run pebble`. A server is started as an administrator would,
 * once for each kind of challenge; it must get a certificate of the authority's, show it by name, and publish its key.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { keyRecord, tlsaText } from "../protocol/policy/dane.ts";
import { ensureOwnCertificate } from "../server/net/own-certificate.ts";
import { publishedKeys } from "../server/net/published-keys.ts";
import { freePort } from "./beside.ts";
import { type NameServer, startKnot } from "./name-servers.ts";
import { updateSettings, updatesWork } from "./pebble-dns.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-pebble-"));
const children: ChildProcess[] = [];
const main = join(import.meta.dirname, "..", "main.ts");

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  child.on("error", (error) => {
    process.stderr.write(`${program} cannot be run (${error.message}): apt-get install pebble knot\n`);
    process.exit(1);
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000);
    });
  child.on("exit", (code) => {
    if (code !== 0 && code !== null) process.stderr.write(`${program} ended with ${code}:\n${log}\n`);
  });
  children.push(child);
  Object.assign(child, { log: () => log });
  return child;
}

async function freePorts(): Promise<(name: string) => number> {
  const ports = new Map<string, number>();
  for (const name of ["dns", "acme", "management", "http", "https", "submissions", "challtest"])
    ports.set(name, await freePort("127.0.0.1"));
  return (name) => ports.get(name)!;
}

const shownAt = (port: number, servername: string): Promise<X509Certificate | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", servername, rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      resolve(certificate);
    });
    socket.on("error", () => resolve(undefined));
  });

function runPebble(port: (name: string) => number, own: { readonly certFile: string; readonly keyFile: string }): void {
  const config = join(folder, `pebble-${port("acme")}.json`);
  writeFileSync(
    config,
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port("acme")}`,
        managementListenAddress: `127.0.0.1:${port("management")}`,
        certificate: own.certFile,
        privateKey: own.keyFile,
        httpPort: port("http"),
        tlsPort: port("https"),
      },
    }),
  );
  run("pebble", ["-config", config, "-dnsserver", `127.0.0.1:${port("dns")}`, "-strict", "false"], {
    PEBBLE_VA_NOSLEEP: "1",
  });
}

/** A zone of its own, which takes updates: proofs and DKIM keys come and go by themselves. */
async function byDns(port: (name: string) => number, own: { caFile: string }, knot: NameServer): Promise<void> {
  const { tsigName, tsigSecret, tsigAlgorithm, dnsServer, dnsZone, dnsWaitMs } = updateSettings(knot, "acme.test");
  const acme = Object.entries({ tsigName, tsigSecret, tsigAlgorithm, dnsServer, dnsZone });
  const lines = acme.map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`).join("");
  const proofs = new Set<string>();
  await certificateBy(
    "dns-01",
    port,
    own,
    `${lines}dnsWaitMs = ${dnsWaitMs}\n[dkim]\ndynamicUpdates = true\ncheckMs = 1000\n`,
    async () => {
      for (const proof of await knot.txt("_acme-challenge.mail.acme.test")) proofs.add(proof);
    },
  );
  assert.equal(proofs.size, 1, "the proof was in DNS");
  for (const name of ["mail", "mta-sts", "autoconfig"])
    assert.deepEqual(await knot.txt(`_acme-challenge.${name}.acme.test`), [], "and is no more");
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  for (const selector of [`r${day}`, `e${day}`])
    assert.match(
      (await knot.txt(`${selector}._domainkey.acme.test`)).join(),
      /^v=DKIM1; k=(rsa|ed25519); h=sha256; p=/,
    );
  process.stdout.write("dns-01: the proof was published and removed by dynamic update, the DKIM keys were published\n");
}

/** `more`: lines of the configuration, those of `[acme]` first; `meanwhile` is asked until the certificate is there. */
async function certificateBy(
  challenge: string,
  port: (name: string) => number,
  own: { caFile: string },
  more = "",
  meanwhile: () => Promise<unknown> = async () => {},
  also: (data: string, port: (name: string) => number) => Promise<void> = async () => {},
): Promise<void> {
  const data = join(folder, challenge);
  const config = join(folder, `${challenge}.toml`);
  writeFileSync(
    config,
    `hostname = "mail.acme.test"
[listen]
http = ["127.0.0.1:${port("http")}"]
https = ["127.0.0.1:${port("https")}"]
submissions = ["127.0.0.1:${port("submissions")}"]
[dns]
servers = ["127.0.0.1:${port("dns")}"]
[transit]
caFile = "${own.caFile}"
[acme]
directory = "https://localhost:${port("acme")}/dir"
challenge = "${challenge}"
email = "admin@acme.test"
${more}`,
  );
  const server = run(process.execPath, [main, "start", "--data", data, "--config", config, "--domain", "acme.test"]);
  const until = Date.now() + 120_000;
  for (;;) {
    await meanwhile();
    const certificate = await shownAt(port("submissions"), "mail.acme.test");
    if (certificate?.issuer.includes("Pebble")) {
      assert.ok(certificate.checkHost("mta-sts.acme.test"), "the names of our domain that lead here are in it");
      const https = await shownAt(port("https"), "mta-sts.acme.test");
      assert.equal(https?.fingerprint256, certificate.fingerprint256, "HTTPS shows it too, without a restart");
      const [current, next] = publishedKeys(join(data, "tls"), "");
      assert.equal(current, tlsaText(keyRecord(certificate.publicKey)));
      assert.notEqual(next, undefined);
      break;
    }
    if (Date.now() > until) throw new Error(`no certificate: ${(server as unknown as { log(): string }).log()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await also(data, port).catch((error: Error) => {
    throw new Error(`${error.message}: ${(server as unknown as { log(): string }).log()}`);
  });
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  await exited;
  process.stdout.write(`${challenge}: a certificate was ordered, shown and published\n`);
}

/** More domains than one certificate is for: each gets one of its own, beside a server that runs. */
async function manyDomains(data: string, port: (name: string) => number): Promise<void> {
  const names = Array.from({ length: 12 }, (_, i) => `customer${i}.test`);
  for (const name of names) {
    const { stderr, status } = spawnSync(process.execPath, [main, "domain", "add", name, "--data", data]);
    assert.equal(status, 0, String(stderr));
  }
  for (const name of names) {
    const until = Date.now() + 120_000;
    for (;;) {
      const certificate = await shownAt(port("https"), `mta-sts.${name}`);
      if (certificate?.issuer.includes("Pebble")) {
        for (const service of ["mail", "autoconfig", "autodiscover"])
          assert.ok(certificate.checkHost(`${service}.${name}`), `${service}.${name} is in it`);
        assert.equal(certificate.checkHost("mail.customer.test"), undefined);
        break;
      }
      if (Date.now() > until) throw new Error(`${name} has no certificate of its own`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  const host = await shownAt(port("https"), "mta-sts.acme.test");
  assert.ok(host?.checkHost("mail.acme.test"), "what stood in the host's certificate stays there");
  process.stdout.write(`${names.length} domains more have a certificate of their own each\n`);
}

try {
  const port = await freePorts();
  const own = await ensureOwnCertificate(join(folder, "authority"), "localhost", Date.now());
  run("pebble-challtestsrv", [
    ...["-dns01", `127.0.0.1:${port("dns")}`, "-http01", "", "-https01", "", "-tlsalpn01", ""],
    ...["-defaultIPv6", "", "-management", `127.0.0.1:${port("challtest")}`],
  ]);
  runPebble(port, own);
  await certificateBy("tls-alpn-01", port, own);
  await certificateBy("http-01", port, own, "ordersPerHour = 36000\n", undefined, manyDomains);

  for (const algorithm of ["hmac-sha256", "hmac-sha512"] as const) {
    const ports = await freePorts();
    const knot = await startKnot(join(folder, algorithm), "acme.test", ports("dns"), algorithm);
    try {
      await updatesWork(knot, "acme.test");
      if (algorithm === "hmac-sha512") continue;
      runPebble(ports, own);
      await byDns(ports, own, knot);
    } finally {
      await knot.stop();
    }
  }
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
