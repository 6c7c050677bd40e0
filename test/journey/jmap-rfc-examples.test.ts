/**
 * The rest of the examples of RFC 8620 and RFC 8621, one test each: the request as it stands there (with our ids), and the answer whole.
 * What jmap-rfc.test.ts and jmap-push.test.ts have is not here again.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type DevProcess, startDev } from "../dev-process.ts";
import { type Any, JmapTalk } from "../jmap-talk.ts";

let dev: DevProcess;
let me: JmapTalk;
let inbox: string;
before(async () => {
  dev = await startDev(["--users", "2", "--cleartext-auth"]);
  me = await new JmapTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, "u1@example.test", "pw").open();
  inbox = await me.mailbox("inbox");
});
after(() => dev.stop());

const core = "urn:ietf:params:jmap:core";
const ask = async (body: Any): Promise<Any> => (await me.post(body)).json();

describe("RFC 8620", () => {
  test("§3.3.1, §3.4.1 several calls: an answer each, in their order; an error does not stop those after it", async () => {
    const { methodResponses } = await ask({
      using: [core, "urn:ietf:params:jmap:mail"],
      methodCalls: [
        ["Core/echo", { arg1: "arg1data", arg2: "arg2data" }, "c1"],
        ["method2", { arg1: "arg1data" }, "c2"],
        ["Core/echo", {}, "c3"],
      ],
    });
    assert.deepEqual(
      methodResponses.map(([name, args, id]: Any) => [name, name === "error" ? args.type : args, id]),
      [
        ["Core/echo", { arg1: "arg1data", arg2: "arg2data" }, "c1"],
        ["error", "unknownMethod", "c2"],
        ["Core/echo", {}, "c3"],
      ],
    );
  });

  test("§3.7 references: a path with * over arrays of arrays; what cannot be resolved", async () => {
    const echoed = { list: [{ ids: ["a", "b"] }, { ids: ["c"] }, { ids: [] }], "a/b": { "m~n": 7 } };
    const cases: readonly [path: string, found: unknown][] = [
      ["/list/*/ids", ["a", "b", "c"]],
      ["/list/0/ids", ["a", "b"]],
      ["/list/0/ids/1", "b"],
      ["/a~1b/m~0n", 7],
      ["/list/*/nothing", undefined],
      ["/list/9", undefined],
      ["/list/-", undefined],
      ["/list/00", undefined],
      ["list", undefined],
      ["/nothing", undefined],
    ];
    for (const [path, found] of cases) {
      const { methodResponses } = await ask({
        using: [core],
        methodCalls: [
          ["Core/echo", echoed, "t0"],
          ["Core/echo", { "#x": { resultOf: "t0", name: "Core/echo", path } }, "t1"],
        ],
      });
      const [name, args] = methodResponses[1];
      if (found === undefined) assert.deepEqual([name, args.type], ["error", "invalidResultReference"], path);
      else assert.deepEqual([name, args], ["Core/echo", { x: found }], path);
    }
    const bad: readonly [args: Any, type: string][] = [
      [{ "#x": { resultOf: "t9", name: "Core/echo", path: "/list" } }, "invalidResultReference"],
      [{ "#x": { resultOf: "t0", name: "Email/get", path: "/list" } }, "invalidResultReference"],
      [{ x: 1, "#x": { resultOf: "t0", name: "Core/echo", path: "/list" } }, "invalidArguments"],
      [{ "#x": 5 }, "invalidResultReference"],
    ];
    for (const [args, type] of bad) {
      const { methodResponses } = await ask({
        using: [core],
        methodCalls: [
          ["Core/echo", echoed, "t0"],
          ["Core/echo", args, "t1"],
        ],
      });
      assert.deepEqual([methodResponses[1][0], methodResponses[1][1].type], ["error", type], JSON.stringify(args));
    }
  });

  test("§3.7 foo/changes, then foo/get of what was created and of what was updated", async () => {
    const { state } = await me.call("Mailbox/get", { ids: [] });
    const made = await me.call("Mailbox/set", { create: { k: { name: "By reference" } } });
    const answers = await me.calls(
      ["Mailbox/changes", { sinceState: state }, "t0"],
      [
        "Mailbox/get",
        { "#ids": { resultOf: "t0", name: "Mailbox/changes", path: "/created" }, properties: ["name"] },
        "t1",
      ],
    );
    assert.deepEqual(answers[0]?.[1], {
      accountId: me.accountId,
      oldState: state,
      newState: made.newState,
      hasMoreChanges: false,
      created: [made.created.k.id],
      updated: [],
      destroyed: [],
      updatedProperties: null,
    });
    assert.deepEqual(answers[1]?.[1].list, [{ id: made.created.k.id, name: "By reference" }]);
  });

  test("§5.3 a PatchObject: what it may not do", async () => {
    const id = await me.import("Subject: Patched\r\n\r\nx\r\n");
    const bad: readonly [patch: Any, type: string][] = [
      [{ "keywords/$seen": true, keywords: {} }, "invalidPatch"],
      [{ "keywords/$seen/deeper": true }, "invalidPatch"],
      [{ "keywords/$a/b/c": true }, "invalidPatch"],
      [{ subject: "Another" }, "invalidProperties"],
      [{ "keywords/$seen": "yes" }, "invalidProperties"],
      [{ mailboxIds: {} }, "invalidProperties"],
      [{ [`mailboxIds/${inbox}`]: null }, "invalidProperties"],
      [{ "mailboxIds/F99999": true }, "invalidProperties"],
    ];
    for (const [patch, type] of bad) {
      const { notUpdated, updated } = await me.call("Email/set", { update: { [id]: patch } });
      assert.equal(notUpdated?.[id]?.type, type, JSON.stringify([patch, notUpdated, updated]));
    }
    const whole = await me.call("Email/get", { ids: [id], properties: ["keywords", "mailboxIds"] });
    assert.deepEqual(whole.list, [{ id, keywords: {}, mailboxIds: { [inbox]: true } }]);
    // "… the whole object, as it was gotten": properties that do not change may be there.
    const again = await me.call("Email/set", { update: { [id]: { ...whole.list[0], keywords: { $flagged: true } } } });
    assert.deepEqual([again.updated, again.notUpdated], [{ [id]: null }, null]);
  });

  test("§5.7 made, changed and destroyed in one call; a state that is old; ids that name nothing", async () => {
    const before = await me.call("Mailbox/get", { ids: [], properties: [] });
    const { created } = await me.call("Mailbox/set", { create: { a: { name: "Todo" }, b: { name: "Done" } } });
    const set = await me.call("Mailbox/set", {
      create: { k1: { name: "Third" }, k2: { name: "Third" } },
      update: { [created.a.id]: { name: "Todo list" }, F99999: { name: "x" } },
      destroy: [created.b.id, "F99998"],
    });
    assert.deepEqual(Object.keys(set).sort(), [
      "accountId",
      "created",
      "destroyed",
      "newState",
      "notCreated",
      "notDestroyed",
      "notUpdated",
      "oldState",
      "updated",
    ]);
    assert.equal(Object.keys(set.created).length + Object.keys(set.notCreated).length, 2);
    assert.deepEqual(
      [
        set.updated,
        set.notUpdated.F99999.type,
        set.destroyed,
        set.notDestroyed.F99998.type,
        Object.values(set.notCreated as Any).map(({ type, properties }: Any) => [type, properties]),
      ],
      [{ [created.a.id]: null }, "notFound", [created.b.id], "notFound", [["invalidProperties", ["name"]]]],
    );
    const stale = await me.error("Mailbox/set", { ifInState: before.state, create: { x: { name: "Never" } } });
    assert.equal(stale.type, "stateMismatch");
    const gone = await me.call("Mailbox/get", {
      ids: [created.b.id, created.a.id, created.a.id],
      properties: ["name"],
    });
    assert.deepEqual([gone.notFound, gone.list], [[created.b.id], [{ id: created.a.id, name: "Todo list" }]]);
  });

  test("§5.7 the Todo list, with emails: its two words, the whole object and a minimal patch, what another has deleted", async () => {
    const todo = (title: string, ...words: readonly string[]): Promise<string> =>
      me.import(`Subject: ${title}\r\n\r\nx\r\n`, { keywords: Object.fromEntries(words.map((word) => [word, true])) });
    const a = await todo("Practise Piano", "music", "beethoven", "mozart", "liszt", "rachmaninov");
    const b = await todo("Watch Daft Punk music video", "music", "video", "trance");
    await todo("Sleep", "night");
    const list = {
      filter: { operator: "OR", conditions: [{ hasKeyword: "music" }, { hasKeyword: "video" }] },
      sort: [{ property: "subject" }],
    };
    const [query, got] = await me.calls(
      ["Email/query", { ...list, position: 0, limit: 10 }, "0"],
      [
        "Email/get",
        { "#ids": { resultOf: "0", name: "Email/query", path: "/ids" }, properties: ["subject", "keywords"] },
        "1",
      ],
    );
    const { queryState } = query![1];
    assert.deepEqual(query![1], {
      accountId: me.accountId,
      queryState,
      canCalculateChanges: true,
      position: 0,
      ids: [a, b],
    });
    assert.deepEqual(got![1].list[1], {
      id: b,
      subject: "Watch Daft Punk music video",
      keywords: { music: true, video: true, trance: true },
    });
    const { state } = got![1];
    const chopin = { music: true, beethoven: true, chopin: true, liszt: true, rachmaninov: true };
    const patches: readonly Any[] = [
      { id: a, subject: "Practise Piano", keywords: chopin },
      { "keywords/chopin": true, "keywords/mozart": null },
    ];
    for (const patch of patches) {
      const set = await me.call("Email/set", { update: { [a]: patch } });
      assert.deepEqual([set.updated, set.notUpdated], [{ [a]: null }, null]);
      const after = await me.call("Email/get", { ids: [a], properties: ["keywords"] });
      assert.deepEqual(after.list[0].keywords, chopin);
    }
    assert.equal(
      (await me.error("Email/set", { ifInState: state, update: { [a]: patches[1] } })).type,
      "stateMismatch",
    );
    const middle = await me.call("Email/query", list);
    const { state: sinceState } = await me.call("Email/get", { ids: [] });
    await me.call("Email/set", { destroy: [b] });
    const [changes, queryChanges] = await me.calls(
      ["Email/changes", { sinceState, maxChanges: 50 }, "0"],
      ["Email/queryChanges", { ...list, sinceQueryState: middle.queryState, maxChanges: 50 }, "1"],
    );
    assert.deepEqual(changes![1], {
      accountId: me.accountId,
      oldState: sinceState,
      newState: changes![1].newState,
      hasMoreChanges: false,
      created: [],
      updated: [],
      destroyed: [b],
    });
    assert.deepEqual(queryChanges![1], {
      accountId: me.accountId,
      oldQueryState: middle.queryState,
      newQueryState: queryChanges![1].newQueryState,
      removed: [b],
      added: [],
    });
  });

  test("§5.3 names change places in one call: the final state is valid", async () => {
    const { created } = await me.call("Mailbox/set", { create: { a: { name: "Left" }, b: { name: "Right" } } });
    const [a, b] = [created.a.id, created.b.id];
    const swapped = await me.call("Mailbox/set", { update: { [a]: { name: "Right" }, [b]: { name: "Left" } } });
    assert.deepEqual([swapped.notUpdated, swapped.updated], [null, { [a]: null, [b]: null }]);
    const { list } = await me.call("Mailbox/get", { ids: [a, b], properties: ["name"] });
    assert.deepEqual(
      new Map(list.map((one: Any) => [one.id, one.name])),
      new Map([
        [a, "Right"],
        [b, "Left"],
      ]),
    );
  });

  test("§6.1, §6.2, §6.3 an upload, its download, and a copy of a blob", async () => {
    const up = await me.upload("hello", "text/plain");
    assert.deepEqual(up, { accountId: me.accountId, blobId: up.blobId, type: "text/plain", size: 5 });
    const down = await me.download(up.blobId, "text/plain", "a b.txt");
    assert.deepEqual(
      [await down.text(), down.headers.get("content-type"), down.headers.get("cache-control")],
      ["hello", "text/plain", "private, immutable, max-age=31536000"],
    );
    assert.match(down.headers.get("content-disposition") ?? "", /filename="a b\.txt"/);
    const none = await me.fetch(me.session.uploadUrl.replace("{accountId}", "A99999"), { method: "POST", body: "x" });
    assert.equal(none.status, 404);
    assert.equal((await me.download("U99999")).status, 404);
    const copy = await me.error("Blob/copy", { fromAccountId: "A99999", blobIds: [up.blobId] });
    assert.equal(copy.type, "fromAccountNotFound");
  });
});

