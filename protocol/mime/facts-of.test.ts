import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf, passingFactsOf } from "./facts-of.ts";

const messages: readonly [name: string, text: string][] = [
  ["plain", "Message-ID: <a@b.test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n"],
  ["nothing said", "X: y\r\n\r\nHello\r\n"],
  ["said twice", "Subject: one\r\nMessage-ID: <a@b.test>\r\nMessage-ID: <c@d.test>\r\nSubject: two\r\n\r\n"],
  ["no body", "Subject: x"],
  ["empty", ""],
];
for (const [name, text] of messages)
  test(`what only passes is named as what stays: ${name}`, () => {
    const bytes = Buffer.from(text);
    const { headerBytes, messageId, subject } = factsOf(bytes);
    const passing = passingFactsOf(bytes);
    assert.deepEqual([passing.headerBytes, passing.messageId, passing.subject], [headerBytes, messageId, subject]);
    assert.equal(passing.signature.length, 0, "it may hold anything");
  });
