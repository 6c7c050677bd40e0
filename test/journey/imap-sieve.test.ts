/** Scripts for what IMAP clients do (RFC 6785): put by ManageSieve, named by METADATA, run on APPEND, COPY and flag changes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../../server/imap/fake-world.ts";
import { type DevProcess, startDev } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { ManageSieveTalk } from "../managesieve-talk.ts";

let dev: DevProcess;
let imap: Client;
let sieve: ManageSieveTalk;
before(async () => {
  dev = await startDev(["--users", "2", "--cleartext-auth"]);
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

test("what a script sends goes: redirected under the owner's address, once; notifications; a vacation answer does not", async () => {
  await put(
    "send",
    `require ["imapsieve", "enotify", "vacation"];
if header :contains "subject" "onward" { redirect "u2@example.test"; }
elsif header :contains "subject" "bell" { notify :message "It rang" "mailto:u2@example.test"; }
else { vacation "I am away"; }
`,
  );
  await imap.ok("CREATE Onward");
  await imap.ok('SETMETADATA Onward (/shared/imapsieve/script "send")');
  for (const subject of ["onward", "bell", "away"]) await imap.append("Onward", letter(subject));
  await imap.append("Onward", `Delivered-To: u1@example.test\r\n${letter("onward again")}`);
  const other = await new JmapTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, "u2@example.test", "pw").open();
  let list: readonly { readonly id?: string }[] = [];
  for (let tries = 0; list.length < 2 && tries < 3000; tries++) {
    const { ids } = await other.call("Email/query", { sort: [{ property: "subject" }] });
    ({ list } = await other.call("Email/get", {
      ids,
      properties: ["subject", "header:Return-Path", "header:Delivered-To:all"],
    }));
    if (list.length < 2) await new Promise((done) => setTimeout(done, 20));
  }
  assert.deepEqual(
    list.map(({ id: _, ...rest }) => rest),
    [
      { subject: "It rang", "header:Return-Path": " <>", "header:Delivered-To:all": [] },
      {
        subject: "onward",
        "header:Return-Path": " <u1@example.test>",
        "header:Delivered-To:all": [" u1@example.test"],
      },
    ],
  );
  // Redirected is not kept; what could not go, and what is only told of, stays.
  assert.deepEqual(await flagsIn("Onward"), ["\\Deleted", "", "", ""]);
});

test("what a script makes of the message is kept in its place, and filed where it files it", async () => {
  await put(
    "edit",
    `require ["imapsieve", "editheader", "replace", "enclose", "fileinto", "copy", "mime", "foreverypart"];
if header :contains "subject" "field" { addheader "X-Seen" "by a script"; }
elsif header :contains "subject" "other" { replace "Something else."; }
elsif header :contains "subject" "wrap" { fileinto :copy "Wrapped"; enclose :subject "Wrapped" "See below."; fileinto "Wrapped"; }
`,
  );
  for (const name of ["Edited", "Wrapped"]) await imap.ok(`CREATE ${name}`);
  await imap.ok('SETMETADATA Edited (/shared/imapsieve/script "edit")');
  for (const subject of ["field", "other", "wrap", "plain"]) await imap.append("Edited", letter(subject), "\\Seen");
  const texts = async (mailbox: string): Promise<string> => {
    await imap.ok(`EXAMINE ${mailbox}`);
    const lines = await imap.run("FETCH 1:* (UID BODY.PEEK[])");
    await imap.ok("UNSELECT");
    return lines.join("\n");
  };
  assert.deepEqual(await flagsIn("Edited"), ["\\Seen", "\\Seen", "\\Seen \\Deleted", "\\Seen"]);
  const kept = await texts("Edited");
  assert.match(kept, /X-Seen: by a script/);
  assert.match(kept, /Something else\./);
  assert.equal(kept.split("Subject: field").length, 2, "the one that came is gone");
  const filed = await texts("Wrapped");
  assert.match(
    filed,
    /Subject: wrap[\s\S]*Subject: Wrapped[\s\S]*See below\.[\s\S]*message\/rfc822[\s\S]*Subject: wrap/,
  );
  assert.deepEqual(await flagsIn("Wrapped"), ["\\Seen", "\\Seen"]);
});

test("the same scripts run for what a JMAP client does", async () => {
  await put(
    "web",
    `require ["imapsieve", "environment", "imap4flags", "variables"];
if environment :matches "imap.cause" "*" { addflag "$by-\${1}"; }
if environment :contains "imap.changedflags" "\\Flagged" { addflag "$star"; }
`,
  );
  await imap.ok("CREATE Web");
  await imap.ok("CREATE Other");
  await imap.ok('SETMETADATA Web (/shared/imapsieve/script "web")');
  const me = await new JmapTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, "u1@example.test", "pw").open();
  const { list } = await me.call("Mailbox/get", { ids: null, properties: ["name"] });
  const [web, other] = ["Web", "Other"].map((name) => list.find((one: { name: string }) => one.name === name).id);
  const keywords = async (id: string) =>
    Object.keys((await me.call("Email/get", { ids: [id], properties: ["keywords"] })).list[0].keywords).sort();
  const made = await me.import(letter("imported"), { mailboxIds: { [web]: true } });
  assert.deepEqual(await keywords(made), ["$by-append"]);
  const moved = await me.import(letter("moved"), { mailboxIds: { [other]: true } });
  const set = await me.call("Email/set", {
    update: { [moved]: { mailboxIds: { [web]: true } }, [made]: { "keywords/$flagged": true } },
  });
  assert.deepEqual(
    [await keywords(moved), await keywords(made)],
    [["$by-copy"], ["$by-append", "$by-flag", "$flagged", "$star"]],
  );
  assert.equal(
    (await me.call("Email/get", { ids: [] })).state,
    set.newState,
    "the state that is told has what the script did",
  );
});
