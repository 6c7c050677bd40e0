/** Plans that share an address: each answers for what is its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WarmupBook } from "./book.ts";
import { dayMs, newPlan, type Plan } from "./plan.ts";

const noon = 20_000 * dayMs + dayMs / 2;
const of = (domain: string) => ({ source: "mta1", domain, provider: "gmail" });
function open(): WarmupBook {
  const book = new WarmupBook();
  for (const [scope, subject] of [
    ["source", "mta1"],
    ["domain", "good.test"],
    ["domain", "bad.test"],
  ] as const)
    book.open(newPlan({ scope, subject, provider: "gmail", profile: "normal", target: 10_000 }), noon);
  return book;
}
const plan = (book: WarmupBook, scope: Plan["scope"], subject: string): Plan =>
  book.account(scope, subject, "gmail")!.plan;

test("a list that is bad at the lowest level is paused, though its rate asks for a step back alone", () => {
  const book = open();
  book.note(of("bad.test"), { attempts: 200, delivered: 182, hardBounces: 18 }, noon);
  const { state, because, blamedOn } = plan(book, "domain", "bad.test");
  assert.deepEqual([state, blamedOn], ["paused", 20_000]);
  assert.match(because, /^hard-bounces: 18 of 200/);
  assert.ok(book.isBlamed("bad.test", "gmail", noon + dayMs));
  assert.ok(!book.isBlamed("bad.test", "gmail", noon + 14 * dayMs));
  assert.ok(!book.isBlamed("good.test", "gmail", noon));
});

test("what goes wrong with it afterwards is not held against the address that others share", () => {
  const book = open();
  book.note(of("bad.test"), { attempts: 200, delivered: 182, hardBounces: 18 }, noon);
  for (let at = 0; at < 20; at++) book.note(of("bad.test"), { attempts: 10, blockBounces: 10 }, noon + dayMs);
  assert.equal(plan(book, "source", "mta1").state, "warming");
  for (let at = 0; at < 20; at++) book.note(of("good.test"), { attempts: 10, blockBounces: 10 }, noon + dayMs);
  assert.equal(plan(book, "source", "mta1").state, "paused");
});

test("a probe that finds the same list is another pause, and the third waits for a person", () => {
  const book = open();
  book.note(of("bad.test"), { attempts: 200, delivered: 182, hardBounces: 18 }, noon);
  let at = noon;
  for (let pauses = 1; pauses < 3; pauses++) {
    at = plan(book, "domain", "bad.test").pausedUntil! + 1;
    book.passTime(at);
    assert.equal(plan(book, "domain", "bad.test").state, "probing");
    book.note(of("bad.test"), { attempts: 30, delivered: 26, hardBounces: 4 }, at);
  }
  const { state, pauses, needsPerson } = plan(book, "domain", "bad.test");
  assert.deepEqual([state, pauses.length, needsPerson], ["paused", 3, true]);
});

test("a list that is bad shows at all providers together, before there is enough at any of them", () => {
  const book = new WarmupBook();
  const providers = ["gmail", "yahoo", "apple"];
  for (const domain of ["good.test", "bad.test"])
    for (const provider of providers)
      book.open(newPlan({ scope: "domain", subject: domain, provider, profile: "normal", target: 10_000 }), noon);
  const hard = { "good.test": 1, "bad.test": 6 };
  for (const domain of ["good.test", "bad.test"] as const)
    for (const provider of providers)
      book.note(
        { source: "mta1", domain, provider },
        { attempts: 50, delivered: 50 - hard[domain], hardBounces: hard[domain] },
        noon,
      );
  const states = (domain: string) => providers.map((provider) => book.account("domain", domain, provider)!.plan.state);
  assert.deepEqual(states("bad.test"), ["paused", "paused", "paused"]);
  assert.match(book.account("domain", "bad.test", "gmail")!.plan.because, /12 of 100 at all providers/);
  assert.deepEqual(states("good.test"), ["idle", "idle", "idle"]);
});

test("deferrals at the lowest level, where there is no step back, do not make it forget what the list is", () => {
  const book = open();
  for (let at = noon; at < noon + 3 * dayMs; at += dayMs)
    for (let count = 0; count < 4; count++)
      book.note(of("bad.test"), { attempts: 15, delivered: 9, rateDeferrals: 4, hardBounces: 2 }, at);
  const { state, because } = plan(book, "domain", "bad.test");
  assert.equal(state, "paused");
  assert.match(because, /^hard-bounces/);
});

test("mail of a domain that was stopped for its list proves no level for the address", () => {
  const levelAfter = (change: (plan: Plan) => Plan): number => {
    const book = open();
    book.change({ scope: "domain", subject: "bad.test", provider: "gmail" }, change, noon);
    const { levels } = plan(book, "source", "mta1");
    for (let day = 0; day < 2; day++)
      book.note(of("bad.test"), { attempts: levels[0]!, delivered: levels[0]! }, noon + day * dayMs);
    book.passTime(noon + 2 * dayMs);
    return plan(book, "source", "mta1").level;
  };
  assert.equal(
    levelAfter((bad) => ({ ...bad, blamedOn: 20_000 })),
    0,
  );
  assert.ok(levelAfter((good) => good) > 0);
});
