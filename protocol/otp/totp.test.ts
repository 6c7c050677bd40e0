import assert from "node:assert/strict";
import { test } from "node:test";
import { hotp, totpMatch, totpSecret, totpStep, totpText, totpUri } from "./totp.ts";

const secret = Buffer.from("12345678901234567890");

test("HOTP: the values of RFC 4226 appendix D", () => {
  const values = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
  assert.deepEqual(
    values.map((_, counter) => hotp(secret, counter)),
    values,
  );
});

test("TOTP: the values of RFC 6238 appendix B, their last six digits", () => {
  for (const [seconds, code] of [
    [59, "287082"],
    [1111111109, "081804"],
    [1111111111, "050471"],
    [1234567890, "005924"],
    [2000000000, "279037"],
    [20000000000, "353130"],
  ] as const)
    assert.equal(totpMatch(secret, code, seconds * 1000, 0), totpStep(seconds * 1000), String(seconds));
});

test("one step of difference, no second use, nothing but digits", () => {
  const now = 1_000_000_000_000;
  const step = totpStep(now);
  assert.equal(totpMatch(secret, hotp(secret, step - 1), now, 0), step - 1);
  assert.equal(totpMatch(secret, hotp(secret, step + 1), now, 0), step + 1);
  assert.equal(totpMatch(secret, hotp(secret, step - 2), now, 0), undefined);
  assert.equal(totpMatch(secret, hotp(secret, step + 2), now, 0), undefined);
  assert.equal(totpMatch(secret, hotp(secret, step), now, step), undefined);
  assert.equal(totpMatch(secret, `${hotp(secret, step).slice(0, 3)} ${hotp(secret, step).slice(3)}`, now, 0), step);
  for (const wrong of ["", "12345", "1234567", "abcdef", "12345٣"])
    assert.equal(totpMatch(secret, wrong, now, 0), undefined, wrong);
});

test("secrets as text and back; the URI for apps", () => {
  assert.equal(totpText(secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  assert.deepEqual(totpSecret("gezd gnbv gy3t qojq GEZDGNBVGY3TQOJQ"), secret);
  assert.equal(totpSecret("short"), undefined);
  assert.equal(totpSecret("0189018901890189"), undefined);
  assert.equal(
    totpUri("ABC", "mail.example.org", "anna@example.org"),
    "otpauth://totp/mail.example.org:anna%40example.org?secret=ABC&issuer=mail.example.org&algorithm=SHA1&digits=6&period=30",
  );
});
