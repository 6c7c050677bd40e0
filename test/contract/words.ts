/** The index of words: what is found, how it follows the mail, and that merging changes nothing. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { bodyContains, textContains } from "../../protocol/mime/search-text.ts";
import { everywhere, Place, type Places } from "../../protocol/words/postings.ts";
import { askedWords } from "../../protocol/words/words.ts";
import type { EmailFilter } from "../../server/store/jmap.ts";
import type { SearchKey } from "../../server/store/search-key.ts";
import { type AccountId, Flag, type Store } from "../../server/store/store.ts";
import { seeded } from "../fuzz.ts";
import { needleIn, oddMessage } from "../odd-mail.ts";
import type { Open, Opened } from "./world.ts";
import { deliver as deliverTo, inboxOf, index, type Letter, made, newAccount, noon, only, unmarked } from "./world.ts";

const deliver = async (store: Store, account: AccountId, given: Letter) =>
  deliverTo(store, account, await inboxOf(store, account), given);

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
      (await store.findWords(account, [{ words: askedWords(text), places }])).emails;

    test("nothing is found before it is indexed, and what is due is known", async () => {
      const ann = await newAccount(store);
      assert.deepEqual(await find(ann.id, "letter"), []);
      await deliver(store, ann.id, { subject: "first letter" });
      assert.ok((await store.wordsDue(10_000)).some(({ account, waiting }) => account === ann.id && waiting === 1));
      assert.equal((await store.findWords(ann.id, [])).indexedUpTo, 0);
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
      const { emails, scores } = await store.findWords(ann.id, [{ words: askedWords("invoice"), places: everywhere }]);
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
      await store.wordsLay(ann.id, 0, [
        ["ghost", Uint8Array.of(0, 5, ...Buffer.from("ghost"), 2, 1, 33), Buffer.from("ghost\n")],
      ]);
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
      assert.equal(await store.wordsJoin(ann.id, 0, after, upTo, { emails: 0, words: 0, grams: [] }), "done");
      assert.equal(await store.wordsJoin(ann.id, 0, after, upTo, { emails: 0, words: 0, grams: [] }), "late");
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

    test("mail that no index has, asked again and again: what is remembered of its text answers the same", async () => {
      const ann = await newAccount(store);
      const emails: number[] = [];
      for (const [subject, body] of [
        ["Kestrels", "they fly over blue hills"],
        ["Grüße", "Die Müller grüßen, ﬁne BLUE"],
        ["plain", "nothing of it; kes"],
        ["blue", "hill kestrel ".repeat(30)],
      ] as const)
        emails.push((await deliver(store, ann.id, { subject, body })).email);
      const words = (text: string, places: Places = everywhere): EmailFilter => ({
        kind: "words",
        group: { words: askedWords(text), places },
        phrase: undefined,
      });
      const cases: readonly [filter: EmailFilter, places: readonly number[]][] = [
        [words("kestr"), [0, 3]],
        [words("blue"), [0, 1, 3]],
        [words("blue", Place.subject), [3]],
        [words("blue hil"), [0, 3]],
        [words("muller grus"), [1]],
        [words("fine"), [1]],
        [words("estrel"), []],
        [{ kind: "or", of: [words("they"), words("nothing of")] }, [0, 2]],
        [{ kind: "not", of: words("blue") }, [2]],
        [{ kind: "and", of: [{ kind: "not", of: words("kestrels") }, words("kes")] }, [2, 3]],
        [{ kind: "or", of: [words("nowhere"), { kind: "not", of: words("kes") }] }, [1]],
      ];
      for (const round of [1, 2, 3]) {
        // Exact search remembers texts of all kinds.
        if (round === 2) await store.search(ann.id, await inboxOf(store, ann.id), { kind: "text", needle: "nowhere" });
        for (const [filter, places] of cases) {
          const found = await store.emailQuery(ann.id, {
            filter,
            sort: [],
            collapseThreads: false,
            position: 0,
            anchor: undefined,
            limit: 10,
            total: false,
          });
          const ids = found.kind === "done" ? [...found.emails].sort((one, other) => one - other) : found;
          const expected = places.map((at) => emails[at]!);
          assert.deepEqual(ids, expected, `${JSON.stringify(filter)}, asked for the ${round}. time`);
        }
      }
    });

    test("how many there are of a frequent word: of those that are there, each once, by mailbox or of all", async () => {
      const { id } = await newAccount(store);
      const [inbox, other] = [await inboxOf(store, id), await made(store, id, "Other")];
      const letters = Array.from({ length: 640 }, (_, at) => {
        // Seven of eight are a thread.
        const eighth = Math.floor(at / 8);
        const bytes = Buffer.from(
          `Subject: ${at % 8 === 0 ? "seldom" : "common"} ${eighth}\r\nMessage-ID: <${at}@x>\r\nReferences: <${eighth}@root>\r\n\r\nx\r\n`,
        );
        return { bytes, facts: factsOf(bytes), marks: { flags: 0, keywords: [] }, receivedAt: noon + at };
      });
      await store.append(id, inbox, letters);
      await index(store, id, 1_000);
      // 560 are common; 1 to 16 (14 common) are gone; 17 to 24 have a copy, 25 to 32 (7) are \\Deleted.
      await store.expunge(id, inbox, [[1, 16]], true);
      await store.copy(id, inbox, [[17, 24]], other);
      await store.setFlags(id, inbox, { uids: [[25, 32]], mode: "add", marks: { flags: Flag.deleted, keywords: [] } });
      const total = async (mailbox: number | undefined, limit: number, collapseThreads = false) => {
        const group = { words: askedWords("common"), places: everywhere };
        const words: EmailFilter = { kind: "words", group, phrase: undefined };
        const result = await store.emailQuery(id, {
          filter: mailbox === undefined ? words : { kind: "and", of: [words, { kind: "in-mailbox", mailbox }] },
          sort: [],
          collapseThreads,
          position: 0,
          anchor: undefined,
          limit,
          total: true,
        });
        return result.kind === "done" ? [result.total, result.emails.length] : assert.fail(result.kind);
      };
      assert.deepEqual(await total(undefined, 10), [539, 10]);
      assert.deepEqual(await total(inbox, 10), [539, 10]);
      assert.deepEqual(await total(other, 10), [7, 7]);
      assert.deepEqual(await total(undefined, 1_000), [539, 539]);
      for (const limit of [10, 1_000]) {
        assert.deepEqual(await total(undefined, limit, true), [77, Math.min(limit, 77)]);
        assert.deepEqual(await total(inbox, limit, true), [77, Math.min(limit, 77)]);
        assert.deepEqual(await total(other, limit, true), [1, 1]);
      }
    });

    test("what fits best comes first where that is asked, also before it is indexed, in pages and by threads", async () => {
      const ann = await newAccount(store);
      const bodies: readonly (readonly [subject: string, body: string])[] = [
        ["minutes", "the budget was talked about"],
        ["budget", "numbers"],
        ["lunch", "no numbers"],
        ["budget for hats", "the hats"],
        ["plans", "budget"],
      ];
      const ids: number[] = [];
      for (const [subject, body] of bodies) ids.push((await deliver(store, ann.id, { subject, body })).email);
      while (await index(store, ann.id, 2));
      const query = async (text: string, position = 0, limit = 10) => {
        const result = await store.emailQuery(ann.id, {
          filter: { kind: "words", group: { words: askedWords(text), places: everywhere }, phrase: undefined },
          sort: [],
          ranked: true,
          collapseThreads: false,
          position,
          anchor: undefined,
          limit,
          total: true,
        });
        return result.kind === "done" ? [...result.emails, result.total] : assert.fail(result.kind);
      };
      assert.deepEqual(await query("budget"), [ids[3], ids[1], ids[4], ids[0], 4]);
      assert.deepEqual(await query("budget hats"), [ids[3], 1]);
      assert.deepEqual(await query("budget", 1, 2), [ids[1], ids[4], 4]);
      const newest = (await deliver(store, ann.id, { subject: "later", body: "the budget again" })).email;
      assert.deepEqual(await query("budget"), [newest, ids[3], ids[1], ids[4], ids[0], 5]);
    });

    test("exact search finds what a look into every message finds: indexed, not yet, being merged, expunged, come and gone between searches, indexed anew", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      const random = seeded(31);
      const mail = Array.from({ length: 90 }, () => oddMessage(random));
      await store.append(
        id,
        inbox,
        mail.map(({ bytes }) => ({ bytes, facts: factsOf(bytes), marks: unmarked, receivedAt: noon })),
      );
      const gone = new Set([5, 17, 60]);
      await store.expunge(id, inbox, only(...gone), true);
      const other = await made(store, id, "Other");
      const copied: number[] = [];
      const check = async (needles: number, given: readonly string[] = []) => {
        for (let left = needles; left > 0; left--) {
          const needle = given[left - 1] ?? needleIn(random, mail[random(mail.length)]!.texts);
          for (const [kind, contains] of [
            ["text", textContains],
            ["body", bodyContains],
          ] as const) {
            const expected = mail.flatMap(({ bytes }, at) =>
              !gone.has(at + 1) && contains(bytes, needle) ? [at + 1] : [],
            );
            const { uids } = await store.search(id, inbox, { kind, needle });
            assert.deepEqual(uids, expected, JSON.stringify(needle));
            const copies = copied.flatMap((uid, at) => (contains(mail[uid - 1]!.bytes, needle) ? [at + 1] : []));
            assert.deepEqual((await store.search(id, other, { kind, needle })).uids, copies, JSON.stringify(needle));
          }
        }
      };
      for (let portion = 0; portion < 9; portion++) {
        await index(store, id, 9);
        await check(8);
      }
      for (let more = true; more; await check(3)) more = (await store.wordsMerge(id)) === "more";
      for (let turn = 0; turn < 12; turn++) {
        const uid = 1 + random(mail.length);
        if (turn % 3 !== 2 && !gone.has(uid)) {
          await store.copy(id, inbox, only(uid), other);
          copied.push(uid);
          await check(1);
          await store.expunge(id, inbox, only(uid), true);
          gone.add(uid);
        }
        if (turn % 3 !== 0) {
          const come = oddMessage(random);
          mail.push(come);
          const message = { bytes: come.bytes, facts: factsOf(come.bytes), marks: unmarked, receivedAt: noon };
          await store.append(id, inbox, [message]);
        }
        if (turn % 4 === 3) {
          // In other portions than before.
          await store.wordsForget(id);
          for (let more = true; more; ) more = await index(store, id, 30 + turn);
          const runs = mail.flatMap(({ texts }) => texts.join(" ").match(/[a-z]{8,20}/g) ?? []);
          const longest = Array.from({ length: 10 }, () => runs[random(runs.length)]!);
          await check(longest.length, longest);
        }
        await check(1);
      }
    });

    test("exact search finds the same with filters, waiting and in blocks, and without", async () => {
      const ann = await newAccount(store);
      const inbox = await inboxOf(store, ann.id);
      const vocabulary = "alpha beta gamma delta budget Straße meeting 4711 x9 lorem ipsum".split(" ");
      const texts: string[] = [];
      for (let batch = 0; batch < 7; batch++)
        await store.append(
          ann.id,
          inbox,
          Array.from({ length: 300 }, (_, at) => {
            const words = Array.from({ length: 12 }, (__, i) => vocabulary[(at * 7 + i * i * (batch + 3)) % 11]);
            const text = `${words.join(" ")} own${batch * 300 + at}end`;
            texts.push(text.toLowerCase().replaceAll("ß", "ss"));
            const bytes = Buffer.from(`Subject: s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n`);
            return { bytes, facts: factsOf(bytes), marks: { flags: 0, keywords: [] }, receivedAt: 1_790_000_000_000 };
          }),
        );
      const needles = [
        "own17end",
        "n1999e",
        "a alpha",
        "STRASSE",
        "budget x9",
        "nowhere",
        "ma",
        "elta",
        "beta gamma d",
        "mabe",
        "x",
        "9",
        "e",
        "um",
      ];
      const find = async (needle: string) => (await store.search(ann.id, inbox, { kind: "body", needle })).uids;
      const expected = (needle: string) =>
        texts.flatMap((text, at) => (text.includes(needle.toLowerCase()) ? [at + 1] : []));
      for (const needle of needles) assert.deepEqual(await find(needle), expected(needle), needle);
      assert.equal(await store.nextGrams(ann.id), undefined);
      while (await index(store, ann.id, 1_000));
      for (const needle of needles) assert.deepEqual(await find(needle), expected(needle), needle);
      const next = await store.nextGrams(ann.id);
      assert.ok(next !== undefined);
      assert.equal(await store.gramsLay(ann.id, next), "done");
      assert.equal(await store.gramsLay(ann.id, next), "late");
      // Not assert.equal: telling how thousands of filters differ from undefined would take minutes and gigabytes.
      for (let more = await store.nextGrams(ann.id); more !== undefined; more = await store.nextGrams(ann.id))
        assert.equal(await store.gramsLay(ann.id, more), "done");
      for (const needle of needles) assert.deepEqual(await find(needle), expected(needle), needle);
      const seen: SearchKey = { kind: "flag", flag: Flag.seen };
      const gamma: SearchKey = { kind: "body", needle: "AMMA" };
      await store.setFlags(ann.id, inbox, {
        uids: [[1, 1_000]],
        mode: "add",
        marks: { ...unmarked, flags: Flag.seen },
      });
      const holders = expected("amma");
      assert.ok(holders.length > 500 && holders.length < 2_050);
      for (const [key, uids] of [
        [{ kind: "and", keys: [seen, gamma] }, holders.filter((uid) => uid <= 1_000)],
        [{ kind: "not", key: gamma }, texts.flatMap((_, at) => (holders.includes(at + 1) ? [] : [at + 1]))],
      ] satisfies [SearchKey, readonly number[]][])
        assert.deepEqual((await store.search(ann.id, inbox, key)).uids, uids);
      const both = await store.search(ann.id, inbox, {
        kind: "or",
        keys: [
          {
            kind: "and",
            keys: [
              { kind: "text", needle: "own17end" },
              { kind: "uids", uids: [[5, 100]] },
            ],
          },
          { kind: "text", needle: "own2050end" },
        ],
      });
      assert.deepEqual(both.uids, [18, 2051]);
      assert.ok((await store.wordsSize(ann.id)).gramBytes > 50_000);
    });
  });
}
