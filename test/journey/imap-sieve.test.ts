/** Scripts for what IMAP clients do (RFC 6785): put by ManageSieve, named by METADATA, run on APPEND, COPY and flag changes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../../server/imap/world.ts";
import { type DevProcess, startDev } from "../dev-process.ts";
import { ManageSieveTalk } from "../managesieve-talk.ts";

let dev: DevProcess;
let imap: Client;
let sieve: ManageSieveTalk;
before(async () => {
  dev = await startDev(["--users", "1", "--cleartext-auth"]);
  imap = new Client(dev.ready.ports["imap"]!);
  await imap.line();
  await imap.ok("LOGIN u1@example.test pw");
  sieve = await ManageSieveTalk.login(dev.ready.ports["sieve"]!, "u1@example.test");
  for (const name of ["Work", "Copies", "Later"]) await imap.ok(`CREATE ${name}`);
});
after(async () => {
  imap.destroy();
  await dev.stop();
});

const letter = (subject: string): string => `From: a@far.test\r\nSubject: ${subject}\r\n\r\nHello.\r\n`;

async function put(name: string, script: string): Promise<void> {
  const { reply } = await sieve.say(`PUTSCRIPT "${name}" {${script.length}+}\r\n${script}`);
  assert.match(reply, /^OK/);
}

const flagsIn = async (mailbox: string): Promise<readonly string[]> => {
  await imap.ok(`EXAMINE ${mailbox}`);
  const lines = (await imap.run("FETCH 1:* (FLAGS)")).filter((line) => /^\* \d+ FETCH/.test(line));
  await imap.ok("UNSELECT");
  return lines.map((line) => /FLAGS \(([^)]*)\)/.exec(line)?.[1]?.replace("\\Recent", "").trim() ?? "");
};

test("an appended message is flagged and copied, by what happened and where", async () => {
  await put(
    "append",
    `require ["imapsieve", "environment", "imap4flags", "fileinto", "copy", "variables"];
if environment :is "imap.cause" "APPEND" {
  if header :contains "subject" "urgent" { addflag "\\\\Flagged"; }
  if header :contains "subject" "copy" { fileinto :copy :flags "$Copied" "Copies"; }
  if header :contains "subject" "later" { fileinto "Later"; }
}
if allof (environment :is "imap.cause" "FLAG", environment :contains "imap.changedflags" "$Done") { addflag "\\\\Seen"; }
if environment :is "imap.cause" "COPY" { if environment :is "imap.mailbox" "Work" { addflag "$FromCopy"; } }
`,
  );
  await imap.ok('SETMETADATA Work (/shared/imapsieve/script "append")');
  await imap.append("Work", letter("plain"));
  await imap.append("Work", letter("urgent"));
  await imap.append("Work", letter("copy me"), "\\Seen");
  await imap.append("Work", letter("later"));
  assert.deepEqual(await flagsIn("Work"), ["", "\\Flagged", "\\Seen", "\\Deleted"]);
  assert.deepEqual(await flagsIn("Copies"), ["$Copied"]);
  assert.equal((await flagsIn("Later")).length, 1);
  await imap.append("Copies", letter("urgent elsewhere"));
  assert.deepEqual((await flagsIn("Copies"))[1], "", "no script is named there");
});

test("flag changes and copies run it too, and what it does is told to the session", async () => {
  await imap.ok("SELECT Work");
  const told = await imap.ok("STORE 1 +FLAGS ($Done)");
  assert.ok(
    told.some((line) => /^\* 1 FETCH .*\\Seen/.test(line)),
    told.join("\n"),
  );
  await imap.ok("SELECT Copies");
  await imap.ok("COPY 2 Work");
  await imap.ok("UNSELECT");
  assert.equal((await flagsIn("Work")).at(-1), "$FromCopy");
});

test("the server's script is for every mailbox without its own; without a name nothing runs; a script that is gone harms nothing", async () => {
  await put("all", 'require ["imapsieve", "imap4flags"]; addflag "$All";');
  await imap.ok('SETMETADATA "" (/shared/imapsieve/script "all")');
  await imap.append("INBOX", letter("one"));
  assert.deepEqual(await flagsIn("INBOX"), ["$All"]);
  await imap.ok('SETMETADATA "" (/shared/imapsieve/script "gone")');
  await imap.append("INBOX", letter("two"));
  await imap.ok('SETMETADATA "" (/shared/imapsieve/script NIL)');
  await imap.append("INBOX", letter("three"));
  assert.deepEqual(await flagsIn("INBOX"), ["$All", "", ""]);
});
