/** Results of mail that has not come from outside: RFC 8601 §2.7.4. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownPieces, resultsField } from "./field.ts";

test("mail of a signed-in person: the return path, and nothing in it that could be read as more", () => {
  for (const [envelopeFrom, said] of [
    ["ann@x.test", "auth=pass smtp.mailfrom=ann@x.test"],
    ["o'hara+tag@x.test", "auth=pass smtp.mailfrom=o'hara+tag@x.test"],
    ['"a; dmarc=pass"@x.test', "auth=pass smtp.mailfrom=x.test"],
    [`${"a".repeat(101)}@x.test`, "auth=pass smtp.mailfrom=x.test"],
    ["räksmörgås@x.test", "auth=pass smtp.mailfrom=x.test"],
    ["ann@bücher.test", "auth=pass"],
    ["", "auth=pass"],
    ["postmaster", "auth=pass"],
  ] as const)
    assert.deepEqual(ownPieces("mx.test", "signed-in", envelopeFrom), ["mx.test", said], envelopeFrom);
});

test("mail that the server wrote", () => {
  assert.equal(
    resultsField(ownPieces("mx.test", "server", "")),
    "Authentication-Results: mx.test;\r\n\tx-local=pass\r\n",
  );
});
