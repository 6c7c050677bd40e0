/** Tests of scripts: each line is one case, true or false of the sample message, after the text of the RFC it names. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { tables } from "../../test/sieve/test-cases.ts";
import { runText } from "../../test/sieve/test-run.ts";

for (const { name, needs, options, yes, no } of tables)
  describe(name, () => {
    const head = needs.length === 0 ? "" : `require [${needs.map((need) => `"${need}"`).join(", ")}];\n`;
    for (const [lines, expected] of [
      [yes, "discard"],
      [no, "keep"],
    ] as const)
      for (const line of lines)
        test(`${expected === "discard" ? "true" : "false"}: ${line}`, () => {
          assert.equal(runText(`${head}if ${line} { discard; }`, options).text, expected);
        });
  });
