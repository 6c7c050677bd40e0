import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { nodeName } from "./node-name.ts";

test("a node is called the same after a restart, and another one otherwise, though both have one host name", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "angarium-test-"));
  t.after(() => rm(folder, { recursive: true }));
  const [one, other] = [join(folder, "one"), join(folder, "other")];
  for (const data of [one, other]) await mkdir(data);
  const name = await nodeName(one, "mx.test");
  assert.match(name, /^mx\.test\/[0-9a-f]{16}$/);
  assert.equal(await nodeName(one, "mx.test"), name);
  assert.notEqual(await nodeName(other, "mx.test"), name);
});
