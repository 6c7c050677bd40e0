/** What exact search finds in a message, the words and the filter of the message never rule out: random needles beside a look into it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyContains, foldedContains, foldedText, textContains } from "../../protocol/mime/search-text.ts";
import { eachEntry, wordEnd } from "../../protocol/words/dictionary.ts";
import { holdsSlots } from "../../protocol/words/gram-block.ts";
import { needleGrams } from "../../protocol/words/grams.ts";
import { decodePostings, loose, Place, type Postings } from "../../protocol/words/postings.ts";
import { fuzzRounds, seeded } from "../../test/fuzz.ts";
import { needleIn, oddMessage } from "../../test/odd-mail.ts";
import { segmentOf } from "./segment.ts";

const random = seeded(23);
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;

test("no needle that a message holds is ruled out, most that it does not hold are, and what is sure is so", async () => {
  let [held, sure, ruledOut, passed] = [0, 0, 0, 0];
  for (let round = 0; round < fuzzRounds(15); round++) {
    const mail = Array.from({ length: 12 }, () => oddMessage(random));
    const folded = mail.map(({ bytes }) => foldedText(bytes));
    const { blocks, grams } = await segmentOf({ messages: mail.map(({ bytes }, email) => ({ email, bytes })) });
    const words = new Map<string, Postings>();
    for (const [, body, list] of blocks) {
      let listed = Buffer.from(list).toString("utf8");
      eachEntry(body, (one, postings) => {
        const all = decodePostings(postings);
        const entry = `${one}${String.fromCharCode(wordEnd(all.emails.length))}`;
        assert.ok(listed.startsWith(entry), one);
        listed = listed.slice(entry.length);
        words.set(one, all);
        return true;
      });
      assert.equal(listed, "");
    }
    for (let turn = 0; turn < 60; turn++) {
      const needle = needleIn(random, pick(mail).texts);
      if (needle === "") continue;
      const { slots, pieces, bare } = needleGrams(needle);
      const [sureOfText, sureOfBody] = [new Set<number>(), new Set<number>()];
      const holding = pieces.map(({ word: part, begins, ends }) => {
        const emails = new Set<number>();
        for (const [one, all] of words) {
          if (!(begins ? (ends ? one === part : one.startsWith(part)) : ends ? one.endsWith(part) : one.includes(part)))
            continue;
          for (const [at, email] of all.emails.entries()) {
            emails.add(email);
            if (!bare || (all.places[at]! & loose) !== 0) continue;
            sureOfText.add(email);
            if ((all.places[at]! & (Place.body | Place.attachment)) !== 0) sureOfBody.add(email);
          }
        }
        return emails;
      });
      for (const email of sureOfText) assert.ok(textContains(mail[email]!.bytes, needle), needle);
      for (const email of sureOfBody) assert.ok(bodyContains(mail[email]!.bytes, needle), needle);
      sure += sureOfText.size + sureOfBody.size;
      for (const [email, { bytes }] of mail.entries()) {
        const [, runs, between] = grams[email]!;
        const may =
          holdsSlots(between, slots) &&
          pieces.every((piece, at) => holding[at]!.has(email) || holdsSlots(runs, piece.slots));
        const holds = textContains(bytes, needle);
        // What is kept of a message that was looked into says the same, but of needles with NUL, which tells its texts apart.
        if (!needle.includes("\0")) {
          assert.equal(foldedContains(folded[email]!, needle, true), holds, JSON.stringify(needle));
          assert.equal(
            foldedContains(folded[email]!, needle, false),
            bodyContains(bytes, needle),
            JSON.stringify(needle),
          );
        }
        if (holds) held++;
        else if (!may) ruledOut++;
        else passed++;
        if (may) continue;
        assert.ok(!holds && !bodyContains(bytes, needle), `${JSON.stringify(needle)} in ${bytes}`);
      }
    }
  }
  assert.ok(sure > 500, `${sure} sure`);
  assert.ok(held > 1_000 && ruledOut > 3 * passed, `${held} held, ${ruledOut} ruled out, ${passed} not`);
});
