/** `angarium filter` as a program: what it takes and what it prints. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "angarium-filter-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const main = process.env["ANGARIUM_PROGRAM"] ?? join(import.meta.dirname, "../../main.ts");
const run = (words: readonly string[], input = "") =>
  spawnSync(process.execPath, [main, "filter", ...words], { cwd: folder, input, encoding: "utf8" });

for (const kind of ["ham", "spam"]) {
  mkdirSync(join(folder, kind));
  for (let i = 0; i < 12; i++)
    writeFileSync(
      join(folder, kind, `${kind}${i}.eml`),
      `From: ${kind}${i}@example.com\nTo: u@example.net\nSubject: ${kind === "ham" ? "minutes of the garden club" : "cheap replica watches"} ${i}\n\n${kind === "ham" ? "The hedge was cut and the roses watered" : "Buy now a replica rolex, best price"} ${i}\n`,
    );
}

test("train, then score: one line of JSON per mail, the same every time", () => {
  const trained = run(["train", "--model", "m", "--ham", "ham", "--spam", "spam/spam0.eml", "spam"]);
  assert.equal(trained.status, 0, trained.stderr);
  const scored = run(["score", "--model", "m", "spam"]);
  const lines = scored.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 12);
  assert.deepEqual(Object.keys(lines[0]), ["id", "score", "verdict", "ms", "reasons"]);
  assert.equal(lines[0].id, "spam0");
  assert.equal(lines[0].verdict, "spam");
  const good = run(["score", "--model", "m", "ham"])
    .stdout.trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.ok(good.every(({ verdict }) => verdict === "ham"));
  const strip = (text: string) => text.replace(/"ms":[\d.]+/g, "");
  assert.equal(strip(run(["score", "--model", "m", "spam"]).stdout), strip(scored.stdout));
  const alone = run(["score", "--model", "m", "--rules", "off", "spam"]).stdout;
  assert.notEqual(strip(alone), strip(scored.stdout));
});

test("paths on standard input; learning goes on from a base", () => {
  const list = Array.from({ length: 12 }, (_, i) => join(folder, "spam", `spam${i}.eml`)).join("\n");
  const first = run(["train", "--model", "a", "--spam", "-", "--ham", "ham"], list);
  assert.match(first.stderr, /12 good and 12 spam/);
  const more = run(["train", "--model", "b", "--from", "a", "--ham", "ham"]);
  assert.match(more.stderr, /24 good and 12 spam/);
});

test("a folder of links to mails is a folder of mails", () => {
  mkdirSync(join(folder, "links"));
  symlinkSync(join(folder, "spam", "spam0.eml"), join(folder, "links", "first.eml"));
  symlinkSync(folder, join(folder, "links", "circle"));
  assert.equal(JSON.parse(run(["score", "--model", "none", "links"]).stdout).id, "first");
});

test("the envelope file counts, and wrong use is a sentence", () => {
  writeFileSync(
    join(folder, "env"),
    '{"id":"ham0","ip":"192.0.2.9","helo":"1-2-3-4.dsl.example.com","rdns":"1-2-3-4.dsl.example.com","mailfrom":"a@b.example","rcpt":"u@example.net","auth":{"dmarc":"fail"}}\n',
  );
  const score = (words: readonly string[]) =>
    JSON.parse(run(["score", "--model", "none", ...words, "ham/ham0.eml"]).stdout);
  assert.ok(score(["--envelope", "env"]).score > score([]).score + 2);
  for (const words of [
    [],
    ["score"],
    ["score", "--model", "none"],
    ["train", "--ham", "ham"],
    ["score", "--model", "none", "--nonsense", "1", "ham"],
  ]) {
    const wrong = run(words);
    assert.equal(wrong.status, 2, words.join(" "));
    assert.match(wrong.stderr, /^angarium: /);
  }
  const missing = run(["score", "--model", "nowhere", "ham"]);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /cannot be read/);
});
