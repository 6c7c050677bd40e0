import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fitAll } from "../../protocol/words/grams.ts";
import { letter, newAccount, noon, randomFrom } from "../../test/contract/world.ts";
import { Blobs } from "./blobs.ts";
import { openSqliteStore } from "./client.ts";
import { Reader } from "./reader.ts";
import { Recent } from "./recent.ts";
import { boundsOf } from "./search-bounds.ts";
import { envelopeDate, firstAddress } from "./search-envelope.ts";
import { judgeOf, maxSearchDepth } from "./search-judge.ts";
import type { SearchKey } from "./search-key.ts";
import { wallClock } from "./search-sent.ts";
import { Database } from "./sqlite.ts";
import { Flag, type MailboxId, type Store } from "./store.ts";

const fuzz = Number(process.env["FUZZ"] ?? 1);

describe("a kept envelope", () => {
  const address = (name: string | undefined, mailbox: string | undefined, host: string | undefined) => ({
    name,
    mailbox,
    host,
  });
  const cases: readonly [name: string, envelope: string, from: unknown, to: unknown][] = [
    [
      "quoted",
      '("d" "s" (("A \\"B\\" \\\\" NIL "a" "x.test")("C" NIL "c" "x.test")) NIL NIL ((NIL NIL "t" "y.test")) NIL NIL NIL "<i>")',
      address('A "B" \\', "a", "x.test"),
      address(undefined, "t", "y.test"),
    ],
    [
      "literals, also with parentheses and quotes in them",
      '({3}\r\n)"( {5}\r\nNIL") (({4}\r\n("N) NIL {1}\r\n" "h")) NIL NIL ((NIL NIL "t" NIL)) NIL NIL NIL NIL)',
      address('("N)', '"', "h"),
      address(undefined, "t", undefined),
    ],
    ["nothing in it", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)", undefined, undefined],
    [
      "a group",
      '(NIL NIL ((NIL NIL "team" NIL)(NIL NIL NIL NIL)) NIL NIL NIL NIL NIL NIL NIL)',
      address(undefined, "team", undefined),
      undefined,
    ],
    ["no envelope", "", undefined, undefined],
    ["a broken one", '("d" {99999999999}\r\nx', undefined, undefined],
    ["a string without an end", '("d" "s', undefined, undefined],
  ];
  for (const [name, envelope, from, to] of cases)
    test(name, () => {
      assert.deepEqual(firstAddress(envelope, "from"), from);
      assert.deepEqual(firstAddress(envelope, "to"), to);
    });

  test("its date", () => {
    assert.equal(envelopeDate('("Mon, 1 Jun 2026 10:00:00 +0000 \\"x\\"" NIL)'), 'Mon, 1 Jun 2026 10:00:00 +0000 "x"');
    assert.equal(envelopeDate("(NIL NIL)"), undefined);
    assert.equal(envelopeDate("nonsense"), undefined);
  });

  test("whatever bytes: an answer, and soon", () => {
    const random = randomFrom(7);
    const pieces = ["(", ")", '"', "\\", "{3}\r\n", "{", "}", "NIL", " ", "a", "(((((", "{99}\r\n"];
    for (let turn = 0; turn < 20_000 * fuzz; turn++) {
      let envelope = "(";
      for (let i = random(30); i > 0; i--) envelope += pieces[random(pieces.length)];
      firstAddress(envelope, "cc");
      envelopeDate(envelope);
    }
  });
});

describe("the writer's clock", () => {
  const sentAt = Date.UTC(2026, 5, 2, 4, 30);
  const cases: readonly [field: string, hours: number][] = [
    ["Mon, 01 Jun 2026 23:30:00 -0500", -5],
    ["Mon, 01 Jun 2026 23:30:00 -0500 (EST)", -5],
    ["Tue, 02 Jun 2026 10:00:00 +0530", 5.5],
    ["Tue, 02 Jun 2026 04:30:00 GMT", 0],
    ["Mon, 1 Jun 2026 23:30:00 CDT", -5],
    ["Tue, 2 Jun 2026 04:30:00", 0],
    ["Tue, 2 Jun 2026 04:30:00 -9999", 0],
    ["2026-06-02T10:00:00+05:30", 5.5],
    ["nonsense", 0],
  ];
  for (const [field, hours] of cases)
    test(field, () => assert.equal((wallClock(field, sentAt) - sentAt) / 3_600_000, hours));
});

