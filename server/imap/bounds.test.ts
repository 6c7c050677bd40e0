/** What nobody may grow beyond its bound, and what random commands must never cause. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import type { Log } from "../base/log.ts";
import { quiet } from "../base/log.ts";
import { ContentCache } from "./content-cache.ts";
import { freshStore, type TestStore } from "./fake-store.ts";
import { type Client, type ImapWorld, imapWorld } from "./fake-world.ts";

let kept: TestStore;
let world: ImapWorld;
const cache = new ContentCache();
const errors: unknown[] = [];
const log: Log = { ...quiet, error: (fields) => errors.push(fields), warn: (fields) => errors.push(fields) };
before(async () => {
  kept = await freshStore();
  world = await imapWorld(kept.store, kept.accounts, {
    cache,
    log,
    settings: { maxSessionsPerAccount: 4, maxMessageBytes: 9_000_000, maxBadCommands: 1_000_000 },
  });
});
after(async () => {
  await world.close();
  await kept.close();
});

test("sessions of one account are counted, and UNAUTHENTICATE gives one back", async () => {
  const clients: Client[] = [];
  for (let at = 0; at < 4; at++) clients.push(await world.user());
  const late = await world.connect();
  assert.deepEqual(await late.run("LOGIN u1@example.test pw"), ["NO [LIMIT] Too many sessions of this account"]);
  await clients[0]?.ok("ENABLE CONDSTORE");
  await clients[0]?.ok("SELECT INBOX");
  await clients[0]?.ok("UNAUTHENTICATE");
  assert.deepEqual(await clients[0]?.run("FETCH 1 FLAGS"), ["BAD Log in first"]);
  await late.ok("LOGIN u1@example.test pw");
  for (const client of [...clients, late]) client.destroy();
});

test("who drips a command in without end has to log in in time all the same", async () => {
  const impatient = await imapWorld(kept.store, kept.accounts, { cache, log, settings: { loginTimeoutMs: 300 } });
  for (const beginning of ["a LOGIN ", "a LOGIN {4000}\r\n", "a AUTHENTICATE PLAIN\r\n"]) {
    const client = await impatient.connect();
    client.write(beginning);
    const dripping = setInterval(() => client.write("A"), 20);
    const said: string[] = [];
    for (let line = await client.line(); line !== ""; line = await client.line()) said.push(line);
    clearInterval(dripping);
    if (!beginning.includes("PLAIN")) assert.equal(said.at(-1), "* BYE Nobody logged in");
    client.destroy();
  }
  const client = await user(impatient);
  await new Promise((resolve) => setTimeout(resolve, 400));
  await client.ok("NOOP");
  await impatient.close();
});

/** The sessions before have to be gone for the account's bound; a machine that is slow may need some tries to log in in time. */
async function user(of: ImapWorld = world): Promise<Client> {
  for (;;) {
    const client = await of.connect();
    const [answer] = await client.run("LOGIN u1@example.test pw").catch(() => []);
    if (answer?.startsWith("OK")) return client;
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("a large message in pieces is read from the store once, a long one whole; a client that does not take it is cut off", async () => {
  const client = await user();
  await client.ok("CREATE Large");
  const body = Buffer.alloc(8_000_000, "0123456789abcdef\r\n");
  const large = `Subject: large\r\n\r\n${body.toString("latin1")}`;
  await client.append("Large", large);
  await client.ok("SELECT Large");
  for (const offset of [0, 1_000_000, 7_999_999]) {
    const [line] = await client.ok(`FETCH 1 BODY.PEEK[]<${offset}.10>`);
    const expected = large.slice(offset, offset + 10);
    assert.equal(line, `* 1 FETCH (BODY[]<${offset}> {${expected.length}}\r\n${expected})`);
  }
  assert.equal(cache.sizeBytes, large.length);
  const [whole] = await client.ok("FETCH 1 BODY.PEEK[]");
  assert.equal(whole, `* 1 FETCH (BODY[] {${large.length}}\r\n${large})`);

  // Nobody else has so little time: a slow machine would cut off who takes what it asks for.
  const impatient = await imapWorld(kept.store, kept.accounts, { cache, log, settings: { stallMs: 200 } });
  const lazy = await impatient.user();
  await lazy.ok("SELECT Large");
  lazy.socket.pause();
  lazy.write(`x FETCH 1 (${Array.from({ length: 20 }, (_, at) => `BODY.PEEK[]<${at}.9000000>`).join(" ")})\r\n`);
  const held = async (is: (bytes: number) => boolean): Promise<void> => {
    while (!is(cache.budget.heldBytes)) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await held((bytes) => bytes > 0);
  await held((bytes) => bytes === 0);
  // The client takes nothing, so the socket's close is not seen until it reads on.
  lazy.socket.resume();
  await new Promise((resolve) => lazy.socket.once("close", resolve));
  client.destroy();
  await impatient.close();
});

test("memory that serves again is not written to while a client still takes what lay in it", {
  timeout: 300_000,
}, async () => {
  // Nobody is cut off here, however slow the machine is.
  const patient = await imapWorld(kept.store, kept.accounts, { cache, log });
  const client = await patient.user();
  await client.ok("CREATE Many");
  const bodies = Array.from({ length: 1500 }, (_, at) =>
    Buffer.from(`Subject: ${at}\r\n\r\n`.padEnd(at % 9 === 0 ? 20_000 : 6000 + at, `${at} `)),
  );
  await kept.store.append(
    kept.accounts[0]!.id,
    "Many",
    bodies.map((bytes) => ({ bytes, facts: factsOf(bytes), marks: { flags: 0, keywords: [] }, receivedAt: 0 })),
  );
  client.destroy();
  const readers = [await patient.user(), await patient.user(), await patient.user()];
  await Promise.all(
    readers.map(async (reader, which) => {
      await reader.ok("SELECT Many");
      const reading = reader.ok("FETCH 1:* BODY.PEEK[]");
      // They stop in the middle, each somewhere else, so that what is written waits in our memory.
      const pauses = setInterval(() => {
        reader.socket.pause();
        setTimeout(() => reader.socket.resume(), 10 + which * 7);
      }, 25);
      const lines = await reading;
      clearInterval(pauses);
      assert.equal(lines.length, bodies.length);
      for (const [at, bytes] of bodies.entries())
        assert.ok(lines[at] === `* ${at + 1} FETCH (BODY[] {${bytes.length}}\r\n${bytes.toString("latin1")})`, `${at}`);
      reader.destroy();
    }),
  );
  await patient.close();
});

test("what EXPUNGE would set free", async () => {
  const client = await user();
  await client.ok("CREATE Freed");
  await client.append("Freed", "Subject: a\r\n\r\n12345", "\\Deleted");
  await client.append("Freed", "Subject: b\r\n\r\n", "\\Deleted");
  await client.append("Freed", "Subject: c\r\n\r\n");
  assert.deepEqual(await client.ok("STATUS Freed (DELETED DELETED-STORAGE SIZE)"), [
    "* STATUS Freed (DELETED 2 DELETED-STORAGE 33 SIZE 47)",
  ]);
  client.destroy();
});

/** Deterministic: mulberry32. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

const words = [
  ..."SELECT EXAMINE CREATE DELETE RENAME SUBSCRIBE LIST LSUB STATUS FETCH STORE SEARCH SORT THREAD COPY MOVE EXPUNGE".split(
    " ",
  ),
  ..."CLOSE UNSELECT NOOP CHECK ENABLE ID NAMESPACE GETQUOTA GETQUOTAROOT SETQUOTA CAPABILITY UID APPEND IDLE DONE".split(
    " ",
  ),
  ..."INBOX Box Box/Sub * % 1 2 1:* *:1 4294967295 0 $ 3:1,2 ALL FLAGS ENVELOPE BODY BODYSTRUCTURE BODY[] BODY[1.MIME]".split(
    " ",
  ),
  ..."BODY.PEEK[HEADER.FIELDS (From To)]|BINARY[1]|BINARY.SIZE[2]|BODY[TEXT]<0.5>|MODSEQ|UID|RFC822|INTERNALDATE|SAVEDATE".split(
    "|",
  ),
  ..."+FLAGS|-FLAGS.SILENT|FLAGS|(\\Seen \\Deleted)|($Key)|()|(MESSAGES UNSEEN)|(RECENT SIZE)|(CONDSTORE)|(CHANGEDSINCE 1)".split(
    "|",
  ),
  ..."(CHANGEDSINCE 1 VANISHED)|(UNCHANGEDSINCE 5)|(QRESYNC (1 2))|RETURN (MIN MAX COUNT)|RETURN (SAVE)|RETURN (STATUS (SIZE))".split(
    "|",
  ),
  ..."CONDSTORE QRESYNC IMAP4rev2 UTF8=ACCEPT SUBJECT FROM TEXT hello NOT OR UNSEEN SINCE 1-Jan-2020 LARGER 10 UTF-8 REFERENCES".split(
    " ",
  ),
  ...'(SUBJECT)|(REVERSE DATE)|(ARRIVAL)|ORDEREDSUBJECT|""|"a b"|{3+}\r\nabc|{11+}\r\nA: b\r\n\r\ntext|(|)|"|\\|NIL'.split(
    "|",
  ),
];

/** Whole commands, in which a "?" is one of the words after it. */
const forms: readonly string[] = [
  "SELECT ?box",
  "EXAMINE ?box (CONDSTORE)",
  "SELECT ?box (QRESYNC (1 2 1:5))",
  "FETCH ?set (?item ?item ?item)",
  "UID FETCH ?set (?item ?item) (CHANGEDSINCE 3)",
  "UID FETCH ?set (FLAGS) (CHANGEDSINCE 3 VANISHED)",
  "STORE ?set ?mode (?flag ?flag)",
  "UID STORE ?set (UNCHANGEDSINCE 9) ?mode (?flag)",
  "SEARCH ?key ?key",
  "UID SEARCH RETURN (SAVE COUNT MIN) OR ?key NOT ?key",
  "SORT (?sort REVERSE ?sort) UTF-8 ?key",
  "UID THREAD REFERENCES UTF-8 ?key",
  "THREAD ORDEREDSUBJECT UTF-8 ?key",
  "COPY ?set ?box",
  "UID MOVE ?set ?box",
  "EXPUNGE",
  "UID EXPUNGE ?set",
  "APPEND ?box (?flag) {21+}\r\nSubject: x\r\n\r\nHello\r\n",
  "STATUS ?box (MESSAGES UNSEEN RECENT SIZE DELETED-STORAGE HIGHESTMODSEQ)",
  'LIST (SUBSCRIBED RECURSIVEMATCH) "" (% ?box/%) RETURN (CHILDREN STATUS (SIZE))',
  "CREATE ?box/?box",
  "DELETE ?box",
  "RENAME ?box ?box/New",
  "SUBSCRIBE ?box",
  "ENABLE ?able",
  "IDLE\r\nDONE",
  "NOOP",
  "CLOSE",
  "UNSELECT",
  "GETQUOTAROOT ?box",
];
const slots: { readonly [slot: string]: readonly string[] } = {
  box: ["INBOX", "Box", "Box/Sub", "Trash"],
  set: ["1", "2", "1:*", "*", "2:3", "$", "3:1,7"],
  item: "UID FLAGS ENVELOPE BODYSTRUCTURE BODY BODY[] BODY.PEEK[TEXT] BODY[1] BINARY[1] BINARY.SIZE[1] MODSEQ EMAILID".split(
    " ",
  ),
  mode: ["+FLAGS", "-FLAGS.SILENT", "FLAGS", "FLAGS.SILENT"],
  flag: ["\\Seen", "\\Deleted", "\\Flagged", "$Key"],
  key: [
    "ALL",
    "1:*",
    "UNSEEN",
    "SUBJECT x",
    "BODY hello",
    "KEYWORD $Key",
    "LARGER 10",
    "$",
    "MODSEQ 4",
    "OLDER 5",
    "NEW",
  ],
  sort: ["SUBJECT", "ARRIVAL", "DATE", "FROM", "SIZE"],
  able: ["CONDSTORE", "QRESYNC", "IMAP4rev2"],
};

test("random commands are answered, each with its tag, and break nothing", async () => {
  const roll = dice(7);
  const count = 1500 * Number(process.env["FUZZ"] ?? 1);
  let succeeded = 0;
  let client = await user();
  for (const box of ["Box", "Box/Sub"]) await client.run(`CREATE ${box}`);
  for (let at = 0; at < count; at++) {
    let command = (roll(5) === 0 ? words[roll(words.length)] : forms[roll(forms.length)]) as string;
    command = command.replace(/\?(\w+)/g, (_, slot: string) => slots[slot]?.[roll(slots[slot].length)] ?? slot);
    if (!command.includes("\n")) while (roll(8) === 0) command += ` ${words[roll(words.length)]}`;
    if (/^IDLE$/i.test(command)) command += "\r\nDONE";
    try {
      const answer = (await client.run(command)).at(-1) ?? "";
      assert.match(answer, /^(OK|NO|BAD) /, command);
      if (answer.startsWith("OK")) succeeded++;
    } catch (error) {
      // An unfinished line may swallow the next; a session may be ended, but never by us breaking.
      if (!(error instanceof Error) || !error.message.startsWith("The server is gone")) throw error;
      client = await user();
    }
    assert.deepEqual(errors, [], command);
  }
  assert.ok(succeeded > count / 4, `${succeeded} of ${count} succeeded`);
  client.destroy();
});
