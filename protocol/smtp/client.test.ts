import assert from "node:assert/strict";
import test from "node:test";
import { type Capabilities, capabilitiesOf, noCapabilities } from "./capabilities.ts";
import { beginTransaction, type Envelope, Transaction } from "./client.ts";
import { dotStuffed } from "./dots.ts";
import { ReplyParser, reply } from "./reply.ts";

const envelope: Envelope = {
  from: "a@x.test",
  recipients: ["b@y.test", "c@y.test"].map((address) => ({ address, orcpt: undefined, notify: undefined })),
  envid: undefined,
  ret: undefined,
  smtputf8: false,
  body: "7bit",
  requireTls: false,
};
const hello = Buffer.from("Subject: hi\r\n\r\nhello\r\n");

/** Runs a transaction against replies given one after another; "C:" what we send, at the end what became of each recipient. */
function play(
  capabilities: Partial<Capabilities>,
  replies: string,
  how: { envelope?: Partial<Envelope>; message?: Buffer; protocol?: "smtp" | "lmtp" } = {},
): string {
  const began = beginTransaction(
    { ...envelope, ...how.envelope },
    how.message ?? hello,
    { ...noCapabilities, ...capabilities },
    how.protocol ?? "smtp",
  );
  if (!(began instanceof Transaction)) return `refused ${began.code} ${began.enhanced}`;
  const sent: string[] = [text(began.start())];
  const parser = new ReplyParser();
  parser.push(Buffer.from(`${replies.split("|").join("\r\n")}\r\n`));
  while (!began.done) {
    const next = parser.next();
    if (next === undefined || typeof next === "string") {
      sent.push(`waits for ${began.phase}`);
      break;
    }
    const output = began.take(next);
    if (output !== undefined) sent.push(text(output));
  }
  const outcomes = began.outcomes.map((o) => (o === undefined ? "?" : `${o.phase} ${o.reply.code}`)).join(", ");
  return `${sent.join(" / ")} => ${outcomes}${began.done && !began.usable ? " (unusable)" : ""}`;
}
const text = (output: readonly (string | Buffer)[]): string =>
  output
    .join("")
    .replace(/Subject: hi\r\n\r\nhello\r\n/g, "{hello}")
    .replace(/\r\n$/, "")
    .replace(/\r\n/g, " ");

