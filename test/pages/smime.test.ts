/** S/MIME as the webmail writes and opens it, with keys and mail that openssl made. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { KeptKey } from "../../webmail/src/secure/keys.ts";
import { verifySmime } from "../../webmail/src/secure/smime.ts";
import { certificateUsable, lockSmime, pkcs12Key, unlockSmime } from "../../webmail/src/secure/smime-key.ts";
import { smimeDecrypt, smimeEncrypted, smimeSigned } from "../../webmail/src/secure/smime-write.ts";
import { decoded, entityOf, partsOf } from "../../webmail/src/secure/split.ts";
import { entityText } from "../../webmail/src/secure/write.ts";

// What is unlocked is kept for half an hour.
after(lockSmime);
const corpus = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, "../corpus/smime", name)));
const valid = Date.UTC(2030, 0, 1);
const payload = "Content-Type: text/plain; charset=utf-8\r\n\r\nThe vault opens at noon.\r\n";
const random = () => "0".repeat(32);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

for (const kind of ["rsa", "ec"] as const)
  test(`S/MIME with ${kind}: locked, unlocked, signed, encrypted, opened`, async () => {
    const key = (await pkcs12Key("me", corpus(`sam-${kind}.p12`), "correct horse", valid)) as KeptKey;
    assert.deepEqual([key.addresses, key.name, key.by], [["u1@example.test"], `Sam ${kind}`, "smime"]);
    assert.equal(await pkcs12Key("me", corpus(`sam-${kind}.p12`), "wrong", valid), undefined);
    // Agreed keys (RFC 5753) are not read alike by everybody: with EC there are signatures alone.
    assert.equal(certificateUsable(key, valid), kind === "rsa" ? "fine" : "signs-only");
    assert.equal(certificateUsable(key, Date.UTC(2200, 0, 1)), kind === "rsa" ? "expired" : "signs-only");
    await assert.rejects(smimeSigned(payload, key, random, new Date(valid)), /locked/);
    assert.equal(await unlockSmime(key, "wrong"), false);
    assert.equal(await unlockSmime(key, "correct horse"), true);

    const signed = entityText(await smimeSigned(payload, key, random, new Date(valid)));
    const parts = partsOf(new TextEncoder().encode(signed)) ?? [];
    assert.equal(parts.length, 2);
    const [first, second] = parts;
    assert.ok(first !== undefined && second !== undefined);
    const good = await verifySmime(decoded(second), first.whole, "u1@example.test", valid);
    assert.ok(good.kind === "opened" && good.opened.signature?.kind === "good" && good.opened.signature.ofSender);
    const changed = new TextEncoder().encode(text(first.whole).replace("noon", "nine"));
    const bad = await verifySmime(decoded(second), changed, "u1@example.test", valid);
    assert.ok(bad.kind === "opened" && bad.opened.signature?.kind === "bad");

    if (kind === "ec") return;
    const openssls = decoded(entityOf(corpus("for-sam.eml")));
    const found = await smimeDecrypt(openssls, [key]);
    assert.equal(found.kind === "opened" && text(found.mime).replace(/\r?\n/g, "\r\n"), payload);
    assert.equal((await smimeDecrypt(openssls, [])).kind, "no-key");
    const closed = entityText(await smimeEncrypted(signed, [key]));
    assert.ok(!closed.includes("vault"));
    const opened = await smimeDecrypt(decoded(entityOf(new TextEncoder().encode(closed))), [key]);
    assert.equal(opened.kind === "opened" && text(opened.mime), signed);
    assert.equal((await smimeDecrypt(new Uint8Array([1, 2, 3]), [key])).kind, "broken");
    lockSmime();
    assert.equal((await smimeDecrypt(openssls, [key])).kind, "locked");
  });
