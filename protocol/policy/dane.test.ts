import assert from "node:assert/strict";
import { createHash, webcrypto, X509Certificate } from "node:crypto";
import test, { before } from "node:test";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { keyRecord, maxTlsaRecords, type TlsaRecord, tlsaText, usableRecords, verifyDane } from "./dane.ts";

x509.cryptoProvider.set(webcrypto as unknown as Crypto);
const now = Date.UTC(2026, 5, 1);
const day = 86_400_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

type Made = { readonly der: Buffer; readonly keys: webcrypto.CryptoKeyPair; readonly name: string };
let root: Made;
let middle: Made;
let leaf: Made;
let expired: Made;
let stranger: Made;
let lone: Made;
let notAnAuthority: Made;

async function make(
  name: string,
  issuer: Made | undefined,
  { ca = false, host = "", until = now + 100 * day }: { ca?: boolean; host?: string; until?: number } = {},
): Promise<Made> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: "01",
    subject: `CN=${name}`,
    issuer: `CN=${issuer?.name ?? name}`,
    notBefore: new Date(now - 10 * day),
    notAfter: new Date(until),
    publicKey: keys.publicKey as CryptoKey,
    signingKey: (issuer?.keys ?? keys).privateKey as CryptoKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(ca, undefined, true),
      ...(host === "" ? [] : [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }])]),
    ],
  });
  return { der: Buffer.from(certificate.rawData), keys, name };
}

before(async () => {
  root = await make("root", undefined, { ca: true });
  middle = await make("middle", root, { ca: true });
  leaf = await make("leaf", middle, { host: "mx.test" });
  expired = await make("expired", middle, { host: "mx.test", until: now - day });
  stranger = await make("stranger", undefined, { ca: true });
  lone = await make("lone", undefined, { host: "mx.test" });
  const impostor = await make("impostor", middle, { host: "evil.test" });
  notAnAuthority = await make("victim", impostor, { host: "mx.test" });
  notAnAuthority = { ...notAnAuthority, name: impostor.der.toString("base64") };
});

function record(usage: number, selector: number, matchingType: number, of: Made): TlsaRecord {
  const bytes = selector === 0 ? of.der : new X509Certificate(of.der).publicKey.export({ type: "spki", format: "der" });
  const data =
    matchingType === 0
      ? bytes
      : createHash(matchingType === 1 ? "sha256" : "sha512")
          .update(bytes)
          .digest();
  return { usage, selector, matchingType, data };
}

const verify = (records: readonly TlsaRecord[], chain: readonly Made[], name = "mx.test"): string => {
  const verdict = verifyDane(
    records,
    chain.map(({ der }) => der),
    [name],
    now,
  );
  return verdict.kind === "verified" ? tlsaText(verdict.by).slice(0, 5) : verdict.result;
};

test("DANE-EE: every selector and matching type; names and dates do not matter", () => {
  for (const selector of [0, 1])
    for (const matching of [0, 1, 2]) {
      const kind = `3 ${selector} ${matching}`;
      assert.equal(verify([record(3, selector, matching, leaf)], [leaf, middle]), kind);
      assert.equal(verify([record(3, selector, matching, leaf)], [leaf], "other.test"), kind);
      assert.equal(verify([record(3, selector, matching, expired)], [expired, middle]), kind);
      assert.equal(verify([record(3, selector, matching, lone)], [leaf, middle]), "validation-failure");
      // It is the server's own certificate that must match.
      assert.equal(verify([record(3, selector, matching, middle)], [leaf, middle]), "validation-failure");
    }
});

