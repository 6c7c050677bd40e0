import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { TLSSocketOptions } from "node:tls";
import { promisify } from "node:util";
import { quiet } from "../base/log.ts";
import type { Connection } from "../net/connection.ts";
import { defaultTlsSettings, makeKeyRing } from "../net/tls.ts";
import { login, Mail, world } from "./fake-world.ts";
import { LocalMaildropLocks } from "./locks.ts";
import { servePop3 } from "./pop3.ts";
import { defaultPop3Settings } from "./settings.ts";

const one = "Subject: one\r\n\r\nHello!\r\n.dot\r\n";
const two = "Subject: two\r\n\r\nBye!\r\n";

/** Just enough of a connection: what was sent comes in pieces of one size; what is written is kept. */
function wire(sent: string, size: number) {
  const bytes = Buffer.from(sent, "latin1");
  let at = 0;
  let written = "";
  const connection = {
    tls: undefined,
    remote: { address: "192.0.2.1", port: 1 },
    unreadBytes: 0,
    setTimeout() {},
    async read() {
      if (at >= bytes.length) return "closed" as const;
      at += size;
      return bytes.subarray(at - size, at);
    },
    write(data: string | Uint8Array) {
      written += typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    },
    drained() {},
    async end() {},
    destroy() {},
  };
  return { connection: connection as unknown as Connection, written: () => written };
}

async function talk(sent: string, size: number, mail: Mail): Promise<string> {
  const { connection, written } = wire(sent, size);
  const parts = { store: mail, login: login(), locks: new LocalMaildropLocks(), tlsOptions: undefined, log: quiet };
  const settings = { ...defaultPop3Settings, maxErrors: 4, maxLineBytes: 300 };
  await servePop3(connection, { ...parts, settings, stopping: new AbortController().signal, now: () => 0 });
  return written();
}

const greeting = "+OK Angarium POP3 ready\r\n";
const entered = `${greeting}+OK Send the password\r\n+OK 2 messages (${one.length + two.length} octets)\r\n`;
const enter = "USER u1@example.test\r\nPASS pw\r\n";
const bye = "+OK Bye\r\n";

