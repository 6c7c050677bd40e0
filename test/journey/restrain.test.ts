/** What a host does against its own accounts that send spam, in a real server as in production (`--strict`), over SMTP, JMAP, the API, and kill -9. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import nodemailer from "nodemailer";
import { type Sent, usedOf } from "../../server/restrain/limits.ts";
import { databaseFile } from "../../server/store/sqlite.ts";
import { type Any, ApiTalk } from "../api-talk.ts";
import { angarium, type DevProcess, startDev } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { type Sink, startSink } from "../sink.ts";

let sink: Sink;
let dev: DevProcess;
let folder: string;
let admin: ApiTalk;
let origin: string;

const open = async (): Promise<void> => {
  dev = await startDev([
    ...["--strict", "--users", "6", "--cleartext-auth", "--data", folder],
    ...["--deliver-to", `127.0.0.1:${sink.port}`],
  ]);
  origin = `http://localhost:${dev.ready.ports["http"]}`;
  admin = new ApiTalk(origin, dev.ready.admin);
};
before(async () => {
  sink = await startSink((command) =>
    /^RCPT TO:<nobody/i.test(command) ? "550 5.1.1 there is nobody of this name\r\n" : undefined,
  );
  folder = await mkdtemp(join(tmpdir(), "angarium-restrain-"));
  await open();
});
after(async () => {
  await dev.stop();
  await sink.close();
  await rm(folder, { recursive: true, force: true });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

const tell = async (...words: readonly string[]): Promise<Any> => {
  const { code, out, err } = await angarium(...words, "--json", "--data", folder);
  assert.equal(code, 0, err);
  return JSON.parse(out);
};

/** What the server answers to a message; several recipients where several are named. */
async function sends(user: string, to: readonly string[], subject = "Lunch", pass = "pw"): Promise<string> {
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port: dev.ready.ports["submission"] ?? 0,
    auth: { user, pass },
    tls: { ca: await readFile(dev.ready.ca, "utf8"), servername: "localhost" },
  });
  try {
    const { response } = await transport.sendMail({
      from: user,
      to: [...to],
      subject,
      text: `${subject}: are you there?`,
    });
    return response;
  } catch (error) {
    return (error as { readonly response: string }).response;
  } finally {
    transport.close();
  }
}

/** Sends a draft by JMAP, each time anew. */
async function submitsByJmap(
  user: string,
  pass: string,
  subject = "by JMAP",
): Promise<(parameters?: object) => Promise<Any>> {
  const jmap = await new JmapTalk(origin, user, pass).open();
  const made = await jmap.call("Identity/set", { create: { i: { email: user, name: "One" } } });
  const { created } = await jmap.call("Mailbox/set", { create: { m: { name: "Out" } } });
  const draft = {
    mailboxIds: { [created.m.id]: true },
    from: [{ email: user }],
    to: [{ email: "ann@far.test" }],
    subject,
    bodyValues: { t: { value: "x" } },
    textBody: [{ partId: "t" }],
  };
  const email = (await jmap.call("Email/set", { create: { e: draft } })).created.e.id;
  return (parameters) =>
    jmap.call("EmailSubmission/set", {
      create: {
        s: {
          identityId: made.created.i.id,
          emailId: email,
          ...(parameters === undefined
            ? {}
            : { envelope: { mailFrom: { email: user, parameters }, rcptTo: [{ email: "ann@far.test" }] } }),
        },
      },
    });
}

