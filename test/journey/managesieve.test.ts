/** ManageSieve (RFC 5804) against a whole server: logins, scripts, bounds, bad input. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { saslClient } from "../../protocol/sasl/client.ts";
import { type DevProcess, startDev } from "../dev-process.ts";
import { ManageSieveTalk } from "../managesieve-talk.ts";

let dev: DevProcess;
let nextUser = 0;
before(async () => {
  dev = await startDev(["--users", "30"]);
});
after(() => dev.stop());

const port = (): number => dev.ready.ports["sieve"]!;
const someone = (): string => dev.ready.users[nextUser++]!;
const login = (): Promise<ManageSieveTalk> => ManageSieveTalk.login(port(), someone());

test("the greeting, STARTTLS and the capabilities again", async () => {
  const talk = await ManageSieveTalk.open(port());
  const { lines, reply } = await talk.answer();
  assert.match(reply, /^OK/);
  assert.ok(lines.includes('"STARTTLS"'));
  assert.ok(lines.includes('"SASL" ""'), "no password in the clear");
  assert.ok(lines.includes('"VERSION" "1.0"'));
  assert.ok(lines.some((line) => /^"SIEVE" ".*\bfileinto\b.*\bvacation\b/.test(line)));
  assert.ok(lines.some((line) => line.startsWith('"IMPLEMENTATION" "Angarium')));
  assert.match((await talk.say('AUTHENTICATE "PLAIN" "AGEAYg=="')).reply, /^NO \(ENCRYPT-NEEDED\)/);
  const secured = await talk.startTls();
  assert.match(secured.reply, /^OK/);
  assert.ok(!secured.lines.includes('"STARTTLS"'));
  assert.ok(secured.lines.some((line) => /^"SASL" ".*SCRAM-SHA-256.*PLAIN/.test(line)));
  assert.match((await talk.say("STARTTLS")).reply, /^NO/);
  assert.match((await talk.say("LOGOUT")).reply, /^OK/);
  assert.equal(await talk.line(), undefined);
});

test("nothing said before STARTTLS is believed after it", async () => {
  const talk = await ManageSieveTalk.open(port());
  await talk.answer();
  talk.write("STARTTLS\r\nCAPABILITY\r\n");
  assert.match((await talk.answer()).reply, /^BYE/);
  assert.equal(await talk.line(), undefined);
});

test("SCRAM-SHA-256, whose last word comes with the OK", async () => {
  const talk = await ManageSieveTalk.open(port());
  await talk.answer();
  await talk.startTls();
  const client = saslClient("SCRAM-SHA-256", { user: someone(), password: "pw", nonce: "fyko+d2lbbFgONRv9qkxdawL" });
  talk.write(`AUTHENTICATE "SCRAM-SHA-256" "${client.initial!.toString("base64")}"\r\n`);
  const decoded = (text: string | undefined): Buffer => Buffer.from(JSON.parse(text ?? '""') as string, "base64");
  const step = await client.next(decoded(await talk.line()));
  assert.ok(step.kind === "send");
  const { reply } = await talk.say(`"${step.data.toString("base64")}"`);
  const last = /^OK \(SASL ("[^"]+")\)/.exec(reply);
  assert.ok(last !== null, reply);
  await client.next(decoded(last[1]));
  assert.ok(client.mayBelieve(), "the server has proved itself");
  talk.close();
});

test("logins that go wrong", async () => {
  const talk = await ManageSieveTalk.open(port());
  await talk.answer();
  await talk.startTls();
  assert.match((await talk.say("LISTSCRIPTS")).reply, /^NO "Log in first"/);
  assert.match((await talk.say('AUTHENTICATE "PLAIN" "not base64!"')).reply, /^NO/);
  assert.match((await talk.say('AUTHENTICATE "NTLM"')).reply, /^NO/);
  talk.write('AUTHENTICATE "PLAIN"\r\n');
  assert.equal(await talk.line(), '""');
  assert.match((await talk.say('"*"')).reply, /^NO "Authentication cancelled"/);
  const bad = Buffer.from(`\0${someone()}\0wrong`).toString("base64");
  assert.match(
    (await talk.say(`AUTHENTICATE "PLAIN" {${bad.length}+}\r\n${bad}`)).reply,
    /^NO "Authentication failed"/,
  );
  talk.close();
});

test("scripts come, are listed, active, renamed, and go", async () => {
  const talk = await login();
  const say = async (line: string): Promise<string> => (await talk.say(line)).reply;
  assert.deepEqual((await talk.say("LISTSCRIPTS")).lines, []);
  assert.match(await say('HAVESPACE "one" 1000'), /^OK/);
  assert.match(await say('PUTSCRIPT "one" "keep;"'), /^OK/);
  assert.match(await say('PUTSCRIPT "größe" {9+}\r\ndiscard;\n'), /^OK/);
  assert.match(await say('SETACTIVE "one"'), /^OK/);
  assert.deepEqual((await talk.say("LISTSCRIPTS")).lines.toSorted(), ['"gr\xc3\xb6\xc3\x9fe"', '"one" ACTIVE']);
  assert.deepEqual((await talk.say('GETSCRIPT "größe"')).lines, ['"discard;\\n"']);
  assert.match(await say('GETSCRIPT "none"'), /^NO \(NONEXISTENT\)/);
  assert.match(await say('SETACTIVE "none"'), /^NO \(NONEXISTENT\)/);
  assert.match(await say('DELETESCRIPT "one"'), /^NO \(ACTIVE\)/);
  assert.match(await say('DELETESCRIPT "none"'), /^NO \(NONEXISTENT\)/);
  assert.match(await say('RENAMESCRIPT "one" "größe"'), /^NO \(ALREADYEXISTS\)/);
  assert.match(await say('RENAMESCRIPT "none" "x"'), /^NO \(NONEXISTENT\)/);
  assert.match(await say('RENAMESCRIPT "one" "two"'), /^OK/);
  assert.ok((await talk.say("LISTSCRIPTS")).lines.includes('"two" ACTIVE'), "it stays active");
  assert.match(await say('SETACTIVE ""'), /^OK/);
  assert.match(await say('DELETESCRIPT "two"'), /^OK/);
  assert.equal((await talk.say("LISTSCRIPTS")).lines.length, 1);
  talk.close();
});

test("scripts that are wrong are not kept, and say where", async () => {
  const talk = await login();
  const wrong = "if true {\r\n  fooo;\r\n}";
  for (const command of ['PUTSCRIPT "x"', "CHECKSCRIPT"])
    assert.equal(
      (await talk.say(`${command} {${wrong.length}+}\r\n${wrong}`)).reply,
      'NO "line 2, column 3: there is no command \\"fooo\\""',
    );
  assert.deepEqual((await talk.say("LISTSCRIPTS")).lines, []);
  assert.match((await talk.say('CHECKSCRIPT "keep;"')).reply, /^OK/);
  const two = "foo;\r\nbar;";
  assert.equal(
    (await talk.say(`CHECKSCRIPT {${two.length}+}\r\n${two}`)).reply,
    'NO "line 1, column 1: there is no command \\"foo\\"\\r\\nline 2, column 1: there is no command \\"bar\\""',
  );
  const early = 'require "include"; include "later";';
  assert.match(
    (await talk.say(`PUTSCRIPT "x" {${early.length}+}\r\n${early}`)).reply,
    /^OK \(WARNINGS\) "line 1, column 20: there is no personal script/,
  );
  talk.close();
});

test("bounds are told", async () => {
  const talk = await login();
  assert.match((await talk.say('HAVESPACE "x" 999999999')).reply, /^NO \(QUOTA\/MAXSIZE\)/);
  const large = `#${"x".repeat(299_998)}\n`;
  assert.match((await talk.say(`PUTSCRIPT "x" {${large.length}+}\r\n${large}`)).reply, /^NO \(QUOTA\/MAXSIZE\)/);
  const largest = `PUTSCRIPT "l%" {262144+}\r\n${"#".repeat(262_144)}\r\n`;
  for (let i = 0; i < 8; i++) talk.write(largest.replace("%", `${i}`));
  for (let i = 0; i < 8; i++) assert.match((await talk.answer()).reply, /^OK/);
  assert.match((await talk.say('HAVESPACE "more" 1')).reply, /^NO \(QUOTA\) "All scripts of an account/);
  assert.match((await talk.say('PUTSCRIPT "more" "keep;"')).reply, /^NO \(QUOTA\) "All scripts of an account/);
  for (let i = 0; i < 8; i++) assert.match((await talk.say(`DELETESCRIPT "l${i}"`)).reply, /^OK/);
  for (let i = 0; i < 100; i++) talk.write(`PUTSCRIPT "s${i}" "keep;"\r\n`);
  for (let i = 0; i < 100; i++) assert.match((await talk.answer()).reply, /^OK/);
  assert.match((await talk.say('PUTSCRIPT "more" "keep;"')).reply, /^NO \(QUOTA\/MAXSCRIPTS\)/);
  assert.match((await talk.say('HAVESPACE "more" 5')).reply, /^NO \(QUOTA\/MAXSCRIPTS\)/);
  assert.match((await talk.say('PUTSCRIPT "s5" "stop;"')).reply, /^OK/);
  assert.match((await talk.say('PUTSCRIPT "a\\\\b" "stop;"')).reply, /^NO \(QUOTA/);
  talk.close();
});

test("NOOP, CAPABILITY with the owner, UNAUTHENTICATE", async () => {
  const user = someone();
  const talk = await ManageSieveTalk.login(port(), user);
  assert.equal((await talk.say('NOOP "STARTTLS-SYNC-42"')).reply, 'OK (TAG "STARTTLS-SYNC-42") "Done"');
  assert.equal((await talk.say("NOOP")).reply, 'OK "Done"');
  // Errors count in a row: a client that makes sense now and then may stay.
  for (let times = 0; times < 40; times++)
    assert.match((await talk.say(times % 2 ? "NOOP" : "NOPE")).reply, /^(OK|NO) /);
  assert.ok((await talk.say("CAPABILITY")).lines.includes(`"OWNER" "${user}"`));
  assert.match((await talk.say('AUTHENTICATE "PLAIN"')).reply, /^NO/);
  assert.match((await talk.say("UNAUTHENTICATE")).reply, /^OK/);
  assert.match((await talk.say("LISTSCRIPTS")).reply, /^NO/);
  const again = Buffer.from(`\0${user}\0pw`).toString("base64");
  assert.match((await talk.say(`AUTHENTICATE "PLAIN" "${again}"`)).reply, /^OK/);
  assert.match((await talk.say("LISTSCRIPTS")).reply, /^OK/);
  talk.close();
});

test("who only makes mistakes is sent away", async () => {
  const talk = await login();
  for (let i = 0; i < 30; i++) talk.write("NONSENSE\r\n");
  const replies: string[] = [];
  for (;;) {
    const { reply } = await talk.answer();
    if (reply === "") break;
    replies.push(reply);
  }
  assert.match(replies.at(-1) ?? "", /^BYE/);
  assert.ok(replies.length <= 25);
});

test("one account does not see another's scripts", async () => {
  const [one, two] = [await login(), await login()];
  await one.say('PUTSCRIPT "mine" "keep;"');
  assert.deepEqual((await two.say("LISTSCRIPTS")).lines, []);
  assert.match((await two.say('GETSCRIPT "mine"')).reply, /^NO \(NONEXISTENT\)/);
  one.close();
  two.close();
});
