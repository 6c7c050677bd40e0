/** The scenario on the server's own queue and SMTP, as whoever types the command sees it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const main = join(import.meta.dirname, "..", "..", "main.ts");

test("live: mail goes out by SMTP, a block and a restart lose nothing, and every promise holds", async () => {
  const words = [main, "simulate", "--scenario", "live", "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 64 * 1024 * 1024 });
  const { held, scenarios } = JSON.parse(stdout) as {
    held: boolean;
    scenarios: { promises: object[]; totals: { delivered: number; blocked: number } }[];
  };
  assert.equal(held, true);
  assert.equal(scenarios[0]!.promises.length, 9);
  assert.ok(scenarios[0]!.totals.delivered > 5_000, JSON.stringify(scenarios[0]!.totals));
});
