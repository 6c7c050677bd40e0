import assert from "node:assert/strict";
import { test } from "node:test";
import { dkimFields } from "./signed-fields.ts";

const h = (header: string): readonly string[] =>
  dkimFields(Buffer.from(`From: a@b\r\n${header}\r\n`))!.names.map((name) => name.toLowerCase());
const times = (names: readonly string[], name: string): number => names.filter((one) => one === name).length;

test("a link to unsubscribe and addresses for complaints are signed once more than they occur; where there is none a list may add its own", () => {
  const marketing = h(
    "List-Unsubscribe: <https://u.test/>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nCFBL-Address: f@b\r\nCFBL-Feedback-ID: 1\r\nFeedback-ID: a:b:c:d\r\nList-Id: <l.b>\r\n",
  );
  for (const name of ["list-unsubscribe", "list-unsubscribe-post", "cfbl-address", "cfbl-feedback-id", "feedback-id"])
    assert.deepEqual([name, times(marketing, name), times(h(""), name)], [name, 2, 0]);
  assert.deepEqual([times(marketing, "list-id"), times(marketing, "from"), times(marketing, "subject")], [1, 2, 1]);
});
