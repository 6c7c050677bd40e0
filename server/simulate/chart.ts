/** Runs as text: a line of blocks for each number, a column for each day. */
import type { DayRow, Run } from "./run.ts";
import type { ProviderKey } from "./scenario.ts";

const blocks = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** Values 0 to 1. */
function bars(values: readonly number[]): string {
  return values.map((value) => blocks[Math.min(8, value <= 0 ? 0 : Math.max(1, Math.round(value * 8)))]).join("");
}

export function chart(run: Run): string {
  const { days, scenario } = run;
  const last = days.at(-1)!;
  const label = (text: string): string => text.padEnd(20);
  const lines = [`${scenario.name}: ${scenario.says} (seed ${run.seed})`, ""];
  if (scenario.warmup) {
    lines.push(`${label("warm")}${bars(days.map(({ warm }) => warm))} ${Math.floor(last.warm * 100)} %`);
    lines.push(
      `${label("capacity")}${bars(days.map(({ capacity }) => capacity))} ${Math.floor(last.capacity * 100)} %`,
    );
  }
  for (const provider of Object.keys(scenario.targets) as ProviderKey[]) {
    const target = scenario.targets[provider];
    const of = (value: (row: DayRow["providers"][ProviderKey]) => number): number[] =>
      days.map(({ providers }) => value(providers[provider]));
    // Doublings: every block is a fifth of the way from 1 to the target in logarithms.
    const volume = of(({ delivered }) => (delivered < 1 ? 0 : Math.log(delivered) / Math.log(target)));
    lines.push(`${label(provider)}${bars(volume)} ${Math.max(...of(({ delivered }) => delivered))} a day at most`);
    const trouble = of(({ attempts, deferred, blocked }) => (attempts === 0 ? 0 : (deferred + blocked) / attempts));
    if (trouble.some((value) => value > 0.01)) lines.push(`${label("  not taken")}${bars(trouble)}`);
  }
  return lines.join("\n");
}
