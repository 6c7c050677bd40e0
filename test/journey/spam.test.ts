/**
 * Spam in a real server: a junked, a rescued and an allowed message, what people teach, and that they teach only themselves. All of it
 * with `--strict` and senders who prove who they are, as in production, and without, as tests use it: at the same time, for both wait much.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ImapFlow } from "imapflow";
import nodemailer from "nodemailer";
import { angarium, type DevProcess, startDev } from "../dev-process.ts";
import { type Sink, startSink } from "../sink.ts";
import { SmtpTalk } from "../smtp-talk.ts";

/** far.test proves its mail by DMARC, the shops by SPF alone, bare.test says nothing of it. */
const spf = "v=spf1 ip4:127.0.0.0/8 -all";
const zone = {
  "far.test": { A: "127.0.0.1", TXT: spf },
  "_dmarc.far.test": { TXT: "v=DMARC1; p=reject" },
  "cards.click": { A: "127.0.0.1", TXT: spf },
  "paypal-secure.click": { A: "127.0.0.1", TXT: spf },
  "odd.click": { A: "127.0.0.1", TXT: spf },
  "bare.test": { A: "127.0.0.1" },
  "client.test": { A: "127.0.0.1" },
  "127.0.0.1": { PTR: "client.test" },
};

describe("spam", { concurrency: 2 }, () => {
  for (const strict of [true, false]) describe(strict ? "strict" : "plain", { concurrency: 1 }, () => journeys(strict));
});

