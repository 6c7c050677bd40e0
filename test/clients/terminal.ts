/** Programs of the terminal that send, fetch and synchronise mail, each with the settings its manual gives. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import type { Ready } from "../dev-process.ts";
import { smtpSend } from "../smtp-send.ts";

/** Does its work in a folder of its own and says in words what it did; throws where something was not as it has to be. */
type Client = (home: string, ready: Ready) => Promise<string>;

export const terminalClients: readonly (readonly [string, Client])[] = [
  ["swaks", swaks],
  ["msmtp", msmtp],
  ["s-nail", nail],
  ["curl", curl],
  ["mutt", mutt],
  ["mbsync", mbsync],
  ["offlineimap", offlineimap],
  ["fetchmail", fetchmail],
  ["getmail", getmail],
  ["mpop", mpop],
  ["interimap", interimap],
  ["sieve-connect", sieveConnect],
];

async function swaks(_home: string, ready: Ready): Promise<string> {
  const [one, two] = people(ready);
  const login = ["--from", one, "--auth-user", one, "--auth-password", ready.password];
  const far = ["--from", "far@far.test"];
  const give = (service: string, subject: string, ...how: readonly string[]): Promise<unknown> =>
    run("swaks", [
      "--server",
      "127.0.0.1",
      "--port",
      String(ready.ports[service]),
      "--to",
      two,
      ...how,
      "--h-Subject",
      subject,
    ]);
  await give("smtp", "swaks in", ...far);
  await give("submission", "swaks 587", ...login, "-tls", "--auth", "PLAIN");
  await give("submissions", "swaks 465", ...login, "-tlsc", "--auth", "LOGIN");
  await give("lmtp", "swaks LMTP", ...far, "--protocol", "LMTP");
  await arrived(ready, two, "swaks in", "swaks 587", "swaks 465", "swaks LMTP");
  return "port 25, 587 with STARTTLS and PLAIN, 465 with LOGIN, LMTP";
}

async function msmtp(home: string, ready: Ready): Promise<string> {
  const [one, two] = people(ready);
  await mkdir(home, { recursive: true });
  const said: string[] = [];
  for (const [auth, tls] of [
    ["scram-sha-256", "tls_starttls on"],
    ["plain", "tls_starttls off"],
  ] as const) {
    const settings = join(home, "msmtprc");
    const port = ready.ports[tls.endsWith("on") ? "submission" : "submissions"];
    await writeFile(
      settings,
      `account default\nhost localhost\nport ${port}\nfrom ${one}\nauth ${auth}\nuser ${one}\npassword ${ready.password}\ntls on\n${tls}\ntls_trust_file ${ready.ca}\n`,
      { mode: 0o600 },
    );
    await run("msmtp", ["-C", settings, two], {
      input: `From: ${one}\nTo: ${two}\nSubject: msmtp ${auth}\n\nHello.\n`,
    });
    said.push(auth);
  }
  await arrived(ready, two, "msmtp scram-sha-256", "msmtp plain");
  return `sends with ${said.join(" and ")}, the certificate checked`;
}

async function nail(home: string, ready: Ready): Promise<string> {
  const [one, two] = people(ready);
  await mkdir(home, { recursive: true });
  const settings = join(home, "rc");
  const url = `${encodeURIComponent(one)}:${ready.password}@localhost`;
  await writeFile(
    settings,
    `set v15-compat\nset tls-ca-no-defaults tls-ca-file=${ready.ca}\nset mta=smtps://${url}:${ready.ports["submissions"]}\nset smtp-auth=plain from=${one}\n`,
  );
  await run("s-nail", ["-:/", "-Sexpandaddr", "-X", `source ${settings}`, "-s", "s-nail sends", two], {
    input: "Hello.\n",
    home,
  });
  await arrived(ready, two, "s-nail sends");
  const { out } = await run(
    "s-nail",
    [
      "-:/",
      "-X",
      `source ${settings}`,
      "-H",
      "-f",
      `pop3s://${encodeURIComponent(two)}:${ready.password}@localhost:${ready.ports["pop3s"]}`,
    ],
    { home },
  );
  assert.match(out, /s-nail sends/);
  return "sends over 465, lists a POP3 mailbox";
}

