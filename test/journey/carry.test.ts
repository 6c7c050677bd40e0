/** In and out: an account comes over from another server by IMAP, from files, and from an export, message for message. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { fromWords } from "../../server/admin/arguments.ts";
import { commandOf } from "../../server/admin/commands.ts";
import { runCommand } from "../../server/admin/control.ts";
import { ApiTalk } from "../api-talk.ts";
import { angarium, type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";

let here: DevProcess;
let there: DevProcess;
before(async () => {
  [here, there] = await Promise.all([
    startDev(["--users", "6", "--cleartext-auth"]),
    startDev(["--users", "3", "--cleartext-auth", "--domain", "there.test"]),
  ]);
});
after(() => Promise.all([here.stop(), there.stop()]));

type Json = { readonly [name: string]: unknown };
/** A command as it is typed, run in this process: a command line takes half a second to start, and some are typed below. */
async function run(server: DevProcess, ...words: string[]): Promise<Json & Json[]> {
  const { command, rest } = commandOf(words)!;
  const read = fromWords(command, rest);
  assert.ok(read.kind === "given", `${words.join(" ")}: ${JSON.stringify(read)}`);
  const outcome = await runCommand(server.ready.data, command.name, read.given, () => assert.fail("nobody runs"));
  assert.ok(outcome.kind === "done", `${words.join(" ")}: ${JSON.stringify(outcome)}`);
  return JSON.parse(JSON.stringify(outcome.result)) as Json & Json[];
}

async function imap<T>(server: DevProcess, user: string, work: (client: ImapFlow) => Promise<T>): Promise<T> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: server.ready.ports["imap"]!,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass: "pw" },
    logger: false,
  });
  // What breaks is told to who waits for an answer.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.logout();
  }
}

/** How many messages are in an inbox. */
const inboxOf = (server: DevProcess, user: string): Promise<number> =>
  imap(server, user, async (client) => {
    const status = await client.status("INBOX", { messages: true });
    return status === false ? 0 : (status.messages ?? 0);
  });

const text = (n: number | string, more = "") =>
  Buffer.from(`From: a@b.test\r\nSubject: Letter ${n}\r\nMessage-ID: <${n}@b.test>\r\n\r\nFrom here, ${n}\r\n${more}`);

/** Every message with all that a person sees of it, in an order of its own. */
function all(server: DevProcess, user: string): Promise<readonly string[]> {
  return imap(server, user, async (client) => {
    const found: string[] = [];
    for (const { path, flags } of await client.list()) {
      if (flags.has("\\Noselect") || flags.has("\\NonExistent")) continue;
      const lock = await client.getMailboxLock(path);
      try {
        if ((client.mailbox as { exists: number }).exists === 0) continue;
        const wanted = { flags: true, internalDate: true, source: true, uid: true } as const;
        for await (const { flags, internalDate, source } of client.fetch("1:*", wanted)) {
          const hash = createHash("sha256").update(source!).digest("hex").slice(0, 12);
          const at = new Date(internalDate!).toISOString();
          found.push(
            [
              path,
              hash,
              at,
              [...(flags ?? [])]
                .filter((flag) => flag !== "\\Recent")
                .sort()
                .join(" "),
            ].join(" | "),
          );
        }
      } finally {
        lock.release();
      }
    }
    return found.sort();
  });
}

async function fill(server: DevProcess, user: string): Promise<void> {
  await imap(server, user, async (client) => {
    await client.mailboxCreate("Work/2024.q1/Ünïted");
    for (let n = 0; n < 120; n++)
      await client.append(
        "INBOX",
        text(n),
        n % 2 ? ["\\Seen"] : ["\\Flagged", "$Forwarded"],
        new Date(2024, 0, 1 + (n % 28), 5, 6, 7),
      );
    await client.append("INBOX", text(0), [], new Date(2023, 5, 5));
    await client.append("Sent", text("sent"), ["\\Seen", "\\Answered"], new Date(2022, 2, 2));
    await client.append(
      "Work/2024.q1/Ünïted",
      text("deep", "bytes \x00\xff\n bare\n no end"),
      ["Label1", "\\Draft"],
      new Date(2021, 1, 1),
    );
    await client.append(
      "Work/2024.q1/Ünïted",
      text("big", "x".repeat(76).concat("\r\n").repeat(4000)),
      [],
      new Date(2021, 1, 2),
    );
  });
}

