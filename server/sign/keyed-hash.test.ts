import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { keyedHash } from "./keyed-hash.ts";

test("is HMAC-SHA-256, whatever the key and the text", () => {
  for (const keyBytes of [0, 1, 32, 63, 64, 65, 200]) {
    const key = Buffer.alloc(keyBytes, keyBytes);
    const mac = keyedHash(key);
    for (const text of [
      "",
      "ref abc",
      "x".repeat(170),
      "x".repeat(171),
      "ä€😀".repeat(60),
      "y".repeat(5000),
      "short again",
    ])
      assert.equal(
        mac(text).toString("hex"),
        createHmac("sha256", key).update(text).digest("hex"),
        `${keyBytes} ${text.length}`,
      );
  }
});
