import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, fuzzRounds, seeded } from "../../test/fuzz.ts";
import { type BareLineEnds, DataScanner, hasBareLineEnd } from "./data.ts";

const show = (text: string): string => text.replaceAll("\r", "R").replaceAll("\n", "N");

/** The text "|" what follows its end, or the fault in the text's place; "…" where no end has come. In pieces of `size`. */
function read(wire: string, size: number, mode: BareLineEnds = "refuse", maxBytes = 1000): string {
  const scanner = new DataScanner(maxBytes, mode);
  const bytes = Buffer.from(wire, "latin1");
  for (let at = 0; at < bytes.length; at += size) {
    const rest = scanner.push(Buffer.from(bytes.subarray(at, at + size)));
    if (rest === undefined) continue;
    const after = rest.toString("latin1") + bytes.subarray(at + size).toString("latin1");
    return `${show(scanner.fault ?? scanner.take().toString("latin1"))}|${show(after)}`;
  }
  return "…";
}

const refuse: readonly [name: string, wire: string, expected: string][] = [
  ["ends at a lone dot", "a\r\n.\r\nQUIT\r\n", "aRN|QUITRN"],
  ["an empty message", ".\r\n", "|"],
  ["an empty message, then a command", ".\r\nQUIT\r\n", "|QUITRN"],
  ["an empty line is text", "\r\n.\r\n", "RN|"],
  ["a dot is unstuffed", "..a\r\n...\r\n..\r\n.\r\n", ".aRN..RN.RN|"],
  ["a single dot before text goes", ".a\r\n.\r\n", "aRN|"],
  ["a dot inside a line stays", "a.\r\nb.c\r\n.\r\n", "a.RNb.cRN|"],
  ["no end", "a\r\n.\r", "…"],
  ["no end yet", "a\r\n", "…"],
  ["LF.LF is no end", "a\n.\nb\r\n.\r\n", "bare-line-end|"],
  ["LF.CRLF is no end", "a\n.\r\nb\r\n.\r\n", "bare-line-end|"],
  ["CRLF.LF is no end", "a\r\n.\nb\r\n.\r\n", "bare-line-end|"],
  ["CR.CR is no end", "a\r.\rb\r\n.\r\n", "bare-line-end|"],
  ["CR.CRLF is no end", "a\r.\r\nb\r\n.\r\n", "bare-line-end|"],
  ["CRLF.CR is no end", "a\r\n.\rb\r\n.\r\n", "bare-line-end|"],
  ["LF.CR is no end", "a\n.\rb\r\n.\r\n", "bare-line-end|"],
  ["CRCRLF.CRLF ends, but the CR was bare", "a\r\r\n.\r\nX", "bare-line-end|X"],
  ["CRLFLF.CRLF is no end", "a\r\n\n.\r\nb\r\n.\r\n", "bare-line-end|"],
  ["CRLF.CRCRLF is no end", "a\r\n.\r\r\nb\r\n.\r\n", "bare-line-end|"],
  ["a NUL before the dot is no line", "a\r\n\0.\r\nb\r\n.\r\n", "aRN\0.RNbRN|"],
  [
    "the smuggled command stays text",
    "a\n.\nMAIL FROM:<x@y>\r\nRCPT TO:<u1@z>\r\nDATA\r\nb\r\n.\r\n",
    "bare-line-end|",
  ],
  ["a bare LF first", "\n.\r\nb\r\n.\r\n", "bare-line-end|"],
  ["a bare CR first", "\ra\r\n.\r\n", "bare-line-end|"],
  ["a bare CR last before the end", "a\r\n\r.\r\nb\r\n.\r\n", "bare-line-end|"],
  ["two ends", "a\r\n.\r\n.\r\n", "aRN|.RN"],
];
const normalise: readonly [name: string, wire: string, expected: string][] = [
  ["bare ends become CRLF", "a\nb\rc\r\n.\r\n", "aRNbRNcRN|"],
  ["LF.LF is text", "a\n.\nb\r\n.\r\n", "aRN.RNbRN|"],
  ["LF.CRLF is text", "a\n.\r\nb\r\n.\r\n", "aRN.RNbRN|"],
  ["CRLF.LF is text", "a\r\n.\nb\r\n.\r\n", "aRNRNbRN|"],
  ["a dot after a bare LF is not unstuffed", "a\n..b\r\n.\r\n", "aRN..bRN|"],
  ["CRCRLF is two ends", "a\r\r\nb\r\n.\r\n", "aRNRNbRN|"],
  ["LFLF is two ends", "a\n\nb\r\n.\r\n", "aRNRNbRN|"],
];
for (const [mode, cases] of [
  ["refuse", refuse],
  ["normalise", normalise],
] as const)
  for (const [name, wire, expected] of cases)
    test(`${mode}: ${name}`, () => {
      for (let size = 1; size <= wire.length; size++)
        assert.equal(read(wire, size, mode), expected, `in pieces of ${size}`);
    });

