import assert from "node:assert/strict";
import { test } from "node:test";
import { limitSentence } from "./sending-limits.ts";

test("where nothing is known of what an account sends, it is said why", () => {
  assert.match(limitSentence(undefined, {}), /^The server is not running: /);
  assert.match(limitSentence(undefined, { restraining: {} as never }), /^Nothing is limited or counted here: /);
});
