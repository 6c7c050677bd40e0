import assert from "node:assert/strict";
import { test } from "node:test";
import { calm, cancel, hit, limitsNow, type Parties, type ShapingState } from "./overrides.ts";
import { classifyReply, limitsOf } from "./shaping.ts";
import { shippedShaping } from "./shipped.ts";

const shaping = shippedShaping();
const minute = 60_000;
const start = 1_800_000_000_000;
const to = (provider: string, change: Partial<Parties> = {}): Parties => ({
  source: "mta1",
  domain: "shop.test",
  tenant: "shop",
  campaign: "spring",
  provider,
  ...change,
});

function hear(state: ShapingState, parties: Parties, reply: string, at: number) {
  const { rule } = classifyReply(shaping, parties.provider, reply);
  assert.ok(rule !== undefined);
  return hit(state, rule, parties, reply, at);
}
const now = (state: ShapingState, parties: Parties, at: number) =>
  limitsNow(limitsOf(shaping, parties.provider), state, parties, at);

const gmailRate = "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address";

test("the first hit slows down, the second within the hour suspends, and both end", () => {
  const gmail = to("gmail");
  const first = hear(calm, gmail, gmailRate, start);
  assert.equal(now(first.state, gmail, start).perSecond, 10);
  assert.equal(now(first.state, gmail, start).suspended, undefined);
  assert.deepEqual(first.effects, [{ kind: "warm-up", do: "hold", scope: "source", rule: "gmail-rate-address" }]);
  const second = hear(first.state, gmail, gmailRate, start + 10 * minute);
  const limits = now(second.state, gmail, start + 10 * minute);
  assert.equal(limits.suspended?.until, start + 70 * minute);
  assert.equal(limits.because[0]!.rule, "gmail-rate-address");
  assert.match(limits.because[0]!.sample, /unusual rate/);
  assert.equal(limits.perSecond, 5);
  assert.equal(now(second.state, gmail, start + 71 * minute).suspended, undefined);
});

test("speed comes back a tenth at a time, after half an hour of silence", () => {
  const gmail = to("gmail");
  const { state } = hear(calm, gmail, gmailRate, start);
  const speeds = [0, 29, 30, 45, 60, 90, 120].map((minutes) => now(state, gmail, start + minutes * minute).perSecond);
  assert.deepEqual(speeds, [10, 10, 12, 14, 16, 20, 20]);
});

test("two hits of an hour ago and now do not suspend", () => {
  const gmail = to("gmail");
  const first = hear(calm, gmail, gmailRate, start);
  const second = hear(first.state, gmail, gmailRate, start + 61 * minute);
  assert.equal(now(second.state, gmail, start + 61 * minute).suspended, undefined);
});

test("a reply about the domain slows the domain, on every source, and no other domain", () => {
  const reply = "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail containing one of your DKIM domains";
  const { state } = hear(
    calm,
    to("gmail"),
    reply.replace("containing one of your DKIM domains", "from your DKIM domain"),
    start,
  );
  assert.equal(now(state, to("gmail", { source: "mta2" }), start).perSecond, 10);
  assert.equal(now(state, to("gmail", { domain: "other.test" }), start).perSecond, 20);
  assert.equal(now(state, to("yahoo"), start).perSecond, 10);
});

test("a block suspends the source, pauses its warm-up and says what to do", () => {
  const reply =
    "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3150).";
  const { state, effects } = hear(calm, to("microsoft-consumer"), reply, start);
  assert.equal(now(state, to("microsoft-consumer"), start).suspended?.until, start + 120 * minute);
  assert.deepEqual(effects.map(({ kind }) => kind).sort(), ["alert", "warm-up"]);
  assert.ok(effects.some((effect) => effect.kind === "alert" && effect.fix?.includes("removal")));
});

test("full and unknown mailboxes touch no limit", () => {
  for (const reply of ["550 5.1.1 no such user", "452 4.2.2 mailbox full"]) {
    const { state, effects } = hear(calm, to("other"), reply, start);
    assert.deepEqual([state.overrides, effects], [[], []]);
  }
});

test("connections fall to one, never to none", () => {
  const { state } = hear(calm, to("microsoft-consumer"), "421 4.7.0 exceeded the maximum number of connections", start);
  assert.equal(now(state, to("microsoft-consumer"), start).connections, 1);
  let slow = calm;
  for (let count = 0; count < 40; count++) slow = hear(slow, to("gmail"), gmailRate, start + count).state;
  assert.equal(now(slow, to("gmail"), start + 40).totalConnections, 1);
});

test("a person takes an override back", () => {
  const { state } = hear(calm, to("yahoo"), "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred", start);
  assert.equal(now(cancel(state, state.overrides[0]!), to("yahoo"), start).suspended, undefined);
});
