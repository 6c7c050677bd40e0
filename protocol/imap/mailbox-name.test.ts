import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeUtf7,
  encodeUtf7,
  matchesPattern,
  maxMailboxNameChars,
  readMailboxName,
  writeMailboxName,
} from "./mailbox-name.ts";

const names: readonly [wire: string, path: string][] = [
  ["~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"], // RFC 3501 §5.1.3
  ["Entw&APw-rfe", "Entwürfe"],
  ["Q&-A", "Q&A"],
  ["&-", "&"],
  ["&2D3eAA-", "😀"],
  ["&AOk-&-&AOk-", "é&é"],
  ["plain name~!", "plain name~!"],
];
for (const [wire, path] of names) {
  test(`modified UTF-7 ${wire}`, () => {
    assert.equal(decodeUtf7(wire), path);
    assert.equal(encodeUtf7(path), wire);
    assert.equal(readMailboxName(wire, false), path);
    assert.equal(readMailboxName(Buffer.from(path).toString("latin1"), true), path);
    assert.equal(writeMailboxName(path, false), wire);
    assert.equal(writeMailboxName(path, true), Buffer.from(path).toString("latin1"));
  });
}

const wrong = [
  "Q&A", // no end
  "&U,BTFw-&ZeVnLIqe-", // RFC 3501 §5.1.3: superfluous shift
  "&AGE-", // "a" could be written plainly
  "&AAo-", // a control character
  "&AOl-", // bits left over
  "&AO-", // half a unit
  "&A-",
  "&2D0-", // half a surrogate pair
  "&3gA-",
  "&AO!k-",
  "&AO/k-", // "," is used and not "/"
  "Entw\xc3\xbcrfe", // not seven bits
  "a\rb",
  "a\nb",
  "a\tb",
  "a\0b",
  "\x7f",
];
for (const wire of wrong) {
  test(`no mailbox name: ${JSON.stringify(wire)}`, () => assert.equal(readMailboxName(wire, false), undefined));
}

test("with UTF-8 the ampersand is only itself, and nonsense is refused", () => {
  assert.equal(readMailboxName("Q&A", true), "Q&A");
  assert.equal(readMailboxName("\xff", true), undefined);
  assert.equal(readMailboxName("\xed\xa0\x80", true), undefined);
  assert.equal(readMailboxName("a\xe2\x80\xa8b", true), undefined);
  assert.equal(readMailboxName("a\xc2\x85b", true), undefined);
  // RFC 5198: composed.
  assert.equal(readMailboxName("Entwu\xcc\x88rfe", true), "Entwürfe");
  assert.equal(readMailboxName("x".repeat(maxMailboxNameChars), true)?.length, maxMailboxNameChars);
  assert.equal(readMailboxName("x".repeat(maxMailboxNameChars + 1), true), undefined);
});

test("INBOX in any case, only as a whole level", () => {
  for (const [wire, path] of [
    ["inbox", "INBOX"],
    ["InBoX/Sub", "INBOX/Sub"],
    ["inboxes", "inboxes"],
    ["a/inbox", "a/inbox"],
  ] as const) {
    assert.equal(readMailboxName(wire, false), path);
  }
});

test("anything goes there and back", () => {
  let seed = 5;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 20_000 * Number(process.env["FUZZ"] ?? 1); round++) {
    let text = "";
    for (let count = random(12); count > 0; count--)
      text += String.fromCodePoint([random(95) + 32, 0xa1 + random(500), 0x1f600 + random(60), 38, 45][random(5)]!);
    assert.equal(decodeUtf7(encodeUtf7(text)), text);
    const junk = Array.from({ length: random(10) }, () => "&-,+/AaZ9~"[random(10)]).join("");
    const decoded = decodeUtf7(junk);
    // Strict: whatever is understood has this one spelling.
    if (decoded !== undefined) assert.equal(encodeUtf7(decoded), junk);
  }
});

const matches: readonly [pattern: string, path: string, expected: boolean][] = [
  ["*", "a/b", true],
  ["%", "a", true],
  ["%", "a/b", false],
  ["%/%", "a/b", true],
  ["%/%", "a/b/c", false],
  ["a*", "a/b/c", true],
  ["*c", "a/b/c", true],
  ["%c", "a/b/c", false],
  ["a/%/c", "a/b/c", true],
  ["a/%/c", "a/b/b/c", false],
  ["a/*/c", "a/b/b/c", true],
  ["*b%", "a/b/bx", true],
  ["*b%", "a/b/c", false],
  ["*x%y", "axb/xcy", true],
  ["", "a", false],
  ["", "", true],
  ["inbox", "INBOX", true],
  ["InB%", "INBOX", true],
  ["inbox/*", "INBOX/a", true],
  ["inbox/A", "INBOX/a", false],
  ["inbox*", "INBOX/a", true],
  ["inb%/a", "INBOX/a", true],
  ["inboxes*", "INBOX/a", false],
  ["work", "Work", false],
  ["**", "a/b", true],
  ["%%", "ab", true],
  ["a%b", "ab", true],
  ["a%", "a", true],
  ["a%%%*", "a", true],
  ["Entwürfe", "Entwürfe", true],
];
for (const [pattern, path, expected] of matches) {
  test(`${path} is ${expected ? "" : "not "}in ${pattern}`, () =>
    assert.equal(matchesPattern(pattern, path), expected));
}

test("patterns agree with regular expressions", () => {
  let seed = 9;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const text = (from: string, length: number): string =>
    Array.from({ length }, () => from[random(from.length)]).join("");
  for (let round = 0; round < 20_000; round++) {
    const pattern = text("ab/*%", random(7));
    const path = text("ab/", random(9));
    const same = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("%", "[^/]*")}$`).test(path);
    assert.equal(matchesPattern(pattern, path), same, `${pattern} ${path}`);
  }
});

test("a pattern made to explode does not", () => {
  const start = process.cpuUsage();
  for (const wildcard of ["*", "%", "*%"])
    assert.equal(matchesPattern(`${`${wildcard}a`.repeat(300)}b`, "a".repeat(1000)), false);
  assert.ok(process.cpuUsage(start).user < 1_000_000);
  // Looked at wildcard by wildcard each of these took seconds, and there may be ten thousand mailboxes.
  for (let time = 0; time < 20; time++) assert.ok(matchesPattern("*%".repeat(500), "a".repeat(900)));
});
