/** Emails of several accounts beside each other in the webmail: no id is taken for another's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountOf, answerIn, bareArguments, bareId, idIn } from "../../webmail/src/jmap/accounts.ts";

const known = new Set(["A2", "A3"]);

test("ids of another's account bear it, one's own stand as they are", () => {
  assert.equal(idIn("A2", "M7"), "A2~M7");
  assert.equal(idIn(undefined, "M7"), "M7");
  assert.deepEqual([accountOf("A2~M7"), bareId("A2~M7"), accountOf("M7"), bareId("M7")], ["A2", "M7", undefined, "M7"]);
});

const asked: readonly (readonly [name: string, args: object, bare: object, accounts: readonly string[]])[] = [
  ["nothing of another", { ids: ["M1"] }, { ids: ["M1"] }, []],
  ["a filter", { filter: { inMailbox: "A2~F1" } }, { filter: { inMailbox: "F1" } }, ["A2"]],
  [
    "a patch of an email",
    { update: { "A2~M1": { "mailboxIds/A2~F3": true, "keywords/$seen": true } } },
    { update: { M1: { "mailboxIds/F3": true, "keywords/$seen": true } } },
    ["A2"],
  ],
  ["an account nobody knows is no account", { ids: ["A9~M1"] }, { ids: ["A9~M1"] }, []],
  ["what was written stays", { create: { d: { subject: "A2~M1" } } }, { create: { d: { subject: "A2~M1" } } }, []],
  ["a search for a word", { filter: { text: "A2~M1" } }, { filter: { text: "A2~M1" } }, []],
  ["two accounts are told", { ids: ["A2~M1", "A3~M1"] }, { ids: ["M1", "M1"] }, ["A2", "A3"]],
];
for (const [name, args, bare, accounts] of asked)
  test(`arguments: ${name}`, () => {
    const found = bareArguments(args as { readonly [name: string]: unknown }, known);
    assert.deepEqual([found.args, [...found.accounts]], [bare, accounts]);
  });

test("an answer's ids bear the account, its words do not", () => {
  const answer = {
    accountId: "A2",
    list: [
      { id: "M1", blobId: "B1", threadId: "T1", mailboxIds: { F1: true }, keywords: { $seen: true }, subject: "M1" },
      { id: "F1", parentId: null, name: "F1" },
      { id: "T1", emailIds: ["M1", "M2"] },
    ],
    notFound: ["M9"],
    updated: { M1: null },
    created: { draft: { id: "M3" } },
  };
  assert.deepEqual(answerIn("A2", answer), {
    accountId: "A2",
    list: [
      {
        id: "A2~M1",
        blobId: "A2~B1",
        threadId: "A2~T1",
        mailboxIds: { "A2~F1": true },
        keywords: { $seen: true },
        subject: "M1",
      },
      { id: "A2~F1", parentId: null, name: "F1" },
      { id: "A2~T1", emailIds: ["A2~M1", "A2~M2"] },
    ],
    notFound: ["A2~M9"],
    updated: { "A2~M1": null },
    created: { draft: { id: "A2~M3" } },
  });
});