function journeys(strict: boolean): void {
  let dev: DevProcess;
  let sink: Sink;
  let ca: string;
  let folder: string;

  const tell = async (...words: readonly string[]): Promise<void> => {
    const { code, err } = await angarium(...words, "--data", dev.ready.data);
    assert.equal(code, 0, err);
  };

  before(async () => {
    sink = await startSink();
    folder = await mkdtemp(join(tmpdir(), "angarium-spam-"));
    const dns = join(folder, "dns.json");
    await writeFile(dns, JSON.stringify(zone));
    const options = [
      ...(strict ? ["--strict", "--dns", dns] : []),
      ...["--users", "8", "--deliver-to", `127.0.0.1:${sink.port}`, "--data", join(folder, "data")],
    ];
    dev = await startDev(options);
    await tell("filter", "block", "u5@example.test", "far.test");
    await tell("filter", "allow", "u5@example.test", "paypal-secure.click", "bare.test");
    await tell("filter", "set", "u6@example.test", "--quarantine", "90");
    await tell("filter", "set", "u7@example.test", "--refuse", "90");
    if (!strict) {
      await tell("tenant", "add", "acme");
      for (const domain of ["mild.test", "strict.test"]) {
        await tell("domain", "add", domain);
        await tell("domain", "give", domain, "acme");
        await tell("account", "add", `u@${domain}`, "--password", "pw");
      }
      await tell("filter", "set", "acme", "--junk", "0");
      await tell("filter", "set", "strict.test", "--junk", "90");
    }
    // What has been set is read at a start for certain; while the server runs, some seconds later.
    await dev.stop();
    dev = await startDev(options);
    ca = await readFile(dev.ready.ca, "utf8");
  });
  after(async () => {
    await dev.stop();
    await sink.close();
    await rm(folder, { recursive: true, force: true });
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

  const submission = (user: string) =>
    nodemailer.createTransport({
      host: "127.0.0.1",
      port: dev.ready.ports["submission"]!,
      requireTLS: true,
      tls: { ca, servername: "localhost" },
      auth: { user, pass: "pw" },
    });

  async function send(to: string, text: string, from = "stranger@far.test"): Promise<void> {
    const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
    await talk.say(`MAIL FROM:<${from}>`);
    for (const one of to.split(",")) await talk.say(`RCPT TO:<${one}>`);
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
    for (let tries = 0; tries < 1200; tries++) {
      if (lessons() >= count) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`${lessons()} of ${count} lessons were learned\n${dev.log().slice(-2000)}`);
  }

  const swindle = (
    subject: string,
    domain = "paypal-secure.click",
  ): string => `From: "PayPal Support" <x7k2m9q4@${domain}>
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

  const letter = (subject: string): string => `From: Far Club <club@far.test>
To: You <u@example.test>
Subject: ${subject}
Date: Mon, 5 Jan 2026 10:00:00 +0000
Message-ID: <${subject}@far.test>

Dear friend, we have moved to the green house at the end of the long road, do come and see us soon.
`;

  test("a swindle goes into Junk and says why; forged opinions are taken off", async () => {
    await send("u1@example.test", swindle("Your account"));
    const client = await open("u1@example.test");
    const [junk] = await mailIn(client, "Junk");
    assert.equal(junk?.subject, "Your account");
    assert.match(
      junk.source,
      /^X-Spam-Status: Yes, score=\d+\.\d required=\d+\.\d probability=0\.9\d+ sender=\w+\r\n\ttests=/m,
    );
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
    await send("u4@example.test", offer("First"), "gifts@cards.click");
    await move(client, "Junk", "INBOX", "First: claim your prize now!!");
    await learned(before + 1);
    await send("u4@example.test", offer("Second"), "gifts@cards.click");
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

  test("what is junk stays junk for its sender's other letters too, until the person writes to them", async () => {
    const client = await open("u8@example.test");
    const before = lessons();
    await send("u8@example.test", circular("Lamps 1", "lamps"), "club@far.test");
    await move(client, "INBOX", "Junk", "Lamps 1");
    await learned(before + 1);
    await send("u8@example.test", letter("Other"), "club@far.test");
    const other = (await mailIn(client, "Junk")).find(({ subject }) => subject === "Other");
    assert.match(other?.source ?? "", /^X-Spam-Reason: The recipient has called mail from this sender spam\r$/m);
    const own = submission("u8@example.test");
    await own.sendMail({ from: "u8@example.test", to: "club@far.test", subject: "Hello", text: "Hello" });
    own.close();
    await send("u8@example.test", letter("Answer"), "club@far.test");
    assert.ok((await mailIn(client, "INBOX")).some(({ subject }) => subject === "Answer"));
    // What is junk for one of two is rescued by that one, although it was good to the other.
    await move(client, "INBOX", "Junk", "Answer");
    await learned(before + 2);
    await send("u8@example.test,u2@example.test", letter("Both"), "club@far.test");
    await move(client, "Junk", "INBOX", "Both");
    await learned(before + 3);
    await send("u8@example.test", letter("Again"), "club@far.test");
    assert.ok((await mailIn(client, "INBOX")).some(({ subject }) => subject === "Again"));
    await client.logout();
  });

  test("allowed and blocked senders; refused and kept back where that is set; whom one has written to is no stranger", async () => {
    const client = await open("u5@example.test");
    await send("u5@example.test", circular("Chess 1", "chess"), "club@far.test");
    await send("u5@example.test", swindle("Forged"));
    await send("u5@example.test", swindle("Allowed"), "x7k2m9q4@paypal-secure.click");
    await send("u5@example.test", swindle("Says nothing", "bare.test"), "x7k2m9q4@bare.test");
    const at = async (path: string) => (await mailIn(client, path)).map(({ subject }) => subject).sort();
    // Without authentication nothing tells the forged one.
    assert.deepEqual(await at("Junk"), strict ? ["Chess 1", "Forged"] : ["Chess 1"]);
    assert.deepEqual(await at("INBOX"), strict ? ["Allowed", "Says nothing"] : ["Allowed", "Forged", "Says nothing"]);
    await client.logout();

    const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
    await talk.say("MAIL FROM:<refused@far.test>");
    await talk.say("RCPT TO:<u7@example.test>");
    assert.match(await talk.message(swindle("Refused")), /^554 5\.7\.1 This message looks like spam: /);
    await talk.say("QUIT");
    const refused = await angarium("trace", "refused@far.test", "--data", dev.ready.data);
    assert.match(refused.out, /refused[\s\S]*password/);
    await send("u6@example.test", swindle("Kept back"), "kept@far.test");
    const quarantine = await angarium("quarantine", "list", "--data", dev.ready.data, "--json");
    assert.match(quarantine.out, /Kept back/);
    const six = await open("u6@example.test");
    for (const path of ["INBOX", "Junk"])
      assert.ok(!(await mailIn(six, path)).some(({ subject }) => subject === "Kept back"));
    await six.logout();

    const own = submission("u1@example.test");
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

  if (!strict)
    test("a tenant's thresholds hold for its domains, and a domain's over them", async () => {
      for (const [user, path] of [
        ["u@mild.test", "INBOX"],
        ["u@strict.test", "Junk"],
      ] as const) {
        await send(user, swindle("For some"));
        const client = await open(user);
        assert.deepEqual(
          (await mailIn(client, path)).map(({ subject }) => subject),
          ["For some"],
        );
        await client.logout();
      }
    });
}
