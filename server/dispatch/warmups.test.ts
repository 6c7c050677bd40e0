/** Warm-ups over a store that may be read again at any moment: no quota twice, no counter lost, and a sentence that says how it stands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet } from "../base/log.ts";
import { shippedShaping } from "../shape/shipped.ts";
import type { NewSendingEvent, QuotaAsk, SendingRow } from "../store/sending.ts";
import { dayMs } from "../warm/plan.ts";
import { ShapingBook } from "./limits.ts";
import { type Model, readModelFile } from "./model.ts";
import { throttlesOf, warmupStatus } from "./status.ts";
import { Warmups } from "./warmups.ts";

const shaping = shippedShaping();
const parties = { source: "new", domain: "shop.test", provider: "gmail", tenant: "", campaign: "" };

function fakeStore() {
  const rows = new Map<string, string>();
  const quotas = new Map<string, { day: number; used: number }>();
  return {
    quotas,
    failing: false,
    async sendingRows(kinds: readonly string[]): Promise<readonly SendingRow[]> {
      return [...rows].flatMap(([key, text]) => {
        const [kind = "", name = ""] = key.split("\n");
        return kinds.includes(kind) ? [{ kind, name, value: JSON.parse(text) as unknown }] : [];
      });
    },
    told: [] as string[],
    async putSendingRows(put: readonly SendingRow[], events: readonly NewSendingEvent[] = []) {
      if (this.failing) throw new Error("the disk is full");
      this.told.push(...events.map(({ recipient }) => recipient));
      for (const { kind, name, value } of put)
        if (value === undefined) rows.delete(`${kind}\n${name}`);
        else rows.set(`${kind}\n${name}`, JSON.stringify(value));
    },
    async quotasUsed(day: number) {
      return [...quotas].flatMap(([key, one]) => (one.day === day ? [{ key, used: one.used }] : []));
    },
    async takeQuota(asks: readonly QuotaAsk[]) {
      if (this.failing) throw new Error("the disk is full");
      return asks.map(({ keys, day, count }) => {
        let room = count;
        for (const { key, cap } of keys) {
          const known = quotas.get(key);
          if (known === undefined || known.day < day) quotas.set(key, { day, used: 0 });
          if (count > 0) room = Math.min(room, Math.max(0, cap - quotas.get(key)!.used));
        }
        for (const { key } of keys) quotas.get(key)!.used = Math.max(0, quotas.get(key)!.used + room);
        return room;
      });
    },
  };
}

const modelOfText = (text: string): Model => {
  const read = readModelFile(text);
  assert.ok(read.kind === "ok");
  return read.model;
};
const model = modelOfText('[source.new]\nwarmup = "normal"\ntargets = { gmail = 5000, yahoo = 1000 }');

const start = Date.UTC(2026, 0, 1);
/** A life of a node: what it sent is counted outside of it. */
async function life(store: ReturnType<typeof fakeStore>, clock: { now: number }): Promise<Warmups> {
  const warmups = new Warmups({ store, shaping, now: () => clock.now, log: quiet });
  await warmups.load();
  warmups.follow(model);
  return warmups;
}

/** Sends all that one day allows, minute by minute, within some hours. */
async function sendDay(warmups: Warmups, clock: { now: number }, hours: number): Promise<number> {
  let sent = 0;
  const end = clock.now + hours * 3_600_000;
  for (; clock.now < end; clock.now += 60_000)
    for (let more = true; more; ) {
      const ticket = await warmups.ticket(parties, 2);
      more = ticket.granted;
      if (more) sent++;
    }
  return sent;
}

test("a day's quota is spent over its hours, and no more of it however often the node dies", async () => {
  const store = fakeStore();
  const clock = { now: start };
  let sent = await sendDay(await life(store, clock), clock, 3);
  assert.ok(sent > 10 && sent <= 3 * 8 + 2, `${sent} in three hours`);
  // Dies without keeping anything, again and again.
  for (let death = 0; death < 12; death++) sent += await sendDay(await life(store, clock), clock, 1);
  const warmups = await life(store, clock);
  sent += await sendDay(warmups, clock, 9);
  assert.ok(sent <= 100, `${sent} of 100`);
  assert.ok(sent >= 70, `${sent} of 100: too much was lost`);
  assert.equal(store.quotas.get("source/new/gmail")?.used, 90);
  const next = await sendDay(warmups, clock, 5);
  assert.ok(next > 20 && next <= 42, `${next} the day after`);
});

