import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import * as x509 from "@peculiar/x509";
import { checkMark } from "./mark.ts";
import { markOf } from "./mark-of.ts";
import { makeMarks } from "./marks.ts";

const svg = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps"><title>A</title></svg>',
);
const now = Date.UTC(2026, 5, 1);
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
const validity = {
  notBefore: new Date(Date.UTC(2026, 0)),
  notAfter: new Date(Date.UTC(2027, 0)),
  signingAlgorithm: algorithm,
};

async function authority(name: string, ca = true) {
  const keys = await newKeys();
  const extensions = [new x509.BasicConstraintsExtension(ca, undefined, true)];
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    ...validity,
    extensions,
  });
  return { keys, pem: made.toString("pem"), name: made.subject };
}
type Authority = Awaited<ReturnType<typeof authority>>;

async function leaf(by: Authority, how: { names?: string[]; usage?: string; picture?: Buffer } = {}): Promise<string> {
  const { names = ["a.test"], usage = "1.3.6.1.5.5.7.3.31", picture = svg } = how;
  const keys = await newKeys();
  // RFC 3709's structure does not matter to the reader: the picture's URI does.
  const uri = Buffer.from(`data:image/svg+xml;base64,${gzipSync(picture).toString("base64")}`);
  const value = Buffer.concat([Buffer.from([0x16, 0x82, uri.length >> 8, uri.length & 255]), uri]);
  const made = await x509.X509CertificateGenerator.create({
    subject: "CN=A",
    issuer: by.name,
    publicKey: keys.publicKey,
    signingKey: by.keys.privateKey,
    ...validity,
    extensions: [
      new x509.ExtendedKeyUsageExtension([usage]),
      new x509.SubjectAlternativeNameExtension(names.map((one) => ({ type: "dns" as const, value: one }))),
      new x509.Extension("1.3.6.1.5.5.7.1.12", false, value),
    ],
  });
  return made.toString("pem");
}

const root = await authority("Marks");
const roots = [new X509Certificate(root.pem)];
/** The same name, another key: what compares names alone takes it for the root. */
const impostor = await authority("Marks");
const good = await leaf(root);
const names = ["a.test", "default._bimi.a.test"];

const cases: readonly [name: string, pem: string, expected: RegExp | "pass", at?: number][] = [
  ["a certificate by a root", good, "pass"],
  ["with the root after it", `${good}\n${root.pem}`, "pass"],
  ["for the selector's name", await leaf(root, { names: ["default._bimi.a.test"] }), "pass"],
  ["for another domain", await leaf(root, { names: ["b.test"] }), /another domain/],
  ["not for marks", await leaf(root, { usage: "1.3.6.1.5.5.7.3.1" }), /not for marks/],
  ["by somebody of the root's name", await leaf(impostor), /not known/],
  ["by somebody of the root's name, who comes along", `${await leaf(impostor)}\n${impostor.pem}`, /not known/],
  ["by an unknown authority", await leaf(await authority("Others")), /not known/],
  ["not valid any more", good, /not valid/, Date.UTC(2028, 0)],
  [
    "with a script in the picture",
    await leaf(root, { picture: Buffer.from('<svg baseProfile="tiny-ps"><script/></svg>') }),
    /no picture/,
  ],
  ["with a picture that is a bomb", await leaf(root, { picture: Buffer.alloc(5_000_000, 32) }), /no picture/],
  ["no certificate", "hello", /no certificate/],
];
for (const [name, pem, expected, at = now] of cases)
  test(`mark certificate: ${name}`, () => {
    const mark = checkMark({ pem, names, roots, now: at });
    if (expected === "pass")
      assert.ok(typeof mark !== "string" && mark.svg.equals(svg) && mark.type === "VMC", String(mark));
    else assert.match(mark as string, expected);
  });

test("certificates are fetched once; a slow one is not waited for", async () => {
  let fetched = 0;
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const files: { readonly [url: string]: Buffer } = {
    "https://a.test/a.pem": Buffer.from(good),
    "https://a.test/a.svg": svg,
    "https://a.test/b.svg": Buffer.from("<svg/>"),
  };
  const marks = makeMarks({
    roots: () => roots,
    now: () => now,
    waitMs: 20,
    async fetch(url) {
      fetched++;
      await gate;
      return files[url];
    },
  });
  const asked = { authority: "https://a.test/a.pem", location: "https://a.test/a.svg", names };
  assert.equal(await marks.of(asked), "later");
  release();
  await gate;
  const answer = async (change: Partial<typeof asked>) => {
    for (;;) {
      const found = await marks.of({ ...asked, ...change });
      if (found !== "later") return found.result;
    }
  };
  assert.equal(await answer({}), "pass");
  assert.equal(fetched, 2);
  assert.equal(await answer({ location: "https://a.test/b.svg" }), "fail");
  assert.equal(await answer({ authority: "https://a.test/none" }), "temperror");
});

test("for a reader: the default picture, where somebody vouches for it", async () => {
  const svg = Buffer.from("<svg/>");
  const dns = (record: string) => ({
    txt: async (name: string) =>
      name === "default._bimi.shop.test"
        ? { kind: "found" as const, records: [record], ttl: 1 }
        : { kind: "none" as const, ttl: 1 },
  });
  const marks = (result: "pass" | "fail") => ({ of: async () => ({ result, svg }) });
  const record = "v=BIMI1; l=https://shop.test/l.svg; a=https://shop.test/l.pem";
  const ask = (domain: string, text = record, result: "pass" | "fail" = "pass") =>
    markOf(domain, dns(text) as never, marks(result));
  assert.equal(await ask("Shop.test"), svg);
  assert.equal(await ask("shop.test", record, "fail"), undefined);
  assert.equal(await ask("shop.test", "v=BIMI1; l=https://shop.test/l.svg"), undefined, "nobody vouches");
  assert.equal(await ask("other.test"), undefined);
  for (const bad of ["", "a b.test", "x".repeat(300), "shop.test/../x", "localhost"])
    assert.equal(await ask(bad), undefined, bad);
});
