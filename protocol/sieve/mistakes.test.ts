/** Scripts that are wrong: where, and what was expected. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mistakeCases } from "../../test/sieve/mistake-cases.ts";
import { runText } from "../../test/sieve/test-run.ts";
import { compileScript } from "./sieve.ts";

for (const [script, expected] of mistakeCases)
  test(script.slice(0, 100), () => {
    assert.equal(runText(script).text, expected);
  });

test("mistakes are told in their order, and not without end", () => {
  const result = compileScript("foo;\n".repeat(1000));
  assert.ok(result.kind === "mistakes");
  assert.equal(result.mistakes.length, 20);
  assert.deepEqual(result.mistakes[19], { line: 20, column: 1, message: 'there is no command "foo"' });
});

test("regular expressions that are too large together", () => {
  const result = compileScript(`require "regex"; ${'if header :regex "a" "(x{250}){10}" {}\n'.repeat(40)}`);
  assert.ok(result.kind === "mistakes" && /too large together/.test(result.mistakes[0]!.message));
});

test("a script that is too long is none", () => {
  const result = compileScript(`# ${"x".repeat(300_000)}`);
  assert.ok(result.kind === "mistakes" && /octets/.test(result.mistakes[0]!.message));
});
