/** `npm run crash [-- KILLS]`: 50 kills under load (about four minutes), and what came of it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashRun } from "./crash-run.ts";
import { angarium } from "./dev-process.ts";

const data = await mkdtemp(join(tmpdir(), "angarium-crash-"));
const report = await crashRun({
  data,
  kills: Number(process.argv[2] ?? 50),
  between: 7_000,
  connections: 16,
  verify: async () => {
    const { code, out, err } = await angarium("verify", "--data", data);
    return code === 0 ? "" : out + err;
  },
});
await rm(data, { recursive: true, force: true });
const sorted = [...report.restartMs].sort((a, b) => a - b);
const at = (share: number): number | undefined =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
console.log(
  JSON.stringify({
    kills: report.kills,
    acknowledged: report.acknowledged,
    lost: report.lost.length,
    twice: report.twice,
    restartMs: { p50: at(0.5), p95: at(0.95) },
    problems: report.problems,
    once: { ...report.once, lost: report.once.lost.length, twice: report.once.twice.length },
  }),
);
const { once } = report;
process.exit(report.lost.length + once.lost.length + once.twice.length === 0 && report.problems.length === 0 ? 0 : 1);
