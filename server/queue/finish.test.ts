/** What is given back to its park while what held it up is taken back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet } from "../base/log.ts";
import { plainTransit } from "../store/queued.ts";
import type { QueuedMessage, SettleRequest } from "../store/store.ts";
import { Finisher } from "./finish.ts";
import { Holding } from "./holding.ts";
import type { Held } from "./item.ts";

const message: QueuedMessage = {
  ...plainTransit,
  id: "q1",
  content: 1,
  sizeBytes: 1,
  envelopeFrom: "a@shop.test",
  stream: "default",
  tenant: "shop",
  createdAt: 0,
  notBefore: 0,
  expiresAt: 1e9,
  recipients: [
    {
      id: 7,
      address: "b@far.test",
      domain: "far.test",
      orcpt: undefined,
      notify: undefined,
      state: "leased",
      attempts: 0,
      nextAt: 0,
      delayWarned: false,
      lastReply: undefined,
      lease: { owner: "n", until: 1e9, token: 1 },
    },
  ],
};
const held: Held = {
  message,
  fresh: false,
  share: undefined,
  bytes: undefined,
  kept: false,
  loading: undefined,
  pending: 1,
};

/** Gives the message back until long after; `during`: what happens before that is durable. Answers the parks that are looked at again. */
async function givenBack(during: (change: () => void) => void, decidedBefore = false): Promise<readonly string[]> {
  let changes = 3;
  const missed: string[] = [];
  const never = (): never => assert.fail("not asked for here");
  const finisher = new Finisher({
    store: {
      async settle({ settlements }: SettleRequest) {
        assert.equal(settlements.length, 1);
        during(() => changes++);
        return { stale: 0, accepted: [] };
      },
    },
    notices: never as never,
    holding: new Holding({ drop: () => {} } as never),
    memory: never as never,
    schedule: never,
    park: never,
    parked: () => {},
    changes: () => changes,
    missed: (parks) => missed.push(...parks),
    maxBatch: 10,
    now: () => 0,
    random: () => 0,
    log: quiet,
    offer: never,
    madeRoom: () => {},
  });
  const { recipients } = message;
  if (decidedBefore) finisher.postpone(held, recipients, 1e8, "shop far", changes - 1);
  else finisher.postpone(held, recipients, 1e8, "shop far");
  await finisher.stop();
  return missed;
}

test("who is given back while nothing changes waits", async () => {
  assert.deepEqual(await givenBack(() => {}), []);
});

test("what held it up is taken back before it waits: nobody has woken it there, so it is looked at again", async () => {
  assert.deepEqual(await givenBack((change) => change()), ["shop far"]);
});

test("the same where that came between the decision and giving it back", async () => {
  assert.deepEqual(await givenBack(() => {}, true), ["shop far"]);
});