const talks: readonly [name: string, sent: string, expected: string, left?: readonly number[]][] = [
  [
    "reads, marks, forgets, leaves",
    `${enter}STAT\r\nLIST\r\nLIST 2\r\nUIDL\r\nUIDL 1\r\nRETR 2\r\nDELE 1\r\nRETR 1\r\nLIST\r\nSTAT\r\nRSET\r\nNOOP\r\nQUIT\r\n`,
    `${entered}+OK 2 52\r\n+OK 2 messages (52 octets)\r\n1 30\r\n2 22\r\n.\r\n+OK 2 22\r\n+OK 2 messages (52 octets)\r\n1 77.10\r\n2 77.20\r\n.\r\n` +
      `+OK 1 77.10\r\n+OK 22 octets\r\n${two}.\r\n+OK Marked to be deleted\r\n-ERR No such message\r\n+OK 1 messages (22 octets)\r\n2 22\r\n.\r\n+OK 1 22\r\n` +
      `+OK 2 messages (52 octets)\r\n+OK\r\n${bye}`,
    [10, 20],
  ],
  [
    "doubles dots",
    `${enter}RETR 1\r\nQUIT\r\n`,
    `${entered}+OK 30 octets\r\nSubject: one\r\n\r\nHello!\r\n..dot\r\n.\r\n${bye}`,
  ],
  [
    "TOP",
    `${enter}TOP 1 0\r\nTOP 1 2\r\nQUIT\r\n`,
    `${entered}+OK Top of message follows\r\nSubject: one\r\n\r\n.\r\n+OK Top of message follows\r\nSubject: one\r\n\r\nHello!\r\n..dot\r\n.\r\n${bye}`,
  ],
  ["removes at QUIT", `${enter}DELE 1\r\nQUIT\r\n`, `${entered}+OK Marked to be deleted\r\n${bye}`, [20]],
  ["removes nothing when the peer goes", `${enter}DELE 1\r\n`, `${entered}+OK Marked to be deleted\r\n`, [10, 20]],
  [
    "removes nothing after RSET",
    `${enter}DELE 1\r\nRSET\r\nQUIT\r\n`,
    `${entered}+OK Marked to be deleted\r\n+OK 2 messages (52 octets)\r\n${bye}`,
    [10, 20],
  ],
  ["wants a login", "STAT\r\nQUIT\r\n", `${greeting}-ERR Log in first\r\n${bye}`],
  ["wants USER before PASS", "PASS pw\r\nQUIT\r\n", `${greeting}-ERR USER first\r\n${bye}`],
  [
    "a wrong password needs a new USER",
    "USER u1@example.test\r\nPASS no\r\nPASS pw\r\nQUIT\r\n",
    `${greeting}+OK Send the password\r\n-ERR [AUTH] Authentication failed\r\n-ERR USER first\r\n${bye}`,
  ],
  [
    "logs in once",
    `${enter}USER x\r\nUTF8\r\nQUIT\r\n`,
    `${entered}-ERR Already logged in\r\n-ERR UTF8 comes before login\r\n${bye}`,
  ],
  [
    "AUTH with a challenge",
    "AUTH TWO\r\ndTE=\r\nQUIT\r\n",
    `${greeting}+ d2hv\r\n+OK 2 messages (52 octets)\r\n${bye}`,
  ],
  [
    "AUTH with an initial response",
    `AUTH PLAIN ${Buffer.from("\0u1@example.test\0pw").toString("base64")}\r\nQUIT\r\n`,
    `${greeting}+OK 2 messages (52 octets)\r\n${bye}`,
  ],
  [
    "AUTH cancelled, malformed, unknown",
    "AUTH TWO\r\n*\r\nAUTH TWO\r\n!\r\nAUTH NTLM\r\nQUIT\r\n",
    `${greeting}+ d2hv\r\n-ERR Authentication cancelled\r\n+ d2hv\r\n-ERR Response is malformed\r\n-ERR Mechanism is not available\r\n${bye}`,
  ],
  [
    "AUTH alone lists mechanisms",
    "AUTH\r\nQUIT\r\n",
    `${greeting}+OK Mechanisms follow\r\nPLAIN\r\nTWO\r\n.\r\n${bye}`,
  ],
  [
    "capabilities before",
    "CAPA\r\nQUIT\r\n",
    `${greeting}+OK Capability list follows\r\nTOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nUTF8 USER\r\nLANG\r\nUSER\r\nSASL PLAIN TWO\r\nEXPIRE NEVER\r\nIMPLEMENTATION Angarium\r\n.\r\n${bye}`,
  ],
  [
    "UTF8 and LANG",
    "UTF8\r\nLANG\r\nLANG en-GB\r\nLANG *\r\nLANG de\r\nQUIT\r\n",
    `${greeting}+OK UTF8 enabled\r\n+OK Language list follows\r\nen English\r\n.\r\n+OK en English\r\n+OK en English\r\n-ERR Language is not available\r\n${bye}`,
  ],
  ["STLS where there is none", "STLS\r\nQUIT\r\n", `${greeting}-ERR STLS is not available\r\n${bye}`],
  [
    "a line that is too long is read over",
    `${"x".repeat(400)}\r\nQUIT\r\n`,
    `${greeting}-ERR Line is too long\r\n${bye}`,
  ],
  ["a line without an end is not waited for", "x".repeat(4000), `${greeting}-ERR Line is too long\r\n`],
  ["a bare line feed ends it", "NOOP\nQUIT\r\n", `${greeting}-ERR Lines end with CR LF\r\n`],
  [
    "who has logged in may err now and then",
    `${enter}${"A\r\nB\r\nC\r\nNOOP\r\n".repeat(2)}QUIT\r\n`,
    `${entered}${`${"-ERR Unknown command\r\n".repeat(3)}+OK\r\n`.repeat(2)}${bye}`,
  ],
  [
    "enough is enough",
    "A\r\nB\r\nC\r\nD\r\nE\r\nQUIT\r\n",
    `${greeting}${"-ERR Unknown command\r\n".repeat(4)}-ERR Too many errors\r\n`,
  ],
  ["NUL cuts nothing", `${enter}RETR 1\0\r\nQUIT\r\n`, `${entered}-ERR Control characters are not allowed\r\n${bye}`],
];
for (const [name, sent, expected, left] of talks) {
  test(name, async () => {
    for (let size = 1; size <= sent.length; size += size < 40 ? 1 : 37) {
      const mail = new Mail([one, two]);
      assert.equal(await talk(sent, size, mail), expected, `in pieces of ${size}`);
      if (left !== undefined) assert.deepEqual([...mail.messages.keys()], left);
    }
  });
}

