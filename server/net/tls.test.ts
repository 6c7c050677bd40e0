import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as tls from "node:tls";
import { quiet } from "../base/log.ts";
import { ensureHostedCertificate, ensureOwnCertificate } from "./own-certificate.ts";
import { type KeyRing, makeKeyRing, type TlsSettings } from "./tls.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-tls-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const now = () => Date.now();
const ringIn = (name: string, hostname: string, settings: Partial<TlsSettings> = {}) =>
  makeKeyRing({ settings, folder: join(folder, name), hostname, log: quiet, now });

/** A server that says one letter after the handshake, as connection.ts makes its sockets. */
async function serve(ring: KeyRing) {
  const server = createServer((plain) => {
    const socket = new tls.TLSSocket(plain, { ...ring.serverOptions(), isServer: true });
    socket.on("error", () => plain.destroy());
    socket.on("secure", () => socket.write("k"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    connect: (options: tls.ConnectionOptions = {}) =>
      new Promise<{ reused: boolean; protocol: string; names: string; session: Buffer; raw: Buffer }>(
        (resolve, reject) => {
          const socket = tls.connect({ port, host: "127.0.0.1", ...options });
          let session: Buffer = Buffer.alloc(0);
          socket.on("session", (fresh) => {
            session = fresh;
          });
          socket.on("error", reject);
          socket.on("close", () => reject(new Error("closed")));
          socket.on("data", () => {
            resolve({
              reused: socket.isSessionReused(),
              protocol: socket.getProtocol() ?? "",
              names: socket.getPeerCertificate().subjectaltname ?? "",
              raw: socket.getPeerCertificate().raw,
              session,
            });
            socket.destroy();
          });
        },
      ),
    [Symbol.dispose]: () => server.close(),
  };
}

test("our own certificate satisfies a client that trusts our authority", async () => {
  using ring = await ringIn("own", "mail.example.test");
  using server = await serve(ring);
  const ca = readFileSync(ring.caFile!);
  for (const servername of ["mail.example.test", "localhost"]) {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const met = await server.connect({ ca, servername, maxVersion });
      assert.equal(met.protocol, maxVersion);
      assert.deepEqual(ring.endPointHash(servername), createHash("sha256").update(met.raw).digest());
    }
  }
  await server.connect({ ca, host: "127.0.0.1" }); // by address
  await assert.rejects(server.connect({ ca, servername: "other.test" }), /altnames/);
  await assert.rejects(server.connect({ servername: "localhost" }), /self.signed|unable to (get|verify)/);
  assert.equal(statSync(join(folder, "own", "server-key.pem")).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, "own", "ca-key.pem")).mode & 0o777, 0o600);
});

test("the same files are used again, and made anew for another name or near their end", async () => {
  const where = join(folder, "again");
  const read = () => readFileSync(join(where, "server.pem"), "utf8");
  await ensureOwnCertificate(where, "a.test", Date.now());
  const first = read();
  const ca = readFileSync(join(where, "ca.pem"), "utf8");
  await ensureOwnCertificate(where, "a.test", Date.now());
  assert.equal(read(), first);
  await ensureOwnCertificate(where, "b.test", Date.now());
  const second = read();
  assert.notEqual(second, first);
  await ensureOwnCertificate(where, "b.test", Date.now() + 370 * 24 * 60 * 60 * 1000);
  assert.notEqual(read(), second);
  assert.equal(readFileSync(join(where, "ca.pem"), "utf8"), ca);
  assert.ok(new X509Certificate(read()).verify(new X509Certificate(ca).publicKey));
});

test("old TLS and weak ciphers are refused", async () => {
  using ring = await ringIn("own", "mail.example.test");
  using server = await serve(ring);
  const weak = { rejectUnauthorized: false, ciphers: "ALL:@SECLEVEL=0" };
  await assert.rejects(server.connect({ ...weak, minVersion: "TLSv1", maxVersion: "TLSv1.1" }));
  for (const ciphers of ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "aNULL"]) {
    await assert.rejects(server.connect({ ...weak, maxVersion: "TLSv1.2", ciphers: `${ciphers}:@SECLEVEL=0` }));
  }
});

