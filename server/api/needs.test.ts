import assert from "node:assert/strict";
import { test } from "node:test";
import { type Need, worstFirst } from "./needs.ts";

const dns = (i: number, severity: Need["severity"] = "bad"): Need => ({
  severity,
  kind: "dns",
  about: `d${i}.test`,
  words: "DNS lacks MX.",
});
const certificate: Need = { severity: "warning", kind: "certificate", about: "mail.test", words: "It ends in 9 days." };
const many = (n: number, severity?: Need["severity"]) => Array.from({ length: n }, (_, i) => dns(i, severity));

test("five alike are named, more are four and a number", () => {
  assert.deepEqual(worstFirst(many(5)), many(5));
  const told = worstFirst(many(6));
  assert.deepEqual(told.slice(0, 4), many(4));
  assert.deepEqual(told.slice(4), [{ ...dns(0), about: "", words: "2 more domains lack something in DNS." }]);
});

test("two thousand domains do not hide a certificate, and what is bad comes first", () => {
  const told = worstFirst([...many(2000, "warning"), certificate, ...many(3)]);
  assert.deepEqual(told.slice(0, 3), many(3));
  assert.equal(told[7]?.words, "1996 more domains lack something in DNS.");
  assert.deepEqual(told.slice(8), [certificate]);
});
