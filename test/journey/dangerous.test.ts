/** Dangerous mail against the whole server: refused, kept back and released, stripped, told of; and what journeys say. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { dangerous, eicar } from "../attachments/dangerous.ts";
import { messageWith } from "../attachments/message.ts";
import { ordinary } from "../attachments/ordinary.ts";
import { ask as askServer, has, journey as journeyOf, mailOf } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { SmtpTalk } from "../smtp-talk.ts";

let dev: DevProcess;
let options: readonly string[];
before(async (t) => {
  const folder = await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]);
  options = ["--data", folder, "--users", "4", "--cleartext-auth"];
  dev = await startDev(options);
});
/** What has been set is read at a start for certain; while the server runs, some time later. */
async function again(): Promise<void> {
  await dev.stop();
  dev = await startDev(options);
}
after(async () => {
  await dev?.stop();
});

const ask = async <T>(name: string, args: object = {}): Promise<T> =>
  (await askServer(dev.ready.data, name, args)) as T;
type Kept = {
  readonly id: number;
  readonly account: string;
  readonly subject: string;
  readonly reasons: readonly string[];
  readonly trace: string;
};
type Entry = {
  readonly stage: string;
  readonly detail: { readonly reasons?: readonly string[]; readonly reply?: string };
};

async function bring(message: Buffer, to: string, login?: string): Promise<string> {
  const talk = await SmtpTalk.open(login === undefined ? dev.ready.ports["smtp"]! : dev.ready.ports["submission"]!);
  if (login !== undefined) assert.match(await talk.login(login, dev.ready.password), /^235/);
  assert.match(await talk.say(`MAIL FROM:<${login ?? "ann@far.test"}>`), /^250/);
  assert.match(await talk.say(`RCPT TO:<${to}>`), /^250/);
  const reply = await talk.message(message.toString("latin1").replaceAll("\r\n", "\n"));
  await talk.quit();
  return reply;
}
const mailFor = (name: string, bytes: Buffer, to: string, id: string, from?: string): Buffer =>
  messageWith({ name, bytes }, { to, id, ...(from === undefined ? {} : { from }) });

const macro = dangerous.find(({ name }) => name === "letter.docm")!;

test("malware is refused with a sentence, and its journey is known", async () => {
  const reply = await bring(mailFor("eicar.txt", eicar, "u1@example.test", "eicar@far.test"), "u1@example.test");
  assert.match(reply, /^554 5\.7\.1 The attachment "eicar\.txt" is malware \(EICAR test file\); it is not taken here/);
  const journey = await journeyOf(dev.ready.data, "eicar@far.test", has("refused"));
  assert.deepEqual(
    journey.map(({ stage }) => stage),
    ["refused"],
  );
  assert.match(String(journey[0]!.detail["reply"]), /^554 5\.7\.1/);
  assert.deepEqual(await ask("quarantine list"), []);
});

test("an ordinary attachment comes through", async () => {
  const file = ordinary.find(({ name }) => name.endsWith(".docx"))!;
  assert.match(
    await bring(mailFor(file.name, file.bytes, "u1@example.test", "ordinary@far.test"), "u1@example.test"),
    /^250/,
  );
  const journey = await ask<readonly Entry[]>("trace", { key: "ordinary@far.test" });
  assert.deepEqual(
    journey.map(({ stage }) => stage),
    ["accepted", "filed"],
  );
});

