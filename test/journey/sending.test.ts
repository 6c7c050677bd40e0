/** Sending at volume on a running server: sources, tenants, warm-ups, throttles, suppression and events. All DNS comes from a file. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { ApiTalk } from "../api-talk.ts";
import { ask, freePort } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { type Sink, startSink } from "../sink.ts";
import { SmtpTalk } from "../smtp-talk.ts";

const gmail = "127.0.0.5";
const microsoft = "127.0.0.6";
const names = {
  "gmail.com": { MX: "10 gmail-smtp-in.l.google.com" },
  "gmail-smtp-in.l.google.com": { A: gmail },
  "hotmail.com": { MX: "10 hotmail-com.olc.protection.outlook.com" },
  "hotmail-com.olc.protection.outlook.com": { A: microsoft },
};

let dev: DevProcess;
let data: string;
let options: string[];
let shapingFile: string;
const sinks: { [host: string]: Sink } = {};
let answers: (command: string) => string | undefined = () => undefined;

before(async (t) => {
  const port = await freePort(gmail, microsoft);
  for (const host of [gmail, microsoft]) sinks[host] = await startSink((command) => answers(command), { host, port });
  const folder = await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]);
  data = join(folder, "data");
  const file = join(folder, "dns.json");
  await writeFile(file, JSON.stringify(names));
  options = [
    "--cleartext-auth",
    "--domain",
    "near.test",
    "--users",
    "1",
    "--trust",
    "127.0.0.4/32",
    "--dns",
    file,
    "--mx-port",
    String(port),
    "--data",
    data,
    "--set",
    `sending.shaping=${(shapingFile = join(folder, "shaping.toml"))}`,
  ];
  await writeFile(shapingFile, "");
  dev = await startDev(options);
});
after(async () => {
  await dev?.stop();
  for (const sink of Object.values(sinks)) await sink.close();
});

const run = (name: string, args: object = {}) => ask(data, name, args);
type Event = {
  readonly id: number;
  readonly type: string;
  readonly recipient: string;
  readonly message: string;
  readonly detail: { readonly [name: string]: unknown };
};
const events = async (filter: object = {}) =>
  (await run("sending events", { limit: 1000, ...filter })) as readonly Event[];

/** Hands messages over as an application on a trusted network, one transaction each; answers the replies. */
async function hand(
  to: readonly string[],
  fields = "",
  from = "news@shop.test",
  envelopeFrom = from,
): Promise<readonly string[]> {
  const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!, { from: "127.0.0.4" });
  const replies: string[] = [];
  for (const address of to) {
    await talk.say(`MAIL FROM:<${envelopeFrom}>`);
    const taken = await talk.say(`RCPT TO:<${address}>`);
    assert.match(taken, /^250/);
    await talk.say("DATA");
    replies.push(
      await talk.say(`From: ${from}\r\nTo: ${address}\r\nSubject: for ${address}\r\n${fields}\r\nHello.\r\n.`),
    );
  }
  await talk.quit();
  return replies;
}