/** A tenant's program and one of its app passwords: answers what is to hold after a restart too. */
async function limitsAnAppPassword(): Promise<() => Promise<void>> {
  const user = "app@shop.test";
  await admin.ok("POST", "/domains", { name: "shop.test" });
  await admin.ok("POST", "/sending/tenants", { name: "shop", stream: "transactional" });
  await admin.ok("POST", "/sending/domains", { name: "shop.test", tenant: "shop" });
  await admin.ok("POST", "/accounts", { name: user, password: "a long phrase 4" });
  let own = new ApiTalk(origin, { user, password: "a long phrase 4" });
  const [printer, phone] = [
    await own.ok("POST", "/accounts/me/app-passwords", { label: "Printer" }),
    await own.ok("POST", "/accounts/me/app-passwords", { label: "Phone" }),
  ];
  const shown = async (): Promise<Any> =>
    (await own.ok("GET", "/accounts/me/app-passwords")).items.find(({ id }: Any) => id === printer.id);
  assert.equal((await shown()).sending, null);
  const of = ["--app-password", String(printer.id)];
  const set = await tell("limit", "set", user, ...of, "--messages-per-hour", "3", "--recipients-per-message", "2");
  assert.equal(set.says, "3 messages an hour (0 used), 2 recipients of one message");
  const listed = (await tell("limit", "list")).filter(({ kind }: Any) => kind === "app password");
  const bounds = { messagesPerHour: 3, recipientsPerMessage: 2 };
  assert.deepEqual(listed, [
    { kind: "app password", name: user, appPassword: printer.id, label: "Printer", ...bounds },
  ]);
  const wrong = await angarium(
    "limit",
    "set",
    user,
    "--app-password",
    "999",
    "--messages-per-hour",
    "3",
    "--data",
    folder,
  );
  assert.match(wrong.err, /app@shop\.test has no app password 999\. Look: angarium app-password list app@shop\.test/);

  // One by SMTP, one by JMAP, one by the API: one count, though a tenant's mail is not its account's.
  const send = (pass: string, to = ["ann@far.test"]) => sends(user, to, "Printed", pass);
  const submit = await submitsByJmap(user, printer.password, "by JMAP later");
  const api = new ApiTalk(origin, { user, password: printer.password });
  const email = { from: user, to: ["ann@far.test"], subject: "by the API", text: "x" };
  assert.match(
    await send(printer.password, ["ann@far.test", "bob@far.test", "cid@far.test"]),
    /^550 5\.5\.3 The app password "Printer" may send to 2 recipients at once and this message has 3: send it in parts$/,
  );
  assert.match(await send(printer.password), /^250 /);
  // What waits for its time counts when it goes, as what it came by.
  const later = (await submit({ HOLDFOR: "1" })).created.s;
  assert.ok(later);
  assert.equal((await api.ok("POST", "/emails", email)).status, "queued");
  await until(() => sink.taken.some(({ data }) => /^Subject: by JMAP later\r$/m.test(data)));
  assert.match((await shown()).sending, /^3 messages an hour \(3 used\)/);
  const refusal =
    /The app password "Printer" has sent 3 messages within an hour, which is its limit: it goes on at \d\d:\d\d UTC/;
  assert.match(await send(printer.password), refusal);
  assert.match((await submit()).notCreated.s.description, refusal);
  assert.match((await api.no(429, "POST", "/emails", email)).detail, refusal);
  assert.match((await api.ok("POST", "/emails/batch", [email, email])).emails[1].recipients[0].reason, refusal);
  assert.match(await send(phone.password), /^250 /);
  assert.match(await send("a long phrase 4"), /^250 /);
  const taken = (await tell("trace", user)).filter(({ stage }: Any) => stage === "accepted");
  assert.deepEqual(
    taken.map(({ detail }: Any) => `${detail.via} ${detail.appPassword}`),
    ["ESMTPSA Printer", "API Printer", "JMAP Printer", "ESMTPSA Phone", "ESMTPSA undefined"],
  );

  // The person changes it; the app password cannot, nor make what has none.
  const path = `/accounts/me/app-passwords/${printer.id}`;
  await api.no(403, "PATCH", path, { messagesPerHour: null });
  for (const kind of ["tokens", "app-passwords"])
    assert.match(
      (await api.no(403, "POST", `/accounts/me/${kind}`, { label: "more" })).detail,
      /makes no other way to sign in/,
    );
  await new ApiTalk(origin, { user: "u2@example.test", password: "pw" }).no(
    404,
    "PATCH",
    `/accounts/${user}/app-passwords/${printer.id}`,
    {},
  );
  const changed = await own.ok("PATCH", path, { messagesPerHour: 4, recipientsPerMessage: null });
  assert.deepEqual(
    [changed.sending, changed.messagesPerHour, changed.recipientsPerMessage],
    ["4 messages an hour (3 used)", 4, null],
  );
  return async () => {
    own = new ApiTalk(origin, { user, password: "a long phrase 4" });
    assert.equal((await shown()).sending, "4 messages an hour (3 used)");
    assert.match(await send(printer.password), /^250 /);
    assert.match(await send(printer.password), /The app password "Printer" has sent 4 messages/);
    await own.ok("DELETE", path);
    assert.deepEqual(
      (await tell("limit", "list")).filter(({ kind }: Any) => kind === "app password"),
      [],
    );
  };
}

