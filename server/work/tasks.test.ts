import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { makePool } from "./pool.ts";

test("facts are the same from a thread", async () => {
  await using pool = makePool({ threads: 1 });
  const bytes = Buffer.from(
    "From: =?utf-8?q?=C3=BC?= <u@a.test>\r\nSubject: x =?iso-8859-1?q?=E4?=\r\nMessage-ID: <1@a.test>\r\n" +
      "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n",
    "latin1",
  );
  const facts = await pool.run("facts", { bytes });
  assert.deepEqual(
    { ...facts, signature: [...facts.signature] },
    { ...factsOf(bytes), signature: [...factsOf(bytes).signature] },
  );
});
