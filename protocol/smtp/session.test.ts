import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, fuzzRounds, seeded } from "../../test/fuzz.ts";
import { parseCommand } from "./command.ts";
import { helloReply } from "./extensions.ts";
import { type Reply, reply } from "./reply.ts";
import { advance, type Mode, newSession, type Offer, outOfTurn, type Session } from "./session.ts";

const offerOf = (mode: Mode): Offer => ({
  mode,
  maxMessageBytes: 1000,
  startTls: true,
  tlsRequired: false,
  authRequired: mode === "submission",
  maxRecipients: 3,
  maxMessages: 2,
  maxHoldSeconds: mode === "submission" ? 3600 : 0,
});

/** The code that each command gets when everything that may come is granted. */
function play(mode: Mode, script: string, change: Partial<Offer> = {}): string {
  let session: Session = newSession({ ...offerOf(mode), ...change }, false, mode === "submission" ? ["PLAIN"] : []);
  const codes: number[] = [];
  for (const line of script.split("|")) {
    const command = parseCommand(Buffer.from(line));
    if ("code" in command) {
      codes.push(command.code);
      continue;
    }
    const granted = ({ data: 354, auth: 235, starttls: 220, quit: 221 } as Record<string, number>)[command.verb] ?? 250;
    const answered: Reply = outOfTurn(session, command) ?? reply(granted, undefined, "");
    codes.push(answered.code);
    session = advance(session, command, answered);
  }
  return codes.join(" ");
}

const mail = "MAIL FROM:<a@b.test>";
const rcpt = "RCPT TO:<a@b.test>";
const cases: readonly [mode: Mode, script: string, expected: string][] = [
  ["mx", `EHLO x|${mail}|${rcpt}|DATA`, "250 250 250 354"],
  ["mx", `HELO x|${mail}|${rcpt}|DATA`, "250 250 250 354"],
  ["mx", mail, "503"],
  ["mx", `EHLO x|${rcpt}`, "250 503"],
  ["mx", "EHLO x|DATA", "250 503"],
  ["mx", `EHLO x|${mail}|DATA`, "250 250 554"],
  ["mx", `EHLO x|${mail}|${mail}`, "250 250 503"],
  ["mx", `EHLO x|${mail}|RSET|${rcpt}`, "250 250 250 503"],
  ["mx", `EHLO x|${mail}|EHLO x|${rcpt}`, "250 250 250 503"],
  ["mx", `EHLO x|${mail}|RSET|${mail}|RSET|${mail}`, "250 250 250 250 250 452"],
  ["mx", "LHLO x", "500"],
  ["lmtp", "EHLO x", "500"],
  ["lmtp", "HELO x", "500"],
  ["lmtp", `LHLO x|${mail}|${rcpt}|DATA`, "250 250 250 354"],
  ["mx", "HELO x|MAIL FROM:<a@b.test> SIZE=10", "250 555"],
  ["mx", `HELO x|${mail}|RCPT TO:<a@b.test> NOTIFY=NEVER`, "250 250 555"],
  ["mx", "EHLO x|MAIL FROM:<a@b.test> SIZE=1001", "250 552"],
  ["mx", "EHLO x|MAIL FROM:<a@b.test> SIZE=1000", "250 250"],
  ["mx", "EHLO x|MAIL FROM:<ü@b.test>", "250 553"],
  ["mx", "EHLO x|MAIL FROM:<ü@b.test> SMTPUTF8|RCPT TO:<ü@b.test>", "250 250 250"],
  ["mx", `EHLO x|${mail}|RCPT TO:<ü@b.test>`, "250 250 553"],
  ["mx", "EHLO x|MAIL FROM:<a@b.test> HOLDFOR=60", "250 555"],
  ["mx", "EHLO x|MAIL FROM:<a@b.test> REQUIRETLS", "250 555"],
  ["mx", "EHLO x|STARTTLS|EHLO x|MAIL FROM:<a@b.test> REQUIRETLS", "250 220 250 250"],
  // RFC 3207 §4.2: everything learnt in the clear is forgotten.
  ["mx", `EHLO x|STARTTLS|${mail}`, "250 220 503"],
  ["mx", `EHLO x|${mail}|${rcpt}|STARTTLS|EHLO x|DATA`, "250 250 250 220 250 503"],
  ["mx", "EHLO x|STARTTLS|STARTTLS", "250 220 503"],
  ["mx", "STARTTLS", "220"],
  ["mx", "EHLO x|AUTH PLAIN", "250 502"],
  ["submission", `EHLO x|${mail}`, "250 530"],
  ["submission", `EHLO x|AUTH PLAIN|${mail}`, "250 235 250"],
  ["submission", `EHLO x|AUTH PLAIN|AUTH PLAIN`, "250 235 503"],
  ["submission", "EHLO x|AUTH LOGIN", "250 504"],
  ["submission", "AUTH PLAIN", "503"],
  ["submission", `EHLO x|AUTH PLAIN|${mail}|AUTH PLAIN`, "250 235 250 503"],
  ["submission", `EHLO x|AUTH PLAIN|STARTTLS|EHLO x|${mail}`, "250 235 220 250 530"],
  ["submission", "EHLO x|AUTH PLAIN|MAIL FROM:<a@b.test> HOLDFOR=60", "250 235 250"],
  ["mx", `EHLO x|${mail}|${rcpt}|BDAT 5|BDAT 5 LAST|${mail}`, "250 250 250 250 250 250"],
  ["mx", `EHLO x|${mail}|${rcpt}|BDAT 5|DATA|${rcpt}|RSET`, "250 250 250 250 503 503 250"],
  ["mx", `EHLO x|${mail}|BDAT 5`, "250 250 554"],
  ["mx", "EHLO x|BDAT 5", "250 503"],
  ["mx", `EHLO x|MAIL FROM:<a@b.test> BODY=BINARYMIME|${rcpt}|DATA|BDAT 5 LAST`, "250 250 250 503 250"],
  ["mx", "NOOP|HELP|VRFY a|EXPN a|RSET|QUIT", "250 250 250 250 250 221"],
];
for (const [mode, script, expected] of cases)
  test(`${mode}: ${script}`, () => {
    assert.equal(play(mode, script), expected);
  });

