import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, fuzzRounds, seeded } from "../../test/fuzz.ts";
import { holdsWords } from "./message-words.ts";
import { everywhere } from "./postings.ts";
import { askedWords, eachWord, maxWordChars } from "./words.ts";

function wordsOf(text: string): string[] {
  const words: string[] = [];
  eachWord(text, (word) => words.push(word) > 0);
  return words;
}

const cases: readonly [name: string, text: string, words: string][] = [
  ["plain", "Hello, World! 42", "hello|world|42"],
  ["an address", "Anna.Meier+x@Example.ORG", "anna|meier|x|example|org"],
  ["accents", "Café Müller naïve Ångström", "cafe|muller|naive|angstrom"],
  ["folded forms", "STRASSE straße ﬁne", "strasse|strasse|fine"],
  ["Greek and Cyrillic", "Ελλάς Привет", "ελλασ|привет"],
  ["Chinese", "東京都庁", "東京|京都|都庁|庁"],
  ["one character", "猫", "猫"],
  ["mixed", "会議room2026資料", "会議|議|room2026|資料|料"],
  ["Korean has spaces", "안녕 하세요", "안녕|하세요"],
  ["Hindi keeps its marks", "नमस्ते", "नमस्ते"],
  ["codes are no words", `a${"x".repeat(100)} b`, "b"],
  ["long words are cut", "y".repeat(50), "y".repeat(maxWordChars)],
  ["nothing", "  --- !!", ""],
];
for (const [name, text, words] of cases) test(name, () => assert.equal(wordsOf(text).join("|"), words));

const asked: readonly [text: string, words: string][] = [
  ["inv 2026", "inv*|2026*"],
  ["東京都", "東京|京都"],
  ["東", "東*"],
  ["the the", "the*"],
  ["", ""],
];
for (const [text, words] of asked)
  test(`asked: "${text}"`, () =>
    assert.equal(
      askedWords(text)
        .map(({ word, prefix }) => `${word}${prefix ? "*" : ""}`)
        .join("|"),
      words,
    ));

test("every part of a text without spaces is found by its words", () => {
  const random = seeded(11);
  const characters = [..."東京都庁会議資料ありがとうสวัสดี"];
  for (let round = 0; round < fuzzRounds(2_000); round++) {
    const text = anyOf(random, characters, 12);
    const words = wordsOf(text);
    const all = [...text.normalize("NFC")];
    const from = random(all.length + 1);
    const part = all.slice(from, from + 1 + random(5)).join("");
    for (const { word, prefix } of askedWords(part))
      assert.ok(
        words.some((one) => (prefix ? one.startsWith(word) : one === word)),
        `${word} of ${part} in ${text}`,
      );
  }
});

test("words of a message that no index knows yet", () => {
  const long = "abcdefgh".repeat(5);
  const raw = Buffer.from(
    `Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nFrom: Ann <ann@far.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe Kestrels fly. ${long} x-foo2\r\n`,
  );
  const accented = Buffer.from(raw.toString("utf8").replace("fly", "füegen"));
  const cases: readonly [asked: string, exact: boolean, holds: boolean][] = [
    ["kestrels", true, true],
    ["kestrel", true, false],
    ["kestrel", false, true],
    ["estrels", false, false],
    ["KES the", false, true],
    ["kestrels nowhere", false, false],
    ["grusse", false, true],
    ["ann kestrels", false, true],
    [long, true, true],
    [long.slice(0, 31), true, false],
    ["foo2", true, true],
    ["foo", true, false],
    ["fl", false, true],
    ["kestrels ü", false, false],
  ];
  for (const [text, exact, holds] of cases) {
    const asked = askedWords(text).map(({ word, prefix }) => ({ word, prefix: prefix && !exact }));
    assert.equal(holdsWords(raw, asked, everywhere), holds, text);
    if (!/fl/.test(text) && !/ü/.test(text))
      assert.equal(holdsWords(accented, asked, everywhere), holds, `${text}, accented`);
  }
  assert.equal(holdsWords(accented, askedWords("fuegen"), everywhere), true, "without the accent");
});
