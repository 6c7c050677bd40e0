import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyModel, type Model } from "./model.ts";
import { throttlesFor, warmupsOf, whyWaits } from "./own-part.ts";
import { schemas } from "./schema.ts";
import type { Throttle, WarmupStatus } from "./status.ts";

const model: Model = {
  ...emptyModel,
  source: new Map(["a", "b", "c"].map((name) => [name, schemas.source.parse({})])),
  pool: new Map([
    ["new", schemas.pool.parse({ sources: ["a"], overflow: "warm" })],
    ["warm", schemas.pool.parse({ sources: ["b"] })],
    ["others", schemas.pool.parse({ sources: ["c"] })],
  ]),
  stream: new Map([
    ["news", schemas.stream.parse({ kind: "marketing", pool: "new" })],
    ["bank/own", schemas.stream.parse({ kind: "marketing", pool: "others" })],
  ]),
  tenant: new Map([
    ["shop", schemas.tenant.parse({})],
    ["late", schemas.tenant.parse({ state: "paused", reason: "12 of 200 were addresses that do not exist" })],
  ]),
  domain: new Map([["shop.test", schemas.domain.parse({ tenant: "shop" })]]),
  campaign: new Map([["shop/autumn", schemas.campaign.parse({ state: "stopped", reason: "complaints" })]]),
};

const warmup = (scope: "source" | "domain", subject: string, state: string, used = 0, cap = 100): WarmupStatus =>
  ({
    scope,
    subject,
    providers: [{ provider: "gmail", state, step: 3, steps: 16, because: "rule x", today: { used, cap } }],
  }) as unknown as WarmupStatus;
const throttle = (scope: string, subject: string, more: Partial<Throttle> = {}): Throttle =>
  ({ scope, subject, provider: "gmail", suspended: false, because: "421 slow down", ...more }) as Throttle;

test("a tenant sees the warm-ups of the addresses that carry its mail, and of its own domains", () => {
  const all = ["a", "b", "c"].map((name) => warmup("source", name, "warming"));
  const domains = ["shop.test", "bank.test"].map((name) => warmup("domain", name, "warming"));
  const seen = (tenant: string) => warmupsOf(model, tenant, [...all, ...domains]).map(({ subject }) => subject);
  assert.deepEqual(seen("shop"), ["a", "b", "shop.test"]);
  assert.deepEqual(seen("bank"), ["a", "b", "c"]);
});

test("and what is slowed for its sake, not for others'", () => {
  const all = [
    throttle("source", "a"),
    throttle("source", "c"),
    throttle("domain", "shop.test"),
    throttle("domain", "bank.test"),
    throttle("tenant", "bank"),
    throttle("campaign", "shop/autumn"),
    throttle("campaign", "shopping/autumn"),
  ];
  assert.deepEqual(
    throttlesFor(model, "shop", all).map(({ subject }) => subject),
    ["a", "shop.test", "shop/autumn"],
  );
});

type Case = readonly [
  name: string,
  tenant: string,
  campaign: string,
  provider: string,
  warmups: readonly WarmupStatus[],
  throttles: readonly Throttle[],
  expected: RegExp,
];
const cases: readonly Case[] = [
  ["the tenant is paused", "late", "", "gmail", [], [], /^Marketing is paused: 12 of 200/],
  ["the campaign is stopped", "shop", "autumn", "gmail", [], [], /^The campaign is stopped: complaints$/],
  ["it has just come in", "shop", "", "", [], [], /just come in/],
  [
    "the address is suspended",
    "shop",
    "",
    "gmail",
    [warmup("source", "a", "warming")],
    [throttle("source", "a", { suspended: true })],
    /^Gmail takes nothing from the address a for now: 421 slow down$/,
  ],
  [
    "the warm-up is paused",
    "shop",
    "",
    "gmail",
    [warmup("source", "a", "paused")],
    [],
    /warm-up of a at Gmail is paused: rule x/,
  ],
  ["today's share is sent", "shop", "", "gmail", [warmup("source", "a", "warming", 100)], [], /today \(100\) is sent/],
  ["it is paced", "shop", "", "gmail", [warmup("source", "a", "warming", 10)], [], /step 3 of 16/],
  ["slowed", "shop", "", "gmail", [warmup("source", "a", "warm")], [throttle("source", "a")], /more slowly: 421/],
  [
    "of other addresses nothing is said",
    "shop",
    "",
    "gmail",
    [warmup("source", "c", "paused")],
    [],
    /^It waits for its turn/,
  ],
];
for (const [name, tenant, campaign, provider, warmups, throttles, expected] of cases)
  test(`why mail waits: ${name}`, () => {
    const waiting = { stream: "news", campaign, provider };
    assert.match(whyWaits(model, tenant, waiting, { warmups, throttles, title: "Gmail" }), expected);
  });
