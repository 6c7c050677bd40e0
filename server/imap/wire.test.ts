/** Bytes on the wire: commands cut anywhere, TLS begun in the middle, compression, a store that breaks, hostile lines. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as tls from "node:tls";
import { constants, createDeflateRaw, createInflateRaw } from "node:zlib";
import { quiet } from "../base/log.ts";
import type { Connection, ReadEnd } from "../net/connection.ts";
import { type KeyRing, makeKeyRing } from "../net/tls.ts";
import { serveImap } from "./conversation.ts";
import { freshStore, type TestStore } from "./fake-store.ts";
import { type ImapWorld, imapWorld } from "./fake-world.ts";

let kept: TestStore;
let world: ImapWorld;
let ring: KeyRing;
let folder: string;
before(async () => {
  kept = await freshStore();
  folder = mkdtempSync(join(tmpdir(), "imap-wire-"));
  ring = await makeKeyRing({ settings: {}, folder, hostname: "localhost", log: quiet, now: Date.now });
  world = await imapWorld(kept.store, kept.accounts, { tls: () => ring.serverOptions() });
});
after(async () => {
  await world.close();
  await kept.close();
  ring.close();
  rmSync(folder, { recursive: true });
});

/** What the server says to these pieces. */
async function answers(pieces: readonly Buffer[]): Promise<string> {
  let said = "";
  let at = 0;
  const wire = {
    tls: undefined,
    remote: { address: "127.0.0.1", port: 1 },
    unreadBytes: 0,
    setTimeout() {},
    read: async (): Promise<Buffer | ReadEnd> => pieces[at++] ?? "closed",
    write: (data: string | Uint8Array) => {
      said += typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    },
    drained: () => undefined,
  };
  await serveImap(wire as unknown as Connection, world.needs, new AbortController().signal);
  return said.replace(/(UIDVALIDITY|APPENDUID|UIDNEXT|HIGHESTMODSEQ|MODSEQ) \(?\d+( [\d:]+)?/g, "$1 N");
}

const readings: readonly [name: string, wire: string][] = [
  [
    "reading",
    `a LOGIN {15+}\r\nu1@example.test "p\\w"\r\nb SELECT "INBOX" (CONDSTORE)\r\nc UID SEARCH OR SUBJECT {5+}\r\nhello (FROM "a b" NOT 1:*)\r\n` +
      `d FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT "From")]<0.20> UID)\r\ne list (subscribed) "" ("%" {1+}\r\n*) RETURN (STATUS (MESSAGES))\r\nf NOPE\r\ng IDLE\r\nDONE\r\nh LOGOUT\r\n`,
  ],
  [
    "writing",
    "a LOGIN u1@example.test pw\r\nb APPEND Cut (\\Seen $x) {8+}\r\nA: b\r\n\r\n {3+}\r\nabc\r\nc LOGOUT\r\n",
  ],
];
describe("cut anywhere", () => {
  for (const [name, wire] of readings)
    test(name, async () => {
      const user = await world.user();
      await user.run("CREATE Cut");
      await user.append("INBOX", "Subject: hello\r\nFrom: a b <c@d>\r\n\r\nText");
      const bytes = Buffer.from(wire, "latin1");
      const whole = await answers([bytes]);
      assert.match(whole, / OK LOGOUT completed\r\n$/);
      for (let cut = 1; cut < bytes.length; cut++) {
        const parts = await answers([bytes.subarray(0, cut), bytes.subarray(cut)]);
        assert.equal(parts, whole, `cut at ${cut}`);
      }
      const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      assert.equal(await answers(single), whole, "byte by byte");
    });
});

describe("STARTTLS", () => {
  test("begins TLS, and what follows in the clear ends the session", async () => {
    const injected = await world.connect();
    injected.write("a STARTTLS\r\nb LOGIN u1@example.test pw\r\n");
    assert.equal(await injected.line(), "a BAD Nothing may follow STARTTLS");
    assert.equal(await injected.line(), "* BYE Protocol error");
    assert.equal(await injected.line(), "");

    const client = await world.connect();
    assert.match((await client.ok("CAPABILITY"))[0] ?? "", / STARTTLS/);
    client.write("a STARTTLS\r\n");
    assert.equal(await client.line(), "a OK Begin TLS");
    client.socket.removeAllListeners("data");
    const secure = tls.connect({ socket: client.socket, rejectUnauthorized: false });
    let heard = "";
    secure.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
    });
    secure.write("b CAPABILITY\r\nc STARTTLS\r\nd LOGIN u1@example.test pw\r\ne LOGOUT\r\n");
    await new Promise((resolve) => secure.once("close", resolve));
    assert.match(heard, /^\* CAPABILITY (?!.*STARTTLS)/);
    assert.match(heard, /c BAD Too late for STARTTLS\r\nd OK .*\r\n\* BYE Logging out\r\ne OK LOGOUT completed\r\n$/);
  });

  test("bytes smuggled in after the answer break the handshake and nothing else", async () => {
    const client = await world.connect();
    client.write("a STARTTLS\r\n");
    assert.equal(await client.line(), "a OK Begin TLS");
    client.write("b LOGIN u1@example.test pw\r\n");
    assert.equal(await client.line(), "");
  });
});

