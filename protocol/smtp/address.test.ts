import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, fuzzRounds, seeded } from "../../test/fuzz.ts";
import { formatLocal, formatMailbox, parseDomain, parseMailbox, readPath } from "./address.ts";

/** What a path says, in one line. */
function path(text: string): string {
  const found = readPath(text, 0);
  switch (found.kind) {
    case "null":
      return `null ${found.end}`;
    case "local":
      return `local ${found.local}`;
    case "mailbox":
      return `${found.mailbox.local} at ${found.mailbox.domain}${found.utf8 ? " utf8" : ""}`;
    case "bad":
      return `bad ${found.why}`;
    default:
      return found satisfies never;
  }
}

const long = (length: number): string => "x".repeat(length);
const paths: readonly [text: string, expected: string][] = [
  ["<a@b.test>", "a at b.test"],
  ["<A.B+c@B.TEST>", "A.B+c at b.test"],
  ["<a@localhost>", "a at localhost"],
  ["<>", "null 2"],
  ["<postmaster>", "local postmaster"],
  ["a@b.test", "bad syntax"],
  ["<a@b.test", "bad syntax"],
  ["<a@>", "bad domain"],
  ["<@b.test>", "bad syntax"],
  ["<a@b@c.test>", "bad domain"],
  ["<a b@c.test>", "bad syntax"],
  ["<a@b c.test>", "bad domain"],
  ["<a@b..test>", "bad domain"],
  ["<a@.test>", "bad domain"],
  ["<a@b.test.>", "bad domain"],
  ["<a@-b.test>", "bad domain"],
  ["<a@b-.test>", "bad domain"],
  ["<a@under_score.test>", "a at under_score.test"],
  ["<a..b@c.test>", "a..b at c.test"],
  ["<a.@c.test>", "a. at c.test"],
  // Relays of old: all plain text.
  ["<a%c.test@b.test>", "a%c.test at b.test"],
  ["<c.test!a@b.test>", "c.test!a at b.test"],
  ["<@one.test,@two.test:a@b.test>", "a at b.test"],
  ["<@one.test:a@b.test>", "a at b.test"],
  ["<@one.test,two.test:a@b.test>", "bad syntax"],
  ["<@:a@b.test>", "bad syntax"],
  ["<@one.test:>", "bad syntax"],
  ["<@one.test:@two.test:a@b.test>", "bad syntax"],
  // Quoted strings.
  ['<"a b"@c.test>', "a b at c.test"],
  ['<"a@c.test"@b.test>', "a@c.test at b.test"],
  ['<"a\\"b\\\\"@c.test>', 'a"b\\ at c.test'],
  ['<"a>b"@c.test>', "a>b at c.test"],
  ['<""@c.test>', " at c.test"],
  ['<"a"b@c.test>', "bad syntax"],
  ['<"a@c.test>', "bad syntax"],
  ['<"a\\', "bad syntax"],
  ['<"a\tb"@c.test>', "bad syntax"],
  ["<a\0@c.test>", "bad syntax"],
  // Literals.
  ["<a@[192.0.2.1]>", "a at [192.0.2.1]"],
  ["<a@[IPv6:2001:DB8::1]>", "a at [IPv6:2001:db8::1]"],
  ["<a@[IPv6:::ffff:192.0.2.1]>", "a at [IPv6:::ffff:192.0.2.1]"],
  ["<a@[192.0.2.256]>", "bad domain"],
  ["<a@[192.0.2]>", "bad domain"],
  ["<a@[2001:db8::1]>", "bad domain"],
  ["<a@[IPv6:1::2::3]>", "bad domain"],
  ["<a@[IPv6:1:2:3:4:5:6:7:8:9]>", "bad domain"],
  ["<a@[IPv6:1:2:3:4:5:6:7:8]>", "a at [IPv6:1:2:3:4:5:6:7:8]"],
  ["<a@[x-tag:1]>", "bad domain"],
  ["<a@[192.0.2.1>", "bad domain"],
  // Internationalised.
  ["<ü@b.test>", "ü at b.test utf8"],
  ["<a@bücher.test>", "a at xn--bcher-kva.test utf8"],
  ["<a@BÜCHER.test>", "a at xn--bcher-kva.test utf8"],
  ["<a@xn--bcher-kva.test>", "a at xn--bcher-kva.test"],
  ["<a@例え.テスト>", "a at xn--r8jz45g.xn--zckzah utf8"],
  ["<a@b\u3002test>", "a at b.test utf8"],
  ["<a@１.２.３.４>", "bad domain"],
  ["<a@b／c.test>", "bad domain"],
  ["<a\u00a0b@c.test>", "bad syntax"],
  ["<a\u202eb@c.test>", "bad syntax"],
  ['<"ü x"@c.test>', "ü x at c.test utf8"],
  // Bounds.
  [`<${long(64)}@b.test>`, `${long(64)} at b.test`],
  [`<${long(192)}@b.test>`, `${long(192)} at b.test`],
  [`<${long(193)}@b.test>`, "bad too-long"],
  [`<${"ü".repeat(96)}@b.test>`, `${"ü".repeat(96)} at b.test utf8`],
  [`<${"ü".repeat(97)}@b.test>`, "bad too-long"],
  [`<a@${long(63)}.test>`, `a at ${long(63)}.test`],
  [`<a@${long(64)}.test>`, "bad domain"],
  [`<a@${`${long(50)}.`.repeat(6)}test>`, "bad too-long"],
  [`<${long(100)}@${`${long(49)}.`.repeat(3)}test>`, "bad too-long"],
  [`<${long(5000)}@b.test>`, "bad too-long"],
];
for (const [text, expected] of paths)
  test(`path ${text.slice(0, 60)}`, () => {
    assert.equal(path(text), expected);
  });

