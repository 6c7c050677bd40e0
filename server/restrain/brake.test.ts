import assert from "node:assert/strict";
import { test } from "node:test";
import { reply, replyText } from "../../protocol/smtp/reply.ts";
import { quiet } from "../base/log.ts";
import { account } from "../receive/fake-world.ts";
import type { Outcome } from "../send/classify.ts";
import type { QueuedMessage } from "../store/store.ts";
import { brakeFor, type Failures, noFailures, withResults } from "./brake.ts";
import { fakeLimits } from "./fake-limits.ts";
import { defaultSendingLimitSettings as settings } from "./limits.ts";
import { Restrainer } from "./restrainer.ts";
import { letterToAdministrator, letterToOwner, type Stop, stopOf } from "./stop.ts";

const minute = 60_000;
const noon = Date.UTC(2026, 10, 26, 12);

const cases: readonly [tried: number, failed: number, byCount: boolean, stops: boolean][] = [
  [20, 20, true, true],
  [19, 19, true, false],
  [5_000, 20, true, true],
  [5_000, 20, false, false],
  [29, 19, true, false],
  [30, 9, true, true],
  [30, 8, true, false],
  [30, 9, false, true],
  [29, 9, true, false],
  [0, 0, true, false],
];
for (const [tried, failed, byCount, stops] of cases)
  test(`the brake: ${failed} of ${tried}${byCount ? "" : ", by share alone"} ${stops ? "stop" : "go on"}`, () => {
    const failures = withResults(noFailures, tried, failed, noon);
    const why = stops ? `${failed} of ${tried} recipients in the last hour were refused for good` : undefined;
    assert.equal(brakeFor(failures, settings, byCount, noon + 59 * minute), why);
    assert.equal(brakeFor(failures, settings, byCount, noon + 60 * minute), undefined, "an hour later it is forgotten");
    const never = { ...settings, failuresPerHour: 0, failurePercent: 0 };
    assert.equal(brakeFor(failures, never, byCount, noon), undefined);
  });

const refusedFor: Outcome = { kind: "failed", why: "recipient", reply: reply(550, "5.1.1", "no such user") } as Outcome;
const given: Outcome = { kind: "delivered", reply: reply(250, "2.0.0", "OK") } as Outcome;
const later: Outcome = { kind: "later", why: "network", reply: reply(451, "4.4.1", "later"), delayMs: undefined };
const ours = { ...refusedFor, ours: true } as Outcome;

/** A world of one account, u1. */
function world(own?: Parameters<typeof fakeLimits>[1]) {
  const told: [to: string, subject: string][] = [];
  const acts: unknown[] = [];
  const audit: string[] = [];
  const withdrawn: unknown[] = [];
  const rescored: unknown[] = [];
  let stop: unknown;
  const clock = { now: noon };
  const failures = new Map<string, Failures>();
  const limits = fakeLimits({}, own);
  const restrainer = new Restrainer({
    settings,
    restraints: { stopOf: () => stopOf(stop), reread: async () => {} } as never,
    limits,
    failures: failures as never,
    store: {
      restrain: async (_, change) => {
        stop = change.stop ?? undefined;
        return "done";
      },
      noteAudit: async (entries) => void audit.push(...entries.map(({ action, target }) => `${action} ${target}`)),
      hostedDomains: async () => [],
      credentials: async () =>
        [
          { id: 1, kind: "password" },
          { id: 2, kind: "app-password" },
        ] as never,
      removeCredential: async (_, id) => {
        withdrawn.push(id);
        return "done";
      },
      restraints: async () =>
        stop === undefined ? [] : [{ account: 1, name: "u1@example.test", limits: {}, stop: stop as never }],
      queueList: async () => [message],
      webSessionsEnd: async () => void withdrawn.push("sessions"),
    },
    rescore: () => void rescored.push(1),
    directory: { account: async (id) => account(id) },
    queue: { act: async (...what) => acts.push(what) },
    isPersonal: ({ tenant }) => tenant === undefined,
    tell: async (to, { subject }) => void told.push([to, subject]),
    administratorsOf: async (domain) => [`postmaster@${domain}`],
    now: () => clock.now,
    log: quiet,
  });
  return { restrainer, told, acts, audit, failures, withdrawn, rescored, clock };
}
const message = { account: 1, envelopeFrom: "u1@example.test" } as QueuedMessage;
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("twenty refusals: its queue is held, its person and the administrators are told, once", async () => {
  const { restrainer, told, acts, audit, failures, withdrawn, rescored } = world();
  restrainer.heard(message, [refusedFor, given, later, ours]);
  assert.deepEqual(
    [failures.get("1")!.tried, failures.get("1")!.failed].map(({ counts }) => counts.reduce((sum, one) => sum + one)),
    [2, 1],
    "what is tried again, and what we said ourselves, does not count",
  );
  restrainer.heard({ ...message, tenant: "shop" }, Array(50).fill(refusedFor));
  restrainer.heard({ ...message, account: undefined }, Array(50).fill(refusedFor));
  await settled();
  assert.equal(acts.length, 0);
  assert.equal(restrainer.mayNotSend(message), false);
  restrainer.heard(message, Array(19).fill(refusedFor));
  restrainer.heard(message, [refusedFor]);
  await settled();
  await settled();
  assert.deepEqual(acts, [
    [{ account: 1 }, "hold", "its account is stopped: 20 of 21 recipients in the last hour were refused for good"],
  ]);
  assert.deepEqual(audit, ["mail held u1@example.test"]);
  assert.deepEqual(told, [
    ["u1@example.test", "Your mail to others is held"],
    ["postmaster@example.test", "Mail of u1@example.test is held: too much of it was refused"],
  ]);
  assert.equal(restrainer.mayNotSend(message), true);
  assert.deepEqual([withdrawn.length, rescored.length], [0, 3]);
  assert.match(
    restrainer.holds(account(1)) ?? "",
    /^Your mail to others is held for a look at it: 20 of 21 recipients/,
  );
  assert.equal(restrainer.refusal(account(1)), undefined, "it is taken");
});

