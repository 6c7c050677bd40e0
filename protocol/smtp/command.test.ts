import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, fuzzRounds, seeded } from "../../test/fuzz.ts";
import { maxCommandBytes, parseCommand } from "./command.ts";
import { replyText } from "./reply.ts";

/** A command as JSON without what was not said, a refusal as its codes. */
function parse(line: string): string {
  const found = parseCommand(Buffer.from(line, "utf8"));
  if ("code" in found) return replyText(found).slice(0, 9);
  const { verb, ...rest } = found;
  const said = Object.entries(rest).filter(([, value]) => value !== undefined && value !== false);
  return [
    verb,
    ...said.map(
      ([name, value]) =>
        `${name}=${Buffer.isBuffer(value) ? value.toString("latin1") : typeof value === "object" ? JSON.stringify(value) : value}`,
    ),
  ].join(" ");
}

const a = 'from={"local":"a","domain":"b.test"}';
const to = 'to={"local":"a","domain":"b.test"}';
const cases: readonly [line: string, expected: string][] = [
  ["EHLO mx.b.test", "ehlo domain=mx.b.test"],
  ["ehlo MX.b.test", "ehlo domain=mx.b.test"],
  ["EHLO [192.0.2.1]", "ehlo domain=[192.0.2.1]"],
  ["EHLO", "501 5.5.2"],
  ["HELO  ", "501 5.5.2"],
  ["HELO under_score", "helo domain=under_score"],
  ["HELO -odd-.name", "helo domain=-odd-.name"],
  ["LHLO x", "lhlo domain=x"],
  ["EHLO a b", "501 5.5.2"],
  ["EHLO <script>", "501 5.5.2"],
  ["EHLO (comment)", "501 5.5.2"],
  [`EHLO ${"x".repeat(300)}`, "501 5.5.2"],
  ["MAIL FROM:<a@b.test>", `mail ${a}`],
  ["mail from:<a@b.test>", `mail ${a}`],
  ["MAIL FROM: <a@b.test>", `mail ${a}`],
  ["MAIL  FROM:<a@b.test>  ", `mail ${a}`],
  ["MAIL FROM:<>", "mail"],
  ["MAIL FROM:a@b.test", "501 5.1.7"],
  ["MAIL FROM:<a>", "501 5.1.7"],
  ["MAIL FROM <a@b.test>", "501 5.5.2"],
  ["MAIL", "501 5.5.2"],
  ["MAILFROM:<a@b.test>", "500 5.5.2"],
  ["MAIL FROM:<a@b.test>SIZE=1", "501 5.5.2"],
  ["MAIL FROM:<a@b.test> SIZE=100 BODY=8BITMIME", `mail ${a} sizeBytes=100 body=8bitmime`],
  ["MAIL FROM:<a@b.test> size=100 body=binarymime SMTPUTF8", `mail ${a} sizeBytes=100 body=binarymime smtputf8=true`],
  ["MAIL FROM:<a@b.test> SIZE=", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> SIZE=-1", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> SIZE=1e3", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> SIZE=99999999999999999999", `mail ${a} sizeBytes=100000000000000000000`],
  ["MAIL FROM:<a@b.test> SIZE=1 SIZE=2", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> BODY=7BIT", `mail ${a} body=7bit`],
  ["MAIL FROM:<a@b.test> BODY=9BIT", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> SMTPUTF8=yes", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> XFOO=1", "555 5.5.4"],
  ["MAIL FROM:<a@b.test> =1", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> RET=HDRS ENVID=a+2Bb", `mail ${a} ret=hdrs envid=a+b`],
  ["MAIL FROM:<a@b.test> RET=ALL", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> ENVID=a+0D+0Ab", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> ENVID=a+2b", "501 5.5.4"],
  [`MAIL FROM:<a@b.test> ENVID=${"x".repeat(101)}`, "501 5.5.4"],
  ["MAIL FROM:<a@b.test> REQUIRETLS", `mail ${a} requireTls=true`],
  ["MAIL FROM:<a@b.test> HOLDFOR=60", `mail ${a} hold={"seconds":60}`],
  ["MAIL FROM:<a@b.test> HOLDFOR=6000000000", "501 5.5.4"],
  [
    "MAIL FROM:<a@b.test> HOLDUNTIL=2026-11-23T04:05:06Z",
    `mail ${a} hold={"until":${Date.UTC(2026, 10, 23, 4, 5, 6)}}`,
  ],
  [
    "MAIL FROM:<a@b.test> HOLDUNTIL=2026-11-23T04:05:06+01:30",
    `mail ${a} hold={"until":${Date.UTC(2026, 10, 23, 2, 35, 6)}}`,
  ],
  ["MAIL FROM:<a@b.test> HOLDUNTIL=2026-02-30T04:05:06Z", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> HOLDUNTIL=tomorrow", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> HOLDFOR=1 HOLDUNTIL=2026-11-23T04:05:06Z", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> AUTH=<>", `mail ${a} submitter=`],
  ["MAIL FROM:<a@b.test> AUTH=x+40y.test", `mail ${a} submitter=x@y.test`],
  ["MAIL FROM:<a@b.test> AUTH=x@y.test", `mail ${a} submitter=x@y.test`],
  ["MAIL FROM:<a@b.test> AUTH=a@b@c", "501 5.5.4"],
  ["MAIL FROM:<a@b.test> AUTH=x@y.test>+0D", "501 5.5.4"],
  ["MAIL FROM:<ü@b.test>", 'mail from={"local":"ü","domain":"b.test"} utf8Address=true'],
  ["RCPT TO:<a@b.test>", `rcpt ${to}`],
  ["RCPT TO:<Postmaster>", 'rcpt to={"local":"postmaster","domain":""}'],
  ["RCPT TO:<a>", "501 5.1.3"],
  ["RCPT TO:<>", "501 5.1.3"],
  ["RCPT TO:<a@b.test> NOTIFY=NEVER", `rcpt ${to} notify={"never":true,"success":false,"failure":false,"delay":false}`],
  [
    "RCPT TO:<a@b.test> NOTIFY=success,DELAY ORCPT=rfc822;x+2By@z.test",
    `rcpt ${to} notify={"never":false,"success":true,"failure":false,"delay":true} orcpt=rfc822;x+y@z.test`,
  ],
  ["RCPT TO:<a@b.test> NOTIFY=NEVER,SUCCESS", "501 5.5.4"],
  ["RCPT TO:<a@b.test> NOTIFY=SUCCESS,SUCCESS", "501 5.5.4"],
  ["RCPT TO:<a@b.test> NOTIFY=", "501 5.5.4"],
  ["RCPT TO:<a@b.test> ORCPT=x@y", "501 5.5.4"],
  ["RCPT TO:<a@b.test> ORCPT=rfc822;", "501 5.5.4"],
  ["RCPT TO:<a@b.test> ORCPT=rfc822;a+0Ab", "501 5.5.4"],
  ["RCPT TO:<a@b.test> ORCPT=utf-8;ü@y.test", `rcpt ${to} orcpt=utf-8;ü@y.test`],
  ["RCPT TO:<a@b.test> SIZE=1", "555 5.5.4"],
  ["DATA", "data"],
  ["DATA  ", "data"],
  ["DATA x", "501 5.5.4"],
  ["DATAx", "500 5.5.2"],
  ["BDAT 12", "bdat sizeBytes=12"],
  ["bdat 0 last", "bdat sizeBytes=0 last=true"],
  ["BDAT", "501 5.5.4"],
  ["BDAT -1", "501 5.5.4"],
  ["BDAT 1x LAST", "501 5.5.4"],
  ["BDAT 1 FIRST", "501 5.5.4"],
  ["BDAT 99999999999999999999", "501 5.5.4"],
  ["AUTH PLAIN AGEAYg==", "auth mechanism=PLAIN initial=\0a\0b"],
  ["auth plain =", "auth mechanism=PLAIN initial="],
  ["AUTH LOGIN", "auth mechanism=LOGIN"],
  ["AUTH PLAIN A", "501 5.5.2"],
  ["AUTH PLAIN A===", "501 5.5.2"],
  ["AUTH PLAIN ****", "501 5.5.2"],
  ["AUTH", "501 5.5.4"],
  ["STARTTLS", "starttls"],
  ["STARTTLS now", "501 5.5.4"],
  ["STARTTLSNOW", "500 5.5.2"],
  ["RSET", "rset"],
  ["NOOP anything at all", "noop"],
  ["QUIT", "quit"],
  ["HELP MAIL", "help"],
  ["VRFY root", "vrfy"],
  ["VRFY", "501 5.5.4"],
  ["EXPN list", "expn"],
  ["GET / HTTP/1.1", "foreign"],
  ["POST / HTTP/1.1", "foreign"],
  ["", "500 5.5.2"],
  [" ", "500 5.5.2"],
  ["\x16\x03\x01", "500 5.5.2"],
  ["NOOP \0", "500 5.5.2"],
  ["MAIL FROM:<a\0@b.test>", "500 5.5.2"],
  [`NOOP ${"x".repeat(maxCommandBytes)}`, "500 5.5.2"],
];
for (const [line, expected] of cases)
  test(`command ${JSON.stringify(line.slice(0, 70))}`, () => {
    assert.equal(parse(line), expected);
  });

test("bytes that are no UTF-8 are refused", () => {
  const found = parseCommand(Buffer.from("MAIL FROM:<\xff@b.test>", "latin1"));
  assert.ok("code" in found && found.code === 500);
});

test("AUTH may be longer than other commands, and is bounded too", () => {
  assert.match(parse(`AUTH PLAIN ${"AAAA".repeat(2000)}`), /^auth/);
  assert.equal(parse(`AUTH PLAIN ${"AAAA".repeat(4000)}`), "500 5.5.2");
});

test("any line gives a command or a reply, in no time", () => {
  const random = seeded(11);
  const words = [
    "MAIL FROM:",
    "RCPT TO:",
    "<a@b.test>",
    "<>",
    " ",
    "SIZE=",
    "1",
    "BODY=8BITMIME",
    "NOTIFY=",
    "SUCCESS",
    ",",
    "ORCPT=rfc822;",
    "+",
    "2B",
    "ENVID=",
    "BDAT ",
    "LAST",
    "AUTH PLAIN ",
    "=",
    "AAAA",
    "EHLO ",
    "\0",
    "ü",
    '"',
    "\\",
    "<",
    ">",
    "@",
    "HOLDUNTIL=2026-01-01T00:00:00Z",
    "\t",
    "STARTTLS",
    "DATA",
  ];
  const started = process.cpuUsage();
  const rounds = fuzzRounds(50_000);
  for (let round = 0; round < rounds; round++) {
    const found = parseCommand(Buffer.from(anyOf(random, words, 10), random(8) === 0 ? "latin1" : "utf8"));
    if ("code" in found)
      assert.ok(
        found.code >= 500 && found.enhanced !== undefined && found.lines.every((line) => /^[ -~]*$/.test(line)),
      );
    else assert.ok(found.verb.length > 0);
  }
  assert.ok(process.cpuUsage(started).user / 1000 < rounds / 5);
});