describe("bounds", () => {
  const flag = (bits: number): SearchKey => ({ kind: "flag", flag: bits });
  test("say all of what the database can decide", () => {
    const key: SearchKey = {
      kind: "and",
      keys: [
        flag(Flag.seen),
        { kind: "not", key: { kind: "or", keys: [flag(Flag.deleted), flag(Flag.draft)] } },
        { kind: "larger", bytes: 10 },
        { kind: "smaller", bytes: 20 },
        { kind: "date", of: "received", from: 5, before: 9 },
      ],
    };
    const { whole, flagMask, flagWanted, sizeFrom, sizeTo, receivedFrom, receivedBefore } = boundsOf(key);
    assert.deepEqual(
      [whole, flagMask, flagWanted, sizeFrom, sizeTo, receivedFrom, receivedBefore],
      [true, Flag.seen | Flag.deleted | Flag.draft, Flag.seen, 11, 19, 5, 9],
    );
  });
  test("see what cannot be", () => {
    assert.ok(boundsOf({ kind: "and", keys: [flag(Flag.seen), { kind: "not", key: flag(Flag.seen) }] }).empty);
    assert.ok(boundsOf({ kind: "not", key: { kind: "all" } }).empty);
    assert.ok(boundsOf({ kind: "uids", uids: [] }).empty);
  });
  test("are not all where a choice is left", () => {
    for (const key of [
      { kind: "or", keys: [flag(1), flag(2)] },
      { kind: "not", key: flag(3) },
      { kind: "not", key: { kind: "larger", bytes: 1 } },
      { kind: "text", needle: "x" },
    ] satisfies SearchKey[])
      assert.equal(boundsOf(key).whole, false);
  });
  test("a key deeper than any client's is refused by name", () => {
    let deep: SearchKey = { kind: "text", needle: "x" };
    for (let i = 0; i <= maxSearchDepth; i++) deep = { kind: "not", key: deep };
    assert.throws(() => judgeOf(deep), RangeError);
  });
});

test("what is remembered stays within its bytes", () => {
  const recent = new Recent<number, number>(1_000);
  const random = randomFrom(5);
  const put = new Map<number, number>();
  for (let turn = 0; turn < 3_000; turn++) {
    const name = random(60);
    put.set(name, turn);
    recent.put(name, turn, random(20) === 0 ? 1_001 : 1 + random(60));
    let kept = 0;
    for (const [known, value] of put) {
      const found = recent.get(known);
      if (found === undefined) continue;
      kept++;
      assert.equal(found, value);
    }
    assert.equal(kept, recent.size);
    assert.ok(recent.bytes <= 1_000);
  }
  assert.ok(recent.size > 10, `${recent.size} kept`);
});

