/** How many runs of a script of twenty rules one core does: `node test/bench/sieve.ts`. Counts processor time, so that a busy machine does not matter. */
import { Buffer } from "node:buffer";
import { SieveMessage } from "../../protocol/sieve/message.ts";
import { compileScript, runScripts } from "../../protocol/sieve/sieve.ts";
import { sample, surroundings } from "../sieve/test-run.ts";

const extensions = [
  "fileinto",
  "envelope",
  "copy",
  "imap4flags",
  "variables",
  "subaddress",
  "relational",
  "comparator-i;ascii-numeric",
  "body",
];
const head = `require [${extensions.map((one) => `"${one}"`).join(", ")}];\n`;
const mixedRules: readonly ((i: number) => string)[] = [
  (i) => `if header :contains "subject" "needle${i}" { fileinto "A"; stop; }`,
  (i) => `if address :domain :is "from" "d${i}.test" { fileinto "B${i}"; stop; }`,
  (i) => `if header :matches "list-id" "*<x${i}.*>" { fileinto "L"; stop; }`,
  (i) =>
    `if allof (size :over ${i}M, header :value "gt" :comparator "i;ascii-numeric" "x-priority" "${i}") { addflag "\\\\Flagged"; }`,
  (i) => `if anyof (envelope :is "from" "x${i}@y.test", exists ["x-foo", "x-bar"]) { discard; stop; }`,
];
const scripts: readonly (readonly [name: string, text: string])[] = [
  [
    "twenty rules on header fields",
    ruled((i) => `if header :contains ["subject", "from"] "needle${i}" { fileinto "B${i}"; stop; }`),
  ],
  ["twenty rules of five kinds", ruled((i) => mixedRules[i % mixedRules.length]!(i))],
];

function ruled(rule: (i: number) => string): string {
  return head + Array.from({ length: 20 }, (_, i) => rule(i)).join("\n");
}

for (const [name, text] of scripts) {
  const compiled = compileScript(text);
  if (compiled.kind === "mistakes") throw new Error(JSON.stringify(compiled.mistakes));
  const raw = Buffer.from(sample);
  const run = (times: number): void => {
    for (let i = 0; i < times; i++) runScripts([{ name, script: compiled }], new SieveMessage(raw), surroundings);
  };
  run(20_000);
  const times = 100_000;
  const before = process.cpuUsage();
  run(times);
  const used = process.cpuUsage(before);
  const perSecond = Math.round(times / ((used.user + used.system) / 1e6));
  process.stdout.write(`${name}: ${perSecond} runs per second of one core, the header taken apart anew each time\n`);
}
