import assert from "node:assert/strict";
import { test } from "node:test";
import { csvOf, lookAt } from "./accounts-csv.ts";

test("a file of accounts is looked at before it is sent", () => {
  for (const [csv, problem] of [
    ["", "Choose a file first, or write the lines."],
    ["\n\n", "Choose a file first, or write the lines."],
    ["name,mail\nanna,a@example.org\n", "The first line has to name the columns, and one of them is address."],
    ["address\n", "There is no account below the first line."],
  ] as const)
    assert.equal(lookAt(csv).problem, problem, JSON.stringify(csv));
});

test("columns are known in any case, with any separator; others are named", () => {
  assert.deepEqual(lookAt('\ufeffAddress;"displayName";colour\r\na@example.org;"A; B";red\r\nb@example.org;;\r\n'), {
    columns: ["Address", "displayName"],
    unknown: ["colour"],
    rows: 2,
    problem: undefined,
  });
});

test("passwords are saved so that any program reads them", () => {
  assert.equal(
    csvOf(["address", "password"], [["a@example.org", 'x"y,z']]),
    'address,password\r\na@example.org,"x""y,z"\r\n',
  );
});
