import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageRow } from "../../store/store.ts";
import { threadRows } from "./thread.ts";

test("beyond the bound of all references a message is believed about its parent alone", () => {
  const row = threadRows(5);
  const refersTo = (...ids: readonly string[]) =>
    row({
      uid: 1,
      header: Buffer.from(`References: ${ids.map((id) => `<${id}>`).join(" ")}\r\n\r\n`),
    } as Partial<MessageRow> as MessageRow).references;
  assert.deepEqual(refersTo("a", "b", "c"), ["a", "b", "c"]);
  assert.deepEqual(refersTo("d", "e"), ["d", "e"]);
  assert.deepEqual(refersTo("f", "g", "h"), ["h"]);
  assert.deepEqual(refersTo("i"), ["i"]);
});