const from = (user: string) => [
  ...["--host", "127.0.0.1", "--port", String(there.ready.ports["imap"]), "--tls", "none"],
  ...["--user", user, "--password", "pw"],
];

test("by IMAP: folders, flags and dates; again brings nothing; what is new and what has changed follows", async () => {
  const [source = ""] = there.ready.users;
  const [to = ""] = here.ready.users;
  await fill(there, source);
  const first = await run(here, "import", "imap", to, ...from(source), "--keep", "1h");
  assert.deepEqual([first["added"], first["known"], first["left"]], [124, 0, []]);
  assert.deepEqual(await all(here, to), await all(there, source));

  await imap(there, source, async (client) => {
    await client.append("Sent", text("later"), ["\\Seen"], new Date(2024, 5, 5));
    await client.mailboxOpen("INBOX");
    await client.messageFlagsAdd("1:3", ["\\Answered"]);
  });
  const second = await run(here, "import", "run", String(first["id"]));
  assert.deepEqual([second["added"], second["known"]], [1, 124]);
  assert.deepEqual(await all(here, to), await all(there, source));
  // Another import of the same, after the folder was made anew there: its messages are known by their bytes.
  await imap(there, source, async (client) => {
    await client.mailboxRename("Work/2024.q1/Ünïted", "Aside");
    await client.mailboxCreate("Work/2024.q1/Ünïted");
    await client.mailboxOpen("Aside");
    await client.messageMove("1:*", "Work/2024.q1/Ünïted");
    await client.mailboxClose();
    await client.mailboxDelete("Aside");
  });
  const third = await run(here, "import", "imap", to, ...from(source));
  assert.equal(third["added"], 0);
  assert.deepEqual(await all(here, to), await all(there, source));
  const listed = await run(here, "import", "list");
  assert.deepEqual(
    listed.map(({ state }) => state),
    ["waiting", "done"],
  );
  assert.ok(!JSON.stringify(listed).includes('"pw"'));
  await run(here, "import", "remove", String(first["id"]));
});

test("an import that is cut off by kill -9 goes on by itself, and doubles nothing", { timeout: 300_000 }, async (t) => {
  const data = await temporaryFolder(t);
  const [source = ""] = there.ready.users.slice(1);
  await imap(there, source, async (client) => {
    for (let n = 0; n < 40; n++) await client.append("INBOX", text(`k${n}`, "y".repeat(300_000)), []);
  });
  const args = ["--users", "1", "--cleartext-auth", "--data", data];
  let server = await startDev(args);
  const user = server.ready.users[0]!;
  const count = () => inboxOf(server, user);
  const importing = angarium("import", "imap", user, ...from(source), "--keep", "1m", "--data", data);
  while ((await count()) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await server.kill();
  await importing;
  server = await startDev(args);
  t.after(() => server.stop());
  const [{ id } = { id: 0 }] = await run(server, "import", "list");
  await run(server, "import", "run", String(id));
  assert.equal(await count(), 40);
});

test("wrong names and passwords are sentences", async () => {
  const [to = ""] = here.ready.users;
  const wrong = await angarium(
    ...["import", "imap", to, "--host", "127.0.0.1", "--port", String(there.ready.ports["imap"]), "--tls", "none"],
    ...["--user", there.ready.users[0]!, "--password", "wrong", "--data", here.ready.data],
  );
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /refuses the name or the password/);
  // With the right one it goes on as the same import: by command, and by the API.
  const listed = (await run(here, "import", "list", "--account", to)) as unknown as { id: number; state: string }[];
  const failed = listed.findLast(({ state }) => state === "failed");
  const again = await run(here, "import", "run", String(failed?.id), "--password", "pw");
  assert.deepEqual([again["id"], again["left"]], [failed?.id, []]);
  const api = new ApiTalk(`http://127.0.0.1:${here.ready.ports["http"]}`, { user: to, password: "pw" });
  await api.no(409, "POST", `/imports/${failed?.id}/run`);
  assert.equal((await api.ok("POST", `/imports/${failed?.id}/run`, { password: "pw" })).state, "running");
  const state = async () => (await api.ok("GET", `/imports/${failed?.id}`)).state;
  for (let tries = 0; (await state()) !== "done" && tries < 1200; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await state(), "done");
  const nobody = await angarium(
    "import",
    "imap",
    to,
    "--host",
    "127.0.0.1",
    "--port",
    "1",
    "--password",
    "x",
    "--data",
    here.ready.data,
  );
  assert.match(nobody.err, /cannot be reached/);
  const missing = await angarium("import", "files", to, "/nowhere/at/all", "--data", here.ready.data);
  assert.match(missing.err, /There is nothing at/);
});