test("two nodes share one quota", async () => {
  const store = fakeStore();
  const clock = { now: start };
  const [one, other] = [await life(store, clock), await life(store, clock)];
  let sent = 0;
  for (let hour = 0; hour < 24; hour++) {
    const before = clock.now;
    sent += await sendDay(one, clock, 1);
    clock.now = before;
    sent += await sendDay(other, clock, 1);
  }
  assert.ok(sent > 80 && sent <= 100, `${sent} of 100`);
});

test("what was counted is there after a restart, and what was reserved and not used is given back", async () => {
  const store = fakeStore();
  const clock = { now: start };
  const warmups = await life(store, clock);
  const first = await Promise.all([warmups.ticket(parties, 1), warmups.ticket(parties, 1)]);
  assert.deepEqual(
    first.map(({ granted }) => granted),
    [true, true],
  );
  warmups.book.note(parties, { attempts: 2, delivered: 1, hardBounces: 1 }, clock.now);
  warmups.refund(parties, 1);
  await warmups.passTime(true);
  assert.equal(store.quotas.get("source/new/gmail")?.used, 1);
  await warmups.keep();
  const account = (await life(store, clock)).book.account("source", "new", "gmail")!;
  assert.deepEqual([account.today.attempts, account.today.hardBounces, account.use.used], [2, 1, 1]);
});

test("who is not eager enough waits until a later day; a store in trouble grants nothing", async () => {
  const store = fakeStore();
  const warmups = await life(store, { now: start });
  const stranger = await warmups.ticket(parties, 5);
  assert.ok(!stranger.granted && stranger.until === start + dayMs && /too new/.test(stranger.because));
  store.failing = true;
  const refused = await warmups.ticket(parties, 1);
  assert.ok(!refused.granted && /store/.test(refused.because));
});

test("exceeding is bounded over restarts too, and taints the day", async () => {
  const store = fakeStore();
  let count = 0;
  for (const most of [7, 1000, 1000]) {
    // What ends without a word has used what it reserved.
    const warmups = await life(store, { now: start });
    for (let some = 0; some < most && (await warmups.exceed(parties)); some++) count++;
    assert.equal(warmups.book.account("source", "new", "gmail")?.tainted, true);
  }
  assert.ok(count > 15 && count <= 20, `${count}`);
  const tomorrow = await life(store, { now: start + dayMs });
  assert.equal(await tomorrow.exceed(parties), true);
});

test("what is told of a plan is kept with it, once", async () => {
  const store = fakeStore();
  const clock = { now: start };
  const warmups = new Warmups({
    store,
    shaping,
    now: () => clock.now,
    log: quiet,
    eventsOf: (before, after) => [
      {
        at: 0,
        type: "warmup-level",
        tenant: "",
        stream: "",
        campaign: "",
        message: "",
        recipient: `${before.level} ${after.level}`,
        detail: {},
      },
    ],
  });
  warmups.follow(model);
  await warmups.keep();
  warmups.book.note(parties, { attempts: 100, delivered: 100 }, clock.now);
  clock.now += dayMs;
  await warmups.passTime();
  store.failing = true;
  await assert.rejects(warmups.keep());
  store.failing = false;
  await Promise.all([warmups.keep(), warmups.keep()]);
  assert.deepEqual(
    store.told.filter((change) => change !== "0 0"),
    ["0 1"],
  );
});

test("plans follow the settings, and settings never raise what is shown", async () => {
  const store = fakeStore();
  const clock = { now: start };
  const warmups = await life(store, clock);
  for (let day = 0; day < 3; day++) {
    const { plan } = warmups.book.account("source", "new", "gmail")!;
    const cap = plan.levels[plan.level]!;
    warmups.book.note(parties, { attempts: cap, delivered: cap }, clock.now);
    clock.now += dayMs;
    await warmups.passTime();
  }
  const shown = () => warmupStatus(warmups.book, shaping, [], warmups.ceilings(), clock.now)[0]!;
  const before = shown().percent;
  assert.ok(before > 0 && before < 60, `${before} %`);
  // Without the provider that nobody has proven the mean would rise.
  warmups.follow(modelOfText('[source.new]\nwarmup = "normal"\ntargets = { gmail = 5000 }'));
  assert.equal(shown().percent, before);
  await warmups.keep();
  const again = new Warmups({ store, shaping, now: () => clock.now, log: quiet });
  await again.load();
  assert.equal(warmupStatus(again.book, shaping, [], again.ceilings(), clock.now)[0]!.percent, before);
  warmups.follow(modelOfText("[source.new]\n"));
  assert.deepEqual([...warmups.book.accounts()], []);
});

