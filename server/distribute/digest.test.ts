import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMessage } from "../../protocol/mime/parse.ts";
import { composeDigest, fitting, isDue, lastDue, maxDigestBytes, maxDigestPosts } from "./digest.ts";
import { defaultListSettings, type List } from "./settings.ts";

const at = (text: string): number => Date.parse(`${text}Z`);

test("digests go in the morning: each day, and on Mondays", () => {
  for (const [period, now, due] of [
    ["daily", "2026-11-26T05:59", "2026-11-25T06:00"],
    ["daily", "2026-11-26T06:00", "2026-11-26T06:00"],
    ["daily", "2026-11-26T23:59", "2026-11-26T06:00"],
    ["weekly", "2026-11-26T12:00", "2026-11-23T06:00"],
    ["weekly", "2026-11-23T05:59", "2026-11-16T06:00"],
    ["weekly", "2026-11-23T06:00", "2026-11-23T06:00"],
  ] as const)
    assert.equal(new Date(lastDue(period, at(now))).toISOString(), `${due}:00.000Z`, `${period} at ${now}`);
  assert.equal(isDue("daily", at("2026-11-26T05:00"), at("2026-11-26T06:01")), true);
  assert.equal(isDue("daily", at("2026-11-26T06:00"), at("2026-11-27T05:59")), false);
});

test("a digest has room for so many posts and bytes; what is too large for any is named alone", () => {
  assert.equal(fitting([]), 0);
  assert.equal(fitting(Array.from({ length: 500 }, () => 1000)), maxDigestPosts);
  assert.equal(fitting([maxDigestBytes, 1]), 1);
  assert.equal(fitting([maxDigestBytes + 1, 1, maxDigestBytes]), 2);
  assert.equal(fitting([maxDigestBytes + 1]), 1);
});

const list: List = {
  address: "team@example.test",
  local: "team",
  domain: "example.test",
  settings: { ...defaultListSettings, displayName: "The team", subjectTag: "[team]", footer: "To leave: {leave}" },
};
const about = { at: at("2026-11-26T06:00"), messageId: "d@mail.test", boundary: "xyz", base: "https://mail.test" };

test("a digest is a table of contents and the posts as they are (RFC 2046 §5.1.5)", () => {
  const post = (subject: string): Buffer =>
    Buffer.from(`From: a@far.test\r\nSubject: ${subject}\r\n\r\nf\u00fcr\r\n`, "utf8");
  const bytes = composeDigest(
    list,
    [
      { author: "a@far.test", subject: "one", sizeBytes: 10, bytes: post("one") },
      { author: "b@far.test", subject: "huge", sizeBytes: 10, bytes: undefined },
      { author: "c@far.test", subject: "", sizeBytes: 10, bytes: post("three") },
    ],
    about,
  );
  const text = bytes.toString("utf8");
  assert.match(text, /^Subject: \[team\] 2026-11-26: 3 messages\r$/m);
  assert.match(text, /^List-Id: "The team" <team\.example\.test>\r$/m);
  assert.match(text, /^From: The team <team-request@example\.test>\r$/m);
  const root = parseMessage(bytes);
  assert.equal(`${root.contentType.type}/${root.contentType.subtype}`, "multipart/mixed");
  const [contents, digest] = root.parts;
  assert.equal(digest?.contentType.subtype, "digest");
  assert.deepEqual(
    digest?.parts.map(({ kind, parts }) => [kind, parts[0]?.header.text.match(/Subject: (.*)\r/)?.[1]]),
    [
      ["message", "one"],
      ["message", "three"],
    ],
  );
  const told = text.slice(contents?.bodyStart, contents?.end);
  for (const line of [
    "1. one (a@far.test)",
    "2. huge (b@far.test)",
    "3. (no subject) (c@far.test)",
    "To leave: team-unsubscribe@example.test",
  ])
    assert.ok(told.replaceAll("=\r\n", "").includes(line), line);
});
