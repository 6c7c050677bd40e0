/** The public validation suite of RFC 8617's authors. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bodyHashes } from "../dkim/hashes.ts";
import { splitHeader } from "../mime/header.ts";
import { verifyArc } from "./verify.ts";

type Suite = {
  readonly description: string;
  readonly tests: { readonly [name: string]: { readonly message: string; readonly cv: string } };
  readonly txt: { readonly [name: string]: string };
};
const suites = JSON.parse(
  readFileSync(new URL("../../test/corpus/arc/validation.json", import.meta.url), "utf8"),
) as readonly Suite[];

/** No result is given for chains that end with cv=fail: RFC 8617 §5.2 says that they fail. */
const unsaid: { readonly [name: string]: string } = {
  cv_fail_i1_as_cv_fail: "fail",
  cv_fail_i2_as2_fail: "fail",
  cv_fail_i2_as1_fail: "fail",
};

let count = 0;
for (const { description, tests, txt } of suites)
  for (const [name, { message, cv }] of Object.entries(tests)) {
    count++;
    test(`${description}: ${name}`, async () => {
      const bytes = Buffer.from(message.replace(/\r?\n/g, "\r\n"), "utf8");
      const header = splitHeader(bytes, 0, bytes.length);
      const found = await verifyArc(header, {
        txt: async (name) => {
          const record = txt[name];
          return record === undefined ? { kind: "none", exists: false } : { kind: "found", records: [record] };
        },
        hashes: (wanted) => bodyHashes(bytes.subarray(header.end), wanted),
      });
      assert.equal(found.result, unsaid[name] ?? cv.toLowerCase(), found.reason ?? "");
    });
  }
test("all cases were run", () => {
  assert.equal(count, 171);
});
