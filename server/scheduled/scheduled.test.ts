/** What waits for its time is taken back whole, but for what is being handed over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObjectEdit } from "../store/jmap.ts";
import { putOffOf, type Submission, scheduledOf, takeBackDue, takeBackScheduled } from "./scheduled.ts";

const base: Submission = {
  identityId: "I1",
  emailId: "M1",
  threadId: "T1",
  envelope: {},
  sendAt: "2026-01-02T00:00:00Z",
  undoStatus: "pending",
  deliveryStatus: { "u2@far.test": { delivered: "queued" } },
  blobId: "U1",
};
const { blobId: _, ...handedOver } = base;
const now = Date.parse("2026-01-01T00:00:00Z");

/** What is named after another's mailbox lies there; all else in that of account 7. */
const mailboxOf = (id: string): number => (id.startsWith("of 8") ? 8 : 7);

/** `meanwhile` runs before the first answer to a change. */
function world(kept: { [id: string]: Submission }, meanwhile: () => void = () => {}) {
  let state = 1;
  let first = true;
  const change = (edits: readonly ObjectEdit[]) => {
    state++;
    for (const { id, data } of edits) kept[id] = data as Submission;
  };
  const store = {
    objectsOfAll: async () => Object.entries(kept).map(([id, data]) => ({ account: mailboxOf(id), id, data })),
    objects: async (account: number) => ({
      objects: Object.entries(kept).flatMap(([id, data]) => (mailboxOf(id) === account ? [{ id, data }] : [])),
      state,
    }),
    objectsPut: async (_account: number, _type: string, edits: readonly ObjectEdit[], ifState: number | undefined) => {
      if (first) meanwhile();
      first = false;
      if (ifState !== state) return "state-mismatch";
      change(edits);
      return { before: state - 1, state };
    },
  } as unknown as Parameters<typeof takeBackScheduled>[0];
  return { store, change };
}

test("what waits, the next first; what is taken back waits no more", async () => {
  const kept: { [id: string]: Submission } = {
    later: { ...base, sendAt: "2026-02-01T00:00:00Z" },
    soon: base,
    gone: handedOver,
    back: { ...base, undoStatus: "canceled" },
    leaving: { ...base, leaving: { by: "n1", until: now + 1, trace: "x" } },
    abandoned: { ...base, leaving: { by: "n1", until: now, trace: "x" } },
  };
  const { store } = world(kept);
  assert.deepEqual(
    (await scheduledOf(store, 7)).map(({ id }) => id),
    ["soon", "leaving", "abandoned", "later"],
  );
  assert.equal(await takeBackScheduled(store, 7, now), 3);
  assert.deepEqual(
    (await scheduledOf(store, 7)).map(({ id }) => id),
    ["leaving"],
  );
  assert.equal(kept["soon"]!.undoStatus, "canceled");
  assert.equal(kept["soon"]!.blobId, undefined);
  assert.deepEqual(kept["gone"], handedOver);
});

test("what somebody has put off in another's mailbox is theirs too; what others put off there is not", async () => {
  const kept: { [id: string]: Submission } = {
    "of 8: the owner's": base,
    "of 8: theirs": { ...base, by: 7 },
    "of 8: a third's": { ...base, by: 9 },
    "by an assistant": { ...base, by: 9 },
  };
  const { store } = world(kept);
  assert.deepEqual(
    (await scheduledOf(store, 7)).map(({ id, mailbox, by }) => [id, mailbox, by]),
    [
      ["of 8: theirs", 8, 7],
      ["by an assistant", 7, 9],
    ],
  );
  assert.equal(await takeBackScheduled(store, 7, now), 2);
  assert.deepEqual(
    Object.values(kept).map(({ undoStatus }) => undoStatus),
    ["pending", "canceled", "pending", "canceled"],
  );
});

test("what is overdue of everybody", async () => {
  const due = { ...base, sendAt: "2025-12-31T23:59:59Z" };
  const { store } = world({ due, later: base, "of 8": due, gone: { ...handedOver, sendAt: due.sendAt } });
  assert.deepEqual(await putOffOf(store, now), { all: 3, due: 2 });
  assert.equal(await takeBackDue(store, now), 2);
  assert.deepEqual(await putOffOf(store, now), { all: 1, due: 0 });
});

test("what goes meanwhile is not taken back", async () => {
  const kept: { [id: string]: Submission } = { a: base, b: base };
  const { store, change } = world(kept, () => change([{ id: "a", data: handedOver }]));
  assert.equal(await takeBackScheduled(store, 7, now), 1);
  assert.deepEqual(kept["a"], handedOver);
});
