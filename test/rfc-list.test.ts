/** docs/rfc.md says of every RFC that the code cites how far it is kept to. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

test("every RFC that the code cites is in the list", () => {
  const listed = new Set(readFileSync(join(root, "docs/rfc.md"), "utf8").match(/\b\d{3,4}\b/g));
  const missing = new Map<string, string>();
  for (const file of globSync("{protocol,server,webmail/src,console/src,ui/src}/**/*.{ts,svelte}", { cwd: root })) {
    if (file.endsWith(".test.ts")) continue;
    for (const [, number = ""] of readFileSync(join(root, file), "utf8").matchAll(/\bRFC (\d{3,4})\b/g))
      if (!listed.has(number)) missing.set(number, file);
  }
  assert.deepEqual(Object.fromEntries(missing), {});
});
