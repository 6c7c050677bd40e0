import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet } from "../base/log.ts";
import type { SendingEvent } from "../store/sending.ts";
import type { Endpoint, Progress } from "./endpoint.ts";
import type { Posted } from "./post.ts";
import { Runner } from "./runner.ts";

const endpoint: Endpoint = {
  id: "wh",
  tenant: "",
  url: "https://far.test/",
  description: "",
  types: [],
  batch: 1,
  secrets: [{ secret: `whsec_${Buffer.alloc(32).toString("base64")}` }],
  state: "active",
  reason: "",
  createdAt: 0,
};

/** Sends 40 events to a receiver that dawdles, each other time longer, and fails at the events of `failing` once; what it took, in order. */
async function taken(ordered: boolean, failing: readonly number[]): Promise<readonly number[]> {
  const events = Array.from(
    { length: 40 },
    (_, at) =>
      ({
        id: at + 1,
        at: 0,
        type: "delivered",
        tenant: "t",
        stream: "",
        campaign: "",
        message: "",
        recipient: "",
        detail: {},
      }) as SendingEvent,
  );
  const order: number[] = [];
  const left = new Set(failing);
  let now = 0;
  const start: Progress = { cursor: 0, retries: [], lastOkAt: undefined, givenUp: 0 };
  const runner = new Runner({ ...endpoint, ordered }, start, {
    store: {
      sendingEvents: async ({ after = 0, limit = 1000 }) => events.filter(({ id }) => id > after).slice(0, limit),
    },
    poster: {
      post: async (_, headers) => {
        const id = Number(String(headers["webhook-id"]).slice(4));
        await new Promise((resolve) => setTimeout(resolve, id % 2 === 0 ? 0 : 2));
        if (left.delete(id)) return { kind: "failed", why: "no" };
        order.push(id);
        return { kind: "ok", status: 204 };
      },
      close: async () => undefined,
    },
    keep: async () => undefined,
    disable: async () => undefined,
    withheld: () => false,
    now: () => now,
    random: () => 0.5,
    log: quiet,
  });
  for (let tries = 0; tries < 400 && order.length < 40; tries++) {
    runner.wake();
    await new Promise((resolve) => setTimeout(resolve, 3));
    now += 60_000;
  }
  await runner.stop();
  return order;
}
const inOrder = Array.from({ length: 40 }, (_, at) => at + 1);

test("an ordered endpoint gets its events one after another, and waits for the one that failed", async () => {
  assert.deepEqual(await taken(true, []), inOrder);
  assert.deepEqual(await taken(true, [1, 17, 18, 40]), inOrder);
});

test("others get each of them, and need not wait", async () => {
  const order = await taken(false, [17]);
  assert.deepEqual(
    order.toSorted((one, other) => one - other),
    inOrder,
  );
  assert.notDeepEqual(order, inOrder);
});

test("who has read all there is does not look again before there is more", async () => {
  let [looks, newest, withheld] = [0, 9, true];
  const runner = new Runner(
    endpoint,
    { cursor: 2, retries: [], lastOkAt: undefined, givenUp: 0 },
    {
      store: {
        sendingEvents: async () => {
          looks++;
          return [];
        },
      },
      poster: { post: async () => ({ kind: "ok", status: 204 }), close: async () => undefined },
      keep: async () => undefined,
      disable: async () => undefined,
      withheld: () => withheld,
      now: () => 0,
      random: () => 0.5,
      log: quiet,
    },
  );
  const wake = async (): Promise<number> => {
    runner.wake(newest);
    await new Promise((resolve) => setTimeout(resolve, 1));
    return looks;
  };
  assert.equal(await wake(), 0, "nothing is told while nothing may leave");
  withheld = false;
  assert.equal(await wake(), 1);
  assert.equal(await wake(), 1);
  newest = 10;
  assert.equal(await wake(), 2);
  await runner.rewind(1);
  assert.ok((await wake()) > 2);
  await runner.stop();
});

test("a stop waits for no endpoint that says nothing: what it has not answered is kept, and tried again", async () => {
  const silent = Promise.withResolvers<Posted>();
  const asked = Promise.withResolvers<void>();
  let kept: Progress | undefined;
  const runner = new Runner(
    endpoint,
    { cursor: 0, retries: [], lastOkAt: undefined, givenUp: 0 },
    {
      store: {
        sendingEvents: async ({ after = 0 }) =>
          after > 0
            ? []
            : [
                {
                  id: 1,
                  at: 0,
                  type: "delivered",
                  tenant: "",
                  stream: "",
                  campaign: "",
                  message: "m",
                  recipient: "a@b",
                  detail: {},
                } as SendingEvent,
              ],
      },
      poster: {
        post: () => {
          asked.resolve();
          return silent.promise;
        },
        close: async () => silent.resolve({ kind: "failed", why: "closed" }),
      },
      keep: async (progress) => {
        kept = progress;
      },
      disable: async () => undefined,
      withheld: () => false,
      now: () => 0,
      random: () => 0.5,
      log: quiet,
    },
  );
  runner.wake();
  await asked.promise;
  await runner.stop(1);
  assert.deepEqual(
    kept?.retries.map(({ events, attempts }) => [events, attempts]),
    [[[1], 1]],
  );
});
