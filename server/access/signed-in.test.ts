import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change } from "../store/store.ts";
import type { Login } from "./login.ts";
import { SignedIn } from "./signed-in.ts";

const dayMs = 24 * 60 * 60 * 1000;

test("what somebody is let in by ends with its time, its session or its account, and with nothing else", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  const pass = (ms: number): void => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  let tell: (changes: readonly Change[]) => void = () => {};
  const store = {
    subscribe: (listener: typeof tell) => {
      tell = listener;
      return () => {};
    },
  };
  using signedIn = new SignedIn(store, {} as Login, () => now);
  const ended: string[] = [];
  const until = (name: string, account: number, session?: string, expiresAt?: number) =>
    signedIn.until(account, { session, expiresAt }, () => ended.push(name));
  until("hour", 1, undefined, dayMs / 24);
  const forget = until("forgotten", 1, "a", dayMs);
  // Longer than a timer can be set for.
  until("long", 1, "a", 60 * dayMs);
  until("b", 1, "b");
  until("password", 1);
  until("other", 2, "a");
  pass(dayMs / 24);
  assert.deepEqual(ended.splice(0), ["hour"]);
  forget();
  pass(dayMs);
  pass(30 * dayMs);
  assert.deepEqual(ended, []);
  pass(29 * dayMs);
  assert.deepEqual(ended.splice(0), ["long"]);
  tell([{ kind: "signed-out", account: 1, session: "b" }]);
  assert.deepEqual(ended.splice(0), ["b"]);
  tell([{ kind: "signed-out", account: 2, session: "c" }, { kind: "directory" }]);
  assert.deepEqual(ended, []);
  tell([{ kind: "signed-out", account: 2 }]);
  assert.deepEqual(ended, ["other"]);
});
