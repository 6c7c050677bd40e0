/** Replies as providers document them and programs write them (test/corpus/replies): class, rule, what is done, and what a person reads. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { meaningOf } from "./meaning.ts";
import { type ReplyClass, replyClasses } from "./reply-class.ts";
import { shippedShaping } from "./shipped.ts";

test("more than 300 documented replies mean what they say", () => {
  const shaping = shippedShaping();
  const folder = join(import.meta.dirname, "../../test/corpus/replies");
  const documented = readFileSync(join(folder, "README.md"), "utf8");
  const wrong: string[] = [];
  let judged = 0;
  for (const line of readFileSync(join(folder, "replies.tsv"), "utf8").split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [provider = "", source = "", expected = "", rule, actions, sentence, text = ""] = line.split("\t");
    assert.ok(replyClasses.includes(expected as ReplyClass), line);
    assert.ok(provider === "other" || shaping.providers.has(provider), line);
    assert.ok(documented.includes(source.replace(/^rfc\d+$/, "rfcNNNN")) && source !== "", line);
    judged++;
    const found = meaningOf(shaping, provider, text);
    const seen = [found.class, found.rule?.id ?? "", found.actions.join("; "), found.sentence].join(" | ");
    const wanted = [expected, rule, actions, sentence].join(" | ");
    if (seen !== wanted) wrong.push(`${text.slice(0, 80)}: ${seen}, not ${wanted}`);
  }
  assert.deepEqual(wrong.slice(0, 5), []);
  assert.ok(judged >= 370, `${judged} replies`);
});

test("what is said of us or of the content never suppresses an address", () => {
  const shaping = shippedShaping();
  for (const reply of [
    "550 5.1.0 <a@b.example>: Sender address rejected: User unknown in virtual mailbox table",
    "550 5.7.513 Service unavailable. Client host [192.0.2.1] blocked by recipient domain",
    "550-Requested action not taken: mailbox unavailable 550 invalid DNS MX or A/AAAA resource record",
    "550 5.7.27 Sender address has null MX",
    "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent (S3150).",
  ])
    for (const provider of ["other", "microsoft-365", "united-internet"])
      if (provider === "united-internet" || !reply.includes("A/AAAA"))
        assert.doesNotMatch(meaningOf(shaping, provider, reply).actions.join(), /suppress/, `${provider}: ${reply}`);
});
