/** Signed messages with their keys in the first lines. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { splitHeader } from "../mime/header.ts";
import { bodyHashes } from "./hashes.ts";
import { verifyDkim } from "./verify.ts";

const folder = new URL("../../test/corpus/dkim/", import.meta.url);
for (const name of readdirSync(folder).filter((one) => /^\d+\.txt$/.test(one)))
  test(`vector ${name}`, async () => {
    const text = readFileSync(new URL(name, folder), "latin1").replace(/\r?\n/g, "\r\n");
    const end = text.indexOf("\r\n\r\n");
    const keys = new Map(
      text
        .slice(0, end)
        .split("\r\n")
        .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
    );
    const bytes = Buffer.from(text.slice(end + 4), "latin1");
    const header = splitHeader(bytes, 0, bytes.length);
    const results = await verifyDkim(header, {
      txt: async (asked) => {
        const record = keys.get(asked);
        return record === undefined ? { kind: "none", exists: false } : { kind: "found", records: [record] };
      },
      hashes: (wanted) => bodyHashes(bytes.subarray(header.end), wanted),
      now: 0,
      authorDomain: undefined,
    });
    assert.ok(results.length > 0);
    for (const one of results) assert.equal(one.result, "pass", `${one.domain} ${one.reason}`);
  });
