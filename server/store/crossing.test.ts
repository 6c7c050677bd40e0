import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Crossing,
  packAcceptance,
  packAccepted,
  packChanges,
  unpackAcceptance,
  unpackAccepted,
  unpackChanges,
} from "./crossing.ts";
import type { Accepted, Change } from "./store.ts";

const facts = {
  headerBytes: 14,
  envelope: "()",
  structure: '("text" "plain")',
  subject: "x",
  sentAt: 5,
  messageId: "a@b",
  references: ["r@b", "s@b"],
  hasAttachment: true,
  signature: new Uint8Array([1, 2]),
};
const plain: Crossing = {
  message: { bytes: Buffer.from("x"), stored: undefined, facts },
  placements: [],
  journey: [],
};
const full: Crossing = {
  message: {
    bytes: new Uint8Array(0),
    stored: { encoding: 1, sizeBytes: 9, blob: "", data: new Uint8Array([3]) },
    facts: { ...facts, sentAt: undefined, messageId: undefined, references: [] },
  },
  placements: [
    {
      account: 1,
      target: { role: "inbox" },
      marks: { flags: 3, keywords: ["a", "b"] },
      receivedAt: 7,
      overQuota: true,
    },
    { account: 2, target: { id: 4 }, marks: { flags: 0, keywords: [] }, receivedAt: 8, overQuota: false },
    {
      account: 3,
      target: { path: "A/B", create: true },
      marks: { flags: 0, keywords: [] },
      receivedAt: 9,
      overQuota: false,
    },
  ],
  released: [1, 2],
  journey: [
    { at: 1, stage: "accepted", trace: undefined, keys: ["k", "l"], detail: { a: 1, b: undefined, c: "\n" } },
    { at: 2, stage: "filed", trace: "t", keys: [], detail: {} },
  ],
};

for (const [name, one] of Object.entries({ plain, full }))
  test(`an acceptance crosses whole: ${name}`, () => {
    const back = unpackAcceptance(structuredClone(packAcceptance(one)));
    const journey = back.journey.map((entry) => ({ ...entry, detail: JSON.parse(entry.detail as string) as object }));
    const sent = one.journey.map((entry) => ({ ...entry, detail: JSON.parse(JSON.stringify(entry.detail)) as object }));
    assert.deepEqual({ ...back, journey }, structuredClone({ ...one, journey: sent }));
  });

test("what became of it comes back whole", () => {
  const accepted: Accepted = {
    content: 5,
    placed: [
      { kind: "over-quota", account: 1 },
      { kind: "placed", account: 2, mailbox: 3, uid: 4, uidValidity: 5, email: 6, thread: 7, modseq: 8 },
      { kind: "no-account", account: 9 },
    ],
    queued: undefined,
  };
  assert.deepEqual(unpackAccepted(structuredClone(packAccepted(accepted))), accepted);
});

test("changes come back, those of mail last", () => {
  const changes: Change[] = [
    { kind: "mail", account: 1, mailbox: 2, modseq: 3 },
    { kind: "directory" },
    { kind: "mail", account: 4, mailbox: 5, modseq: 6 },
  ];
  const back = unpackChanges(structuredClone(packChanges(changes)));
  assert.deepEqual(back, [changes[1], changes[0], changes[2]]);
});
