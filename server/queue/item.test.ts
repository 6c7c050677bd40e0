/** What goes with a return path of ours: whom the next server tells what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../send/classify.ts";
import type { Attempt } from "../send/converse.ts";
import type { QueuedMessage, QueuedRecipient } from "../store/store.ts";
import { type Held, Item } from "./item.ts";

const never = { never: true, success: false, failure: false, delay: false };
const all = { never: false, success: true, failure: true, delay: true };
const failures = { never: false, success: false, failure: true, delay: false };

const cases: readonly [
  name: string,
  ours: string | undefined,
  notify: QueuedRecipient["notify"],
  sent: { readonly from: string; readonly notify: QueuedRecipient["notify"]; readonly dsn: boolean },
][] = [
  ["the sender's own: as the sender said", undefined, never, { from: "a@x.test", notify: never, dsn: true }],
  ["the sender's own, all asked for", undefined, all, { from: "a@x.test", notify: all, dsn: true }],
  [
    "ours: failures, though the sender wants nothing",
    "b@x.test",
    never,
    { from: "b@x.test", notify: failures, dsn: false },
  ],
  ["ours: of success we tell the sender", "b@x.test", all, { from: "b@x.test", notify: failures, dsn: false }],
  [
    "ours, nothing said: as servers do by themselves",
    "b@x.test",
    undefined,
    { from: "b@x.test", notify: undefined, dsn: false },
  ],
];
for (const [name, ours, notify, sent] of cases)
  test(`return path ${name}`, () => {
    const recipients = [{ address: "c@far.test", notify } as QueuedRecipient];
    let told: Attempt | undefined;
    const item = new Item(
      { message: { envelopeFrom: "a@x.test" } as QueuedMessage } as Held,
      recipients,
      { key: "x" } as Item["path"],
      0,
      {
        load: async () => true,
        returnPath: () => ours,
        done: (_held, of, _outcomes, attempt) => {
          assert.equal(of, recipients, "what the sender asked for is not forgotten");
          told = attempt;
        },
      },
    );
    const { from, recipients: sentTo } = item.envelope;
    item.done([{ kind: "delivered" } as Outcome], { dsn: true } as Attempt);
    assert.deepEqual({ from, notify: sentTo[0]?.notify, dsn: told?.dsn }, sent);
  });
