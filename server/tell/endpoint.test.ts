import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTry, retryDelaysMs, signedHeaders } from "./endpoint.ts";

/** The example of the Standard Webhooks libraries: id, time, body and secret with the signature that they make. */
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const at = 1_614_265_330_000;
const body = '{"test": 2432232314}';
const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

test("signs as Standard Webhooks does", () => {
  assert.deepEqual(signedHeaders(id, body, [{ secret }], at), {
    "webhook-id": id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": signature,
  });
});

test("an old secret signs beside the new one until its end", () => {
  const secrets = [{ secret: "whsec_AAAA" }, { secret, until: at + 1 }];
  const both = signedHeaders(id, body, secrets, at)["webhook-signature"]!.split(" ");
  assert.equal(both.length, 2);
  assert.equal(both[1], signature);
  assert.equal(signedHeaders(id, body, secrets, at + 1)["webhook-signature"]!.split(" ").length, 1);
});

test("waits grow, and there is an end", () => {
  assert.equal(nextTry(1, 0, 0), 5_000);
  assert.equal(nextTry(1, 0, 1), 5_500);
  const waits = retryDelaysMs.map((_, index) => nextTry(index + 1, 0, 0)!);
  assert.deepEqual(
    waits,
    [...waits].sort((one, other) => one - other),
  );
  assert.equal(nextTry(retryDelaysMs.length + 1, 0, 0), undefined);
});