describe("RFC 9404, 9610 and 9670", () => {
  test("RFC 9404 §4.2.1 Blob/get: ranges, and bytes that are no text", async () => {
    const range = { offset: 20, length: 100 };
    const ids = ["#b1", "#b2"];
    const answers = await me.calls(
      [
        "Blob/upload",
        {
          create: {
            b1: { data: [{ "data:asBase64": "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wZWQgb3ZlciB0aGUggYEgZG9nLg==" }] },
            b2: { data: [{ "data:asText": "hello world" }], type: "text/plain" },
          },
        },
        "S1",
      ],
      ["Blob/get", { ids }, "G1"],
      ["Blob/get", { ids, properties: ["data:asText", "size"] }, "G2"],
      ["Blob/get", { ids, properties: ["data:asBase64", "size"] }, "G3"],
      ["Blob/get", { ids, offset: 0, length: 5 }, "G4"],
      ["Blob/get", { ids, ...range }, "G5"],
    );
    const [made, ...gets] = answers.map(([, answer]) => answer);
    const [b1, b2] = [made.created.b1.id, made.created.b2.id];
    const whole = "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wZWQgb3ZlciB0aGUggYEgZG9nLg==";
    assert.deepEqual(
      gets.map(({ list }) => list),
      [
        [
          { id: b1, "data:asBase64": whole, isEncodingProblem: true, size: 43 },
          { id: b2, "data:asText": "hello world", size: 11 },
        ],
        [
          { id: b1, "data:asText": null, isEncodingProblem: true, size: 43 },
          { id: b2, "data:asText": "hello world", size: 11 },
        ],
        [
          { id: b1, "data:asBase64": whole, size: 43 },
          { id: b2, "data:asBase64": "aGVsbG8gd29ybGQ=", size: 11 },
        ],
        [
          { id: b1, "data:asText": "The q", size: 43 },
          { id: b2, "data:asText": "hello", size: 11 },
        ],
        [
          {
            id: b1,
            "data:asBase64": "anVtcGVkIG92ZXIgdGhlIIGBIGRvZy4=",
            isEncodingProblem: true,
            isTruncated: true,
            size: 43,
          },
          { id: b2, "data:asText": "", isTruncated: true, size: 11 },
        ],
      ],
    );
  });

  test("RFC 9610 §4.1, §4.2 address books and cards at first, and another default", async () => {
    const card = {
      name: {
        components: [
          { kind: "given", value: "Joe" },
          { kind: "surname", value: "Bloggs" },
        ],
        isOrdered: true,
      },
      emails: { 0: { contexts: { private: true }, address: "joe.bloggs@example.com" } },
    };
    const first = (await me.call("AddressBook/get")).list[0].id;
    const { created } = await me.call("AddressBook/set", { create: { b: { name: "Autosaved", sortOrder: 1 } } });
    const made = await me.call("ContactCard/set", { create: { c: { ...card, addressBookIds: { [first]: true } } } });
    const [books, cards] = (await me.calls(["AddressBook/get", {}, "0"], ["ContactCard/get", {}, "1"])).map(
      ([, answer]) => answer,
    );
    assert.deepEqual(
      books.list.map(({ id, name, isDefault }: Any) => [id, name, isDefault]),
      [
        [first, "Personal", true],
        [created.b.id, "Autosaved", false],
      ],
    );
    const { id, addressBookIds, name, emails } = cards.list.find((one: Any) => one.id === made.created.c.id);
    assert.deepEqual([id, addressBookIds, { name, emails }], [made.created.c.id, { [first]: true }, card]);
    const set = await me.call("AddressBook/set", { onSuccessSetIsDefault: created.b.id });
    assert.deepEqual(set.updated, { [created.b.id]: { isDefault: true }, [first]: { isDefault: false } });
    const { created: third } = await me.call("AddressBook/set", {
      create: { c: { name: "Third" } },
      onSuccessSetIsDefault: "#c",
    });
    assert.equal(third.c.isDefault, true);
    const { blobId } = await me.upload("no picture", "text/plain");
    const refused = await me.call("ContactCard/set", {
      update: { [id]: { media: { p: { kind: "photo", blobId } } } },
    });
    assert.deepEqual(refused.notUpdated[id].properties, ["media/p/blobId"]);
  });

  test("RFC 9670 §4.1 whose account it is, and the people to share with", async () => {
    const owner = "urn:ietf:params:jmap:principals:owner";
    const { accountIdForPrincipal, principalId } = me.session.accounts[me.accountId].accountCapabilities[owner];
    assert.equal(owner in me.session.capabilities, false);
    const { list } = await me.call("Principal/get", { accountId: accountIdForPrincipal, ids: null });
    const [mine, other] = [principalId, undefined].map((id) =>
      list.find((one: Any) => (id === undefined ? one.email === "u2@example.test" : one.id === id)),
    );
    assert.deepEqual(mine.accounts, { [me.accountId]: me.session.accounts[me.accountId] });
    assert.deepEqual(other, {
      id: other.id,
      type: "individual",
      name: "u2@example.test",
      description: null,
      email: "u2@example.test",
      timeZone: null,
      capabilities: {},
      accounts: null,
    });
  });
});

