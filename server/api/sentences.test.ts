import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { sentenceOf } from "./sentences.ts";

const cases: readonly [schema: z.ZodType, value: unknown, expected: string][] = [
  [z.string(), undefined, "This must be there."],
  [z.string(), 7, "This must be a text."],
  [z.int(), 1.5, "This must be a whole number."],
  [z.int(), "7", "This must be a number."],
  [z.boolean(), null, "This must be true or false."],
  [z.array(z.string()), "a", "This must be a list."],
  [z.strictObject({}), [], "This must be an object with fields."],
  [z.record(z.string(), z.string()), 7, "This must be an object with fields."],
  [z.string().min(1), "", "This must not be empty."],
  [z.string().min(3), "a", "At least 3 characters."],
  [z.string().max(3), "abcd", "At most 3 characters."],
  [z.array(z.string()).min(1), [], "This must not be empty."],
  [z.int().min(1), 0, "The least is 1."],
  [z.int().max(500), 501, "The most is 500."],
  [z.number().positive(), 0, "This must be more than 0."],
  [z.coerce.number(), "many", "Write a number."],
  [z.enum(["a", "b"]), "c", 'This must be one of "a", "b".'],
  [z.literal(true), false, "This must be true."],
  [z.url(), "here", "Write a URL like https://example.org/."],
  [z.iso.datetime(), "noon", "Write a time in UTC like 2026-01-31T12:00:00Z."],
  [z.string().regex(/^a$/), "b", "This has the wrong form."],
  [z.string().regex(/^a$/, "Write an a."), "b", "Write an a."],
  [z.union([z.string(), z.int()]), true, "This must be a text, or a number."],
  [z.union([z.string(), z.strictObject({ email: z.string() })]), 7, "This must be a text, or an object with fields."],
  [z.union([z.string().max(1), z.string().regex(/^b+$/)]), "aa", "This has the wrong form."],
];
for (const [at, [schema, value, expected]] of cases.entries())
  test(`${at}: ${expected}`, () =>
    assert.equal(schema.safeParse(value, { error: sentenceOf }).error?.issues[0]?.message, expected));