const group = "MAIL FROM:<a@x.test> RCPT TO:<b@y.test> RCPT TO:<c@y.test>";
const p: Partial<Capabilities> = { pipelining: true };
const pc: Partial<Capabilities> = { pipelining: true, chunking: true };
const cases: readonly [name: string, run: () => string, expected: string][] = [
  [
    "one by one",
    () => play({}, "250 a|250 b|250 c|354 d|250 e"),
    "MAIL FROM:<a@x.test> / RCPT TO:<b@y.test> / RCPT TO:<c@y.test> / DATA / {hello}. => message 250, message 250",
  ],
  ["pipelined", () => play(p, "250 a|250 b|250 c|354 d|250 e"), `${group} DATA / {hello}. => message 250, message 250`],
  [
    "one recipient refused",
    () => play(p, "250 a|550 b|250 c|354 d|250 e"),
    `${group} DATA / {hello}. => rcpt 550, message 250`,
  ],
  ["all refused", () => play(p, "250 a|550 b|450 c|554 d|250 e"), `${group} DATA / RSET => rcpt 550, rcpt 450`],
  [
    "all refused, 354 all the same",
    () => play(p, "250 a|550 b|450 c|354 d|554 e|250 f"),
    `${group} DATA / . / RSET => rcpt 550, rcpt 450`,
  ],
  [
    "all refused, one by one",
    () => play({}, "250 a|550 b|450 c|250 e"),
    "MAIL FROM:<a@x.test> / RCPT TO:<b@y.test> / RCPT TO:<c@y.test> / RSET => rcpt 550, rcpt 450",
  ],
  ["sender refused", () => play(p, "550 a|503 b|503 c|503 d"), `${group} DATA => mail 550, mail 550`],
  ["sender refused, one by one", () => play({}, "450 a"), "MAIL FROM:<a@x.test> => mail 450, mail 450"],
  ["DATA refused", () => play(p, "250 a|550 b|250 c|451 d|250 e"), `${group} DATA / RSET => rcpt 550, data 451`],
  [
    "message refused",
    () => play(p, "250 a|250 b|250 c|354 d|552 e"),
    `${group} DATA / {hello}. => message 552, message 552`,
  ],
  ["421 in the middle", () => play(p, "250 a|550 b|421 c"), `${group} DATA => rcpt 550, rcpt 421 (unusable)`],
  [
    "421 to the message",
    () => play(p, "250 a|550 b|250 c|354 d|421 e"),
    `${group} DATA / {hello}. => rcpt 550, message 421 (unusable)`,
  ],
  ["354 to MAIL", () => play(p, "354 a"), `${group} DATA => ?, ? (unusable)`],
  ["250 to DATA", () => play(p, "250 a|250 b|250 c|250 d"), `${group} DATA => ?, ? (unusable)`],
  ["354 to the message", () => play(p, "250 a|250 b|250 c|354 d|354 e"), `${group} DATA / {hello}. => ?, ? (unusable)`],
  ["silence", () => play(p, "250 a|250 b"), `${group} DATA / waits for rcpt => ?, ?`],
  [
    "BDAT in one go",
    () => play(pc, "250 a|250 b|250 c|250 d"),
    `${group} BDAT 22 LAST {hello} => message 250, message 250`,
  ],
  [
    "BDAT in vain",
    () => play(pc, "250 a|550 b|550 c|554 d|250 e"),
    `${group} BDAT 22 LAST {hello} / RSET => rcpt 550, rcpt 550`,
  ],
  [
    "a long BDAT waits for the recipients",
    () => play(pc, "250 a|550 b|250 c|250 d", { message: Buffer.alloc(70_000, "x") }).replace(/x{100,}/, "…"),
    `${group} / BDAT 70000 LAST … => rcpt 550, message 250`,
  ],
  [
    "LMTP",
    () => play(p, "250 a|250 b|250 c|354 d|250 e|452 f", { protocol: "lmtp" }),
    `${group} DATA / {hello}. => message 250, message 452`,
  ],
  [
    "LMTP, one taken",
    () => play(p, "250 a|550 b|250 c|354 d|452 f", { protocol: "lmtp" }),
    `${group} DATA / {hello}. => rcpt 550, message 452`,
  ],
  ["too big", () => play({ ...p, size: true, maxSizeBytes: 10 }, ""), "refused 552 5.3.4"],
  [
    "SIZE",
    () =>
      play({ ...p, size: true, maxSizeBytes: 100 }, "")
        .split("\r\n")[0]!
        .slice(0, 28),
    "MAIL FROM:<a@x.test> SIZE=22",
  ],
  ["no REQUIRETLS there", () => play(p, "", { envelope: { requireTls: true } }), "refused 550 5.7.30"],
  [
    "no REQUIRETLS there, for a notice",
    () => play({}, "", { envelope: { requireTls: true, from: "" } }),
    "MAIL FROM:<> / waits for mail => ?, ?",
  ],
  [
    "REQUIRETLS",
    () => play({ requireTls: true }, "", { envelope: { requireTls: true } }),
    "MAIL FROM:<a@x.test> REQUIRETLS / waits for mail => ?, ?",
  ],
  [
    "SMTPUTF8 address, server without",
    () => play(p, "", { envelope: { smtputf8: true, from: "é@x.test" } }),
    "refused 550 5.6.7",
  ],
  [
    "SMTPUTF8 header, server without",
    () => play(p, "", { envelope: { smtputf8: true }, message: Buffer.from("Subject: é\r\n\r\n") }),
    "refused 550 5.6.7",
  ],
  [
    "SMTPUTF8 not needed",
    () => play({}, "", { envelope: { smtputf8: true } }),
    "MAIL FROM:<a@x.test> / waits for mail => ?, ?",
  ],
  [
    "SMTPUTF8 needed and there",
    () =>
      play({ smtputf8: true, eightBitMime: true }, "", {
        envelope: { smtputf8: true, from: "é@x.test", body: "8bitmime" },
      }),
    "MAIL FROM:<é@x.test> SMTPUTF8 BODY=8BITMIME / waits for mail => ?, ?",
  ],
  [
    "8 bits, server without",
    () => play({}, "", { envelope: { body: "8bitmime" }, message: Buffer.from("\r\né\r\n") }),
    "refused 554 5.6.3",
  ],
  [
    "said 8 bits, has 7",
    () => play({}, "", { envelope: { body: "8bitmime" } }),
    "MAIL FROM:<a@x.test> / waits for mail => ?, ?",
  ],
  [
    "binary, server without",
    () => play({ chunking: true }, "", { envelope: { body: "binarymime" }, message: Buffer.from("\r\na\nb\0") }),
    "refused 554 5.6.3",
  ],
  [
    "binary",
    () =>
      play({ chunking: true, binaryMime: true }, "250 a|250 b|250 c", {
        envelope: { body: "binarymime" },
        message: Buffer.from("\r\na\rb\0"),
      }),
    "MAIL FROM:<a@x.test> BODY=BINARYMIME / RCPT TO:<b@y.test> / RCPT TO:<c@y.test> / BDAT 6 LAST  a\rb\0 / waits for message => ?, ?",
  ],
  [
    "said binary, is lines",
    () => play({}, "", { envelope: { body: "binarymime" } }),
    "MAIL FROM:<a@x.test> / waits for mail => ?, ?",
  ],
  [
    "DSN",
    () =>
      play({ ...p, dsn: true }, "", {
        envelope: {
          ret: "hdrs",
          envid: "x=1 +",
          recipients: [
            {
              address: "b@y.test",
              orcpt: "rfc822;b+c@y.test",
              notify: { never: false, success: true, failure: true, delay: false },
            },
            {
              address: "c@y.test",
              orcpt: undefined,
              notify: { never: true, success: false, failure: false, delay: false },
            },
          ],
        },
      }),
    "MAIL FROM:<a@x.test> RET=HDRS ENVID=x+3D1+20+2B RCPT TO:<b@y.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bc@y.test RCPT TO:<c@y.test> NOTIFY=NEVER DATA / waits for mail => ?, ?",
  ],
  [
    "a line end in an address",
    () => play({}, "", { envelope: { from: "a@x.test>\r\nRCPT TO:<z" } }),
    "refused 553 5.1.3",
  ],
];
for (const [name, run, expected] of cases) test(name, () => assert.equal(run(), expected));

