/**
 * `npm run filter-model -- FOLDER`: makes the model that is shipped, server/judge/content/shipped.model (docs/filtering.md says from what).
 * FOLDER holds `good/` and `spam/` (mail in files) and, where known, `envelope.jsonl`; the rest is letters of our own.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mailFiles, mailId, readEnvelopes, readMail } from "../../server/judge/content/files.ts";
import { readMessage } from "../../server/judge/content/filter.ts";
import { type Example, emptyModel, learn } from "../../server/judge/content/model.ts";
import { shippedModel, writeModel } from "../../server/judge/content/model-file.ts";
import { badMail, goodMail } from "./letters.ts";

const epochs = 4;
const goodLetters = 180;
const badLetters = 100;

const folder = process.argv[2];
if (folder === undefined)
  throw new Error("Name the folder with good/ and spam/. Usage: npm run filter-model -- FOLDER");
const list = join(folder, "envelope.jsonl");
const envelopes = existsSync(list) ? readEnvelopes(readFileSync(list, "utf8")) : new Map();
const examples: Example[] = [];
const example = (raw: Buffer, spam: boolean, id?: string): void => {
  const { features, rules } = readMessage(raw, { envelope: id === undefined ? undefined : envelopes.get(id) });
  examples.push({ features, rules, spam });
};
for (const kind of ["good", "spam"] as const)
  for (const path of mailFiles([join(folder, kind)])) example(readMail(path), kind === "spam", mailId(path));
for (let number = 0; number < goodLetters; number++) example(goodMail(number), false);
for (let number = 0; number < badLetters; number++) example(badMail(number), true);
const model = emptyModel();
learn(model, examples, epochs);
writeFileSync(shippedModel, writeModel(model));
process.stdout.write(`${shippedModel}: learned ${model.ham} good and ${model.spam} spam mails\n`);
