/** A million journey entries: how long it takes to find those of one address. `node test/bench/journeys.ts [ENTRIES]` */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../server/store/client.ts";
import type { JourneyEntry } from "../../server/store/store.ts";

const entries = Number(process.argv[2] ?? 1_000_000);
const people = 10_000;
const folder = mkdtempSync(join(tmpdir(), "angarium-journeys-"));
const store = await openSqliteStore({ dir: folder });
const start = Date.now() - entries * 10;
const began = performance.now();
for (let n = 0; n < entries; ) {
  const batch: JourneyEntry[] = [];
  for (let i = 0; i < 5000 && n < entries; i++, n += 2) {
    const to = `u${(n * 7919) % people}@example.test`;
    const at = start + n * 10;
    const trace = `m${n}`;
    const keys = [`id${n}`, `<${n}@far.test>`, `s${n % 5000}@far.test`, to];
    const from = `s${n % 5000}@far.test`;
    batch.push({
      at,
      stage: "accepted",
      trace,
      keys,
      detail: { from, to: [to], subject: `Letter ${n}`, remote: "192.0.2.1", bytes: 3000 },
    });
    batch.push({
      at: at + 5,
      stage: "delivered",
      trace,
      keys: [],
      detail: { to: [to], reply: "250 2.0.0 OK", host: "mx.example.test" },
    });
  }
  await store.note(batch);
}
process.stdout.write(`${entries} entries written in ${Math.round(performance.now() - began)} ms\n`);
let packed = performance.now();
for (let more = true; more; ) ({ more } = await store.tidy(Date.now()));
process.stdout.write(`tidied in ${Math.round(performance.now() - packed)} ms\n`);
packed = performance.now();
const times: number[] = [];
const whole: number[] = [];
for (let i = 0; i < 40; i++) {
  const at = performance.now();
  const found = await store.journeys({ key: `u${(i * 7919 * 2) % people}@example.test`, limit: 25 });
  times.push(performance.now() - at);
  await Promise.all(found.heads.map(({ trace }) => store.journey(trace ?? "", 100)));
  whole.push(performance.now() - at);
  if (found.heads.length === 0) process.stdout.write("nothing found\n");
}
const show = (all: number[]): string => {
  all.sort((one, other) => one - other);
  return `median ${all[20]?.toFixed(1)} ms, slowest ${all.at(-1)?.toFixed(1)} ms`;
};
process.stdout.write(`by address: ${show(times)}\nwith each whole journey of a page of 25: ${show(whole)}\n`);
await store.close();
rmSync(folder, { recursive: true, force: true });
