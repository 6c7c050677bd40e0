// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables of Sieve are written.
/** Scripts put over ManageSieve, mail over SMTP and LMTP, and what lies in the mailboxes and goes out. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ImapFlow } from "imapflow";
import { type Any, ApiTalk } from "../api-talk.ts";
import { ask } from "../beside.ts";
import { angarium, type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { ManageSieveTalk } from "../managesieve-talk.ts";
import { type Sink, startSink } from "../sink.ts";
import { SmtpTalk } from "../smtp-talk.ts";

let dev: DevProcess;
let sink: Sink;
let nextUser = 0;
before(async () => {
  sink = await startSink();
  dev = await startDev(["--users", "200", "--cleartext-auth", "--deliver-to", `127.0.0.1:${sink.port}`]);
});
after(async () => {
  await dev.stop();
  await sink.close();
});

/** A person whom no test has used yet. */
const someone = (): string => dev.ready.users[nextUser++]!;

async function activate(user: string, script: string): Promise<void> {
  const talk = await ManageSieveTalk.login(dev.ready.ports["sieve"]!, user);
  const reply = await talk.activate(script);
  assert.match(reply, /^OK/, reply);
  talk.close();
}

async function imap(user: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: dev.ready.ports["imap"]!,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass: "pw" },
    logger: false,
  });
  await client.connect();
  return client;
}

const sample = (to: string): string =>
  `From: Bob <bob@sender.test>\r\nTo: ${to}\r\nSubject: hello world\r\nMessage-ID: <${Math.random().toString(36).slice(2)}@sender.test>\r\nDate: Tue, 24 Nov 2026 09:14:00 +0100\r\n\r\nthe body\r\n`;

/** Gives a message to one person; the reply to its end. */
async function deliver(
  user: string,
  mail = sample(user),
  from = "bob@sender.test",
  service = "smtp",
  asked: { readonly mail?: string; readonly rcpt?: string } = {},
): Promise<string> {
  const talk = await SmtpTalk.open(dev.ready.ports[service]!);
  await talk.say(service === "lmtp" ? "LHLO client.test" : "EHLO client.test");
  await talk.say(`MAIL FROM:<${from}>${asked.mail ?? ""}`);
  await talk.say(`RCPT TO:<${user}>${asked.rcpt ?? ""}`);
  await talk.say("DATA");
  const reply = await talk.say(`${mail.replace(/^\./gm, "..")}.`);
  await talk.quit();
  return reply;
}

/** "Work: hello world [\\Seen]" for each message, mailboxes in order. */
async function contents(user: string): Promise<string[]> {
  const client = await imap(user);
  const found: string[] = [];
  for (const { path } of await client.list()) {
    const lock = await client.getMailboxLock(path);
    if (client.mailbox !== false && client.mailbox.exists > 0)
      for await (const one of client.fetch("1:*", { envelope: true, flags: true })) {
        const flags = [...(one.flags ?? [])].filter((flag) => flag !== "\\Recent").toSorted();
        found.push(`${path}: ${one.envelope?.subject}${flags.length === 0 ? "" : ` [${flags.join(" ")}]`}`);
      }
    lock.release();
  }
  await client.logout();
  return found;
}

async function source(user: string, path: string): Promise<string> {
  const client = await imap(user);
  const lock = await client.getMailboxLock(path);
  const one = await client.fetchOne("*", { source: true });
  lock.release();
  await client.logout();
  return one === false ? "" : (one.source?.toString("utf8") ?? "");
}

const quiet = async (): Promise<void> => {
  const before = sink.taken.length;
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(sink.taken.length, before, "nothing more is sent");
};

