import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { splitHeader } from "../../protocol/mime/header.ts";
import { listPartOf } from "../access/list-addresses.ts";
import type { ListSettings } from "../store/lists-store.ts";
import { isLoop, listCopy } from "./compose.ts";
import { decidePost, type Post } from "./decide.ts";
import { defaultListSettings } from "./settings.ts";
import { listToken, readListToken } from "./tokens.ts";

const plain: Post = {
  sizeBytes: 1000,
  role: "member",
  isLoop: false,
  automatic: undefined,
  looksLikeSpam: false,
  isForged: false,
};
const cases: readonly (readonly [string, Partial<Post>, Partial<ListSettings>, string])[] = [
  ["a member posts", {}, {}, "post"],
  ["a stranger waits", { role: undefined }, {}, "hold"],
  ["a stranger is refused", { role: undefined }, { others: "refuse" }, "refuse"],
  ["a stranger is ignored", { role: undefined }, { others: "discard" }, "discard"],
  ["anyone may", { role: undefined }, { posting: "anyone" }, "post"],
  ["moderators alone may", {}, { posting: "moderators", others: "refuse" }, "refuse"],
  ["a moderator may", { role: "moderator" }, { posting: "moderators", moderated: true }, "post"],
  ["all waits", {}, { moderated: true }, "hold"],
  ["anyone's waits too", { role: undefined }, { posting: "anyone", moderated: true }, "hold"],
  ["spam of an owner waits", { role: "owner", looksLikeSpam: true }, {}, "hold"],
  ["what is forged waits", { role: "owner", isForged: true }, {}, "hold"],
  ["a loop ends before all else", { isLoop: true, automatic: "x", isForged: true }, {}, "refuse"],
  ["answers of programs go nowhere", { automatic: "x", sizeBytes: 1e9 }, {}, "discard"],
  ["too large", { role: "owner", sizeBytes: 20e6 }, {}, "refuse"],
];
for (const [name, post, settings, expected] of cases)
  test(name, () => {
    assert.equal(decidePost({ ...plain, ...post }, { ...defaultListSettings, ...settings }).kind, expected);
  });

test("addresses of a list", () => {
  assert.deepEqual(listPartOf("my-team-owner"), { list: "my-team", part: "owner", token: "" });
  assert.deepEqual(listPartOf("team-confirm+1-aaaaaaaa"), { list: "team", part: "confirm", token: "1-aaaaaaaa" });
  for (const other of ["team", "team-", "-owner", "team-constructor", "team+x-owner", "team-owner+"])
    assert.equal(listPartOf(other), undefined, other);
});

test("tokens are good for their kind and number alone", () => {
  const mac = (text: string): Uint8Array => createHmac("sha256", "key").update(text).digest();
  const token = listToken("leave", 12, mac);
  assert.equal(readListToken("leave", token.toUpperCase(), mac), 12);
  for (const [kind, text] of [
    ["leave", token.replace("12", "13")],
    ["leave", listToken("bounce", 12, mac).replace(/^b/, "l")],
    ["bounce", token],
    ["leave", token.slice(0, -1)],
    ["leave", ""],
  ] as const)
    assert.equal(readListToken(kind, text, mac), undefined, text);
});

const list = { address: "team@us.test", local: "team", domain: "us.test", settings: { ...defaultListSettings } };
const given = Buffer.from(
  "Received: x\r\nDKIM-Signature: y\r\nList-Id: <other.test>\r\nList-Unsubscribe: <mailto:z>\r\nFrom: Anna <anna@far.test>\r\n" +
    "Subject: =?utf-8?q?gr=C3=BCn?=\r\nDisposition-Notification-To: anna@far.test\r\n\r\nbody\r\n",
);
const fieldsOf = (bytes: Buffer): string => bytes.toString().split("\r\n\r\n")[0]!;

test("a copy bears this list's fields and no other's, and comes back as a loop", () => {
  const copy = listCopy(given, list, false, "https://mail.example.test");
  assert.ok(copy.toString().endsWith("\r\n\r\nbody\r\n"));
  assert.doesNotMatch(fieldsOf(copy), /other\.test|mailto:z|Disposition/);
  assert.match(fieldsOf(copy), /^List-Id: <team\.us\.test>\r\n/);
  assert.doesNotMatch(fieldsOf(copy), /List-Archive/);
  const open = { ...list, settings: { ...list.settings, publicArchive: true } };
  assert.match(
    fieldsOf(listCopy(given, open, false, "https://mail.example.test")),
    /^List-Archive: <https:\/\/mail\.example\.test\/lists\/archive\/team%40us\.test>\r$/m,
  );
  // Nothing that it covers has changed: the author's signature stays.
  assert.match(fieldsOf(copy), /DKIM-Signature: y/);
  assert.ok(isLoop(splitHeader(copy, 0, copy.length), list));
  assert.ok(!isLoop(splitHeader(given, 0, given.length), list));
});

test("what changes what the author signed takes the signature off", () => {
  const tagged = listCopy(
    given,
    { ...list, settings: { ...list.settings, subjectTag: "[team]" } },
    false,
    "https://mail.example.test",
  );
  assert.match(fieldsOf(tagged), /Subject: \[team\] =\?utf-8\?/i);
  assert.equal(fieldsOf(tagged).match(/^Subject:/gim)?.length, 1);
  assert.doesNotMatch(fieldsOf(tagged), /DKIM-Signature/);
  const ours = fieldsOf(listCopy(given, list, true, "https://mail.example.test"));
  assert.match(ours, /From: "?Anna via team@us\.test"? <team@us\.test>/);
  assert.match(ours, /Reply-To: Anna <anna@far\.test>/);
  const toList = fieldsOf(
    listCopy(given, { ...list, settings: { ...list.settings, replyTo: "list" } }, true, "https://mail.example.test"),
  );
  assert.equal(toList.match(/^Reply-To:/gim)?.length, 1);
  assert.match(toList, /Reply-To: <team@us\.test>/);
});
