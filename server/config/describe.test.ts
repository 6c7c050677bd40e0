import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { describeConfiguration } from "./describe.ts";

test("docs/configuration.md is what the schema says (npm run angarium -- config > docs/configuration.md)", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "configuration.md"), "utf8");
  assert.equal(page, describeConfiguration());
});

test("no setting is without its sentence", () => {
  const bare = describeConfiguration()
    .split("\n")
    .filter((line) => line.startsWith("| `") && /\|\s+\|$/.test(line));
  assert.deepEqual(bare, []);
});
