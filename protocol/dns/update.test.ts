import assert from "node:assert/strict";
import test from "node:test";
import { decode, type TxtAnswer } from "dns-packet";
import { updateResult, writeUpdates } from "./update.ts";

const key = {
  name: "acme.example.org",
  algorithm: "hmac-sha256",
  secret: Buffer.from("c2VjcmV0IHNlY3JldCBzZWNyZXQ=", "base64"),
} as const;
const about = { name: "_acme-challenge.mail.example.org", type: "TXT", value: "proof", ttlSeconds: 60 } as const;

test("updates signed by TSIG, byte for byte (dnspython takes them)", () => {
  const start =
    "126728000001000000010001076578616d706c65036f726700000600010f5f61636d652d6368616c6c656e6765046d61696c076578616d706c65036f7267000010";
  const tsig = "0461636d65076578616d706c65036f72670000fa00ff00000000003d0b686d61632d7368613235360000006553f100012c0020";
  const cases = [
    ["add", "00010000003c000605", "a857cc4ff9f5adf5ad179a4cf176347abdf18ba5bbfb2a7a4df15105e0d53522"],
    ["delete", "00fe00000000000605", "a89c9a9c09d9f6560ce93488c2d34e78d7799fbb1a2641599ce4aa3a9e4807bf"],
  ] as const;
  for (const [action, record, mac] of cases)
    assert.equal(
      writeUpdates({ id: 4711, zone: "example.org", changes: [{ ...about, action }] }, key, 1_700_000_000).toString(
        "hex",
      ),
      `${start}${record}70726f6f66${tsig}${mac}126700000000`,
    );
});

test("what a server answers", () => {
  const answer = (id: number, flags: number) => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt16BE(id, 0);
    bytes.writeUInt16BE(flags, 2);
    return bytes;
  };
  assert.equal(updateResult(answer(4711, 0xa800), 4711), 0);
  assert.equal(updateResult(answer(4711, 0xa805), 4711), 5);
  assert.equal(updateResult(answer(4712, 0xa800), 4711), undefined);
  assert.equal(updateResult(answer(4711, 0x2800), 4711), undefined, "a question is no answer");
  assert.equal(updateResult(Buffer.alloc(3), 4711), undefined);
});

test("a text longer than one string is written as several (RFC 1035 §3.3.14)", () => {
  const value = `v=DKIM1; p=${"x".repeat(500)}`;
  const name = "r1._domainkey.example.test";
  const change = { name, type: "TXT", value, action: "add", ttlSeconds: 60 } as const;
  const update = writeUpdates({ id: 7, zone: "example.test", changes: [change] }, key, 1);
  const [record] = decode(update).authorities as TxtAnswer[];
  assert.equal(record?.name, name);
  const strings = record.data as Buffer[];
  assert.deepEqual(
    strings.map((one) => one.length),
    [255, 255, 1],
  );
  assert.equal(Buffer.concat(strings).toString(), value);
});