describe("random keys", () => {
  let dir: string;
  let store: Store;
  let id: number;
  let box: MailboxId;
  const random = randomFrom(11);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const words = ["alpha", "Beta", "GAMMA", "Straße", "naïve", "42"];
  const keywords = ["One", "two", "THREE"];
  type Kept = {
    uid: number;
    flags: number;
    keywords: readonly string[];
    size: number;
    receivedAt: number;
    subject: string;
    body: string;
  };
  const mail: Kept[] = [];
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "angarium-search-"));
    store = await openSqliteStore({ dir });
    id = (await newAccount(store)).id;
    box = (await store.mailboxes(id))[0]?.id ?? -1;
    const messages = Array.from({ length: 120 }, (_, at) => {
      const subject = Array.from({ length: random(3) }, () => pick(words)).join(" ");
      const body = Array.from({ length: random(4) }, () => pick(words)).join(" ");
      const message = letter({ subject, body });
      const marks = { flags: random(32), keywords: keywords.filter(() => random(3) === 0) };
      const receivedAt = noon + random(1000);
      mail.push({ uid: at + 1, ...marks, size: message.bytes.length, receivedAt, subject, body });
      return { ...message, marks, receivedAt };
    });
    assert.equal((await store.append(id, box, messages)).kind, "done");
  });
  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const low = (text: string) => text.toLowerCase().replaceAll("ß", "ss");
  const has = (text: string, part: string) => low(text).includes(low(part));
  type Test = { readonly key: SearchKey; readonly holds: (mail: Kept) => boolean };
  const leaf = (): Test => {
    switch (random(9)) {
      case 0: {
        const flag = 1 << random(5);
        return { key: { kind: "flag", flag }, holds: (one) => (one.flags & flag) !== 0 };
      }
      case 1: {
        const keyword = pick(keywords).toUpperCase();
        return {
          key: { kind: "keyword", keyword },
          holds: (one) => one.keywords.some((word) => word.toUpperCase() === keyword),
        };
      }
      case 2: {
        const bytes = pick(mail).size;
        return random(2)
          ? { key: { kind: "larger", bytes }, holds: (one) => one.size > bytes }
          : { key: { kind: "smaller", bytes }, holds: (one) => one.size < bytes };
      }
      case 3: {
        const from = noon + random(1000);
        return { key: { kind: "date", of: "received", from }, holds: (one) => one.receivedAt >= from };
      }
      case 4: {
        const before = noon + random(1000);
        return { key: { kind: "date", of: "received", before }, holds: (one) => one.receivedAt < before };
      }
      case 5: {
        const first = 1 + random(100);
        const last = first + random(50);
        return { key: { kind: "uids", uids: [[first, last]] }, holds: (one) => one.uid >= first && one.uid <= last };
      }
      case 6: {
        const needle = pick(words)
          .toUpperCase()
          .slice(0, 1 + random(6));
        return { key: { kind: "header", name: "subject", needle }, holds: (one) => has(one.subject, needle) };
      }
      case 7: {
        const needle = pick(words).slice(random(2));
        return { key: { kind: "body", needle }, holds: (one) => has(one.body, needle) };
      }
      default: {
        const needle = `${pick(words)} ${pick(words)}`;
        return { key: { kind: "text", needle }, holds: (one) => has(one.subject, needle) || has(one.body, needle) };
      }
    }
  };
  const tree = (depth: number): Test => {
    const kind = depth === 0 ? 3 : random(4);
    if (kind === 3) return leaf();
    if (kind === 2) {
      const inner = tree(depth - 1);
      return { key: { kind: "not", key: inner.key }, holds: (one) => !inner.holds(one) };
    }
    const parts = Array.from({ length: random(4) }, () => tree(depth - 1));
    const keys = parts.map(({ key }) => key);
    return kind === 0
      ? { key: { kind: "and", keys }, holds: (one) => parts.every(({ holds }) => holds(one)) }
      : { key: { kind: "or", keys }, holds: (one) => parts.some(({ holds }) => holds(one)) };
  };

  test("find what a plain look at each message finds", async () => {
    for (let turn = 0; turn < 400 * fuzz; turn++) {
      const { key, holds } = tree(4);
      const expected = mail.filter(holds).map(({ uid }) => uid);
      assert.deepEqual((await store.search(id, box, key)).uids, expected, JSON.stringify(key));
    }
  });

  test("the thread that searches tries itself out as soon as there is an index that is large enough", async () => {
    const reader = new Reader(() => new Database({ dir, readOnly: true, cacheKiB: 1024 }), new Blobs(dir), Date.now);
    const tryOut = (least: number) => {
      const [, failure, done] = reader.run([1, "tryOut", [least]]).answer;
      assert.equal(failure, undefined);
      return done;
    };
    assert.equal(tryOut(1), false);
    const segment = await store.wordsLay(id, 0, []);
    assert.equal(tryOut(1), false, "not read yet");
    const grams = mail.map(({ uid }) => [uid, ...fitAll] as const);
    assert.equal(await store.wordsJoin(id, segment, 0, 120, { emails: 120, words: 0, grams }), "done");
    assert.deepEqual([tryOut(121), tryOut(120)], [false, true]);
    reader.close();
  });
});
