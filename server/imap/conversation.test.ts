import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { freshStore, type TestStore } from "./fake-store.ts";
import { type Client, type ImapWorld, imapWorld, play } from "./fake-world.ts";

let kept: TestStore;
let world: ImapWorld;
before(async () => {
  kept = await freshStore();
  world = await imapWorld(kept.store, kept.accounts);
});
after(async () => {
  await world.close();
  await kept.close();
});

const message =
  "From: Terry Gray <gray@cac.washington.edu>\r\nSubject: IMAP4rev2 WG mtg\r\nMessage-ID: <B27397@cac>\r\n\r\nHello\r\n";

/** A new mailbox with some messages, open. */
async function opened(name: string, messages: readonly string[] = [], select = "SELECT"): Promise<Client> {
  const client = await world.user();
  await client.ok(`CREATE ${name}`);
  for (const one of messages) await client.append(name, one);
  await client.ok(`${select} ${name}`);
  return client;
}

const strangers: readonly [name: string, script: string][] = [
  [
    "only some commands come before login",
    `C: a NOOP
     S: a OK NOOP completed
     C: b SELECT INBOX
     S: b BAD Log in first
     C: c FETCH 1 FLAGS
     S: c BAD Log in first
     C: d IDLE
     S: d BAD Log in first
     C: e NAMESPACE
     S: e BAD Log in first
     C: f STARTTLS
     S: f BAD TLS is not offered
     C: DONE
     S: * BAD Nothing to be done with
     C: g nonsense
     S: g BAD Unknown command
     C: h LOGOUT
     S: * BYE Logging out
     S: h OK LOGOUT completed
     S: `,
  ],
  [
    "a wrong password, then the right one in literals",
    `C: a LOGIN u1@example.test wrong
     S: a NO [AUTHENTICATIONFAILED] Authentication failed
     C: b LOGIN {15}
     S: + Ready for the literal
     C: u1@example.test {2}
     S: + Ready for the literal
     C: pw
     S: b OK [CAPABILITY] Logged in
     C: c LOGIN u1@example.test pw
     S: c BAD Logged in already`,
  ],
  [
    "AUTHENTICATE with and without initial response, and given up",
    `C: a AUTHENTICATE PLAIN
     S: +
     C: *
     S: a BAD Authentication cancelled
     C: b AUTHENTICATE PLAIN
     S: +
     C: not base64!
     S: b BAD That is no answer to the challenge
     C: c AUTHENTICATE CRAM-MD5
     S: c NO [CANNOT] That mechanism is not offered
     C: d AUTHENTICATE PLAIN AHUxQGV4YW1wbGUudGVzdABwdw==
     S: d OK [CAPABILITY] Logged in`,
  ],
];
describe("strangers", () => {
  for (const [name, script] of strangers)
    test(name, async () => {
      const client = await world.connect();
      const line = client.line.bind(client);
      client.line = async () => (await line()).replace(/\[CAPABILITY [^\]]*\]/, "[CAPABILITY]");
      await play(client, script);
    });

  test("too many bad commands and too many wrong passwords end the session", async () => {
    const rude = await world.connect();
    for (let count = 0; count <= 25; count++) rude.write("x y\r\n");
    for (let count = 0; count <= 25; count++) assert.equal(await rude.line(), "x BAD Unknown command");
    assert.equal(await rude.line(), "* BYE Too many bad commands");
    assert.equal(await rude.line(), "");
    const guesser = await world.connect();
    for (let count = 0; count < 5; count++) guesser.write(`a LOGIN u1@example.test guess${count}\r\n`);
    for (let count = 0; count < 5; count++) assert.match(await guesser.line(), /^a NO \[AUTHENTICATIONFAILED\]/);
    assert.equal(await guesser.line(), "* BYE Too many attempts");
    assert.equal(await guesser.line(), "");
  });

  test("capabilities depend on who asks", async () => {
    const client = await world.connect();
    const before = (await client.ok("CAPABILITY"))[0] ?? "";
    assert.match(before, /^\* CAPABILITY IMAP4rev2 IMAP4rev1 .*AUTH=PLAIN/);
    assert.doesNotMatch(before, /IDLE|STARTTLS|LOGINDISABLED/);
    await client.ok("LOGIN u1@example.test pw");
    const then = (await client.ok("CAPABILITY"))[0] ?? "";
    assert.match(then, / IDLE .* APPENDLIMIT=52428800/);
    assert.doesNotMatch(then, /AUTH=/);
  });
});

