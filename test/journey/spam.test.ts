/** Spam in a real server: a junked, a rescued and an allowed message, what people teach, and that they teach only themselves. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import nodemailer from "nodemailer";
import { angarium, type DevProcess, startDev } from "../dev-process.ts";
import { type Sink, startSink } from "../sink.ts";
import { SmtpTalk } from "../smtp-talk.ts";

let dev: DevProcess;
let sink: Sink;
let ca: string;

before(async () => {
  sink = await startSink();
  dev = await startDev(["--users", "4", "--deliver-to", `127.0.0.1:${sink.port}`]);
  ca = await readFile(dev.ready.ca, "utf8");
});
after(async () => {
  await dev.stop();
  await sink.close();
});

async function open(user: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: dev.ready.ports["imaps"]!,
    secure: true,
    tls: { ca, servername: "localhost" },
    auth: { user, pass: "pw" },
    logger: false,
  });
  await client.connect();
  return client;
}

async function send(to: string, text: string, from = "stranger@far.test"): Promise<void> {
  const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
  await talk.say(`MAIL FROM:<${from}>`);
  await talk.say(`RCPT TO:<${to}>`);
  const answer = await talk.message(text);
  assert.match(answer, /^250/);
  await talk.say("QUIT");
}

/** Subjects and sources in a mailbox. */
async function mailIn(client: ImapFlow, path: string): Promise<{ uid: number; subject: string; source: string }[]> {
  const lock = await client.getMailboxLock(path);
  try {
    const found: { uid: number; subject: string; source: string }[] = [];
    if (client.mailbox !== false && client.mailbox.exists > 0)
      for await (const message of client.fetch("1:*", { uid: true, envelope: true, source: true }))
        found.push({
          uid: message.uid,
          subject: message.envelope?.subject ?? "",
          source: message.source?.toString() ?? "",
        });
    return found;
  } finally {
    lock.release();
  }
}

async function move(client: ImapFlow, from: string, to: string, subject: string): Promise<void> {
  const one = (await mailIn(client, from)).find((each) => each.subject === subject);
  assert.ok(one, `${subject} is in ${from}`);
  const lock = await client.getMailboxLock(from);
  try {
    assert.ok(await client.messageMove(String(one.uid), to, { uid: true }));
  } finally {
    lock.release();
  }
}

