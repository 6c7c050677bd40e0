import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fieldValue, splitHeader } from "../header.ts";
import { parseReceived, type Received } from "./received.ts";

const at = Date.UTC(2026, 2, 2, 10);
const cases: readonly [value: string, expected: Partial<Received>][] = [
  [
    "from a.test (b.test [192.0.2.1]) by mx.test with ESMTPS id abc for <u@x.test>; Mon, 02 Mar 2026 10:00:00 +0000",
    { from: "a.test", fromIp: "192.0.2.1", by: "mx.test", with: "ESMTPS", id: "abc", for: "u@x.test", date: at },
  ],
  [
    "from [IPv6:2001:db8::1] by mx.test; 2 Mar 2026 10:00 +0000",
    { from: "2001:db8::1", fromIp: "2001:db8::1", date: at },
  ],
  ["from a (HELO b) ([192.0.2.1]:25) by c", { from: "a", fromIp: "192.0.2.1", by: "c", date: undefined }],
  ["from a ([192.0.2.1:2525]) by c with smtp", { fromIp: "192.0.2.1", with: "SMTP" }],
  [
    "from a (192.0.2.1) by c (192.0.2.2) with Microsoft SMTP Server id 15.1",
    { fromIp: "192.0.2.1", with: "SMTP", id: "15.1" },
  ],
  [
    "by c (Postfix, from userid 0) id 1; (a; b) Mon, 02 Mar 2026 10:00:00 +0000 (c; d)",
    { from: undefined, id: "1", date: at },
  ],
  ["(qmail 1 invoked by uid 0); 2 Mar 2026 10:00:00 -0000", { by: undefined, date: at }],
  ["", { from: undefined, date: undefined }],
];
for (const [value, expected] of cases)
  test(`received: ${value}`, () => {
    const read = parseReceived(value);
    for (const [name, wanted] of Object.entries(expected)) assert.equal(read[name as keyof Received], wanted, name);
  });

type Name = { Name?: string; IpAddr?: string } | null | undefined;
type Vector = { header: string; expected: { by?: Name; id?: string | null; for_?: string | null; from?: Name } };
const vectors: Vector[] = JSON.parse(
  readFileSync(new URL("../../../test/corpus/mime/received.json", import.meta.url), "utf8"),
);
test("received vectors: from, by, id and for", () => {
  // Ids with a slash are cut there by the vectors; "by" said twice, text after the date and "<address>" are read otherwise.
  const otherwise = /ecelerity|by alpha by uid|EzMTS|for <address>/;
  let compared = 0;
  for (const { header, expected } of vectors) {
    if (otherwise.test(header)) continue;
    const raw = Buffer.from(`Received:${header}`);
    const split = splitHeader(raw, 0, raw.length);
    const value = fieldValue(split, split.fields[0]!);
    const read = parseReceived(value);
    const name = (side: Name) => (side?.Name ?? side?.IpAddr)?.toLowerCase();
    assert.equal(read.by?.toLowerCase(), name(expected.by), value);
    assert.equal(read.id, expected.id ?? undefined, value);
    assert.equal(read.for, expected.for_ ?? undefined, value);
    if (expected.from?.Name !== undefined && read.from?.toLowerCase() === name(expected.from)) compared++;
  }
  assert.ok(compared > 100, String(compared));
});

test("received: hostile", () => {
  for (const piece of ["(", ")", ";", "from ", "by ", "[", "1.", "a(b)"]) parseReceived(piece.repeat(500_000));
});
