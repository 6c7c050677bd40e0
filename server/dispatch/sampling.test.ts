/** The first addresses of a campaign say whether the others are written to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { patienceMs, type Sample, Sampling, sampled } from "./sampling.ts";

const now = Date.UTC(2026, 10, 26);
const settings = { sampleSize: 200, sampleHardPercent: 8 };
const cases: readonly [name: string, given: Partial<Sample>, kind: string, room?: number][] = [
  ["nothing was sent yet", {}, "sample", 200],
  ["some are on their way", { released: 150 }, "sample", 50],
  ["what is known counts, though a restart has forgotten what was let go", { known: 120 }, "sample", 80],
  ["all are on their way", { released: 200, known: 30, fullSince: now }, "wait"],
  ["four fifths are known", { released: 200, known: 160, fullSince: now }, "open"],
  ["of which 8 % do not exist", { released: 200, known: 200, hard: 16 }, "open"],
  ["of which more do not", { released: 200, known: 200, hard: 17 }, "stop"],
  ["which is seen before the end", { released: 150, known: 100, hard: 17 }, "stop"],
  ["13 of 160 are more too", { released: 200, known: 160, hard: 13 }, "stop"],
  ["one of one is not", { released: 1, known: 1, hard: 1 }, "sample", 199],
  ["after an hour the half is enough", { released: 200, known: 60, hard: 4, fullSince: now - patienceMs }, "open"],
  ["and tells as much", { released: 200, known: 60, hard: 6, fullSince: now - patienceMs }, "stop"],
  ["nobody answers for an hour", { released: 200, known: 3, hard: 3, fullSince: now - patienceMs }, "open"],
  ["a campaign that goes on for long is judged by its tenant's thresholds", { known: 5000, hard: 600 }, "open"],
];
for (const [name, given, kind, room] of cases)
  test(`sample: ${name}`, () => {
    const found = sampled({ known: 0, hard: 0, released: 0, fullSince: undefined, ...given }, settings, now);
    assert.deepEqual([found.kind, found.kind === "sample" ? found.room : undefined], [kind, room]);
  });
test("sample: switched off", () =>
  assert.equal(
    sampled({ known: 0, hard: 0, released: 9, fullSince: undefined }, { ...settings, sampleSize: 0 }, now).kind,
    "open",
  ));

test("a campaign is sampled once; who lets it go on is believed", () => {
  const tally = { delivered: 0, hard: 0 };
  const stopped: string[] = [];
  const ask = { settings, tally: () => tally, stop: (name: string) => void stopped.push(name), now: () => now };
  const sampling = new Sampling(ask);
  const look = () => sampling.look("shop/may").kind;
  assert.equal(look(), "sample");
  sampling.released("shop/may", 200);
  assert.equal(look(), "wait");
  sampling.released("shop/may", -50);
  assert.deepEqual(sampling.look("shop/may"), { kind: "sample", room: 50 });
  sampling.released("shop/may", 50);
  Object.assign(tally, { delivered: 140, hard: 20 });
  assert.equal(look(), "stop");
  assert.equal(look(), "open");
  assert.deepEqual(stopped, ["shop/may"]);
  const again = new Sampling(ask);
  again.restore(stopped);
  assert.equal(again.look("shop/may").kind, "open");
  assert.equal(again.look("shop/june").kind, "stop");
});
