/** Keys that travel in mail, and letters as they are written to be signed: tables that need no browser. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  autocryptText,
  effectiveDate,
  maxFieldChars,
  parseAutocrypt,
  toldBy,
} from "../../webmail/src/secure/autocrypt.ts";
import type { KeptKey } from "../../webmail/src/secure/keys.ts";
import { protectFields } from "../../webmail/src/secure/protect.ts";
import { dueKey, keysFor, ownKey, renewAfterMs } from "../../webmail/src/secure/whom.ts";
import { encodedWords, fieldText, letterEntity, quotedPrintable, textEntity } from "../../webmail/src/secure/write.ts";

const key = "mDMEXEcE6RYJKwYBBAHaRw8BAQdA";
const fields: readonly (readonly [name: string, value: string, told: object | undefined])[] = [
  [
    "Level 1's own shape",
    `addr=Ann@x.test; prefer-encrypt=mutual; keydata=\n ${key.slice(0, 9)} ${key.slice(9)}`,
    { addr: "ann@x.test", mutual: true, keydata: key },
  ],
  ["without a preference", `addr=a@x.test; keydata=${key}`, { addr: "a@x.test", mutual: false, keydata: key }],
  [
    "a preference nobody knows is none",
    `addr=a@x.test; prefer-encrypt=perhaps; keydata=${key}`,
    { addr: "a@x.test", mutual: false, keydata: key },
  ],
  [
    "something optional beside it",
    `addr=a@x.test; _more=1; keydata=${key}`,
    { addr: "a@x.test", mutual: false, keydata: key },
  ],
  ["something critical that is not known", `addr=a@x.test; type=2; keydata=${key}`, undefined],
  ["no address", `keydata=${key}`, undefined],
  ["no key", "addr=a@x.test; keydata=", undefined],
  ["twice the same", `addr=a@x.test; addr=b@x.test; keydata=${key}`, undefined],
  ["no base64", "addr=a@x.test; keydata=<script>", undefined],
  ["too long", `addr=a@x.test; keydata=${"A".repeat(maxFieldChars)}`, undefined],
];
for (const [name, value, told] of fields)
  test(`Autocrypt: ${name}`, () => assert.deepEqual(parseAutocrypt(value), told));

test("Autocrypt: one field, of the only sender", () => {
  const of = (addr: string) => `addr=${addr}; keydata=${key}`;
  assert.equal(toldBy([of("a@x.test")], ["A@x.test"])?.addr, "a@x.test");
  assert.equal(toldBy([of("a@x.test")], ["b@x.test"]), undefined);
  assert.equal(toldBy([of("a@x.test"), of("a@x.test")], ["a@x.test"]), undefined);
  assert.equal(toldBy([of("a@x.test"), of("b@x.test")], ["a@x.test"])?.addr, "a@x.test");
  assert.equal(toldBy([of("a@x.test")], ["a@x.test", "b@x.test"]), undefined);
  const long = { addr: "a@x.test", mutual: true, keydata: key.repeat(20) };
  assert.deepEqual(parseAutocrypt(autocryptText(long)), long, "what is written is read");
  for (const line of fieldText({ name: "Autocrypt", value: autocryptText(long) }).split("\r\n"))
    assert.ok(line.length <= 78, line);
  assert.deepEqual([effectiveDate(5, 9), effectiveDate(12, 9), effectiveDate(Number.NaN, 9)], [5, 9, 9]);
});

test("which key is taken", () => {
  const one = (fingerprint: string, more: Partial<KeptKey>): KeptKey => ({
    id: fingerprint,
    owner: "me",
    fingerprint,
    addresses: ["a@x.test"],
    name: "",
    private: undefined,
    public: "",
    checked: false,
    source: "file",
    at: 0,
    ...more,
  });
  const ring = [
    one("autocrypt", { source: "autocrypt", at: 9 }),
    one("older", { at: 1 }),
    one("newer", { at: 2 }),
    one("wkd", { source: "wkd" }),
    one("checked", { source: "autocrypt", checked: true }),
    one("other", { addresses: ["b@x.test"] }),
  ];
  assert.deepEqual(
    keysFor("A@x.test", ring).map(({ fingerprint }) => fingerprint),
    ["checked", "wkd", "newer", "older", "autocrypt"],
  );
  assert.equal(ownKey("a@x.test", ring), undefined);
  assert.equal(
    ownKey("a@x.test", [...ring, one("own", { private: "x", source: "own", checked: true })])?.fingerprint,
    "own",
  );
});

test("which key is asked for again", () => {
  const day = 86_400_000;
  const now = 100 * day;
  const kept = (more: Partial<KeptKey>): KeptKey => ({
    id: "1",
    owner: "me",
    fingerprint: "1",
    addresses: ["a@x.test"],
    name: "",
    private: undefined,
    public: "",
    checked: false,
    source: "wkd",
    at: now - day,
    ...more,
  });
  assert.equal(dueKey("a@x.test", [kept({})], true, now), undefined, "young and fine");
  assert.ok(dueKey("a@x.test", [kept({})], false, now), "nothing can be encrypted for it");
  assert.ok(dueKey("A@x.test", [kept({ at: now - renewAfterMs - 1 })], true, now), "old");
  assert.equal(dueKey("a@x.test", [kept({ source: "file", at: 0 })], false, now), undefined, "of no domain");
  assert.equal(dueKey("b@x.test", [kept({ at: 0 })], false, now), undefined, "another's");
});

const texts: readonly (readonly [name: string, text: string, written: string])[] = [
  ["a line that begins with From", "From here", "=46rom here"],
  ["a blank at the end", "a \nb\t", "a=20\r\nb=09"],
  ["what is not ASCII, and the sign itself", "é=", "=C3=A9=3D"],
  ["line ends of every kind", "a\r\nb\rc\nd", "a\r\nb\r\nc\r\nd"],
];
for (const [name, text, written] of texts)
  test(`quoted-printable: ${name}`, () => assert.equal(quotedPrintable(text), written));

test("what is written to be signed has seven bits, short lines, CRLF and no blanks at their ends", () => {
  let count = 0;
  const random = () => String(++count).padStart(32, "0");
  const picture = { name: "Straße.png", type: "image/png", bytes: new Uint8Array(5000).fill(200), cid: "p1@x" };
  const file = { name: 'a "b".eml', type: "message/rfc822", bytes: new Uint8Array([1, 2, 3]), cid: undefined };
  const letter = letterEntity(`${"ü".repeat(300)} \nFrom me\n`, `<p>${"x ".repeat(500)}</p>`, [picture, file], random);
  const { payload, outer } = protectFields(
    letter,
    [
      { name: "From", value: "a@x.test" },
      {
        name: "Subject",
        value: encodedWords("Ein langer Betreff über Grüße, der nicht in eine Zeile geht und auch nicht in zwei"),
      },
    ],
    "cipher",
  );
  assert.match(payload, /^[\x20-\x7e\r\n]*$/);
  for (const line of payload.split("\r\n"))
    assert.ok(line.length <= 78 && !/[ \t\r\n]$/.test(line), JSON.stringify(line));
  assert.deepEqual(
    outer.map(({ value }) => value),
    ["a@x.test", "[...]"],
  );
  assert.match(payload, /HP-Outer: Subject: \[\.\.\.\]\r\n/);
  assert.match(payload, /hp="cipher"/);
  const clear = protectFields(textEntity("plain", "x"), [{ name: "Subject", value: "s" }], "clear");
  assert.ok(
    clear.payload.includes('hp="clear"') && !clear.payload.includes("HP-Outer") && clear.outer[0]?.value === "s",
  );
});
