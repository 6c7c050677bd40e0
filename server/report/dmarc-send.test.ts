import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { quiet } from "../base/log.ts";
import type { Answer } from "../net/resolver.ts";
import { openSqliteStore } from "../store/client.ts";
import type { Store } from "../store/store.ts";
import { type DmarcSeen, makeSeenCounter, seenKind } from "./dmarc-seen.ts";
import { sendDmarcReports } from "./dmarc-send.ts";
import type { Letter } from "./post.ts";
import { readAggregate } from "./read-dmarc.ts";

const day = 20_454; // 2026-01-01
const at = day * 86_400_000 + 3_600_000;
let folder: string;
let store: Store;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "angarium-test-"));
  store = await openSqliteStore({ dir: folder, readers: 1 });
});
after(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const seen = (domain: string, rua: string, source: string, change: Partial<DmarcSeen> = {}): DmarcSeen => ({
  at,
  policy: { domain, p: "reject", discovery: "treewalk" },
  rua,
  row: {
    source,
    disposition: "reject",
    dkim: "fail",
    spf: "fail",
    reasons: [],
    headerFrom: domain,
    dkimResults: [],
    spfResults: [{ domain: "evil.test", scope: "mfrom", result: "pass" }],
  },
  ...change,
});

const zone: { readonly [name: string]: Answer<string> | string } = {
  "a.test._report._dmarc.agency.test": "v=DMARC1",
  "a.test._report._dmarc.moved.test": "v=DMARC1; rua=mailto:new@moved.test,mailto:x@elsewhere.test",
  "a.test._report._dmarc.other.test": "v=spf1 -all",
  "a.test._report._dmarc.silent.test": { kind: "trouble", reason: "timeout" },
};
const resolver = {
  txt: async (name: string): Promise<Answer<string>> => {
    const found = zone[name];
    if (found === undefined) return { kind: "none", exists: false, secure: false, ttlSeconds: 1 };
    return typeof found === "string" ? { kind: "found", records: [found], secure: false, ttlSeconds: 1 } : found;
  },
};

/** Counts what was seen, sends what is due at `now`, and answers what was posted. */
async function run(all: readonly DmarcSeen[], { now = at + 86_400_000, today = false } = {}) {
  const counter = makeSeenCounter({ store, log: quiet });
  for (const one of all) counter.observe(one);
  await counter.flush();
  const letters: Letter[] = [];
  const post = async (letter: Letter) => letters.push(letter) > 0;
  const ask = {
    store,
    resolver,
    post,
    ourHost: "mx.us.test",
    email: "r@us.test",
    generator: "x",
    now: () => now,
    log: quiet,
  };
  return { sent: await sendDmarcReports(ask, today), letters };
}
const left = async () => (await store.tallyDays(seenKind, { limit: 10 })).map(({ domain }) => domain);

test("one report for each domain and day, with everything in it", async () => {
  const rua = "mailto:agg@a.test";
  const { sent, letters } = await run([
    seen("a.test", rua, "198.51.100.7"),
    seen("a.test", rua, "198.51.100.7"),
    seen("a.test", rua, "2001:db8::1", { at: at + 1000 }),
    seen("b.test", "", "198.51.100.7"),
  ]);
  assert.deepEqual(sent, [{ domain: "a.test", day: "2026-01-01", messages: 3, to: ["agg@a.test"] }]);
  const [letter] = letters;
  assert.match(
    letter!.subject,
    /^Report Domain: a\.test Submitter: mx\.us\.test Report-ID: <20454\.[0-9a-f]{20}@mx\.us\.test>$/,
  );
  const { fileName, type, bytes } = letter!.attachment!;
  assert.match(fileName, /^mx\.us\.test!a\.test!1767225600!1767311999![0-9a-z]+\.xml\.gz$/);
  assert.equal(type, `application/gzip; name="${fileName}"`);
  const read = readAggregate(gunzipSync(bytes));
  assert.ok(typeof read === "object");
  assert.deepEqual([read.domain, read.reporter, read.begin], ["a.test", "mx.us.test", day * 86_400]);
  assert.deepEqual(
    read.rows.map(({ row, count }) => [row.source, count, row.disposition, row.spfDomain]),
    [
      ["198.51.100.7", 2, "reject", "evil.test"],
      ["2001:db8::1", 1, "reject", "evil.test"],
    ],
  );
  assert.deepEqual(await left(), []);
  assert.deepEqual((await run([])).sent, [], "sent once");
});

test("the day that is not over waits, unless it is asked for", async () => {
  const one = seen("a.test", "mailto:agg@a.test", "192.0.2.1");
  assert.deepEqual((await run([one], { now: at + 1000 })).sent, []);
  assert.equal((await run([], { now: at + 1000, today: true })).sent[0]?.messages, 1);
  assert.deepEqual(await left(), []);
});

const receivers: readonly [name: string, rua: string, to: readonly string[], change?: Partial<DmarcSeen>][] = [
  ["its own", "mailto:x@a.test", ["x@a.test"]],
  ["a host of its own", "mailto:x@sub.a.test", ["x@sub.a.test"]],
  ["its organisation", "mailto:x@b.org.test", ["x@b.org.test"], { organization: "org.test" }],
  ["others who want it", "mailto:x@agency.test", ["x@agency.test"]],
  ["others who want it elsewhere, at their own place", "mailto:x@moved.test", ["new@moved.test"]],
  ["others who do not say so", "mailto:x@victim.test, mailto:x@other.test", []],
  ["those that can be reached", "https://a.test/r,mailto:x@a.test,mailto:nonsense", ["x@a.test"]],
  [
    "not more than five",
    "mailto:1@a.test,mailto:2@a.test,mailto:3@a.test,mailto:4@a.test,mailto:5@a.test,mailto:6@a.test",
    ["1@a.test", "2@a.test", "3@a.test", "4@a.test", "5@a.test"],
  ],
];
for (const [name, rua, to, change] of receivers)
  test(`goes to ${name}`, async () => {
    const { sent, letters } = await run([seen("a.test", rua, "192.0.2.1", change)]);
    assert.deepEqual(
      letters.map((letter) => letter.to),
      to,
    );
    assert.deepEqual(sent[0]!.to, to);
    assert.deepEqual(await left(), [], "what nobody wants is forgotten");
  });

test("while DNS is silent a report waits, but not for ever", async () => {
  const { sent } = await run([
    seen("a.test", "mailto:x@silent.test", "192.0.2.1"),
    seen("z.test", "mailto:x@z.test", "192.0.2.1"),
  ]);
  assert.deepEqual(
    sent.map(({ domain, why }) => [domain, why]),
    [
      ["a.test", "later"],
      ["z.test", undefined],
    ],
  );
  assert.deepEqual(await left(), ["a.test"]);
  assert.match((await run([], { now: at + 4 * 86_400_000 })).sent[0]!.why!, /^DNS/);
  assert.deepEqual(await left(), []);
});

test("a size that the receiver sets is kept to, and said", async () => {
  const many = Array.from({ length: 500 }, (_, index) =>
    seen("a.test", "mailto:x@a.test!2k", `192.0.${index >> 8}.${index & 255}`),
  );
  const { letters } = await run([
    ...many,
    seen("a.test", "mailto:x@a.test!2k", "198.51.100.7"),
    seen("a.test", "mailto:x@a.test!2k", "198.51.100.7"),
  ]);
  const { bytes } = letters[0]!.attachment!;
  assert.ok(bytes.length <= 2048);
  const xml = gunzipSync(bytes).toString();
  assert.match(xml, /<error>\d+ records are left out: the report may not be larger than 2048 bytes<\/error>/);
  assert.match(xml, /198\.51\.100\.7<\/source_ip><count>2</, "the most frequent are kept");
  const { sent } = await run([seen("a.test", "mailto:x@a.test!10", "192.0.2.1")]);
  assert.deepEqual(sent[0]!.to, []);
});
