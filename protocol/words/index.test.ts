/** What the indexes are made of: postings in blocks, dictionaries in blocks, sets, filters turned round. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, fuzzRounds, seeded } from "../../test/fuzz.ts";
import { foldText } from "../mime/fold.ts";
import { compareWords, DictionaryWriter, eachEntry, entryOf } from "./dictionary.ts";
import { BitSet, FewEmails, inAll, TermSet } from "./email-set.ts";
import { columnOf, decodeEmails, encodeEmails, holdsSlots, Left, turnRound } from "./gram-block.ts";
import { GramBuilder, GramKind, gramSizes, needleGrams } from "./grams.ts";
import { decodePostings, encodePostings, everywhere, Place, PostingList, type Postings, unite } from "./postings.ts";

const random = seeded(5);

function anyPostings(most: number, gap: number): Postings {
  const emails: number[] = [];
  for (let email = random(1000), left = random(most); left > 0; left--, email += 1 + random(gap)) emails.push(email);
  return { emails, places: emails.map(() => 1 + random(everywhere)) };
}

test("postings come back as they went in, short and long", () => {
  for (let round = 0; round < fuzzRounds(500); round++) {
    const postings = anyPostings(round % 10 === 0 ? 1_500 : 150, round * 1_000_000 + 1);
    assert.deepEqual(decodePostings(encodePostings(postings)), postings);
  }
});

test("any bytes decode, as postings, as a dictionary, as emails", () => {
  for (let round = 0; round < fuzzRounds(2_000); round++) {
    const bytes = Uint8Array.from({ length: random(40) }, () => random(256));
    decodePostings(bytes);
    eachEntry(bytes, () => true);
    entryOf(bytes, "word");
    decodeEmails(bytes);
  }
});

test("united: side by side, and where they overlap", () => {
  const one = { emails: [1, 3, 5], places: [Place.body, Place.subject, Place.body] };
  const two = { emails: [3, 4, 5], places: [Place.body, Place.to, Place.from] };
  const later = { emails: [8], places: [Place.to] };
  assert.deepEqual(unite([one, two]), {
    emails: [1, 3, 4, 5],
    places: [Place.body, Place.subject | Place.body, Place.to, Place.body | Place.from],
  });
  assert.deepEqual(unite([later, one]), { emails: [1, 3, 5, 8], places: [...one.places, Place.to] });
});

test("words are ordered as their bytes are", () => {
  const characters = [..."abz09é京\ud7ff\ue000\uffee\u{10000}\u{1f600}"];
  for (let round = 0; round < fuzzRounds(2_000); round++) {
    const [one, other] = [anyOf(random, characters, 4), anyOf(random, characters, 4)];
    assert.equal(Math.sign(compareWords(one, other)), Buffer.compare(Buffer.from(one), Buffer.from(other)));
  }
});

test("a dictionary: every word is found where it is, and no other", () => {
  for (let round = 0; round < fuzzRounds(20); round++) {
    const words = new Map<string, Postings>();
    const letters = round % 2 === 0 ? [..."ab"] : [..."abcdefghé京\u{1f600}"];
    for (let count = random(2_000); count > 0; count--)
      words.set(anyOf(random, letters, 12), anyPostings(count % 400 === 0 ? 9_000 : 6, 9));
    const writer = new DictionaryWriter();
    for (const word of [...words.keys()].sort(compareWords)) writer.add(word, encodePostings(words.get(word)!));
    const blocks = writer.finish();
    assert.equal(writer.words, words.size);
    const found = new Map<string, Postings>();
    for (const [first, body] of blocks) {
      let began = false;
      eachEntry(body, (word, postings) => {
        if (!began) assert.equal(word, first);
        began = true;
        found.set(word, decodePostings(postings));
        return true;
      });
    }
    assert.deepEqual(new Map([...found].sort()), new Map([...words].sort()));
    for (let tries = 0; tries < 300; tries++) {
      const word = tries % 2 === 0 ? anyOf(random, letters, 12) : ([...words.keys()][random(words.size)] ?? "a");
      const block = blocks.findLast(([first]) => compareWords(first, word) <= 0);
      const entry = block === undefined ? undefined : entryOf(block[1], word);
      assert.deepEqual(entry === undefined ? undefined : decodePostings(entry), words.get(word), word);
    }
  }
});

test("sets: asked one by one, listed, and several at once", () => {
  for (let round = 0; round < fuzzRounds(60); round++) {
    const end = 20_000;
    const most = round % 3 === 0 ? 9_000 : 300;
    const terms = Array.from({ length: 1 + random(3) }, () =>
      Array.from({ length: 1 + random(3) }, () => anyPostings(most, 3)),
    );
    const places = round % 2 === 0 ? everywhere : Place.subject;
    const holds = (email: number) =>
      terms.every((lists) =>
        lists.some(({ emails, places: of }) => {
          const at = emails.indexOf(email);
          return at >= 0 && (of[at]! & places) !== 0;
        }),
      );
    const termSets = () =>
      terms.map(
        (lists) =>
          new TermSet(
            lists.map((one) => new PostingList(encodePostings(one))),
            places,
            end,
          ),
      );
    const set = inAll(termSets(), end);
    for (let tries = 0; tries < 50; tries++) {
      const email = random(end);
      assert.equal(set.has(email), holds(email));
    }
    const everyone = [...new Set(terms.flatMap((lists) => lists.flatMap(({ emails }) => emails)))].sort(
      (a, b) => a - b,
    );
    const expected = everyone.length > 2_000 ? undefined : everyone.filter((email) => email < end && holds(email));
    if (expected !== undefined) assert.deepEqual(inAll(termSets(), end).list(), expected);
    assert.ok(set.size >= set.list().length);
  }
  const bits = new BitSet(100);
  for (const email of [0, 31, 32, 99]) bits.add(email);
  assert.deepEqual(
    [bits.list(), bits.size, bits.has(31), bits.has(98), bits.has(5_000)],
    [[0, 31, 32, 99], 4, true, false, false],
  );
  assert.ok(new FewEmails([3, 9]).has(9));
});

test("a filter has one of the sizes and holds every part of its text; turned round it says the same", () => {
  const words = "alpha beta gamma delta invoice 4711 straße 東京 meeting x".split(" ");
  const texts = Array.from({ length: 600 }, (_, at) =>
    at === 13
      ? "long ".repeat(60_000)
      : Array.from({ length: at % 200 }, (__, i) => `${words[random(10)]}${i * at}`).join(" "),
  );
  const filters = texts.map((text) => {
    const builder = new GramBuilder(text.length);
    builder.addText(text.slice(0, 300_000), () => false);
    return builder.finish();
  });
  const sizes = new Set(filters.flatMap((both) => both.map(({ length }) => length)));
  assert.ok(sizes.size > 4 && [...sizes].every((size) => gramSizes.includes(size as 64)));
  assert.ok([...sizes].some((size) => size % 3 === 0) && [...sizes].some((size) => size % 3 !== 0));
  const fewer = [0, 0];
  const needles = [
    "alph",
    "gammadelta",
    "4711",
    "京1me",
    "zzzz",
    "STRASSE",
    ...texts.slice(100, 140).map((text) => text.slice(3, 14)),
  ];
  for (const kind of [GramKind.run, GramKind.between])
    for (const size of sizes) {
      const texted = filters.flatMap((both, at) => (both[kind].length === size ? [at] : []));
      const chunks = turnRound(
        texted.map((at) => filters[at]![kind]),
        size,
      );
      for (const needle of needles) {
        const { slots: between, pieces } = needleGrams(needle);
        const slots = kind === GramKind.between ? between : pieces.flatMap((piece) => piece.slots);
        const left = new Left();
        for (const slot of slots) {
          const { chunk, from } = columnOf(slot, size);
          left.keep(chunks[chunk]!, from);
        }
        for (const [at, text] of texted.entries()) {
          assert.equal(left.has(at), holdsSlots(filters[text]![kind], slots));
          if (left.has(at)) continue;
          fewer[kind] = fewer[kind]! + 1;
          assert.ok(!foldText(texts[text]!).includes(foldText(needle)), needle);
        }
      }
    }
  assert.ok(fewer[0]! > 1_000 && fewer[1]! > 1_000, `${fewer} ruled out`);
  assert.deepEqual(needleGrams("\ud800abcdef"), { slots: [], pieces: [], bare: false }, "half a character");
  assert.deepEqual(decodeEmails(encodeEmails([3, 4, 900_000])), [3, 4, 900_000]);
});
