import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { keyRecord, tlsaText } from "../../protocol/policy/dane.ts";
import { quiet } from "../base/log.ts";
import { publicKeyOf } from "./next-key.ts";
import { ensureHostedCertificate, ensureOwnCertificate } from "./own-certificate.ts";
import { mayChangeKey, publishedKeys } from "./published-keys.ts";
import type { Answer, Tlsa } from "./resolver.ts";
import { makeKeyRing } from "./tls.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-keys-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const yearLater = Date.now() + 380 * 86_400_000;
const keyOf = (file: string): string => tlsaText(keyRecord(new X509Certificate(readFileSync(file)).publicKey));

function published(...records: readonly string[]): { tlsa(): Promise<Answer<Tlsa>> } {
  return {
    tlsa: async () => ({
      kind: "found",
      records: records.map((text) => ({
        usage: 3,
        selector: 1,
        matchingType: 1,
        data: Buffer.from(text.split(" ")[3]!, "hex"),
      })),
      secure: true,
      ttlSeconds: 1,
    }),
  };
}

test("the next key is published before it is used, and used when it has been seen", async () => {
  const where = join(folder, "roll");
  const { certFile, keyFile } = await ensureOwnCertificate(where, "mail.a.test", Date.now());
  const [current, next] = publishedKeys(where, "");
  assert.equal(current, keyOf(certFile));
  assert.ok(next !== undefined && next !== current);
  const may = (...records: readonly string[]) =>
    mayChangeKey("mail.a.test", published(...records), () => publicKeyOf(keyFile));

  await ensureOwnCertificate(where, "mail.a.test", yearLater, may(current!));
  assert.equal(keyOf(certFile), current, "renewed with the old key while DNS does not show the next one");
  assert.deepEqual(publishedKeys(where, ""), [current, next]);

  await ensureOwnCertificate(where, "mail.a.test", yearLater + 400 * 86_400_000, may(current!, next));
  assert.equal(keyOf(certFile), next);
  const [now, then] = publishedKeys(where, "");
  assert.equal(now, next);
  assert.ok(then !== undefined && then !== next && then !== current);
});

test("certificates of hosted domains are made anew together with our own, whose key they have", async () => {
  const where = join(folder, "renewed");
  let now = Date.now();
  const troubles: unknown[] = [];
  const log = { ...quiet, error: (trouble: unknown) => void troubles.push(trouble) } as typeof quiet;
  using ring = await makeKeyRing({ settings: {}, folder: where, hostname: "mail.a.test", log, now: () => now });
  const hosted = () => ensureHostedCertificate(where, "a.test", now);
  ring.whenRenewed(async () => void (await hosted()));
  await ring.show([], [await hosted()]);
  const keys = () => ring.describe().map(({ publicKey }) => publicKey.export({ format: "pem", type: "spki" }));
  const before = keys();
  now = yearLater;
  await ring.reload();
  const [own, other] = keys();
  assert.ok(own !== before[0] && own === other && before[0] === before[1]);
  assert.deepEqual(troubles, []);
});

test("where DNS says nothing of our keys, or cannot be asked", async () => {
  const { keyFile } = await ensureOwnCertificate(join(folder, "other"), "mail.a.test", Date.now());
  const next = publicKeyOf(keyFile)!;
  const ask = (answer: Answer<Tlsa>) =>
    mayChangeKey("mail.a.test", { tlsa: async () => answer }, () => publicKeyOf(keyFile))(next);
  assert.equal(await ask({ kind: "none", exists: false, secure: false, ttlSeconds: 1 }), true);
  assert.equal(await ask({ kind: "trouble", reason: "timeout" }), false);
});

test("damaged files are made again", async () => {
  const where = join(folder, "damaged");
  const { certFile, keyFile, nextKeyFile } = await ensureOwnCertificate(where, "mail.a.test", Date.now());
  const before = keyOf(certFile);
  writeFileSync(nextKeyFile, "");
  writeFileSync(keyFile, "-----BEGIN PRIVATE KEY-----\nnonsense\n");
  await ensureOwnCertificate(where, "mail.a.test", Date.now());
  assert.notEqual(keyOf(certFile), before);
  assert.equal(publishedKeys(where, "").length, 2);
});

test("HTTPS shows the certificate of the name asked for, and a new one without a restart", async () => {
  const where = join(folder, "https");
  const now = Date.now();
  using ring = await makeKeyRing({ settings: {}, folder: where, hostname: "mail.a.test", log: quiet, now: () => now });
  const server = createServer(
    ring.httpsOptions((fresh) => server.setSecureContext(fresh)),
    (_request, reply) => reply.end("hello"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const shown = (servername: string): Promise<{ readonly names: string; readonly raw: string }> =>
    new Promise((resolve, reject) => {
      get(
        { host: "127.0.0.1", port, servername, agent: false, rejectUnauthorized: false, headers: { host: servername } },
        (incoming) => {
          const certificate = (incoming.socket as TLSSocket).getPeerCertificate();
          incoming.resume();
          resolve({ names: certificate.subjectaltname ?? "", raw: certificate.raw.toString("hex") });
        },
      ).on("error", reject);
    });
  assert.match((await shown("mta-sts.b.test")).names, /mail\.a\.test/, "an unknown name gets the default");
  const files = await ensureHostedCertificate(where, "b.test", now);
  await ring.show([], [files]);
  assert.match((await shown("mta-sts.b.test")).names, /DNS:b\.test, DNS:mta-sts\.b\.test/);
  assert.equal(keyOf(files.certFile), publishedKeys(where, "")[0], "one TLSA record is true of all names");

  const before = await shown("");
  rmSync(join(where, "server.pem"));
  await ring.reload();
  assert.notEqual((await shown("")).raw, before.raw, "also to who asks for no name");
  await new Promise((resolve) => server.close(resolve));
});