const lessons = (): number => dev.log().split("the filter learned from a person").length - 1;
async function learned(count: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (lessons() >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${lessons()} of ${count} lessons were learned\n${dev.log().slice(-2000)}`);
}

const swindle = (subject: string): string => `From: "PayPal Support" <x7k2m9q4@paypal-secure.click>
Reply-To: refunds8841@gmail.com
To: undisclosed-recipients:;
Subject: ${subject}
X-Spam-Status: No, score=-99
Content-Type: text/html

<p>Dear customer, your account has been limited. Verify your account within 24 hours:
<a href="http://192.0.2.66/login">https://www.paypal.com/</a><form><input type=password></form>
`;

/** Junk by the rules, but somebody may want it. */
const offer = (subject: string): string => `From: "Gifts" <gifts@cards.click>
To: u4@example.test
Subject: ${subject}: claim your prize now!!
Content-Type: text/html

<p>Claim your prize, click here: <a href="http://cards.click/1">now</a>. Limited time, act now!
`;

/** What no rule minds, but somebody may. */
const circular = (subject: string, about: string): string => `From: Far Club <club@far.test>
To: You <u@example.test>
Subject: ${subject}
Date: Mon, 5 Jan 2026 10:00:00 +0000
Message-ID: <${subject.replace(/\W/g, "")}@far.test>

Our club meets on Thursday to talk about ${about}, and there will be tea and ${about} for everybody who
likes ${about}. The programme of ${about} is at http://far.test/${about} and we hope that you bring friends.
`;

test("a swindle goes into Junk and says why; forged opinions are taken off", async () => {
  await send("u1@example.test", swindle("Your account"));
  const client = await open("u1@example.test");
  const [junk] = await mailIn(client, "Junk");
  assert.equal(junk?.subject, "Your account");
  assert.match(junk.source, /^X-Spam-Status: Yes, score=\d+\.\d probability=0\.9\d+\r\n\ttests=/m);
  assert.match(
    junk.source,
    /^X-Spam-Reason: A link shows one address and leads to another|^X-Spam-Reason: It asks for a password/m,
  );
  assert.doesNotMatch(junk.source, /score=-99/);
  await client.logout();
  const trace = await angarium("trace", "stranger@far.test", "--data", dev.ready.data);
  assert.match(trace.out, /It asks for a password/);
});

test("moving to Junk teaches, moving back takes it back; nobody else is taught", async () => {
  const one = await open("u2@example.test");
  const before = lessons();
  await send("u2@example.test", circular("Orchids 1", "orchids"));
  await move(one, "INBOX", "Junk", "Orchids 1");
  await learned(before + 1);
  await send("u2@example.test", circular("Orchids 2", "orchids"));
  await send("u3@example.test", circular("Orchids 2", "orchids"));
  assert.deepEqual((await mailIn(one, "Junk")).map(({ subject }) => subject).sort(), ["Orchids 1", "Orchids 2"]);
  const other = await open("u3@example.test");
  assert.deepEqual(
    (await mailIn(other, "INBOX")).map(({ subject }) => subject),
    ["Orchids 2"],
    "u3 was not taught",
  );
  await other.logout();
  await move(one, "Junk", "INBOX", "Orchids 1");
  await learned(before + 2);
  await move(one, "Junk", "INBOX", "Orchids 2");
  await learned(before + 3);
  await send("u2@example.test", circular("Orchids 3", "orchids"));
  assert.ok((await mailIn(one, "INBOX")).some(({ subject }) => subject === "Orchids 3"));
  await one.logout();
});

test("a rescued message teaches that such mail is wanted", async () => {
  const client = await open("u4@example.test");
  const before = lessons();
  await send("u4@example.test", offer("First"));
  await move(client, "Junk", "INBOX", "First: claim your prize now!!");
  await learned(before + 1);
  await send("u4@example.test", offer("Second"));
  assert.deepEqual((await mailIn(client, "INBOX")).map(({ subject }) => subject).sort(), [
    "First: claim your prize now!!",
    "Second: claim your prize now!!",
  ]);
  await client.logout();
});

test("$Junk and $NotJunk teach where they are set", async () => {
  const client = await open("u1@example.test");
  const before = lessons();
  await send("u1@example.test", circular("Stamps 1", "stamps"));
  const lock = await client.getMailboxLock("INBOX");
  await client.messageFlagsAdd("1:*", ["$Junk"]);
  await learned(before + 1);
  await client.messageFlagsRemove("1:*", ["$Junk"]);
  await learned(before + 2);
  lock.release();
  await client.logout();
});

test("what a person taught is forgotten when an administrator says so, by the server that runs", async () => {
  const client = await open("u1@example.test");
  const before = lessons();
  await send("u1@example.test", circular("Bonsai 1", "bonsai"));
  await move(client, "INBOX", "Junk", "Bonsai 1");
  await learned(before + 1);
  await send("u1@example.test", circular("Bonsai 2", "bonsai"));
  assert.ok((await mailIn(client, "Junk")).some(({ subject }) => subject === "Bonsai 2"));
  const done = await angarium("filter", "forget", "u1@example.test", "--data", dev.ready.data);
  assert.equal(done.code, 0, done.err);
  await send("u1@example.test", circular("Bonsai 3", "bonsai"));
  assert.ok((await mailIn(client, "INBOX")).some(({ subject }) => subject === "Bonsai 3"));
  await client.logout();
});

test("allowed and blocked senders; refused and kept back where that is set; whom one has written to is no stranger", async () => {
  const set = await angarium("filter", "block", "u3@example.test", "far.test", "--data", dev.ready.data);
  assert.equal(set.code, 0, set.err);
  const allow = await angarium("filter", "allow", "u3@example.test", "paypal-secure.click", "--data", dev.ready.data);
  assert.equal(allow.code, 0, allow.err);
  for (const words of [
    ["u4@example.test", "--quarantine", "90"],
    ["u2@example.test", "--refuse", "90"],
  ]) {
    const done = await angarium("filter", "set", ...words, "--data", dev.ready.data);
    assert.equal(done.code, 0, done.err);
  }
  await new Promise((resolve) => setTimeout(resolve, 5_500)); // Settings are read again every five seconds.
  const client = await open("u3@example.test");
  await send("u3@example.test", circular("Chess 1", "chess"));
  assert.deepEqual(
    (await mailIn(client, "Junk")).map(({ subject }) => subject),
    ["Chess 1"],
  );
  await send("u3@example.test", swindle("Allowed"));
  assert.ok((await mailIn(client, "INBOX")).some(({ subject }) => subject === "Allowed"));
  await client.logout();

  const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
  await talk.say("MAIL FROM:<refused@far.test>");
  await talk.say("RCPT TO:<u2@example.test>");
  assert.match(await talk.message(swindle("Refused")), /^554 5\.7\.1 This message looks like spam: /);
  await talk.say("QUIT");
  const refused = await angarium("trace", "refused@far.test", "--data", dev.ready.data);
  assert.match(refused.out, /refused[\s\S]*password/);
  await send("u4@example.test", swindle("Kept back"), "kept@far.test");
  const quarantine = await angarium("quarantine", "list", "--data", dev.ready.data, "--json");
  assert.match(quarantine.out, /Kept back/);
  const four = await open("u4@example.test");
  for (const path of ["INBOX", "Junk"])
    assert.ok(!(await mailIn(four, path)).some(({ subject }) => subject === "Kept back"));
  await four.logout();

  const own = nodemailer.createTransport({
    host: "127.0.0.1",
    port: dev.ready.ports["submission"]!,
    requireTLS: true,
    tls: { ca, servername: "localhost" },
    auth: { user: "u1@example.test", pass: "pw" },
  });
  await own.sendMail({ from: "u1@example.test", to: "refunds@odd.click", subject: "Hello", text: "Hello" });
  own.close();
  const mine = await open("u1@example.test");
  await send(
    "u1@example.test",
    'From: "Refund" <refunds@odd.click>\nTo: u1@example.test\nSubject: Claim your prize today!!\nContent-Type: text/html\n\n<p>Claim your prize, click here: <a href="http://odd.click/1">now</a>\n',
    "refunds@odd.click",
  );
  assert.ok((await mailIn(mine, "INBOX")).some(({ subject }) => subject === "Claim your prize today!!"));
  await mine.logout();
});

test("a tenant's thresholds hold for its domains, and a domain's over them", async () => {
  const tell = async (...words: readonly string[]): Promise<void> => {
    const { code, err } = await angarium(...words, "--data", dev.ready.data);
    assert.equal(code, 0, err);
  };
  const client = await open("u1@example.test");
  await tell("tenant", "add", "acme");
  await tell("domain", "give", "example.test", "acme");
  await tell("filter", "set", "acme", "--junk", "0");
  await new Promise((resolve) => setTimeout(resolve, 5500)); // Settings are read again every five seconds.
  await send("u1@example.test", swindle("For the tenant"));
  assert.ok((await mailIn(client, "INBOX")).some(({ subject }) => subject === "For the tenant"));
  await tell("filter", "set", "example.test", "--junk", "90");
  await new Promise((resolve) => setTimeout(resolve, 5500));
  await send("u1@example.test", swindle("For the domain"));
  assert.ok((await mailIn(client, "Junk")).some(({ subject }) => subject === "For the domain"));
  await client.logout();
});
