/** The model that is shipped fits the features of today, and knows the mail that it was made from. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { judgeMessage, readMessage, spamFrom } from "../../server/judge/content/filter.ts";
import { readModel, shippedModel } from "../../server/judge/content/model-file.ts";
import { badMail, goodMail } from "./letters.ts";

const bytes = readFileSync(shippedModel);
const model = readModel(bytes, true);

test("the shipped model is small, and of these features", () => {
  assert.ok(typeof model !== "string", String(model));
  assert.ok(bytes.length < 2_000_000, `${bytes.length} bytes`);
});

// Numbers that it has not learned.
const numbers = Array.from({ length: 120 }, (_, index) => 1000 + index);
const chance = (mail: Buffer, using = model): number =>
  judgeMessage(readMessage(mail), typeof using === "string" ? undefined : using).probability;

test("letters of people and programs are good, also those with hardly a header", () => {
  const wrong = numbers.filter((number) => chance(goodMail(number)) >= spamFrom);
  assert.deepEqual(wrong, []);
});

test("common frauds are caught, and more of them than by the rules alone", () => {
  const caught = numbers.filter((number) => chance(badMail(number)) >= spamFrom).length;
  const byRules = numbers.filter(
    (number) => judgeMessage(readMessage(badMail(number)), undefined).probability >= spamFrom,
  );
  assert.ok(caught >= 110, `${caught} of 120`);
  assert.ok(caught > byRules.length, `${caught}, ${byRules.length} by rules`);
});
