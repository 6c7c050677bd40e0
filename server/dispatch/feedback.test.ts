/** Files of postmaster pages: what is read of them, and what is refused with a sentence. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeFeedback } from "./feedback.ts";
import { readPostmaster, readSnds } from "./feedback-read.ts";
import { type Model, readModelFile } from "./model.ts";

const last = (text: string): unknown => {
  const read = readPostmaster(text);
  return typeof read === "string" ? read : read.at(-1);
};

const files: readonly [name: string, text: string, expected: unknown][] = [
  [
    "CSV in percent",
    "Date,User reported spam rate\r\n2026-11-20,0.25%\r\n2026-11-19,0.1%\r\n",
    { day: "2026-11-20", rate: 0.0025 },
  ],
  ["CSV with shares", '"day","spam_rate"\n20261120,0.0004\n', { day: "2026-11-20", rate: 0.0004 }],
  ["CSV whose head says percent", "Date,Spam rate (%)\n2026-11-20,0.3\n", { day: "2026-11-20", rate: 0.003 }],
  [
    "JSON of the first API",
    '{"trafficStats":[{"name":"domains/shop.test/trafficStats/20261120","userReportedSpamRatio":0.002,"domainReputation":"HIGH"}]}',
    { day: "2026-11-20", rate: 0.002 },
  ],
  [
    "JSON of the second",
    '{"domainStats":[{"date":{"year":2026,"month":11,"day":20},"metric":"SPAM_RATE","value":{"doubleValue":0.001}},{"date":{"year":2026,"month":11,"day":21},"metric":"TLS_ENCRYPTION_RATE","value":{"doubleValue":1}}]}',
    { day: "2026-11-20", rate: 0.001 },
  ],
  ["no JSON", "{nothing", "This is no JSON."],
  [
    "another CSV",
    "a,b\n1,2\n",
    "There is no day with a spam rate in it: give the CSV or the JSON of Postmaster Tools.",
  ],
  [
    "a day that is none",
    "Date,Spam rate\n2026-02-31,0.1%\n",
    "There is no day with a spam rate in it: give the CSV or the JSON of Postmaster Tools.",
  ],
];
for (const [name, text, expected] of files)
  test(`Postmaster Tools: ${name}`, () => assert.deepEqual(last(text), expected));

const snds =
  "192.0.2.10,11/24/2026 12:00 AM,11/25/2026 12:00 AM,1000,900,900,YELLOW,< 0.1%,11/24/2026 1:00 AM,11/24/2026 2:00 AM,3,mta1.shop.test,a@shop.test,\r\n" +
  "192.0.2.99,11/24/2026 12:00 AM,11/25/2026 12:00 AM,5,5,5,RED,> 1%,,,0,,,\r\n";

test("SNDS: the colour, the traps, and only what is ours counts", async () => {
  assert.deepEqual(readSnds(snds)[0], {
    address: "192.0.2.10",
    day: "2026-11-25",
    colour: "yellow",
    traps: 3,
    complaints: "< 0.1%",
  });
  assert.equal(typeof readSnds("nothing"), "string");
  const read = readModelFile(
    '[source.mta1]\naddress = "192.0.2.10"\nwarmup = "normal"\ntargets = { microsoft-consumer = 5000, gmail = 1000 }',
  );
  assert.ok(read.kind === "ok");
  const rows = new Map<string, unknown>();
  const signals: unknown[] = [];
  const clock = { now: Date.UTC(2026, 10, 26) };
  const book = makeFeedback({
    store: {
      sendingRows: async () => [...rows].map(([name, value]) => ({ kind: "feedback", name, value })),
      putSendingRows: async (put) => {
        for (const { name, value } of put)
          if (value === undefined) rows.delete(name);
          else rows.set(name, value);
      },
    },
    model: () => read.model as Model,
    signal: async (matches, given) => {
      const plan = (scope: string, subject: string, provider: string) => ({ scope, subject, provider }) as never;
      signals.push([
        matches(plan("source", "mta1", "microsoft-consumer")),
        matches(plan("source", "mta1", "gmail")),
        matches(plan("domain", "shop.test", "gmail")),
        given,
      ]);
    },
    now: () => clock.now,
  });
  const taken = await book.takeSnds(snds);
  assert.ok("taken" in taken);
  assert.deepEqual(
    taken.taken.map(({ subject }) => subject),
    ["192.0.2.10"],
  );
  assert.deepEqual(signals, [[true, false, false, { snds: { colour: "yellow", traps: 3 } }]]);
  await book.takePostmaster("shop.test", "Date,Spam rate\n2026-11-24,0.2%\n");
  assert.deepEqual(signals[1], [false, false, true, { spamRate: 0.002 }]);
  assert.deepEqual(await book.spamRate("shop.test"), { rate: 0.002, day: "2026-11-24" });
  assert.ok("why" in (await book.takePostmaster("shop.test", "Date,Spam rate\n2026-01-24,0.2%\n")));
  // Old days say nothing any more.
  clock.now += 8 * 86_400_000;
  await book.expire();
  assert.deepEqual(await book.all(), []);
  assert.equal(signals.length, 4);
});
