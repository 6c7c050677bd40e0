/** The index of words: what is found, how it follows the mail, and that merging changes nothing. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { everywhere, Place, type Places } from "../../protocol/words/postings.ts";
import { askedWords } from "../../protocol/words/words.ts";
import { segmentOf } from "../../server/extract/segment.ts";
import type { AccountId, Store } from "../../server/store/store.ts";
import type { Open, Opened } from "./world.ts";
import { deliver as deliverTo, inboxOf, type Letter, newAccount } from "./world.ts";

const deliver = async (store: Store, account: AccountId, given: Letter) =>
  deliverTo(store, account, await inboxOf(store, account), given);

/** One portion of the index, as the indexer makes it. */
async function index(store: Store, account: AccountId, max: number): Promise<boolean> {
  const { messages, after, upTo, more } = await store.wordsInput(account, undefined, max);
  if (upTo === after) return false;
  const rows = await segmentOf({ messages });
  let segment = 0;
  for (let at = 0; at < rows.length; at += 7) segment = await store.wordsLay(account, segment, rows.slice(at, at + 7));
  assert.equal(await store.wordsJoin(account, segment, after, upTo, messages.length), "done");
  return more;
}

export function wordsContract(open: Open): void {
  describe("words", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const find = async (account: AccountId, text: string, places: Places = everywhere) =>
      (await store.findWords(account, [{ words: askedWords(text), places }], false)).emails;

    test("nothing is found before it is indexed, and what is due is known", async () => {
      const ann = await newAccount(store);
      assert.deepEqual(await find(ann.id, "letter"), []);
      await deliver(store, ann.id, { subject: "first letter" });
      assert.ok((await store.wordsDue(10_000)).some(({ account, waiting }) => account === ann.id && waiting === 1));
      assert.equal((await store.findWords(ann.id, [], false)).indexedUpTo, 0);
      await index(store, ann.id, 10);
      assert.equal((await find(ann.id, "first letter")).length, 1);
      assert.ok((await store.wordsDue(10_000)).every(({ account }) => account !== ann.id));
    });

    test("words, beginnings, places, several at once; the better fit scores higher", async () => {
      const ann = await newAccount(store);
      for (const [subject, body] of [
        ["Invoice 4711", "please pay"],
        ["Hello", "the invoice is attached, Müller"],
        ["Holiday", "東京都へ行きます"],
      ] as const)
        await deliver(store, ann.id, { subject, body });
      while (await index(store, ann.id, 2));
      assert.equal((await find(ann.id, "inv")).length, 2);
      assert.equal((await find(ann.id, "inv muller")).length, 1);
      assert.equal((await find(ann.id, "inv", Place.subject)).length, 1);
      assert.equal((await find(ann.id, "京都")).length, 1);
      assert.equal((await find(ann.id, "京東")).length, 0);
      assert.equal((await find(ann.id, "nothing")).length, 0);
      const { emails, scores } = await store.findWords(
        ann.id,
        [{ words: askedWords("invoice"), places: everywhere }],
        true,
      );
      assert.ok(emails.length === 2 && scores[0]! > scores[1]!);
    });

    test("one account's words are not another's", async () => {
      const [ann, bob] = [await newAccount(store), await newAccount(store)];
      await deliver(store, ann.id, { subject: "secret" });
      await index(store, ann.id, 10);
      await index(store, bob.id, 10);
      assert.deepEqual(await find(bob.id, "secret"), []);
      await store.wordsForget(ann.id);
      assert.deepEqual(await find(ann.id, "secret"), []);
    });

    test("many small segments become few, and at every step all is found", async () => {
      const ann = await newAccount(store);
      for (let count = 0; count < 70; count++)
        await deliver(store, ann.id, {
          subject: `common rare${count}`,
          body: `word${count % 7} tail ${Array.from({ length: 20 }, (_, at) => `own${count}x${at}`).join(" ")}`,
        });
      while (await index(store, ann.id, 1));
      const before = await store.wordsSize(ann.id);
      assert.equal(before.segments, 70);
      let steps = 0;
      while ((await store.wordsMerge(ann.id)) === "more") {
        steps++;
        assert.equal((await find(ann.id, "common")).length, 70);
        assert.equal((await find(ann.id, "rare33")).length, 1);
        assert.equal((await find(ann.id, "word3")).length, 10);
      }
      const size = await store.wordsSize(ann.id);
      assert.ok(steps > 3 && size.segments < 16, `${size.segments} segments after ${steps} steps`);
      assert.equal(size.emails, 70);
      assert.ok(size.words < before.words && size.indexBytes < before.indexBytes);
      assert.equal((await find(ann.id, "tail")).length, 70);
    });

    test("what an indexer left behind is not read, and goes", async () => {
      const ann = await newAccount(store);
      await deliver(store, ann.id, { subject: "alpha" });
      await store.wordsLay(ann.id, 0, [["ghost", Uint8Array.of(33)]]);
      assert.deepEqual(await find(ann.id, "ghost"), []);
      await index(store, ann.id, 10);
      assert.deepEqual(await find(ann.id, "ghost"), []);
      assert.equal((await find(ann.id, "alpha")).length, 1);
      const { emails, segments } = await store.wordsSize(ann.id);
      assert.deepEqual([emails, segments], [1, 1]);
    });

    test("who comes second with the same mail is told so", async () => {
      const ann = await newAccount(store);
      await deliver(store, ann.id, { subject: "alpha" });
      const { after, upTo } = await store.wordsInput(ann.id, undefined, 10);
      assert.equal(await store.wordsJoin(ann.id, 0, after, upTo, 0), "done");
      assert.equal(await store.wordsJoin(ann.id, 0, after, upTo, 0), "late");
    });

    test("a query by words: what is indexed, what is not yet, together with other conditions", async () => {
      const ann = await newAccount(store);
      const ids: number[] = [];
      for (const subject of ["blue one", "blue two", "red three"])
        ids.push((await deliver(store, ann.id, { subject })).email);
      await index(store, ann.id, 10);
      ids.push((await deliver(store, ann.id, { subject: "blue four" })).email);
      const query = async (text: string, phrase?: string) => {
        const result = await store.emailQuery(ann.id, {
          filter: {
            kind: "and",
            of: [
              {
                kind: "words",
                group: { words: askedWords(text), places: everywhere },
                phrase: phrase === undefined ? undefined : { kind: "text", needle: phrase },
              },
              { kind: "not", of: { kind: "mark", of: "email", mark: { flag: 1 } } },
            ],
          },
          sort: [],
          collapseThreads: false,
          position: 0,
          anchor: undefined,
          limit: 10,
          total: true,
        });
        assert.equal(result.kind, "done");
        return result.kind === "done" ? [...result.emails].sort((one, other) => one - other) : [];
      };
      assert.deepEqual(await query("blue"), [ids[0], ids[1], ids[3]]);
      assert.deepEqual(await query("blu four"), [ids[3]]);
      assert.deepEqual(await query("two blue", "blue two"), [ids[1]]);
      assert.deepEqual(await query("green"), []);
      while (await index(store, ann.id, 10));
      assert.deepEqual(await query("blue"), [ids[0], ids[1], ids[3]]);
    });
  });
}
