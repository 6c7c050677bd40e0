import assert from "node:assert/strict";
import { test } from "node:test";
import type { SendingEvent, SendingEventType } from "../store/sending.ts";
import { allTypes, currentTypes, toldEvent, typeOf } from "./event-types.ts";

/** What the specification of sending names. */
const promised =
  `email.accepted email.queued email.held email.deferred email.delivered email.bounced email.bounced_late email.complained
  email.unsubscribed email.suppressed email.expired email.opened email.clicked email.rejected domain.verified domain.failed tenant.limited
  tenant.paused campaign.stopped warmup.level_changed warmup.paused warmup.completed source.blocked`.split(/\s+/);

const cases: readonly [type: SendingEventType, detail: SendingEvent["detail"], told: string][] = [
  ["accepted", {}, "email.accepted"],
  ["rejected", {}, "email.rejected"],
  ["held", {}, "email.held"],
  ["queued", {}, "email.queued"],
  ["deferred", {}, "email.deferred"],
  ["delivered", {}, "email.delivered"],
  ["bounced", {}, "email.bounced"],
  ["bounced-late", {}, "email.bounced_late"],
  ["expired", {}, "email.expired"],
  ["complained", {}, "email.complained"],
  ["not-spam", {}, "email.not_spam"],
  ["unsubscribed", {}, "email.unsubscribed"],
  ["opened", {}, "email.opened"],
  ["clicked", {}, "email.clicked"],
  ["suppressed", {}, "email.suppressed"],
  ["paused", { state: "limited" }, "tenant.limited"],
  ["paused", { state: "paused" }, "tenant.paused"],
  ["paused", { state: "suspended" }, "tenant.paused"],
  ["resumed", { state: "active" }, "tenant.resumed"],
  ["paused", { campaign: true, state: "paused" }, "campaign.paused"],
  ["paused", { campaign: true, state: "stopped" }, "campaign.stopped"],
  ["paused", { campaign: true }, "campaign.stopped"],
  ["resumed", { campaign: true, state: "sending" }, "campaign.resumed"],
  ["warmup-level", {}, "warmup.level_changed"],
  ["warmup-paused", {}, "warmup.paused"],
  ["warmup-completed", {}, "warmup.completed"],
  ["blocked", {}, "source.blocked"],
  ["verified", {}, "domain.verified"],
  ["unverified", {}, "domain.failed"],
  ["listed", {}, "blocklist.listed"],
  ["cleared", {}, "blocklist.cleared"],
  ["placement", {}, "placement.measured"],
];

test("each event has its name, those that are promised are there, and none is there that nothing makes", () => {
  for (const [type, detail, told] of cases) assert.equal(typeOf({ type, detail }), told);
  const made = new Set(cases.map(([, , told]) => told));
  assert.deepEqual(
    promised.filter((name) => !made.has(name)),
    [],
  );
  assert.deepEqual([...allTypes].sort(), [...made].sort());
});

test("an endpoint keeps hearing what it asked for by former names", () => {
  assert.deepEqual(currentTypes(["email.opened", "warmup.changed"]), [
    "email.opened",
    "warmup.level_changed",
    "warmup.paused",
    "warmup.completed",
  ]);
  assert.ok(currentTypes(["sending.paused", "sending.resumed"]).every((name) => allTypes.includes(name)));
});

test("of a campaign the name is told, not that it is one", () => {
  const about = { id: 1, at: 0, tenant: "shop", stream: "", campaign: "may", message: "", recipient: "" };
  const told = toldEvent({ ...about, type: "paused", detail: { campaign: true, state: "stopped", reason: "x" } });
  assert.deepEqual(told.data, { tenant: "shop", campaign: "may", state: "stopped", reason: "x" });
});
