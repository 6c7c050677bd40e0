import assert from "node:assert/strict";
import { test } from "node:test";
import { type Import, kindOf, wordsOf } from "./imports.ts";

const one: Import = {
  id: 1,
  host: "old.example",
  user: "ann",
  state: "done",
  everyMs: 0,
  folders: 4,
  foldersDone: 4,
  added: 1234,
  known: 0,
  left: [],
  trouble: null,
  nextAt: null,
};
const cases: readonly [about: Partial<Import>, kind: string, words: string][] = [
  [{}, "good", "Done. 1,234 messages came."],
  [{ added: 0, known: 2, left: ["x"] }, "warn", "Done. Nothing new came, 2 messages were here already."],
  [{ state: "running", folders: 0, added: 0 }, "", "Connecting to old.example, and looking what is there."],
  [{ state: "running", foldersDone: 1, added: 1 }, "", "1 of 4 folders so far. One message came."],
  [
    { state: "stopped", added: 1, known: 1 },
    "",
    "Stopped. One message came, one message was here already. Run it again, and it goes on where it was.",
  ],
  [
    { state: "failed", added: 0, trouble: "Nobody listens there." },
    "bad",
    "Nobody listens there. When that is mended, run it again: nothing comes twice.",
  ],
  [
    { state: "waiting", everyMs: 900_000, nextAt: "2026-01-01T00:15:00Z" },
    "",
    "1,234 messages came. Kept in step every 15 minutes: it looks again in 15 minutes.",
  ],
  [
    { state: "waiting", everyMs: 900_000, nextAt: "2026-01-01T00:15:00Z", trouble: "It does not answer." },
    "bad",
    "It does not answer. It looks again in 15 minutes.",
  ],
];
for (const [about, kind, words] of cases)
  test(`an import: ${words}`, () => {
    assert.deepEqual(
      [kindOf({ ...one, ...about }), wordsOf({ ...one, ...about }, Date.parse("2026-01-01T00:00:00Z"))],
      [kind, words],
    );
  });
