/** What one request may come to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import { writtenChars } from "../../protocol/jmap/written.ts";
import { type Method, runRequest } from "./call.ts";
import { maxAnswerChars, maxMessageBytes, Room } from "./room.ts";

test("answers that are too large together end a request: what comes after is not run", async () => {
  const text = "x".repeat(maxAnswerChars / 2);
  let run = 0;
  const large: Method = {
    capability: "c",
    run: () => {
      run++;
      return { ok: { text } };
    },
  };
  const calls = ["a", "b", "c", "d"].map((id) => ["Large/get", {}, id] as const);
  const { methodResponses } = await runRequest(
    { using: ["c"], methodCalls: calls, createdIds: undefined } as never,
    new Map([["Large/get", large]]),
    {} as never,
  );
  assert.deepEqual(
    methodResponses.map(([name, answer]) => (name === "error" ? (answer as JsonObject)["type"] : name)),
    ["Large/get", "Large/get", "requestTooLarge", "requestTooLarge"],
  );
  assert.equal(run, 2);
});

test("messages of all calls share one bound", () => {
  const room = new Room();
  assert.ok(room.takeBytes(maxMessageBytes));
  assert.ok(!room.isFull);
  assert.ok(!room.takeBytes(1));
  assert.ok(room.isFull);
});

test("what is written counts, and is not counted to its end where it is too much", () => {
  const row = { name: "0123456789", list: [1, null, true, "four"] };
  const written = writtenChars(row, 1e9);
  assert.ok(written >= JSON.stringify(row).length && written < 3 * JSON.stringify(row).length, `${written}`);
  // Shared in memory, but not when it is written.
  let copies: JsonObject[] = [row];
  for (let i = 0; i < 40; i++) copies = [...copies.slice(0, 1), { copies } as JsonObject, { copies } as JsonObject];
  assert.ok(writtenChars(copies, 10_000) > 10_000);
});
