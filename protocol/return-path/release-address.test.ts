import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { releaseLocal, releaseToken } from "./release-address.ts";

const mac = (text: string): Buffer => createHmac("sha256", "key").update(text).digest();

test("an address for answers to a digest says whose it is, and nobody can make one up", () => {
  const token = { account: 12, first: 345, last: 6789 };
  const local = releaseLocal(token, mac);
  assert.match(local, /^release-c\.9l\.58l-[a-z2-7]{12}$/);
  assert.ok(local.length <= 64); // RFC 5321 §4.5.3.1.1
  assert.deepEqual(releaseToken(local, mac), token);
  assert.deepEqual(releaseToken(local.toUpperCase(), mac), token);
  assert.equal(releaseToken(local.replace("-c.", "-d."), mac), undefined);
  assert.equal(releaseToken(local.replace(".58l", ".58m"), mac), undefined);
  assert.equal(
    releaseToken(local, (text) => createHmac("sha256", "other").update(text).digest()),
    undefined,
  );
  for (const other of ["release", "release-", "release-c.9l.58l-", "dmarc-reports", `x${local}`])
    assert.equal(releaseToken(other, mac), undefined);
});