test("administrators are told once more, a day later, and no more", async () => {
  const { restrainer, told, clock } = world();
  await restrainer.stop(account(1), { kind: "braked", at: noon, why: "much came back", signals: [] });
  told.length = 0;
  clock.now = noon + 24 * 60 * minute - 1;
  await restrainer.remind();
  assert.deepEqual(told, []);
  clock.now += 1;
  await restrainer.remind();
  await restrainer.remind();
  assert.deepEqual(told, [["postmaster@example.test", "u1@example.test still may not send: it waits for you"]]);
  assert.equal(restrainer.mayNotSend(message), true);
});

test("who may send without limit is stopped by the share alone", async () => {
  const { restrainer, acts } = world({ own: { class: "unlimited" } });
  restrainer.heard(message, Array(80).fill(given));
  restrainer.heard(message, Array(25).fill(refusedFor));
  await settled();
  assert.equal(acts.length, 0);
  restrainer.heard(message, Array(25).fill(refusedFor));
  await settled();
  assert.equal(acts.length, 1);
});

test("a frozen account reads why, in one line of ASCII; frozen is more than braked, and not the other way round", async () => {
  const { restrainer, acts, told, withdrawn } = world();
  const signals = [{ signal: "spam", points: 40, says: "5 messages looked like spam" }];
  await restrainer.stop(account(1), { kind: "braked", at: noon, why: "much came back", signals: [] });
  await restrainer.stop(account(1), { kind: "frozen", at: noon, why: "spam – much of it", signals });
  await restrainer.stop(account(1), { kind: "braked", at: noon, why: "again", signals: [] });
  assert.equal(acts.length, 2);
  assert.equal(told.length, 4);
  assert.deepEqual(withdrawn, [2, "sessions"], "app passwords and sessions, not the password that reads");
  assert.equal(
    replyText(restrainer.refusal(account(1))!),
    "550 5.7.1 This account may not send for now, because it looks as if somebody else used it: spam ? much of it. Change your password, then ask your administrator.",
  );
  assert.equal(restrainer.holds(account(1)), undefined);
});

test("letters say what was seen and what to do", () => {
  const stop: Stop = {
    kind: "frozen",
    at: noon,
    why: "it was odd",
    signals: [{ signal: "spam", points: 40, says: "5 messages looked like spam" }],
  };
  const owner = letterToOwner(stop, 3).lines.join("\n");
  assert.match(owner, /- 5 messages looked like spam \(40\)/);
  assert.match(owner, /Messages to 3 recipients wait in the queue/);
  assert.match(owner, /Change your password now/);
  const administrator = letterToAdministrator("a@b.test", stop, 0).lines.join("\n");
  assert.match(administrator, /angarium limit release a@b\.test/);
  assert.equal(stopOf({ kind: "sad" }), undefined);
  assert.deepEqual(stopOf(JSON.parse(JSON.stringify(stop))), stop);
});