test("limits of an account, and of one of its app passwords: what it reads, the same by SMTP, JMAP and API, seen and changed by administrators, after kill -9 too", async () => {
  const user = "u1@example.test";
  const before = await admin.ok("GET", `/accounts/${user}/sending-limits`);
  assert.equal(
    before.says,
    "This account is normal (by its age): 100 messages an hour (0 used), 500 recipients a day (0 used), 250 recipients a day that it has not written to before (0 used), 50 recipients of one message.",
  );
  assert.match(
    await sends(
      user,
      Array.from({ length: 51 }, (_, n) => `p${n}@far.test`),
    ),
    /^550 5\.5\.3 You may send to 50 recipients at once and this message has 51: send it in parts$/,
  );
  await admin.ok("POST", "/accounts", { name: "newcomer@example.test", password: "a long phrase 3" });
  const { says } = await admin.ok("GET", "/accounts/newcomer@example.test/sending-limits");
  assert.match(says, /^This account is new \(by its age\): 20 messages an hour \(0 used\), 100 recipients a day/);
  await tell("limit", "set", user, "--messages-per-hour", "3", "--new-recipients-per-day", "2");
  assert.match(await sends(user, ["ann@far.test"]), /^250 /);
  assert.match(await sends(user, ["ann@far.test"]), /^250 /);
  assert.match(
    await sends(user, ["bob@far.test", "cid@far.test"]),
    /^450 4\.7\.28 You may send to 2 recipients never written to before in 24 hours: this message can go at \d\d:\d\d UTC/,
    "two new ones are one too many, and ann is known",
  );

  // By JMAP it is the same count.
  const submit = await submitsByJmap(user, "pw");
  assert.ok((await submit()).created.s);
  const refused = (await submit()).notCreated.s;
  assert.equal(refused.type, "forbiddenToSend");
  assert.match(
    refused.description,
    /You have sent 3 messages within an hour, which is your limit: it goes on at \d\d:\d\d UTC/,
  );
  assert.match(await sends(user, ["ann@far.test"]), /^450 4\.7\.28 You have sent 3 messages within an hour/);

  // The person sees it, and cannot change it; what was refused is in the journey.
  const own = new ApiTalk(origin, { user, password: "pw" });
  const seen = await own.ok("GET", "/accounts/me/sending-limits");
  assert.deepEqual(seen.used, { messagesLastHour: 3, recipientsLastDay: 3, newRecipientsLastDay: 1 });
  await own.no(403, "PATCH", "/accounts/me/sending-limits", { messagesPerHour: 0 });
  const stranger = new ApiTalk(origin, { user: "u2@example.test", password: "pw" });
  await stranger.no(404, "GET", `/accounts/${user}/sending-limits`);

  const afterRestart = await limitsAnAppPassword();
  // Counts are written a moment later, of the account and of the app password.
  await until(() => {
    using database = new DatabaseSync(join(folder, databaseFile), { readOnly: true });
    const rows = database.prepare("SELECT value FROM peers WHERE kind = 'sent-mail'").all();
    const used = rows.map(({ value }) => usedOf(JSON.parse(String(value)) as Sent, Date.now()).messagesLastHour);
    return used.filter((count) => count === 3).length === 2;
  });
  await dev.kill();
  await open();
  const after = await admin.ok("GET", `/accounts/${user}/sending-limits`);
  assert.deepEqual([after.used, after.messagesPerHour, after.class], [seen.used, 3, null]);
  await afterRestart();
  assert.match(await sends(user, ["ann@far.test"]), /^450 4\.7\.28 /);
  const changed = await admin.ok("PATCH", `/accounts/${user}/sending-limits`, {
    class: "trusted",
    messagesPerHour: null,
  });
  assert.deepEqual(changed.holds, {
    messagesPerHour: 300,
    recipientsPerDay: 2000,
    newRecipientsPerDay: 2,
    recipientsPerMessage: 100,
  });
  assert.match(await sends(user, ["ann@far.test"]), /^250 /);
});

