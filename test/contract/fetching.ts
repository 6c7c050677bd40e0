/** FETCH: the fields asked for, in UID order, a bounded page at a time. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Flag, type MailboxId, type Store } from "../../server/store/store.ts";
import {
  all,
  deliver,
  deliverMany,
  inboxOf,
  letter,
  marks,
  newAccount,
  noon,
  type Open,
  type Opened,
  only,
  placement,
  rows,
} from "./world.ts";

export function fetchingContract(open: Open): void {
  describe("fetch", () => {
    let world: Opened;
    let store: Store;
    let id: number;
    let inbox: MailboxId;
    before(async () => {
      world = await open();
      store = world.store;
      id = (await newAccount(store)).id;
      inbox = await inboxOf(store, id);
    });
    after(() => world.close());

    test("all that was known at arrival comes back, and only what was asked", async () => {
      const plain = letter({ subject: "\u00dcber \u{1f600}", id: "facts@t", sentAt: noon - 1000 });
      // Byte strings: each UTF-16 unit below 256 is one byte.
      const facts = { ...plain.facts, envelope: '("x" {2}\r\n\u00fc\u00ff NIL)', hasAttachment: true };
      await store.accept({
        message: { ...plain, facts },
        placements: [placement(id, { id: inbox }, { marks: marks(Flag.seen, "Word") })],
        journey: [],
      });
      const [row] = (
        await store.fetch(id, inbox, all, ["envelope", "structure", "subject", "facts", "email", "thread", "marks"])
      ).rows;
      assert.ok(row);
      assert.equal(row.envelope, facts.envelope);
      assert.equal(row.structure, facts.structure);
      assert.equal(row.subject, facts.subject);
      assert.equal(row.sentAt, facts.sentAt);
      assert.equal(row.messageId, "facts@t");
      assert.equal(row.hasAttachment, true);
      assert.equal(row.headerBytes, facts.headerBytes);
      assert.equal(row.bytes, undefined);
      assert.equal(row.header, undefined);
      assert.equal(row.receivedAt, noon);
      assert.ok(row.savedAt > 0);
      const [bare] = (await store.fetch(id, inbox, all, ["marks", "size"])).rows;
      assert.deepEqual([bare?.flags, bare?.keywords, bare?.sizeBytes], [Flag.seen, ["Word"], plain.bytes.length]);
      assert.deepEqual([bare?.envelope, bare?.structure, bare?.bytes, bare?.header], Array(4).fill(undefined));
    });

    test("a message that says nothing of itself", async () => {
      const plain = letter();
      const facts = { ...plain.facts, messageId: undefined, sentAt: undefined, subject: "" };
      await store.accept({ message: { ...plain, facts }, placements: [placement(id, { id: inbox })], journey: [] });
      const row = (await store.fetch(id, inbox, all, ["facts", "subject"])).rows.at(-1);
      assert.deepEqual([row?.messageId, row?.sentAt, row?.subject], [undefined, undefined, ""]);
    });

    test("ranges: gaps, stars and nothing", async () => {
      const other = (await newAccount(store)).id;
      const box = await inboxOf(store, other);
      await deliverMany(store, other, box, 10);
      await store.expunge(other, box, only(4, 5, 6), true);
      const uids = async (ranges: readonly (readonly [number, number])[]) =>
        (await store.fetch(other, box, ranges, ["marks"])).rows.map(({ uid }) => uid);
      assert.deepEqual(await uids([[3, 7]]), [3, 7]);
      assert.deepEqual(
        await uids([
          [1, 1],
          [4, 5],
          [9, 0xffffffff],
        ]),
        [1, 9, 10],
      );
      assert.deepEqual(await uids([[11, 0xffffffff]]), []);
      assert.deepEqual(await uids([]), []);
      assert.deepEqual(await uids(Array.from({ length: 3000 }, (_, at) => [at * 3 + 1, at * 3 + 1])), [1, 7, 10]);
      assert.deepEqual((await store.fetch(other, 987654, all, ["marks"])).rows, []);
    });

    test("many rows and many bytes come in pages that miss nothing", async () => {
      const other = (await newAccount(store)).id;
      const box = await inboxOf(store, other);
      for (let i = 0; i < 5; i++) await deliverMany(store, other, box, 440);
      assert.deepEqual(
        (await rows(store, other, box)).map(({ uid }) => uid),
        Array.from({ length: 2200 }, (_, at) => at + 1),
      );
      const big = (await newAccount(store)).id;
      const bigBox = await inboxOf(store, big);
      const body = `${"0123456789abcdef".repeat(64 * 1024)}\r\n`; // 1 MiB
      for (let i = 0; i < 12; i++) await deliver(store, big, bigBox, { body });
      const seen: number[] = [];
      let pages = 0;
      for (let from: number | undefined = 1; from !== undefined; pages++) {
        const page = await store.fetch(big, bigBox, [[from, 0xffffffff]], ["bytes"]);
        assert.ok(page.rows.length > 0, "a page has at least one message, however large");
        for (const row of page.rows) {
          assert.equal(row.bytes?.length, row.sizeBytes);
          seen.push(row.uid);
        }
        from = page.next;
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 12 }, (_, at) => at + 1),
      );
      assert.ok(pages > 1, "12 MiB are not one page");
    });
  });
}