test("one session per maildrop, the next when it is over", async () => {
  await using server = await world(new Mail([one]));
  const [first, second] = [await server.client(), await server.client()];
  await first.login();
  await second.line();
  await second.ask("USER u1@example.test");
  assert.match(await second.ask("PASS pw"), /^-ERR \[IN-USE\]/);
  assert.equal(await first.ask("QUIT"), "+OK Bye");
  assert.equal(await first.line(), "closed");
  await second.ask("USER u1@example.test");
  assert.match(await second.ask("PASS pw"), /^\+OK 1 messages/);
});

test("LOGIN-DELAY", async () => {
  let now = 1_000_000;
  await using server = await world(new Mail([one]), { settings: { loginDelaySeconds: 60 }, now: () => now });
  const enterAndLeave = async (): Promise<string> => {
    const client = await server.client();
    await client.line();
    await client.ask("USER u1@example.test");
    const answer = await client.ask("PASS pw");
    await client.ask("QUIT");
    await client.line();
    return answer;
  };
  assert.match(await enterAndLeave(), /^\+OK/);
  now += 59_000;
  assert.match(await enterAndLeave(), /^-ERR \[LOGIN-DELAY\]/);
  now += 1_000;
  assert.match(await enterAndLeave(), /^\+OK/);
});

test("refused logins are counted, and then it is over", async () => {
  await using server = await world(new Mail([]), { settings: { maxLogins: 2 } });
  const client = await server.client();
  await client.line();
  for (let round = 0; round < 2; round++) {
    await client.ask("USER u1@example.test");
    assert.equal(await client.ask("PASS x"), "-ERR [AUTH] Authentication failed");
  }
  assert.equal(await client.line(), "closed");
});

test("who does not log in, and who is silent, is let go", async () => {
  for (const settings of [{ loginTimeoutMs: 20 }, { idleTimeoutMs: 20 }]) {
    await using server = await world(new Mail([one]), { settings });
    const client = await server.client();
    assert.equal(await client.line(), "+OK Angarium POP3 ready");
    assert.equal(await client.line(), "closed");
  }
});

test("a shutdown tells idle sessions, removes nothing and lets the maildrop go", async () => {
  const mail = new Mail([one]);
  await using server = await world(mail);
  const client = await server.client();
  await client.login();
  await client.ask("DELE 1");
  server.stop.abort();
  assert.equal(await client.line(), "-ERR [SYS/TEMP] Server is shutting down");
  assert.equal(await client.line(), "closed");
  assert.equal(mail.messages.size, 1);
});

test("a store that breaks is [SYS/TEMP], and the maildrop is free again", async () => {
  const mail = new Mail([one]);
  await using server = await world(mail);
  const client = await server.client();
  await client.login();
  mail.broken = true;
  assert.match(await client.ask("RETR 1"), /^-ERR \[SYS\/TEMP\]/);
  assert.equal(await client.line(), "closed");
  mail.broken = false;
  const again = await server.client();
  await again.login();
  assert.equal(await again.ask("STAT"), `+OK 1 ${one.length}`);
});