async function until<T>(look: () => Promise<T> | T, good: (value: T) => boolean, what: string): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    if (Date.now() > deadline) assert.fail(`${what}: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

test("a source has its own address and name, and a tenant's messages have events", async () => {
  await run("source add", { name: "old", address: "127.0.0.7", ehlo: "old.shop.test" });
  await run("pool add", { name: "warm", sources: ["old"] });
  await run("stream add", { name: "notices", kind: "transactional", pool: "warm" });
  await run("sending tenant add", { name: "shop", stream: "notices" });
  await run("sending domain add", { name: "shop.test", tenant: "shop", returnPath: "rp.shop.test" });
  assert.match(
    (await hand(["a@gmail.com"], "X-Angarium-Campaign: \r\n"))[0]!,
    /^550 5\.7\.1 The campaign must be a name/,
  );
  assert.match((await hand(["a@gmail.com"], "X-Angarium-Stream: nothing\r\n"))[0]!, /^550 5\.7\.1 There is no stream/);
  assert.match((await hand(["a@gmail.com"], "X-Angarium-Stream: notices\r\n"))[0]!, /^250/);
  const taken = await sinks[gmail]!.next();
  assert.match(taken.from, /^bounce-q[0-9a-z]+\.1-[a-z2-7]{10}@rp\.shop\.test$/);
  assert.match(taken.data, /^X-Angarium-Ref: [0-9a-f]{16}\r$/m);
  assert.doesNotMatch(taken.data, /X-Angarium-Stream/);
  const seen = await until(
    () => events({ tenant: "shop" }),
    (all) => all.some(({ type }) => type === "delivered"),
    "delivered",
  );
  assert.deepEqual(
    seen.map(({ type }) => type),
    ["accepted", "delivered"],
  );
  assert.deepEqual([seen[1]!.detail["source"], seen[1]!.detail["provider"]], ["old", "gmail"]);
  assert.equal(new Set(seen.map(({ message }) => message)).size, 1);
  // Others' mail has none.
  assert.match((await hand(["b@gmail.com"], "", "x@other.test"))[0]!, /^250/);
  assert.equal((await sinks[gmail]!.next()).from, "x@other.test");
  assert.equal((await events()).length, 2);
});

test("what answers by itself stays without a return path, and people read themselves what comes back", async () => {
  await run("stream add", { name: "people", kind: "mailbox", pool: "warm" });
  await hand(["a@gmail.com"], "", "news@shop.test", "");
  assert.equal((await sinks[gmail]!.next()).from, "");
  await hand(["a@gmail.com"], "X-Angarium-Stream: people\r\n");
  assert.equal((await sinks[gmail]!.next()).from, "news@shop.test");
});

test("an unknown address is suppressed at once, for this tenant alone, and a later message says so", async () => {
  answers = (command) => (command.startsWith("RCPT TO:<gone@") ? "550 5.1.1 no such user\r\n" : undefined);
  await hand(["gone@gmail.com"]);
  const bounced = await until(
    () => events({ tenant: "shop" }),
    (all) => all.some(({ type }) => type === "bounced"),
    "bounced",
  );
  const last = bounced.find(({ type }) => type === "bounced")!;
  assert.deepEqual([last.recipient, last.detail["class"]], ["gone@gmail.com", "invalid-recipient"]);
  answers = () => undefined;
  assert.match((await hand(["gone@gmail.com"]))[0]!, /^550 5\.7\.1 <gone@gmail\.com> is suppressed \(bounced\)/);
  assert.equal((await events({ tenant: "shop" })).at(-1)!.type, "suppressed");
  assert.match((await hand(["gone@gmail.com"], "", "x@other.test"))[0]!, /^250/);
  await sinks[gmail]!.next();
  const listed = (await run("suppression list", { scope: "tenant:shop" })) as readonly {
    readonly address: string;
    readonly evidence: string;
  }[];
  assert.deepEqual(
    listed.map(({ address }) => address),
    ["gone@gmail.com"],
  );
  assert.match(listed[0]!.evidence, /^550 5\.1\.1/);
  await run("suppression remove", { scope: "tenant:shop", addresses: ["gone@gmail.com"] });
  assert.match((await hand(["gone@gmail.com"]))[0]!, /^250/);
  await sinks[gmail]!.next();
});

test("a cold source sends what its warm-up allows, engaged recipients first, the rest waits; a restart gives no quota twice", async () => {
  await run("source add", {
    name: "new",
    address: "127.0.0.8",
    ehlo: "new.shop.test",
    warmup: "normal",
    targets: ["gmail=5000"],
  });
  await run("pool add", { name: "cold", sources: ["new"] });
  await run("stream add", { name: "news", kind: "marketing", pool: "cold" });
  await run("campaign add", { name: "shop/may", stream: "news" });
  const before = sinks[gmail]!.taken.length;
  const people = (kind: string) => Array.from({ length: 12 }, (_, at) => `${kind}${at}@gmail.com`);
  await run("campaign set", { name: "shop/may", state: "paused" });
  for (const [kind, days] of [
    ["old", 400],
    ["fresh", 3],
  ] as const)
    for (const reply of await hand(people(kind), `X-Angarium-Campaign: may\r\nX-Angarium-Engaged: ${days}\r\n`))
      assert.match(reply, /^250/);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(sinks[gmail]!.taken.length, before, "a paused campaign waits");
  const hour = () => Math.floor(Date.now() / 3_600_000);
  const opened = hour();
  /** Since then the day, by which a warm-up counts, has been the same. */
  const isSameDay = () => Math.floor(hour() / 24) === Math.floor(opened / 24);
  /** The hours that it has been sending in, the one that is not over included. */
  const hours = () => hour() - opened + 1;
  await run("campaign set", { name: "shop/may", state: "sending" });
  // Level 1 is 100 a day; a tenth is kept for mail that somebody waits for: a campaign has 90, and they go one by one.
  const sent = () => sinks[gmail]!.taken.slice(before).flatMap(({ to }) => to);
  await until(sent, (all) => all.length >= 1, "the first message");
  await new Promise((resolve) => setTimeout(resolve, 2500));
  /** What has gone, and what waits: the rest is between the two. */
  const parted = async () => {
    const parks = (await run("queue parks")) as readonly { readonly because: string; readonly recipients: number }[];
    return { gone: sent(), parks, waits: parks.reduce((sum, { recipients }) => sum + recipients, 0) };
  };
  const { gone: first, parks: waiting } = await until(
    parted,
    ({ gone, waits }) => gone.length + waits === 24,
    "all are told of",
  );
  assert.ok(first.length <= 8 * hours(), `${first.length} messages`);
  assert.deepEqual(
    first.filter((address) => !address.startsWith("fresh")),
    [],
  );
  assert.ok(
    waiting.some(({ because }) => /may send 90 a day to gmail \(level 1 of \d+\)|too new at gmail/.test(because)),
  );
  const status = async () =>
    (
      (await run("warmup status")) as readonly {
        readonly summary: string;
        readonly percent: number;
        readonly providers: readonly { readonly today: { readonly used: number; readonly cap: number } }[];
      }[]
    )[0]!;
  const used = (await status()).providers[0]!.today;
  assert.equal(used.cap, 100);
  assert.ok(used.used >= first.length || !isSameDay());
  assert.match((await status()).summary, /^0 % warm; Gmail step 0 of \d+$/);
  // Another one may go beyond its quota by a fifth: 20 of 100.
  const newer = { name: "newer", address: "127.0.0.9", warmup: "normal", targets: ["gmail=5000"] };
  await run("source add", newer);
  await run("pool add", { name: "cool", sources: ["newer"] });
  await run("stream add", { name: "urgent", kind: "transactional", pool: "cool", overflow: "exceed" });
  const urgent = () => sent().filter((address) => address.startsWith("urgent"));
  const more = (name: string, count: number) =>
    hand(
      Array.from({ length: count }, (_, at) => `urgent-${name}${at}@gmail.com`),
      "X-Angarium-Stream: urgent\r\n",
      "urgent@shop.test",
    );
  await more("before", 40);
  await until(urgent, (all) => all.length === 40, "the quota, and some that go beyond it");
  await dev.kill();
  dev = await startDev(options);
  await more("after", 40);
  const after = (await status()).providers[0]!.today;
  assert.ok(after.used >= first.length || !isSameDay(), `${after.used} counted of ${first.length}`);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const news = () => sent().filter((address) => !address.startsWith("urgent"));
  assert.ok(news().length <= (after.cap / 12 + 1) * hours(), `${news().length} in one hour`);
  // Of what somebody waits for a third of the day's may go in an hour.
  const most = 33 * hours() + 20;
  assert.ok(urgent().length <= most, `${urgent().length} in one hour, with what may go beyond`);
  // A third one does not wait: what cannot go now is refused, and says when it can.
  await run("stream add", { name: "now", kind: "transactional", pool: "cool", overflow: "refuse" });
  const asked = "X-Angarium-Stream: now\r\n";
  const [refused] = await until(
    () => hand(["now@gmail.com"], asked, "now@shop.test"),
    ([said]) => !said!.startsWith("250"),
    "refused",
  );
  assert.match(
    refused!,
    /^450 4\.7\.28 <now@gmail\.com> cannot be written to before (?:[\d-]{10} )?\d\d:\d\d UTC, and its stream does not wait: /,
  );
  await run("queue delete", { sender: "urgent@shop.test" });
  await run("queue delete", { sender: "now@shop.test" });
  // Nothing of the wait is lost.
  await until(
    async () => ({ waits: (await parted()).waits, gone: news().length }),
    ({ waits, gone }) => waits + gone === 24,
    "each of them has gone or waits",
  );
});

test("a block suspends the source at this provider alone, says why and until when, and can be taken back", async () => {
  answers = (command) =>
    command === "DATA-END"
      ? "550 5.7.1 Unfortunately, messages from [127.0.0.7] weren't sent, part of their network is on our block list (S3150).\r\n"
      : undefined;
  await hand(["a@hotmail.com"]);
  const throttles = async () =>
    (await run("shaping throttles")) as readonly {
      readonly rule: string;
      readonly provider: string;
      readonly subject: string;
      readonly because: string;
      readonly until: string;
      readonly advice: string;
    }[];
  const [found] = await until(throttles, (all) => all.length > 0, "a throttle");
  assert.deepEqual(
    [found!.rule, found!.provider, found!.subject],
    ["microsoft-block-list", "microsoft-consumer", "old"],
  );
  assert.match(found!.because, /S3150/);
  assert.match(found!.advice, /removal/);
  assert.ok(Date.parse(found!.until) > Date.now() + 3_600_000);
  // The address is nobody's fault.
  assert.deepEqual(await run("suppression list", { scope: "tenant:shop" }), []);
  answers = () => undefined;
  const taken = sinks[microsoft]!.taken.length;
  await hand(["b@hotmail.com"]);
  await hand(["c@gmail.com"]);
  await until(
    () => sinks[gmail]!.taken,
    (all) => all.some(({ to }) => to.includes("c@gmail.com")),
    "mail to others",
  );
  assert.equal(sinks[microsoft]!.taken.length, taken);
  assert.deepEqual(await run("shaping release", { provider: "microsoft-consumer" }), { released: 1 });
  await until(
    () => sinks[microsoft]!.taken,
    (all) => all.some(({ to }) => to.includes("b@hotmail.com")),
    "what had waited",
  );
  const said = (await run("shaping test", { reply: "550 5.7.1 (S3150)", to: "hotmail.com" })) as {
    readonly rule: string;
  };
  assert.equal(said.rule, "microsoft-block-list");
});

test("a shaping file is read again while the server runs; a wrong one changes nothing", async () => {
  const ruleOf = async () =>
    ((await run("shaping test", { reply: "450 come after tea", to: "other" })) as { readonly rule?: string }).rule;
  assert.equal(await ruleOf(), undefined);
  await writeFile(shapingFile, '[[rule]]\nid = "tea"\nreply = "after tea"\nclass = "busy"\n');
  assert.deepEqual(await run("shaping reload"), { reloaded: true });
  assert.equal(await ruleOf(), "tea");
  await writeFile(shapingFile, "\n[provider.gmial.limits]\nperSecond = 1\n");
  await assert.rejects(run("shaping reload"), /shaping\.toml:2: provider "gmial": it is new, and has no title/);
  dev.child.kill("SIGHUP");
  await until(dev.log, (log) => /all stays as it was: .*shaping\.toml:2: /.test(log), "what is wrong in the log");
  assert.equal(await ruleOf(), "tea");
  await writeFile(shapingFile, "");
  dev.child.kill("SIGHUP");
  await until(ruleOf, (rule) => rule === undefined, "the file as it is now");
});

test("mail that waits for an hourly rate says so, since when and until when", async () => {
  await writeFile(shapingFile, "[provider.microsoft-consumer.limits]\nperHour = 1\n");
  await run("shaping reload");
  const before = Date.now();
  await hand(["r1@hotmail.com", "r2@hotmail.com", "r3@hotmail.com"], "", "x@other.test");
  const list = async () =>
    (await run("queue list", { sender: "x@other.test" })) as readonly {
      readonly recipients: readonly { readonly why: string; readonly since?: string; readonly until?: string }[];
    }[];
  const rate = /^Not more than 1 message an hour may go from here to microsoft-consumer\./;
  const waiting = (
    await until(
      list,
      (found) => found.length === 2 && found.every(({ recipients }) => rate.test(recipients[0]!.why)),
      "the rate is told",
    )
  ).map(({ recipients }) => recipients[0]!);
  for (const { since } of waiting) assert.ok(Date.parse(since!) >= before - 1000 && Date.parse(since!) <= Date.now());
  const ends = waiting.map(({ until }) => Date.parse(until!)).toSorted((one, other) => one - other);
  assert.ok(ends[0]! > Date.now() && ends[0]! <= Date.now() + 3_600_000);
  assert.ok(Math.abs(ends[1]! - ends[0]! - 3_600_000) < 5000, "the second waits an hour longer");
  await run("queue delete", { sender: "x@other.test" });
  assert.deepEqual(await list(), []);
  await writeFile(shapingFile, "");
  await run("shaping reload");
});

/** Brings a mail of another server, as it is. */
async function bringRaw(to: string, raw: string, from = ""): Promise<string> {
  const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
  await talk.say(`MAIL FROM:<${from}>`);
  const taken = await talk.say(`RCPT TO:<${to}>`);
  if (!taken.startsWith("250")) {
    await talk.quit();
    return taken;
  }
  await talk.say("DATA");
  const reply = await talk.say(`${raw.replace(/\r?\n/g, "\r\n")}\r\n.`);
  await talk.quit();
  return reply;
}

const dsn = (recipient: string) => `From: MAILER-DAEMON@far.test
To: someone
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It did not arrive.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.far.test

Final-Recipient: rfc822; ${recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown
--b--`;

test("a bounce that comes by mail finds its message by its return path; a forged one finds nothing", async () => {
  const before = sinks[gmail]!.taken.length;
  await hand(["late@gmail.com"]);
  const sent = await until(
    () => sinks[gmail]!.taken.slice(before).find(({ to }) => to.includes("late@gmail.com")),
    (one) => one !== undefined,
    "the message",
  );
  const path = sent!.from;
  assert.match(
    await bringRaw(path.replace(/-[a-z2-7]{10}@/, "-aaaaaaaaaa@"), dsn("late@gmail.com")),
    /^550 5\.1\.1 This return path was not made here/,
  );
  assert.match(await bringRaw("somebody@rp.shop.test", dsn("late@gmail.com")), /^550/);
  await until(
    () => events({ tenant: "shop" }),
    (all) => all.some(({ type, recipient }) => type === "delivered" && recipient === "late@gmail.com"),
    "delivered",
  );
  // What becomes of other mail may be told in between.
  const lastOfIt = async () =>
    (await events({ tenant: "shop" })).findLast((one) => one.recipient === "late@gmail.com")!;
  // An automatic answer is no bounce.
  assert.match(
    await bringRaw(path, "From: late@gmail.com\nAuto-Submitted: auto-replied\nSubject: away\n\nI am away."),
    /^250/,
  );
  assert.equal((await lastOfIt()).type, "delivered");
  assert.match(await bringRaw(path, dsn("other@elsewhere.test")), /^250/);
  const late = await lastOfIt();
  assert.deepEqual(
    [late.type, late.recipient, late.detail["class"]],
    ["bounced-late", "late@gmail.com", "invalid-recipient"],
  );
  assert.match(await bringRaw(path, dsn("late@gmail.com")), /^250/);
  assert.equal((await lastOfIt()).id, late.id, "told once");
  assert.match((await hand(["late@gmail.com"]))[0]!, /^550 5\.7\.1 <late@gmail\.com> is suppressed/);
});

test("a complaint suppresses marketing, a second one everything; not-spam takes it back", async () => {
  const arf = (type: string, headers: string) => `From: feedback@far.test
To: fbl@near.test
Subject: complaint
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

A complaint.
--b
Content-Type: message/feedback-report

Feedback-Type: ${type}
User-Agent: SomeFBL/1.0
Version: 1
Original-Rcpt-To: <redacted>
--b
Content-Type: message/rfc822

${headers}

Hello.
--b--`;
  const ref = async (address: string): Promise<string> => {
    const before = sinks[gmail]!.taken.length;
    assert.match((await hand([address]))[0]!, /^250/);
    const sent = await until(
      () => sinks[gmail]!.taken.slice(before).find(({ to }) => to.includes(address)),
      (one) => one !== undefined,
      "the message",
    );
    await until(
      () => events({ tenant: "shop" }),
      (all) => all.some(({ type, recipient }) => type === "delivered" && recipient === address),
      "delivered",
    );
    return /^X-Angarium-Ref: .*$/m.exec(sent!.data)![0];
  };
  const first = await ref("angry@gmail.com");
  assert.match(
    await bringRaw("fbl@near.test", arf("abuse", "From: news@shop.test\nX-Angarium-Ref: abcdef-aaaaaaaaaa")),
    /^550/,
  );
  assert.match(
    await bringRaw("fbl@near.test", arf("abuse", `From: news@shop.test\n${first}`), "feedback@far.test"),
    /^250/,
  );
  const seen = (await events({ tenant: "shop" })).at(-1)!;
  assert.deepEqual([seen.type, seen.recipient], ["complained", "angry@gmail.com"]);
  const listed = async (scope: string) =>
    ((await run("suppression list", { scope })) as readonly { readonly address: string }[]).map(
      ({ address }) => address,
    );
  assert.deepEqual(await listed("marketing:shop"), ["angry@gmail.com"]);
  const refused = await hand(["angry@gmail.com"], "X-Angarium-Stream: marketing\r\n");
  assert.match(refused[0]!, /^550 5\.7\.1 .*\(complained\)/);
  // Whoever complained of marketing still gets what they asked for; who complains of that too gets nothing.
  const second = await ref("angry@gmail.com");
  assert.match(await bringRaw("fbl@near.test", arf("not-spam", `From: news@shop.test\n${first}`)), /^250/);
  assert.deepEqual(await listed("marketing:shop"), []);
  assert.match(await bringRaw("fbl@near.test", arf("abuse", `From: news@shop.test\n${second}`)), /^250/);
  assert.deepEqual(await listed("marketing:shop"), ["angry@gmail.com"]);
});

test("a tenant whose mail must not go in the clear waits for TLS, says why, and goes when that is lifted", async () => {
  answers = () => undefined;
  await run("sending tenant add", { name: "bank", tls: "required" });
  await run("sending domain add", { name: "bank.test", tenant: "bank" });
  const before = sinks[gmail]!.taken.length;
  await hand(["secret@gmail.com"], "", "notices@bank.test");
  const deferred = await until(
    () => events({ tenant: "bank" }),
    (all) => all.some(({ type }) => type === "deferred"),
    "deferred",
  );
  const said = deferred.find(({ type }) => type === "deferred")!.detail["reply"];
  assert.match(String(said), /TLS is required \(tls = required for the tenant\) and the server does not offer it/);
  assert.equal(sinks[gmail]!.taken.length, before);
  await run("sending tenant set", { name: "bank", tls: "opportunistic" });
  await run("queue retry", { all: true });
  await until(
    () => events({ tenant: "bank" }),
    (all) => all.some(({ type }) => type === "delivered"),
    "delivered",
  );
});

test("who puts a tenant's mail into Junk complains, and who takes it out again takes that back", async () => {
  await run("sending tenant add", { name: "club" });
  await run("sending domain add", { name: "club.test", tenant: "club" });
  assert.match((await hand(["u1@near.test"], "X-Angarium-Stream: marketing\r\n", "news@club.test"))[0]!, /^250/);
  const seen = () => events({ tenant: "club" });
  const [here] = await until(seen, (all) => all.length > 0, "delivered");
  assert.deepEqual([here!.type, here!.recipient, here!.detail["here"]], ["delivered", "u1@near.test", true]);
  const imap = new ImapFlow({
    host: "127.0.0.1",
    port: dev.ready.ports["imaps"]!,
    secure: true,
    auth: { user: "u1@near.test", pass: "pw" },
    tls: { rejectUnauthorized: false },
    logger: false,
  });
  await imap.connect();
  const listed = async (scope: string) =>
    ((await run("suppression list", { scope })) as readonly { readonly address: string }[]).map(
      ({ address }) => address,
    );
  const move = async (from: string, to: string, type: string) => {
    const lock = await imap.getMailboxLock(from);
    assert.ok(await imap.messageMove("*", to));
    lock.release();
    await until(seen, (all) => all.at(-1)?.type === type, type);
  };
  await move("INBOX", "Junk", "complained");
  await until(
    () => listed("marketing:club"),
    (all) => all.join() === "u1@near.test",
    "suppressed",
  );
  await move("Junk", "INBOX", "not-spam");
  await until(
    () => listed("marketing:club"),
    (all) => all.length === 0,
    "written to again",
  );
  // Nobody complains of what nobody here was sent, whatever reference it bears.
  assert.equal((await seen()).filter(({ type }) => type === "complained").length, 1);
  await imap.logout();
});

test("a tenant hears of mail of which scripts leave nothing as it was", async () => {
  await run("sending tenant add", { name: "hut" });
  await run("sending domain add", { name: "hut.test", tenant: "hut" });
  const seen = () => events({ tenant: "hut" });
  const account = "u1@near.test";
  for (const script of ["discard;", 'require "editheader"; addheader "X-A" "b";']) {
    await run("sieve put", { account, name: "all", script });
    await run("sieve activate", { account, name: "all" });
    const before = (await seen()).length;
    assert.match((await hand([account], "", "news@hut.test"))[0]!, /^250/);
    const all = await until(seen, (some) => some.length > before, script);
    assert.deepEqual(
      all.slice(before).map(({ type, recipient, detail }) => [type, recipient, detail["here"]]),
      [["delivered", account, true]],
    );
  }
  await run("sieve activate", { account, name: "" });
});

test("a tenant's administrator sees its own part, why its mail waits, and steers its campaigns", async () => {
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const admin = new ApiTalk(origin, dev.ready.admin);
  await admin.ok("POST", "/tenants", { name: "club" });
  await admin.ok("POST", "/domains", { name: "hosted.test", tenant: "club" });
  await admin.ok("POST", "/accounts", { name: "boss@hosted.test", password: "long and secret 1" });
  await admin.ask("POST", "/administrators", { account: "boss@hosted.test", tenant: "club" });
  const boss = new ApiTalk(origin, { user: "boss@hosted.test", password: "long and secret 1" });
  const own = () => boss.ok("GET", "/sending/own");
  const before = await own();
  assert.deepEqual([before.tenant, before.day.delivered, before.day.complaints], ["club", 1, 0]);
  assert.deepEqual(before.domains, [{ name: "club.test", returnPath: "", feedback: "" }]);
  await boss.no(404, "GET", "/sending/own?tenant=shop");
  await boss.no(403, "GET", "/sending/tenants");
  await boss.no(404, "POST", "/sending/own/campaigns", { campaign: "none", action: "pause" });

  const campaign = "X-Angarium-Campaign: autumn\r\n";
  await run("campaign add", { name: "club/autumn", stream: "marketing", state: "paused", reason: "not yet" });
  await hand(["one@gmail.com", "two@gmail.com"], campaign, "news@club.test");
  const waiting = await until(own, ({ waiting: some }) => some[0]?.recipients === 2, "waiting");
  assert.equal(waiting.waiting[0].why, "The campaign is paused: not yet");
  await run("campaign add", { name: "club/winter", stream: "marketing", state: "paused" });
  await hand(["one@gmail.com", "two@gmail.com", "six@gmail.com"], "X-Angarium-Campaign: winter\r\n", "news@club.test");
  const byHand = (await run("campaign set", { name: "club/winter", state: "stopped" })) as { canceled: number };
  assert.equal(byHand.canceled, 3, "what is stopped on the command line is not sent either");
  const stopped = await boss.ok("POST", "/sending/own/campaigns", { campaign: "autumn", action: "stop" });
  assert.deepEqual(stopped, { campaign: "autumn", state: "stopped", canceled: 2 });
  await boss.no(409, "POST", "/sending/own/campaigns", { campaign: "autumn", action: "resume" });
  assert.match(
    (await hand(["three@gmail.com"], campaign, "news@club.test"))[0]!,
    /^550 5\.7\.1 The campaign autumn is stopped/,
  );
  // Programs are told which field is wrong, and that none is where nothing may be sent at all.
  const email = { from: "boss@hosted.test", to: "three@gmail.com", subject: "x", text: "x" };
  const wrong = await boss.no(422, "POST", "/emails", { ...email, campaign: "autumn" });
  assert.deepEqual(wrong.errors[0].pointer, "#/campaign");
  await run("sending tenant set", { name: "club", state: "suspended", reason: "traps" });
  assert.equal((await boss.no(403, "POST", "/emails", email)).detail, "Sending is suspended: traps");
  await run("sending tenant set", { name: "club", state: "active", reason: "" });
});

test("what a tenant sends by SMTP is an email as any other: its story, its label, taken back, for those whose it is alone", async () => {
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const admin = new ApiTalk(origin, dev.ready.admin);
  const as = (user: string, password: string) => new ApiTalk(origin, { user, password });
  const boss = as("boss@hosted.test", "long and secret 1");
  await admin.ok("POST", "/accounts", { name: "app@hosted.test", password: "long and secret 2" });
  await admin.ok("POST", "/tenants", { name: "rival" });
  await admin.ok("POST", "/domains", { name: "rival.test", tenant: "rival" });
  await admin.ok("POST", "/accounts", { name: "boss@rival.test", password: "long and secret 3" });
  await admin.ask("POST", "/administrators", { account: "boss@rival.test", tenant: "rival" });
  await run("sending domain add", { name: "hosted.test", tenant: "club" });
  const rival = as("boss@rival.test", "long and secret 3");
  const [app, neighbour] = [as("app@hosted.test", "long and secret 2"), as("u1@near.test", "pw")];

  // By the tenant's own program, which has logged in, and by one of a trusted network.
  const talk = await SmtpTalk.open(dev.ready.ports["submission"]!);
  await talk.login("app@hosted.test", "long and secret 2");
  await talk.say("MAIL FROM:<app@hosted.test>");
  await talk.say("RCPT TO:<smtp-one@gmail.com>");
  await talk.say("DATA");
  const fields = "From: app@hosted.test\r\nSubject: by hand\r\nX-Angarium-Tag: kind:order\r\n";
  const said = await talk.say(`${fields}\r\nHello.\r\n.`);
  await talk.quit();
  const [trusted] = await hand(["smtp-two@gmail.com"], "", "news@club.test");
  const [mine, theirs] = [said, trusted!].map((text) => / as ([0-9a-z]+)/.exec(text)![1]!);
  const email = await until(
    () => app.ok("GET", `/emails/${mine}`),
    ({ status }) => status === "delivered",
    "delivered",
  );
  assert.deepEqual([email.subject, email.tags, email.to], ["by hand", { kind: "order" }, ["smtp-one@gmail.com"]]);
  assert.deepEqual([email.events[0].type, email.events.at(-1).type], ["accepted", "delivered"]);
  assert.match(email.events.at(-1).detail.reply, /^250/);
  assert.equal((await boss.ok("GET", `/emails/${theirs}`)).from, "news@club.test");
  const ids = async (who: ApiTalk, query: string): Promise<readonly string[]> =>
    (await who.ok("GET", `/emails?${query}`)).items.map(({ id }: { readonly id: string }) => id);
  assert.deepEqual(await ids(app, "tag=kind:order"), [mine]);
  assert.deepEqual(await ids(app, "recipient=smtp-two@gmail.com"), []);
  assert.deepEqual((await ids(boss, "")).slice(0, 2), [theirs, mine]);
  assert.deepEqual(await ids(admin, "recipient=smtp-two@gmail.com"), [theirs]);
  // Another tenant's administrator, a person of another domain, and of the trusted network's mail the tenant's own people see nothing.
  for (const id of [mine, theirs]) {
    await rival.no(404, "GET", `/emails/${id}`);
    await rival.no(404, "DELETE", `/emails/${id}`);
    await neighbour.no(404, "GET", `/emails/${id}`);
  }
  await app.no(404, "GET", `/emails/${theirs}`);
  for (const who of [rival, neighbour]) assert.deepEqual(await ids(who, ""), []);
  // Mail of no tenant is nobody's email.
  const [plain] = await hand(["smtp-three@gmail.com"], "", "x@nobody.test");
  await admin.no(404, "GET", `/emails/${/ as ([0-9a-z]+)/.exec(plain!)![1]}`);
});

test("who writes to an address here that forwards does not learn where it leads, whatever becomes of it; the administrator does", async () => {
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const admin = new ApiTalk(origin, dev.ready.admin);
  const boss = new ApiTalk(origin, { user: "boss@hosted.test", password: "long and secret 1" });
  await run("alias add", { address: "info@near.test", targets: ["secret-gone@gmail.com"] });
  await run("alias add", { address: "desk@near.test", targets: ["secret-gone-too@gmail.com"] });
  await run("alias add", { address: "good@near.test", targets: ["secret-good@hotmail.com"] });
  await run("alias add", { address: "team@near.test", targets: ["secret-one@gmail.com", "secret-gone@gmail.com"] });
  answers = (command) =>
    /secret-gone/.test(command) ? "550 5.1.1 <secret-gone@gmail.com> is no user of gmail-smtp-in\r\n" : undefined;
  const start = (await events()).at(-1)?.id ?? 0;
  const others = ["good@near.test", "team@near.test"];
  const { id } = await boss.ok("POST", "/emails", {
    from: "boss@hosted.test",
    to: ["info@near.test", ...others],
    subject: "x",
    text: "x",
  });
  const ids: string[] = [id];
  for (const address of ["desk@near.test", ...others]) {
    const [said] = await hand([address], "", "news@club.test");
    ids.push(/ as ([0-9a-z]+)/.exec(said!)![1]!);
  }
  const told = async () => (await events({ tenant: "club" })).filter((one) => one.id > start);
  const ends = (all: readonly Event[]): readonly string[] =>
    all
      .filter(({ type }) => type !== "accepted")
      .map(({ type, recipient }) => `${type} ${recipient}`)
      .sort();
  const delivered = ["delivered good@near.test", "delivered team@near.test"];
  const [byApi, bySmtp] = ["bounced info@near.test", "bounced desk@near.test"];
  const all = await until(told, (some) => ends(some).length >= 6, "told");
  assert.deepEqual(ends(all), [bySmtp, byApi, ...delivered, ...delivered].sort());
  assert.deepEqual(
    all.filter(({ type }) => type === "bounced").map(({ detail }) => detail["reply"]),
    ["550 5.1.1", "550 5.1.1"],
  );
  const emails = await Promise.all(ids.map((one) => boss.ok("GET", `/emails/${one}`)));
  const states = (index: number): readonly string[] =>
    emails[index].recipients.map((one: { address: string; status: string }) => `${one.status} ${one.address}`).sort();
  assert.deepEqual(states(0), [byApi, ...delivered]);
  assert.deepEqual([1, 2, 3].flatMap(states), [bySmtp, ...delivered]);
  const seen = [
    all,
    emails,
    await boss.ok("GET", "/events?tenant=club"),
    await boss.ok("GET", "/emails"),
    await boss.ok("GET", "/sending/own"),
    await boss.ok("GET", "/suppressions"),
    await boss.ok("GET", "/queue"),
    await boss.ok("GET", "/journeys"),
  ];
  for (const { items } of [seen.at(-1)])
    for (const { id: journey } of items) seen.push(await boss.ok("GET", `/journeys/${journey}`));
  for (const one of seen) assert.doesNotMatch(JSON.stringify(one), /secret-/);
  // What bounced is suppressed as what was written to.
  assert.match(
    (await hand(["info@near.test"], "", "news@club.test"))[0]!,
    /^550 5\.7\.1 <info@near\.test> is suppressed \(bounced\)/,
  );
  assert.deepEqual((await told()).at(-1)?.recipient, "info@near.test");
  const { steps } = await admin.ok("GET", `/journeys/${all.find(({ type }) => type === "bounced")!.message}`);
  assert.match(JSON.stringify(steps), /secret-gone@gmail\.com.*is no user/);
  answers = () => undefined;
});

test("what is written to abuse@ is a ticket about the message; what is upheld is a strike, which the tenant hears of, a restart keeps, and a person lifts", async () => {
  const origin = () => `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const admin = () => new ApiTalk(origin(), dev.ready.admin);
  const boss = () => new ApiTalk(origin(), { user: "boss@hosted.test", password: "long and secret 1" });
  const before = sinks[gmail]!.taken.length;
  await hand(["abused@gmail.com"], "", "news@club.test");
  const sent = await until(
    () => sinks[gmail]!.taken.slice(before).find(({ to }) => to.includes("abused@gmail.com")),
    (one) => one !== undefined,
    "sent",
  );
  const complain = async (to: string, from: string, text: string): Promise<void> => {
    const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
    await talk.say(`MAIL FROM:<${from}>`);
    assert.match(await talk.say(`RCPT TO:<${to}>`), /^250/);
    await talk.say("DATA");
    assert.match(
      await talk.say(`From: ${from}\r\nTo: ${to}\r\nMessage-ID: <${Math.random()}@far.test>\r\n${text}\r\n.`),
      /^250/,
    );
    await talk.quit();
  };
  type Listed = { readonly id: number; readonly sender: string; readonly form: string; readonly reports: number };
  const tickets = async () => (await run("abuse list")) as readonly Listed[];
  const spamCop = `Subject: [SpamCop (127.0.0.8) id:6500000001]for you\r\n\r\n[ SpamCop V5 ]\r\n\r\n[ Offending message ]\r\n${sent!.data}`;
  await complain("abuse@near.test", "6500000001@reports.spamcop.net", spamCop);
  const [first] = await tickets();
  assert.deepEqual([first?.sender, first?.form, first?.reports], ["club", "spamcop", 1]);
  // Another reporter, another form, another address: the same message.
  const arf = `Subject: FW\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n${sent!.data}\r\n--b--`;
  await complain("postmaster@near.test", "fbl@isp.test", arf);
  await complain("abuse@near.test", "bob@far.test", "Subject: Your server\r\n\r\nPlease stop the scans.");
  await complain("postmaster@near.test", "bob@far.test", "Subject: Hello\r\n\r\nThis is no report.");
  const [letter, again, ...none] = await tickets();
  assert.deepEqual(
    [again?.id, again?.reports, letter?.sender, letter?.form, none],
    [first!.id, 2, "unknown", "letter", []],
  );
  const shown = await admin().ok("GET", `/abuse/tickets/${first!.id}`);
  assert.deepEqual(
    [shown.tenant, shown.recipient, shown.late, shown.reference],
    ["club", "abused@gmail.com", false, "6500000001"],
  );
  assert.match(shown.proof, /our reference/);
  assert.match(shown.evidence[0].header, /X-Angarium-Ref/);
  assert.equal((await admin().ok("GET", `/journeys/${shown.message}`)).steps.length > 0, true);
  await boss().no(403, "GET", "/abuse/tickets");
  // All four are in the mailbox too, of who answers for the domain.
  const inbox = async (user: string, password: string): Promise<readonly string[]> => {
    const imap = new ImapFlow({
      host: "127.0.0.1",
      port: dev.ready.ports["imaps"]!,
      secure: true,
      auth: { user, pass: password },
      tls: { rejectUnauthorized: false },
      logger: false,
    });
    await imap.connect();
    const subjects: string[] = [];
    for (const box of ["INBOX", "Junk"]) {
      const lock = await imap.getMailboxLock(box);
      for await (const { envelope } of imap.fetch("1:*", { envelope: true })) subjects.push(envelope?.subject ?? "");
      lock.release();
    }
    await imap.logout();
    return subjects;
  };
  const subjects = await inbox("u1@near.test", "pw");
  for (const subject of ["[SpamCop (127.0.0.8) id:6500000001]for you", "FW", "Your server", "Hello"])
    assert.ok(subjects.includes(subject), `${subject} in ${subjects}`);

  assert.equal(
    (await admin().no(409, "POST", `/abuse/tickets/${letter!.id}/uphold`, {})).detail.includes(
      "Nobody knows whose mail",
    ),
    true,
  );
  const warned = await admin().ok("POST", `/abuse/tickets/${first!.id}/uphold`, { reason: "It was never asked for." });
  assert.deepEqual([warned.measure, warned.told], ["warn", ["boss@hosted.test"]]);
  await admin().no(409, "POST", `/abuse/tickets/${first!.id}/uphold`, {});
  assert.deepEqual((await inbox("boss@hosted.test", "long and secret 1")).slice(-1), [
    "A warning about your sending (1 of 3 strikes)",
  ]);
  assert.match(
    (await boss().ok("GET", "/sending/own")).strikes.sentence,
    /^There is one strike against you, .*: It was never asked for\./,
  );
  await run("strike add", { tenant: "club", because: "Again." });
  assert.equal((await boss().ok("GET", "/sending/own")).state, "limited");
  const third = (await run("strike add", { tenant: "club", because: "And again" })) as { readonly strike: number };
  const suspended = /^550 5\.7\.1 Sending is suspended: 3 of 3 strikes, the last because: And again/;
  await until(
    async () => (await hand(["later@gmail.com"], "", "news@club.test"))[0]!,
    (reply) => suspended.test(reply),
    "suspended",
  );
  await dev.stop();
  dev = await startDev(options);
  assert.match((await hand(["later@gmail.com"], "", "news@club.test"))[0]!, suspended);
  assert.equal((await tickets()).find(({ id }) => id === first!.id)?.reports, 2);
  await admin().ok("POST", `/abuse/strikes/${third.strike}/lift`, { reason: "Settled." });
  const lifted = (await run("strike lift", { id: third.strike - 1, because: "Settled." })) as {
    readonly measure: string;
  };
  assert.equal(lifted.measure, "warn");
  await admin().no(404, "POST", `/abuse/strikes/${third.strike}/lift`, { reason: "Twice." });
  await until(
    async () => (await hand(["later@gmail.com"], "", "news@club.test"))[0]!,
    (reply) => reply.startsWith("250"),
    "active again",
  );
  await admin().ok("PATCH", `/abuse/tickets/${letter!.id}`, {
    state: "answered",
    note: "Told him that it was a monitor.",
  });
  const { items: audit } = await admin().ok("GET", "/audit?limit=10");
  assert.deepEqual(
    audit
      .map(({ action }: { readonly action: string }) => action)
      .filter((action: string) => /abuse|strike/.test(action)).length > 2,
    true,
    JSON.stringify(audit),
  );
});

