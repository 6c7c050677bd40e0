import assert from "node:assert/strict";
import { test } from "node:test";
import { passwordFaults } from "./password-rules.ts";

const about = ["anna.karlsson@example.org", "Anna Karlsson"];

for (const [password, fault] of [
  ["", /at least 10/],
  ["short", /at least 10/],
  ["annakarlsson1", /little more than/],
  ["karlsson-1990", /little more than/],
  ["aaaaaaaaaaaa", /pattern/],
  ["abababababab", /pattern/],
  ["qwertyuiop", /pattern/],
  ["0123456789", /pattern/],
  ["password123!", /leaked/],
  ["P@ssw0rd2024", /leaked/],
  ["1234567890", /pattern|leaked/],
  ["a line\nend here", /line ends/],
] as const)
  test(`refused: ${JSON.stringify(password)}`, async () => {
    const faults = await passwordFaults(password, about);
    assert.match(faults.join(" "), fault);
  });

for (const password of ["correct horse battery staple", "tomat-räv-cykel", "Xk29vLq0Zt", "пустыня и море"])
  test(`taken: ${password}`, async () => {
    assert.deepEqual(await passwordFaults(password, about), []);
  });
