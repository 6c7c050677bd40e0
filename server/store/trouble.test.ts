import assert from "node:assert/strict";
import { test } from "node:test";
import { isDiskFull, StoreTrouble, troubleOf } from "./trouble.ts";

const errors: readonly [error: object, kind: string | undefined, message: RegExp][] = [
  [{ errcode: 13 }, "disk-full", /^x$/],
  [{ errcode: 10 | (3 << 8) }, "io", /^x$/],
  [{ errcode: 11 }, "io", /^the database is damaged \(x\): restore the last backup$/],
  [{ errcode: 26 }, "io", /^the database is damaged/],
  [{ errcode: 19 }, undefined, /$/],
  [{ code: "ENOSPC" }, "disk-full", /^x$/],
  [{ code: "EMFILE" }, "unavailable", /^x$/],
  [{}, undefined, /$/],
];
test("errors of SQLite and of the file system are trouble of the store, others are mistakes", () => {
  for (const [error, kind, message] of errors) {
    const trouble = troubleOf(Object.assign(new Error("x"), error));
    assert.equal(trouble?.kind, kind);
    assert.match(trouble?.message ?? "", message);
  }
});

test("a full disk is known by what lies beneath, whoever found it", () => {
  const beneath = Object.assign(new Error("write"), { code: "ENOSPC" });
  for (const [error, full] of [
    [new StoreTrouble("disk-full", "x"), true],
    [new Error("accept", { cause: new StoreTrouble("disk-full", "x") }), true],
    [new Error("accept", { cause: beneath }), true],
    [new StoreTrouble("io", "x"), false],
    [new Error("x"), false],
    ["x", false],
  ] as const)
    assert.equal(isDiskFull(error), full);
});
