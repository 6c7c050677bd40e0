import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlain } from "./bundles.ts";

test("only what is short and names nothing on the web is taken for a name", () => {
  for (const value of ["Anna Müller", 17, true, "25. 11. 2026", "€ 17,50"])
    assert.ok(isPlain({ value }), String(value));
  for (const value of ["http://x.test", "www.x", "x.example", "a@b", "<b>", "x\ny", "x".repeat(201)])
    assert.ok(!isPlain({ value }), value);
});
