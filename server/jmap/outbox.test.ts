/** Submissions that wait and those under way: what becomes of them when clients and the clock come at once. The whole way is in test/journey/jmap-push.test.ts. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ObjectEdit } from "../store/jmap.ts";
import { maxRemembered, Outbox } from "./outbox.ts";
import type { JmapPorts } from "./ports.ts";
import type { Submission } from "./submission.ts";

const at = "2026-01-02T00:00:00Z";
const base: Submission = {
  identityId: "I1",
  emailId: "M1",
  threadId: "T1",
  envelope: {},
  sendAt: at,
  undoStatus: "pending",
  deliveryStatus: { "u2@far.test": { smtpReply: "250 ok", delivered: "queued", displayed: "unknown" } },
};

/** One account; `between` runs after what is kept has been read, as a client's call may. */
function world(kept: { [id: string]: Submission }, between: () => Promise<void> | void = () => {}) {
  let state = 1;
  const store: Partial<JmapPorts["store"]> = {
    subscribe: () => () => {},
    objectsOfAll: async () => Object.entries(kept).map(([id, data]) => ({ account: 1, id, data })),
    objects: async (_account, _type, ids = Object.keys(kept)) => {
      const found = { objects: ids.flatMap((id) => (kept[id] === undefined ? [] : [{ id, data: kept[id] }])), state };
      await between();
      return found;
    },
    objectsPut: async (_account, _type, edits, ifState) => {
      if (ifState !== undefined && ifState !== state) return "state-mismatch";
      put(edits);
      return { before: state - 1, state };
    },
    trace: async () =>
      [{ trace: "q", at: 0, stage: "delivered", detail: { to: ["u2@far.test"], reply: "250 2.0.0 got it" } }] as never,
    accounts: async () => [],
  };
  const put = (edits: readonly ObjectEdit[]): void => {
    state++;
    for (const { id, data } of edits)
      if (data === undefined) delete kept[id];
      else kept[id] = data as Submission;
  };
  const log = { error: () => {}, warn: () => {}, info: () => {} };
  const ports = { store, log, now: () => Date.parse(at) + 1000 } as unknown as JmapPorts;
  const outbox = new Outbox(ports, { act: async () => 1, show: async () => undefined });
  return { outbox, put };
}

/** One round of looking. */
async function round(outbox: Outbox, t: TestContext): Promise<void> {
  t.mock.timers.enable({ apis: ["setInterval"] });
  await outbox.start();
  t.mock.timers.tick(1_000);
  await outbox.stop();
  t.mock.timers.reset();
}

test("what another server has taken is final, and not said to have reached the recipient", async (t) => {
  const kept = { s: { ...base, queueId: "q" } };
  await round(world(kept).outbox, t);
  assert.equal(kept.s.undoStatus, "final");
  assert.deepEqual(kept.s.deliveryStatus["u2@far.test"], {
    smtpReply: "250 2.0.0 got it",
    delivered: "unknown",
    displayed: "unknown",
  });
});

test("what a client sets while the queue is asked is not overwritten", async (t) => {
  const kept: { [id: string]: Submission } = { s: { ...base, queueId: "q" } };
  const { outbox, put } = world(kept, () => put([{ id: "s", data: { ...base, undoStatus: "canceled" } }]));
  await round(outbox, t);
  assert.equal(kept["s"]?.undoStatus, "canceled");
});

test("taken back before its time it does not go; while it goes it is too late", async (t) => {
  const waiting = { ...base, blobId: "U1" };
  const kept: { [id: string]: Submission } = { early: waiting, late: waiting };
  const answers: boolean[] = [];
  const { outbox } = world(kept, async () => {
    if (answers.length === 1) answers.push(await outbox.cancel(1, "late", waiting));
  });
  const { start } = outbox;
  // After the start, before the first round.
  outbox.start = async () => {
    await start.call(outbox);
    answers.push(await outbox.cancel(1, "early", waiting));
  };
  await round(outbox, t);
  assert.deepEqual(answers, [true, false]);
  assert.deepEqual([kept["early"]?.undoStatus, kept["late"]?.undoStatus], ["pending", "final"]);
});

test("of many that have come to their end the oldest are forgotten, and none that waits", async () => {
  const kept: { [id: string]: Submission } = {};
  const day = (n: number): string => new Date(Date.parse(at) + n * 86_400_000).toISOString();
  for (let n = 0; n < maxRemembered + 250; n++)
    kept[`s${n}`] = n < 10 ? { ...base, blobId: "U1" } : { ...base, undoStatus: "canceled", sendAt: day(n) };
  await world(kept).outbox.follow(1, [], new Map(Object.entries(kept)));
  const ids = Object.keys(kept);
  assert.deepEqual([ids.length, ids[0], ids[10]], [maxRemembered, "s0", "s260"]);
});
