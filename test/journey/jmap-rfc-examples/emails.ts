/** RFC 8621 §3 and §4: threads and emails. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Any, JmapTalk } from "../../jmap-talk.ts";
import { me } from "./server.ts";

describe("RFC 8621", () => {
  test("§3.1.1 Thread/get: emails by time, ids that name nothing", async () => {
    const mail = (at: number, more: string): Promise<string> =>
      me.import(`Message-ID: <thread${at}@x.test>\r\n${more}Subject: Thread of three\r\n\r\n${at}\r\n`, {
        receivedAt: `2020-01-0${at}T00:00:00Z`,
      });
    const third = await mail(3, "");
    const first = await mail(1, "References: <thread3@x.test>\r\n");
    const second = await mail(2, "In-Reply-To: <thread3@x.test>\r\n");
    const { list } = await me.call("Email/get", { ids: [third], properties: ["threadId"] });
    const got = await me.call("Thread/get", { ids: [list[0].threadId, "T99999"] });
    assert.deepEqual(got, {
      accountId: me.accountId,
      state: got.state,
      list: [{ id: list[0].threadId, emailIds: [first, second, third] }],
      notFound: ["T99999"],
    });
    const changes = await me.call("Thread/changes", { sinceState: got.state });
    assert.deepEqual(changes, {
      accountId: me.accountId,
      oldState: got.state,
      newState: got.state,
      hasMoreChanges: false,
      created: [],
      updated: [],
      destroyed: [],
    });
  });

  test("§4.4.3, §4.5: threads by keyword, total, and the answer's shape", async () => {
    const box = (await me.call("Mailbox/set", { create: { m: { name: "Query" } } })).created.m.id;
    const mail = (name: string, keywords: Any, more = ""): Promise<string> =>
      me.import(`Message-ID: <${name}@q.test>\r\n${more}Subject: Q ${more === "" ? name : "one"}\r\n\r\n${name}\r\n`, {
        mailboxIds: { [box]: true },
        keywords,
        receivedAt: `2021-01-01T00:00:0${name.length}Z`,
      });
    const one = await mail("one", { $flagged: true });
    const reply = await mail("reply", {}, "In-Reply-To: <one@q.test>\r\n");
    const four = await mail("four", { $flagged: true });
    const filter = (more: Any) => ({ operator: "AND", conditions: [{ inMailbox: box }, more] });
    const found = async (more: Any, rest: Any = {}): Promise<string[]> =>
      (await me.call("Email/query", { filter: filter(more), ...rest })).ids;
    assert.deepEqual(await found({ allInThreadHaveKeyword: "$flagged" }), [four]);
    assert.deepEqual(await found({ someInThreadHaveKeyword: "$flagged" }), [reply, four, one]);
    assert.deepEqual(await found({ noneInThreadHaveKeyword: "$flagged" }), []);
    assert.deepEqual(await found({ operator: "NOT", conditions: [{ hasKeyword: "$flagged" }] }), [reply]);
    // §4.4.2: "sort all flagged threads first, then by date", the example's sort.
    const sort = [
      { property: "someInThreadHaveKeyword", keyword: "$flagged", isAscending: false },
      { property: "subject", collation: "i;ascii-casemap" },
      { property: "receivedAt", isAscending: false },
    ];
    assert.deepEqual(await found({}, { sort }), [four, reply, one]);
    const query = await me.call("Email/query", {
      filter: { inMailbox: box },
      position: -1,
      limit: 5,
      calculateTotal: true,
    });
    assert.deepEqual(query, {
      accountId: me.accountId,
      queryState: query.queryState,
      canCalculateChanges: true,
      position: 2,
      ids: [one],
      total: 3,
    });
    const anchored = await me.call("Email/query", {
      filter: { inMailbox: box },
      anchor: four,
      anchorOffset: -1,
      limit: 2,
    });
    assert.deepEqual([anchored.ids, anchored.position, "total" in anchored], [[reply, four], 0, false]);
  });

  test("§4.10 a client comes back: queryChanges and changes in one request, with what it lacks by reference", async () => {
    const box = (await me.call("Mailbox/set", { create: { m: { name: "Back" } } })).created.m.id;
    const mail = (n: number): Promise<string> =>
      me.import(`Message-ID: <back${n}@x.test>\r\nSubject: Back ${n}\r\n\r\n${n}\r\n`, {
        mailboxIds: { [box]: true },
        receivedAt: `2022-01-0${n}T00:00:00Z`,
      });
    const [a, b] = [await mail(1), await mail(2)];
    const args = {
      filter: { inMailbox: box },
      sort: [{ property: "receivedAt", isAscending: false }],
      collapseThreads: true,
    };
    const query = await me.call("Email/query", { ...args, position: 0, limit: 10 });
    const [emailState, threadState, mailboxState] = (
      await me.calls(["Email/get", { ids: [] }], ["Thread/get", { ids: [] }], ["Mailbox/get", { ids: [] }])
    ).map(([, answer]) => answer.state);
    await me.call("Email/set", { update: { [b]: { "keywords/$flagged": true } }, destroy: [a] });
    const c = await mail(3);
    const answers = await me.calls(
      [
        "Email/queryChanges",
        { ...args, sinceQueryState: query.queryState, maxChanges: 50, calculateTotal: true },
        "11",
      ],
      ["Email/changes", { sinceState: emailState, maxChanges: 30 }, "3"],
      [
        "Email/get",
        { "#ids": { resultOf: "3", name: "Email/changes", path: "/created" }, properties: ["subject", "threadId"] },
        "4",
      ],
      [
        "Email/get",
        {
          "#ids": { resultOf: "3", name: "Email/changes", path: "/updated" },
          properties: ["keywords", "mailboxIds"],
        },
        "5",
      ],
      ["Thread/changes", { sinceState: threadState, maxChanges: 30 }, "6"],
      ["Mailbox/changes", { sinceState: mailboxState }, "7"],
    );
    const [changesOfQuery, changes, created, updated, threads, mailboxes] = answers.map(([, answer]) => answer);
    assert.deepEqual(Object.keys(changesOfQuery).sort(), [
      "accountId",
      "added",
      "newQueryState",
      "oldQueryState",
      "removed",
      "total",
    ]);
    assert.deepEqual([changesOfQuery.oldQueryState, changesOfQuery.total], [query.queryState, 2]);
    // RFC 8620 §5.6: out with what was removed, then in with what was added, from the lowest index on.
    const spliced = query.ids.filter((id: string) => !changesOfQuery.removed.includes(id));
    for (const { id, index } of changesOfQuery.added) spliced.splice(index, 0, id);
    assert.deepEqual(
      [query.ids, spliced],
      [
        [b, a],
        [c, b],
      ],
    );
    assert.deepEqual([changes.created, changes.updated, changes.destroyed], [[c], [b], [a]]);
    assert.deepEqual(
      created.list.map(({ id, subject }: Any) => [id, subject]),
      [[c, "Back 3"]],
    );
    assert.deepEqual(updated.list, [{ id: b, keywords: { $flagged: true }, mailboxIds: { [box]: true } }]);
    assert.deepEqual([threads.created.length, threads.destroyed.length], [1, 1]);
    assert.ok(mailboxes.updated.includes(box));
    const again = await me.call("Email/query", args);
    assert.deepEqual(again.ids, [c, b]);
  });

  test("§4.2.1 Email/get: the example, a letter with a footer of its list", async () => {
    const html = `<html><body><p>Hello ${"dear ".repeat(80)}Jane</p></body></html>`;
    const footer = "-- Sent by your friendly mailing list";
    const box = (await me.call("Mailbox/set", { create: { m: { name: "Lists" } } })).created.m.id;
    const id = await me.import(
      `From: Joe Bloggs <joe@example.com>\r\nSubject: Dinner on Thursday?\r\nList-Post: <mailto:partytime@lists.example.com>\r\nMIME-Version: 1.0\r\n` +
        `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n${html}\r\n--b\r\nContent-Type: text/plain\r\n\r\n${footer}\r\n--b--\r\n`,
      { mailboxIds: { [box]: true }, receivedAt: "2013-10-13T14:12:00Z" },
    );
    const answer = await me.call("Email/get", {
      ids: ["M99999", id],
      properties: [
        "threadId",
        "mailboxIds",
        "from",
        "subject",
        "receivedAt",
        "header:List-POST:asURLs",
        "htmlBody",
        "bodyValues",
      ],
      bodyProperties: ["partId", "blobId", "size", "type"],
      fetchHTMLBodyValues: true,
      maxBodyValueBytes: 256,
    });
    const [{ threadId, htmlBody, bodyValues }] = answer.list;
    assert.deepEqual(answer, {
      accountId: me.accountId,
      state: answer.state,
      list: [
        {
          id,
          threadId,
          mailboxIds: { [box]: true },
          from: [{ name: "Joe Bloggs", email: "joe@example.com" }],
          subject: "Dinner on Thursday?",
          receivedAt: "2013-10-13T14:12:00Z",
          "header:List-POST:asURLs": ["mailto:partytime@lists.example.com"],
          htmlBody: [
            { partId: htmlBody[0].partId, blobId: htmlBody[0].blobId, size: html.length, type: "text/html" },
            { partId: htmlBody[1].partId, blobId: htmlBody[1].blobId, size: footer.length, type: "text/plain" },
          ],
          bodyValues: {
            [htmlBody[0].partId]: {
              isEncodingProblem: false,
              isTruncated: true,
              value: bodyValues[htmlBody[0].partId].value,
            },
            [htmlBody[1].partId]: { isEncodingProblem: false, isTruncated: false, value: footer },
          },
        },
      ],
      notFound: ["M99999"],
    });
    const cut = bodyValues[htmlBody[0].partId].value;
    assert.ok(html.startsWith(cut) && cut.length > 200 && cut.length <= 256);
  });

  test("§4.10 the examples one after the other: a page, read elsewhere, what has changed, a draft, its move to another account", async () => {
    const box = (await me.call("Mailbox/set", { create: { m: { name: "Ten" } } })).created.m.id;
    const mail = (n: number, more = ""): Promise<string> =>
      me.import(
        `Message-ID: <ten${n}@x.test>\r\n${more}From: Jane Doe <jdoe@example.com>\r\nSubject: Reveal ${more === "" ? n : 1}\r\n\r\nAs you may be aware, ${n}\r\n`,
        {
          mailboxIds: { [box]: true },
          keywords: { $seen: true, $flagged: true },
          receivedAt: `2018-06-2${n}T00:20:35Z`,
        },
      );
    const [first, second, oldest] = [await mail(1), await mail(2), await mail(0)];
    const reply = await mail(3, "In-Reply-To: <ten1@x.test>\r\n");
    const list = {
      filter: { inMailbox: box },
      sort: [{ isAscending: false, property: "receivedAt" }],
      collapseThreads: true,
    };
    const from = (resultOf: string, name: string, path: string) => ({ "#ids": { resultOf, name, path } });
    const page = await me.calls(
      ["Email/query", { ...list, position: 0, limit: 30, calculateTotal: true }, "0"],
      ["Email/get", { ...from("0", "Email/query", "/ids"), properties: ["threadId"] }, "1"],
      ["Thread/get", from("1", "Email/get", "/list/*/threadId"), "2"],
      [
        "Email/get",
        {
          ...from("2", "Thread/get", "/list/*/emailIds"),
          properties: [
            "threadId",
            "mailboxIds",
            "keywords",
            "hasAttachment",
            "from",
            "subject",
            "receivedAt",
            "size",
            "preview",
          ],
        },
        "3",
      ],
    );
    const [query, ids, threads, emails] = page.map(([, answer]) => answer);
    assert.deepEqual(query, {
      accountId: me.accountId,
      queryState: query.queryState,
      canCalculateChanges: true,
      position: 0,
      total: 3,
      ids: [reply, second, oldest],
    });
    assert.deepEqual(
      threads.list.map(({ id, emailIds }: Any) => [id, emailIds]),
      ids.list.map(({ id, threadId }: Any) => [threadId, id === reply ? [first, reply] : [id]]),
    );
    const shown = emails.list.find(({ id }: Any) => id === reply);
    assert.deepEqual(shown, {
      id: reply,
      threadId: ids.list[0].threadId,
      mailboxIds: { [box]: true },
      keywords: { $seen: true, $flagged: true },
      hasAttachment: false,
      from: [{ email: "jdoe@example.com", name: "Jane Doe" }],
      subject: "Reveal 1",
      receivedAt: "2018-06-23T00:20:35Z",
      size: shown.size,
      preview: "As you may be aware, 3",
    });
    const read = await me.call("Email/set", { update: { [reply]: { "keywords/$seen": null } } });
    assert.deepEqual([read.updated, read.notUpdated], [{ [reply]: null }, null]);
    await me.call("Email/set", { destroy: [second] });
    const fresh = await mail(4);
    const [changes, queryChanges] = (
      await me.calls(
        ["Email/changes", { sinceState: read.oldState, maxChanges: 50 }, "3"],
        [
          "Email/queryChanges",
          { ...list, sinceQueryState: query.queryState, upToId: oldest, maxChanges: 25, calculateTotal: true },
          "11",
        ],
      )
    ).map(([, answer]) => answer);
    assert.deepEqual(changes, {
      accountId: me.accountId,
      oldState: read.oldState,
      newState: changes.newState,
      hasMoreChanges: false,
      created: [fresh],
      updated: [reply],
      destroyed: [second],
    });
    assert.deepEqual([queryChanges.total, queryChanges.removed.includes(second)], [3, true]);
    assert.deepEqual(queryChanges.added[0], { id: fresh, index: 0 });

    // As it stands there the part "a49d" has no value and "49db" no part, which is to be refused.
    const drafts = await me.mailbox("drafts");
    const draft = (value: string): Any => ({
      mailboxIds: { [drafts]: true },
      keywords: { $seen: true, $draft: true },
      from: [{ name: "Joe Bloggs", email: "joe@example.com" }],
      to: [{ name: "John", email: "john@example.com" }],
      subject: "World domination",
      receivedAt: "2018-07-10T01:05:08Z",
      sentAt: "2018-07-10T11:05:08+10:00",
      bodyStructure: {
        type: "multipart/alternative",
        subParts: [
          { partId: "a49d", type: "text/html" },
          { partId: "bd48", type: "text/plain" },
        ],
      },
      bodyValues: {
        bd48: {
          value: "I have the most brilliant plan.  Let me tell you all about it.  What we do is, we",
          isTruncated: false,
        },
        [value]: {
          value:
            '<!DOCTYPE html><html><head><title></title><style type="text/css">div{font-size:16px}</style></head><body><div>I have the most brilliant plan.  Let me tell you all about it.  What we do is, we</div></body></html>',
          isTruncated: false,
        },
      },
    });
    const wrong = await me.call("Email/set", { create: { k1546: draft("49db") } });
    assert.equal(wrong.notCreated.k1546.type, "invalidProperties");
    const made = await me.call("Email/set", { create: { k1546: draft("a49d") } });
    const { id, blobId, threadId, size } = made.created.k1546;
    assert.deepEqual(made.created, { k1546: { id, blobId, threadId, size } });

    const other = await new JmapTalk(me.origin, "u2@example.test", "pw").open();
    const theirs = (await other.call("Mailbox/set", { create: { m: { name: "For u1" } } })).created.m.id;
    const principal = (await other.call("Principal/query", { filter: { email: "u1@example.test" } })).ids[0];
    await other.call("Mailbox/set", {
      update: {
        [theirs]: {
          shareWith: { [principal]: { mayReadItems: true, mayAddItems: true, maySetSeen: true } },
        },
      },
    });
    const copied = await me.calls([
      "Email/copy",
      {
        fromAccountId: me.accountId,
        accountId: other.accountId,
        create: { k45: { id, mailboxIds: { [theirs]: true } } },
        onSuccessDestroyOriginal: true,
      },
      "0",
    ]);
    assert.deepEqual(
      copied.map(([name, { accountId }, callId]) => [name, accountId, callId]),
      [
        ["Email/copy", other.accountId, "0"],
        ["Email/set", me.accountId, "0"],
      ],
    );
    const { created, notCreated } = copied[0]![1];
    assert.deepEqual(
      [Object.keys(created.k45).sort(), created.k45.size, notCreated],
      [["blobId", "id", "keywords", "size", "threadId"], size, null],
    );
    // Of the marks of a draft that is read only this one may be set there.
    assert.deepEqual(created.k45.keywords, { $seen: true });
    assert.deepEqual(copied[1]![1].destroyed, [id]);
  });

  test("§4.8 an import is of the time that is said, or that its newest Received says", async () => {
    const raw =
      "Received: by a; Thu, 2 Jan 2020 03:04:05 +0000\r\nReceived: by b; Wed, 1 Jan 2020 00:00:00 +0000\r\nSubject: x\r\n\r\nx\r\n";
    const ids = [await me.import(raw), await me.import(raw, { receivedAt: "2021-05-06T07:08:09Z" })];
    const { list } = await me.call("Email/get", { ids, properties: ["receivedAt"] });
    assert.deepEqual(
      list.map((one: Any) => one.receivedAt),
      ["2020-01-02T03:04:05Z", "2021-05-06T07:08:09Z"],
    );
  });
});
