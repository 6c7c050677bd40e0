import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzRounds, seeded } from "../test/fuzz.ts";
import { maxProxyHeaderBytes, readProxyHeader } from "./proxy.ts";

const signature = "\r\n\r\n\0\r\nQUIT\n";
const v2 = (versionAndCommand: number, family: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(16);
  head.write(signature, "latin1");
  head[12] = versionAndCommand;
  head[13] = family;
  head.writeUInt16BE(body.length, 14);
  return Buffer.concat([head, body]);
};
const ip4 = Buffer.from([192, 0, 2, 1, 198, 51, 100, 2, 0x30, 0x39, 0, 25]);
const ip6 = Buffer.concat([
  Buffer.from("20010db8000000000000000000000001", "hex"),
  Buffer.from("20010db8000100000000000000000000", "hex"),
  Buffer.from([0x30, 0x39, 0, 25]),
]);

const text = (line: string): Buffer => Buffer.from(line, "latin1");
const cases: readonly [name: string, wire: Buffer, expected: string][] = [
  ["v1 IPv4", text("PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r\n"), "192.0.2.1 12345 198.51.100.2 25"],
  ["v1 IPv6", text("PROXY TCP6 2001:DB8::1 2001:db8:1:: 12345 25\r\n"), "2001:db8::1 12345 2001:db8:1:: 25"],
  ["v1 unknown", text("PROXY UNKNOWN\r\n"), "local"],
  ["v1 unknown with addresses", text("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), "local"],
  ["v1 written at length", text("PROXY TCP6 2001:0DB8:0:0:0:0:0:1 ::1 1 25\r\n"), "2001:db8::1 1 ::1 25"],
  ["v1 no address", text("PROXY TCP4 999.0.2.1 198.51.100.2 1 25\r\n"), "bad"],
  ["v1 no IPv6 address", text("PROXY TCP6 :::::: ::1 1 25\r\n"), "bad"],
  ["v1 wrong family", text("PROXY TCP4 ::1 ::1 1 2\r\n"), "bad"],
  ["v1 port", text("PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n"), "bad"],
  ["v1 spaces", text("PROXY  TCP4 192.0.2.1 198.51.100.2 1 25\r\n"), "bad"],
  ["v1 UDP", text("PROXY UDP4 192.0.2.1 198.51.100.2 1 25\r\n"), "bad"],
  ["v1 too long", text(`PROXY UNKNOWN ${"x".repeat(200)}`), "bad"],
  ["v2 IPv4", v2(0x21, 0x11, ip4), "192.0.2.1 12345 198.51.100.2 25"],
  [
    "v2 IPv4 with TLVs",
    v2(0x21, 0x11, Buffer.concat([ip4, Buffer.from([4, 0, 1, 0])])),
    "192.0.2.1 12345 198.51.100.2 25",
  ],
  ["v2 IPv6", v2(0x21, 0x21, ip6), "2001:db8::1 12345 2001:db8:1:: 25"],
  ["v2 local", v2(0x20, 0x00, Buffer.alloc(0)), "local"],
  ["v2 unspecified", v2(0x21, 0x00, Buffer.alloc(4)), "local"],
  ["v2 short body", v2(0x21, 0x11, ip4.subarray(0, 8)), "bad"],
  ["v2 UNIX", v2(0x21, 0x31, Buffer.alloc(216)), "bad"],
  ["v2 version", v2(0x11, 0x11, ip4), "bad"],
  ["v2 command", v2(0x22, 0x11, ip4), "bad"],
  ["v2 huge", v2(0x21, 0x11, Buffer.alloc(maxProxyHeaderBytes)), "bad"],
  ["SMTP", text("EHLO x\r\n"), "bad"],
];
function read(wire: Buffer): string {
  const found = readProxyHeader(wire);
  if (found.kind !== "proxied") return found.kind;
  return `${found.source.address} ${found.source.port} ${found.destination.address} ${found.destination.port}`;
}
for (const [name, wire, expected] of cases)
  test(name, () => {
    assert.equal(
      read(Buffer.concat([wire, Buffer.from(wire[0] === 80 && expected === "bad" ? "" : "EHLO x\r\n")])),
      expected,
    );
    for (let cut = 0; cut < wire.length; cut++) {
      const part = read(wire.subarray(0, cut));
      assert.ok(part === "more" || (expected === "bad" && part === "bad"), `${cut}: ${part}`);
    }
    const whole = readProxyHeader(wire);
    if (whole.kind === "proxied" || whole.kind === "local") assert.equal(whole.usedBytes, wire.length);
  });

test("any bytes give an answer", () => {
  const random = seeded(9);
  for (let round = fuzzRounds(20_000); round > 0; round--) {
    const wire = Buffer.concat([
      random(2) === 0 ? v2(0x21, 0x11, ip4) : text("PROXY TCP4 192.0.2.1 198.51.100.2 1 25\r\n"),
    ]);
    for (let change = random(4); change >= 0; change--) wire[random(wire.length)] = random(256);
    readProxyHeader(wire);
  }
});
