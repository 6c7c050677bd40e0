import assert from "node:assert/strict";
import test from "node:test";
import { formatReply, maxReplyBytes, maxReplyLineChars, type Reply, ReplyParser, reply, replyText } from "./reply.ts";

/** Replies as "code[ enhanced]:line/line", faults as they are, pushed in pieces of `size`. */
function read(wire: string, size: number): string {
  const parser = new ReplyParser();
  const bytes = Buffer.from(wire, "utf8");
  const out: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    parser.push(bytes.subarray(at, at + size));
    for (let next = parser.next(); next !== undefined; next = parser.next()) {
      if (typeof next === "string") return [...out, next].join("|");
      out.push(`${next.code}${next.enhanced === undefined ? "" : ` ${next.enhanced}`}:${next.lines.join("/")}`);
    }
  }
  if (parser.pending) out.push("pending");
  return out.join("|");
}

const cases: readonly [name: string, wire: string, expected: string][] = [
  ["one line", "250 ok\r\n", "250:ok"],
  ["a code alone", "250\r\n", "250:"],
  ["a code and a space", "250 \r\n", "250:"],
  ["an enhanced code", "550 5.1.1 no such user\r\n", "550 5.1.1:no such user"],
  ["an enhanced code alone", "250 2.1.0\r\n", "250 2.1.0:"],
  ["an enhanced code of another class is text", "550 4.1.1 what\r\n", "550:4.1.1 what"],
  ["several lines", "250-a.test\r\n250-SIZE 10\r\n250 DSN\r\n", "250:a.test/SIZE 10/DSN"],
  ["several lines with enhanced codes", "550-5.7.1 no\r\n550 5.7.1 never\r\n", "550 5.7.1:no/never"],
  ["another enhanced code on a later line is text", "550-5.7.1 no\r\n550 5.7.2 never\r\n", "550 5.7.1:no/5.7.2 never"],
  ["the last line of several may be a code alone", "250-a\r\n250\r\n", "250:a/"],
  ["pipelined", "250 a\r\n550 5.1.1 b\r\n354 c\r\n", "250:a|550 5.1.1:b|354:c"],
  ["line feeds alone", "250-a\n250 b\n", "250:a/b"],
  ["half a reply", "250-a\r\n25", "pending"],
  ["a reply and half a reply", "250 a\r\n25", "250:a|pending"],
  ["codes that differ", "250-a\r\n550 b\r\n", "mixed-codes"],
  ["no code", "hello\r\n", "bad-code"],
  ["an empty line", "\r\n", "bad-code"],
  ["two digits", "25 a\r\n", "bad-code"],
  ["code 199", "199 a\r\n", "bad-code"],
  ["code 600", "600 a\r\n", "bad-code"],
  ["no separator", "250x\r\n", "bad-code"],
  ["control characters become spaces", "250 a\x00b\x1b[1mc\rd\u2028e\r\n", "250:a b [1mc d e"],
  ["UTF-8", "250 zażółć\r\n", "250:zażółć"],
  ["a fault is for ever", "xxx\r\n250 ok\r\n", "bad-code"],
];
for (const [name, wire, expected] of cases)
  test(`reads ${name}`, () => {
    for (let size = 1; size <= Buffer.byteLength(wire); size++)
      assert.equal(read(wire, size), expected, `in pieces of ${size}`);
  });

test("a line of 1 MB is a fault, whatever its pieces", () => {
  for (const size of [1000, 65_536, 2_000_000])
    assert.equal(read(`250 ${"x".repeat(1_000_000)}\r\n`, size), "too-long");
});

test("a line without an end is a fault before it takes memory", () => {
  const parser = new ReplyParser();
  let pushed = 0;
  while (parser.next() === undefined && pushed < 1_000_000) {
    parser.push(Buffer.alloc(1000, "2"));
    pushed += 1000;
  }
  assert.equal(parser.next(), "too-long");
  assert.ok(pushed <= maxReplyBytes + 1000);
});

test("many lines are a fault", () => {
  assert.equal(read("250-a\r\n".repeat(300), 7), "too-many-lines");
  assert.equal(read(`250-${"a".repeat(900)}\r\n`.repeat(100), 4096), "too-long");
});

test("text beyond the bound of a line is dropped", () => {
  assert.equal(read(`250 ${"x".repeat(2000)}\r\n`, 77), `250:${"x".repeat(maxReplyLineChars)}`);
});

test("any bytes in any pieces give the same, and what was formatted is read back", () => {
  const rounds = 5_000 * Number(process.env["FUZZ"] ?? 1);
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  const bits = ["250", "550", "4", "-", " ", "\r\n", "\n", "\r", "2.1.0", "5.1.1 ", "x", "\0", "é", "-", " ok\r\n"];
  for (let round = 0; round < rounds; round++) {
    let wire = "";
    for (let at = random(20); at >= 0; at--) wire += bits[random(bits.length)];
    if (wire === "") continue;
    assert.equal(read(wire, 1 + random(9)), read(wire, wire.length * 2), JSON.stringify(wire));
    const lines = Array.from({ length: 1 + random(4) }, () => `t${"x".repeat(random(30))}`);
    const made = reply(200 + random(400), random(2) === 0 ? undefined : "2.0.0", ...lines);
    const again: Reply = { ...made, code: made.enhanced === undefined ? made.code : 200 + (made.code % 100) };
    const parser = new ReplyParser();
    parser.push(Buffer.from(formatReply(again)));
    assert.deepEqual(parser.next(), again);
  }
});

test("formats", () => {
  assert.equal(formatReply(reply(250, "2.0.0", "ok")), "250 2.0.0 ok\r\n");
  assert.equal(formatReply(reply(220, undefined, "mx.test ESMTP")), "220 mx.test ESMTP\r\n");
  assert.equal(
    formatReply(reply(250, undefined, "mx.test", "SIZE 1", "DSN")),
    "250-mx.test\r\n250-SIZE 1\r\n250 DSN\r\n",
  );
  assert.equal(formatReply(reply(550, "5.7.1", "a\r\n250 b\0é")), "550 5.7.1 a  250 b ?\r\n");
  assert.equal(formatReply(reply(250, undefined)), "250 \r\n");
  const long = formatReply(reply(550, "5.7.1", "x".repeat(1000)));
  assert.deepEqual(
    long.split("\r\n").map((line) => line.length),
    [500, 500, 30, 0],
  );
  assert.equal(replyText(reply(550, "5.7.1", "a", "b")), "550 5.7.1 a b");
  // The example of RFC 8621 §7.
  const parser = new ReplyParser();
  parser.push(Buffer.from("550-5.7.1 Our system has detected that this message is\r\n550 5.7.1 likely spam.\r\n"));
  assert.equal(
    replyText(parser.next() as Reply),
    "550 5.7.1 Our system has detected that this message is likely spam.",
  );
});