async function curl(home: string, ready: Ready): Promise<string> {
  const [one, two] = people(ready);
  await mkdir(home, { recursive: true });
  const letter = join(home, "letter");
  await writeFile(letter, `From: ${one}\r\nTo: ${two}\r\nSubject: curl sends\r\n\r\nHello.\r\n`);
  const as = (user: string): string[] => ["-sS", "--cacert", ready.ca, "-u", `${user}:${ready.password}`];
  const { ports } = ready;
  await run("curl", [
    ...as(one),
    `smtps://localhost:${ports["submissions"]}`,
    "--mail-from",
    one,
    "--mail-rcpt",
    two,
    "-T",
    letter,
  ]);
  await arrived(ready, two, "curl sends");
  const list = await run("curl", [...as(two), `imaps://localhost:${ports["imaps"]}/`]);
  assert.match(list.out, /\\Sent\) "\/" Sent/);
  const search = await run("curl", [...as(two), `imaps://localhost:${ports["imaps"]}/INBOX?SUBJECT%20curl`]);
  const number = /SEARCH (\d+)/.exec(search.out)?.[1];
  const fetched = await run("curl", [
    ...as(two),
    `imap://localhost:${ports["imap"]}/INBOX;MAILINDEX=${number}`,
    "--ssl-reqd",
  ]);
  assert.match(fetched.out, /Subject: curl sends/);
  const popped = await run("curl", [...as(two), `pop3s://localhost:${ports["pop3s"]}/1`]);
  assert.match(popped.out, /^Subject: /m);
  return "sends; lists, searches and fetches by IMAP (implicit TLS and STARTTLS); fetches by POP3";
}

async function mutt(home: string, ready: Ready): Promise<string> {
  const [one, two] = people(ready);
  await mkdir(home, { recursive: true });
  const settings = join(home, "muttrc");
  const { ports, password, ca } = ready;
  await writeFile(
    settings,
    `set from="${one}" realname="User One" use_from=yes ssl_force_tls=yes certificate_file="${ca}"
set imap_user="${one}" imap_pass="${password}" imap_authenticators="scram-sha-256:plain"
set folder="imaps://localhost:${ports["imaps"]}/" spoolfile="+INBOX" record="+Sent" postponed="+Drafts" trash="+Trash"
set smtp_url="smtps://${one.replace("@", "%40")}@localhost:${ports["submissions"]}/" smtp_pass="${password}" smtp_authenticators="scram-sha-256:plain"
set header_cache="${home}/cache" message_cachedir="${home}/bodies" confirmappend=no delete=yes quit=yes move=no mark_old=no wait_key=no
set imap_idle=yes imap_condstore=yes imap_qresync=yes
`,
  );
  const attachment = join(home, "note.txt");
  await writeFile(attachment, "A note.\n");
  await run("mutt", ["-F", settings, "-s", "mutt sends", "-a", attachment, "--", two], { input: "Grüße\n", home });
  await arrived(ready, two, "mutt sends");
  await arrived(ready, one, ["Sent", "mutt sends"]);
  await smtpSend(ready, undefined, [one], { subject: "For mutt", text: "Read me.\n" });
  await arrived(ready, one, "For mutt");
  const keep = join(home, "read");
  const keys = `<last-entry><pipe-message>cat >${keep}<enter><flag-message><save-message>=Archive<enter><sync-mailbox><quit>`;
  await run("script", ["-qec", `mutt -F ${settings} -e "push '${keys}'"`, "/dev/null"], { home, open: true });
  assert.match(await readFile(keep, "utf8"), /Read me\./);
  const flags = await arrived(ready, one, ["Archive", "For mutt"]);
  assert.ok(flags.has("\\Flagged"), `mutt left ${[...flags].join(" ")}`);
  return "sends with SCRAM and an attachment, keeps a copy, reads, flags and saves with CONDSTORE and QRESYNC";
}