describe("RFC 8621", () => {
  /** The header of a message, one form of one field. */
  const header = async (raw: string, property: string): Promise<Any> => {
    const { blobId } = await me.upload(`${raw}\r\n\r\nx\r\n`, "message/rfc822");
    const { parsed } = await me.call("Email/parse", { blobIds: [blobId], properties: [property] });
    return parsed[blobId][property];
  };
  const friends =
    'From: "  James Smythe" <james@example.com>, Friends:\r\n  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n  <john@example.com>;';
  const cases: readonly [name: string, raw: string, property: string, value: unknown][] = [
    [
      "§4.1.2.3 asAddresses",
      friends,
      "header:From:asAddresses",
      [
        { name: "James Smythe", email: "james@example.com" },
        { name: null, email: "jane@example.com" },
        { name: "John Smîth", email: "john@example.com" },
      ],
    ],
    [
      "§4.1.2.4 asGroupedAddresses",
      friends,
      "header:From:asGroupedAddresses",
      [
        { name: null, addresses: [{ name: "James Smythe", email: "james@example.com" }] },
        {
          name: "Friends",
          addresses: [
            { name: null, email: "jane@example.com" },
            { name: "John Smîth", email: "john@example.com" },
          ],
        },
      ],
    ],
    ["§4.1.2.1 asRaw", "Subject: =?UTF-8?Q?a?=\r\n b", "header:Subject:asRaw", " =?UTF-8?Q?a?=\r\n b"],
    [
      "§4.1.2.2 asText",
      "Subject:   =?UTF-8?Q?Sm=C3=AEth?=\r\n  and\r\n more ",
      "header:Subject:asText",
      "Smîth  and more",
    ],
    ["§4.1.2.2 asText, NFC", "Subject: =?UTF-8?Q?e=CC=81?=", "header:Subject:asText", "é"],
    ["§4.1.2.5 asMessageIds", "References: <a@b> (x)\r\n <c@d>", "header:References:asMessageIds", ["a@b", "c@d"]],
    ["§4.1.2.5 none that can be read", "References: what", "header:References:asMessageIds", null],
    ["§4.1.2.6 asDate", "Date: Tue, 30 Oct 2018 14:35:02 +1100 (x)", "header:Date:asDate", "2018-10-30T14:35:02+11:00"],
    ["§4.1.2.6 no date", "Date: yesterday", "header:Date:asDate", null],
    [
      "§4.1.2.7 asURLs",
      "List-Unsubscribe: <mailto:a@b.test?subject=x>, (or)\r\n <http://b.test/u>",
      "header:List-Unsubscribe:asURLs",
      ["mailto:a@b.test?subject=x", "http://b.test/u"],
    ],
    ["§4.1.3 the last of several", "Resent-To: a\r\nResent-To: b", "header:Resent-To", " b"],
    ["§4.1.3 :all", "Resent-To: a\r\nResent-To: b", "header:Resent-To:all", [" a", " b"]],
    ["§4.1.3 :all of none", "Subject: x", "header:Resent-To:asAddresses:all", []],
    ["§4.1.3 none", "Subject: x", "header:Resent-To:asAddresses", null],
    ["§4.1.3 sender", 'Sender: "A" <a@b.test>', "sender", [{ name: "A", email: "a@b.test" }]],
    ["§4.1.3 inReplyTo", "In-Reply-To: <x@y>", "inReplyTo", ["x@y"]],
  ];
  for (const [name, raw, property, value] of cases)
    test(name, async () => assert.deepEqual(await header(raw, property), value));

  test("§4.1.2 forms that do not fit their field are invalidArguments", async () => {
    for (const property of [
      "header:Subject:asAddresses",
      "header:From:asDate",
      "header:Date:asURLs",
      "header::asRaw",
      "header:Foo:asWhat",
    ])
      assert.equal(
        (await me.error("Email/get", { ids: [], properties: [property] })).type,
        "invalidArguments",
        property,
      );
  });

  test("§4.1.4 textBody, htmlBody and attachments of the example's structure", async () => {
    const part = (type: string, disposition: string, letter: string): string =>
      `Content-Type: ${type}\r\n${disposition === "" ? "" : `Content-Disposition: ${disposition}\r\n`}X-Letter: ${letter}\r\n\r\n${letter}\r\n`;
    const multi = (kind: string, boundary: string, parts: readonly string[]): string =>
      `Content-Type: multipart/${kind}; boundary=${boundary}\r\n\r\n${parts.map((one) => `--${boundary}\r\n${one}`).join("\r\n")}\r\n--${boundary}--\r\n`;
    const raw = `From: a@b.test\r\nSubject: Parts\r\nMIME-Version: 1.0\r\n${multi("mixed", "m1", [
      part("text/plain", "inline", "A"),
      multi("mixed", "m2", [
        multi("alternative", "m3", [
          multi("mixed", "m4", [
            part("text/plain", "inline", "B"),
            part("image/jpeg", "inline", "C"),
            part("text/plain", "inline", "D"),
          ]),
          multi("related", "m5", [part("text/html", "", "E"), part("image/jpeg", "", "F")]),
        ]),
        part("image/jpeg", "attachment", "G"),
        part("application/x-excel", "", "H"),
        part("message/rfc822", "", "J"),
      ]),
      part("text/plain", "inline", "K"),
    ])}`;
    const id = await me.import(raw);
    const { list } = await me.call("Email/get", {
      ids: [id],
      properties: ["textBody", "htmlBody", "attachments", "hasAttachment", "bodyStructure"],
      bodyProperties: ["header:X-Letter:asText", "type", "subParts"],
    });
    const letters = (parts: readonly Any[]): string => parts.map((one) => one["header:X-Letter:asText"]).join("");
    const { textBody, htmlBody, attachments, hasAttachment, bodyStructure } = list[0];
    assert.deepEqual(
      [letters(textBody), letters(htmlBody), letters(attachments), hasAttachment],
      ["ABCDK", "AEK", "CFGHJ", true],
    );
    assert.deepEqual(
      [bodyStructure.type, bodyStructure.subParts.map(({ type }: Any) => type)],
      ["multipart/mixed", ["text/plain", "multipart/mixed", "text/plain"]],
    );
  });

  test("§2.6 Mailbox/get: every property of the example, and no other", async () => {
    const { list } = await me.call("Mailbox/get", { ids: [inbox] });
    const [box] = list;
    assert.deepEqual(
      {
        ...box,
        totalEmails: typeof box.totalEmails,
        unreadEmails: typeof box.unreadEmails,
        totalThreads: typeof box.totalThreads,
        unreadThreads: typeof box.unreadThreads,
        sortOrder: typeof box.sortOrder,
      },
      {
        id: inbox,
        name: "Inbox",
        parentId: null,
        role: "inbox",
        sortOrder: "number",
        totalEmails: "number",
        unreadEmails: "number",
        totalThreads: "number",
        unreadThreads: "number",
        myRights: {
          mayReadItems: true,
          mayAddItems: true,
          mayRemoveItems: true,
          maySetSeen: true,
          maySetKeywords: true,
          mayCreateChild: true,
          mayRename: false,
          mayDelete: false,
          maySubmit: true,
          ...("mayShare" in box.myRights ? { mayShare: true } : {}),
        },
        isSubscribed: true,
        ...("shareWith" in box ? { shareWith: box.shareWith } : {}),
      },
    );
  });

  test("§2 unreadThreads: what is unread in the trash counts there alone", async () => {
    const [trash, box] = [
      await me.mailbox("trash"),
      (await me.call("Mailbox/set", { create: { m: { name: "Trashed thread" } } })).created.m.id,
    ];
    const unread = async (id: string): Promise<number> =>
      (await me.call("Mailbox/get", { ids: [id], properties: ["unreadThreads"] })).list[0].unreadThreads;
    const before = await unread(trash);
    const mail = (more: string, mailbox: string, keywords: Any) =>
      me.import(`${more}Subject: One thread\r\n\r\nx\r\n`, { mailboxIds: { [mailbox]: true }, keywords });
    await mail("Message-ID: <trash1@x.test>\r\n", box, { $seen: true });
    await mail("Message-ID: <trash2@x.test>\r\nIn-Reply-To: <trash1@x.test>\r\n", trash, {});
    assert.deepEqual([(await unread(trash)) - before, await unread(box)], [1, 0]);
  });

  test("§2.6 one mailbox is renamed, and one that may not go stays", async () => {
    const { id } = (await me.call("Mailbox/set", { create: { m: { name: "Important mail" } } })).created.m;
    const { state } = await me.call("Mailbox/get", { ids: [] });
    const set = await me.call("Mailbox/set", {
      ifInState: state,
      update: { [id]: { name: "Maybe important mail" } },
      destroy: [inbox],
    });
    assert.deepEqual(
      { ...set, notDestroyed: { [inbox]: { type: set.notDestroyed[inbox].type } } },
      {
        accountId: me.accountId,
        oldState: state,
        newState: set.newState,
        created: null,
        updated: { [id]: null },
        destroyed: null,
        notCreated: null,
        notUpdated: null,
        notDestroyed: { [inbox]: { type: "forbidden" } },
      },
    );
    assert.notEqual(set.newState, state);
  });

  test("§2.3 sortAsTree and filterAsTree", async () => {
    const { created } = await me.call("Mailbox/set", {
      create: {
        top: { name: "Tree" },
        b: { name: "b", parentId: "#top" },
        a: { name: "a", parentId: "#top" },
        deep: { name: "Tree deep", parentId: "#a" },
      },
    });
    const ids = (...keys: readonly string[]) => keys.map((key) => created[key].id);
    const among = (found: readonly string[]) => found.filter((id) => ids("top", "a", "b", "deep").includes(id));
    const sort = [{ property: "name" }];
    const plain = await me.call("Mailbox/query", { sort, calculateTotal: true });
    assert.deepEqual([among(plain.ids), plain.total], [ids("a", "b", "top", "deep"), plain.ids.length]);
    const tree = await me.call("Mailbox/query", { sort, sortAsTree: true });
    assert.deepEqual(among(tree.ids), ids("top", "a", "deep", "b"));
    const named = { name: "Tree" };
    assert.deepEqual(among((await me.call("Mailbox/query", { filter: named, sort })).ids), ids("top", "deep"));
    assert.deepEqual(
      among((await me.call("Mailbox/query", { filter: named, sort, filterAsTree: true })).ids),
      ids("top"),
    );
    assert.deepEqual(
      (await me.call("Mailbox/query", { filter: { parentId: created.top.id }, sort })).ids,
      ids("a", "b"),
    );
    assert.ok((await me.call("Mailbox/query", { filter: { hasAnyRole: false } })).ids.includes(created.top.id));
  });

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

  test("§5.1 SearchSnippet/get: words, an email that is not there, and without text", async () => {
    const hit = await me.import("Subject: The Foo & bar\r\n\r\nWe drink foofle <wine> and foo.\r\n");
    const miss = await me.import("Subject: Else\r\n\r\nNothing\r\n");
    const answer = await me.call("SearchSnippet/get", { filter: { text: "foo" }, emailIds: [hit, miss, "M99999"] });
    assert.deepEqual(answer.notFound, ["M99999"]);
    assert.deepEqual(answer.list[0], {
      emailId: hit,
      subject: "The <mark>Foo</mark> &amp; bar",
      preview: answer.list[0].preview,
    });
    assert.match(answer.list[0].preview, /<mark>foo(fle)?<\/mark>.*&lt;wine&gt;.*<mark>foo<\/mark>/);
    assert.deepEqual(answer.list[1], { emailId: miss, subject: null, preview: null });
    const none = await me.call("SearchSnippet/get", { filter: { inMailbox: inbox }, emailIds: [hit] });
    assert.deepEqual(none.list, [{ emailId: hit, subject: null, preview: null }]);
  });

  test("§5.2 the snippets of the example", async () => {
    const ids = await Promise.all([
      me.import("Subject: Nothing here\r\nKeywords: foo\r\n\r\nNor here\r\n"),
      me.import(
        "Subject: The Foosball competition\r\n\r\nThis year the foosball competition will be held in the Stadium\r\n",
      ),
      me.import(
        "Subject: Methods\r\n\r\nHere the Foo/bar method results often returns <1 widget rather than the complete\r\n",
      ),
    ]);
    const answer = await me.call("SearchSnippet/get", { filter: { text: "foo" }, emailIds: ids });
    const marked = (text: string | null) =>
      text?.replace(/<mark>foosball<\/mark>/gi, (word) => word.replace(/sball<\/mark>/, "</mark>sball"));
    assert.equal(answer.notFound, null);
    assert.deepEqual(
      answer.list.map(({ emailId, subject, preview }: Any) => [
        emailId,
        marked(subject) ?? null,
        marked(preview) ?? null,
      ]),
      [
        [ids[0], null, null],
        [
          ids[1],
          "The <mark>Foo</mark>sball competition",
          "This year the <mark>foo</mark>sball competition will be held in the Stadium",
        ],
        [
          ids[2],
          null,
          "Here the <mark>Foo</mark>/bar method results often returns &lt;1 widget rather than the complete",
        ],
      ],
    );
  });

  test("§6.4 identities: the properties of the example", async () => {
    const { list } = await me.call("Identity/get", { ids: null });
    assert.deepEqual(Object.keys(list[0]).sort(), [
      "bcc",
      "email",
      "htmlSignature",
      "id",
      "mayDelete",
      "name",
      "replyTo",
      "textSignature",
    ]);
    const { created } = await me.call("Identity/set", {
      create: {
        k1: {
          name: "Joe Bloggs",
          email: "u1@example.test",
          replyTo: null,
          bcc: [{ name: null, email: "u1+archive@example.test" }],
          textSignature: "-- \nJoe Bloggs\nMaster of Email",
          htmlSignature: "<div><b>Joe Bloggs</b></div><div>Master of Email</div>",
        },
      },
    });
    const changed = await me.call("Identity/set", { update: { [created.k1.id]: { name: "J" } } });
    assert.deepEqual(changed.updated, { [created.k1.id]: null });
    const readOnly = await me.call("Identity/set", { update: { [created.k1.id]: { email: "u2@example.test" } } });
    assert.equal(readOnly.notUpdated[created.k1.id].type, "invalidProperties");
    assert.equal(
      (await me.call("Identity/set", { create: { x: { email: "someone@else.test" } } })).notCreated.x.type,
      "forbiddenFrom",
    );
  });

  test("§7.5 a submission's properties and its errors, one by one", async () => {
    const [identity] = (await me.call("Identity/get", { ids: null })).list;
    const good = await me.import(
      "From: u1@example.test\r\nTo: u2@example.test\r\nSubject: Submitted\r\nDate: Tue, 1 Dec 2026 10:00:00 +0000\r\nMessage-ID: <s@x.test>\r\n\r\nx\r\n",
    );
    const nobody = await me.import("From: u1@example.test\r\nSubject: To nobody\r\n\r\nx\r\n");
    const several = await me.import(
      "From: u1@example.test, u2@example.test\r\nTo: u2@example.test\r\nSubject: Of two\r\n\r\nx\r\n",
    );
    const to = (...emails: readonly string[]) => ({
      mailFrom: { email: "u1@example.test", parameters: null },
      rcptTo: emails.map((email) => ({ email, parameters: null })),
    });
    const cases: readonly [make: Any, type: string, more?: Any][] = [
      [{ identityId: identity.id, emailId: nobody }, "noRecipients"],
      [{ identityId: identity.id, emailId: several }, "invalidEmail", { properties: ["sender"] }],
      [{ identityId: identity.id, emailId: good, envelope: to() }, "noRecipients"],
      [
        { identityId: identity.id, emailId: good, envelope: to("not an address", "u2@example.test") },
        "invalidRecipients",
        { invalidRecipients: ["not an address"] },
      ],
      [
        {
          identityId: identity.id,
          emailId: good,
          envelope: { ...to("u2@example.test"), mailFrom: { email: "someone@else.test" } },
        },
        "forbiddenMailFrom",
      ],
      [{ identityId: "I99999", emailId: good }, "invalidProperties", { properties: ["identityId"] }],
      [{ identityId: identity.id, emailId: "M99999" }, "invalidProperties", { properties: ["emailId"] }],
      [
        { identityId: identity.id, emailId: good, undoStatus: "final" },
        "invalidProperties",
        { properties: ["undoStatus"] },
      ],
    ];
    for (const [make, type, more] of cases) {
      const { notCreated } = await me.call("EmailSubmission/set", { create: { k: make } });
      assert.equal(notCreated?.k?.type, type, JSON.stringify([make, notCreated]));
      for (const [key, value] of Object.entries(more ?? {})) assert.deepEqual(notCreated.k[key], value, key);
    }
    const { created } = await me.call("EmailSubmission/set", {
      create: { k: { identityId: identity.id, emailId: good, envelope: null } },
    });
    const { list } = await me.call("EmailSubmission/get", { ids: [created.k.id] });
    const [one] = list;
    assert.deepEqual(
      { ...one, sendAt: "", threadId: "", deliveryStatus: Object.keys(one.deliveryStatus) },
      {
        id: created.k.id,
        identityId: identity.id,
        emailId: good,
        threadId: "",
        envelope: {
          mailFrom: { email: "u1@example.test", parameters: null },
          rcptTo: [{ email: "u2@example.test", parameters: null }],
        },
        sendAt: "",
        undoStatus: "final",
        deliveryStatus: ["u2@example.test"],
        dsnBlobIds: [],
        mdnBlobIds: [],
      },
    );
    const late = await me.call("EmailSubmission/set", { update: { [one.id]: { undoStatus: "canceled" } } });
    assert.equal(late.notUpdated[one.id].type, "cannotUnsend");
    const { destroyed } = await me.call("EmailSubmission/set", { destroy: [one.id] });
    assert.deepEqual(destroyed, [one.id]);
  });

  test("§8 the vacation response: one object, called singleton", async () => {
    const { list } = await me.call("VacationResponse/get", { ids: null });
    assert.deepEqual(Object.keys(list[0]).sort(), [
      "fromDate",
      "htmlBody",
      "id",
      "isEnabled",
      "subject",
      "textBody",
      "toDate",
    ]);
    const set = await me.call("VacationResponse/set", {
      create: { k: { isEnabled: true } },
      destroy: ["singleton"],
      update: { singleton: { isEnabled: true, subject: "Away" }, other: { isEnabled: true } },
    });
    assert.deepEqual(
      [set.notCreated.k.type, set.notDestroyed.singleton.type, set.updated, set.notUpdated.other.type],
      ["singleton", "singleton", { singleton: null }, "notFound"],
    );
  });
});