test("nobody is flooded by forms: few confirmations in an hour, and mail of many tenants at once pauses, over a restart too", async () => {
  const origin = () => `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const admin = () => new ApiTalk(origin(), dev.ready.admin);
  const app = new ApiTalk(origin(), { user: "app@hosted.test", password: "long and secret 2" });
  await run("stream add", { name: "signups", kind: "transactional", confirms: true });
  const email = { from: "app@hosted.test", to: "victim@gmail.com", subject: "Please confirm", text: "Click." };
  await app.ok("POST", "/emails", { ...email, tags: { kind: "confirmation" } });
  await app.ok("POST", "/emails", { ...email, stream: "signups" });
  // Another tenant's counts too, by SMTP.
  assert.match((await hand(["victim@gmail.com"], "X-Angarium-Tag: confirmation\r\n"))[0]!, /^250/);
  const fourth = await app.ask("POST", "/emails", { ...email, stream: "signups" });
  const wait = Number(fourth.headers.get("retry-after"));
  assert.ok(fourth.status === 429 && wait > 3_500 && wait <= 3_600, `${fourth.status}, ${wait} seconds`);
  assert.match(
    JSON.stringify(fourth.body),
    /as many confirmations as one address gets in an hour.*a form that anybody can fill in needs a CAPTCHA/,
  );
  const batch = {
    emails: Array.from({ length: 12 }, (_, n) => ({
      ...email,
      stream: "signups",
      to: n === 5 ? email.to : `b${n}@gmail.com`,
    })),
  };
  const { emails } = (await app.ask("POST", "/emails/batch", batch)).body;
  assert.deepEqual(
    emails.map(
      ({ recipients }: { readonly recipients: readonly { readonly status: string }[] }) => recipients[0]!.status,
    ),
    Array.from({ length: 12 }, (_, n) => (n === 5 ? "rejected" : "queued")),
  );
  assert.match(
    (await hand(["victim@gmail.com"], "X-Angarium-Tag: kind:confirmation\r\n"))[0]!,
    /^451 4\.7\.1 <victim@gmail\.com> has had as many/,
  );
  // What a warm-up has no room for, of a stream that does not wait.
  const now = { ...email, to: "now@gmail.com", stream: "now" };
  const full = await until(
    () => app.ask("POST", "/emails", now),
    ({ status }) => status !== 202,
    "refused",
  );
  assert.deepEqual([full.status, full.body.code], [429, "rate"], JSON.stringify(full.body));
  assert.ok(Number(full.headers.get("retry-after")) >= 1);
  const [one] = (await app.ask("POST", "/emails/batch", [now, { ...email, to: "fine@gmail.com" }])).body.emails;
  assert.match(one.recipients[0].reason, /^450 4\.7\.28 .* does not wait/);
  // An order is none, and goes.
  assert.match((await hand(["victim@gmail.com"], "X-Angarium-Tag: kind:order\r\n"))[0]!, /^250/);

  for (let n = 0; n < 11; n++) {
    await run("sending tenant add", { name: `form${n}` });
    await run("sending domain add", { name: `form${n}.test`, tenant: `form${n}` });
  }
  const write = async (n: number) => (await hand(["many@gmail.com"], "", `a@form${n}.test`))[0]!;
  for (let n = 0; n < 10; n++) assert.match(await write(n), /^250/);
  const paused = /^451 4\.7\.1 <many@gmail\.com> gets mail of so many senders at once.*CAPTCHA/;
  assert.match(await write(10), paused);
  assert.match(await write(0), paused);
  const { items: alerts } = await admin().ok("GET", "/sending/alerts");
  assert.deepEqual(alerts[0].rule, "form-bombing");
  await until(
    async () => JSON.stringify(await admin().ok("GET", "/sending/flooded")),
    (all) => all.includes("many@gmail.com"),
    "listed",
  );
  await dev.stop();
  dev = await startDev(options);
  assert.match(await write(0), paused);
  await run("flooded lift", { address: "many@gmail.com" });
  assert.match(await write(0), /^250/);
  await admin().no(404, "POST", "/sending/flooded/lift", { address: "many@gmail.com" });
});

test("the first addresses of a campaign are a sample: a list that was bought is stopped by it, a good one goes on", async () => {
  await run("stream add", { name: "bulk", kind: "marketing", pool: "warm" });
  await run("sending tenant add", { name: "buyer" });
  await run("sending domain add", { name: "buyer.test", tenant: "buyer" });
  const tried = new Set<string>();
  answers = (command) => {
    const address = /^RCPT TO:<((?:good|bought)\S+)>/.exec(command)?.[1];
    if (address !== undefined) tried.add(address);
    return address?.startsWith("bought-gone") ? "550 5.1.1 no such user\r\n" : undefined;
  };
  const campaign = async (name: string, gone: (n: number) => boolean): Promise<void> => {
    await run("campaign add", { name: `buyer/${name}`, stream: "bulk", state: "paused" });
    const people = Array.from({ length: 230 }, (_, n) => `${name}${gone(n) ? "-gone" : ""}${n}@gmail.com`);
    for (const reply of await hand(people, `X-Angarium-Campaign: ${name}\r\n`, "news@buyer.test"))
      assert.match(reply, /^250/);
    await run("campaign set", { name: `buyer/${name}`, state: "sending" });
  };
  type Listed = { readonly name: string; readonly state: string; readonly reason: string };
  const known = async (name: string) =>
    ((await run("campaign list")) as readonly Listed[]).find((one) => one.name === `buyer/${name}`);
  const waiting = async (name: string): Promise<number> =>
    ((await run("queue parks")) as readonly { readonly campaign: string; readonly recipients: number }[])
      .filter((one) => one.campaign === name)
      .reduce((sum, { recipients }) => sum + recipients, 0);

  await campaign("good", () => false);
  await until(
    () => [...tried].filter((one) => one.startsWith("good")).length,
    (count) => count === 230,
    "all of the good list",
  );
  await campaign("bought", (n) => n % 8 === 0);
  const stopped = await until(
    () => known("bought"),
    (one) => one?.state === "stopped",
    "stopped",
  );
  assert.match(stopped!.reason, /^\d+ of the first \d+ addresses do not exist, and 8 % may not: clean the list/);
  const asked = [...tried].filter((one) => one.startsWith("bought")).length;
  assert.ok(asked <= 200, `${asked} were written to`);
  const left = await waiting("bought");
  assert.ok(left >= 30, `${left} wait`);
  // A person who lets it go on, whatever it showed, is believed.
  await run("sending tenant set", { name: "buyer", state: "active", reason: "" });
  await run("campaign set", { name: "buyer/bought", state: "sending", reason: "" });
  await until(
    () => waiting("bought"),
    (count) => count === 0,
    "the rest",
  );
  assert.equal((await known("bought"))?.state, "sending");
});
