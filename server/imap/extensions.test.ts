/** What IMAP learnt since: REPLACE, PREVIEW, PARTIAL, NOTIFY, MULTISEARCH, UIDONLY, LIST-MYRIGHTS, LIST-METADATA, JMAPACCESS. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freshStore, type TestStore } from "./fake-store.ts";
import { type Client, type ImapWorld, imapWorld, play } from "./fake-world.ts";

let kept: TestStore;
let world: ImapWorld;
before(async () => {
  kept = await freshStore();
  world = await imapWorld(kept.store, kept.accounts, {
    settings: { jmapUrl: "https://mail.example.test/.well-known/jmap" },
  });
});
after(async () => {
  await world.close();
  await kept.close();
});

const message = (text: string, subject = "x"): string => `Subject: ${subject}\r\n\r\n${text}\r\n`;

async function mailbox(name: string, ...messages: readonly string[]): Promise<Client> {
  const client = await world.user();
  await client.ok(`CREATE ${name}`);
  for (const one of messages) await client.append(name, one);
  return client;
}

async function opened(name: string, ...messages: readonly string[]): Promise<Client> {
  const client = await mailbox(name, ...messages);
  await client.ok(`SELECT ${name}`);
  return client;
}

test("REPLACE: the new one is there and the old one is gone, or neither (RFC 8508)", async () => {
  const client = await opened("Replace", message("one"), message("two"), message("three"));
  await play(
    client,
    `C: a REPLACE 2 Replace (\\Seen) {3}
     S: + Ready for the literal
     C: new
     S: * OK [APPENDUID V 4] Replacement message ready
     S: * 2 EXPUNGE
     S: * 3 EXISTS
     S: * 3 RECENT
     S: a OK REPLACE completed
     C: b UID REPLACE 1 Drafts {3+}~abc
     S: * OK [APPENDUID V 1] Replacement message ready
     S: * 1 EXPUNGE
     S: b OK REPLACE completed
     C: c UID FETCH 1:* (FLAGS)
     S: * 1 FETCH (UID 3 FLAGS (\\Recent))
     S: * 2 FETCH (UID 4 FLAGS (\\Seen \\Recent))
     S: c OK FETCH completed
     C: d UID REPLACE 1 Drafts {3+}~abc
     S: d NO [EXPUNGEISSUED] That message is gone
     C: e REPLACE 1 Nowhere {3+}~abc
     S: e NO [TRYCREATE] No such mailbox
     C: f REPLACE 9 Drafts {3+}~abc
     S: f BAD No message has that sequence number
     C: g STATUS Drafts (MESSAGES)
     S: * STATUS Drafts (MESSAGES 1)
     S: g OK STATUS completed
     C: h EXAMINE Replace`,
  );
  await client.until("h");
  await play(
    client,
    `C: i REPLACE 1 Drafts {3+}~abc
     S: i NO [READ-ONLY] The mailbox is open read-only`,
  );
});

test("PREVIEW: the words that JMAP shows (RFC 8970)", async () => {
  const html =
    "Subject: y\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<style>p{}</style><p>Gr\xc3\xbc\xc3\x9fe &amp; mehr</p>\r\n";
  const client = await opened("Preview", message('Hello "there"\r\n> quoted\r\nsecond'), html, message(""));
  await play(
    client,
    `C: a FETCH 1:3 (PREVIEW (LAZY))
     S: * 1 FETCH (PREVIEW "Hello \\"there\\" second")
     S: * 2 FETCH (PREVIEW {14}~Gr\xc3\xbc\xc3\x9fe & mehr)
     S: * 3 FETCH (PREVIEW "")
     S: a OK FETCH completed
     C: b FETCH 1:3 (FLAGS)
     S: * 1 FETCH (FLAGS (\\Recent))
     S: * 2 FETCH (FLAGS (\\Recent))
     S: * 3 FETCH (FLAGS (\\Recent))
     S: b OK FETCH completed`,
  );
});

test("PARTIAL: pages of a search and of a fetch (RFC 9394)", async () => {
  const client = await opened("Partial", ...["a", "bb", "ccc", "dddd", "eeeee"].map((text) => message(text)));
  await play(
    client,
    `C: a UID SEARCH RETURN (PARTIAL 2:3) ALL
     S: * ESEARCH (TAG "a") UID PARTIAL (2:3 2:3)
     S: a OK SEARCH completed
     C: b UID SEARCH RETURN (PARTIAL -1:-2 COUNT) NOT UID 4
     S: * ESEARCH (TAG "b") UID COUNT 4 PARTIAL (-1:-2 3,5)
     S: b OK SEARCH completed
     C: c SEARCH RETURN (PARTIAL 6:9) ALL
     S: * ESEARCH (TAG "c") PARTIAL (6:9 NIL)
     S: c OK SEARCH completed
     C: d UID FETCH 1:* (UID) (PARTIAL -1:-2)
     S: * 4 FETCH (UID 4)
     S: * 5 FETCH (UID 5)
     S: d OK FETCH completed
     C: e UID FETCH 2:4 (UID) (PARTIAL 3:1)
     S: * 2 FETCH (UID 2)
     S: * 3 FETCH (UID 3)
     S: * 4 FETCH (UID 4)
     S: e OK FETCH completed
     C: f SEARCH RETURN (SAVE PARTIAL 4:5) ALL
     S: * ESEARCH (TAG "f") PARTIAL (4:5 4:5)
     S: f OK SEARCH completed
     C: g UID FETCH $ (UID)
     S: * 4 FETCH (UID 4)
     S: * 5 FETCH (UID 5)
     S: g OK FETCH completed
     C: h UID SORT RETURN (PARTIAL 1:2) (REVERSE SIZE) UTF-8 ALL
     S: * ESEARCH (TAG "h") UID PARTIAL (1:2 5,4)
     S: h OK SORT completed`,
  );
});

test("LIST says rights and annotations along (RFC 8440, RFC 9590)", async () => {
  const client = await mailbox("Listed");
  await play(
    client,
    `C: a SETMETADATA Listed (/private/comment "mine")
     S: a OK SETMETADATA completed
     C: b LIST "" Listed RETURN (MYRIGHTS METADATA (/private/comment /shared/comment))
     S: * LIST (\\HasNoChildren) "/" Listed
     S: * MYRIGHTS Listed lrswipkxteacd
     S: * METADATA Listed (/private/comment "mine" /shared/comment NIL)
     S: b OK LIST completed`,
  );
});

test("JMAPACCESS (RFC 9698)", async () => {
  await play(
    await world.user(),
    `C: a GETJMAPACCESS
     S: * JMAPACCESS "https://mail.example.test/.well-known/jmap"
     S: a OK GETJMAPACCESS completed`,
  );
});

test("ESEARCH in several mailboxes, one of them open (RFC 7377)", async () => {
  const client = await opened("Multi", message("needle"), message("hay"));
  const other = await mailbox("Multi/Sub", message("hay"), message("a needle"), message("needles"));
  await other.ok("CREATE Multi/Sub/Deep");
  await other.append("Multi/Sub/Deep", message("needle"));
  await play(
    client,
    `C: a ESEARCH IN (selected subtree-one Multi) RETURN (ALL COUNT) BODY needle
     S: * ESEARCH (TAG "a" MAILBOX Multi UIDVALIDITY V) UID COUNT 1 ALL 1
     S: * ESEARCH (TAG "a" MAILBOX Multi/Sub UIDVALIDITY V) UID COUNT 2 ALL 2:3
     S: a OK ESEARCH completed
     C: b ESEARCH IN (mailboxes (Multi/Sub/Deep Nowhere)) BODY needle
     S: * ESEARCH (TAG "b" MAILBOX Multi/Sub/Deep UIDVALIDITY V) UID ALL 1
     S: b OK ESEARCH completed
     C: c ESEARCH IN (subtree Multi) RETURN (SAVE) ALL
     S: c BAD SAVE is for SEARCH
     C: d ESEARCH IN (subtree Multi) 1:2
     S: d BAD Numbers of messages are no keys here
     C: e ESEARCH BODY hay
     S: * ESEARCH (TAG "e" MAILBOX Multi UIDVALIDITY V) UID ALL 2
     S: e OK ESEARCH completed
     C: f UNSELECT
     S: f OK UNSELECT completed
     C: g ESEARCH BODY hay
     S: g BAD Select a mailbox first`,
  );
});

test("UIDONLY: no sequence numbers from either side (RFC 9586)", async () => {
  const client = await opened("Only", message("one"), message("two"), message("three"));
  await play(
    client,
    `C: a ENABLE UIDONLY
     S: * ENABLED UIDONLY
     S: a OK ENABLE completed
     C: b FETCH 1 FLAGS
     S: b BAD [UIDREQUIRED] UIDONLY is enabled: messages are named by UID
     C: c UID FETCH 2 (FLAGS)
     S: * 2 UIDFETCH (UID 2 FLAGS (\\Recent))
     S: c OK FETCH completed
     C: d UID STORE 1 +FLAGS (\\Deleted)
     S: * 1 UIDFETCH (FLAGS (\\Deleted \\Recent))
     S: d OK STORE completed
     C: e UID SEARCH 1:2
     S: e BAD [UIDREQUIRED] UIDONLY is enabled: messages are named by UID
     C: f SEARCH DELETED
     S: f BAD [UIDREQUIRED] UIDONLY is enabled: messages are named by UID
     C: g EXPUNGE
     S: * VANISHED 1
     S: g OK EXPUNGE completed`,
  );
});

test("NOTIFY: other mailboxes are told of as things happen, without a command (RFC 5465)", async () => {
  const client = await mailbox("Told", message("one"));
  const other = await mailbox("Untold");
  await play(
    client,
    `C: a NOTIFY SET STATUS (subtree Told (MessageNew MessageExpunge MailboxName SubscriptionChange))
     S: * STATUS Told (MESSAGES 1 UIDNEXT 2 UIDVALIDITY V UNSEEN 1)
     S: a OK NOTIFY completed`,
  );
  await other.append("Untold", message("nobody hears"));
  await other.append("Told", message("two"), "\\Seen");
  await play(client, "S: * STATUS Told (MESSAGES 2 UIDNEXT 3 UIDVALIDITY V UNSEEN 1)");
  await other.ok("CREATE Told/New");
  await play(client, 'S: * LIST () "/" Told/New');
  await other.ok("SUBSCRIBE Told/New");
  await play(client, 'S: * LIST (\\Subscribed) "/" Told/New');
  await other.ok("RENAME Told/New Told/Newer");
  await play(client, 'S: * LIST (\\Subscribed) "/" Told/Newer ("OLDNAME" (Told/New))');
  await other.ok("UNSUBSCRIBE Told/Newer");
  await play(client, 'S: * LIST () "/" Told/Newer');
  await other.ok("DELETE Told/Newer");
  await play(client, 'S: * LIST (\\NonExistent) "/" Told/Newer');
  // Changes of flags were not asked for; a new message after them is told of, and nothing else.
  await other.ok("SELECT Told");
  await other.ok("STORE 1 +FLAGS (\\Flagged)");
  await other.ok("STORE 1 +FLAGS (\\Deleted)");
  await other.ok("EXPUNGE");
  await play(
    client,
    `S: * STATUS Told (MESSAGES 1 UIDNEXT 3 UIDVALIDITY V UNSEEN 0)
     C: b NOTIFY NONE
     S: b OK NOTIFY completed`,
  );
  await other.append("Told", message("silence"));
  assert.deepEqual(await client.ok("NOOP"), []);
});

test("NOTIFY: the mailbox that is open, at once, with what is wanted of each new message", async () => {
  const client = await opened("Open", message("one"), message("two"));
  const other = await world.user();
  await other.ok("SELECT Open");
  await play(
    client,
    `C: a NOTIFY SET (selected (MessageNew (UID PREVIEW) MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge))
     S: a OK NOTIFY completed`,
  );
  await other.append("Open", message("three"));
  await play(
    client,
    `S: * 3 EXISTS
     S: * 3 RECENT
     S: * 3 FETCH (UID 3 PREVIEW "three")`,
  );
  await other.ok("UID STORE 1 +FLAGS (\\Deleted)");
  await play(client, "S: * 1 FETCH (FLAGS (\\Deleted \\Recent))");
  await other.ok("EXPUNGE");
  await play(client, "S: * 1 EXPUNGE");
  // In the middle of a command, too.
  client.write("b APPEND Open {9}\r\n");
  await play(client, "S: + Ready for the literal");
  await other.append("INBOX", message("elsewhere"));
  await play(client, "S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY V UNSEEN 1)");
  client.write("Subject: \r\n");
  const said = await client.until("b");
  assert.match(said.join("\n"), /\* 3 EXISTS.*FETCH \(UID 4 PREVIEW ""\).*OK \[APPENDUID/s);
});

test("NOTIFY: delayed, an expunge waits for a command that may tell of it", async () => {
  const client = await opened("Late", message("one"), message("two"));
  const other = await world.user();
  await other.ok("SELECT Late");
  await client.ok("NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))");
  await other.ok("STORE 1 +FLAGS (\\Deleted)");
  await play(client, "S: * 1 FETCH (FLAGS (\\Deleted \\Recent))");
  await other.ok("EXPUNGE");
  await other.append("Late", message("three"));
  await play(
    client,
    `S: * 3 EXISTS
     S: * 3 RECENT
     C: a NOOP
     S: * 1 EXPUNGE
     S: a OK NOOP completed`,
  );
});

test("INPROGRESS: a command that takes long is said to go on (RFC 9585)", async () => {
  let go = (): void => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  const slow = new Proxy(kept.store, {
    get(target, name) {
      if (name === "search")
        return (...asked: Parameters<typeof target.search>) => held.then(() => target.search(...asked));
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const patient = await imapWorld(slow, kept.accounts, { settings: { progressMs: 2 } });
  try {
    const client = await patient.user();
    await client.ok("SELECT INBOX");
    client.write("s SEARCH UNSEEN\r\n");
    for (let times = 0; times < 2; times++)
      assert.equal(await client.line(), '* OK [INPROGRESS ("s" NIL NIL)] Still at it');
    go();
    assert.match((await client.until("s")).at(-2) ?? "", /^\* SEARCH/);
    assert.deepEqual(await client.ok("NOOP"), []);
  } finally {
    await patient.close();
  }
});
