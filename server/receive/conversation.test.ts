import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorld, Wire, type World, type WorldOptions } from "./fake-world.ts";

/** Sends everything in pieces of `size`, one per write, and answers the codes of all replies, "354" included; then what was stored. */
async function codes(world: World, wire: string, size = wire.length): Promise<string> {
  const client = await Wire.open(world.port);
  const bytes = Buffer.from(wire, "utf8");
  for (let at = 0; at < bytes.length; at += size) {
    client.send(bytes.subarray(at, at + size));
    // A turn of the event loop between pieces, so that they arrive as pieces.
    if (size < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.end();
  const text = await client.rest();
  client.close();
  return [...text.matchAll(/^(\d{3}) (\d\.\d\.\d+ )?/gm)].map((found) => found[1]).join(" ");
}

const stored = (world: World): readonly string[] =>
  world.accepted.map((one) =>
    Buffer.from(one.message.bytes)
      .toString("utf8")
      .replace(/^(?:Return-Path|Received):(?:.|\r\n[ \t])*\r\n(?:Received:(?:.|\r\n[ \t])*\r\n)?/, ""),
  );
const placed = (world: World): string =>
  world.accepted.map((one) => one.placements.map(({ account }) => account).join(",")).join("|");

const begin = "EHLO c.test\r\nMAIL FROM:<a@b.test>\r\n";
const toU1 = "RCPT TO:<u1@example.test>\r\n";
const message = "Subject: x\r\n\r\nhello\r\n";

const cases: readonly [name: string, options: WorldOptions, wire: string, expected: string, mail: readonly string[]][] =
  [
    [
      "a message, all pipelined",
      {},
      `${begin}${toU1}DATA\r\n${message}.\r\nQUIT\r\n`,
      "220 250 250 250 354 250 221",
      [message],
    ],
    [
      "two messages, all pipelined",
      {},
      `${begin}${toU1}DATA\r\n${message}.\r\nMAIL FROM:<>\r\n${toU1}DATA\r\n..x\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 250 250 250 354 250 221",
      [message, "\r\n.x\r\n"],
    ],
    [
      "a refused recipient among good ones",
      {},
      `${begin}${toU1}RCPT TO:<nobody@example.test>\r\nDATA\r\n${message}.\r\nQUIT\r\n`,
      "220 250 250 250 550 354 250 221",
      [message],
    ],
    [
      "no recipient was good",
      {},
      `${begin}RCPT TO:<nobody@example.test>\r\nDATA\r\nQUIT\r\n`,
      "220 250 250 550 554 221",
      [],
    ],
    [
      "directory answers late",
      { slowDirectory: true },
      `${begin}${toU1}DATA\r\n${message}.\r\nQUIT\r\n`,
      "220 250 250 250 354 250 221",
      [message],
    ],
    [
      "chunks",
      {},
      `${begin}${toU1}BDAT 10\r\nSubject: xBDAT 4\r\n\r\n\r\nBDAT 7 LAST\r\nhello\r\nQUIT\r\n`,
      "220 250 250 250 250 250 250 221",
      [message],
    ],
    [
      "one last chunk",
      {},
      `${begin}${toU1}BDAT ${message.length} LAST\r\n${message}QUIT\r\n`,
      "220 250 250 250 250 221",
      [message],
    ],
    [
      "an empty last chunk",
      {},
      `${begin}${toU1}BDAT ${message.length}\r\n${message}BDAT 0 LAST\r\nQUIT\r\n`,
      "220 250 250 250 250 250 221",
      [message],
    ],
    [
      "a dot line in a chunk is text",
      {},
      `${begin}${toU1}BDAT 11 LAST\r\na\r\n.\r\nQUIT\nQUIT\r\n`,
      "220 250 250 250 550 221",
      [],
    ],
    [
      "a chunk with commands in it",
      {},
      `${begin}${toU1}BDAT 14 LAST\r\n\r\n.\r\nRSET\r\nx\r\nQUIT\r\n`,
      "220 250 250 250 250 221",
      ["\r\n.\r\nRSET\r\nx\r\n"],
    ],
    [
      "bare LF in chunks",
      {},
      `${begin}${toU1}BDAT 2\r\na\nBDAT 1 LAST\r\nbQUIT\r\n`,
      "220 250 250 250 250 550 221",
      [],
    ],
    [
      "bare LF in binary chunks",
      {},
      `EHLO c.test\r\nMAIL FROM:<a@b.test> BODY=BINARYMIME\r\n${toU1}BDAT 3 LAST\r\na\nbQUIT\r\n`,
      "220 250 250 250 250 221",
      ["\r\na\nb"],
    ],
    [
      "a chunk without a transaction is read and dropped",
      {},
      "EHLO c.test\r\nBDAT 6\r\nQUIT\r\nNOOP\r\nQUIT\r\n",
      "220 250 503 250 221",
      [],
    ],
    [
      "chunks and DATA do not mix",
      {},
      `${begin}${toU1}BDAT 1\r\naDATA\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n`,
      "220 250 250 250 250 503 503 250 221",
      [],
    ],
    [
      "after a chunk that was too big the transaction is over",
      { settings: { maxMessageBytes: 5 } },
      `${begin}${toU1}BDAT 6\r\nabcdefBDAT 1 LAST\r\naQUIT\r\n`,
      "220 250 250 250 552 503 221",
      [],
    ],
    [
      "too big",
      { settings: { maxMessageBytes: 10 } },
      `${begin}${toU1}DATA\r\n${message}.\r\nNOOP\r\nQUIT\r\n`,
      "220 250 250 250 354 552 250 221",
      [],
    ],
    [
      "too big for the recipient's domain, announced",
      {},
      `EHLO c.test\r\nMAIL FROM:<a@b.test> SIZE=501\r\nRCPT TO:<u1@small.test>\r\nQUIT\r\n`,
      "220 250 250 552 221",
      [],
    ],
    [
      "too big for the recipient's domain",
      {},
      `${begin}RCPT TO:<u1@small.test>\r\nDATA\r\n${"x".repeat(600)}\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 552 221",
      [],
    ],
    [
      "room is given back after each message",
      { maxBytesInFlight: 25 },
      `${begin}${toU1}DATA\r\n${message}.\r\nMAIL FROM:<>\r\n${toU1}BDAT 20\r\n${"x".repeat(20)}RSET\r\nMAIL FROM:<>\r\n${toU1}DATA\r\n${message}.\r\nQUIT\r\n`,
      "220 250 250 250 354 250 250 250 250 250 250 250 354 250 221",
      [message, message],
    ],
    [
      "no room",
      { maxBytesInFlight: 10 },
      `${begin}${toU1}DATA\r\n${message}.\r\nQUIT\r\n`,
      "220 250 250 250 354 452 221",
      [],
    ],
    [
      "no room for a chunk",
      { maxBytesInFlight: 10 },
      `${begin}${toU1}BDAT 11 LAST\r\nhello worldQUIT\r\n`,
      "220 250 250 250 452 221",
      [],
    ],
    ["bare LF in the text", {}, `${begin}${toU1}DATA\r\na\nb\r\n.\r\nQUIT\r\n`, "220 250 250 250 354 550 221", []],
    [
      "normalised for trusted senders",
      { trusted: ["127.0.0.0/8"], settings: { normaliseLineEnds: true } },
      `${begin}${toU1}DATA\r\na\nb\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 250 221",
      ["\r\na\r\nb\r\n"],
    ],
    [
      "never normalised for strangers",
      { settings: { normaliseLineEnds: true } },
      `${begin}${toU1}DATA\r\na\nb\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 550 221",
      [],
    ],
    ["a bare LF ends no command", {}, "EHLO c.test\nNOOP\r\n", "220 521", []],
    ["a bare CR ends no command", {}, "NOOP\rNOOP\r\nNOOP\r\n", "220 521", []],
    ["a command of 100 KB", {}, `NOOP ${"x".repeat(100_000)}\r\nQUIT\r\n`, "220 500 221", []],
    [
      "too many recipients",
      { settings: { maxRecipients: 2 } },
      `${begin}${toU1}RCPT TO:<u2@example.test>\r\nRCPT TO:<u3@example.test>\r\nDATA\r\n${message}.\r\nQUIT\r\n`,
      "220 250 250 250 250 452 354 250 221",
      [message],
    ],
    [
      "8BITMIME",
      {},
      `EHLO c.test\r\nMAIL FROM:<a@b.test> BODY=8BITMIME\r\n${toU1}DATA\r\nü\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 250 221",
      ["\r\nü\r\n"],
    ],
    [
      "SMTPUTF8",
      {},
      `EHLO c.test\r\nMAIL FROM:<ä@b.test> SMTPUTF8\r\nRCPT TO:<ünïcode@example.test>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 250 221",
      ["\r\nx\r\n"],
    ],
    [
      "SMTPUTF8 not declared",
      {},
      "EHLO c.test\r\nMAIL FROM:<ä@b.test>\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<ünïcode@example.test>\r\nQUIT\r\n",
      "220 250 553 250 553 221",
      [],
    ],
    [
      "text without a header is kept apart from our fields, a header with a strange line is left alone",
      {},
      `${begin}${toU1}DATA\r\nhello, Anna:\r\nhow are you\r\n.\r\nMAIL FROM:<>\r\n${toU1}DATA\r\nFrom a@b Thu\r\nSubject: x\r\n\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 250 250 250 354 250 221",
      ["\r\nhello, Anna:\r\nhow are you\r\n", "From a@b Thu\r\nSubject: x\r\n\r\n"],
    ],
    [
      "postmaster without a domain",
      {},
      `${begin}RCPT TO:<PostMaster>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 250 221",
      ["\r\nx\r\n"],
    ],
    [
      "the literal of the address that is spoken to is this host, of others it is not",
      {},
      "EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<u1@[127.0.0.1]>\r\nRCPT TO:<nobody@[127.0.0.1]>\r\nRCPT TO:<u1@[127.0.0.2]>\r\nRCPT TO:<u1@[IPv6:::ffff:127.0.0.1]>\r\nQUIT\r\n",
      "220 250 250 250 550 550 250 221",
      [],
    ],
    ["full mailbox", {}, `${begin}RCPT TO:<u8@example.test>\r\nQUIT\r\n`, "220 250 250 452 221", []],
    ["disabled mailbox", {}, `${begin}RCPT TO:<u9@example.test>\r\nQUIT\r\n`, "220 250 250 550 221", []],
    [
      "a loop",
      {},
      `${begin}${toU1}DATA\r\n${"Received: x\r\n".repeat(51)}\r\nx\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 554 221",
      [],
    ],
    [
      "a header that is a weapon",
      {},
      `${begin}${toU1}DATA\r\n${"X: y\r\n".repeat(2001)}\r\nx\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 354 552 221",
      [],
    ],
    [
      "VRFY and EXPN say nothing",
      {},
      "EHLO c.test\r\nVRFY u1\r\nVRFY nobody\r\nEXPN list\r\nEXPN nothing\r\nQUIT\r\n",
      "220 250 252 252 502 502 221",
      [],
    ],
    ["a browser", {}, "POST / HTTP/1.1\r\nHost: mx\r\n\r\nMAIL FROM:<a@b.test>\r\n", "220 500", []],
    ["too many errors", { settings: { maxErrors: 3 } }, "X\r\n".repeat(10), "220 500 500 500 421", []],
    [
      "too many names tried",
      { settings: { maxRefusedRecipients: 2 } },
      begin + "RCPT TO:<nobody@example.test>\r\n".repeat(5),
      "220 250 250 550 550 421",
      [],
    ],
    [
      "too many commands",
      { settings: { maxCommandsPerMessage: 5, maxRecipients: 1 } },
      "NOOP\r\n".repeat(10),
      `220${" 250".repeat(6)} 421`,
      [],
    ],
    [
      "LMTP",
      { mode: "lmtp" },
      `LHLO c.test\r\nMAIL FROM:<a@b.test>\r\n${toU1}RCPT TO:<u2@example.test>\r\nDATA\r\n${message}.\r\nQUIT\r\n`,
      "220 250 250 250 250 354 250 250 221",
      [message],
    ],
    [
      "LMTP with a chunk",
      { mode: "lmtp" },
      `LHLO c.test\r\nMAIL FROM:<a@b.test>\r\n${toU1}RCPT TO:<u2@example.test>\r\nBDAT 2\r\naaBDAT 2 LAST\r\nbbQUIT\r\n`,
      "220 250 250 250 250 250 250 250 221",
      ["\r\naabb"],
    ],
    [
      "LMTP refuses for each",
      { mode: "lmtp" },
      `LHLO c.test\r\nMAIL FROM:<a@b.test>\r\n${toU1}RCPT TO:<u2@example.test>\r\nDATA\r\na\nb\r\n.\r\nQUIT\r\n`,
      "220 250 250 250 250 354 550 550 221",
      [],
    ],
    [
      "LMTP is no relay",
      { mode: "lmtp" },
      "LHLO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<x@else.test>\r\nQUIT\r\n",
      "220 250 250 550 221",
      [],
    ],
    ["submission wants a login", { mode: "submission" }, `${begin}QUIT\r\n`, "220 250 530 221", []],
    [
      "a message cut off in its middle is no message",
      {},
      `${begin}${toU1}DATA\r\n${message}`,
      "220 250 250 250 354",
      [],
    ],
    [
      "a message cut off before its dot's end is no message",
      {},
      `${begin}${toU1}DATA\r\n${message}.\r`,
      "220 250 250 250 354",
      [],
    ],
    ["a chunk cut off is no message", {}, `${begin}${toU1}BDAT 100 LAST\r\n${message}`, "220 250 250 250", []],
  ];
for (const [name, options, wire, expected, mail] of cases)
  test(name, async () => {
    // Long ones cut in a few ways, short ones at every byte.
    const sizes =
      wire.length > 400
        ? [wire.length, 999, 4093]
        : [...new Set([wire.length, 1, 2, 3, 5, 7, 11, 13, 17, 50, wire.length - 1, wire.length - 2, wire.length - 3])];
    for (const size of sizes) {
      await using world = await startWorld(options);
      assert.equal(await codes(world, wire, size), expected, `in pieces of ${size}`);
      assert.deepEqual(stored(world), mail, `in pieces of ${size}`);
      assert.equal(world.inFlight.usedBytes, 0);
      assert.equal(world.counters.openSessions, 0);
    }
  });

test("one conversation cut in two at every byte", async () => {
  await using world = await startWorld();
  const wire = Buffer.from(`${begin}${toU1}DATA\r\n..x\r\n.\r\nMAIL FROM:<>\r\n${toU1}BDAT 3 LAST\r\na\r\nQUIT\r\n`);
  for (let cut = 1; cut < wire.length; cut++) {
    world.accepted.length = 0;
    const client = await Wire.open(world.port);
    client.send(wire.subarray(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    client.send(wire.subarray(cut));
    const text = await client.rest();
    assert.equal(
      [...text.matchAll(/^(\d{3}) /gm)].map((one) => one[1]).join(" "),
      "220 250 250 250 354 250 250 250 250 221",
      `cut at ${cut}`,
    );
    assert.deepEqual(stored(world), ["\r\n.x\r\n", "\r\na\r\n"], `cut at ${cut}`);
    client.close();
  }
});

const smuggled = "MAIL FROM:<evil@b.test>\r\nRCPT TO:<u2@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n";
for (const ending of [
  "\n.\n",
  "\r.\r",
  "\n.\r\n",
  "\r\n.\n",
  "\r.\r\n",
  "\r\n.\r",
  "\n.\r",
  "\r.\n",
  "\r\n\0.\r\n",
  "\r\r\n.\r\r\n",
])
  test(`smuggling with ${JSON.stringify(ending)}`, async () => {
    for (const size of [1, 2, 3, 1000]) {
      await using world = await startWorld({ trusted: ["127.0.0.0/8"] });
      const text = await codes(world, `${begin}${toU1}DATA\r\nfirst${ending}${smuggled}QUIT\r\n`, size);
      assert.ok(world.accepted.length <= 1, text);
      assert.ok(!placed(world).includes("2"), text);
      assert.match(text, /^220 250 250 250 354 (?:250|550) 221$/);
    }
  });

const relayAttempts = [
  "x@else.test",
  "x%else.test@example.test",
  "else.test!x@example.test",
  "@example.test:x@else.test",
  "@example.test,@else.test:x@else.test",
  '"x@else.test"@example.test',
  '"x%else.test"@example.test',
  "x@[192.0.2.9]",
  "x@[IPv6:2001:db8::9]",
  "x@[127.0.0.1]",
  "x@mx.example.test",
  "x@example.test.",
  "postmaster@else.test",
  "abuse@else.test",
  "nobody@relay.test",
];
for (const attempt of relayAttempts)
  for (const from of ["<a@b.test>", "<>", "<u1@example.test>"])
    test(`no relay for <${attempt}> from ${from}`, async () => {
      await using world = await startWorld();
      const text = await codes(world, `EHLO c.test\r\nMAIL FROM:${from}\r\nRCPT TO:<${attempt}>\r\nDATA\r\nQUIT\r\n`);
      assert.match(text, /^220 250 250 (?:550|501) 554 221$/);
      assert.equal(world.accepted.length, 0);
    });

test("trusted networks relay, strangers reach relay domains and the people here", async () => {
  await using open = await startWorld({ trusted: ["127.0.0.0/8"] });
  await codes(
    open,
    `${begin}RCPT TO:<x@else.test>\r\n${toU1}RCPT TO:<y@relay.test>\r\nDATA\r\n${message}.\r\nQUIT\r\n`,
  );
  assert.deepEqual(
    open.accepted[0]?.queue?.recipients.map(({ address, domain }) => [address, domain]),
    [
      ["x@else.test", "else.test"],
      ["y@relay.test", "relay.test"],
    ],
  );
  assert.equal(placed(open), "1");
  assert.equal(open.offered.length, 1);
  await using closed = await startWorld();
  assert.equal(
    await codes(closed, `${begin}RCPT TO:<x@else.test>\r\nRCPT TO:<y@relay.test>\r\nDATA\r\n${message}.\r\nQUIT\r\n`),
    "220 250 250 550 250 354 250 221",
  );
  assert.deepEqual(
    closed.accepted[0]?.queue?.recipients.map(({ address }) => address),
    ["y@relay.test"],
  );
});

test("every refusal has an enhanced code of its class, and replies are lines", async () => {
  await using world = await startWorld();
  const client = await Wire.open(world.port);
  client.send(
    `EHLO c.test\r\nX\r\nMAIL\r\nMAIL FROM:<a>\r\nRCPT TO:<a@b>\r\nDATA\r\nBDAT x\r\nAUTH X\r\nSTARTTLS\r\nMAIL FROM:<a@b.test> X=1\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<x@y.test>\r\nRCPT TO:<u8@example.test>\r\nQUIT\r\n`,
  );
  for (const line of (await client.rest()).split("\r\n").slice(0, -1)) {
    if (/^[45]/.test(line)) assert.match(line, /^([45])\d\d \1\.\d\.\d+ \S/);
    assert.match(line, /^[ -~]+$/);
  }
});

test("replies to pipelined commands leave in few packets", async () => {
  await using world = await startWorld();
  const client = await Wire.open(world.port);
  await client.reply();
  let packets = 0;
  client.socket.on("data", () => packets++);
  client.send(`${begin}${toU1.repeat(50)}QUIT\r\n`);
  await client.rest();
  assert.ok(packets <= 3, `${packets} packets`);
});