type Case = readonly [name: string, script: string, expected: readonly string[]];
const filing: readonly Case[] = [
  ["no script at all", "", ["INBOX: hello world"]],
  ["discard", "discard;", []],
  ["keep with flags", 'require "imap4flags"; keep :flags ["\\\\Seen", "Done"];', ["INBOX: hello world [Done \\Seen]"]],
  ["fileinto a mailbox that is there", 'require "fileinto"; fileinto "Archive";', ["Archive: hello world"]],
  ["fileinto one that is not", 'require "fileinto"; fileinto "Nowhere";', ["INBOX: hello world"]],
  ["fileinto :create", 'require ["fileinto", "mailbox"]; fileinto :create "Lists/New";', ["Lists/New: hello world"]],
  ["fileinto inbox in any case", 'require "fileinto"; fileinto "inbox";', ["INBOX: hello world"]],
  [
    "fileinto :copy",
    'require ["fileinto", "copy"]; fileinto :copy "Archive";',
    ["INBOX: hello world", "Archive: hello world"],
  ],
  [
    "fileinto and keep",
    'require "fileinto"; fileinto "Archive"; keep;',
    ["INBOX: hello world", "Archive: hello world"],
  ],
  [
    "special use",
    'require ["fileinto", "special-use"]; fileinto :specialuse "\\\\Archive" "X";',
    ["Archive: hello world"],
  ],
  [
    "mailbox id",
    'require ["fileinto", "mailboxid"]; if mailboxidexists "F1" { fileinto :mailboxid "F1" "X"; }',
    ["INBOX: hello world"],
  ],
  [
    "mailboxexists",
    'require ["fileinto", "mailbox"]; if mailboxexists "Archive" { fileinto "Archive"; }',
    ["Archive: hello world"],
  ],
  [
    "flags of a variable",
    'require ["imap4flags", "fileinto"]; addflag "\\\\Flagged"; fileinto "Archive";',
    ["Archive: hello world [\\Flagged]"],
  ],
  [
    "variables name the mailbox",
    'require ["variables", "fileinto", "mailbox"]; if header :matches "subject" "* *" { fileinto :create "${2}"; }',
    ["world: hello world"],
  ],
  [
    "the header is changed",
    'require "editheader"; deleteheader "subject"; addheader "Subject" "changed";',
    ["INBOX: changed"],
  ],
  [
    "changed only for the copy",
    'require ["editheader", "fileinto", "copy"]; fileinto :copy "Archive"; deleteheader "Subject"; addheader "Subject" "changed";',
    ["INBOX: changed", "Archive: hello world"],
  ],
  ["the envelope", 'require "envelope"; if envelope :domain "from" "sender.test" { discard; }', []],
  ["the body", 'require "body"; if body :contains "the body" { discard; }', []],
  ["our trace fields", 'if header :contains "received" "by mail.example.test" { discard; }', []],
  ["the return path", 'if address "return-path" "bob@sender.test" { discard; }', []],
  [
    "environment",
    'require "environment"; if allof (environment "domain" "example.test", environment :matches "remote-ip" "127.*") { discard; }',
    [],
  ],
  ["replace", 'require "replace"; replace :subject "replaced" "gone";', ["INBOX: replaced"]],
  ["enclose", 'require "enclose"; enclose :subject "enclosed" "look";', ["INBOX: enclosed"]],
];

describe("filing", () => {
  for (const [name, script, expected] of filing)
    test(name, async () => {
      const user = someone();
      await activate(user, script);
      assert.match(await deliver(user), /^250/);
      assert.deepEqual((await contents(user)).toSorted(), expected.toSorted());
    });

  test("a script holds from its activation on, and no longer than that", async () => {
    const user = someone();
    await deliver(user);
    await activate(user, 'require "fileinto"; fileinto "Archive";');
    await deliver(user);
    const talk = await ManageSieveTalk.login(dev.ready.ports["sieve"]!, user);
    await talk.say('SETACTIVE ""');
    talk.close();
    await deliver(user);
    assert.deepEqual(await contents(user), ["INBOX: hello world", "INBOX: hello world", "Archive: hello world"]);
  });

  test("two people, two scripts, one message", async () => {
    const [one, two, three] = [someone(), someone(), someone()];
    await activate(one, 'require "fileinto"; fileinto "Archive";');
    await activate(two, "discard;");
    const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
    await talk.say("EHLO client.test");
    await talk.say("MAIL FROM:<bob@sender.test>");
    for (const user of [one, two, three]) await talk.say(`RCPT TO:<${user}>`);
    await talk.say("DATA");
    assert.match(await talk.say(`${sample(one)}.`), /^250/);
    await talk.quit();
    assert.deepEqual(
      [await contents(one), await contents(two), await contents(three)],
      [["Archive: hello world"], [], ["INBOX: hello world"]],
    );
  });

  test("scripts over LMTP", async () => {
    const user = someone();
    await activate(user, 'require "fileinto"; fileinto "Archive";');
    assert.match(await deliver(user, sample(user), "bob@sender.test", "lmtp"), /^250/);
    assert.deepEqual(await contents(user), ["Archive: hello world"]);
  });

  test("included scripts", async () => {
    const user = someone();
    const talk = await ManageSieveTalk.login(dev.ready.ports["sieve"]!, user);
    await talk.say('PUTSCRIPT "rules" "require \\"fileinto\\"; fileinto \\"Archive\\";"');
    assert.match(await talk.activate('require "include"; include "rules";'), /^OK/);
    talk.close();
    await deliver(user);
    assert.deepEqual(await contents(user), ["Archive: hello world"]);
  });

  test("duplicates are told, also at the same moment", async () => {
    const user = someone();
    await activate(user, 'require "duplicate"; if duplicate { discard; }');
    const mail = sample(user);
    await Promise.all([1, 2, 3, 4].map(() => deliver(user, mail)));
    await deliver(user, mail);
    assert.deepEqual(await contents(user), ["INBOX: hello world"]);
    await deliver(user);
    assert.equal((await contents(user)).length, 2);
  });

  test("a sub-address", async () => {
    const user = someone();
    await activate(
      user,
      'require ["envelope", "subaddress", "fileinto"]; if envelope :detail "to" "archive" { fileinto "Archive"; }',
    );
    await deliver(user.replace("@", "+archive@"));
    assert.deepEqual(await contents(user), ["Archive: hello world"]);
  });
});

