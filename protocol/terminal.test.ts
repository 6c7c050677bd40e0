import assert from "node:assert/strict";
import { test } from "node:test";
import { safeJson, safeText } from "./terminal.ts";

const hostile = "\u009b31mred \u009d0;title\u009c\x7f \u202eright\u2069 \u2028 \x1b[2J é 日本 👩‍💻";

test("JSON: no character steers a terminal, and a parser hears the same", () => {
  const text = safeJson(JSON.stringify({ subject: hostile }));
  assert.match(text, /\\u009b31m/);
  assert.doesNotMatch(text, /[\p{Cc}\u2028\u202e\u2069]/u);
  assert.deepEqual(JSON.parse(text), { subject: hostile });
  assert.match(text, /é 日本 👩‍💻/u, "letters stay");
});

test("text: dots for what steers a terminal; lines, columns and letters stay", () => {
  const text = safeText(`a\tb\nc ${hostile}\r\n`);
  assert.doesNotMatch(text, /[^\P{Cc}\n\t]|[\u2028\u202e\u2069]/u);
  assert.ok(text.startsWith("a\tb\nc ·31mred"));
  assert.match(text, /é 日本 👩‍💻/u);
});