test("macros are kept back: in no mailbox, told of by mail, released into the inbox", async () => {
  assert.match(
    await bring(mailFor(macro.name, macro.bytes, "u2@example.test", "macro@far.test"), "u2@example.test"),
    /^250/,
  );
  const [kept, ...more] = await ask<readonly Kept[]>("quarantine list", { account: "u2@example.test" });
  assert.deepEqual(more, []);
  assert.equal(kept!.subject, "A file for you");
  assert.match(kept!.reasons[0]!, /letter\.docm" is an Office document with macros/);
  const shown = await ask<Kept & { readonly message: string }>("quarantine show", { id: kept!.id });
  assert.match(shown.message, /^Return-Path: <ann@far\.test>/);
  assert.equal(await messages("u2@example.test"), 0);
  assert.deepEqual(await ask("quarantine digest"), { told: 1 });
  assert.deepEqual(await ask("quarantine digest"), { told: 0 });
  assert.equal(await messages("u2@example.test"), 1);
  const number = [String(kept!.id)];
  await assert.rejects(ask("quarantine release", { ids: number, account: "u1@example.test" }), /There is no message/);
  assert.deepEqual(await ask("quarantine release", { ids: number, account: "u2@example.test" }), { messages: 1 });
  assert.equal(await messages("u2@example.test"), 2);
  assert.deepEqual(await ask("quarantine list"), []);
  const journey = await ask<readonly Entry[]>("trace", { key: "macro@far.test" });
  assert.deepEqual(journey.map(({ stage }) => stage).sort(), ["accepted", "filed", "quarantined", "released"]);
  await assert.rejects(ask("quarantine release", { ids: [String(kept!.id)] }), /There is no message/);
});

test("an answer to the digest lets a message through: only its owner's, and once", async () => {
  const to = "u4@example.test";
  assert.match(await bring(mailFor(macro.name, macro.bytes, to, "answered@far.test"), to), /^250/);
  const [kept] = await ask<readonly Kept[]>("quarantine list", { account: to });
  assert.deepEqual(await ask("quarantine digest", { account: to }), { told: 1 });
  const digest = await mailOf(dev.ready, to, /kept back/);
  const address = /^Reply-To: (\S+)/m.exec(digest)?.[1] ?? "";
  assert.match(address, /^release-[0-9a-z.]+-[a-z2-7]+@example\.test$/);
  const answer = (from: string, more = "", text = "Please!"): Buffer =>
    Buffer.from(`From: <${from}>\r\nTo: <${address}>\r\nSubject: Re: kept back\r\n${more}\r\n${text}\r\n`);
  const refusal = /^550 5\.7\.1 Only reports of mail servers and answers/;
  assert.match(await bring(answer(to), address), refusal);
  assert.match(await bring(answer("u1@example.test"), address, "u1@example.test"), refusal);
  assert.match(await bring(answer(to, "Auto-Submitted: auto-replied\r\n"), address, to), refusal);
  assert.equal((await ask<readonly Kept[]>("quarantine list", { account: to })).length, 1);
  const before = await messages(to);
  assert.match(await bring(answer(to), address, to), /^250/);
  assert.deepEqual(await ask("quarantine list", { account: to }), []);
  assert.equal(await messages(to), before + 2); // the message, and what became of it
  assert.match(await bring(answer(to, "", String(kept!.id)), address, to), /^250/);
  assert.match(
    await mailOf(dev.ready, to, /not kept back any more/),
    new RegExp(`^${kept!.id}: it is not kept back`, "m"),
  );
});

test("our own people cannot send programs", async () => {
  const u1 = "u1@example.test";
  const reply = await bring(
    mailFor(
      "setup.exe",
      dangerous.find(({ name }) => name === "setup.exe")!.bytes,
      "u3@example.test",
      "out@example.test",
      u1,
    ),
    "u3@example.test",
    u1,
  );
  assert.match(reply, /^554 5\.7\.1/);
  assert.match(
    await bring(mailFor(macro.name, macro.bytes, "u3@example.test", "out2@example.test", u1), "u3@example.test", u1),
    /^250/,
  );
  assert.equal(await messages("u3@example.test"), 1);
});

test("a script of the person hears what was found among the attachments", async () => {
  const account = "u3@example.test";
  const script = `require ["virustest", "imap4flags", "relational", "comparator-i;ascii-numeric"];
    if virustest :value "eq" :comparator "i;ascii-numeric" "1" { addflag "$Looked"; }
    elsif virustest :value "ge" :comparator "i;ascii-numeric" "2" { addflag "$Taken"; }`;
  await ask("sieve put", { name: "v", script, account });
  await ask("sieve activate", { name: "v", account });
  await ask("attachments set", { target: "example.test", danger: "macro", action: "strip" });
  await again();
  const file = ordinary.find(({ name }) => name.endsWith(".docx"))!;
  assert.match(await bring(mailFor(file.name, file.bytes, account, "looked@far.test"), account), /^250/);
  assert.match(await bring(mailFor(macro.name, macro.bytes, account, "taken@far.test"), account), /^250/);
  await ask("attachments set", { target: "example.test", danger: "macro", action: "default" });
  const [looked, taken] = await flagsOf(account, ["looked@far.test", "taken@far.test"]);
  assert.deepEqual([looked, taken], ["$Looked", "$Taken"]);
});

test("a tenant may have attachments taken out of its domains' mail, with a note", async () => {
  await ask("tenant add", { name: "acme" });
  await ask("domain give", { domain: "example.test", tenant: "acme" });
  await ask("attachments set", { target: "acme", danger: "macro", action: "strip" });
  await again();
  const message = mailFor(macro.name, macro.bytes, "u1@example.test", "strip@far.test");
  assert.match(await bring(message, "u1@example.test"), /^250/);
  await ask("attachments set", { target: "acme", danger: "macro", action: "default" });
  const kept = await mailOf(dev.ready, "u1@example.test", /strip@far\.test/);
  assert.match(kept, /X-Angarium-Attachments: macro/);
  assert.doesNotMatch(kept, /letter\.docm/);
  assert.match(
    Buffer.from(kept.split("Content-Transfer-Encoding: base64\r\n\r\n")[1]!, "base64").toString(),
    /An attachment was removed.*\r\n.*letter\.docm" is an Office document with macros/,
  );
});

const gtube = `XJS*C4JDBQADN1.NSBN3*2IDNEN*${"GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL"}*C.34X`;
const spam = (from: string, id: string): Buffer =>
  Buffer.from(`From: <${from}>\r\nTo: <u2@example.test>\r\nSubject: Offer\r\nMessage-ID: <${id}>\r\n\r\n${gtube}\r\n`);

test("spam of a stranger is in Junk, and its journey says why", async () => {
  assert.match(await bring(spam("ann@far.test", "spam@far.test"), "u2@example.test"), /^250/);
  const journey = await journeyOf(dev.ready.data, "spam@far.test", has("filed"));
  assert.equal(journey.find(({ stage }) => stage === "filed")?.detail["into"], "junk");
  assert.ok(Array.isArray(journey[0]?.detail["reasons"]));
});

test("spam of our own people is held in the queue, and the postmaster is told", async () => {
  const u3 = "u3@example.test";
  assert.match(await bring(spam(u3, "ours@example.test"), "bob@far.test", u3), /^250/);
  await journeyOf(dev.ready.data, "ours@example.test", has("held"));
  const [held] = await ask<readonly { readonly recipients: readonly { readonly state: string }[] }[]>("queue list");
  assert.equal(held?.recipients[0]?.state, "held");
  assert.match(await mailOf(dev.ready, "u1@example.test", /is held/), /angarium queue release ID/);
});

/** How many messages are in somebody's inbox. */
/** Looks into somebody's inbox. */
async function inInbox<T>(user: string, look: (client: ImapFlow) => Promise<T>): Promise<T> {
  const { ready } = dev;
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: ready.ports["imaps"] ?? 0,
    secure: true,
    tls: { ca: await readFile(ready.ca, "utf8"), servername: "localhost" },
    auth: { user, pass: ready.password },
    logger: false,
  });
  await client.connect();
  try {
    return await look(client);
  } finally {
    await client.logout();
  }
}

const messages = (user: string): Promise<number> =>
  inInbox(user, async (client) => {
    const status = await client.status("INBOX", { messages: true });
    return status === false ? 0 : (status.messages ?? 0);
  });

/** The keywords of messages, one each, by Message-ID. */
const flagsOf = (user: string, ids: readonly string[]): Promise<(string | undefined)[]> =>
  inInbox(user, async (client) => {
    await client.mailboxOpen("INBOX");
    const found = new Map<string, string | undefined>();
    for await (const { envelope, flags } of client.fetch("1:*", { envelope: true, flags: true }))
      found.set(
        envelope?.messageId ?? "",
        [...(flags ?? [])].find((flag) => flag.startsWith("$")),
      );
    return ids.map((id) => found.get(`<${id}>`));
  });