test("where no login is offered in the clear, STARTTLS is what is missing", () => {
  const session = { ...newSession(offerOf("submission"), false, []), greeting: "ehlo" as const };
  for (const [line, code] of [
    ["AUTH PLAIN", 538],
    [mail, 530],
  ] as const) {
    const command = parseCommand(Buffer.from(line));
    assert.ok(!("code" in command));
    const refusal = outOfTurn(session, command);
    assert.equal(refusal?.code, code);
    assert.match(refusal?.lines[0] ?? "", /STARTTLS/);
  }
});

test("TLS and AUTH may be demanded before mail", () => {
  assert.equal(play("submission", `EHLO x|AUTH PLAIN|${mail}`, { tlsRequired: true }), "250 235 530");
  assert.equal(play("mx", "EHLO x|STARTTLS", { startTls: false }), "250 502");
});

test("a refused command changes nothing", () => {
  const random = seeded(13);
  const lines = [
    "EHLO x",
    "HELO x",
    "LHLO x",
    mail,
    rcpt,
    "DATA",
    "BDAT 5",
    "BDAT 5 LAST",
    "RSET",
    "STARTTLS",
    "AUTH PLAIN",
    "NOOP",
  ];
  for (let round = fuzzRounds(5_000); round > 0; round--) {
    let session = newSession(offerOf("submission"), false, ["PLAIN"]);
    for (const line of anyOf(
      random,
      lines.map((one) => `${one}|`),
      12,
    ).split("|")) {
      const command = parseCommand(Buffer.from(line));
      if ("code" in command) continue;
      const refusal = outOfTurn(session, command);
      if (refusal !== undefined) assert.equal(advance(session, command, refusal), session);
      else session = advance(session, command, reply(random(3) === 0 ? 450 : 250, undefined, ""));
      // What may never be, whatever came.
      if (session.transaction !== undefined) assert.ok(session.greeting !== "none" && session.authenticated);
    }
  }
});

test("what EHLO offers follows from the session", () => {
  const ehlo = (session: Session): string => helloReply(session, "mx.test", "ehlo", 0).lines.join("|");
  const clear = newSession(offerOf("mx"), false, []);
  assert.equal(
    ehlo(clear),
    "mx.test|PIPELINING|SIZE 1000|STARTTLS|ENHANCEDSTATUSCODES|8BITMIME|BINARYMIME|CHUNKING|SMTPUTF8|DSN|LIMITS MAILMAX=2 RCPTMAX=3",
  );
  assert.equal(
    ehlo({ ...clear, tls: true }),
    "mx.test|PIPELINING|SIZE 1000|ENHANCEDSTATUSCODES|8BITMIME|BINARYMIME|CHUNKING|SMTPUTF8|DSN|REQUIRETLS|LIMITS MAILMAX=2 RCPTMAX=3",
  );
  const submission = newSession(offerOf("submission"), true, ["SCRAM-SHA-256", "PLAIN"]);
  assert.match(ehlo(submission), /\|AUTH SCRAM-SHA-256 PLAIN\|.*\|FUTURERELEASE 3600 1970-01-01T00:00:00Z\|/);
  assert.doesNotMatch(ehlo({ ...submission, authenticated: true }), /AUTH/);
  assert.deepEqual(helloReply(clear, "mx.test", "helo", 0).lines, ["mx.test"]);
});