test("DANE-TA: a chain up to the authority, the right name, valid dates", () => {
  for (const selector of [0, 1])
    for (const matching of [0, 1, 2]) {
      const kind = `2 ${selector} ${matching}`;
      assert.equal(verify([record(2, selector, matching, root)], [leaf, middle, root]), kind);
      assert.equal(verify([record(2, selector, matching, middle)], [leaf, middle]), kind);
      assert.equal(verify([record(2, selector, matching, root)], [leaf, root, middle]), kind, "order does not matter");
      assert.equal(
        verify([record(2, selector, matching, root)], [leaf, middle, root], "other.test"),
        "certificate-host-mismatch",
      );
      assert.equal(verify([record(2, selector, matching, root)], [expired, middle, root]), "certificate-expired");
      assert.equal(verify([record(2, selector, matching, stranger)], [leaf, middle, root]), "validation-failure");
      // A certificate that merely lies in the chain vouches for nothing.
      assert.equal(verify([record(2, selector, matching, stranger)], [leaf, middle, stranger]), "validation-failure");
    }
  // RFC 7671 §5.2.3: with the authority in DNS the server need not send it.
  assert.equal(verify([record(2, 0, 0, root)], [leaf, middle]), "2 0 0");
  assert.equal(verify([record(2, 1, 0, root)], [leaf, middle]), "2 1 0");
  assert.equal(verify([record(2, 0, 1, root)], [leaf, middle]), "validation-failure");
});

test("who is no authority cannot sign for others", () => {
  const impostor = { ...leaf, der: Buffer.from(notAnAuthority.name, "base64") };
  assert.equal(verify([record(2, 0, 1, middle)], [notAnAuthority, impostor, middle]), "validation-failure");
});

test("one record of several is enough: roll-over", () => {
  assert.equal(verify([record(3, 1, 1, lone), record(3, 1, 1, leaf)], [leaf]), "3 1 1");
  assert.equal(verify([record(2, 0, 1, stranger), record(3, 1, 1, leaf)], [leaf, middle]), "3 1 1");
  const own = keyRecord(new X509Certificate(leaf.der).publicKey);
  assert.equal(verify([own], [leaf]), "3 1 1");
});

test("what cannot be used (RFC 7672 §3.1.3)", () => {
  const good = record(3, 1, 1, leaf);
  const cases: readonly [what: string, record: TlsaRecord][] = [
    ["PKIX-TA", { ...good, usage: 0 }],
    ["PKIX-EE", { ...good, usage: 1 }],
    ["a usage of the future", { ...good, usage: 4 }],
    ["a private usage", { ...good, usage: 255 }],
    ["an unknown selector", { ...good, selector: 2 }],
    ["an unknown matching type", { ...good, matchingType: 3 }],
    ["a hash that is too short", { ...good, data: good.data.subarray(1) }],
    ["SHA-256 called SHA-512", { ...good, matchingType: 2 }],
    ["no certificate", { ...good, selector: 0, matchingType: 0 }],
    ["no key", { ...good, matchingType: 0 }],
    ["64 KB", { ...good, matchingType: 0, data: Buffer.alloc(65_536) }],
    ["nothing", { ...good, data: Buffer.alloc(0) }],
  ];
  for (const [what, one] of cases) assert.deepEqual(usableRecords([one]), [], what);
  assert.deepEqual(usableRecords([good, ...cases.map(([, one]) => one)]), [good]);
  assert.equal(usableRecords(Array.from({ length: 1000 }, () => good)).length, maxTlsaRecords);
});

test("nonsense for certificates is a failure, not a crash", () => {
  assert.equal(verify([record(3, 1, 1, leaf)], []), "validation-failure");
  const noise = { ...leaf, der: Buffer.from("not a certificate") };
  assert.equal(verify([record(3, 1, 1, leaf)], [noise, leaf]), "validation-failure");
  assert.equal(verify([record(3, 1, 1, leaf)], [leaf, noise]), "3 1 1");
  const started = process.cpuUsage();
  for (let count = 0; count < 50; count++)
    verify(
      Array.from({ length: maxTlsaRecords }, () => record(2, 0, 1, stranger)),
      [leaf, middle, root, stranger, lone, expired, leaf, middle, root, stranger, lone],
    );
  assert.ok(process.cpuUsage(started).user / 1000 < 10_000);
});
