/** SCRAM-SHA-256-PLUS over a real TLS connection: both ends must arrive at the same binding, and a man in the middle at another. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as tls from "node:tls";
import { saslClient } from "../../protocol/sasl/client.ts";
import { quiet } from "../base/log.ts";
import { Connection } from "../net/connection.ts";
import { makeKeyRing } from "../net/tls.ts";
import { defaultLoginSettings, makeLogin } from "./authenticate.ts";
import { makeDirectory } from "./cached-directory.ts";
import { FakeStore } from "./fake-store.ts";
import { makeCredential } from "./password.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-binding-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const weak = { argon2MemoryKib: 64, argon2Passes: 1, scramIterations: 4096 };

async function tryLogin(version: tls.SecureVersion, type: string, tamper: boolean): Promise<string> {
  using ring = await makeKeyRing({ settings: {}, folder, hostname: "mail.test", log: quiet, now: Date.now });
  const store = new FakeStore();
  await store.putDomain({ name: "a.test", kind: "local", settings: {} });
  await store.user("u1@a.test", { credential: await makeCredential("pw", 0, weak) });
  using directory = makeDirectory({ store });
  const settings = { ...defaultLoginSettings, password: weak };
  using login = makeLogin({ store, directory, settings, endPointHash: ring.endPointHash, now: Date.now, log: quiet });
  const met = Promise.withResolvers<Connection>();
  const server = createServer(async (plain) => {
    const connection = new Connection(plain);
    if (await connection.startTls(ring.serverOptions())) met.resolve(connection);
    else met.reject(connection.failure);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const socket = tls.connect({
    port,
    servername: "mail.test",
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
  });
  await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  const data =
    type === "tls-exporter"
      ? socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0))
      : createHash("sha256").update(socket.getPeerCertificate().raw).digest();
  if (tamper) data[0]! ^= 1;
  const connection = await met.promise;
  const mechanism = "SCRAM-SHA-256-PLUS";
  const client = saslClient(mechanism, {
    user: "u1@a.test",
    password: "pw",
    nonce: "abcdefghijklmnopqrst",
    binding: { type, data },
  });
  const ask = async (challenge: Buffer) => {
    const step = await client.next(challenge);
    return step.kind === "send" ? step.data : ("cancelled" as const);
  };
  const outcome = await login.sasl(mechanism, client.initial, ask, { protocol: "imap", connection });
  connection.destroy();
  socket.destroy();
  server.close();
  return outcome.kind === "ok" ? `ok ${client.mayBelieve()}` : outcome.reason;
}

const cases: readonly [version: tls.SecureVersion, type: string, tamper: boolean, expected: string][] = [
  ["TLSv1.3", "tls-exporter", false, "ok true"],
  ["TLSv1.3", "tls-server-end-point", false, "ok true"],
  ["TLSv1.2", "tls-server-end-point", false, "ok true"],
  ["TLSv1.2", "tls-exporter", false, "credentials"], // RFC 9266 §4.2
  ["TLSv1.3", "tls-exporter", true, "credentials"],
  ["TLSv1.3", "tls-server-end-point", true, "credentials"],
];
for (const [version, type, tamper, expected] of cases) {
  test(`${type} on ${version}${tamper ? ", through another" : ""}: ${expected}`, async () => {
    assert.equal(await tryLogin(version, type, tamper), expected);
  });
}