test("a message that IMAP took away meanwhile is gone, its neighbours are not", async () => {
  const mail = new Mail([one, two, one]);
  await using server = await world(mail);
  const client = await server.client();
  await client.login();
  mail.messages.delete(20);
  client.send("RETR 1\r\nRETR 2\r\nRETR 3\r\n");
  assert.match(await client.lines(), /^\+OK/);
  assert.equal(await client.line(), "-ERR [SYS/PERM] Message is gone");
  assert.match(await client.lines(), /^\+OK/);
});

for (const pageRows of [1, 3, 500]) {
  test(`a thousand pipelined RETR, store pages of ${pageRows}`, async () => {
    const mail = new Mail(
      Array.from({ length: 1000 }, (_, at) => `Subject: ${at + 1}\r\n\r\n${"x".repeat(at % 97)}\r\n`),
    );
    mail.pageRows = pageRows;
    await using server = await world(mail);
    const client = await server.client();
    await client.login();
    mail.fetches = 0;
    client.send(Array.from({ length: 1000 }, (_, at) => `RETR ${at + 1}\r\n`).join(""));
    for (let at = 1; at <= 1000; at++)
      assert.match(await client.lines(), new RegExp(`^\\+OK \\d+ octets\r\nSubject: ${at}\r\n`));
    // One page for many messages, not one question for each.
    if (pageRows === 500) assert.ok(mail.fetches < 20, `${mail.fetches} fetches`);
    assert.equal(await client.ask("QUIT"), "+OK Bye");
    assert.equal(mail.seen.length, 1000);
  });
}

test("header fields in UTF-8 are for who said UTF8; others see them encoded, in RETR and TOP", async () => {
  const text = Buffer.from("Subject: Grüße\r\n\r\nü\r\n").toString("latin1");
  const encoded = text.replace(/Gr.*e/, "=?utf-8?b?R3LDvMOfZQ==?=");
  await using server = await world(new Mail([text]));
  for (const [first, shown] of [
    ["NOOP", encoded],
    ["UTF8", text],
  ] as const) {
    const client = await server.client();
    await client.line();
    await client.ask(first);
    await client.ask("USER u1@example.test");
    await client.ask("PASS pw");
    assert.equal(await client.askLines("RETR 1"), `+OK ${shown.length} octets\r\n${shown}`, first);
    assert.equal(await client.askLines("TOP 1 0"), `+OK Top of message follows\r\n${shown.slice(0, -4)}`, first);
    await client.ask("QUIT");
    await client.line();
  }
});

test("any order of RETR gives the right messages", async () => {
  const mail = new Mail(Array.from({ length: 50 }, (_, at) => `Subject: ${at + 1}\r\n\r\n`));
  await using server = await world(mail);
  const client = await server.client();
  await client.login();
  const order = [1, 2, 3, 50, 49, 1, 1, 2, 30, 31, 32, 33, 20, 34, 35, 50, 1];
  client.send(order.map((at) => `RETR ${at}\r\n`).join(""));
  for (const at of order) assert.match(await client.lines(), new RegExp(`\r\nSubject: ${at}\r\n`));
});