for (const format of ["maildir", "mbox", "json"])
  test(`an export (${format}) comes into another server, equal message for message`, async (t) => {
    const folder = await temporaryFolder(t);
    const user = here.ready.users[{ maildir: 1, mbox: 2, json: 3 }[format] ?? 0]!;
    await fill(here, user);
    await writeFile(
      join(folder, "mine.sieve"),
      'require "fileinto"; if header :contains "subject" "x" { fileinto "Work"; }\n',
    );
    await run(here, "sieve", "put", "mine", join(folder, "mine.sieve"), "--account", user);
    const exported = await run(here, "export", user, "--to", join(folder, "out"), "--format", format, "--passwords");
    assert.ok(Number(exported["messages"]) >= 123);
    const again = await angarium("export", user, "--to", join(folder, "out"), "--data", here.ready.data);
    assert.match(again.err, /is there already/);
    await run(there, "domain", "add", "example.test").catch(() => {});
    const imported = await run(there, "import", "account", join(folder, "out", user));
    assert.deepEqual([imported["created"], imported["added"], imported["left"]], [true, exported["messages"], []]);
    assert.deepEqual(await all(there, user), await all(here, user));
    const scripts = await run(there, "sieve", "list", "--account", user);
    assert.equal(scripts[0]?.["name"], "mine");
    const twice = await run(there, "import", "account", join(folder, "out", user));
    assert.deepEqual([twice["created"], twice["added"]], [false, 0]);
    assert.deepEqual(await all(there, user), await all(here, user));
  });

test("files of other programs: mbox with marks, Maildir with keywords, single messages; twice is once", async (t) => {
  const folder = await temporaryFolder(t);
  const user = here.ready.users[4]!;
  await mkdir(join(folder, "md", "cur"), { recursive: true });
  await mkdir(join(folder, "md", "new"), { recursive: true });
  await mkdir(join(folder, "md", ".Sent Items", "cur"), { recursive: true });
  await mkdir(join(folder, "md", ".Sent Items", "new"), { recursive: true });
  await writeFile(join(folder, "md", "dovecot-keywords"), "0 $Forwarded\n1 Work\n");
  await writeFile(join(folder, "md", "cur", "1700000000.M1.host:2,FSb"), "A: b\n\nmaildir\n");
  await writeFile(join(folder, "md", "new", "1700000001.M2.host"), "A: b\n\nnew\n");
  await writeFile(join(folder, "md", ".Sent Items", "cur", "1700000002.M3.host:2,S"), "A: b\n\nsent\n");
  await writeFile(
    join(folder, "Old.mbox"),
    "From a@b Sat Feb  3 04:05:06 2024\nStatus: RO\nX-Status: AF\nX-Keywords: Work\nSubject: m\n\n>From here\n\n",
  );
  const takeout = "All mail Including Spam and Trash.mbox";
  await writeFile(
    join(folder, takeout),
    "From 17@xxx Sat Feb  3 04:05:06 +0000 2024\nX-GM-THRID: 17\nX-Gmail-Labels: Starred,Boats,Boats/Red,Opened\nSubject: g\n\nlabelled\n\n",
  );
  await writeFile(join(folder, "one.eml"), "Date: Sat, 3 Feb 2024 04:05:06 +0000\nSubject: e\n\neml\n");
  await writeFile(join(folder, "junk.eml"), "no header at all\n");
  const paths = ["md", "Old.mbox", takeout, "one.eml", "junk.eml"].map((name) => join(folder, name));
  const first = await run(here, "import", "files", user, ...paths);
  assert.equal(first["added"], 7);
  assert.match(String(first["left"]), /junk\.eml is no message/);
  const found = (await all(here, user)).map((line) => line.replace(/ \| [0-9a-f]{12}/, ""));
  assert.deepEqual(
    found.filter((line) => !/^(?:INBOX|Sent) \| 20\d\d-\d\d-\d\dT/.test(line)),
    [
      "Boats | 2024-02-03T04:05:06.000Z | \\Flagged \\Seen",
      "Boats/Red | 2024-02-03T04:05:06.000Z | \\Flagged \\Seen",
      "Old | 2024-02-03T04:05:06.000Z | Work \\Answered \\Flagged \\Seen",
    ],
  );
  assert.ok(found.some((line) => /^INBOX .*Work \\Flagged \\Seen$/.test(line)));
  assert.ok(found.some((line) => /^INBOX \| 2024-02-03T04:05:06/.test(line)));
  assert.ok(found.some((line) => line.startsWith("Sent | ")));
  assert.deepEqual([(await run(here, "import", "files", user, ...paths))["added"]], [0]);
});

