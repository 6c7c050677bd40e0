import assert from "node:assert/strict";
import { test } from "node:test";
import { gmailLabels } from "./gmail-labels.ts";

const message = (labels: string, before = "X-GM-THRID: 17\r\n") =>
  Buffer.from(`${before}X-Gmail-Labels: ${labels}\r\nSubject: x\r\n\r\nHello\r\n`);

for (const [name, labels, places, flags, keywords] of [
  ["read in the inbox", "Inbox,Opened,Category Updates", ["INBOX"], 1, []],
  ["unread and important", "Important,Inbox,Unread", ["INBOX"], 0, ["$Important"]],
  ["only archived", "Archived,Opened", ["Archive"], 1, []],
  [
    "a label below another, and one with a comma",
    'Inbox,Starred,Work/2024,"Boats, red"',
    ["INBOX", "Work/2024", "Boats, red"],
    5,
    [],
  ],
  ["a draft", "Drafts", ["Drafts"], 17, []],
  ["thrown away", "Trash,Work,Unread", ["Trash"], 0, []],
  ["spam", "Spam,Category Promotions,Unread", ["Spam"], 0, []],
  [
    "in German, as words",
    "=?UTF-8?Q?Posteingang,Ge=C3=B6ffnet,Wichtig,Entw=C3=BCrfe?=",
    ["INBOX", "Entwürfe"],
    17,
    ["$Important"],
  ],
  ["folded", "Inbox,\r\n Unread,\r\n Boats", ["INBOX", "Boats"], 0, []],
  ["none", "", ["Archive"], 1, []],
] as const)
  test(name, () => {
    const found = gmailLabels(message(labels));
    assert.deepEqual(
      [found?.places.map((levels) => levels.join("/")), found?.marks.flags, found?.marks.keywords],
      [places, flags, keywords],
    );
  });

test("a field that a stranger put into a letter says nothing", () => {
  assert.equal(gmailLabels(message("Trash", "Received: x\r\n")), undefined);
  assert.equal(gmailLabels(message("Trash", "Received: x\r\nX-GM-THRID: 1\r\n")), undefined);
  assert.equal(gmailLabels(message("Trash", "")), undefined);
});