const users: readonly [name: string, script: string][] = [
  [
    "ID, NAMESPACE, ENABLE, quota",
    `C: a ID ("name" "mutt")
     S: * ID ("name" "Angarium")
     S: a OK ID completed
     C: b NAMESPACE
     S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
     S: b OK NAMESPACE completed
     C: c ENABLE CONDSTORE X-NONE QRESYNC
     S: * ENABLED CONDSTORE QRESYNC
     S: c OK ENABLE completed
     C: d GETQUOTA "nowhere"
     S: d NO [NONEXISTENT] No such quota root
     C: e SETQUOTA "" (STORAGE 1)
     S: e NO [NOPERM] Quotas are the administrator's`,
  ],
  [
    "mailboxes: RFC 9051 §6.3.4-8",
    `C: a CREATE owatagusiam/blurdybloop
     S: a OK [MAILBOXID (F)] CREATE completed
     C: b CREATE owatagusiam/blurdybloop
     S: b NO [ALREADYEXISTS] A mailbox of that name exists
     C: c LIST "" owat*
     S: * LIST (\\HasChildren) "/" owatagusiam
     S: * LIST (\\HasNoChildren) "/" owatagusiam/blurdybloop
     S: c OK LIST completed
     C: d LIST "" %/%
     S: * LIST (\\HasNoChildren) "/" owatagusiam/blurdybloop
     S: d OK LIST completed
     C: e LIST "" ""
     S: * LIST (\\Noselect) "/" ""
     S: e OK LIST completed
     C: f DELETE owatagusiam
     S: f NO [HASCHILDREN] There are mailboxes below it
     C: g RENAME owatagusiam/blurdybloop sarasoop
     S: g OK RENAME completed
     C: h DELETE blurdybloop
     S: h NO [NONEXISTENT] No such mailbox
     C: i DELETE sarasoop
     S: i OK DELETE completed
     C: j DELETE owatagusiam
     S: j OK DELETE completed
     C: k DELETE INBOX
     S: k NO [CANNOT] INBOX stays
     C: l SELECT nowhere
     S: l NO [NONEXISTENT] No such mailbox
     C: m STATUS nowhere (MESSAGES)
     S: m NO [NONEXISTENT] No such mailbox
     C: n APPEND nowhere {3+}~abc
     S: n NO [TRYCREATE] No such mailbox`,
  ],
  [
    "names in modified UTF-7 and, once enabled, in UTF-8",
    `C: a CREATE "Entw&APw-rfe"
     S: a OK [MAILBOXID (F)] CREATE completed
     C: b LIST "" Entw*
     S: * LIST (\\HasNoChildren) "/" Entw&APw-rfe
     S: b OK LIST completed
     C: c ENABLE UTF8=ACCEPT
     S: * ENABLED UTF8=ACCEPT
     S: c OK ENABLE completed
     C: d LIST "" Entw*
     S: * LIST (\\HasNoChildren) "/" "Entw\u00c3\u00bcrfe"
     S: d OK LIST completed
     C: e DELETE "Entw\u00c3\u00bcrfe"
     S: e OK DELETE completed`,
  ],
  [
    "subscriptions and RFC 5258",
    `C: a CREATE Fruit/Apple
     S: a OK [MAILBOXID (F)] CREATE completed
     C: b SUBSCRIBE Fruit/Apple
     S: b OK SUBSCRIBE completed
     C: c UNSUBSCRIBE Nowhere
     S: c OK UNSUBSCRIBE completed
     C: d LSUB "" Fruit*
     S: * LSUB () "/" Fruit/Apple
     S: d OK LSUB completed
     C: e LSUB "" F%
     S: * LSUB (\\Noselect) "/" Fruit
     S: e OK LSUB completed
     C: f LIST (SUBSCRIBED RECURSIVEMATCH) "" F%
     S: * LIST (\\HasChildren) "/" Fruit ("CHILDINFO" ("SUBSCRIBED"))
     S: f OK LIST completed
     C: g LIST "" (Fruit Fruit/Apple) RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT))
     S: * LIST (\\HasChildren) "/" Fruit
     S: * STATUS Fruit (MESSAGES 0 UIDNEXT 1)
     S: * LIST (\\Subscribed \\HasNoChildren) "/" Fruit/Apple
     S: * STATUS Fruit/Apple (MESSAGES 0 UIDNEXT 1)
     S: g OK LIST completed
     C: h DELETE Fruit/Apple
     S: h OK DELETE completed
     C: i LSUB "" Fruit*
     S: * LSUB () "/" Fruit/Apple
     S: i OK LSUB completed
     C: j LIST (SUBSCRIBED) "" Fruit* RETURN (CHILDREN STATUS (MESSAGES))
     S: * LIST (\\Subscribed \\NonExistent \\HasNoChildren) "/" Fruit/Apple
     S: j OK LIST completed
     C: k LIST "" Fruit* RETURN (SUBSCRIBED)
     S: * LIST (\\HasNoChildren) "/" Fruit
     S: k OK LIST completed
     C: l DELETE Fruit
     S: l OK DELETE completed
     C: m LIST (SUBSCRIBED RECURSIVEMATCH) "" Fr%
     S: * LIST (\\NonExistent) "/" Fruit ("CHILDINFO" ("SUBSCRIBED"))
     S: m OK LIST completed
     C: n LSUB "" Fr%
     S: * LSUB (\\Noselect) "/" Fruit
     S: n OK LSUB completed
     C: o CREATE Fruit/Apple
     S: o OK [MAILBOXID (F)] CREATE completed
     C: p LSUB "" Fruit*
     S: * LSUB () "/" Fruit/Apple
     S: p OK LSUB completed
     C: q UNSUBSCRIBE Fruit/Apple
     S: q OK UNSUBSCRIBE completed
     C: r DELETE Fruit/Apple
     S: r OK DELETE completed
     C: s DELETE Fruit
     S: s OK DELETE completed
     C: t LSUB "" Fruit*
     S: t OK LSUB completed`,
  ],
  [
    "special uses",
    `C: a CREATE Archives/Old (USE (\\Important))
     S: a OK [MAILBOXID (F)] CREATE completed
     C: b CREATE More (USE (\\Important))
     S: b NO [USEATTR] Another mailbox has that special use
     C: c LIST (SPECIAL-USE) "" Archives*
     S: * LIST (\\HasNoChildren \\Important) "/" Archives/Old
     S: c OK LIST completed
     C: d DELETE Archives/Old
     S: d OK DELETE completed
     C: e DELETE Archives
     S: e OK DELETE completed`,
  ],
];
describe("users", () => {
  test("bad commands count in a row", async () => {
    const client = await world.user();
    for (let times = 0; times < 3; times++) {
      client.write(`${"x y\r\n".repeat(50)}z NOOP\r\n`);
      assert.equal((await client.until("z")).at(-1), "OK NOOP completed");
    }
  });

  for (const [name, script] of users) test(name, async () => play(await world.user(), script));
});