test("one sentence tells how it stands, what holds it up, and what to do", async () => {
  const clock = { now: start + 10 * 3_600_000 };
  const warmups = await life(fakeStore(), clock);
  const limits = new ShapingBook(shaping, () => clock.now);
  const rule = shaping.rules.find(({ id }) => id === "yahoo-complaints")!;
  limits.hit(rule, { ...parties, provider: "yahoo" }, "421 4.7.0 [TSS04] Messages temporarily deferred");
  const [status] = warmupStatus(
    warmups.book,
    shaping,
    throttlesOf(limits.overrides(), shaping),
    warmups.ceilings(),
    clock.now,
  );
  assert.equal(status?.summary, "0 % warm; Gmail step 0 of 7, Yahoo paused until 12:00 UTC because of TSS04");
  const yahoo = status.providers.find(({ provider }) => provider === "yahoo")!;
  assert.match(yahoo.advice ?? "", /domain check/);
  assert.equal(yahoo.throttles.length, 1);
  // Without a code of the provider's own its numbers say it; words are not cut in the middle unseen.
  const long = "try again later: the rate of mail from this address is more than we are used to and then some";
  for (const [said, shown] of [
    ["421 4.7.28 Our system has detected an unusual rate of mail", "421 4.7.28"],
    [long, `${long.slice(0, 79)}…`],
    ["not now for <bob@far.test>", "not now for <…>"],
  ] as const) {
    const others = new ShapingBook(shaping, () => clock.now);
    others.hit(rule, { ...parties, provider: "yahoo" }, said);
    const throttles = throttlesOf(others.overrides(), shaping);
    const [other] = warmupStatus(warmups.book, shaping, throttles, warmups.ceilings(), clock.now);
    assert.equal(other?.summary.split(", ").at(-1), `Yahoo paused until 12:00 UTC because of ${shown}`);
  }
  // Kept across a restart.
  const kept = new ShapingBook(shaping, () => clock.now);
  kept.load(JSON.parse(JSON.stringify(limits.keep())) as SendingRow);
  assert.deepEqual(kept.overrides(), JSON.parse(JSON.stringify(limits.overrides())));
  assert.equal(kept.suspended({ ...parties, provider: "yahoo" })?.until, clock.now + 2 * 3_600_000);
  clock.now += 3 * 3_600_000;
  assert.equal(kept.suspended({ ...parties, provider: "yahoo" }), undefined);
});

test("a site that nothing is known of gets its few of the day, whoever asks and however often the node dies", async () => {
  const store = fakeStore();
  const clock = { now: start + 20 * 3_600_000 };
  const others = modelOfText('[source.new]\nwarmup = "normal"\ntargets = { other = 50000 }');
  const begin = async (): Promise<Warmups> => {
    const warmups = new Warmups({ store, shaping, now: () => clock.now, log: quiet, perSite: 20 });
    await warmups.load();
    warmups.follow(others);
    return warmups;
  };
  const other = { ...parties, provider: "other" };
  const got = async (warmups: Warmups, site: string, asked: number): Promise<number> => {
    let count = 0;
    for (let n = 0; n < asked; n++, clock.now += 60_000) if ((await warmups.ticket(other, 1, site)).granted) count++;
    return count;
  };
  const first = await begin();
  assert.equal(await got(first, "mx.small.test", 7), 7);
  // What was reserved and not used dies with it.
  const second = await begin();
  assert.equal(await got(second, "mx.small.test", 25), 10);
  assert.equal(await got(second, "mx.tiny.test", 3), 3);
  second.refund(other, 1, "mx.tiny.test");
  const refused = await second.ticket(other, 1, "mx.small.test");
  assert.ok(!refused.granted);
  assert.match(refused.because, /sends 20 messages a day to a site that nothing is known of \(mx\.small\.test\)/);
  assert.equal(refused.until, start + dayMs);
  // What the sites refuse costs nothing of the plan.
  assert.ok((second.book.account("source", "new", "other")?.use.used ?? 0) < 30);
  clock.now = start + dayMs + 12 * 3_600_000;
  assert.equal(await got(second, "mx.small.test", 25), 20);
});
