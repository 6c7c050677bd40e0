import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandReader, type ReaderLimits, strangerLimits, tagOf, userLimits } from "./reader.ts";

const limits: ReaderLimits = {
  maxLineBytes: 60,
  maxLiteralBytes: 10,
  maxLiterals: 3,
  maxMessageBytes: 20,
  maxAppendBytes: 30,
  maxDiscardBytes: 40,
};

/** What the reader makes of it: commands with literals as <bytes>, "+" for a continuation, answers, and how it ended. */
function read(wire: string, size: number, using: ReaderLimits = limits): string {
  const reader = new CommandReader(using);
  const bytes = Buffer.from(wire, "latin1");
  const out: string[] = [];
  let at = 0;
  for (;;) {
    const step = reader.next();
    switch (step.kind) {
      case "more":
        if (at >= bytes.length) return out.join("|");
        reader.push(Buffer.from(bytes.subarray(at, at + size)));
        at += size;
        break;
      case "continue":
        out.push(`+${step.tag} ${step.bytes}${step.message ? " message" : ""}`);
        break;
      case "command": {
        let text = "";
        let from = 0;
        for (const literal of step.input.literals) {
          text += `${step.input.text.slice(from, literal.at)}<${literal.bytes.toString("latin1")}>`;
          from = literal.at;
        }
        out.push(text + step.input.text.slice(from));
        break;
      }
      case "refused":
        out.push(`${step.tag} ${step.status} ${step.text}`);
        break;
      case "close":
        out.push(`${step.tag} CLOSE ${step.text}`);
        return out.join("|");
      default:
        step satisfies never;
    }
  }
}

const cases: readonly [name: string, wire: string, expected: string][] = [
  ["lines", "a NOOP\r\nb NOOP\r\n", "a NOOP|b NOOP"],
  ["an unfinished line waits", "a NOOP\r\nb NO", "a NOOP"],
  ["an empty line is a command without words", "\r\na NOOP\r\n", "|a NOOP"],
  ["a literal", "a LOGIN {4}\r\nfred {2}\r\npw\r\nb NOOP\r\n", "+a 4|+a 2|a LOGIN {4}<fred> {2}<pw>|b NOOP"],
  ["a literal without waiting", "a LOGIN {4+}\r\nfred {2+}\r\npw\r\nb NOOP\r\n", "a LOGIN {4+}<fred> {2+}<pw>|b NOOP"],
  ["line ends within a literal", "a LOGIN {6+}\r\nx\r\ny\r\n pw\r\n", "a LOGIN {6+}<x\r\ny\r\n> pw"],
  ["a literal of nothing", "a LOGIN {0+}\r\n pw\r\n", "a LOGIN {0+}<> pw"],
  ["what looks like a literal within a literal is none", "a LOGIN {5+}\r\n{3+}\r\r\n", "a LOGIN {5+}<{3+}\r>"],
  ["a brace elsewhere announces nothing", "a LOGIN {4} x\r\n", "a LOGIN {4} x"],
  [
    "numbers that are none",
    "a X {}\r\na X {+}\r\na X {-1}\r\na X {1-}\r\na X 4}\r\n",
    "a X {}|a X {+}|a X {-1}|a X {1-}|a X 4}",
  ],
  ["literal8", "a APPEND x ~{3+}\r\n\0\r\n\r\n", "a APPEND x ~{3+}<\0\r\n>"],
  ["a bare line feed is no line end", "a NOOP\nb NOOP\r\n", "a BAD Lines end with CR LF|b NOOP"],
  ["a literal behind a bare line feed is a line", "a LOGIN {4+}\nb NOOP\r\n", "a BAD Lines end with CR LF|b NOOP"],
  ["too big, waiting", "a LOGIN {11}\r\nb NOOP\r\n", "a BAD Literal is too big|b NOOP"],
  ["too big, sent anyway", "a LOGIN {11+}\r\n12345678901 x\r\nb NOOP\r\n", "a BAD Literal is too big|b NOOP"],
  [
    "too big, sent anyway, and more behind it",
    "a LOGIN {11+}\r\n12345678901 {3+}\r\nx\r\n y\r\nb NOOP\r\n",
    "a BAD Literal is too big|b NOOP",
  ],
  [
    "too big, sent anyway, then waiting",
    "a LOGIN {11+}\r\n12345678901 {3}\r\nb NOOP\r\n",
    "a BAD Literal is too big|b NOOP",
  ],
  ["too big to read over", "a LOGIN {41+}\r\n", "a CLOSE Literal is too big"],
  ["four gigabytes", "a LOGIN {4294967296}\r\nb NOOP\r\n", "a BAD Literal is too big|b NOOP"],
  ["four gigabytes, sent anyway", "a LOGIN {4294967296+}\r\n", "a CLOSE Literal is too big"],
  ["more digits than a number has", "a LOGIN {99999999999999999999999+}\r\n", "a CLOSE Literal is too big"],
  ["too many literals", "a X {1+}\r\n1{1+}\r\n2{1+}\r\n3{1+}\r\n4\r\nb NOOP\r\n", "a BAD Too many literals|b NOOP"],
  ["a message may be larger than a name", "a APPEND x {12+}\r\n123456789012\r\n", "a APPEND x {12+}<123456789012>"],
  [
    "a mailbox name may not",
    "a APPEND {12+}\r\n123456789012 {1+}\r\nx\r\nb NOOP\r\n",
    "a BAD Literal is too big|b NOOP",
  ],
  [
    "a message behind a name",
    "a append {1}\r\nx {12}\r\n123456789012\r\n",
    "+a 1|+a 12 message|a append {1}<x> {12}<123456789012>",
  ],
  ["a message too big", "a APPEND x {21}\r\nb NOOP\r\n", "a NO [TOOBIG] Message is too big|b NOOP"],
  [
    "all messages too big",
    "a APPEND x {20+}\r\n12345678901234567890 {11}\r\nb NOOP\r\n",
    "a NO [LIMIT] Too much for one APPEND|b NOOP",
  ],
  ["a line too long", `a ${"x".repeat(60)}`, "a CLOSE Command line is too long"],
  ["a line too long in parts", `a ${"x".repeat(20)}{1+}\r\n1${"x".repeat(40)}\r\n`, "a CLOSE Command line is too long"],
  ["a line too long without a tag", "x".repeat(70), "* CLOSE Command line is too long"],
  ["no tag, no echo", "a\x01 LOGIN {11}\r\n", "* BAD Literal is too big"],
];
for (const [name, wire, expected] of cases) {
  test(name, () => {
    for (let size = 1; size <= wire.length; size++) assert.equal(read(wire, size), expected, `in pieces of ${size}`);
  });
}

