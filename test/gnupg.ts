/**
 * What the webmail has written, opened by Debian's GnuPG and OpenSSL: `npm run gnupg` (they are installed where it may). The letters are those of
 * test/pages/secure.test.ts, written in Chromium to keys that GnuPG and OpenSSL made.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function run(program: string, args: readonly string[], input = ""): { readonly out: string; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: "latin1", maxBuffer: 1 << 26 });
  assert.equal(status, 0, `${program} ${args.join(" ")}: ${stderr}`);
  return { out: stdout, said: stderr };
}
for (const [program, name] of [
  ["gpg", "gnupg"],
  ["openssl", "openssl"],
] as const)
  if (spawnSync(program, ["--version"]).status !== 0) run("apt-get", ["-y", "install", name]);

const folder = mkdtempSync(join(tmpdir(), "angarium-gnupg-"));
const gpg = (args: readonly string[], input?: string) =>
  run("gpg", ["--homedir", folder, "--batch", "--yes", "--trust-model", "always", "--status-fd", "2", ...args], input);
try {
  gpg(["--passphrase", "", "--quick-generate-key", "Gwen <u2@example.test>", "rsa3072", "default", "never"]);
  gpg(["--passphrase", "", "--quick-add-key", fingerprintOf("u2@example.test"), "rsa3072", "encrypt", "never"]);
  writeFileSync(join(folder, "recipient.asc"), gpg(["--armor", "--export-secret-keys", "u2@example.test"]).out);
  const tested = spawnSync("npm", ["test", "--", "test/pages/secure.test.ts"], {
    env: { ...process.env, SEALED: folder },
    stdio: "inherit",
  });
  assert.equal(tested.status, 0);
  const file = (name: string) => readFileSync(join(folder, name), "latin1");
  gpg(["--import"], file("sender.asc"));

  const encrypted = file("encrypted.eml");
  const opened = gpg(["--decrypt"], /-----BEGIN PGP MESSAGE-----[\s\S]*-----END PGP MESSAGE-----/.exec(encrypted)?.[0]);
  assert.match(opened.said, /GOODSIG .*u1@example\.test/);
  assert.match(opened.said, /DECRYPTION_OKAY/);
  assert.match(opened.out, /third stone/);
  assert.match(opened.out, /^Subject: =\?utf-8\?B\?Q2Fmw6kgcGxhbnM=\?=/m);
  console.log("GnuPG opens the encrypted letter, and its signature is good.");

  const signed = file("signed.eml");
  const [, edge = ""] = /boundary="(=_[^"]+)"/.exec(signed) ?? [];
  const [, payload = "", behind = ""] = signed.split(new RegExp(`(?:\\r\\n)?--${edge}(?:--)?\\r\\n`));
  writeFileSync(join(folder, "payload"), payload, "latin1");
  writeFileSync(join(folder, "payload.asc"), behind.slice(behind.indexOf("-----BEGIN")));
  assert.match(
    gpg(["--verify", join(folder, "payload.asc"), join(folder, "payload")]).said,
    /GOODSIG .*u1@example\.test/,
  );
  console.log("GnuPG finds the signature of the signed letter good.");
  writeFileSync(join(folder, "payload"), payload.replace("mine", "thine"), "latin1");
  assert.notEqual(
    spawnSync("gpg", ["--homedir", folder, "--verify", join(folder, "payload.asc"), join(folder, "payload")]).status,
    0,
    "and a changed one bad",
  );

  const openssl = (...args: readonly string[]) => run("openssl", args).out;
  const there = (name: string) => join(folder, name);
  const corpus = join(import.meta.dirname, "corpus/smime");
  const pass = ["-passin", "pass:correct horse"];
  writeFileSync(there("gwen.pem"), openssl("pkcs12", "-in", join(corpus, "gwen-rsa.p12"), "-nodes", ...pass));
  writeFileSync(there("sam.pem"), openssl("pkcs12", "-in", join(corpus, "sam-rsa.p12"), "-nokeys", ...pass));
  const key = ["-inkey", there("gwen.pem"), "-recip", there("gwen.pem")];
  const inner = openssl("cms", "-decrypt", "-in", there("smime.eml"), ...key);
  assert.match(inner, /^Content-Type: multipart\/signed/);
  writeFileSync(there("inner.eml"), inner, "latin1");
  const trusted = ["-CAfile", there("sam.pem"), "-purpose", "any"];
  const verified = run("openssl", ["smime", "-verify", "-in", there("inner.eml"), ...trusted]);
  assert.match(verified.said, /Verification successful/);
  assert.match(verified.out, /vault is empty/);
  assert.match(verified.out, /^Subject: Closed by certificate/m);
  console.log("OpenSSL opens the letter written with S/MIME, and its signature is good.");
} finally {
  spawnSync("gpgconf", ["--homedir", folder, "--kill", "all"]);
  rmSync(folder, { recursive: true, force: true });
}

function fingerprintOf(who: string): string {
  return /^fpr:+([0-9A-F]{40}):/m.exec(gpg(["--with-colons", "--list-keys", who]).out)?.[1] ?? "";
}
