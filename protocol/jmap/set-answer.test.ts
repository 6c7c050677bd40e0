import assert from "node:assert/strict";
import { test } from "node:test";
import { setAnswer } from "./set-answer.ts";
import type { JsonObject } from "./types.ts";

const idOf = (id: string): string | undefined => (id.startsWith("#") ? { "#a": "M1", "#b": "M2" }[id] : id);

const cases: readonly [method: string, answer: JsonObject, said: JsonObject][] = [
  [
    "Email/set",
    {
      created: { x: { id: "M9" } },
      updated: { "#a": null, M5: null },
      destroyed: ["#b", "M6"],
      notCreated: {},
      notUpdated: {},
      notDestroyed: {},
    },
    {
      created: { x: { id: "M9" } },
      updated: { M1: null, M5: null },
      destroyed: ["M2", "M6"],
      notCreated: null,
      notUpdated: null,
      notDestroyed: null,
    },
  ],
  [
    "Email/set",
    { created: {}, updated: {}, destroyed: [], notUpdated: { "#zz": { type: "notFound" } } },
    { created: null, updated: null, destroyed: null, notUpdated: { "#zz": { type: "notFound" } } },
  ],
  ["Foo/copy", { created: {}, notCreated: {} }, { created: null, notCreated: null }],
  ["Email/import", { created: {}, notCreated: { a: {} } }, { created: null, notCreated: { a: {} } }],
  ["Blob/copy", { copied: { U1: "U1" }, notCopied: {} }, { copied: { U1: "U1" }, notCopied: null }],
  [
    "Email/parse",
    { parsed: {}, notParsable: [], notFound: ["U1"] },
    { parsed: null, notParsable: null, notFound: ["U1"] },
  ],
  ["MDN/send", { sent: {}, notSent: {} }, { sent: null, notSent: null }],
  ["Email/get", { list: [], notFound: [] }, { list: [], notFound: [] }],
  ["Email/changes", { created: [], updated: [], destroyed: [] }, { created: [], updated: [], destroyed: [] }],
];
for (const [method, answer, said] of cases)
  test(`${method} ${JSON.stringify(answer).slice(0, 60)}`, () =>
    assert.deepEqual(setAnswer(method, answer, idOf), said));
