/** Other people's mail servers, each in a folder and on a port of its own: Debian's Postfix, Exim and Dovecot's LMTP. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { chmod, chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../beside.ts";

const run = promisify(execFile);

export type Peer = {
  readonly name: string;
  /** Its domain: all its people get their mail into one folder. */
  readonly domain: string;
  readonly port: number;
  /** How a route names it. */
  readonly scheme: "smtp" | "lmtp";
  /** The first message of its people that fits, as it kept it (lines end with LF), waited for. */
  readonly mail: (wanted: RegExp) => Promise<string>;
  readonly log: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

/** Postfix 3.7: takes mail for postfix.test and hands everything else to `next`, with TLS where it is offered. */
export async function startPostfix(folder: string, next: number): Promise<Peer> {
  const port = await freePort("127.0.0.1");
  const etc = join(folder, "etc");
  const maildir = join(folder, "mail");
  for (const part of [etc, maildir, join(folder, "spool"), join(folder, "data")])
    await mkdir(part, { recursive: true });
  await chmod(folder, 0o755);
  await chown(join(folder, "data"), idOf("-u", "postfix"), idOf("-g", "postfix"));
  await chown(maildir, idOf("-u", "nobody"), idOf("-g", "nobody"));
  const { key, certificate } = await selfSigned(folder, "mx.postfix.test");
  const log = join(folder, "mail.log");
  await writeFile(
    join(etc, "main.cf"),
    `compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${log}
maillog_file_prefixes = ${folder}
myhostname = mx.postfix.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtp_host_lookup = native
alias_maps =
alias_database =
local_recipient_maps =
relayhost = [127.0.0.1]:${next}
virtual_mailbox_domains = postfix.test
virtual_mailbox_maps = regexp:${etc}/people
virtual_mailbox_base = ${maildir}
virtual_minimum_uid = 1
virtual_uid_maps = static:${idOf("-u", "nobody")}
virtual_gid_maps = static:${idOf("-g", "nobody")}
virtual_mailbox_limit = 0
message_size_limit = 104857600
smtpd_tls_cert_file = ${certificate}
smtpd_tls_key_file = ${key}
smtpd_tls_security_level = may
smtp_tls_security_level = may
smtp_tls_loglevel = 1
smtputf8_enable = yes
`,
  );
  await writeFile(join(etc, "people"), "/^(ann|bob|j\u00fcrgen)[^@]*@postfix\\.test$/ mail/\n");
  await writeFile(join(etc, "master.cf"), postfixServices.replace("PORT", String(port)));
  await mkdir(join(maildir, "mail"), { recursive: true });
  await chown(join(maildir, "mail"), idOf("-u", "nobody"), idOf("-g", "nobody"));
  await needed("postfix", "postfix", ["-c", etc, "start"]);
  await listening("Postfix", port);
  return {
    name: "Postfix",
    domain: "postfix.test",
    port,
    scheme: "smtp",
    mail: (wanted) => kept(join(maildir, "mail"), wanted, log),
    log: () => readFile(log, "utf8"),
    stop: async () => void (await run("postfix", ["-c", etc, "stop"])),
  };
}

const postfixServices = `127.0.0.1:PORT inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

/** Exim 4.96: the same for exim.test. */
export async function startExim(folder: string, next: number): Promise<Peer> {
  const port = await freePort("127.0.0.1");
  const maildir = join(folder, "mail");
  await mkdir(maildir, { recursive: true });
  await chmod(folder, 0o777);
  await chmod(maildir, 0o777);
  const { key, certificate } = await selfSigned(folder, "mx.exim.test");
  await chmod(key, 0o644);
  const settings = join(folder, "exim.conf");
  const log = join(folder, "main.log");
  await writeFile(
    settings,
    `primary_hostname = mx.exim.test
spool_directory = ${folder}/spool
log_file_path = ${folder}/%s.log
log_selector = +tls_cipher +smtp_protocol_error
pid_file_path = ${folder}/pid
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
domainlist local_domains = exim.test
host_lookup =
never_users =
keep_environment =
deliver_drop_privilege
tls_advertise_hosts = *
tls_certificate = ${certificate}
tls_privatekey = ${key}
message_size_limit = 100M
dsn_advertise_hosts = *
acl_smtp_rcpt = check
acl_smtp_data = accept
begin acl
check:
  accept domains = +local_domains
         local_parts = ann : bob
  deny domains = +local_domains
       message = there is nobody of that name
  accept hosts = 127.0.0.1
begin routers
here:
  driver = accept
  domains = +local_domains
  transport = kept
there:
  driver = manualroute
  transport = out
  route_list = * 127.0.0.1::${next}
  self = send
