/** Profiles in a signature, as OpenSSL reads them. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "../../test/dev-process.ts";
import { ensureHostedCertificate } from "../net/own-certificate.ts";
import { signedProfile } from "./signed-profile.ts";

const content = `<plist>${"é\r\n".repeat(400)}</plist>\n`;
const keys: readonly [name: string, ...make: string[]][] = [
  ["RSA", "-newkey", "rsa:2048"],
  ["P-384", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"],
  ["Ed25519", "-newkey", "ed25519"],
];

async function verified(folder: string, der: Buffer, caFile: string): Promise<string> {
  await writeFile(join(folder, "p.der"), der);
  const args = ["smime", "-verify", "-binary", "-inform", "der", "-in", join(folder, "p.der"), "-purpose", "any"];
  return (await promisify(execFile)("openssl", [...args, "-CAfile", caFile])).stdout;
}

test("by our own authority: OpenSSL verifies it, and not when a byte of it is another", async (t) => {
  const folder = await temporaryFolder(t);
  const { certFile, keyFile, caFile } = await ensureHostedCertificate(folder, "example.test", Date.now());
  const pair = { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
  const der = (await signedProfile(content, pair, Date.now()))!;
  assert.equal(await verified(folder, der, caFile), content);
  const forged = Buffer.from(der);
  forged.writeUInt8(0x41, der.indexOf("plist"));
  await assert.rejects(verified(folder, forged, caFile), /verification fail|digest failure/i);
});

for (const [name, ...make] of keys)
  test(`with a key of kind ${name}`, async (t) => {
    const folder = await temporaryFolder(t);
    const [keyFile, certFile] = [join(folder, "key"), join(folder, "cert")];
    const more = ["-nodes", "-keyout", keyFile, "-out", certFile, "-subj", "/CN=a.test", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...make, ...more], { stdio: "ignore" });
    const pair = { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
    const der = await signedProfile(content, pair, Date.now());
    if (name === "Ed25519") return assert.equal(der, undefined, "it goes unsigned");
    assert.equal(await verified(folder, der!, certFile), content);
  });