test("limits of a domain hold for all its accounts together, and say what its accounts are", async () => {
  await tell("domain", "add", "hosted.test");
  for (const name of ["a", "b"]) await tell("account", "add", `${name}@hosted.test`, "--password", "pw");
  const [a, b] = ["a@hosted.test", "b@hosted.test"];
  await admin.ok("PATCH", "/domains/hosted.test/sending-limits", { class: "normal", messagesPerHour: 2 });
  assert.equal((await admin.ok("GET", `/accounts/${a}/sending-limits`)).holds.messagesPerHour, 100);
  assert.match(await sends(a, ["ann@far.test"]), /^250 /);
  assert.match(await sends(b, ["ann@far.test"]), /^250 /);
  assert.match(
    await sends(a, ["ann@far.test"]),
    /^450 4\.7\.28 All accounts of hosted\.test together have sent 2 messages within an hour, which is their limit: it goes on at/,
  );
  assert.match(await sends("u2@example.test", ["ann@far.test"]), /^250 /);
  assert.deepEqual(await tell("limit", "list"), [
    { kind: "domain", name: "hosted.test", class: "normal", messagesPerHour: 2 },
    { kind: "account", name: "u1@example.test", class: "trusted", newRecipientsPerDay: 2 },
  ]);
  await tell("limit", "set", "hosted.test", "--messages-per-hour", "default");
  assert.match(await sends(a, ["ann@far.test"]), /^250 /);
  const { code, err } = await angarium("limit", "set", "nobody.test", "--class", "normal", "--data", folder);
  assert.deepEqual(
    [code, err.trim()],
    [
      1,
      'angarium: There is no account, domain or tenant "nobody.test" here. See them: angarium account list, domain list, tenant list',
    ],
  );
});

/** The newest letter with this subject, by IMAP, as soon as it is there. */
/** Waits for a letter. Who is frozen is signed out, and comes back with a password that holds. */
async function letterOf(user: string, subject: string): Promise<string> {
  for (;;) {
    try {
      return await lookFor(user, subject);
    } catch (error) {
      if (!/clos|connection|reset/i.test(`${(error as Error).message} ${(error as { code?: string }).code}`))
        throw error;
    }
  }
}
async function lookFor(user: string, subject: string): Promise<string> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: dev.ready.ports["imaps"] ?? 0,
    secure: true,
    auth: { user, pass: "pw" },
    tls: { ca: await readFile(dev.ready.ca, "utf8"), servername: "localhost" },
    logger: false,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.mailboxOpen("INBOX");
    for (;;) {
      const found = await client.search({ subject }, { uid: true });
      const uid = found ? found.at(-1) : undefined;
      if (uid !== undefined) {
        const letter = await client.fetchOne(String(uid), { source: true }, { uid: true });
        return letter === false ? "" : (letter.source?.toString() ?? "");
      }
      await client.noop();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await client.logout();
  }
}

test("too much that is refused holds an account's mail; everybody concerned is told; an administrator lets it go", {
  timeout: 300_000,
}, async () => {
  const user = "u3@example.test";
  assert.match(
    await sends(
      user,
      Array.from({ length: 20 }, (_, n) => `nobody${n}@far.test`),
    ),
    /^250 /,
  );
  const letter = await letterOf(user, "Your mail to others is held");
  assert.match(letter.replace(/=\r?\n/g, ""), /20 of 20 recipients in the last hour were refused for good/);
  // Postmaster is u1.
  const told = await letterOf("u1@example.test", `Mail of ${user} is held`);
  assert.match(told, /angarium limit release u3@example\.test/);

  // What it sends now is taken, and waits.
  const before = sink.taken.length;
  assert.match(await sends(user, ["ann@far.test"], "Braked"), /^250 /);
  const queued = await tell("queue", "list", "--sender", user);
  assert.deepEqual(
    queued.map(({ recipients }: Any) => recipients.map(({ address, state }: Any) => [address, state])),
    [[["ann@far.test", "held"]]],
  );
  const { items } = await admin.ok("GET", "/stopped-senders");
  assert.deepEqual(
    items.map(({ account, kind, why }: Any) => [account, kind, why]),
    [[user, "braked", "20 of 20 recipients in the last hour were refused for good"]],
  );
  const needs = (await admin.ok("GET", "/dashboard")).needs;
  assert.ok(needs.some(({ kind, about }: Any) => kind === "sender" && about === user));
  const own = new ApiTalk(origin, { user, password: "pw" });
  assert.match(
    (await own.ok("GET", "/accounts/me/sending-limits")).stopped,
    /^Your mail to others is held for a look at it/,
  );
  await own.no(403, "POST", `/stopped-senders/${user}/release`, {});
  const entries = await admin.ok("GET", `/audit?target=${user}`);
  assert.ok(entries.items.some(({ action, actor }: Any) => action === "mail held" && actor === "the server"));

  // It is so after kill -9 too.
  await dev.kill();
  await open();
  assert.match(await sends(user, ["bob@far.test"], "Braked too"), /^250 /);
  assert.equal((await tell("limit", "stopped")).length, 1);
  assert.equal(sink.taken.length, before, "nothing of it has gone");
  assert.deepEqual(await tell("limit", "release", user), { name: user, mail: "release", recipients: 2 });
  while (sink.taken.length < before + 2) await sink.next();
  assert.match(await sends(user, ["ann@far.test"], "Free"), /^250 /);
  assert.equal((await tell("limit", "stopped")).length, 0);
});