test("COMPRESS=DEFLATE both ways, once", async () => {
  const client = await world.user();
  client.write("a COMPRESS GZIP\r\n");
  assert.deepEqual(await client.until("a"), ["BAD Only DEFLATE is offered"]);
  client.write("b COMPRESS DEFLATE\r\n");
  assert.deepEqual(await client.until("b"), ["OK DEFLATE active"]);
  client.socket.removeAllListeners("data");
  const [deflate, inflate] = [createDeflateRaw(), createInflateRaw()];
  deflate.pipe(client.socket);
  client.socket.pipe(inflate);
  let heard = "";
  inflate.on("data", (chunk: Buffer) => {
    heard += chunk.toString("latin1");
  });
  deflate.write("c COMPRESS DEFLATE\r\nd CAPABILITY\r\ne LOGOUT\r\n");
  deflate.flush(constants.Z_SYNC_FLUSH);
  await new Promise((resolve) => inflate.once("end", resolve));
  assert.match(heard, /^c NO \[COMPRESSIONACTIVE\] Compressed already\r\n\* CAPABILITY (?!.*COMPRESS)/);
  assert.match(heard, /e OK LOGOUT completed\r\n$/);
});

test("a store that breaks is answered NO, and the session lives on", async () => {
  const client = await world.user();
  await client.ok("SELECT INBOX");
  const broken = world.breakStore(new Error("disk on fire"));
  assert.deepEqual(await client.run("FETCH 1 FLAGS"), ["NO [UNAVAILABLE] Try again later"]);
  assert.deepEqual(await client.run("STATUS INBOX (MESSAGES)"), ["NO [UNAVAILABLE] Try again later"]);
  assert.deepEqual(await client.run("NOOP"), ["OK NOOP completed"]);
  broken.mend();
  assert.equal((await client.ok("FETCH 1 UID")).length, 1);
});

const hostile: readonly [name: string, wire: string, expected: RegExp][] = [
  [
    "a line without an end",
    `a ${"x".repeat(9000)}`,
    /^a BAD Command line is too long\r\n\* BYE Command line is too long\r\n$/,
  ],
  ["a literal of 4 GB before login", "a LOGIN {4294967295}\r\n", /^a BAD Literal is too big\r\n$/],
  ["a literal of 4 GB that does not wait", "a LOGIN {4294967295+}\r\n", /^a BAD Literal is too big\r\n\* BYE/],
  ["4,000 parentheses", `a FETCH ${"(".repeat(4000)}\r\n`, /^a BAD /],
  ["numbers beyond 64 bits", "a FETCH 18446744073709551617 FLAGS\r\n", /^a BAD /],
  ["a user name with NUL", 'a LOGIN "u1@example.test\0" pw\r\n', /^a (BAD|NO) /],
  ["no tag", "\r\n", /^\* BAD /],
  ["bare LF", "a NOOP\nb NOOP\r\n", /^a BAD .*\r\nb OK /],
];
describe("hostile lines", () => {
  for (const [name, wire, expected] of hostile)
    test(name, async () => {
      const said = await answers([Buffer.from(wire, "latin1")]);
      assert.match(said.slice(said.indexOf("\r\n") + 2), expected);
    });
});