async function mbsync(home: string, ready: Ready): Promise<string> {
  const [, , three] = people(ready);
  const mail = join(home, "mail");
  await mkdir(mail, { recursive: true });
  const settings = join(home, "mbsyncrc");
  await writeFile(
    settings,
    `IMAPAccount it
Host localhost
Port ${ready.ports["imaps"]}
User ${three}
Pass ${ready.password}
SSLType IMAPS
CertificateFile ${ready.ca}
AuthMechs PLAIN

IMAPStore far
Account it

MaildirStore near
Path ${mail}/
Inbox ${mail}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
`,
  );
  const sync = (): Promise<unknown> => run("mbsync", ["-c", settings, "-a"], { home });
  for (let index = 0; index < 50; index++)
    await smtpSend(ready, undefined, [three], { subject: `Sync ${index}`, text: `Number ${index}\n` });
  await arrived(ready, three, "Sync 49");
  await sync();
  const fresh = join(mail, "INBOX", "new");
  const files = await readdir(fresh);
  assert.equal(files.length, 50);
  // What was read and thrown away here goes so at the server, and a new local message goes there.
  const [first, second] = files as [string, string];
  const subject = (text: string): string => /^Subject: (.*)$/m.exec(text)?.[1]?.trim() ?? "";
  const read = subject(await readFile(join(fresh, first), "utf8"));
  const thrown = subject(await readFile(join(fresh, second), "utf8"));
  const current = join(mail, "INBOX", "cur");
  await rename(join(fresh, first), join(current, `${first.replace(/:2,.*$/, "")}:2,FS`));
  await rename(join(fresh, second), join(current, `${second.replace(/:2,.*$/, "")}:2,ST`));
  await mkdir(join(mail, "Neu", "cur"), { recursive: true });
  for (const part of ["new", "tmp"]) await mkdir(join(mail, "Neu", part));
  await writeFile(join(mail, "Neu", "new", "1.2.3"), "From: a@b.example\nSubject: From here\n\nHello.\n");
  await sync();
  await sync();
  const flags = await arrived(ready, three, read, ["Neu", "From here"]);
  assert.ok(flags !== undefined);
  const inbox = await listed(ready, three, "INBOX");
  assert.equal(inbox.size, 49);
  assert.ok(!inbox.has(thrown));
  assert.ok(inbox.get(read)?.has("\\Flagged") && inbox.get(read)?.has("\\Seen"));
  return "50 messages here; flags, a deletion, a new folder with a message there";
}

async function offlineimap(home: string, ready: Ready): Promise<string> {
  const [, , three] = people(ready);
  const mail = join(home, "mail");
  await mkdir(mail, { recursive: true });
  const settings = join(home, "offlineimaprc");
  await writeFile(
    settings,
    `[general]
accounts = it
metadata = ${home}/state
[Account it]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = ${mail}
[Repository far]
type = IMAP
remotehost = localhost
remoteport = ${ready.ports["imaps"]}
remoteuser = ${three}
remotepass = ${ready.password}
ssl = yes
sslcacertfile = ${ready.ca}
auth_mechanisms = PLAIN
`,
  );
  const sync = (): Promise<unknown> => run("offlineimap", ["-o", "-1", "-u", "quiet", "-c", settings], { home });
  await sync();
  const there = await listed(ready, three, "INBOX");
  const files = [...(await readdir(join(mail, "INBOX", "new"))), ...(await readdir(join(mail, "INBOX", "cur")))];
  assert.equal(files.length, there.size);
  await writeFile(
    join(mail, "INBOX", "new", `1.R1.host,U=,FMD5=:2,`),
    "From: a@b.example\nSubject: offlineimap adds\n\nHello.\n",
  );
  await sync();
  await arrived(ready, three, "offlineimap adds");
  return `${files.length} messages here, one of here there`;
}

async function fetchmail(home: string, ready: Ready): Promise<string> {
  const [, , , four] = people(ready);
  await mkdir(home, { recursive: true });
  const settings = join(home, "fetchmailrc");
  await smtpSend(ready, undefined, [four], { subject: "Fetched", text: "Hello.\n" });
  await arrived(ready, four, "Fetched");
  const kept = join(home, "kept");
  for (const [protocol, port] of [
    ["pop3", ready.ports["pop3s"]],
    ["imap", ready.ports["imaps"]],
  ] as const) {
    await writeFile(
      settings,
      `poll localhost service ${port} protocol ${protocol} user "${four}" password "${ready.password}" ssl sslcertfile ${ready.ca} keep fetchall mda "cat >> ${kept}"\n`,
      { mode: 0o600 },
    );
    await run("fetchmail", ["-f", settings, "--idfile", join(home, "ids"), "--pidfile", join(home, "pid")], { home });
  }
  assert.equal((await readFile(kept, "utf8")).match(/^Subject: Fetched/gm)?.length, 2);
  return "fetches by POP3 and by IMAP";
}

