import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, counted, device, duration, isInstant, label, namedIn, readBytes, readDuration } from "./say.ts";

test("sizes and times are read as they are written", () => {
  for (const count of [0, 1, 512, 1024, 1536, 5 * 1024 ** 3])
    assert.equal(readBytes(bytes(count)), count, bytes(count));
  for (const ms of [1, 500, 1000, 60_000, 90_000, 5_400_000, 3_600_000, 86_400_000, 7 * 86_400_000])
    assert.equal(readDuration(duration(ms)), ms, duration(ms));
});

test("times as people write them", () => {
  for (const [text, ms] of [
    ["15 min", 900_000],
    ["15 minutes", 900_000],
    ["1h", 3_600_000],
    ["1,5 hours", 5_400_000],
    ["2 Days", 172_800_000],
    ["0", 0],
    ["15", undefined],
    ["soon", undefined],
    ["15 months", undefined],
    ["", undefined],
  ] as const)
    assert.equal(readDuration(text), ms, text);
});

test("browsers are named, programs keep their name", () => {
  for (const [agent, said] of [
    [
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
      "Chrome on Linux",
    ],
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0",
      "Edge on Windows",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
      "Safari on iPhone",
    ],
    ["Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"],
    ["Mozilla/5.0", "A browser"],
    ["my backup script", "my backup script"],
  ] as const)
    assert.equal(device(agent), said);
});

test("names of fields are words", () => {
  for (const [name, said] of [
    ["createdAt", "Created"],
    ["mtaStsMx", "MTA-STS: other servers"],
    ["everyMs", "Keep in step"],
    ["timeoutMs", "Timeout"],
    ["app-passwords", "App passwords"],
  ] as const)
    assert.equal(label(name), said);
});

test("what still names an account that goes is told, a little of it where it is much", () => {
  assert.equal(namedIn(undefined) + namedIn([]), "");
  const one = { kind: "group", name: "team@a.test" };
  assert.match(
    namedIn([one, { kind: "filter", name: "" }]),
    /^ These still name it: the group team@a\.test, a filter of the server\. "Hand over"/,
  );
  assert.match(namedIn(Array(12).fill(one)), /team@a\.test, 4 more\./);
});

test("what goes with a thing is counted, and what does not go is not named", () => {
  assert.equal(
    counted({ domains: 0, accounts: 1, addresses: 2, messages: 0, bytes: 2048 }),
    "1 account, 2 addresses, 2 KB",
  );
  assert.equal(counted({ domains: 0, messages: 1 }), "1 message");
  assert.equal(counted({ accounts: 0 }), "");
});

test("times are known by their form, whatever the field is called", () => {
  for (const text of ["2026-11-26T16:18:13.549Z", "2026-11-26T16:18Z"]) assert.equal(isInstant(text), true, text);
  for (const text of ["20261126T161742Z", "2026-11-26", "at 2026-11-26T16:18:13Z"])
    assert.equal(isInstant(text), false, text);
});