describe("what goes out", () => {
  test("redirect under a return path of ours, once", async () => {
    const user = someone();
    await activate(user, 'redirect "far@else.test";');
    const mail = sample(user);
    await deliver(user, mail);
    const out = await sink.next();
    assert.match(out.from, /^SRS0=.*=sender\.test=bob@example\.test$/);
    assert.deepEqual(out.to, ["far@else.test"]);
    assert.match(out.data, new RegExp(`^Delivered-To: ${user}\r$`, "m"));
    assert.match(out.data, /Subject: hello world\r\n/);
    assert.doesNotMatch(out.data, /^Return-Path:/m);
    assert.deepEqual(await contents(user), []);
    // It comes back: it is kept and does not go round.
    await deliver(user, out.data);
    await quiet();
    assert.deepEqual(await contents(user), ["INBOX: hello world"]);
    // Its owner sees where it went and what became of it.
    const api = new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, { user, password: "pw" });
    const { items } = await api.ok("GET", "/journeys");
    assert.deepEqual(
      items.map(({ to, state }: Any) => [to, state]),
      [
        [[user], "delivered"],
        [[user], "delivered"],
        [["far@else.test"], "delivered"],
      ],
    );
    const steps = await Promise.all(items.map(async ({ id }: Any) => (await api.ok("GET", `/journeys/${id}`)).steps));
    assert.equal(steps[1][1].words, "A script sends it on to far@else.test.");
    assert.match(steps[2][0].words, new RegExp(`^A script of ${user} sends it on, under the return path SRS0=`));
    assert.match(steps[0][1].words, /would send it on to far@else\.test, but that goes round\.$/);
  });

  test("what its sender asks about reports a script sees, and what the script asks goes along (RFC 6009)", async () => {
    const user = someone();
    await activate(
      user,
      `require ["envelope", "envelope-dsn", "redirect-dsn", "copy"];
       if allof (envelope "notify" "DELAY", envelope "ret" "HDRS", envelope "envid" "a b", envelope "orcpt" "rfc822;o@p.test") {
         redirect :copy :notify "SUCCESS,FAILURE" :ret "FULL" "far@else.test";
       }`,
    );
    const asked = { mail: " RET=HDRS ENVID=a+20b", rcpt: " NOTIFY=DELAY,FAILURE ORCPT=rfc822;o@p.test" };
    await deliver(user, undefined, undefined, undefined, asked);
    const { commands } = await sink.next();
    assert.match(commands[0]!, /^MAIL FROM:<SRS0=[^>]*>.* RET=FULL/);
    assert.doesNotMatch(commands[0]!, /ENVID/);
    assert.match(commands[1]!, /^RCPT TO:<far@else\.test> NOTIFY=SUCCESS,FAILURE/);
    assert.deepEqual(await contents(user), ["INBOX: hello world"]);
  });

  test("redirect :copy, and to a person here", async () => {
    const [user, other] = [someone(), someone()];
    await activate(user, `require "copy"; redirect :copy "${other}";`);
    await deliver(user);
    assert.deepEqual([await contents(user), await contents(other)], [["INBOX: hello world"], ["INBOX: hello world"]]);
  });

  test("what is redirected to nobody is kept", async () => {
    const user = someone();
    await activate(user, 'redirect "nobody-at-all@example.test";');
    await deliver(user);
    assert.deepEqual(await contents(user), ["INBOX: hello world"]);
  });

  test("vacation answers once, from the null sender, to who wrote", async () => {
    const user = someone();
    await activate(user, 'require "vacation"; vacation :subject "Away" :days 3 "I am ünterwegs";');
    await deliver(user);
    await deliver(user);
    const answer = await sink.next();
    assert.equal(answer.from, "");
    assert.deepEqual(answer.to, ["bob@sender.test"]);
    assert.match(answer.data, /^Subject: Away\r$/m);
    assert.match(answer.data, /^Auto-Submitted: auto-replied \(vacation\)\r$/m);
    assert.match(answer.data, /^In-Reply-To: <.*@sender\.test>\r$/m);
    assert.match(answer.data, new RegExp(`^From: .*<${user}>\r$`, "m"));
    assert.match(answer.data, /=C3=BCnterwegs/);
    assert.match(answer.data, /^DKIM-Signature:/m);
    await quiet();
    await deliver(user, sample(user).replaceAll("bob", "carl"), "carl@sender.test");
    assert.deepEqual((await sink.next()).to, ["carl@sender.test"]);
    assert.equal((await contents(user)).length, 3);
  });

  const unanswered: readonly [name: string, change: (mail: string) => string, from?: string][] = [
    ["the null sender", (mail) => mail, ""],
    ["a program", (mail) => mail, "noreply@sender.test"],
    ["a list", (mail) => `List-Id: <x.test>\r\n${mail}`],
    ["automatic mail", (mail) => `Auto-Submitted: auto-generated\r\n${mail}`],
    ["bulk mail", (mail) => `Precedence: bulk\r\n${mail}`],
    ["mail to others", (mail) => mail.replace(/^To: .*$/m, "To: others@else.test")],
  ];
  for (const [name, change, from] of unanswered)
    test(`vacation does not answer ${name}`, async () => {
      const user = someone();
      await activate(user, 'require "vacation"; vacation "away";');
      await deliver(user, change(sample(user)), from);
      await quiet();
      assert.deepEqual(await contents(user), ["INBOX: hello world"]);
    });

  test("vacation :addresses, :mime and a copy of the answer", async () => {
    const user = someone();
    await activate(
      user,
      'require ["vacation", "fcc", "imap4flags"]; vacation :addresses "other@else.test" :fcc "Sent" :flags "\\\\Seen" :mime "Content-Type: text/html\r\n\r\n<b>away</b>";',
    );
    await deliver(user, sample("other@else.test"));
    const { data } = await sink.next();
    assert.match(data, /^Content-Type: text\/html\r\n\r\n<b>away<\/b>/m);
    assert.match(data, /^Subject: Auto: hello world\r$/m);
    assert.deepEqual(await contents(user), ["INBOX: hello world", "Sent: Auto: hello world [\\Seen]"]);
  });

  test("a notification", async () => {
    const user = someone();
    await activate(
      user,
      'require "enotify"; notify :importance "1" :message "you have mail" "mailto:pager@else.test";',
    );
    await deliver(user);
    const { from, to, data } = await sink.next();
    assert.equal(from, "");
    assert.deepEqual(to, ["pager@else.test"]);
    assert.match(data, /^Subject: you have mail\r$/m);
    assert.match(data, /^Auto-Submitted: auto-notified;/m);
    assert.match(data, /^Importance: High\r$/m);
    assert.deepEqual(await contents(user), ["INBOX: hello world"]);
  });

  test("reject tells the sender in a disposition notification", async () => {
    const user = someone();
    await activate(user, 'require "reject"; reject "Not here, größer";');
    assert.match(await deliver(user), /^250/);
    const { from, to, data } = await sink.next();
    assert.equal(from, "");
    assert.deepEqual(to, ["bob@sender.test"]);
    assert.match(data, /report-type=disposition-notification/);
    assert.match(data, /^Disposition: automatic-action\/MDN-sent-automatically; deleted\r$/m);
    assert.deepEqual(await contents(user), []);
  });

  test("ereject refuses at the end of the data", async () => {
    const user = someone();
    await activate(user, 'require "ereject"; ereject "We do not want this";');
    assert.match(await deliver(user), /^550 5\.7\.1 We do not want this/);
    assert.match(await deliver(user, sample(user), "bob@sender.test", "lmtp"), /^550 5\.7\.1 We do not want this/);
    await quiet();
    assert.deepEqual(await contents(user), []);
  });
});

