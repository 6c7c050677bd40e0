/** `angarium simulate`: warm-ups against modelled receivers, seventy days in seconds; 0 only where every promise holds. */
import { parseArgs } from "node:util";
import { makeSending } from "../assemble/sending.ts";
import { quiet } from "../base/log.ts";
import { UsageError } from "../base/usage.ts";
import { defaultSendingSettings } from "../dispatch/settings.ts";
import { shippedShaping } from "../shape/shipped.ts";
import { acceptances } from "../simulate/acceptance.ts";
import { chart } from "../simulate/chart.ts";
import { type MakeSending, runLive } from "../simulate/live.ts";
import { promisesOf, totals, warmDay } from "../simulate/promises.ts";
import { type Run, run } from "../simulate/run.ts";
import { scenarios } from "../simulate/scenario.ts";

const liveSending: MakeSending = (parts) => makeSending({ ...parts, settings: defaultSendingSettings, log: quiet });

export async function simulate(words: readonly string[]): Promise<number> {
  const { names, seed, json } = readOptions(words);
  // The live one takes as long as all others together: it runs when it is asked for.
  const wanted = scenarios.filter(({ name, live }) => (names.length === 0 ? live !== true : names.includes(name)));
  const shaping = shippedShaping();
  const runs = new Map<string, Run>();
  let held = true;
  const report: object[] = [];
  for (const scenario of wanted) {
    const done = scenario.live === true ? await runLive(scenario, seed, liveSending) : run(scenario, seed, shaping);
    runs.set(scenario.name, done);
    const promises = promisesOf(done, runs);
    held &&= promises.every((promise) => promise.held);
    if (json) {
      report.push({
        scenario: scenario.name,
        says: scenario.says,
        seed,
        held: promises.every((promise) => promise.held),
        promises: promises.map(({ says, figure, held }) => ({ promise: says, figure, held })),
        totals: totals(done.days),
        gmailWarmOnDay: warmDay(done),
        days: done.days,
        events: done.events,
      });
      continue;
    }
    const lines = promises.map(
      (promise) => `  ${promise.held ? "holds" : "BROKEN"}  ${promise.says}: ${promise.figure}`,
    );
    process.stdout.write(`${chart(done)}\n\n${lines.join("\n")}\n\n`);
  }
  for (const { name, says, run } of acceptances.filter((one) => names.includes(one.name))) {
    const promises = await run(seed, liveSending);
    const all = promises.every((promise) => promise.held);
    held &&= all;
    if (json) {
      const told = promises.map(({ says, figure, held }) => ({ promise: says, figure, held }));
      report.push({ scenario: name, says, seed, held: all, promises: told });
      continue;
    }
    process.stdout.write(`${name}: ${says} (seed ${seed})\n\n`);
    for (const one of promises)
      process.stdout.write(`  ${one.held ? "holds" : "BROKEN"}  ${one.says}: ${one.figure}\n`);
    process.stdout.write("\n");
  }
  if (json) process.stdout.write(`${JSON.stringify({ seed, held, scenarios: report })}\n`);
  return held ? 0 : 1;
}

function readOptions(words: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        scenario: { type: "string", multiple: true, default: [] },
        seed: { type: "string", default: "1" },
        json: { type: "boolean", default: false },
      },
    });
    const names = [...values.scenario.flatMap((list) => list.split(",")), ...positionals];
    const known = [...scenarios, ...acceptances].map(({ name }) => name);
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new UsageError(`there is no scenario "${unknown}"; there are ${known.join(", ")}`);
    const seed = Number(values.seed);
    if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed "${values.seed}" is no whole number`);
    return { names, seed, json: values.json };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError((error as Error).message);
  }
}
