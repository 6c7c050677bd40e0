import assert from "node:assert/strict";
import { test } from "node:test";
import type { SendingRow } from "../store/sending.ts";
import type { Instant } from "../store/store.ts";
import { parkName } from "./parks.ts";
import { steer } from "./steer.ts";

/** A store with one campaign in a state, of which mail waits, and what is done to it. */
function world(state: string) {
  const rows: SendingRow[] = [{ kind: "campaign", name: "shop/may", value: { stream: "", state, reason: "" } }];
  const did: string[] = [];
  const park = (campaign: string): string =>
    parkName({ tenant: "shop", stream: "marketing", campaign, provider: "gmail", domain: "" });
  const store = {
    sendingRows: async () => rows,
    putSendingRows: async () => void did.push("kept"),
    parkNames: async () => [park("may"), park("june")],
    wakeParks: async (parks: readonly string[]) => void did.push(`woke ${parks.join(" ")}`),
    addSendingEvents: async (events: readonly { type: string }[]) =>
      void did.push(events.map(({ type }) => type).join()),
    queueAct: async (filter: object, action: string) => {
      did.push(`${action} ${JSON.stringify(filter)}`);
      return 7;
    },
  };
  return { did, park, store: store as never, queue: undefined, now: () => 5 as Instant };
}

test("a campaign that is stopped loses what waits of it, without a server too", async () => {
  const parts = world("sending");
  const edited = await steer(parts, "campaign", "shop/may", { state: "stopped", reason: "wrong list" }, "known");
  assert.equal(edited.canceled, 7);
  assert.deepEqual(parts.did, ["kept", "paused", 'delete {"tenant":"shop","campaign":"may"}']);
});

test("what receivers stopped keeps its mail until a person stops it too", async () => {
  const parts = world("stopped");
  assert.equal((await steer(parts, "campaign", "shop/may", { state: "stopped" }, "known")).canceled, 7);
});

test("a campaign that is resumed goes on at once: its own parks are woken", async () => {
  const parts = world("paused");
  assert.equal((await steer(parts, "campaign", "shop/may", { state: "sending" }, "known")).canceled, undefined);
  assert.deepEqual(parts.did, ["kept", `woke ${parts.park("may")}`, "resumed"]);
});

test("a state that is said again, and other fields, do nothing to the mail", async () => {
  const parts = world("paused");
  await steer(parts, "campaign", "shop/may", { state: "paused" }, "known");
  await steer(parts, "campaign", "shop/may", { reason: "until Monday" }, "known");
  assert.deepEqual(parts.did, ["kept", "kept"]);
});

test("a tenant hears of its own state, once for each", async () => {
  const parts = world("sending");
  await steer(parts, "tenant", "shop", { state: "limited", reason: "many bounces" }, "either");
  await steer(parts, "tenant", "shop", { state: "active" }, "either");
  // The store of this test keeps nothing: to it the tenant was active all the while.
  assert.deepEqual(parts.did, ["kept", "paused", "kept"]);
});