test("an export of a domain is a folder for each account; the files are for other programs too", async (t) => {
  const folder = await temporaryFolder(t);
  await run(here, "export", here.ready.domain, "--to", folder, "--format", "mbox");
  const names = await readdir(folder);
  assert.equal(names.filter((name) => name.includes("@")).length, 7);
  assert.deepEqual(
    names.filter((name) => !name.includes("@")),
    [`${here.ready.domain}.json`],
  );
  const file = await readFile(join(folder, here.ready.users[0]!, "mbox", "INBOX.mbox"), "latin1");
  assert.match(file, /^From MAILER-DAEMON \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\nX-Angarium-Marks: /);
  assert.match(file, /\n>From here, /);
});

/** An archive by the API: packed, sent in pieces, brought in. */
async function byApi(server: DevProcess, folder: string): Promise<Json> {
  const origin = `http://127.0.0.1:${server.ready.ports["http"]}`;
  const admin = new ApiTalk(origin, server.ready.admin);
  execFileSync("tar", ["-cf", `${folder}.tar`, "-C", dirname(folder), basename(folder)]);
  const bytes = await readFile(`${folder}.tar`);
  await admin.no(409, "POST", "/archives", { sizeBytes: 3 * 1024 ** 4 });
  const { id } = await admin.ok("POST", "/archives", { sizeBytes: bytes.length });
  const send = async (piece: Buffer, from?: number): Promise<readonly [number, Json]> => {
    const url = `${origin}/api/v1/archives/${id}/bytes${from === undefined ? "" : `?from=${from}`}`;
    const answer = await fetch(url, { method: "PUT", headers: admin.headers, body: piece });
    return [answer.status, (await answer.json()) as Json];
  };
  const half = 2_000_001;
  assert.deepEqual((await send(bytes.subarray(0, half)))[1]["receivedBytes"], half);
  await admin.no(409, "POST", `/archives/${id}/import`);
  const [gap, { detail }] = await send(bytes.subarray(half + 1), half + 1);
  assert.deepEqual([gap, detail], [409, `${half} bytes are here: go on with from=${half}.`]);
  assert.equal((await send(Buffer.concat([bytes.subarray(half), Buffer.alloc(9)]), half))[0], 413);
  assert.deepEqual((await send(bytes.subarray(half), half))[1]["state"], "received");
  let shown = await admin.ok("POST", `/archives/${id}/import`);
  for (; shown.state === "running"; shown = await admin.ok("GET", `/archives/${id}`))
    await new Promise((resolve) => setTimeout(resolve, 20));
  await admin.ok("DELETE", `/archives/${id}`);
  await admin.no(404, "GET", `/archives/${id}`);
  return shown;
}

