import assert from "node:assert/strict";
import { test } from "node:test";
import { folderHere, marksOf } from "./folders.ts";

for (const [levels, specialUse, expected] of [
  [["INBOX"], undefined, ["INBOX", "inbox"]],
  [["inbox"], "\\Inbox", ["INBOX", "inbox"]],
  [["Sent Items"], undefined, ["Sent Items", "sent"]],
  [["Anything"], "\\Sent", ["Anything", "sent"]],
  [["INBOX", "Sent"], undefined, ["Sent", "sent"]],
  [["INBOX", "Work", "2024"], undefined, ["Work/2024", undefined]],
  [["[Gmail]", "Trash"], "\\Trash", ["Trash", "trash"]],
  [["[Gmail]", "All Mail"], "\\All", ["Archive", "archive"]],
  [["[Gmail]", "Starred"], "\\Flagged", undefined],
  [["[Gmail]", "Important"], "\\Important", undefined],
  [["Entwürfe"], undefined, ["Entwürfe", "drafts"]],
  [["Work", "Sent"], undefined, ["Work/Sent", undefined]],
  [["a/b", "\x07"], undefined, ["a\u2215b/unnamed", undefined]],
] as const)
  test(`${levels.join(" > ")} ${specialUse ?? ""}`, () => {
    const here = folderHere({ levels, specialUse });
    assert.deepEqual(here && [here.path, here.role], expected);
  });

test("flags: ours as bits, keywords as they are, nothing that the wire could not carry, nothing that deletes", () => {
  assert.deepEqual(marksOf(["\\Seen", "\\DELETED", "$Forwarded", "\\Recent", "a b", 'q"', "Work"]), {
    flags: 1,
    keywords: ["$Forwarded", "Work"],
  });
});
