/** Submissions that wait and those under way: what becomes of them when clients and the clock come at once. The whole way is in test/journey/jmap-push.test.ts. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { reply } from "../../protocol/smtp/reply.ts";
import type { Submission } from "../scheduled/scheduled.ts";
import type { ObjectEdit } from "../store/jmap.ts";
import type { Change } from "../store/store.ts";
import { maxRemembered, Outbox } from "./outbox.ts";
import type { JmapPorts } from "./ports.ts";

const at = "2026-01-02T00:00:00Z";
const blobId = `U${"1".repeat(40)}`;
const base: Submission = {
  identityId: "I1",
  emailId: "M1",
  threadId: "T1",
  envelope: { mailFrom: { email: "u1@example.test" }, rcptTo: [{ email: "u2@far.test" }] },
  sendAt: at,
  undoStatus: "pending",
  deliveryStatus: { "u2@far.test": { smtpReply: "250 ok", delivered: "queued", displayed: "unknown" } },
};

/** One account; `between` runs after what is kept has been read, as a client's call may. `nodes`: so many share the store. */
function world(kept: { [id: string]: Submission }, between: () => Promise<void> | void = () => {}, nodes = 1) {
  let state = 1;
  const listeners: ((changes: readonly Change[]) => void)[] = [];
  /** Ids under which a message was handed over and taken. */
  const taken: string[] = [];
  const store: Partial<JmapPorts["store"]> = {
    subscribe: (listener) => {
      listeners.push(listener);
      return () => {};
    },
    objectsOfAll: async () => Object.entries(kept).map(([id, data]) => ({ account: 1, id, data })),
    objects: async (_account, _type, ids = Object.keys(kept)) => {
      const found = {
        objects: ids.flatMap((id) => (kept[id] === undefined ? [] : [{ id, data: kept[id] }])),
        state,
        chars: 0,
      };
      await between();
      return found;
    },
    objectChanges: async () => ({
      kind: "done",
      created: Object.keys(kept),
      updated: [],
      destroyed: [],
      state,
      more: false,
    }),
    objectsPut: async (_account, _type, edits, ifState) => {
      if (ifState !== undefined && ifState !== state) return "state-mismatch";
      put(edits);
      return { before: state - 1, state };
    },
    trace: async (key) => {
      const stage = key === "q" ? "delivered" : taken.includes(key) ? "queued" : undefined;
      const detail =
        stage === "queued" ? { recipients: ["u2@far.test"] } : { to: ["u2@far.test"], reply: "250 2.0.0 got it" };
      return (stage === undefined ? [] : [{ trace: "q", at: 0, stage, detail }]) as never;
    },
    accounts: async () => [{ id: 1, name: "u1@example.test" }] as never,
    uploads: async (_account, [id]) => [{ id: id!, content: 1, type: "message/rfc822", sizeBytes: 4 }],
    content: async () => Buffer.from("To: u2@far.test\r\n\r\n"),
  };
  const put = (edits: readonly ObjectEdit[]): void => {
    state++;
    for (const { id, data } of edits)
      if (data === undefined) delete kept[id];
      else kept[id] = data as Submission;
    for (const tell of listeners) tell([{ kind: "objects", account: 1, type: "EmailSubmission", modseq: state }]);
  };
  const log = { error: () => {}, warn: () => {}, info: () => {} };
  const clock = { now: Date.parse(at) + 1000 };
  const submit: JmapPorts["submit"] = async ({ id }) => {
    taken.push(id);
    return [reply(250, "2.0.0", "Taken")];
  };
  const made = { submit, withheld: false };
  const ports = {
    store,
    log,
    now: () => clock.now,
    newId: () => `m${Math.random()}`,
    submit: (mail: never) => made.submit(mail),
    withheld: () => made.withheld,
  } as unknown as JmapPorts;
  const outboxes = Array.from(
    { length: nodes },
    () => new Outbox(ports, { act: async () => 1, show: async () => undefined }),
  );
  return { outbox: outboxes[0]!, outboxes, put, taken, clock, made };
}

