import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { reply } from "../../protocol/smtp/reply.ts";
import { quiet } from "../base/log.ts";
import type { JourneyEntry } from "../store/store.ts";
import { maxRefusedPerAddressPerHour, maxRefusedPerHour, RefusedJournal, type RefusedMail } from "./refused.ts";

const mail = (remote: string): RefusedMail => ({
  stage: "RCPT",
  remote,
  remoteName: undefined,
  helo: "h.test",
  envelopeFrom: "a@b.test",
  recipients: ["nobody@example.test"],
  account: undefined,
  reply: reply(550, "5.1.1", "No such address here"),
});

function journal() {
  const calls: (readonly JourneyEntry[])[] = [];
  let at = 1_700_000_000_000;
  const journal = new RefusedJournal({
    store: { note: async (entries) => void calls.push(entries) },
    newId: () => "r1",
    now: () => at,
    log: quiet,
  });
  return { journal, calls, later: (ms: number) => (at += ms) };
}

test("refusals of one moment are written together, and found by everybody in the envelope", async () => {
  const { journal: refused, calls } = journal();
  refused.note(mail("192.0.2.1"));
  refused.note(mail("192.0.2.2"));
  for (let i = 0; i < 200 && calls.length === 0; i++) await wait(10);
  assert.equal(calls.length, 1);
  assert.equal(calls[0]!.length, 2);
  const { keys, detail, stage } = calls[0]![0]!;
  assert.deepEqual(keys, ["nobody@example.test", "a@b.test", "192.0.2.1"]);
  assert.equal(stage, "refused");
  assert.equal(detail["reply"], "550 5.1.1 No such address here");
  assert.equal(detail["at"], "RCPT");
});

test("a flood is bounded, for all and for one address, until the next hour", () => {
  const { journal: refused, calls, later } = journal();
  const written = (): number => {
    refused[Symbol.dispose]();
    return calls.reduce((sum, entries) => sum + entries.length, 0);
  };
  for (let i = 0; i < maxRefusedPerAddressPerHour + 50; i++) refused.note(mail("192.0.2.1"));
  assert.equal(written(), maxRefusedPerAddressPerHour);
  for (let i = 0; i < maxRefusedPerHour; i++) refused.note(mail(`198.51.100.${i % 100}`));
  assert.equal(written(), maxRefusedPerHour);
  later(3_600_000);
  refused.note(mail("192.0.2.1"));
  assert.equal(written(), maxRefusedPerHour + 1);
});
