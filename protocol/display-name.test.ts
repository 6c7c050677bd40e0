import assert from "node:assert/strict";
import test from "node:test";
import { displayNameOf, isDisplayName } from "./display-name.ts";

const cases: readonly [name: string, isFine: boolean, cleaned: string][] = [
  ["Anna Müller", true, "Anna Müller"],
  ["שרה כהן", true, "שרה כהן"],
  ["محمد \u200f(ABC)\u200e", true, "محمد \u200f(ABC)\u200e"],
  ["می\u200cخواهم 👩\u200d💻", true, "می\u200cخواهم 👩\u200d💻"],
  ["two\r\nBcc: lines", false, "two  Bcc: lines"],
  ["turned \u202egnp.exe", false, "turned gnp.exe"],
  ["\u2066isolated\u2069", false, "isolated"],
  ["un\u200bseen\ufeff", false, "unseen"],
  ["\u009b31m", false, "31m"],
  ["", true, ""],
];
for (const [name, isFine, cleaned] of cases)
  test(`a name: ${JSON.stringify(name)}`, () => {
    assert.equal(isDisplayName(name), isFine);
    assert.equal(displayNameOf(name, 100), cleaned);
    assert.ok(isDisplayName(cleaned));
  });