/** One round of looking. */
async function round(outboxes: Outbox | readonly Outbox[], t: TestContext): Promise<void> {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const all = outboxes instanceof Outbox ? [outboxes] : outboxes;
  for (const one of all) await one.start();
  t.mock.timers.tick(1_000);
  await Promise.all(all.map((one) => one.stop()));
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
  const waiting = { ...base, blobId };
  const kept: { [id: string]: Submission } = { early: waiting, late: waiting };
  const answers: boolean[] = [];
  const { outbox, made } = world(kept);
  const { submit } = made;
  made.submit = async (mail) => {
    answers.push(await outbox.cancel(1, "late", waiting));
    return submit(mail);
  };
  const { start } = outbox;
  // After the start, before the first round.
  outbox.start = async () => {
    await start.call(outbox);
    answers.push(await outbox.cancel(1, "early", waiting));
  };
  await round(outbox, t);
  assert.deepEqual(answers, [true, false]);
  assert.deepEqual([kept["early"]?.undoStatus, kept["late"]?.queueId], ["canceled", "q"]);
});

test("where nothing may leave what was put off stays so, and can be taken back", async (t) => {
  const waiting = { ...base, blobId };
  const kept: { [id: string]: Submission } = { a: waiting, b: waiting };
  const { outbox, made, taken } = world(kept);
  made.withheld = true;
  await round(outbox, t);
  assert.deepEqual([taken.length, kept["a"]], [0, waiting]);
  assert.equal(await outbox.cancel(1, "a", waiting), true);
  made.withheld = false;
  await round(outbox, t);
  assert.deepEqual([taken.length, kept["a"]?.undoStatus, kept["b"]?.queueId], [1, "canceled", "q"]);
});

test("of two nodes one hands over what has waited, whichever dies; and what one keeps the other knows", async (t) => {
  const waiting = { ...base, blobId };
  const kept: { [id: string]: Submission } = { s: waiting };
  const both = world(kept, () => {}, 2);
  await round(both.outboxes, t);
  assert.equal(both.taken.length, 1);
  assert.deepEqual([kept["s"]?.queueId, kept["s"]?.leaving], ["q", undefined]);

  // Taken, and the node died before it could write that down: after its time the other asks whether it was.
  const [mine, other] = [
    { by: "dead", trace: both.taken[0]! },
    { by: "dead", trace: "never" },
  ];
  kept["t"] = { ...waiting, leaving: { ...mine, until: both.clock.now + 60_000 } };
  kept["u"] = { ...waiting, leaving: { ...other, until: both.clock.now + 60_000 } };
  await round(both.outboxes, t);
  assert.deepEqual([both.taken.length, kept["t"]?.blobId], [1, blobId], "somebody has them");
  assert.equal(await both.outbox.cancel(1, "t", kept["t"]!), false);
  both.clock.now += 60_001;
  assert.equal(await both.outbox.cancel(1, "t", kept["t"]!), false, "it has gone");
  await round(both.outboxes, t);
  assert.equal(both.taken.length, 2);
  assert.deepEqual([kept["t"]?.queueId, kept["u"]?.queueId], ["q", "q"]);

  // Local trouble is tried again by who had it.
  kept["v"] = waiting;
  const { submit } = both.made;
  both.made.submit = async () => [reply(451, "4.3.0", "Local trouble")];
  await round(both.outboxes, t);
  assert.equal(kept["v"]?.blobId, blobId);
  both.made.submit = submit;
  both.clock.now += 300_001;
  await round(both.outboxes, t);
  assert.deepEqual([both.taken.length, kept["v"]?.queueId], [3, "q"]);
});

test("what another node keeps until its time is watched here too", async (t) => {
  const kept: { [id: string]: Submission } = {};
  const { outbox, put, taken } = world(kept);
  t.mock.timers.enable({ apis: ["setInterval"] });
  await outbox.start();
  put([{ id: "s", data: { ...base, blobId } }]);
  t.mock.timers.tick(1_000);
  await outbox.stop();
  assert.deepEqual([taken.length, kept["s"]?.queueId], [1, "q"]);
});

test("of many that have come to their end the oldest are forgotten, and none that waits", async () => {
  const kept: { [id: string]: Submission } = {};
  const day = (n: number): string => new Date(Date.parse(at) + n * 86_400_000).toISOString();
  for (let n = 0; n < maxRemembered + 250; n++)
    kept[`s${n}`] = n < 10 ? { ...base, blobId } : { ...base, undoStatus: "canceled", sendAt: day(n) };
  await world(kept).outbox.follow(1, [], new Map(Object.entries(kept).map(([id, data]) => [id, { data }])));
  const ids = Object.keys(kept);
  assert.deepEqual([ids.length, ids[0], ids[10]], [maxRemembered, "s0", "s260"]);
});
