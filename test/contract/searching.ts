/** SEARCH and SORT: every key alone and together, decoded text, dates without zones, and the orders of RFC 5256. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import type { EmailQuery } from "../../server/store/jmap.ts";
import type { SearchKey, SortKey } from "../../server/store/search-key.ts";
import { Flag, type MailboxId, type NewMessage, type Store } from "../../server/store/store.ts";
import {
  day,
  expectKind,
  inboxOf,
  index,
  letter,
  made,
  marks,
  newAccount,
  noon,
  type Open,
  type Opened,
  only,
  rows,
  unmarked,
} from "./world.ts";

const raw = (...lines: readonly string[]): NewMessage => {
  const bytes = Buffer.from(lines.join("\r\n"), "latin1");
  return { bytes, facts: factsOf(bytes) };
};
const base64 = (text: string) => Buffer.from(text).toString("base64");
const utf8 = (text: string) => Buffer.from(text).toString("latin1");

const mail: readonly NewMessage[] = [
  raw(
    'From: "Lee, Ann" <ann@here.test>',
    "To: Bob <bob@far.test>,",
    " Carol <carol@far.test>",
    "Subject: Invoice 42",
    "Date: Mon, 01 Jun 2026 23:30:00 -0500",
    "Message-ID: <one@here.test>",
    "",
    "Please pay the amount.",
    "Line two ends here",
    "and goes on.",
  ),
  raw(
    "From: =?utf-8?Q?J=C3=BCrgen?= <jay@here.test>",
    `Subject: =?utf-8?B?${base64("Grüße aus Köln")}?=`,
    "Date: Tue, 02 Jun 2026 01:30:00 +0900",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Das Caf=",
    "=C3=A9 ist offen; invoice folgt.",
  ),
  raw(
    "From: zed@zoo.test",
    "Subject: third",
    "Cc: Mia <mia@far.test>",
    "Date: Wed, 3 Jun 2026 10:00:00 +0000",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "",
    base64("Привет, мир! Straße. ﬁne"),
  ),
  raw(
    "From: Ann Lee <ann@here.test>",
    "Subject: Re: Invoice 42",
    "X-Empty:",
    "Date: Thu, 4 Jun 2026 10:00:00 +0000",
    'Content-Type: multipart/mixed; boundary="=x"',
    "",
    "preamble words",
    "--=x",
    "Content-Type: text/plain",
    "",
    "see the attached numbers",
    "--=x",
    "Content-Type: application/octet-stream",
    "Content-Transfer-Encoding: base64",
    "",
    base64("hidden secretword here"),
    "--=x--",
  ),
  raw(
    "From: list@zoo.test",
    "Subject: [list] digest",
    'Content-Type: multipart/digest; boundary="d"',
    "",
    "--d",
    "",
    "From: inner@deep.test",
    "Subject: inner matter",
    "",
    "buried treasure",
    "--d--",
  ),
  raw(
    "From: =?iso-8859-1?Q?Ren=E9?= <rene@here.test>",
    `Subject: ${utf8("été 8-bit")}`,
    "Date: nonsense",
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: 8bit",
    "",
    "un \xe9t\xe9 \xe0 la mer",
  ),
  raw("From: nobody@zoo.test", "", ""),
];

const all = [1, 2, 3, 4, 5, 6, 7];
const june = (date: number) => Date.UTC(2026, 5, date);
const text = (needle: string): SearchKey => ({ kind: "text", needle });
const body = (needle: string): SearchKey => ({ kind: "body", needle });
const header = (name: string, needle: string): SearchKey => ({ kind: "header", name, needle });
const and = (...keys: readonly SearchKey[]): SearchKey => ({ kind: "and", keys });
const or = (...keys: readonly SearchKey[]): SearchKey => ({ kind: "or", keys });
const not = (key: SearchKey): SearchKey => ({ kind: "not", key });
const flag = (bits: number): SearchKey => ({ kind: "flag", flag: bits });
const sent = (from?: number, before?: number): SearchKey => ({
  kind: "date",
  of: "sent",
  ...(from === undefined ? {} : { from }),
  ...(before === undefined ? {} : { before }),
});

const cases: readonly [name: string, key: SearchKey, expected: readonly number[]][] = [
  ["all", { kind: "all" }, all],
  ["none", { kind: "none" }, []],
  ["an empty and is all", and(), all],
  ["an empty or is none", or(), []],
  [
    "uids",
    {
      kind: "uids",
      uids: [
        [2, 3],
        [6, 0xffffffff],
      ],
    },
    [2, 3, 6, 7],
  ],
  ["no uids", { kind: "uids", uids: [] }, []],
  ["seen", flag(Flag.seen), [1, 3]],
  ["unseen", not(flag(Flag.seen)), [2, 4, 5, 6, 7]],
  ["seen and flagged at once", flag(Flag.seen | Flag.flagged), [3]],
  ["flagged or answered", or(flag(Flag.flagged), flag(Flag.answered)), [2, 3]],
  ["not both", not(and(flag(Flag.seen), flag(Flag.flagged))), [1, 2, 4, 5, 6, 7]],
  ["keyword, any case", { kind: "keyword", keyword: "IMPORTANT" }, [1, 4]],
  ["keyword is whole", { kind: "keyword", keyword: "mport" }, []],
  ["keyword with a pattern sign", { kind: "keyword", keyword: "i%t" }, []],
  ["not keyword", not({ kind: "keyword", keyword: "important" }), [2, 3, 5, 6, 7]],
  ["received on a day", { kind: "date", of: "received", from: june(2), before: june(3) }, [2]],
  ["received since", { kind: "date", of: "received", from: june(5) }, [5, 6, 7]],
  ["received before", { kind: "date", of: "received", before: june(3) }, [1, 2]],
  ["saved lately", { kind: "date", of: "saved", from: 1, before: 8e15 }, all],
  ["saved long ago", { kind: "date", of: "saved", before: 1 }, []],
  // RFC 9051 §6.4.4: the Date field, disregarding time and timezone.
  ["sent on the writer's day, west", sent(june(1), june(2)), [1]],
  ["sent on the writer's day, east", sent(june(2), june(3)), [2]],
  ["sent since", sent(june(2)), [2, 3, 4]],
  ["sent before", sent(undefined, june(3)), [1, 2]],
  ["not sent before: no date is no earlier date", not(sent(undefined, june(3))), [3, 4, 5, 6, 7]],
  ["subject", header("Subject", "invoice"), [1, 4]],
  ["subject, one", header("SUBJECT", "Re: inv"), [4]],
  ["subject, encoded", header("subject", "GRÜSSE aus k"), [2]],
  ["subject, 8-bit", header("subject", "ÉTÉ"), [6]],
  ["subject, missing", header("subject", "nowhere"), []],
  ["subject is there", header("subject", ""), [1, 2, 3, 4, 5, 6]],
  ["from, address", header("from", "ANN@HERE"), [1, 4]],
  ["from, name", header("from", "lee, ann"), [1]],
  ["from, encoded", header("from", "jürgen"), [2]],
  ["from, not encoded word", header("from", "utf-8?Q"), []],
  ["to, second line", header("to", "carol"), [1]],
  ["to, over the fold", header("to", "bob@far.test>, carol"), [1]],
  ["a header that is empty is there", header("x-empty", ""), [4]],
  ["a header that is not there", header("x-other", ""), []],
  ["a header named otherwise", header("to", "mia"), []],
  ["message id", header("message-id", "one@here.test"), [1]],
  ["body", body("PAY THE"), [1]],
  ["body, quoted-printable over a soft break", body("café ist"), [2]],
  ["body, base64", body("ПРИВЕТ"), [3]],
  ["body, sharp s", body("strasse"), [3]],
  ["body, ligature", body("fine"), [3]],
  ["body, latin1", body("ÉTÉ À"), [6]],
  ["body, in a part", body("attached numbers"), [4]],
  ["body, not in attachments", body("secretword"), []],
  ["body, not in the header", body("Invoice 42"), []],
  ["body, nested", body("buried treasure"), [5]],
  ["text is header and body", text("invoice"), [1, 2, 4]],
  ["text, nothing", text("zzzzqqqq"), []],
  ["text, two letters", text("42"), [1, 4]],
  ["text, one letter", text("Ж"), []],
  ["text, not across fields", text("lee subject"), []],
  ["text, nested", text("inner matter"), [5]],
  ["text and flag", and(text("invoice"), flag(Flag.seen)), [1]],
  ["text or flag", or(text("treasure"), flag(Flag.seen)), [1, 3, 5]],
  ["not text", not(text("invoice")), [3, 5, 6, 7]],
  ["text, not subject", and(text("invoice"), not(header("subject", "invoice"))), [2]],
  ["two texts", and(text("invoice"), text("folgt")), [2]],
  ["nested", or(and(not(body("pay")), header("from", "ann")), and(flag(Flag.seen), not(text("invoice")))), [3, 4]],
  ["larger", { kind: "larger", bytes: 10 }, all],
  ["smaller", { kind: "smaller", bytes: 10 }, []],
];

export function searchContract(open: Open): void {
  describe("search", () => {
    let world: Opened;
    let store: Store;
    let id: number;
    let inbox: MailboxId;
    let looking: MailboxId;
    before(async () => {
      world = await open();
      store = world.store;
      id = (await newAccount(store)).id;
      inbox = await inboxOf(store, id);
      looking = await made(store, id, "Looking");
      const received = (at: number) => june(at + 1) + 3_600_000;
      const messages = mail.map((message, at) => ({ ...message, marks: unmarked, receivedAt: received(at) }));
      expectKind(await store.append(id, inbox, messages), "done");
      // The same without a signature ("look inside") must answer the same.
      const unsigned = messages.map(({ facts, ...rest }) => ({
        ...rest,
        facts: { ...facts, signature: new Uint8Array(0) },
      }));
      expectKind(await store.append(id, looking, unsigned), "done");
      for (const box of [inbox, looking]) {
        const add = (uids: readonly number[], flags: number, ...keywords: string[]) =>
          store.setFlags(id, box, { uids: only(...uids), mode: "add", marks: marks(flags, ...keywords) });
        await add([1, 3], Flag.seen);
        await add([3], Flag.flagged);
        await add([2], Flag.answered, "Importantly");
        await add([1, 4], 0, "Important", "Zed");
      }
    });
    after(() => world.close());

    for (const [name, key, expected] of cases)
      test(name, async () => {
        for (const box of [inbox, looking]) {
          const found = await store.search(id, box, key, true);
          assert.deepEqual(found.uids, expected);
          const modseqs = (await rows(store, id, box)).filter(({ uid }) => expected.includes(uid));
          assert.equal(found.highestModseq, Math.max(0, ...modseqs.map(({ modseq }) => modseq)));
        }
      });

    test("all of them once more, now that the index knows the mail", async () => {
      while (await index(store, id, 5));
      for (const [name, key, expected] of cases)
        for (const box of [inbox, looking]) assert.deepEqual((await store.search(id, box, key)).uids, expected, name);
    });

    test("sizes are strict", async () => {
      for (const [at, { bytes }] of mail.entries()) {
        const among = async (key: SearchKey) => (await store.search(id, inbox, key)).uids.includes(at + 1);
        assert.deepEqual(
          await Promise.all([
            among({ kind: "larger", bytes: bytes.length }),
            among({ kind: "larger", bytes: bytes.length - 1 }),
            among({ kind: "smaller", bytes: bytes.length }),
            among({ kind: "smaller", bytes: bytes.length + 1 }),
          ]),
          [false, true, false, true],
        );
      }
    });

    test("mod-sequences from one on", async () => {
      const found = await rows(store, id, inbox);
      for (const { modseq } of found)
        assert.deepEqual(
          (await store.search(id, inbox, { kind: "modseq", from: modseq })).uids,
          found.filter((row) => row.modseq >= modseq).map(({ uid }) => uid),
        );
    });

    test("a mailbox that is not there has nothing", async () => {
      assert.deepEqual(await store.search(id, 987654, { kind: "all" }, true), { uids: [], highestModseq: 0 });
      assert.deepEqual(await store.sort(id, 987654, { kind: "all" }, []), { uids: [] });
    });

    test("a key as deep and as wide as a client may make it", async () => {
      let deep: SearchKey = text("invoice");
      for (let i = 0; i < 200; i++) deep = i % 2 ? not(not(deep)) : and(deep, { kind: "all" });
      assert.deepEqual((await store.search(id, inbox, deep)).uids, [1, 2, 4]);
      const wide = or(...Array.from({ length: 500 }, (_, at) => header("subject", `w${at}`)), header("subject", "42"));
      assert.deepEqual((await store.search(id, inbox, wide)).uids, [1, 4]);
      const uids = or(...Array.from({ length: 500 }, (_, at): SearchKey => ({ kind: "uids", uids: only(at * 2 + 1) })));
      assert.deepEqual((await store.search(id, inbox, uids)).uids, [1, 3, 5, 7]);
    });

    test("more messages than fit one page, and large ones among them", async () => {
      const many = (await newAccount(store)).id;
      const box = await inboxOf(store, many);
      for (let i = 0; i < 5; i++)
        expectKind(
          await store.append(
            many,
            box,
            Array.from({ length: 300 }, (_, at) => ({
              ...raw(`Subject: page ${i}`, "", `word${at % 3} ${at === 7 ? "large ".repeat(150_000) : ""}`),
              marks: marks(at % 2 ? Flag.seen : 0),
              receivedAt: noon,
            })),
          ),
          "done",
        );
      const expected = (holds: (at: number) => boolean) =>
        Array.from({ length: 1500 }, (_, at) => at).filter((at) => holds(at % 300));
      const found = async (key: SearchKey) => (await store.search(many, box, key)).uids.map((uid) => uid - 1);
      assert.deepEqual(
        await found(body("word1")),
        expected((at) => at % 3 === 1),
      );
      assert.deepEqual(
        await found(and(flag(Flag.seen), not(body("WORD2")))),
        expected((at) => at % 2 === 1 && at % 3 !== 2),
      );
      assert.deepEqual(
        await found(text("large large")),
        expected((at) => at === 7),
      );
      const ofTexts = (count: number): EmailQuery => ({
        filter: { kind: "or", of: Array(count).fill({ kind: "text", key: text("large large") }) },
        sort: [],
        collapseThreads: false,
        position: 0,
        anchor: undefined,
        limit: 10,
        total: true,
      });
      assert.equal(expectKind(await store.emailQuery(many, ofTexts(8)), "done").total, 5);
      assert.equal((await store.emailQuery(many, ofTexts(1000))).kind, "too-expensive", "4.5 MB for each eight");
      const every = Array.from({ length: 750 }, (_, at): [number, number] => [at * 2 + 1, at * 2 + 1]);
      assert.deepEqual(
        await found(and({ kind: "uids", uids: every }, body("word1"))),
        expected((at) => at % 3 === 1).filter((at) => at % 2 === 0),
        "more ranges than one statement gets",
      );
    });

    test("what is remembered of a mailbox follows what comes and goes, and what was never indexed is found", async () => {
      const owner = (await newAccount(store)).id;
      let box = await made(store, owner, "Growing");
      /** Bodies by UID. */
      const there = new Map<number, string>();
      const append = async (count: number) => {
        const bodies = Array.from(
          { length: count },
          (_, at) => `mark${there.size + at}x half${at % 2} ${at % 9 ? "most" : "few"}`,
        );
        const messages = bodies.map((words, at) => {
          const message = raw("Subject: one", "", words);
          // Some without a signature.
          const facts = at % 50 === 3 ? { ...message.facts, signature: new Uint8Array(0) } : message.facts;
          return { ...message, facts, marks: unmarked, receivedAt: noon };
        });
        const appended = expectKind(await store.append(owner, box, messages), "done");
        for (const [at, uid] of appended.uids.entries()) there.set(uid, bodies[at]!);
      };
      const check = async (when: string) => {
        for (const needle of ["mark7x", "mark299x", "ark30", "half1", "most", "ew", "nowhere", "x half0 f", "2x"])
          for (const key of [
            text(needle),
            not(body(needle)),
            and(text(needle), { kind: "uids", uids: [[200, 9_999_999]] }),
          ]) {
            const holds = (uid: number, words: string): boolean =>
              key.kind === "not"
                ? !words.includes(needle)
                : words.includes(needle) && (key.kind === "text" || uid >= 200);
            const expected = [...there].filter(([uid, words]) => holds(uid, words)).map(([uid]) => uid);
            assert.deepEqual((await store.search(owner, box, key)).uids, expected, `${when}: ${JSON.stringify(key)}`);
          }
      };
      await check("empty");
      await append(300);
      await check("300 have come");
      await check("asked again");
      await append(20);
      await check("some more");
      for (const uid of [5, 6, 250, 257, 300]) there.delete(uid);
      await store.setFlags(owner, box, { uids: only(5, 6, 250, 257, 300), mode: "add", marks: marks(Flag.deleted) });
      await store.expunge(owner, box, undefined);
      await check("some less");
      const copied = expectKind(await store.copy(owner, box, only(7, 8, 9), box), "done");
      for (const [at, from] of copied.from.entries()) there.set(copied.to[at]!, there.get(from)!);
      await check("copied beside itself");
      while (await index(store, owner, 200));
      await check("indexed");
      await append(40);
      await check("the index is behind");
      await store.deleteMailbox(owner, box);
      box = await made(store, owner, "Growing");
      there.clear();
      await append(30);
      await check("another of the same name");
    });
  });

  describe("sort", () => {
    let world: Opened;
    let store: Store;
    let id: number;
    let inbox: MailboxId;
    before(async () => {
      world = await open();
      store = world.store;
      id = (await newAccount(store)).id;
      inbox = await inboxOf(store, id);
      const at = (date: number) => `Date: ${new Date(june(date)).toUTCString().replace("GMT", "+0000")}`;
      const messages = [
        raw("From: Zoe <b@x.test>", "To: c@x.test", "Subject: beta", at(9), "", "1"),
        raw("From: adam <C@x.test>", "To: b@x.test", "Cc: z@x.test", "Subject: Re: alpha", at(3), "", "22"),
        raw(
          "From: =?utf-8?Q?=C3=84nne?= <a@x.test>",
          "To: Max <a@x.test>",
          "Subject: [x] Alpha (fwd)",
          at(5),
          "",
          "333",
        ),
        raw("From: nobody@x.test", "Subject: Beta", "", "4"), // No Date: INTERNALDATE, the 4th.
        raw("To: b@y.test", "Subject: FW: beta", at(1), "", "55555"),
      ];
      expectKind(
        await store.append(
          id,
          inbox,
          messages.map((message, index) => ({
            ...message,
            marks: unmarked,
            receivedAt: [june(20), june(18), june(19), june(4), june(18)][index] ?? noon,
          })),
        ),
        "done",
      );
    });
    after(() => world.close());

    const order = (...names: readonly string[]): SortKey[] =>
      names.map((name) => ({ by: name.replace("-", "") as SortKey["by"], reverse: name.startsWith("-") }));
    const orders: readonly [name: string, order: readonly SortKey[], expected: readonly number[]][] = [
      ["nothing asked: as they stand", [], [1, 2, 3, 4, 5]],
      ["arrival", order("arrival"), [4, 2, 5, 3, 1]],
      ["reverse arrival keeps ties in mailbox order", order("-arrival"), [1, 3, 2, 5, 4]],
      ["date, INTERNALDATE where there is none", order("date"), [5, 2, 4, 3, 1]],
      ["reverse date", order("-date"), [1, 3, 4, 2, 5]],
      ["base subject", order("subject"), [2, 3, 1, 4, 5]],
      ["reverse base subject", order("-subject"), [1, 4, 5, 2, 3]],
      ["subject, then reverse date", order("subject", "-date"), [3, 2, 1, 4, 5]],
      ["from: the local part", order("from"), [5, 3, 1, 2, 4]],
      ["to", order("to"), [4, 3, 2, 5, 1]],
      ["cc", order("cc"), [1, 3, 4, 5, 2]],
      ["size, then arrival", order("-size", "arrival"), [3, 2, 1, 5, 4]],
      ["displayfrom: decoded name, else address", order("displayfrom"), [5, 2, 3, 4, 1]],
      ["displayto", order("displayto"), [4, 2, 5, 1, 3]],
    ];
    for (const [name, asked, expected] of orders)
      test(name, async () => {
        assert.deepEqual((await store.sort(id, inbox, { kind: "all" }, asked)).uids, expected);
      });

    test("only what matches is sorted", async () => {
      const found = await store.sort(id, inbox, header("subject", "beta"), order("date"));
      assert.deepEqual(found.uids, [5, 4, 1]);
    });

    test("messages whose facts say nothing sort without harm", async () => {
      const other = (await newAccount(store)).id;
      const box = await inboxOf(store, other);
      const odd = { ...letter(), marks: unmarked, receivedAt: noon + day };
      const envelope = "(not an envelope {9999999999}\r\n";
      expectKind(
        await store.append(other, box, [
          { ...odd, facts: { ...odd.facts, envelope } },
          { ...odd, receivedAt: noon },
        ]),
        "done",
      );
      for (const by of ["from", "to", "cc", "displayfrom", "displayto", "date", "subject"] as const)
        assert.equal((await store.sort(other, box, { kind: "all" }, [{ by, reverse: false }])).uids.length, 2);
      assert.deepEqual((await store.sort(other, box, { kind: "all" }, order("arrival"))).uids, [2, 1]);
    });
  });
}