type Case = readonly [name: string, messages: readonly string[], script: string];
const cases: readonly Case[] = [
  [
    "SELECT tells all there is to know, FETCH what is asked",
    [message],
    `C: a SELECT HERE
     S: * OK [CLOSED] Previous mailbox is closed
     S: * FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)
     S: * OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft \\*)] Flags that stay
     S: * 1 EXISTS
     S: * 0 RECENT
     S: * OK [UNSEEN 1] First unseen message
     S: * OK [UIDVALIDITY V] UIDs are valid
     S: * OK [UIDNEXT 2] Predicted next UID
     S: * OK [HIGHESTMODSEQ M] Highest mod-sequence
     S: * OK [MAILBOXID (F)] Mailbox id
     S: a OK [READ-WRITE] SELECT completed
     C: b FETCH 1 (FLAGS RFC822.SIZE UID)
     S: * 1 FETCH (FLAGS () RFC822.SIZE ${message.length} UID 1)
     S: b OK FETCH completed
     C: c FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[TEXT]<1.3> BODY.PEEK[2] BODY.PEEK[TEXT]<90.1>)
     S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {29}~Subject: IMAP4rev2 WG mtg~~ BODY[TEXT]<1> {3}~ell BODY[2] NIL BODY[TEXT]<90> "")
     S: c OK FETCH completed
     C: d UID FETCH 1 (EMAILID THREADID MODSEQ)
     S: * 1 FETCH (UID 1 EMAILID (M) THREADID (T) MODSEQ (M))
     S: d OK FETCH completed
     C: e FETCH 2 FLAGS
     S: e BAD No message has that sequence number
     C: f UID FETCH 7:9 FLAGS
     S: f OK FETCH completed
     C: g FETCH 1 BODY[TEXT]
     S: * 1 FETCH (BODY[TEXT] {7}~Hello~ FLAGS (\\Seen) MODSEQ (M))
     S: g OK FETCH completed
     C: h FETCH 1 (BINARY[1] BINARY.SIZE[1])
     S: * 1 FETCH (BINARY[1] {7}~Hello~ BINARY.SIZE[1] 7)
     S: h OK FETCH completed`,
  ],
  [
    "STORE, and what it answers",
    [message, message, message],
    `C: a STORE 1:2 +FLAGS (\\Deleted)
     S: * 1 FETCH (FLAGS (\\Deleted \\Recent))
     S: * 2 FETCH (FLAGS (\\Deleted \\Recent))
     S: a OK STORE completed
     C: b UID STORE 3 FLAGS.SILENT (\\Seen $Forwarded)
     S: * FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Forwarded)
     S: * OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Forwarded \\*)] Flags that stay
     S: b OK STORE completed
     C: c STORE 3 +FLAGS (\\Seen)
     S: * 3 FETCH (FLAGS (\\Seen \\Recent $Forwarded))
     S: c OK STORE completed
     C: d UID EXPUNGE 2:3
     S: * 2 EXPUNGE
     S: d OK EXPUNGE completed
     C: e EXPUNGE
     S: * 1 EXPUNGE
     S: e OK EXPUNGE completed
     C: f EXPUNGE
     S: f OK EXPUNGE completed
     C: g STORE 4 FLAGS (\\Seen)
     S: g BAD No message has that sequence number
     C: h CLOSE
     S: h OK CLOSE completed
     C: i FETCH 1 FLAGS
     S: i BAD Select a mailbox first`,
  ],
  [
    "EXAMINE changes nothing",
    [message],
    `C: a EXAMINE HERE
     S: * OK [CLOSED] Previous mailbox is closed
     S: * FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)
     S: * OK [PERMANENTFLAGS ()] Flags that stay
     S: * 1 EXISTS
     S: * 0 RECENT
     S: * OK [UNSEEN 1] First unseen message
     S: * OK [UIDVALIDITY V] UIDs are valid
     S: * OK [UIDNEXT 2] Predicted next UID
     S: * OK [HIGHESTMODSEQ M] Highest mod-sequence
     S: * OK [MAILBOXID (F)] Mailbox id
     S: a OK [READ-ONLY] EXAMINE completed
     C: b FETCH 1 BODY[TEXT]
     S: * 1 FETCH (BODY[TEXT] {7}~Hello~)
     S: b OK FETCH completed
     C: c STORE 1 FLAGS (\\Deleted)
     S: c NO [READ-ONLY] The mailbox is open read-only
     C: d EXPUNGE
     S: d NO [READ-ONLY] The mailbox is open read-only
     C: e MOVE 1 INBOX
     S: e NO [READ-ONLY] The mailbox is open read-only`,
  ],
  [
    "COPY and MOVE: RFC 4315, RFC 6851",
    [message, message, message],
    `C: a COPY 1:2 Nowhere
     S: a NO [TRYCREATE] No such mailbox
     C: b CREATE HERE/Target
     S: b OK [MAILBOXID (F)] CREATE completed
     C: c COPY 1,3 HERE/Target
     S: c OK [COPYUID V 1,3 1:2] COPY completed
     C: d UID MOVE 1:2 HERE/Target
     S: * OK [COPYUID V 1:2 3:4] Moved
     S: * 2 EXPUNGE
     S: * 1 EXPUNGE
     S: d OK MOVE completed
     C: e UID COPY 99 HERE/Target
     S: e OK COPY completed
     C: f COPY 1 HERE
     S: * 2 EXISTS
     S: * 2 RECENT
     S: f OK [COPYUID V 3 4] COPY completed
     C: g MOVE 1 HERE
     S: * OK [COPYUID V 3 5] Moved
     S: * 1 EXPUNGE
     S: * 2 EXISTS
     S: * 2 RECENT
     S: g OK MOVE completed
     C: h DELETE HERE/Target
     S: h OK DELETE completed`,
  ],
  [
    "SEARCH: RFC 9051 §6.4.4, RFC 4731, RFC 5182",
    [message, message.replace("Hello", "Goodbye"), message],
    `C: a SEARCH BODY goodbye
     S: * SEARCH 2
     S: a OK SEARCH completed
     C: b SEARCH SUBJECT nothing
     S: * SEARCH
     S: b OK SEARCH completed
     C: c UID SEARCH RETURN (MIN MAX COUNT ALL) UID 2:*
     S: * ESEARCH (TAG "c") UID MIN 2 MAX 3 COUNT 2 ALL 2:3
     S: c OK SEARCH completed
     C: d SEARCH RETURN (SAVE) NOT BODY goodbye
     S: d OK SEARCH completed
     C: e UID FETCH $ (UID)
     S: * 1 FETCH (UID 1)
     S: * 3 FETCH (UID 3)
     S: e OK FETCH completed
     C: f SEARCH RETURN (COUNT) $ 2:3
     S: * ESEARCH (TAG "f") COUNT 1
     S: f OK SEARCH completed
     C: g SEARCH RETURN (SAVE MIN) ALL
     S: * ESEARCH (TAG "g") MIN 1
     S: g OK SEARCH completed
     C: h STORE $ +FLAGS.SILENT (\\Flagged)
     S: h OK STORE completed
     C: i SEARCH FLAGGED
     S: * SEARCH 1
     S: i OK SEARCH completed
     C: j SEARCH 9
     S: j BAD No message has that sequence number
     C: k SEARCH YOUNGER 3600
     S: * SEARCH 1 2 3
     S: k OK SEARCH completed
     C: l SEARCH OLDER 3600
     S: * SEARCH
     S: l OK SEARCH completed
     C: m SEARCH NEW
     S: * SEARCH 1 2 3
     S: m OK SEARCH completed
     C: o SEARCH EMAILID nothing
     S: * SEARCH
     S: o OK SEARCH completed
     C: p SEARCH RETURN (SAVE) FOO
     S: p BAD Unknown search key
     C: q SEARCH $
     S: * SEARCH 1
     S: q OK SEARCH completed
     C: r SEARCH RETURN (SAVE) CHARSET X-NONE ALL
     S: r NO [BADCHARSET (US-ASCII UTF-8)] Unknown charset
     C: s SEARCH $
     S: * SEARCH
     S: s OK SEARCH completed`,
  ],
  [
    "an empty mailbox: a search for all of it finds nothing, all else that is said of messages is BAD",
    [],
    `C: a SEARCH 1:* NOT DELETED
     S: * SEARCH
     S: a OK SEARCH completed
     C: b UID SEARCH RETURN (COUNT) OR * 1:*
     S: * ESEARCH (TAG "b") UID COUNT 0
     S: b OK SEARCH completed
     C: c SEARCH 1
     S: c BAD No message has that sequence number
     C: d FETCH 1:* FLAGS
     S: d BAD No message has that sequence number`,
  ],
  [
    "SORT and THREAD: RFC 5256",
    [
      "Subject: b\r\nMessage-ID: <1@x>\r\nDate: Mon, 2 Jan 2006 10:00:00 +0000\r\n\r\n.",
      "Subject: a\r\nMessage-ID: <2@x>\r\nDate: Mon, 2 Jan 2006 11:00:00 +0000\r\n\r\n.",
      "Subject: Re: b\r\nMessage-ID: <3@x>\r\nReferences: <1@x>\r\nDate: Mon, 2 Jan 2006 12:00:00 +0000\r\n\r\n.",
    ],
    `C: a SORT (SUBJECT) UTF-8 ALL
     S: * SORT 2 1 3
     S: a OK SORT completed
     C: b UID SORT (REVERSE DATE) UTF-8 ALL
     S: * SORT 3 2 1
     S: b OK SORT completed
     C: c THREAD REFERENCES UTF-8 ALL
     S: * THREAD (1 3)(2)
     S: c OK THREAD completed
     C: d UID THREAD ORDEREDSUBJECT UTF-8 NOT UID 2
     S: * THREAD (1 3)
     S: d OK THREAD completed
     C: e UID SORT RETURN (MIN COUNT ALL) (SUBJECT) UTF-8 ALL
     S: * ESEARCH (TAG "e") UID MIN 2 COUNT 3 ALL 2,1,3
     S: e OK SORT completed`,
  ],
  [
    "APPEND: one, several, with flags and date; none of them where one is refused",
    [],
    `C: a APPEND HERE (\\Seen) " 1-Jan-2020 10:00:00 +0100" {3}
     S: + Ready for the literal
     C: abc
     S: * 1 EXISTS
     S: * 1 RECENT
     S: a OK [APPENDUID V 1] APPEND completed
     C: b FETCH 1 (FLAGS INTERNALDATE)
     S: * 1 FETCH (FLAGS (\\Seen \\Recent) INTERNALDATE " 1-Jan-2020 09:00:00 +0000")
     S: b OK FETCH completed
     C: c APPEND HERE {3+}~abc (\\Draft) {4+}~defg
     S: * 3 EXISTS
     S: * 3 RECENT
     S: c OK [APPENDUID V 2:3] APPEND completed
     C: d APPEND HERE {99999999}
     S: d NO [TOOBIG] Message is too big
     C: e APPEND HERE {3+}~a\u0000c
     S: e NO [CANNOT] A message must not hold NUL
     C: f APPEND HERE ~{3+}~a\u0000c
     S: f BAD Expected a literal`,
  ],
  [
    "CONDSTORE: RFC 7162 §3.1",
    [message, message],
    `C: a STORE 1 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Deleted)
     S: a OK [MODIFIED 1] Some messages have changed since
     C: b FETCH 1:2 (FLAGS) (CHANGEDSINCE 1)
     S: * 1 FETCH (FLAGS (\\Recent) MODSEQ (M))
     S: * 2 FETCH (FLAGS (\\Recent) MODSEQ (M))
     S: b OK FETCH completed
     C: c STORE 2 +FLAGS.SILENT (\\Seen)
     S: * 2 FETCH (MODSEQ (M))
     S: c OK STORE completed
     C: d UID STORE 2 +FLAGS (\\Deleted)
     S: * 2 FETCH (UID 2 FLAGS (\\Seen \\Deleted \\Recent) MODSEQ (M))
     S: d OK STORE completed
     C: e SEARCH MODSEQ 99999999
     S: * SEARCH
     S: e OK SEARCH completed
     C: f EXPUNGE
     S: * 2 EXPUNGE
     S: f OK [HIGHESTMODSEQ M] EXPUNGE completed`,
  ],
  [
    "IMAP4rev2: ESEARCH, no RECENT, LIST with SELECT",
    [message],
    `C: a ENABLE IMAP4rev2
     S: * ENABLED IMAP4rev2
     S: a OK ENABLE completed
     C: b SELECT HERE
     S: * OK [CLOSED] Previous mailbox is closed
     S: * FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)
     S: * OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft \\*)] Flags that stay
     S: * 1 EXISTS
     S: * OK [UIDVALIDITY V] UIDs are valid
     S: * OK [UIDNEXT 2] Predicted next UID
     S: * OK [HIGHESTMODSEQ M] Highest mod-sequence
     S: * OK [MAILBOXID (F)] Mailbox id
     S: * LIST () "/" HERE
     S: b OK [READ-WRITE] SELECT completed
     C: c SEARCH ALL
     S: * ESEARCH (TAG "c") ALL 1
     S: c OK SEARCH completed
     C: d UID SEARCH UNDELETED FLAGGED
     S: * ESEARCH (TAG "d") UID
     S: d OK SEARCH completed`,
  ],
];
describe("a selected mailbox", () => {
  test("NUL in a message is a literal8 in BINARY, and another octet elsewhere (RFC 9051 §4.3.1)", async () => {
    const client = await opened("Nul");
    await client.ok("APPEND Nul ~{5+}\r\n\r\na\0b");
    const [found] = await client.ok("FETCH 1 (BODY.PEEK[TEXT] BODY.PEEK[TEXT]<0.1> BINARY.PEEK[1])");
    assert.equal(found, "* 1 FETCH (BODY[TEXT] {3}\r\na\x80b BODY[TEXT]<0> {1}\r\na BINARY[1] ~{3}\r\na\0b)");
  });

  for (const [at, [name, messages, script]] of cases.entries())
    test(name, async () => {
      const client = await opened(`Box${at}`, messages);
      await play(client, script.replaceAll("HERE", `Box${at}`));
    });
});