describe("scripts that fail", () => {
  test("the mail is in the inbox, and the owner is told once", async () => {
    const user = someone();
    await activate(user, 'require ["ihave", "fileinto"]; fileinto "Archive"; error "out of luck";');
    await deliver(user);
    await deliver(user);
    assert.deepEqual((await contents(user)).toSorted(), [
      "INBOX: Your Sieve script has failed",
      "INBOX: hello world",
      "INBOX: hello world",
    ]);
  });

  test("a hostile script is stopped", async () => {
    const user = someone();
    const script = `require ["regex", "variables"]; ${'if header :regex "subject" "(.*.*.*.*)*x{200}" { discard; }'.repeat(200)}`;
    await activate(user, script);
    const long = sample(user).replace("hello world", "a".repeat(900));
    const began = performance.now();
    assert.match(await deliver(user, long), /^250/);
    assert.ok(performance.now() - began < 5000);
    assert.equal((await contents(user)).length, 2);
  });
});

test("a changed message is what it should be", async () => {
  const user = someone();
  await activate(user, 'require "editheader"; addheader "X-Sorted" "yes"; addheader :last "X-Last" "z";');
  await deliver(user);
  const text = await source(user, "INBOX");
  assert.match(text, /^X-Sorted: yes\r\nReturn-Path: <bob@sender\.test>\r\n/);
  assert.match(text, /\r\nX-Last: z\r\n\r\nthe body\r\n$/);
});