test("4,000 parentheses before login are one short line or the end", () => {
  const wire = `a SEARCH ${"(".repeat(4000)}\r\n`;
  assert.equal(read(wire, 100, strangerLimits), wire.slice(0, -2));
  assert.equal(read(`a ${"(".repeat(9000)}\r\n`, 100, strangerLimits), "a CLOSE Command line is too long");
});

test("a refused continuation ends the command", () => {
  const reader = new CommandReader(userLimits);
  reader.push(Buffer.from("a APPEND x {10}\r\n"));
  assert.deepEqual(reader.next(), { kind: "continue", tag: "a", bytes: 10, message: true });
  reader.refuse();
  reader.push(Buffer.from("b NOOP\r\n"));
  assert.deepEqual(reader.next(), { kind: "command", input: { text: "b NOOP", literals: [] } });
});

test("what no command has used is known and can be taken: STARTTLS, COMPRESS", () => {
  const reader = new CommandReader(userLimits);
  reader.push(Buffer.from("a STARTTLS\r\nb LOGIN x y\r\n"));
  assert.equal(reader.next().kind, "command");
  assert.equal(reader.unreadBytes, 13);
  assert.equal(reader.takeUnread().toString(), "b LOGIN x y\r\n");
  assert.equal(reader.unreadBytes, 0);
  reader.push(Buffer.from("c NO"));
  assert.equal(reader.next().kind, "more");
  assert.equal(reader.unreadBytes, 4);
});

test("lines of an AUTHENTICATE exchange", () => {
  const reader = new CommandReader(limits);
  reader.push(Buffer.from("a AUTHENTICATE X\r\nAGE=\r\n*\r\nend"));
  assert.equal(reader.next().kind, "command");
  assert.deepEqual(
    [reader.line(), reader.line(), reader.line()],
    [{ kind: "line", line: "AGE=" }, { kind: "line", line: "*" }, { kind: "more" }],
  );
  reader.push(Buffer.from("x".repeat(61)));
  assert.equal(reader.line().kind, "close");
});

test("a big message that comes in small pieces is put together once", () => {
  const message = Buffer.alloc(3_000_000, "abc\r\n");
  const reader = new CommandReader(userLimits);
  reader.push(Buffer.from(`a APPEND x {${message.length}+}\r\n`));
  for (let at = 0; at < message.length; at += 1000) {
    assert.equal(reader.next().kind, "more");
    reader.push(message.subarray(at, at + 1000));
  }
  reader.push(Buffer.concat([reader.takeUnread(), Buffer.from("\r\n")]));
  const step = reader.next();
  assert.ok(step.kind === "command" && step.input.literals[0]?.bytes.equals(message));
});

test("tags", () => {
  for (const [text, tag] of [
    ["a1 X", "a1"],
    ["a]b X", "a]b"],
    ["a+ X", "*"],
    ['a" X', "*"],
    ["a( X", "*"],
    ["a\0 X", "*"],
    ["a", "a"],
    ["", "*"],
    ["x".repeat(65), "*"],
    [" X", "*"],
    [`${"x".repeat(65)} X`, "*"],
  ] as const) {
    assert.equal(tagOf(text), tag, text);
  }
});

test("anything at all ends in steps, within the bounds", () => {
  let seed = 21;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const words = [
    "a NOOP",
    "\r\n",
    "\n",
    "{3}",
    "{2+}",
    "~{9+}",
    "{99999999999}",
    " APPEND x ",
    "(",
    "\0",
    "x".repeat(30),
  ];
  for (let round = 0; round < 20_000 * Number(process.env["FUZZ"] ?? 1); round++) {
    let wire = "";
    for (let count = random(14); count > 0; count--) wire += words[random(words.length)];
    const roomy = { ...limits, maxLineBytes: 120 };
    const whole = read(wire, wire.length + 1, roomy);
    assert.equal(read(wire, 1 + random(5), roomy), whole, JSON.stringify(wire));
  }
});