test("a message that is too big is refused at its end, not in its middle", () => {
  for (const wire of [
    "0123456789\r\n.\r\nQUIT",
    "01234567\r\nab\r\n.\r\nQUIT",
    "0123456\r\n..x\r\n.\r\nQUIT",
    "0123456789\r\n\r\n.\r\nQUIT",
  ])
    for (let size = 1; size <= wire.length; size++)
      assert.equal(read(wire, size, "refuse", 10), "too-big|QUIT", `${show(wire)} in pieces of ${size}`);
  for (let size = 1; size <= 20; size++) assert.equal(read("01234567\r\n.\r\n", size, "refuse", 10), "01234567RN|");
});

test("a refusal of the caller's still finds the end, wherever it comes", () => {
  const wire = Buffer.from("ab\r\n.c\r\n\r\n.\r\nQUIT");
  for (let cut = 0; cut <= wire.length - 7; cut++) {
    const scanner = new DataScanner(1000, "refuse");
    assert.equal(scanner.push(wire.subarray(0, cut)), undefined);
    scanner.refuse();
    assert.equal(scanner.push(wire.subarray(cut))?.toString(), "QUIT", `refused after ${cut}`);
    assert.equal(scanner.heldBytes, 0);
  }
});

/** The slow and plain way: one byte after the other. */
function plainly(wire: string): string {
  const end = `\r\n${wire}`.indexOf("\r\n.\r\n");
  if (end === -1) return "…";
  const text = `\r\n${wire}`.slice(2, Math.max(2, end + 2));
  const after = `\r\n${wire}`.slice(end + 5);
  if (/\r(?!\n)|(?<!\r)\n/.test(text)) return `bare-line-end|${show(after)}`;
  return `${show(text.replace(/^\./gm, ""))}|${show(after)}`;
}

test("any bytes in any pieces give what the plain way gives", () => {
  const random = seeded(3);
  const pieces = ["\r\n", "\r\n.\r\n", ".", "\r", "\n", "a", "..", "\r\n.", "bc\r\n", "\r\n..", ".\r\n"];
  for (let round = fuzzRounds(50_000); round > 0; round--) {
    const wire = anyOf(random, pieces, 14);
    assert.equal(read(wire, 1 + random(wire.length + 3)), plainly(wire), JSON.stringify(wire));
  }
});

test("tiny pieces take no more memory than the message, and bare ends no more time than their number", () => {
  const scanner = new DataScanner(10_000_000, "refuse");
  for (let count = 0; count < 300_000; count++) scanner.push(Buffer.from("x"));
  assert.equal(scanner.heldBytes, 300_000);
  const started = process.cpuUsage();
  for (const text of ["\n", "\r", "\r\n", "a\n", "\r\n.."])
    for (const mode of ["refuse", "normalise"] as const)
      new DataScanner(1e8, mode).push(Buffer.from(text.repeat(300_000)));
  assert.ok(process.cpuUsage(started).user / 1000 < 3000);
});

test("bare line ends are found anywhere", () => {
  for (const good of ["", "a", "a\r\n", "\r\n\r\n", "a\r\nb"])
    assert.equal(hasBareLineEnd(Buffer.from(good)), false, show(good));
  for (const bad of ["\n", "\r", "a\r", "a\nb\r\n", "\r\r\n", "\r\n\n", "a\r\nb\r", "\n\r", "a\rb\nc"])
    assert.equal(hasBareLineEnd(Buffer.from(bad)), true, show(bad));
});