test("people bring files of mail into their own account by the API, and into no other's", async (t) => {
  const folder = await temporaryFolder(t);
  const origin = `http://127.0.0.1:${there.ready.ports["http"]}`;
  const [user, other] = there.ready.users as [string, string];
  const talk = new ApiTalk(origin, { user, password: "pw" });
  const send = async (bytes: Buffer, about: Json, who = talk): Promise<Json> => {
    const { id } = await who.ok("POST", "/archives", { sizeBytes: bytes.length, ...about });
    const url = `${origin}/api/v1/archives/${id}/bytes`;
    assert.equal((await fetch(url, { method: "PUT", headers: who.headers, body: new Uint8Array(bytes) })).status, 200);
    let shown = await who.ok("POST", `/archives/${id}/import`);
    for (; shown.state === "running"; shown = await who.ok("GET", `/archives/${id}`))
      await new Promise((resolve) => setTimeout(resolve, 10));
    await new ApiTalk(origin, { user: other, password: "pw" }).no(404, "GET", `/archives/${id}`);
    await who.ok("DELETE", `/archives/${id}`);
    return shown;
  };
  const counts = ({ state, added, known, left }: Json) => [state, added, known, (left as string[]).length];
  const mbox = Buffer.from(
    [1, 2].map((n) => `From a\n${String(text(n)).replace("From here", ">From here")}\n`).join(""),
  );
  assert.deepEqual(counts(await send(mbox, { account: "me", name: "Kept.mbox" })), ["done", 2, 0, 0]);
  assert.deepEqual(counts(await send(mbox, { account: user, name: "Kept.mbox" })), ["done", 0, 2, 0]);
  assert.deepEqual(counts(await send(text(3), { account: "me", name: "a.eml", folder: "Kept" })), ["done", 1, 0, 0]);

  const root = join(folder, "Takeout");
  for (const part of ["cur", "new", "tmp"]) await mkdir(join(root, "Mails", part), { recursive: true });
  await writeFile(join(root, "Mails", "cur", "1.a:2,S"), text(4));
  await writeFile(join(root, "note.eml"), "no header here");
  execFileSync("tar", ["-czf", `${root}.tgz`, "-C", folder, "Takeout"]);
  const packed = await send(await readFile(`${root}.tgz`), { account: "me", name: "Takeout.tgz" });
  assert.deepEqual(packed["left"], ["Takeout/note.eml is no message: it does not begin with a header."]);
  assert.equal(packed["added"], 1);
  const nothing = await send(Buffer.from("%PDF-1.7 nothing to read"), { account: "me", name: "x.pdf" });
  assert.deepEqual(counts(nothing), ["done", 0, 0, 1]);

  await talk.no(403, "POST", "/archives", { sizeBytes: 9 });
  await talk.no(422, "POST", "/archives", { sizeBytes: 9, account: other });
  const admin = new ApiTalk(origin, there.ready.admin);
  await admin.no(422, "POST", "/archives", { sizeBytes: 9, folder: "INBOX" });
  assert.deepEqual(counts(await send(text(5), { account: other, name: "b.eml" }, admin)), ["done", 1, 0, 0]);
  const names = (await all(there, user)).filter((one) => /Kept|Mails/.test(one)).map((one) => one.split(" ")[0]);
  assert.deepEqual(names, ["Kept", "Kept", "Kept", "Mails"]);

  // What was exported under another name comes too; of several accounts only one's own.
  const [old, out] = ["old@there.test", join(folder, "out")];
  await run(there, "account", "add", old, "--password", "pw");
  await imap(there, old, (client) => client.append("INBOX", text(6), ["$Six"]));
  await run(there, "export", old, "--to", out);
  const pack = async (): Promise<Buffer> => {
    execFileSync("tar", ["-cf", `${out}.tar`, "-C", out, "."]);
    return readFile(`${out}.tar`);
  };
  assert.deepEqual(counts(await send(await pack(), { account: "me" })), ["done", 1, 0, 0]);
  assert.deepEqual(
    (await all(there, user)).filter((one) => one.endsWith("$Six")).map((one) => one.split(" ")[0]),
    ["INBOX"],
  );
  await run(there, "export", other, "--to", out);
  const several = await send(await pack(), { account: "me" });
  assert.match(String(several["problem"]), /^This export is of old@there\.test, u2@there\.test, not of u1/);
});

