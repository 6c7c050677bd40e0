import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { deliver, inboxOf, letter, made, newAccount, newQueued, only } from "../../test/contract/world.ts";
import { Blobs } from "./blobs.ts";
import { openSqliteStore } from "./client.ts";
import { run } from "./ops/tx.ts";
import { Database, Effects } from "./sqlite.ts";
import { verify, verifyStore } from "./verify.ts";

describe("verify finds", () => {
  let dir: string;
  let database: Database;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "angarium-verify-"));
    const store = await openSqliteStore({ dir });
    const { id } = await newAccount(store);
    const inbox = await inboxOf(store, id);
    await made(store, id, "A/B");
    for (let i = 0; i < 4; i++) await deliver(store, id, inbox, { body: "x".repeat(500) });
    await store.expunge(id, inbox, only(2), true);
    await store.accept({ message: letter(), placements: [], queue: newQueued(), journey: [] });
    assert.deepEqual(await store.verify(), []);
    await store.close();
    database = new Database({ dir, readOnly: false, cacheKiB: 4096 });
  });
  after(() => {
    database.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const cases: readonly [name: string, damage: string, sentence: RegExp][] = [
    [
      "a wrong number of messages",
      "UPDATE mailboxes SET messages = 9 WHERE id = 1",
      /"messages" says 9, a recount says 3/,
    ],
    ["a wrong number of unseen", "UPDATE mailboxes SET unseen = 0 WHERE id = 1", /"unseen" says 0, a recount says 3/],
    [
      "a wrong number of deleted",
      "UPDATE mailboxes SET deleted = 1 WHERE id = 1",
      /"deleted" says 1, a recount says 0/,
    ],
    ["a wrong size", "UPDATE mailboxes SET size = size + 1 WHERE id = 1", /"size" says \d+, a recount says \d+/],
    ["a UID that would be given twice", "UPDATE mailboxes SET uidnext = 4 WHERE id = 1", /UID 4 next and has UID 4/],
    ["a mod-sequence out of bounds", "UPDATE messages SET modseq = 9999 WHERE uid = 1", /has a message with 9999/],
    ["a mailbox ahead of its account", "UPDATE accounts SET modseq = 1", /beyond the account's 1/],
    [
      "mail nowhere",
      "DELETE FROM mailboxes WHERE id = 1",
      /3 messages of account 1 are in mailbox 1, which is not there/,
    ],
    [
      "a mailbox in none",
      "UPDATE mailboxes SET parent = 99 WHERE name = 'B'",
      /lies in mailbox 99, which is not there/,
    ],
    ["two inboxes", "UPDATE mailboxes SET role = 'inbox' WHERE name = 'A'", /not exactly one INBOX/],
    ["wrong usage", "UPDATE accounts SET used_bytes = 5", /says it uses 5 bytes in 3 messages/],
    ["a tombstone of what is there", "UPDATE expunged SET uid = 1", /Message 1 .* is there and has a tombstone/],
    ["a tombstone of the future", "UPDATE expunged SET modseq = 9999", /tombstone of UID 2 .* mod-sequence 9999/],
    [
      "a wrong number of references",
      "UPDATE contents SET refs = 2 WHERE id = 1",
      /Content 1 says that 2 rows name it; 1 do/,
    ],
    ["a content that is missing", "DELETE FROM contents WHERE id = 1", /names content 1, which is not there/],
    ["bytes that are missing", "DELETE FROM bytes WHERE content = 1", /Content 1 has no bytes/],
    ["bytes of nothing", "DELETE FROM contents WHERE id = 1", /bytes of content 1, which is not there/],
    [
      "damaged bytes",
      "UPDATE bytes SET data = x'28b52ffd00112233' WHERE content = 1",
      /bytes of content 1 cannot be read/,
    ],
    [
      "cut bytes",
      "UPDATE bytes SET encoding = 0, data = x'00' WHERE content = 1",
      /content 1 (cannot be read|should have)/,
    ],
    [
      "too many bytes",
      "UPDATE bytes SET encoding = 0, data = zeroblob(9999) WHERE content = 1",
      /should have \d+ bytes and has 9999/,
    ],
    [
      "bytes neither here nor there",
      "UPDATE bytes SET data = NULL WHERE content = 1",
      /neither bytes nor the name of a blob/,
    ],
    [
      "a blob that is gone",
      `UPDATE bytes SET data = NULL, blob = '${"ab".repeat(16)}' WHERE content = 1`,
      /in blob (ab){16} cannot be read/,
    ],
    [
      "a header larger than its message",
      "UPDATE contents SET header_bytes = 99999 WHERE id = 1",
      /its header has 99999/,
    ],
    ["sizes that differ", "UPDATE messages SET size = 1 WHERE uid = 1", /says it has 1 bytes; its content says/],
    [
      "a recipient of nothing",
      "DELETE FROM queue_messages",
      /Queue recipient 1 belongs to message \d+, which is not in the queue/,
    ],
    ["a queued message to nobody", "DELETE FROM queue_recipients", /Queued message \d+ has no recipient left/],
    ["a queued message without content", "DELETE FROM contents WHERE id = 5", /Queued message 5 has no content/],
    ["mail of nobody", "DELETE FROM accounts", /rows of messages belong to account 1, which is not there/],
    [
      "an address of nobody",
      "DELETE FROM accounts",
      /Address person\d+@contract.test belongs to an account that is not there/,
    ],
    ["an address of no domain", "DELETE FROM domains", /is of a domain that is not there/],
  ];
  for (const [name, damage, sentence] of cases)
    test(name, async () => {
      const effects = new Effects(database, new Blobs(dir), Date.now);
      database.begin();
      try {
        assert.ok(effects.run(run(damage)) > 0, "the damage is done");
        const sentences = await verifyStore(async (part) => effects.run(verify(part)));
        assert.ok(
          sentences.some((said) => sentence.test(said)),
          sentences.join("\n"),
        );
      } finally {
        database.rollback();
      }
    });

  test("nothing, where nothing is wrong, and says how far it is", async () => {
    const effects = new Effects(database, new Blobs(dir), Date.now);
    const steps: [number, number][] = [];
    const sentences = await verifyStore(
      async (part) => effects.run(verify(part)),
      (done, total) => steps.push([done, total]),
    );
    assert.deepEqual(sentences, []);
    assert.deepEqual(steps.at(-1), [8, 8], "3 messages, and 5 contents: one expunged, one queued");
  });
});