test("an account that looks stolen is frozen: it reads, sends nothing, is signed out; it is told what was seen", {
  timeout: 300_000,
}, async () => {
  const user = "u4@example.test";
  await tell("limit", "set", user, "--class", "trusted");
  const app = await tell("app-password", "add", user, "phone");
  const wrong = { host: "127.0.0.1", port: dev.ready.ports["submission"] ?? 0, tls: { rejectUnauthorized: false } };
  for (let count = 0; count < 5; count++) {
    const transport = nodemailer.createTransport({ ...wrong, auth: { user, pass: `guess ${count}` } });
    await assert.rejects(transport.verify(), /535|454/);
    transport.close();
  }
  const own = new ApiTalk(origin, { user, password: "pw" });
  const before = await own.ok("GET", "/accounts/me/sending-score");
  assert.deepEqual([before.points, before.freezesAt], [0, 100]);
  // As somebody else; then to many that it never wrote to, of whom a fourth is nobody.
  const transport = nodemailer.createTransport({ ...wrong, auth: { user, pass: "pw" } });
  await assert.rejects(
    transport.sendMail({ from: "u1@example.test", to: "ann@far.test", text: "x" }),
    /5\.7\.1 You may not send as <u1@example\.test>/,
  );
  transport.close();
  const many = Array.from({ length: 60 }, (_, n) => `${n % 4 === 0 ? "nobody" : "some"}${n}@far.test`);
  assert.match(await sends(user, many, "Prize"), /^250 /);

  const letter = (await letterOf(user, "Your account may not send mail for now")).replace(/=\r?\n/g, "");
  for (const said of [
    /25 % of 60 recipients were refused for good within an hour \(40\)/,
    /100 % of 60 recipients it had never written to before \(30\)/,
    /It tried to write as somebody else \(once\) \(25\)/,
    /A mail program sent after 5 wrong passwords within an hour \(20\)/,
    /You can read your mail as before, but send nothing/,
  ])
    assert.match(letter, said);
  assert.match(await letterOf("u1@example.test", `${user} may not send: it looks stolen`), /angarium limit release/);
  assert.match(
    await sends(user, ["ann@far.test"]),
    /^550 5\.7\.1 This account may not send for now, because it looks as if/,
  );
  const jmap = await new JmapTalk(origin, user, "pw").open();
  const { list } = await jmap.call("Identity/get", {});
  const { ids } = await jmap.call("Email/query", {});
  const refused = await jmap.call("EmailSubmission/set", {
    create: {
      s: {
        identityId: list[0].id,
        emailId: ids[0],
        envelope: { mailFrom: { email: user }, rcptTo: [{ email: "ann@far.test" }] },
      },
    },
  });
  assert.match(JSON.stringify(refused.notCreated.s), /may not (?:send|write)/);
  assert.deepEqual(await tell("app-password", "list", user), [], `${app.label} is withdrawn`);
  const [found] = (await admin.ok("GET", "/stopped-senders")).items;
  assert.deepEqual([found.account, found.kind], [user, "frozen"]);
  assert.deepEqual(
    found.signals.map(({ signal, points }: Any) => `${signal} ${points}`),
    ["refused 40", "strangers 30", "forged 25", "failed-logins 20"],
  );

  assert.equal((await admin.ok("POST", `/stopped-senders/${user}/release`, { mail: "delete" })).recipients, 0);
  assert.equal((await own.ok("GET", "/accounts/me/sending-score")).points, 0);
  assert.match(await sends(user, ["ann@far.test"], "Mine again"), /^250 /);

  // By hand.
  await admin.no(422, "POST", "/stopped-senders", { account: "nobody@example.test", why: "spam" });
  await own.no(403, "POST", "/stopped-senders", { account: user, why: "spam" });
  const by = await admin.ok("POST", "/stopped-senders", { account: user, why: "swindles." });
  assert.deepEqual([by.account, by.kind, by.why, by.signals], [user, "frozen", "swindles", []]);
  await admin.no(409, "POST", "/stopped-senders", { account: user, why: "swindles" });
  assert.match(
    await sends(user, ["ann@far.test"]),
    /^550 5\.7\.1 An administrator has stopped what this account sends: swindles\./,
  );
  await tell("limit", "release", user);
});

