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
import { packSettle, unpackSettle } from "./crossing-queue.ts";
import { queuedMessageOf } from "./queued.ts";
import type { Accepted, Change, NewQueued, SettleRequest } from "./store.ts";

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
const recipient = { address: "a@b", domain: "b", orcpt: undefined, notify: undefined };
const queue: NewQueued = {
  envelopeFrom: "",
  recipients: [
    recipient,
    {
      ...recipient,
      orcpt: "rfc822;x",
      notify: { never: false, success: true, failure: false, delay: true },
      park: "p",
      urgency: 2,
      toldAs: "a@b.test",
    },
  ],
  envid: "e",
  ret: "hdrs",
  smtputf8: true,
  body: "8bitmime",
  requireTls: false,
  tlsOptional: true,
  account: 4,
  stream: "s",
  tenant: "t",
  campaign: "c",
  author: "a",
  counted: true,
  createdAt: 1,
  notBefore: 2,
  expiresAt: 3,
  held: false,
  lease: { owner: "o", until: 5, token: 6 },
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
    delivered: true,
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
  queue,
  released: [1, 2],
  journey: [
    { at: 1, stage: "accepted", trace: undefined, keys: ["k", "l"], detail: { a: 1, b: undefined, c: "\n" } },
    { at: 2, stage: "filed", trace: "t", keys: [], detail: {} },
  ],
};

const bare: Crossing = {
  ...plain,
  queue: {
    envelopeFrom: "x@y",
    recipients: [recipient],
    envid: undefined,
    ret: undefined,
    smtputf8: false,
    body: "7bit",
    requireTls: true,
    account: undefined,
    stream: "default",
    createdAt: 1,
    notBefore: 1,
    expiresAt: 2,
    held: true,
    lease: undefined,
  },
};

for (const [name, one] of Object.entries({ plain, bare, full }))
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
  assert.deepEqual(unpackAccepted(structuredClone(packAccepted(accepted)), undefined), accepted);
  assert.deepEqual(unpackAccepted(structuredClone(packAccepted(accepted)), queue), accepted);
  const queued = { ...accepted, queued: queuedMessageOf(5, 77, queue) };
  assert.deepEqual(unpackAccepted(structuredClone(packAccepted(queued)), queue), queued);
});

test("a settlement crosses whole, with what is rare and without", () => {
  const settlement = { queue: "q5", recipient: 1, token: 2, reply: "250 ok" } as const;
  const later = { kind: "later", nextAt: 9, delayWarned: true, countsAsAttempt: false } as const;
  const entry = { at: 3, stage: "delivered", trace: "q5", keys: [], detail: { to: ["a@b"] } } as const;
  const plain = {
    settlements: [
      { ...settlement, outcome: { kind: "delivered" } },
      { ...settlement, outcome: later },
      { ...settlement, outcome: { ...later, park: "p" } },
      { ...settlement, outcome: { kind: "failed" } },
    ],
    notices: [],
    journey: [entry],
  } as const satisfies SettleRequest;
  const told = { tenant: "t", stream: "s", campaign: "", n: 1, detail: { attempt: 1 } };
  const kept = { tenant: "t", n: 1, text: '["t",["s","",1,{"attempt":1}]]' };
  const [toldBack] = unpackSettle(
    structuredClone(packSettle<unknown>({ ...plain, journey: [{ ...entry, told }, entry] })),
  ).journey;
  assert.deepEqual(toldBack, { ...entry, detail: JSON.stringify(entry.detail), told: kept });
  const rare = { ...plain, notices: ["a notice"], remember: [{ account: 1, key: "k", until: 2 }] };
  for (const one of [plain, rare, { ...plain, settlements: [] }]) {
    const back = unpackSettle(structuredClone(packSettle<unknown>(one)));
    assert.deepEqual(back, structuredClone({ ...one, journey: [{ ...entry, detail: JSON.stringify(entry.detail) }] }));
  }
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
