import assert from "node:assert/strict";
import { test } from "node:test";
import { verifiedNow } from "../assemble/domain-watch.ts";
import { shippedShaping } from "../shape/shipped.ts";
import { newPlan, type Plan } from "../warm/plan.ts";
import { blockedEvent, warmupEvents } from "./happenings.ts";
import { ShapingBook } from "./limits.ts";
import { emptyModel } from "./model.ts";
import { schemas } from "./schema.ts";

const plan = newPlan({ scope: "source", subject: "mta1", provider: "gmail", profile: "normal", target: 5000 });
const model = { ...emptyModel, domain: new Map([["shop.test", schemas.domain.parse({ tenant: "shop" })]]) };
const told = (before: Partial<Plan>, after: Partial<Plan>) =>
  warmupEvents({ ...plan, ...before }, { ...plan, ...after }, { at: 5, model });

test("a warm-up's level, pause and end are told, and nothing else of it", () => {
  assert.deepEqual(told({}, { greenDays: 1, because: "one more" }), []);
  const [level, ...none] = told({ state: "warming" }, { state: "warming", level: 1, because: "green" });
  assert.deepEqual(none, []);
  assert.deepEqual([level?.type, level?.tenant], ["warmup-level", ""]);
  assert.deepEqual(level?.detail, {
    scope: "source",
    subject: "mta1",
    provider: "gmail",
    because: "green",
    level: 2,
    before: 1,
    levels: plan.levels.length,
    cap: 200,
  });
  const paused = told({ level: 3 }, { state: "paused", level: 1, pausedUntil: 0, needsPerson: true });
  assert.deepEqual(
    paused.map(({ type }) => type),
    ["warmup-level", "warmup-paused"],
  );
  assert.deepEqual(paused[1]?.detail["until"], "1970-01-01T00:00:00.000Z");
  assert.deepEqual(
    told({ state: "warming" }, { state: "warm" }).map(({ type }) => type),
    ["warmup-completed"],
  );
  const ofDomain = { scope: "domain", subject: "shop.test" } as const;
  assert.equal(told(ofDomain, { ...ofDomain, level: 1 })[0]?.tenant, "shop");
});

test("a source that a provider blocks is told of once, until it is free again", () => {
  const shaping = shippedShaping();
  let now = 1_000_000;
  const events: unknown[] = [];
  const book = new ShapingBook(
    shaping,
    () => now,
    (one) => void events.push(blockedEvent(one, now)),
  );
  const rule = shaping.rules.find(({ id }) => id === "yahoo-complaints")!;
  const parties = { source: "mta1", domain: "", tenant: "", campaign: "", provider: "yahoo" };
  for (let n = 0; n < 3; n++) book.hit(rule, parties, "421 4.7.0 [TSS04] Messages temporarily deferred");
  assert.equal(events.length, 1);
  const [{ type, detail }] = events as [ReturnType<typeof blockedEvent>];
  assert.deepEqual([type, detail["source"], detail["provider"], detail["rule"]], ["blocked", "mta1", "yahoo", rule.id]);
  now += 24 * 3_600_000;
  book.hit(rule, parties, "421 4.7.0 [TSS04] Messages temporarily deferred");
  assert.equal(events.length, 2);
});

test("a domain is verified when its mail can go, and fails when it cannot any more", () => {
  assert.equal(verifiedNow(undefined, "good"), true);
  assert.equal(verifiedNow("broken", "works"), true);
  assert.equal(verifiedNow("good", "broken"), false);
  for (const [before, now] of [
    ["good", "works"],
    ["good", "unknown"],
    [undefined, "broken"],
    ["broken", "broken"],
  ] as const)
    assert.equal(verifiedNow(before, now), undefined);
});
