import assert from "node:assert/strict";
import { test } from "node:test";
import { receivedTime } from "./received-time.ts";

const at = Date.UTC(2020, 0, 2, 3, 4, 5);
const cases: readonly [name: string, header: string, time: number | undefined][] = [
  ["the date after the last semicolon", "Received: from a (b; c) by d;\r\n Thu, 2 Jan 2020 04:04:05 +0100 (CET)", at],
  [
    "the first of several",
    "Received: by x; Thu, 02 Jan 2020 03:04:05 +0000\r\nReceived: by y; Wed, 1 Jan 2020 00:00:00 +0000",
    at,
  ],
  ["no date", "Received: from a by b", undefined],
  ["no field", "Date: Thu, 2 Jan 2020 03:04:05 +0000", undefined],
  ["before 1970", "Received: by x; Thu, 2 Jan 1930 03:04:05 +0000", undefined],
  ["in the body", "Subject: x\r\n\r\nReceived: by x; Thu, 02 Jan 2020 03:04:05 +0000", undefined],
];
for (const [name, header, time] of cases)
  test(name, () => assert.equal(receivedTime(Buffer.from(`${header}\r\n\r\nHello.\r\n`)), time));