test("what else speaks for wrong hands is seen: complaints of people here, answers elsewhere, a rule that forwards", {
  timeout: 300_000,
}, async () => {
  const [user, other] = ["u5@example.test", "u6@example.test"];
  await tell("limit", "set", user, "--class", "trusted");
  const points = async (): Promise<readonly string[]> =>
    (await admin.ok("GET", `/accounts/${user}/sending-score`)).signals.map(
      ({ signal, points: count }: Any) => `${signal} ${count}`,
    );
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port: dev.ready.ports["submission"] ?? 0,
    auth: { user, pass: "pw" },
    tls: { rejectUnauthorized: false },
  });
  for (let count = 0; count < 5; count++)
    await transport.sendMail({ from: user, to: other, replyTo: "u5.example@gmail.com", subject: "Offer", text: "x" });
  transport.close();
  assert.deepEqual(await points(), ["answers-elsewhere 15"]);

  const client = new ImapFlow({
    host: "127.0.0.1",
    port: dev.ready.ports["imaps"] ?? 0,
    secure: true,
    auth: { user: other, pass: "pw" },
    tls: { ca: await readFile(dev.ready.ca, "utf8"), servername: "localhost" },
    logger: false,
  });
  await client.connect();
  await client.mailboxOpen("INBOX");
  await client.messageMove("1", "Junk");
  await until(async () => (await points()).includes("complaints 20"));
  await client.logout();

  const script = join(folder, "forward.sieve");
  await writeFile(script, 'require ["copy"];\nredirect :copy "me@elsewhere.test";\n');
  await tell("sieve", "put", "forward", script, "--account", user);
  await tell("sieve", "activate", "forward", "--account", user);
  const many = Array.from({ length: 55 }, (_, n) => `some${n}@far.test`);
  assert.match(await sends(user, many, "Offer"), /^250 /);
  const letter = (await letterOf(user, "Your account may not send mail for now")).replace(/=\r?\n/g, "");
  for (const said of [
    /A rule that forwards its mail was made in the last 24 hours, and it wrote to many at once \(40\)/,
    /93 % of 60 recipients it had never written to before \(30\)/,
    /Somebody complained of its mail \(20\)/,
    /Answers to 5 messages go to a mailbox at a free provider \(15\)/,
  ])
    assert.match(letter, said);
});

test("mail is brought from a server of a private network only where the command line says so", async () => {
  const port = String(dev.ready.ports["imaps"]);
  const words = ["import", "imap", "u1@example.test", "--host", "127.0.0.1", "--port", port, "--any-certificate"];
  const from = [...words, "--user", "u2@example.test", "--password", "pw"];
  const refused = await angarium(...from, "--keep", "1h", "--data", dev.ready.data);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /an address of a private network\. If it is a server of your own, say --private\./);
  assert.deepEqual(await tell("import", "list"), [], "nothing is kept that would be refused again and again");
  assert.equal(typeof (await tell(...from, "--private")).added, "number");
});

test("fifty letters that say the same, and five that the filter calls spam, speak against an account", async () => {
  const user = "u2@example.test";
  await tell("limit", "set", user, "--class", "trusted");
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port: dev.ready.ports["submission"] ?? 0,
    auth: { user, pass: "pw" },
    tls: { rejectUnauthorized: false },
    pool: true,
    maxConnections: 1,
  });
  const sent = { from: user, to: "ann@far.test", subject: "For you" };
  const text = "Your order of today is on its way to you, and the driver will be there between nine and noon. ".repeat(
    4,
  );
  const letter = (count: number): string => `Dear customer ${count}, ${text}`;
  for (let count = 0; count < 50; count++) await transport.sendMail({ ...sent, text: letter(count) });
  const score = async (): Promise<Any> => admin.ok("GET", `/accounts/${user}/sending-score`);
  assert.deepEqual(
    (await score()).signals.map(({ says, points }: Any) => [says, points]),
    [["50 messages said almost the same", 25]],
  );
  const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
  for (let count = 0; count < 5; count++) await transport.sendMail({ ...sent, text: `${gtube}\n` });
  transport.close();
  const { points, signals } = await score();
  assert.equal(points, 65);
  assert.deepEqual(signals[0], { says: "The filter called 5 of its messages spam", points: 40, signal: "spam" });
});