test("a whole tenant comes into an empty server, killed half way: equal message for message, and nothing twice", {
  timeout: 300_000,
}, async (t) => {
  const folder = await temporaryFolder(t);
  const out = join(folder, "out");
  await run(here, "tenant", "add", "acme", "--display-name", "Acme Inc", "--max-accounts", "9");
  await run(here, "domain", "add", "full.test", "--subaddress-separator", "=");
  await run(here, "domain", "give", "full.test", "acme");
  const [ann, bob] = ["ann@full.test", "bob@full.test"];
  for (const name of [ann, bob]) await run(here, "account", "add", name, "--password", "pw", "--quota", "1G");
  await fill(here, ann);
  await imap(here, bob, async (client) => {
    for (let n = 0; n < 30; n++) await client.append("INBOX", text(`b${n}`, "z".repeat(200_000)), []);
    await client.mailboxRename("Archive", "Ablage");
    await client.mailboxDelete("Junk").catch(() => {});
  });
  await writeFile(join(folder, "mine.sieve"), 'require "fileinto"; if false { fileinto "Work"; }\n');
  await run(here, "sieve", "put", "mine", join(folder, "mine.sieve"), "--account", ann);
  await run(here, "sieve", "activate", "mine", "--account", ann);
  await run(here, "alias", "add", "info@full.test", ann, "far@else.test", "--on-behalf", bob);
  await run(here, "group", "add", "all@full.test", ann, bob, "--display-name", "All", "--posting", "members");
  await run(here, "list", "add", "news@full.test", "--display-name", "News");
  await run(here, "list-member", "add", "news@full.test", "reader@else.test", bob);
  await run(here, "masked", "add", bob, "shop");
  await run(here, "share", "add", bob, ann, "--rights", "write", "--send-as");
  await run(here, "filter", "block", ann, "bad@else.test");
  await run(here, "administrator", "add", ann, "--tenant", "acme");
  await run(here, "export", "--tenant", "acme", "--to", out, "--passwords");

  const args = ["--users", "0", "--cleartext-auth", "--domain", "empty.test", "--data", join(folder, "data")];
  let fresh = await startDev(args);
  const importing = angarium("import", "domain", out, "--data", fresh.ready.data, "--json");
  // The account itself has to come first.
  while ((await inboxOf(fresh, ann).catch(() => 0)) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await fresh.kill();
  await importing;
  fresh = await startDev(args);
  t.after(() => fresh.stop());
  const second = await byApi(fresh, out);
  assert.deepEqual([second["state"], second["left"], Number(second["added"]) > 0], ["done", [], true]);
  assert.equal(Number(second["added"]) + Number(second["known"]), 124 + 30);
  const third = await run(fresh, "import", "domain", out);
  assert.deepEqual([third["added"], third["known"], third["left"]], [0, 154, []]);

  for (const name of [ann, bob]) assert.deepEqual(await all(fresh, name), await all(here, name));
  // What one form has brought, the others know: to the byte, or it would come again.
  for (const format of ["mbox", "json"]) {
    const other = join(folder, format);
    await run(here, "export", "--tenant", "acme", "--to", other, "--format", format, "--passwords");
    const again = await run(fresh, "import", "domain", other);
    assert.deepEqual([again["added"], again["known"], again["left"]], [0, 154, []], format);
  }
  const shown = async (...words: string[]) => {
    const strip = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (key, part) =>
          ["id", "createdAt", "created", "changed", "since"].includes(key) ? undefined : part,
        ),
      );
    const [mine, theirs] = await Promise.all([run(fresh, ...words), run(here, ...words)]);
    assert.deepEqual(strip(mine), strip(theirs), words.join(" "));
  };
  for (const words of [
    ["domain", "dkim", "records", "full.test"],
    ["alias", "list", "--domain", "full.test"],
    ["list", "show", "news@full.test"],
    ["share", "list", bob],
    ["sieve", "list", "--account", ann],
    ["filter", "show", ann],
    ["account", "show", ann],
    ["tenant", "show", "acme"],
  ])
    await shown(...words);
});