test("sessions are resumed, also after the certificate was reloaded, until the ticket keys change", async () => {
  const files = { certFile: join(folder, "live.pem"), keyFile: join(folder, "live-key.pem") };
  const use = async (hostname: string) => {
    const made = await ensureOwnCertificate(join(folder, hostname), hostname, Date.now());
    copyFileSync(made.certFile, files.certFile);
    copyFileSync(made.keyFile, files.keyFile);
    return readFileSync(made.caFile);
  };
  await use("one.test");
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    using ring = await ringIn("none", "x", { certificates: [files], ticketKeysMs: 1_000_000 });
    using server = await serve(ring);
    const options = { rejectUnauthorized: false, maxVersion, servername: "one.test" };
    const first = await server.connect(options);
    assert.equal(first.reused, false);
    const second = await server.connect({ ...options, session: first.session });
    assert.equal(second.reused, true, maxVersion);
    utimesSync(files.certFile, 1, 1);
    await ring.reload();
    assert.equal((await server.connect({ ...options, session: first.session })).reused, true);
  }
  using ring = await ringIn("none", "x", { certificates: [files], ticketKeysMs: 0 });
  using server = await serve(ring);
  const options = { rejectUnauthorized: false, servername: "one.test" };
  const before = await server.connect(options);
  await use("two.test");
  await ring.reload();
  const now = await server.connect({ ...options, session: before.session });
  assert.equal(now.reused, false);
  assert.match(now.names, /two\.test/);
  // What cannot be used does not replace what works.
  writeFileSync(files.certFile, "nonsense");
  await ring.reload();
  assert.match((await server.connect(options)).names, /two\.test/);
});

test("each name gets its certificate, an unknown one the first", async () => {
  const one = await ensureOwnCertificate(join(folder, "one.test"), "one.test", Date.now());
  const two = await ensureOwnCertificate(join(folder, "two.test"), "*.two.test", Date.now());
  using ring = await ringIn("none", "x", { certificates: [one, two] });
  using server = await serve(ring);
  const cases: readonly [servername: string, expected: RegExp][] = [
    ["one.test", /one\.test/],
    ["Mail.two.test", /\*\.two\.test/],
    ["a.b.two.test", /one\.test/],
    ["nobody.test", /one\.test/],
  ];
  for (const [servername, expected] of cases) {
    const met = await server.connect({ servername, rejectUnauthorized: false });
    assert.match(met.names, expected, servername);
    assert.deepEqual(ring.endPointHash(servername), createHash("sha256").update(met.raw).digest());
    assert.equal((await server.connect({ servername, rejectUnauthorized: false, session: met.session })).reused, true);
  }
});

test("what is wrong with a certificate is said in a sentence", async () => {
  const one = await ensureOwnCertificate(join(folder, "one.test"), "one.test", Date.now());
  const two = await ensureOwnCertificate(join(folder, "two.test"), "*.two.test", Date.now());
  const cases: readonly [certFile: string, keyFile: string, expected: RegExp][] = [
    [join(folder, "nosuch.pem"), one.keyFile, /cannot be read \(ENOENT\)/],
    [one.keyFile, one.keyFile, /holds no certificate in PEM form/],
    [one.certFile, two.keyFile, /is not the private key of/],
  ];
  for (const [certFile, keyFile, expected] of cases) {
    await assert.rejects(ringIn("none", "x", { certificates: [{ certFile, keyFile }] }), expected);
  }
});

test("further names: read when they are asked for, kept, and read anew when their files change", async () => {
  const where = join(folder, "further");
  using ring = await ringIn("further", "mail.example.test");
  const asked: string[] = [];
  ring.showFurther(async (name) => {
    asked.push(name);
    return name === "mta-sts.b.test" ? ensureHostedCertificate(where, "b.test", now()) : undefined;
  });
  using server = await serve(ring);
  const namesAt = async (servername: string) => (await server.connect({ servername, rejectUnauthorized: false })).names;
  assert.match(await namesAt("MTA-STS.b.test"), /DNS:b\.test/);
  assert.match(await namesAt("mta-sts.b.test"), /DNS:b\.test/);
  assert.deepEqual(asked.splice(0), ["mta-sts.b.test"], "once");
  assert.match(await namesAt("stranger.test"), /mail\.example\.test/, "who asks for another name gets the host's");
  assert.match(await namesAt("mail.example.test"), /mail\.example\.test/);
  assert.deepEqual(asked.splice(0), ["stranger.test"], "our own name is known");
  assert.equal(ring.describe().length, 1);
  assert.notDeepEqual(ring.endPointHash("mta-sts.b.test"), ring.endPointHash("mail.example.test"));
  assert.deepEqual(ring.endPointHash("stranger.test"), ring.endPointHash("mail.example.test"));

  ring.showFurther(async () => {
    throw new Error("the disk is gone");
  });
  assert.match(await namesAt("mta-sts.b.test"), /mail\.example\.test/, "better another name than none");
});
