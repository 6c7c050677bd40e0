/** What scripts do: each case of the table, over the sample message. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commandTables } from "../../test/sieve/command-cases.ts";
import { runText } from "../../test/sieve/test-run.ts";

for (const [name, cases] of Object.entries(commandTables))
  describe(name, () => {
    for (const [script, expected, options] of cases)
      test(typeof script === "string" ? script.slice(0, 150) : script.join(" ⟶ ").slice(0, 150), () => {
        assert.equal(runText(script, options).text, expected);
      });
  });