begin transports
kept:
  driver = appendfile
  directory = ${maildir}
  maildir_format
  create_directory
out:
  driver = smtp
  hosts_try_chunking = *
begin retry
* * F,1h,1m
`,
    { mode: 0o644 },
  );
  const child = spawn("/usr/sbin/exim4", ["-C", settings, "-bdf", "-q1m"], { stdio: ["ignore", "ignore", "inherit"] });
  await started(child, "exim4", "exim4-daemon-light");
  await listening("Exim", port);
  return {
    name: "Exim",
    domain: "exim.test",
    port,
    scheme: "smtp",
    mail: (wanted) => kept(maildir, wanted, log),
    log: () => readFile(log, "utf8"),
    stop: () => ended(child),
  };
}

/** Dovecot 2.3 as a store beside us, reached by LMTP: for the domain dovecot.test, which is relayed there. */
export async function startDovecotLmtp(folder: string): Promise<Peer> {
  const port = await freePort("127.0.0.1");
  const mail = join(folder, "mail");
  await mkdir(mail, { recursive: true });
  await chmod(folder, 0o755);
  await chown(mail, idOf("-u", "nobody"), idOf("-g", "nobody"));
  const settings = join(folder, "dovecot.conf");
  const log = join(folder, "dovecot.log");
  await writeFile(
    settings,
    `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${log}
protocols = lmtp
listen = 127.0.0.1
ssl = no
first_valid_uid = 1
mail_location = maildir:${mail}/all
mail_uid = nobody
mail_gid = nogroup
postmaster_address = postmaster@dovecot.test
hostname = dovecot.test
service lmtp {
 user = nobody
 inet_listener lmtp {
  address = 127.0.0.1
  port = ${port}
 }
}
passdb {
 driver = static
 args = nopassword=y
}
userdb {
 driver = passwd-file
 args = ${folder}/people
}
`,
  );
  const ids = `${idOf("-u", "nobody")}:${idOf("-g", "nobody")}`;
  const people = ["ann", "bob"].map((name) => `${name}@dovecot.test::${ids}::${mail}::\n`);
  await writeFile(join(folder, "people"), people.join(""));
  const child = spawn("dovecot", ["-F", "-c", settings], { stdio: "ignore" });
  await started(child, "dovecot", "dovecot-lmtpd");
  await listening("Dovecot", port);
  return {
    name: "Dovecot's LMTP",
    domain: "dovecot.test",
    port,
    scheme: "lmtp",
    mail: (wanted) => kept(join(mail, "all"), wanted, log),
    log: () => readFile(log, "utf8"),
    stop: () => ended(child),
  };
}

const idOf = (which: "-u" | "-g", user: string): number =>
  Number(execFileSync("id", [which, user], { encoding: "utf8" }));

async function selfSigned(
  folder: string,
  name: string,
): Promise<{ readonly key: string; readonly certificate: string }> {
  const key = join(folder, "key.pem");
  const certificate = join(folder, "certificate.pem");
  const what = [
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
  ];
  await run("openssl", ["req", ...what, "-keyout", key, "-out", certificate]);
  return { key, certificate };
}

async function needed(debianPackage: string, command: string, args: readonly string[]): Promise<void> {
  assert.equal(userInfo().uid, 0, "mail servers change their user: run this as root");
  await run(command, args).catch((error: unknown) => {
    throw new Error(`${command} did not start (${String(error)}); is it there? apt-get install ${debianPackage}`);
  });
}

async function started(child: ChildProcess, command: string, debianPackage: string): Promise<void> {
  assert.equal(userInfo().uid, 0, "mail servers change their user: run this as root");
  let why = "";
  child.once("error", (error) => {
    why = String(error);
  });
  await pause(500);
  assert.equal(why, "", `${command} cannot be run: apt-get install ${debianPackage}`);
  assert.equal(child.exitCode, null, `${command} ended at once`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}

async function listening(name: string, port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, "127.0.0.1");
    const greeted = await new Promise((resolve) => {
      socket.once("data", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("close", () => resolve(false));
    });
    socket.destroy();
    if (greeted) return;
    await pause(100);
  }
  throw new Error(`${name} does not listen on ${port}`);
}

async function kept(maildir: string, wanted: RegExp, log: string): Promise<string> {
  for (let attempt = 0; attempt < 300; attempt++) {
    for (const part of ["new", "cur"])
      for (const file of await readdir(join(maildir, part)).catch(() => [])) {
        const text = await readFile(join(maildir, part, file), "utf8");
        if (wanted.test(text)) return text;
      }
    await pause(100);
  }
  throw new Error(`nothing like ${String(wanted)} came; its log: ${(await readFile(log, "utf8")).slice(-2_000)}`);
}
