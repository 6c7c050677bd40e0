/** Law 3: after 250 the message survives kill -9. The long run is `npm run crash`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crashRun } from "../crash-run.ts";
import { angarium, temporaryFolder } from "../dev-process.ts";

test("three kills under load lose nothing", { timeout: 600_000 }, async (t) => {
  const data = await temporaryFolder(t);
  const verify = async (): Promise<string> => {
    const { code, out, err } = await angarium("verify", "--data", data);
    return code === 0 ? "" : out + err;
  };
  const report = await crashRun({ data, kills: 3, between: 600, connections: 8, verify });
  t.diagnostic(
    JSON.stringify({ ...report, lost: report.lost.length, once: [report.once.requests, report.once.brokenOff] }),
  );
  assert.deepEqual(report.lost, []);
  assert.deepEqual(report.problems, []);
  assert.ok(report.once.requests > 4);
  assert.deepEqual([report.once.lost, report.once.twice], [[], []]);
});
