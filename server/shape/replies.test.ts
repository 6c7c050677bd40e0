/** Replies as providers document them and programs write them (test/corpus/replies): with the real reports of `vectors.test.ts` more than 300. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ReplyClass, replyClasses } from "./reply-class.ts";
import { classifyReply } from "./shaping.ts";
import { shippedShaping } from "./shipped.ts";

test("documented replies get their class", () => {
  const shaping = shippedShaping();
  const file = join(import.meta.dirname, "../../test/corpus/replies/replies.tsv");
  const wrong: string[] = [];
  let judged = 0;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [provider = "", expected = "", source = "", text = ""] = line.split("\t");
    assert.ok(replyClasses.includes(expected as ReplyClass), line);
    assert.ok(provider === "other" || shaping.providers.has(provider), line);
    assert.ok(source !== "", line);
    judged++;
    const found = classifyReply(shaping, provider, text);
    if (found.class !== expected)
      wrong.push(`${found.class} by ${found.rule?.id}, not ${expected}: ${text.slice(0, 100)}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(judged >= 150, `${judged} replies`);
});
