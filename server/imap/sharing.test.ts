/** Mailboxes of others and annotations: RFC 4314, RFC 2342, RFC 5464. What is not allowed is not done. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import type { ShareChange } from "../access/share-change.ts";
import type { Account } from "../store/store.ts";
import { freshStore, type TestStore } from "./fake-store.ts";
import { type Client, type ImapWorld, imapWorld } from "./fake-world.ts";

let kept: TestStore;
let world: ImapWorld;
let ann: Client;
let bob: Client;
const told: ShareChange[] = [];
const team = '"Other Users/u1@example.test/Team"';

before(async () => {
  kept = await freshStore();
  const made = await kept.store.createAccount(
    { name: "u2@example.test", displayName: "Bob", role: "user", quotaBytes: 0 },
    [],
    Date.now(),
  );
  assert.equal(made.kind, "done");
  const accounts = await kept.store.accounts();
  world = await imapWorld(kept.store, accounts as Account[], {
    shared: async (change) => {
      told.push(change);
    },
  });
  ann = await world.user();
  bob = await world.connect();
  await bob.ok("LOGIN u2@example.test pw");
  await ann.ok("CREATE Team");
});
after(async () => {
  await world.close();
  await kept.close();
});

const letter = (subject: string): string => `Subject: ${subject}\r\n\r\nThis is ${subject}.\r\n`;
const last = async (client: Client, command: string): Promise<string> => (await client.run(command)).at(-1) ?? "";
const grant = (rights: string): Promise<string[]> => ann.ok(`SETACL Team u2@example.test ${rights}`);

test("rights are given, shown, added and taken away, by who may, to who is there", async () => {
  assert.deepEqual(await ann.ok("MYRIGHTS Team"), ["* MYRIGHTS Team lrswipkxteacd"]);
  assert.match(await last(bob, `SELECT ${team}`), /^NO \[NONEXISTENT\]/);
  assert.deepEqual(await bob.ok('LIST "" *'), await bob.ok('LIST "" *'));
  await grant("lr");
  await grant("+s");
  await grant("-r");
  assert.deepEqual(await ann.ok("GETACL Team"), ["* ACL Team u1@example.test lrswipkxteacd u2@example.test ls"]);
  await grant("lr");
  assert.deepEqual(
    told.map(({ before, after, via }) => `${via} ${before}>${after}`),
    ["imap >lr", "imap lr>lrs", "imap lrs>ls", "imap ls>lr"],
  );
  assert.deepEqual(await ann.ok("LISTRIGHTS Team u2@example.test"), [
    '* LISTRIGHTS Team u2@example.test "" l r s w i p k x t e a',
  ]);
  assert.match(await last(ann, "SETACL Team nobody@example.test lr"), /^NO /);
  assert.match(await last(ann, "SETACL Team u1@example.test lr"), /^NO \[CANNOT\]/);
  assert.match(await last(ann, "SETACL Team u2@example.test lz"), /^BAD /);
  assert.match(await last(bob, `SETACL ${team} u2@example.test +a`), /^NO \[NOPERM\]/);
  assert.match(await last(bob, `GETACL ${team}`), /^NO \[NOPERM\]/);
  assert.deepEqual(await bob.ok(`MYRIGHTS ${team}`), [`* MYRIGHTS ${team} lr`]);
});

test("it is listed below the namespace of others, with its status, and subscribed by itself", async () => {
  assert.deepEqual(await bob.ok("NAMESPACE"), ['* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL']);
  const listed = await bob.ok('LIST "" "Other Users/*"');
  assert.deepEqual(listed, [
    '* LIST (\\Noselect \\HasChildren) "/" "Other Users/u1@example.test"',
    `* LIST (\\HasNoChildren) "/" ${team}`,
  ]);
  assert.deepEqual(await bob.ok('LIST "" "%"').then((lines) => lines.filter((line) => line.includes("Other"))), [
    '* LIST (\\Noselect \\HasChildren) "/" "Other Users"',
  ]);
  await ann.append("Team", letter("one"));
  assert.match((await bob.ok(`STATUS ${team} (MESSAGES)`))[0] ?? "", /MESSAGES 1/);
  assert.deepEqual(await bob.ok('LSUB "" "Other*"'), []);
  await bob.ok(`SUBSCRIBE ${team}`);
  assert.deepEqual(await bob.ok('LSUB "" "Other*"'), [`* LSUB () "/" ${team}`]);
  await bob.ok(`UNSUBSCRIBE ${team}`);
  assert.deepEqual(await bob.ok('LSUB "" "Other*"'), []);
  // To make a mailbox is not to subscribe to it (RFC 9051 §6.3.7).
  assert.deepEqual(await ann.ok('LSUB "" Team'), []);
  assert.deepEqual(await bob.ok(`GETQUOTAROOT ${team}`), [`* QUOTAROOT ${team}`]);
  // Where there is no limit there is no root: an empty list of resources is no answer (RFC 9208 §5.1), and Thunderbird logs out.
  assert.deepEqual(await ann.ok("GETQUOTAROOT INBOX"), ["* QUOTAROOT INBOX"]);
  assert.match(await last(ann, 'GETQUOTA ""'), /^NO \[NONEXISTENT\]/);
});

test("with lr it is read and nothing else, also not by the way", async () => {
  const opened = await bob.run(`SELECT ${team}`);
  assert.match(opened.at(-1) ?? "", /^OK \[READ-ONLY\]/);
  assert.match((await bob.ok("FETCH 1 BODY[]")).join(""), /This is one/);
  assert.match((await ann.ok("STATUS Team (UNSEEN)"))[0] ?? "", /UNSEEN 1/);
  for (const command of [
    "STORE 1 +FLAGS (\\Seen)",
    "EXPUNGE",
    "MOVE 1 INBOX",
    `COPY 1 ${team}`,
    `RENAME ${team} "Other Users/u1@example.test/X"`,
    `DELETE ${team}`,
    'CREATE "Other Users/u1@example.test/Team/New"',
  ])
    assert.match(await last(bob, command), /^NO \[(NOPERM|READ-ONLY)\]/, command);
  assert.match((await bob.append(team, letter("no"))).at(-1) ?? "", /^NO \[NOPERM\]/);
  assert.match(await last(bob, 'CREATE "Other Users/u1@example.test/Beside"'), /^NO /);
  assert.match((await bob.run("COPY 1 INBOX")).at(-1) ?? "", /^OK \[COPYUID/);
  assert.match((await bob.ok("STATUS INBOX (MESSAGES)"))[0] ?? "", /MESSAGES 1/);
});

test("with more rights what they allow, flag by flag; an idle session hears of the other's changes", async () => {
  await grant("lrsitek");
  const opened = await bob.run(`SELECT ${team}`);
  assert.match(opened.at(-1) ?? "", /^OK \[READ-WRITE\]/);
  await bob.ok("STORE 1 +FLAGS (\\Seen \\Flagged)");
  assert.match((await bob.ok("FETCH 1 FLAGS"))[0] ?? "", /FLAGS \(\\Seen( \\Recent)?\)/);
  assert.match(await last(bob, "STORE 1 +FLAGS (\\Flagged)"), /^NO \[NOPERM\]/);
  assert.match(await last(bob, "STORE 1 FLAGS (\\Seen)"), /^NO \[NOPERM\]/);
  assert.match((await bob.append(team, letter("mine"), "\\Flagged \\Seen")).at(-1) ?? "", /^OK \[APPENDUID/);
  await ann.ok("SELECT Team");
  assert.match((await ann.ok("FETCH 2 FLAGS"))[0] ?? "", /FLAGS \(\\Seen( \\Recent)?\)/);
  await ann.append("Team", letter("three"));
  assert.ok((await bob.ok("NOOP")).includes("* 3 EXISTS"));
  await bob.ok('CREATE "Other Users/u1@example.test/Team/New"');
  assert.match((await ann.ok('LIST "" Team/*'))[0] ?? "", /Team\/New/);
  assert.match((await bob.run("MOVE 3 INBOX")).at(-1) ?? "", /^OK/);
  assert.match((await ann.ok("STATUS Team (MESSAGES)"))[0] ?? "", /MESSAGES 2/);
  assert.match((await bob.ok("STATUS INBOX (MESSAGES)"))[0] ?? "", /MESSAGES 2/);
  await bob.ok("STORE 2 +FLAGS (\\Deleted)");
  assert.deepEqual(await bob.ok("EXPUNGE"), ["* 2 EXPUNGE"]);
  // RFC 4314 §6: a name that is taken by what is hidden is refused as what is not allowed.
  await ann.ok('CREATE "Team/Secret"');
  await ann.ok('DELETEACL "Team/Secret" u2@example.test');
  const below = (name: string): string => `"Other Users/u1@example.test/Team/${name}"`;
  const notAllowed = await last(bob, `SETACL ${below("New")} u2@example.test lr`);
  assert.match(notAllowed, /^NO \[NOPERM\]/);
  assert.equal(await last(bob, `CREATE ${below("Secret")}`), notAllowed);
  await ann.ok('SETACL "Team/New" u2@example.test lrsitekx');
  assert.equal(await last(bob, `RENAME ${below("New")} ${below("Secret")}`), notAllowed);
  await ann.ok('CREATE "Team/New/Secret"');
  await ann.ok('DELETEACL "Team/New/Secret" u2@example.test');
  assert.equal(await last(bob, `DELETE ${below("New")}`), notAllowed);
  await ann.ok('DELETE "Team/New/Secret"');
  await bob.ok(`DELETE ${below("New")}`);
  await ann.ok('DELETE "Team/Secret"');
  await ann.ok("DELETEACL Team u2@example.test");
  assert.match(await last(bob, `SELECT ${team}`), /^NO \[NONEXISTENT\]/);
});

test("rights that change while the mailbox is open count at once; where it is not shared any longer it is as if deleted", async () => {
  await grant("lrsw");
  assert.match(await last(bob, `SELECT ${team}`), /^OK/);
  await bob.ok("STORE 1 +FLAGS (\\Flagged)");
  await grant("lrs");
  assert.match(await last(bob, "STORE 1 -FLAGS (\\Flagged)"), /^NO \[NOPERM\]/);
  await grant("lrsw");
  await bob.ok("STORE 1 -FLAGS (\\Flagged)");
  for (const command of [
    "FETCH 1 BODY.PEEK[]",
    "SEARCH ALL",
    "STORE 1 +FLAGS (\\Flagged)",
    "COPY 1 INBOX",
    "UID COPY 1:* INBOX",
    "THREAD REFERENCES UTF-8 ALL",
  ]) {
    assert.match(await last(bob, `SELECT ${team}`), /^OK/);
    await grant("ls");
    const answered = await bob.run(command);
    assert.match(answered.at(-1) ?? "", /^NO \[NONEXISTENT\]/, command);
    assert.ok(!answered.some((line) => /This is|SEARCH|THREAD/.test(line)), command);
    await ann.append("Team", letter("not for Bob"));
    assert.ok(!(await bob.ok("NOOP")).some((line) => line.includes("EXISTS")), command);
    await grant("lrsw");
  }
  assert.match(await last(bob, `SELECT ${team}`), /^OK/);
  bob.write("i IDLE\r\n");
  assert.match(await bob.line(), /^\+ /);
  await grant("ls");
  assert.match(await bob.line(), /^\* \d+ EXPUNGE/, "told in IDLE as well");
  await ann.append("Team", letter("not for Bob either"));
  bob.write("DONE\r\n");
  for (const line of (await bob.until("i")).slice(0, -1)) assert.match(line, /EXPUNGE/);
  await ann.ok("DELETEACL Team u2@example.test");
});

test("COPY and MOVE to another's mailbox take all messages or none", async () => {
  await bob.ok("CREATE Heap");
  for (const name of ["a", "b", "c"]) await bob.append("Heap", letter(name + "x".repeat(2_500_000)));
  await ann.ok("CREATE Shelf");
  await ann.ok("SETACL Shelf u2@example.test lrswitekp");
  const shelf = '"Other Users/u1@example.test/Shelf"';
  await bob.ok("SELECT Heap");
  const [owner] = kept.accounts;
  // Two of them fit, and more than a page of the store's is read for three.
  await kept.store.updateAccount(owner!.id, { quotaBytes: 6_000_000 });
  for (const verb of ["COPY", "MOVE"]) assert.match(await last(bob, `${verb} 1:3 ${shelf}`), /^NO \[OVERQUOTA\]/, verb);
  assert.deepEqual(await ann.ok("STATUS Shelf (MESSAGES)"), ["* STATUS Shelf (MESSAGES 0)"]);
  assert.deepEqual(await bob.ok("STATUS Heap (MESSAGES)"), ["* STATUS Heap (MESSAGES 3)"]);
  await kept.store.updateAccount(owner!.id, { quotaBytes: 0 });
  const bytes = Buffer.from(letter("many"));
  const message = { bytes, facts: factsOf(bytes), marks: { flags: 0, keywords: [] }, receivedAt: Date.now() };
  const accounts = await kept.store.accounts();
  const reader = accounts.find(({ name }) => name === "u2@example.test") as Account;
  await kept.store.append(reader.id, "Heap", new Array(10_000).fill(message));
  await bob.ok("NOOP");
  for (const verb of ["COPY", "MOVE"]) assert.match(await last(bob, `${verb} 1:* ${shelf}`), /^NO \[LIMIT\]/, verb);
  assert.match(await last(bob, `MOVE 3:4 ${shelf}`), /^OK/);
  assert.deepEqual(await ann.ok("STATUS Shelf (MESSAGES)"), ["* STATUS Shelf (MESSAGES 2)"]);
});

test("a mailbox of the same number in another's account is another mailbox", async () => {
  await ann.ok("SETACL INBOX u2@example.test lr");
  await bob.ok('SELECT "Other Users/u1@example.test/INBOX"');
  await bob.append("INBOX", letter("own"));
  assert.deepEqual(await bob.ok("NOOP"), []);
  await ann.append("INBOX", letter("hers"));
  assert.ok((await bob.ok("NOOP")).some((line) => /^\* \d+ EXISTS$/.test(line)));
});

test("annotations of a mailbox and of the server", async () => {
  await ann.ok('SETMETADATA INBOX (/private/comment "My own" /shared/vendor/x/y {3+}\r\nyes)');
  assert.deepEqual(await ann.ok("GETMETADATA INBOX (/private/comment /private/none)"), [
    '* METADATA INBOX (/private/comment "My own" /private/none NIL)',
  ]);
  assert.deepEqual(await ann.ok("GETMETADATA (DEPTH infinity) INBOX /shared"), [
    '* METADATA INBOX (/shared/vendor/x/y "yes")',
  ]);
  const limited = await ann.run("GETMETADATA (MAXSIZE 3) INBOX (/private/comment /shared/vendor/x/y)");
  assert.deepEqual(limited, [
    '* METADATA INBOX (/shared/vendor/x/y "yes")',
    "OK [METADATA LONGENTRIES 6] GETMETADATA completed",
  ]);
  assert.deepEqual(
    await bob.ok('GETMETADATA "Other Users/u1@example.test/INBOX" (/shared/vendor/x/y /private/comment)'),
    ['* METADATA "Other Users/u1@example.test/INBOX" (/shared/vendor/x/y "yes" /private/comment NIL)'],
  );
  const set = (entry: string) => last(bob, `SETMETADATA "Other Users/u1@example.test/INBOX" (${entry} "1")`);
  assert.match(await set("/shared/x"), /^NO \[NOPERM\]/);
  await ann.ok("SETACL INBOX u2@example.test lrw");
  assert.match(await set("/shared/x"), /^OK/);
  assert.match(await set("/shared/imapsieve/script"), /^NO \[NOPERM\]/, "it would set off the owner's scripts");
  assert.match(
    await last(bob, 'SETMETADATA "Other Users/u1@example.test/INBOX" (/private/x "1")'),
    /^NO \[METADATA NOPRIVATE\]/,
  );
  await ann.ok('SETMETADATA "" (/shared/comment "Hello")');
  assert.deepEqual(await ann.ok('GETMETADATA "" /shared/comment'), ['* METADATA "" (/shared/comment "Hello")']);
  await ann.ok('SETMETADATA "" (/shared/comment NIL)');
  assert.deepEqual(await ann.ok('GETMETADATA "" /shared/comment'), ['* METADATA "" (/shared/comment NIL)']);
  assert.match(await last(ann, 'SETMETADATA INBOX (/private//x "1")'), /^BAD /);
  assert.match(await last(ann, 'SETMETADATA INBOX (/else/x "1")'), /^BAD /);
  assert.match(await last(ann, "GETMETADATA Nowhere /shared/comment"), /^NO \[NONEXISTENT\]/);
});