async function getmail(home: string, ready: Ready): Promise<string> {
  const [, , , four] = people(ready);
  await mkdir(home, { recursive: true });
  const kept = join(home, "kept");
  await writeFile(
    join(home, "getmailrc"),
    `[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = ${ready.ports["pop3s"]}
username = ${four}
password = ${ready.password}
ca_certs = ${ready.ca}
[destination]
type = MDA_external
path = /usr/bin/tee
arguments = ("-a", "${kept}")
allow_root_commands = true
[options]
read_all = false
delete = false
`,
  );
  const fetch = (): Promise<unknown> => run("getmail", ["--getmaildir", home, "--quiet"], { home });
  await fetch();
  await fetch();
  const times = (await readFile(kept, "utf8")).match(/^Subject: Fetched/gm)?.length;
  assert.equal(times, 1, "what UIDL knows is not fetched twice");
  return "fetches by POP3, and nothing twice";
}

async function mpop(home: string, ready: Ready): Promise<string> {
  const [, , , four] = people(ready);
  for (const part of ["cur", "new", "tmp"]) await mkdir(join(home, "mail", part), { recursive: true });
  const settings = join(home, "mpoprc");
  await writeFile(
    settings,
    `account default
host localhost
port ${ready.ports["pop3"]}
user ${four}
password ${ready.password}
auth scram-sha-256
tls on
tls_starttls on
tls_trust_file ${ready.ca}
delivery maildir ${home}/mail
uidls_file ${home}/uidls
keep off
`,
    { mode: 0o600 },
  );
  await run("mpop", ["-C", settings, "-q"], { home });
  assert.equal((await readdir(join(home, "mail", "new"))).length, 1);
  assert.equal((await listed(ready, four, "INBOX")).size, 0, "what was fetched is gone");
  return "fetches by POP3 with STLS and SCRAM, pipelined, and empties the mailbox";
}

/** Two accounts kept alike by QRESYNC: what comes, is marked and goes on one side does so on the other. */
async function interimap(home: string, ready: Ready): Promise<string> {
  const [, , three, four] = people(ready);
  const settings = join(home, ".config", "interimap");
  for (const part of [settings, join(home, ".local", "share", "interimap")]) await mkdir(part, { recursive: true });
  const login = (user: string): string =>
    `host = localhost\nusername = ${user}\npassword = ${ready.password}\nSSL_CAfile = ${ready.ca}\n`;
  await writeFile(
    join(settings, "config"),
    `database = it.db
[local]
type = imaps
port = ${ready.ports["imaps"]}
${login(three)}
[remote]
type = imap
STARTTLS = YES
port = ${ready.ports["imap"]}
${login(four)}`,
    { mode: 0o600 },
  );
  const sync = (): Promise<unknown> => run("interimap", [], { home });
  await smtpSend(ready, undefined, [three], { subject: "Left", text: "Hello.\n" });
  await smtpSend(ready, undefined, [four], { subject: "Right", text: "Hello.\n" });
  await arrived(ready, three, "Left");
  await arrived(ready, four, "Right");
  await sync();
  await arrived(ready, three, "Right");
  await arrived(ready, four, "Left");
  await changed(ready, four, async (client) => {
    const [left] = (await client.search({ subject: "Left" }, { uid: true })) as number[];
    await client.messageFlagsAdd(String(left), ["\\Flagged", "$Work"], { uid: true });
    const [right] = (await client.search({ subject: "Right" }, { uid: true })) as number[];
    await client.messageDelete(String(right), { uid: true });
  });
  await sync();
  const there = await listed(ready, three, "INBOX");
  assert.ok(!there.has("Right"));
  assert.ok(there.get("Left")?.has("\\Flagged") && there.get("Left")?.has("$Work"));
  return "keeps two accounts alike by QRESYNC, over TLS and STARTTLS with compression";
}

