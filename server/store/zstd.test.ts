import assert from "node:assert/strict";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { decodeInto, encode, fastContexts } from "./zstd.ts";

/** Bytes that look like mail, or like nothing. */
function sample(length: number, kind: "text" | "noise"): Buffer {
  const bytes = Buffer.alloc(length);
  let state = length + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = kind === "noise" ? state >>> 24 : "From: To: Subject: hello world\r\n".charCodeAt((state >>> 20) % 32);
  }
  return bytes;
}

test("what was encoded comes back, whole or its beginning", () => {
  for (const kind of ["text", "noise"] as const)
    for (const length of [0, 1, 127, 128, 129, 1000, 4096, 16_384, 16_385, 70_000, 700_000]) {
      const bytes = sample(length, kind);
      const encoded = encode(bytes);
      assert.ok(encoded.data.length <= length, `${kind} of ${length} grew`);
      for (const wanted of [length, Math.floor(length / 3), 0]) {
        const target = Buffer.alloc(wanted, 0x55);
        decodeInto(encoded, target);
        assert.ok(target.equals(bytes.subarray(0, wanted)), `${kind}: ${wanted} of ${length}`);
      }
    }
});

test("encodings do not disturb each other: the data of one is still right after the next", () => {
  const samples = Array.from({ length: 50 }, (_, i) => sample(200 + i * 37, "text"));
  const encoded = samples.map(encode);
  for (const [i, each] of encoded.entries()) {
    const target = Buffer.alloc(samples[i]!.length);
    decodeInto(each, target);
    assert.ok(target.equals(samples[i]!));
  }
});

test("short mail profits from the dictionary", () => {
  const mail = Buffer.from(
    "Return-Path: <a@b.test>\r\nFrom: <a@b.test>\r\nTo: <c@d.test>\r\nSubject: Hi\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n",
  );
  const encoded = encode(mail);
  assert.equal(encoded.encoding, 2);
  assert.ok(encoded.data.length < zstdCompressSync(mail).length * 0.8);
});

test("damaged and short data are refused, and the next ones are fine", () => {
  const bytes = sample(3000, "text");
  const encoded = encode(bytes);
  assert.notEqual(encoded.encoding, 0);
  const target = Buffer.alloc(bytes.length);
  const damaged: [string, Uint8Array][] = [
    ["no frame", Buffer.from("this is no zstd frame")],
    ["cut", encoded.data.subarray(0, encoded.data.length - 10)],
    ["empty", new Uint8Array(0)],
  ];
  for (const [name, data] of damaged)
    for (const encoding of [1, 2] as const)
      assert.throws(() => decodeInto({ encoding, data }, target), Error, `${name}, encoding ${encoding}`);
  assert.throws(() => decodeInto({ encoding: 0, data: bytes.subarray(1) }, target));
  decodeInto(encoded, target);
  assert.ok(target.equals(bytes));
});

test("the contexts that are kept work with this Node", () => {
  assert.equal(fastContexts, 4);
});