test("a client that does not read does not make us read on", async () => {
  const mail = new Mail(Array.from({ length: 400 }, () => `Subject: big\r\n\r\n${"x".repeat(99_998)}\r\n`));
  await using server = await world(mail);
  const client = await server.client();
  await client.login();
  client.socket.pause();
  mail.fetches = 0;
  client.send(Array.from({ length: 400 }, (_, at) => `RETR ${at + 1}\r\n`).join(""));
  let before = -1;
  while (mail.fetches === 0 || mail.fetches !== before) {
    before = mail.fetches;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(mail.fetches < 60, `${mail.fetches} pages of five messages were read for nobody`);
  client.socket.resume();
  for (let at = 0; at < 400; at++) assert.match(await client.lines(), /^\+OK 100016 octets/);
});

test("EXPIRE: what was read and is old goes at QUIT", async () => {
  // Message n was received at 10 n ms, a day is 86,400,000.
  const mail = new Mail([one, two, one]);
  await using server = await world(mail, { settings: { expireDays: 1 }, now: () => 86_400_000 + 25 });
  const client = await server.client();
  await client.line();
  assert.match(await client.askLines("CAPA"), /\r\nEXPIRE 1\r\n/);
  await client.ask("USER u1@example.test");
  await client.ask("PASS pw");
  client.send("RETR 1\r\nRETR 3\r\n");
  await client.lines();
  await client.lines();
  assert.equal(await client.ask("QUIT"), "+OK Bye");
  assert.deepEqual([[...mail.messages.keys()], mail.seen], [[20, 30], [30]]);
});

const folder = mkdtempSync(join(tmpdir(), "angarium-pop3-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let options: TLSSocketOptions | undefined;
async function tlsOptions(): Promise<TLSSocketOptions> {
  if (options === undefined) {
    const ring = await makeKeyRing({
      settings: defaultTlsSettings,
      folder,
      hostname: "localhost",
      log: quiet,
      now: () => Date.now(),
    });
    options = ring.serverOptions();
    after(() => ring[Symbol.dispose]());
  }
  return options;
}

test("STLS: passwords only after it, and nothing of before is remembered", async () => {
  await using server = await world(new Mail([one]), { tls: await tlsOptions(), login: login(true) });
  const client = await server.client();
  await client.line();
  assert.match(await client.askLines("CAPA"), /\r\nSASL TWO\r\nSTLS\r\n/);
  assert.equal(await client.ask("USER u1@example.test"), "-ERR Use STLS first");
  assert.equal(await client.ask("UTF8"), "+OK UTF8 enabled");
  assert.equal(await client.ask("STLS"), "+OK Begin TLS");
  await client.secure();
  assert.equal(await client.ask("PASS pw"), "-ERR USER first");
  const capabilities = await client.askLines("CAPA");
  assert.match(capabilities, /\r\nUSER\r\nSASL PLAIN TWO\r\n/);
  assert.doesNotMatch(capabilities, /STLS/);
  assert.match(await client.ask("STLS"), /^-ERR/);
  await client.ask("USER u1@example.test");
  assert.match(await client.ask("PASS pw"), /^\+OK 1 messages/);
});

test("STLS: what came behind it in the clear is not believed", async () => {
  await using server = await world(new Mail([one]), { tls: await tlsOptions() });
  const client = await server.client();
  await client.line();
  client.send(`STLS\r\n${enter}DELE 1\r\nQUIT\r\n`);
  assert.equal(await client.rest(), "-ERR Nothing may follow STLS\r\n");
});

test("curl reads and removes mail", async (context) => {
  const run = promisify(execFile);
  const mail = new Mail([one, two]);
  await using server = await world(mail, { tls: await tlsOptions(), login: login(true) });
  const curl = async (path: string, ...more: string[]): Promise<string> => {
    const url = `pop3://127.0.0.1:${server.port}/${path}`;
    const { stdout } = await run("curl", ["-s", "-S", "-k", "--ssl-reqd", "-u", "u1@example.test:pw", url, ...more]);
    return stdout;
  };
  try {
    await run("curl", ["--version"]);
  } catch {
    context.diagnostic("curl is not installed: the wire cases above stand alone");
    return;
  }
  assert.equal(await curl(""), "1 30\r\n2 22\r\n");
  assert.equal(await curl("1"), one);
  assert.equal(await curl("", "-X", "UIDL"), "1 77.10\r\n2 77.20\r\n");
  await curl("2", "-X", "DELE", "-I");
  assert.deepEqual([...mail.messages.keys()], [10]);
});
