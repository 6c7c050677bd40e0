/** Who is flooded by forms gets few confirmations, and then nothing for an hour; who is written to by one tenant never notices. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BombingGuard, maxQuiet } from "./bombing.ts";

const minute = 60_000;
const start = Date.UTC(2026, 10, 26);
function at(settings = { confirmationsPerHour: 3, tenantsPerHour: 10 }) {
  const clock = { now: start };
  const told: string[] = [];
  return {
    clock,
    told,
    guard: new BombingGuard(
      settings,
      () => clock.now,
      (address) => told.push(address),
    ),
  };
}

test("three confirmations in an hour, of whatever tenants; the fourth waits until the first is an hour old", () => {
  const { clock, guard } = at();
  for (const tenant of ["a", "b", "a"]) {
    assert.equal(guard.ask("Anna@far.test", tenant, true), undefined);
    clock.now += 10 * minute;
  }
  const paused = { because: "confirmations", until: start + 60 * minute };
  assert.deepEqual(guard.ask("anna@far.test", "c", true), paused);
  // What was refused does not count, and other mail goes.
  assert.deepEqual(guard.ask("anna@far.test", "c", true), paused);
  assert.equal(guard.ask("anna@far.test", "c", false), undefined);
  assert.equal(guard.ask("bob@far.test", "c", true), undefined);
  clock.now = start + 60 * minute;
  assert.equal(guard.ask("anna@far.test", "c", true), undefined);
  assert.deepEqual(guard.ask("anna@far.test", "c", true), { because: "confirmations", until: start + 70 * minute });
});

test("the eleventh tenant within an hour pauses all mail to the address, for an hour", () => {
  const { clock, told, guard } = at();
  const write = (n: number) => guard.ask("anna@far.test", `t${n}`, false);
  for (let n = 0; n < 10; n++) assert.equal(write(n), undefined, `${n}`);
  for (let n = 0; n < 30; n++) assert.equal(write(n % 10), undefined, "the same ten go on");
  assert.deepEqual(write(10), { because: "tenants", until: start + 60 * minute });
  assert.deepEqual(write(0), { because: "tenants", until: start + 60 * minute });
  assert.deepEqual(told, ["anna@far.test"]);
  assert.deepEqual(guard.paused(), [["anna@far.test", start + 60 * minute]]);
  assert.equal(guard.ask("bob@far.test", "t0", false), undefined);
  // As a restart has it.
  const again = new BombingGuard({ confirmationsPerHour: 3, tenantsPerHour: 10 }, () => clock.now);
  again.restore(guard.paused());
  assert.equal(again.ask("anna@far.test", "t0", false)?.because, "tenants");
  assert.equal(guard.lift("Anna@far.test"), true);
  assert.equal(write(0), undefined);
  clock.now += 60 * minute;
  assert.equal(again.ask("anna@far.test", "t0", false), undefined);
  assert.deepEqual(again.paused(), []);
  assert.deepEqual([guard.takeOver(), again.takeOver(), again.takeOver()], [["anna@far.test"], ["anna@far.test"], []]);
});

test("tenants that wrote more than an hour ago do not count", () => {
  const { clock, guard } = at();
  for (let n = 0; n < 40; n++) {
    assert.equal(guard.ask("anna@far.test", `t${n}`, false), undefined, `${n}`);
    clock.now += 6 * minute;
  }
});

test("what is switched off looks at nothing", () => {
  const { guard } = at({ confirmationsPerHour: 0, tenantsPerHour: 0 });
  for (let n = 0; n < 20; n++) assert.equal(guard.ask("anna@far.test", `t${n}`, true), undefined);
});

test("under a flood of addresses memory is bounded, and who is bombed meanwhile is noticed", () => {
  const { guard } = at();
  for (let n = 0; n < 10; n++) {
    assert.equal(guard.ask("anna@far.test", `t${n}`, false), undefined);
    for (let m = 0; m < maxQuiet / 10; m++) guard.ask(`${n}-${m}@far.test`, "news", false);
  }
  assert.equal(guard.ask("anna@far.test", "t10", false)?.because, "tenants");
});