test("an address without brackets", () => {
  assert.deepEqual(parseMailbox("A@B.test"), { local: "A", domain: "b.test" });
  assert.deepEqual(parseMailbox('"a b"@b.test'), { local: "a b", domain: "b.test" });
  for (const text of [
    "",
    "a",
    "@b.test:a@c.test",
    "a@b.test>",
    "a@b.test> ",
    "<a@b.test>",
    "a@b.test\r\n",
    "a@b.test, c@d.test",
  ])
    assert.equal(parseMailbox(text), undefined, text);
});

test("what was parsed is written so that it parses to the same", () => {
  for (const local of ["a", "a.b", "a b", "a@b", 'q"uo\\te', "", "ü", "a..b", "ü b"])
    assert.deepEqual(parseMailbox(formatMailbox({ local, domain: "b.test" })), { local, domain: "b.test" });
  assert.equal(formatLocal("a b"), '"a b"');
  assert.equal(formatLocal("a.b"), "a.b");
});

test("domains", () => {
  assert.equal(parseDomain("EXAMPLE.Test"), "example.test");
  assert.equal(parseDomain("1.2.3.4"), "1.2.3.4"); // A name by its grammar; nobody has it.
  assert.equal(parseDomain(""), undefined);
  assert.equal(parseDomain("a..b"), undefined);
});

test("any text gives an answer, and one that survives the way out and in", () => {
  const random = seeded(7);
  const pieces = [
    "a",
    "@",
    "<",
    ">",
    '"',
    "\\",
    ".",
    ",",
    ":",
    "[",
    "]",
    "%",
    "!",
    " ",
    "ü",
    "b.test",
    "IPv6:",
    "::",
    "1",
    "\u202e",
  ];
  for (let round = fuzzRounds(50_000); round > 0; round--) {
    const text = `<${anyOf(random, pieces, 12)}>`;
    const found = readPath(text, 0);
    if (found.kind !== "mailbox") continue;
    assert.ok(found.end <= text.length);
    assert.deepEqual(parseMailbox(formatMailbox(found.mailbox)), found.mailbox, text);
  }
});

test("hostile text costs no more than its length", () => {
  const started = process.cpuUsage();
  for (const text of [
    `<${'"\\"'.repeat(50_000)}`,
    `<@${"a,@".repeat(50_000)}:x@y>`,
    `<${"a.".repeat(50_000)}@b>`,
    `<a@${"a-".repeat(50_000)}>`,
    `<a@[IPv6:${":1".repeat(50_000)}]>`,
  ])
    path(text);
  assert.ok(process.cpuUsage(started).user / 1000 < 1000);
});