describe("scripts of domains and the server", () => {
  const put = (args: object) => ask(dev.ready.data, "sieve put", args);

  test("run before and after those of people, and are managed by commands", async () => {
    const user = someone();
    const only = (text: string): string =>
      `require ["envelope", "editheader", "fileinto", "copy"]; if envelope "to" "${user}" { ${text} }`;
    await put({ name: "mark", script: only('addheader "X-Before" "server";'), server: true });
    await put({
      name: "mark",
      script: only('if exists "X-Before" { addheader "X-Before" "domain"; }'),
      domain: "example.test",
    });
    await put({ name: "last", script: only('fileinto :copy "Archive";'), server: true, runs: "after" });
    await activate(user, 'require "editheader"; if header :contains "X-Before" "domain" { addheader "X-Mine" "yes"; }');
    await deliver(user);
    assert.deepEqual(await contents(user), ["INBOX: hello world", "Archive: hello world"]);
    assert.match(await source(user, "Archive"), /^X-Mine: yes\r\nX-Before: domain\r\nX-Before: server\r\n/);
    for (const [name, whose] of [
      ["mark", { server: true }],
      ["mark", { domain: "example.test" }],
      ["last", { server: true }],
    ] as const)
      await ask(dev.ready.data, "sieve delete", { name, ...whose });
    await deliver(user);
    assert.equal((await contents(user)).filter((one) => one.startsWith("Archive")).length, 1);
  });

  test("the commands as they are typed", async (t) => {
    const user = someone();
    const folder = await temporaryFolder(t);
    const file = join(folder, "rules.sieve");
    const cli = async (...words: string[]) => angarium("sieve", ...words, "--data", dev.ready.data);
    await writeFile(file, "if true {\n  fooo;\n}\n");
    const wrong = await cli("check", file);
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /line 2, column 3: there is no command "fooo"/);
    await writeFile(file, 'require "fileinto";\nfileinto "Archive";\n');
    assert.equal((await cli("check", file)).code, 0);
    const mail = join(folder, "mail.eml");
    await writeFile(mail, sample(user));
    assert.match((await cli("test", file, mail)).out, /file into Archive/);
    assert.equal((await cli("put", "main", file, "--account", user)).code, 0);
    assert.equal((await cli("activate", "main", "--account", user)).code, 0);
    assert.equal((await cli("show", "main", "--account", user)).out, 'require "fileinto";\nfileinto "Archive";\n');
    assert.match((await cli("list", "--account", user)).out, /main/);
    await deliver(user);
    assert.deepEqual(await contents(user), ["Archive: hello world"]);
    assert.match((await cli("delete", "main", "--account", user)).err, /is active/);
    assert.equal((await cli("activate", "", "--account", user)).code, 0);
    assert.equal((await cli("delete", "main", "--account", user)).code, 0);
    assert.match((await cli("list")).err, /--account NAME, --domain DOMAIN or --server/);
  });
});
