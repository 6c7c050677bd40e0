/** Deliveries that are alike are counted together: none is lost, and none counted to another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { reply } from "../../protocol/smtp/reply.ts";
import type { Outcome } from "../send/classify.ts";
import type { Path } from "../send/site.ts";
import { shippedShaping } from "../shape/shipped.ts";
import type { QueuedMessage, QueuedRecipient } from "../store/store.ts";
import { Hearing, type HearingParts } from "./hear.ts";

const letter = {
  tenant: "shop",
  stream: "notices",
  author: "shop.test",
  envelopeFrom: "news@shop.test",
  counted: true,
};
const delivered: Outcome = { kind: "delivered", reply: reply(250, "2.0.0", "taken") };
const failed: Outcome = { kind: "failed", why: "recipient", reply: reply(550, "5.1.1", "No such user") };

function opened() {
  const noted: string[] = [];
  const parts = {
    shaping: shippedShaping(),
    warmups: {
      counts: () => true,
      book: {
        note: (parties: { source: string; domain: string }, counts: { attempts: number; delivered: number }) =>
          noted.push(`warm ${parties.source} ${parties.domain} ${counts.delivered} of ${counts.attempts}`),
      },
    },
    limits: { hit: () => [] },
    suppression: { row: () => ({}) },
    conduct: {
      note: ({ tenant }: QueuedMessage, kind: string, count: number) => noted.push(`${tenant} ${kind} ${count}`),
    },
    interest: {
      delivered: (_: QueuedMessage, { domain }: { domain: string }, count: number) =>
        noted.push(`${domain} came ${count}`),
    },
    now: () => 0,
  } as unknown as HearingParts;
  const hearing = new Hearing(parts);
  const hear = (outcomes: readonly Outcome[], message: object = {}, source = "mta1") =>
    hearing.heard(
      { ...letter, ...message } as QueuedMessage,
      outcomes.map((_, n) => ({ address: `u${n}@gmail.com`, domain: "gmail.com" }) as QueuedRecipient),
      outcomes,
      { provider: "gmail", egress: { name: source } } as Path,
    );
  return { hear, hearing, noted };
}

test("deliveries of one turn that are alike are one entry in each book", async () => {
  const { hear, noted } = opened();
  for (let n = 0; n < 5; n++) assert.deepEqual(hear([delivered, delivered]).outcomes, [delivered, delivered]);
  assert.deepEqual(noted, []);
  await turn();
  assert.deepEqual(noted, ["warm mta1 shop.test 10 of 10", "shop delivered 10", "shop.test came 10"]);
  hear([delivered]);
  await turn();
  assert.deepEqual(noted.slice(3), ["warm mta1 shop.test 1 of 1", "shop delivered 1", "shop.test came 1"]);
});

const others: readonly [name: string, message: object, source?: string][] = [
  ["another tenant's", { tenant: "club" }],
  ["another author's", { author: "club.test" }],
  ["of a campaign", { campaign: "spring" }],
  ["whose opens are not counted", { counted: undefined }],
  ["by another source", {}, "mta2"],
  ["of no author that is known", { author: undefined, envelopeFrom: "x@other.test" }],
];
for (const [name, message, source] of others)
  test(`one ${name} is counted by itself`, async () => {
    const { hear, hearing, noted } = opened();
    hear([delivered]);
    hear([delivered], message, source);
    hear([delivered]);
    hearing.settle();
    const warmed = noted.filter((one) => one.startsWith("warm"));
    assert.equal(warmed.length, 3);
    assert.ok(warmed.every((one) => one.endsWith(" 1 of 1")));
    await turn();
    assert.equal(noted.length, 9);
  });

test("what went well is counted before what did not", () => {
  const { hear, noted } = opened();
  hear([delivered]);
  hear([delivered, failed]);
  assert.deepEqual(noted, [
    "warm mta1 shop.test 1 of 1",
    "shop delivered 1",
    "shop.test came 1",
    "warm mta1 shop.test 1 of 2",
    "shop delivered 1",
    "shop.test came 1",
    "shop hard 1",
  ]);
});
