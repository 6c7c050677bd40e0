import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fieldValue, splitHeader } from "../header.ts";
import { mailboxesOf, parseAddresses } from "./address.ts";
import { decodeWords } from "./encoded-word.ts";

/** One line: "name<route:local@domain>", groups as "name{ … }". */
function shown(value: string): string {
  return parseAddresses(value)
    .map((entry) => {
      switch (entry.kind) {
        case "group":
          return `${entry.name}{`;
        case "end":
          return "}";
        default:
          return `${entry.name}<${entry.route === "" ? "" : `${entry.route}:`}${entry.local}@${entry.domain}>`;
      }
    })
    .join(" ");
}

const cases: readonly [value: string, expected: string][] = [
  ["a@b.test", "<a@b.test>"],
  ["<a@b.test>", "<a@b.test>"],
  ["Ann <a@b.test>", "Ann<a@b.test>"],
  ["Ann  Lee<a@b.test>", "Ann Lee<a@b.test>"],
  ['"Lee, Ann" <a@b.test>', "Lee, Ann<a@b.test>"],
  ['"Ann \\"A\\" Lee" <a@b.test>', 'Ann "A" Lee<a@b.test>'],
  ["a@b.test (Ann Lee)", "Ann Lee<a@b.test>"],
  ["a@b.test (Ann (the \\) first) Lee)", "Ann (the ) first) Lee<a@b.test>"],
  ["a@b.test, c@d.test", "<a@b.test> <c@d.test>"],
  ["a@b.test; c@d.test", "<a@b.test> <c@d.test>"],
  [",, a@b.test,,", "<a@b.test>"],
  ["a . b @ c . test", "<a.b@c.test>"],
  ["<a . b @ c . test>", "<a.b@c.test>"],
  ['"a b"@c.test', "<a b@c.test>"],
  ['<"a b"@c.test>', "<a b@c.test>"],
  ["<@x.test,@y.test:a@b.test>", "<@x.test,@y.test:a@b.test>"],
  ["Ann <@x.test:a@b.test>, c@d.test", "Ann<@x.test:a@b.test> <c@d.test>"],
  ["a@[192.0.2.1]", "<a@[192.0.2.1]>"],
  ["<a@[IPv6:2001:db8::1]>", "<a@[IPv6:2001:db8::1]>"],
  ["Friends: a@b.test, Bob <c@d.test>;", "Friends{ <a@b.test> Bob<c@d.test> }"],
  ["undisclosed-recipients:;", "undisclosed-recipients{ }"],
  ["A:b@c.test;, D:;, e@f.test", "A{ <b@c.test> } D{ } <e@f.test>"],
  ["A: b@c.test", "A{ <b@c.test> }"],
  ["root", "<root@>"],
  ["John Q. Public", "John Q. Public<@>"],
  ["John Q. Public <j@p.test>", "John Q. Public<j@p.test>"],
  ["John Doe j@d.test", "John Doe<j@d.test>"],
  ["j@d.test John Doe", "John Doe<j@d.test>".replace("John Doe", "")],
  ["Ann <a@b.test", "Ann<a@b.test>"],
  ["Ann a@b.test>", "Ann<a@b.test>"],
  ['"Ann <a@b.test>', "Ann<a@b.test>"],
  ["Ann <a@b.test> Bob <c@d.test>", "Ann<a@b.test> Bob<c@d.test>"],
  ["<a@b.test> (Ann), <c@d.test> and so on, e@f.test", "Ann<a@b.test> and so on<c@d.test> <e@f.test>"],
  ["<a@b.test> c@d.test", "<a@b.test> <c@d.test>"],
  ["a@b@c.test", "<a@b@c.test>"],
  ["<a@b@c.test>", "<a@b@c.test>"],
  ["<>", ""],
  ["", ""],
  ["()", ""],
  ["<<a@b.test>>", "<a@b.test>"],
  ["<a@b.test, c@d.test>", "<a@b.test> <c@d.test>"],
  ["=?utf-8?q?J=C3=BC?= <j@d.test>", "=?utf-8?q?J=C3=BC?=<j@d.test>"],
  ["\xc3\xbc@d.test", "\xc3\xbc@d.test".replace(/^/, "<").concat(">")],
  ["a@b.test (unclosed", "unclosed<a@b.test>"],
];
for (const [value, expected] of cases)
  test(`address: ${value}`, () => {
    assert.equal(shown(value), expected);
  });

test("names and domains come out in Unicode", () => {
  assert.deepEqual(mailboxesOf("=?utf-8?q?J=C3=BC?= =?utf-8?q?rgen?= <j@d\xc3\xa9.test>, b@c.test"), [
    { name: "Jürgen", local: "j", domain: "dé.test" },
    { name: "", local: "b", domain: "c.test" },
  ]);
});

type Vector = { name: string | null; address: string | null };
type Expected = { List?: Vector[]; Group?: { name: string | null; addresses: Vector[] }[] };
/** Where we read the vector otherwise, on purpose: comments are no part of a name that is there, and routes are kept apart. */
const otherwise = /\(|@node\.test:|jdoe@test {2}|" {2}James/;
const vectors: { header: string; expected: Expected | null }[] = JSON.parse(
  readFileSync(new URL("../../../test/corpus/mime/address.json", import.meta.url), "utf8"),
);
let compared = 0;
for (const { header, expected } of vectors) {
  if (otherwise.test(header)) continue;
  compared++;
  test(`address vector: ${JSON.stringify(header)}`, () => {
    const raw = Buffer.from(`To:${header}`);
    const split = splitHeader(raw, 0, raw.length);
    const value = fieldValue(split, split.fields[0]!);
    const found = mailboxesOf(value).map(({ name, local, domain }) => ({
      name: name === "" ? null : name,
      address: local + domain === "" ? null : domain === "" ? local : `${local}@${domain}`,
    }));
    const wanted = expected?.List ?? expected?.Group?.flatMap((group) => group.addresses) ?? [];
    assert.deepEqual(found, wanted);
    const groups = parseAddresses(value).flatMap((entry) => (entry.kind === "group" ? [decodeWords(entry.name)] : []));
    assert.deepEqual(groups, expected?.Group?.map(({ name }) => name).filter((name) => name !== null) ?? []);
  });
}
test("most address vectors are compared", () => assert.ok(compared >= 40, String(compared)));

test("100,000 addresses, and no more than asked for", () => {
  const many = Array.from({ length: 100_000 }, (_, i) => `User ${i} <u${i}@example.test>`).join(", ");
  const entries = parseAddresses(many);
  assert.equal(entries.length, 100_000);
  assert.deepEqual(entries.at(-1), {
    kind: "mailbox",
    name: "User 99999",
    route: "",
    local: "u99999",
    domain: "example.test",
  });
  assert.equal(parseAddresses(many, 7).length, 7);
});

for (const piece of [
  "<",
  ">",
  "(",
  ")",
  '"',
  "\\",
  "[",
  "]",
  ":",
  ";",
  "@",
  ",",
  "a ",
  "a.",
  "a@",
  "<@",
  '"a',
  "(\\",
  "a:",
  "<a,",
  "[a]@",
])
  test(`address: a megabyte of ${piece} is linear work`, () => {
    // A quadratic reader needs minutes for this.
    assert.ok(parseAddresses(piece.repeat(1_000_000 / piece.length)).length >= 0);
    assert.ok(parseAddresses(`x ${piece.repeat(500_000 / piece.length)} ]">)`).length >= 0);
  });