const stuffing: readonly [string, string][] = [
  ["", ".\r\n"],
  ["a\r\n", "a\r\n.\r\n"],
  ["a", "a\r\n.\r\n"],
  [".", "..\r\n.\r\n"],
  [".a\r\n.\r\n..b\r\n", "..a\r\n..\r\n...b\r\n.\r\n"],
  ["a\r\n.", "a\r\n..\r\n.\r\n"],
  ["a\n.\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"],
  ["\n.\r\n", "\r\n..\r\n.\r\n"],
  ["a.b\r\nc.\r\n", "a.b\r\nc.\r\n.\r\n"],
  ["a\r\n".repeat(3), "a\r\na\r\na\r\n.\r\n"],
  [".\r\n".repeat(30), `${"..\r\n".repeat(30)}.\r\n`],
];
test("dots", () => {
  for (const [plain, stuffed] of stuffing)
    assert.equal(Buffer.concat(dotStuffed(Buffer.from(plain))).toString(), stuffed, JSON.stringify(plain));
  assert.equal(dotStuffed(hello)[0], hello, "nothing to change: no copy");
});

test("the next transaction may follow only a dot that ends this one for sure", () => {
  const t = beginTransaction(envelope, hello, { ...noCapabilities, pipelining: true }, "smtp");
  assert.ok(t instanceof Transaction);
  t.start();
  assert.equal(t.mayBeFollowed, false);
  for (const code of [250, 250, 250]) t.take(reply(code, undefined, ""));
  assert.equal(t.mayBeFollowed, false);
  t.take(reply(354, undefined, ""));
  assert.equal(t.mayBeFollowed, true);
  t.take(reply(250, undefined, ""));
  assert.equal(t.mayBeFollowed, false);
  assert.equal(t.done, true);
});

test("EHLO", () => {
  const said = reply(
    250,
    undefined,
    "mx.test hello",
    "size 1000",
    "8bitmime",
    "PIPELINING",
    "AUTH PLAIN login",
    "AUTH=LOGIN CRAM-MD5",
    "LIMITS RCPTMAX=5 MAILMAX=7",
    "STARTTLS",
    "CHUNKING x",
  );
  assert.deepEqual(capabilitiesOf(said), {
    ...noCapabilities,
    size: true,
    maxSizeBytes: 1000,
    eightBitMime: true,
    pipelining: true,
    chunking: true,
    startTls: true,
    auth: ["PLAIN", "LOGIN", "CRAM-MD5"],
    maxRecipients: 5,
    maxTransactions: 7,
  });
  assert.deepEqual(capabilitiesOf(reply(250, undefined, "SIZE 5")), noCapabilities);
  assert.deepEqual(capabilitiesOf(reply(250, undefined, "x", "SIZE 0", "LIMITS RCPTMAX=0")), {
    ...noCapabilities,
    size: true,
  });
});