async function sieveConnect(home: string, ready: Ready): Promise<string> {
  const [one] = people(ready);
  await mkdir(home, { recursive: true });
  const script = join(home, "script.sieve");
  await writeFile(script, 'require ["fileinto"];\nif header :contains "subject" "sorted" { fileinto "Archive"; }\n');
  const server = ["-s", "localhost", "-p", String(ready.ports["sieve"]), "-u", one, "--passwordfd", "0"];
  const say = (...args: readonly string[]): Promise<{ readonly out: string }> =>
    run("sieve-connect", [...server, "--tlscafile", ready.ca, ...args], { home, input: `${ready.password}\n` });
  await say("--localsieve", script, "--remotesieve", "sorting", "--upload");
  await say("--remotesieve", "sorting", "--activate");
  assert.match((await say("--list")).out, /"sorting" ACTIVE/);
  await smtpSend(ready, undefined, [one], { subject: "To be sorted", text: "Hello.\n" });
  await arrived(ready, one, ["Archive", "To be sorted"]);
  await say("--deactivate");
  await say("--remotesieve", "sorting", "--delete");
  assert.doesNotMatch((await say("--list")).out, /sorting/);
  return "puts a script there, which sorts, and takes it away";
}

const people = ({ users }: Ready): [string, string, string, string] =>
  users as unknown as [string, string, string, string];

/** Runs a program to its end; where it fails, says what it said. */
async function run(
  command: string,
  args: readonly string[],
  { input = "", open = false, home }: { readonly input?: string; readonly open?: boolean; readonly home?: string } = {},
): Promise<{ readonly out: string }> {
  const child = spawn(command, args, {
    env: { ...process.env, TERM: "xterm", LANG: "C.UTF-8", ...(home === undefined ? {} : { HOME: home }) },
  });
  child.on("error", () => {});
  const failed = once(child, "error").then(([error]) => {
    throw new Error(
      `${command} cannot be run (${String(error)}): apt-get install the packages named in test/clients/run.ts`,
    );
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.on("error", () => {});
  if (open) child.stdin.write(input);
  else child.stdin.end(input);
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const [code] = (await Promise.race([once(child, "close"), failed])) as [number | null];
  clearTimeout(timer);
  assert.equal(code, 0, `${command} ${args.join(" ")}\n${out}\n${err}`);
  return { out };
}

/** Waits until all these are there (in INBOX, or the folder named); answers the flags of the last. */
async function arrived(
  ready: Ready,
  user: string,
  ...expected: readonly (string | readonly [string, string])[]
): Promise<Set<string>> {
  let flags = new Set<string>();
  for (const one of expected) {
    const [path, subject] = typeof one === "string" ? ["INBOX", one] : one;
    for (let attempt = 0; ; attempt++) {
      const there = (await listed(ready, user, path)).get(subject);
      if (there !== undefined) {
        flags = there;
        break;
      }
      assert.ok(attempt < 100, `${subject} is not in ${path} of ${user}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return flags;
}

/** Subjects and flags of a folder, as another program sees them. */
async function listed(ready: Ready, user: string, path: string): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  await beside(ready, user, async (client) => {
    const { exists } = await client.mailboxOpen(path, { readOnly: true }).catch(() => ({ exists: 0 }));
    if (exists === 0) return;
    for await (const message of client.fetch("1:*", { envelope: true, flags: true }))
      found.set(message.envelope?.subject ?? "", message.flags ?? new Set());
  });
  return found;
}

function changed(ready: Ready, user: string, change: (client: ImapFlow) => Promise<void>): Promise<void> {
  return beside(ready, user, async (client) => {
    await client.mailboxOpen("INBOX");
    await change(client);
  });
}

async function beside(ready: Ready, user: string, work: (client: ImapFlow) => Promise<void>): Promise<void> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: ready.ports["imaps"] as number,
    secure: true,
    auth: { user, pass: ready.password },
    tls: { rejectUnauthorized: false },
    logger: false,
  });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.logout();
  }
}
