/** Seeds: when a mailbox is looked into, what is made of what is found, and how little a few of them may say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutSecrets } from "../admin/noted.ts";
import { signalOf } from "./engine.ts";
import { letterLike, markOf } from "./letter.ts";
import { roleOf, wordsOfResults } from "./look.ts";
import { hintFor, placementsOf, saidOf, sumOf } from "./placement.ts";
import { afterLook, chosen, type Entry, type EntryState, type Found, nextLook, type Run, spoiledBy } from "./run.ts";

const minute = 60_000;
const day = 86_400_000;
const now = 20_000 * day;
const entry = (state: EntryState, more: Partial<Entry> = {}): Entry => ({
  seed: "s",
  provider: "gmail",
  id: "1",
  state,
  looks: 0,
  ...more,
});
const sent = entry("sent", { sentAt: now });
const found = (place: Found["place"], more: Partial<Found> = {}): Found => ({
  place,
  folder: "INBOX",
  arrivedAt: now + 1000,
  authentication: "",
  isRead: false,
  ...more,
});
const many = (count: number, state: EntryState, more: Partial<Entry> = {}): Entry[] =>
  Array.from({ length: count }, () => entry(state, more));
const run = (entries: readonly Entry[], more: Partial<Run> = {}): Run => ({
  id: "r",
  tenant: "shop",
  stream: "news",
  campaign: "may",
  domain: "shop.test",
  probe: "",
  startedAt: now - 1000,
  endedAt: now,
  entries,
  owner: "",
  heldUntil: 0,
  ...more,
});

test("a mailbox is looked into after 1, 5, 15, 60 and 240 minutes; what is nowhere then is missing", () => {
  const times: number[] = [];
  let one = sent;
  for (let at = nextLook(one); at !== undefined; at = nextLook(one)) {
    times.push((at - now) / minute);
    one = afterLook(one, { found: undefined });
  }
  assert.deepEqual(times, [1, 5, 15, 60, 240]);
  assert.equal(one.state, "missing");
  assert.equal(nextLook(entry("waiting")), undefined);
});

test("where a letter was first found counts; a mailbox that cannot be opened says nothing", () => {
  const junk = afterLook(sent, { found: found("junk", { folder: "Spam", authentication: "spf=pass" }) });
  assert.deepEqual([junk.state, junk.folder, junk.authentication], ["junk", "Spam", "spf=pass"]);
  assert.equal(afterLook(junk, { found: found("inbox") }).state, "junk");
  let shut = sent;
  for (let look = 0; look < 5; look++) shut = afterLook(shut, { trouble: "It does not answer." });
  assert.deepEqual([shut.state, shut.why], ["unknown", "It does not answer."]);
});

test("a mailbox that somebody uses measures nothing any more", () => {
  assert.match(spoiledBy(entry("junk"), found("inbox"))!, /taken out of its junk/);
  assert.match(spoiledBy(entry("inbox"), found("inbox", { isRead: true }))!, /opened/);
  assert.equal(spoiledBy(entry("junk"), found("junk")), undefined);
});

const sums: readonly [name: string, entries: readonly Entry[], said: RegExp][] = [
  ["nothing", [], /^not measured$/],
  ["on the way", many(2, "waiting"), /^2 on the way$/],
  [
    "few",
    [...many(2, "inbox"), entry("junk")],
    /^2 of 3 in the inbox \(between 21 and 94 %\), 1 in junk, fewer than 10/,
  ],
  [
    "tabs are in the inbox",
    [...many(9, "inbox"), ...many(3, "tab")],
    /^12 of 12 .*between 76 and 100 %\), 3 behind a tab$/,
  ],
  ["refused is no placement", [...many(10, "inbox"), ...many(5, "refused")], /^10 of 10 .*5 refused$/],
  ["missing", [...many(6, "inbox"), ...many(4, "missing")], /^6 of 10 .*31 and 83 %\), 4 missing$/],
];
for (const [name, entries, said] of sums) test(`said of ${name}`, () => assert.match(saidOf(sumOf(entries)), said));

test("a trend is one where the intervals have nothing in common", () => {
  const before = run([...many(20, "inbox")], { startedAt: now - 10 * day });
  const trend = (entries: readonly Entry[]) => placementsOf([run(entries), before], now)[0]!.trend;
  assert.equal(trend([...many(4, "inbox"), ...many(16, "junk")]), "worse");
  assert.equal(trend([...many(17, "inbox"), ...many(3, "junk")]), "same");
  assert.equal(trend(many(3, "junk")), "unknown");
});

test("a hint goes by the tenant's own seeds, or by all where those are too few", () => {
  const own = run([...many(2, "inbox"), ...many(2, "junk")]);
  const others = run(many(9, "inbox"), { tenant: "other" });
  assert.equal(hintFor("gmail", [own, others], "shop", now).hint, "look-in-junk");
  assert.equal(hintFor("gmail", [own, others], "other", now).hint, "none");
  assert.equal(hintFor("gmail", [own], "third", now).hint, "look-in-junk");
  assert.equal(hintFor("yahoo", [own, others], "shop", now).hint, "unknown");
  assert.equal(hintFor("gmail", [own], "shop", now + 8 * day).hint, "unknown");
});

test("a plan hears of the latest run with ten seeds, and of how many were poor in a row", () => {
  const poor = (startedAt: number) => run([...many(1, "inbox"), ...many(9, "junk")], { startedAt });
  const about = { scope: "domain", subject: "shop.test", provider: "gmail" } as const;
  assert.deepEqual(signalOf([poor(now - 1), poor(now - day)], about, now), { inbox: 1, seen: 10, poorRuns: 2 });
  assert.equal(signalOf([poor(now - 1), run(many(10, "inbox"))], about, now)?.poorRuns, 1);
  assert.equal(signalOf([run(many(9, "junk"))], about, now), undefined);
  assert.equal(signalOf([poor(now - 8 * day)], about, now), undefined);
  assert.equal(signalOf([poor(now)], { ...about, subject: "other.test" }, now), undefined);
  const bySource = run([...many(10, "inbox", { source: "a" }), ...many(10, "junk", { source: "b" })]);
  const of = (subject: string) => signalOf([bySource], { scope: "source", subject, provider: "gmail" }, now)?.inbox;
  assert.deepEqual([of("a"), of("b"), of("c")], [10, 0, undefined]);
});

test("thirty seeds of a provider get a letter at most", () => {
  const all = Array.from({ length: 80 }, (_, index) => ({ provider: index < 70 ? "gmail" : "yahoo", index }));
  const some = chosen(all, () => 0.4);
  assert.deepEqual([some.length, new Set(some).size], [40, 40]);
});

const folders: readonly [
  path: string,
  specialUse: string | undefined,
  flags: readonly string[],
  role: string | undefined,
][] = [
  ["inbox", undefined, [], "inbox"],
  ["[Gmail]/Spam", "\\Junk", [], "junk"],
  ["Bulk Mail", undefined, [], "junk"],
  ["INBOX.Spamverdacht", undefined, [], "junk"],
  ["Newsletters", undefined, [], "elsewhere"],
  ["[Gmail]/All Mail", "\\All", [], "elsewhere"],
  ["Sent", "\\Sent", [], undefined],
  ["[Gmail]", undefined, ["\\Noselect"], undefined],
];
for (const [path, specialUse, flags, role] of folders)
  test(`the folder ${path} is ${role ?? "not looked into"}`, () => {
    const given = { path, flags: new Set(flags), delimiter: path.includes("/") ? "/" : ".", specialUse };
    assert.equal(roleOf(given as never), role);
  });

test("what the receiver says of our authentication, in three words", () => {
  const said =
    "mx.test; dkim=pass header.i=@shop.test; spf=softfail (mx.test: x=y) smtp.mailfrom=a@shop.test; dmarc=pass (p=NONE) header.from=shop.test";
  assert.equal(wordsOfResults(said), "dkim=pass spf=softfail dmarc=pass");
});

test("a letter of a campaign is for the seed alone, and its recipient's link is not in it", () => {
  const letter =
    "From: a@shop.test\r\nTo: Anna <anna@x.test>\r\nCc: b@x.test\r\nSubject: Hi\r\nList-Unsubscribe: <https://x.test/1>,\r\n <mailto:u@x.test>\r\n\r\nTo: all\r\n";
  assert.equal(
    letterLike(Buffer.from(letter), "seed@gmail.test").toString(),
    "To: <seed@gmail.test>\r\nFrom: a@shop.test\r\nSubject: Hi\r\n\r\nTo: all\r\n",
  );
  const mac = (text: string) => Buffer.from(text.padEnd(32, "."));
  assert.notEqual(markOf("r1", "a", mac), markOf("r1", "b", mac));
});

test("what opens a mailbox or a postmaster page is not in the audit log", () => {
  const given = {
    name: "gmail-1",
    password: "hidden",
    oauthFile: '{"refreshToken":"hidden"}',
    oauth: { refreshToken: "hidden", tokenUrl: "https://x.test" },
    keyFile: "hidden",
    key: "hidden",
    refreshTokenFile: "hidden",
    clientSecretFile: "hidden",
  };
  assert.doesNotMatch(JSON.stringify(withoutSecrets(given)), /hidden/);
  assert.match(JSON.stringify(withoutSecrets(given)), /gmail-1/);
});
