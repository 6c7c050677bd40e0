/** Sessions that see each other's changes: what is told, and when. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { freshStore, type TestStore } from "./fake-store.ts";
import { type Client, type ImapWorld, imapWorld } from "./fake-world.ts";

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

let boxes = 0;
const message = (subject: string): string => `Subject: ${subject}\r\n\r\nText of ${subject}.\r\n`;

/** A new mailbox with messages of UID 1 to `count`, and two sessions that have it open. */
async function two(count: number): Promise<{ box: string; a: Client; b: Client }> {
  const box = `Shared${boxes++}`;
  const [a, b] = [await world.user(), await world.user()];
  await a.ok(`CREATE ${box}`);
  for (let uid = 1; uid <= count; uid++) await a.append(box, message(`m${uid}`));
  await a.ok(`SELECT ${box}`);
  await b.ok(`SELECT ${box}`);
  return { box, a, b };
}

const without = (lines: readonly string[], word: string): string[] => lines.filter((line) => !line.includes(word));

describe("what others do", () => {
  test("is told after NOOP: expunged, then arrived, then marked", async () => {
    const { box, a, b } = await two(4);
    await a.ok("UID STORE 2 +FLAGS.SILENT (\\Deleted)");
    await a.ok("EXPUNGE");
    await a.append(box, message("m5"));
    await a.ok("UID STORE 4 +FLAGS.SILENT (\\Flagged)");
    assert.deepEqual(without(await b.ok("NOOP"), "RECENT"), [
      "* 2 EXPUNGE",
      "* 4 EXISTS",
      "* 3 FETCH (FLAGS (\\Flagged))",
    ]);
    assert.deepEqual(await b.ok("NOOP"), []);
    assert.deepEqual(
      await b.ok("FETCH 1:* UID"),
      [1, 3, 4, 5].map((uid, at) => `* ${at + 1} FETCH (UID ${uid})`),
    );
  });

  test("is not told as EXPUNGE while FETCH, STORE or SEARCH speak of numbers", async () => {
    const { a, b } = await two(3);
    await a.ok("UID STORE 1 +FLAGS.SILENT (\\Deleted)");
    await a.ok("EXPUNGE");
    assert.deepEqual(await b.ok("FETCH 2 UID"), ["* 2 FETCH (UID 2)"]);
    assert.deepEqual(await b.ok("STORE 3 +FLAGS (\\Seen)"), ["* 3 FETCH (FLAGS (\\Seen))"]);
    assert.deepEqual(await b.ok("SEARCH SUBJECT m3"), ["* SEARCH 3"]);
    assert.deepEqual(await b.run("FETCH 1 FLAGS"), ["NO [EXPUNGEISSUED] Some of these messages are gone"]);
    // With numbers COPY may tell of it, but must not claim to have copied what is gone.
    assert.deepEqual(await b.run("COPY 1 INBOX"), ["* 1 EXPUNGE", "NO [EXPUNGEISSUED] These messages are gone"]);
    assert.deepEqual(await b.run("UID COPY 1 INBOX"), ["OK COPY completed"]);
    assert.deepEqual(await b.ok("FETCH 1 UID"), ["* 1 FETCH (UID 2)"]);
  });

  test("is not told as EXPUNGE while further commands are on their way", async () => {
    const { a, b } = await two(3);
    await a.ok("UID STORE 1 +FLAGS.SILENT (\\Deleted)");
    await a.ok("EXPUNGE");
    b.write("x NOOP\r\ny FETCH 3 UID\r\nz NOOP\r\n");
    assert.deepEqual(await b.until("x"), ["OK NOOP completed"]);
    assert.deepEqual(await b.until("y"), ["* 3 FETCH (UID 3)", "OK FETCH completed"]);
    assert.deepEqual(await b.until("z"), ["* 1 EXPUNGE", "OK NOOP completed"]);
  });

  test("does not come twice to who did it, though others did something in between", async () => {
    const { a, b } = await two(3);
    await a.ok("STORE 1 +FLAGS.SILENT (\\Seen)");
    assert.deepEqual(await b.ok("STORE 2 +FLAGS (\\Flagged)"), [
      "* 2 FETCH (FLAGS (\\Flagged))",
      "* 1 FETCH (FLAGS (\\Seen))",
    ]);
    assert.deepEqual(await b.ok("NOOP"), []);
    assert.deepEqual(await a.ok("NOOP"), ["* 2 FETCH (FLAGS (\\Flagged \\Recent))"]);
  });

  test("what another did to a message is told though a silent change of one's own follows (RFC 9051 §6.4.6)", async () => {
    const { a, b } = await two(3);
    await a.ok("STORE 1:2 +FLAGS.SILENT (\\Answered)");
    assert.deepEqual(await b.ok("STORE 1 +FLAGS.SILENT (\\Flagged)"), [
      "* 1 FETCH (FLAGS (\\Answered \\Flagged))",
      "* 2 FETCH (FLAGS (\\Answered))",
    ]);
    assert.deepEqual(await b.ok("STORE 1:3 -FLAGS.SILENT (\\Flagged)"), []);
  });

  test("mod-sequences are shown beside an expunge that waits: up to where all was told is said (RFC 7162 §3.2)", async () => {
    const { box, a, b } = await two(3);
    await b.ok("ENABLE QRESYNC");
    const modseqs = (lines: readonly string[]) =>
      lines.flatMap((line) => /^\* (OK \[HIGHESTMODSEQ|\d+ FETCH .*MODSEQ) \(?(\d+)/.exec(line)?.slice(1) ?? []);
    const [, before] = modseqs(await b.ok(`SELECT ${box}`));
    await a.ok("UID STORE 1 +FLAGS.SILENT (\\Deleted)");
    await a.ok("EXPUNGE");
    await a.ok("UID STORE 3 +FLAGS.SILENT (\\Flagged)");
    const shown = modseqs(await b.ok("FETCH 3 (MODSEQ)"));
    assert.deepEqual(shown.slice(-2), ["OK [HIGHESTMODSEQ", before]);
    assert.ok(Number(shown[1]) > Number(before));
    const told = await b.ok("NOOP");
    assert.equal(told[0], "* VANISHED 1");
    assert.deepEqual(modseqs(told), ["OK [HIGHESTMODSEQ", shown[1]]);
    assert.deepEqual(await b.ok("NOOP"), []);
  });

  test("what came while a session looked is recent for none after it (RFC 3501 §2.3.2)", async () => {
    const { box, a, b } = await two(2);
    const recent = (lines: readonly string[]) => lines.filter((line) => line.endsWith("RECENT"));
    await b.append(box, message("m3"));
    assert.deepEqual(recent(await a.ok("NOOP")), ["* 3 RECENT"]);
    await a.ok("UNSELECT");
    assert.deepEqual(recent(await a.ok(`EXAMINE ${box}`)), ["* 0 RECENT"]);
    await b.append(box, message("m4"));
    // Who only examines takes none.
    assert.deepEqual(recent(await a.ok("NOOP")), ["* 1 RECENT"]);
    await a.ok("UNSELECT");
    assert.deepEqual(recent(await a.ok(`SELECT ${box}`)), ["* 1 RECENT"]);
  });

  test("a keyword unknown so far comes with FLAGS first", async () => {
    const { a, b } = await two(1);
    await a.ok("STORE 1 +FLAGS.SILENT ($Junk)");
    const [flags, permanent, fetch] = await b.ok("NOOP");
    assert.equal(flags, "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Junk)");
    assert.match(permanent ?? "", /PERMANENTFLAGS .*\$Junk \\\*/);
    assert.equal(fetch, "* 1 FETCH (FLAGS ($Junk))");
  });

  test("a mailbox that is deleted under a session looks empty from then on", async () => {
    const { box, a, b } = await two(2);
    await a.ok("UNSELECT");
    await a.ok(`DELETE ${box}`);
    assert.deepEqual(await b.ok("FETCH 1:2 UID").catch((error: Error) => [error.message]), [
      "FETCH 1:2 UID: NO [EXPUNGEISSUED] Some of these messages are gone",
    ]);
    assert.deepEqual(await b.ok("NOOP"), ["* 2 EXPUNGE", "* 1 EXPUNGE"]);
    assert.deepEqual(await b.ok("UID FETCH 1:* FLAGS"), []);
    assert.deepEqual(await b.run("EXPUNGE"), ["NO [NONEXISTENT] No such mailbox"]);
    assert.deepEqual(await b.ok("CLOSE"), []);
    await b.ok("SELECT INBOX");
  });
});

describe("IDLE", () => {
  test("tells at once, in the right words, until DONE", async () => {
    const { box, a, b } = await two(1);
    b.write("i IDLE\r\n");
    assert.equal(await b.line(), "+ idling");
    await a.append(box, message("new"));
    assert.deepEqual([await b.line(), await b.line()], ["* 2 EXISTS", "* 1 RECENT"]);
    await a.ok("STORE 1 +FLAGS.SILENT (\\Seen)");
    assert.equal(await b.line(), "* 1 FETCH (FLAGS (\\Seen))");
    await a.ok("STORE 1 +FLAGS.SILENT (\\Deleted)");
    // Of what is gone by the time that it looks nothing else is told.
    assert.equal(await b.line(), "* 1 FETCH (FLAGS (\\Seen \\Deleted))");
    await a.ok("EXPUNGE");
    assert.equal(await b.line(), "* 1 EXPUNGE");
    b.write("DONE\r\n");
    assert.deepEqual(await b.until("i"), ["OK IDLE completed"]);
    b.write("j IDLE\r\nDONE\r\nk NOOP\r\n");
    assert.deepEqual(await b.until("j"), ["+ idling", "OK IDLE completed"]);
    assert.deepEqual(await b.until("k"), ["OK NOOP completed"]);
    b.write("l IDLE\r\nm NOOP\r\n");
    assert.deepEqual(await b.until("l"), ["+ idling", "BAD IDLE ends with DONE"]);
  });

  test("without a mailbox waits for DONE only", async () => {
    const client = await world.user();
    client.write("a IDLE\r\n");
    assert.equal(await client.line(), "+ idling");
    await client.socket.write("done\r\n");
    assert.deepEqual(await client.until("a"), ["OK IDLE completed"]);
  });

  test("silence: a sign of life now and then, and in the end BYE", async () => {
    const short = await imapWorld(kept.store, kept.accounts, { settings: { keepAliveMs: 50, idleTimeoutMs: 500 } });
    const client = await short.user();
    client.write("a IDLE\r\n");
    const lines: string[] = [];
    for (let line = await client.line(); line !== ""; line = await client.line()) lines.push(line);
    assert.equal(lines[0], "+ idling");
    assert.equal(lines[1], "* OK Still here");
    assert.equal(lines.at(-1), "* BYE Silent for too long");
    const quiet = await short.user();
    assert.equal(await quiet.line(), "* BYE Silent for too long");
    await short.close();
  });
});

describe("QRESYNC: RFC 7162 §3.2", () => {
  const codeOf = (lines: readonly string[], code: string): number =>
    Number(new RegExp(`\\[${code} (\\d+)`).exec(lines.join("\n"))?.[1]);

  test("tells what was expunged and what changed while the client was away", async () => {
    const { box, a, b } = await two(6);
    const seen = await b.ok(`SELECT ${box}`);
    const [validity, modseq] = [codeOf(seen, "UIDVALIDITY"), codeOf(seen, "HIGHESTMODSEQ")];
    await b.ok("LOGOUT").catch(() => {});
    await a.ok("UID STORE 2:3,5 +FLAGS.SILENT (\\Deleted)");
    await a.ok("EXPUNGE");
    await a.ok("UID STORE 4 +FLAGS.SILENT (\\Seen)");
    await a.append(box, message("new"));
    const back = await world.user();
    assert.deepEqual(await back.run(`SELECT ${box} (QRESYNC (${validity} ${modseq}))`), ["BAD ENABLE QRESYNC first"]);
    await back.ok("ENABLE QRESYNC");
    const resynced = await back.ok(`SELECT ${box} (QRESYNC (${validity} ${modseq} 1:6))`);
    assert.deepEqual(
      resynced.filter((line) => /VANISHED|FETCH/.test(line)).map((line) => line.replace(/ MODSEQ \(\d+\)/, "")),
      ["* VANISHED (EARLIER) 2:3,5", "* 2 FETCH (UID 4 FLAGS (\\Seen))"],
    );
    const all = await back.ok(`SELECT ${box} (QRESYNC (${validity} ${modseq}))`);
    assert.equal(all.filter((line) => line.includes("FETCH")).length, 2);
    assert.equal(all.filter((line) => line.includes("[CLOSED]")).length, 1);
    const other = await back.ok(`SELECT ${box} (QRESYNC (${validity + 1} ${modseq}))`);
    assert.deepEqual(
      other.filter((line) => /VANISHED|FETCH/.test(line)),
      [],
    );
    assert.deepEqual(
      (await back.ok(`UID FETCH 1:6 FLAGS (CHANGEDSINCE ${modseq} VANISHED)`)).map((line) =>
        line.replace(/ MODSEQ \(\d+\)/, ""),
      ),
      ["* VANISHED (EARLIER) 2:3,5", "* 2 FETCH (UID 4 FLAGS (\\Seen))"],
    );
    await a.ok("UID STORE 1,6 +FLAGS.SILENT (\\Deleted)");
    await a.ok("UID EXPUNGE 1,6");
    assert.deepEqual(without(await back.ok("NOOP"), "FETCH"), ["* VANISHED 1,6"]);
    await back.ok("UID STORE 4 +FLAGS.SILENT (\\Deleted)");
    assert.deepEqual(await back.ok("EXPUNGE"), ["* VANISHED 4"]);
  });
});

describe("what happens while a mailbox is being opened", () => {
  /** A world in which something happens right after the store has answered one call. */
  async function meddled(name: "openMailbox" | "changesSince", meddle: () => Promise<unknown>): Promise<ImapWorld> {
    let once = true;
    const store = new Proxy(kept.store, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property);
        if (typeof value !== "function") return value;
        if (property !== name) return value.bind(target);
        return async (...args: unknown[]) => {
          const answer: unknown = await value.apply(target, args);
          if (once) {
            once = false;
            await meddle();
          }
          return answer;
        };
      },
    });
    return imapWorld(store, kept.accounts);
  }

  test("a message that arrives is told of before SELECT is answered", async () => {
    const { box, a } = await two(1);
    const own = await meddled("openMailbox", () => a.append(box, message("meanwhile")));
    const lines = await (await own.user()).ok(`SELECT ${box}`);
    assert.deepEqual(
      lines.filter((line) => line.endsWith("EXISTS")),
      ["* 1 EXISTS", "* 2 EXISTS"],
    );
    await own.close();
  });

  test("what is expunged before the resynchronisation is not told twice", async () => {
    const { box, a, b } = await two(3);
    const seen = (await b.ok(`SELECT ${box}`)).join();
    const [validity, modseq] = ["UIDVALIDITY", "HIGHESTMODSEQ"].map(
      (code) => new RegExp(`${code} (\\d+)`).exec(seen)?.[1],
    );
    await a.ok("UID STORE 1 +FLAGS.SILENT (\\Deleted)");
    await a.ok("EXPUNGE");
    const own = await meddled("openMailbox", async () => {
      await a.ok("UID STORE 2 +FLAGS.SILENT (\\Deleted)");
      await a.ok("EXPUNGE");
    });
    const client = await own.user();
    await client.ok("ENABLE QRESYNC");
    const lines = await client.ok(`SELECT ${box} (QRESYNC (${validity} ${modseq}))`);
    assert.deepEqual(
      lines.filter((line) => line.includes("VANISHED")),
      ["* VANISHED (EARLIER) 1", "* VANISHED 2"],
    );
    await own.close();
  });
});

describe("orderly ends", () => {
  test("a stopping server says BYE to the idle, the waiting and the strangers", async () => {
    const own = await imapWorld(kept.store, kept.accounts);
    const [idle, waiting, stranger] = [await own.user(), await own.user(), await own.connect()];
    idle.write("a IDLE\r\n");
    assert.equal(await idle.line(), "+ idling");
    own.stop.abort();
    for (const client of [idle, waiting, stranger]) {
      assert.equal(await client.line(), "* BYE Server is going down, come back soon");
      assert.equal(await client.line(), "");
    }
    await own.close();
  });

  test("a client that vanishes in the middle of anything leaves nothing behind", async () => {
    const { box, a } = await two(1);
    for (const unfinished of [
      "x",
      "x APPEND",
      `x APPEND ${box} {100+}\r\nabc`,
      "x IDLE\r\n",
      "x IDLE\r\nDO",
      "x FETCH 1:* BODY[]\r\n",
    ]) {
      const client = await world.user();
      await client.ok(`SELECT ${box}`);
      client.write(unfinished);
      client.socket.end();
      await once(client.socket, "close");
    }
    assert.deepEqual(without(await a.ok("NOOP"), "FETCH"), []);
  });
});
