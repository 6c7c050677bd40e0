/**
 * The examples of RFC 8620 and RFC 8621 that can be run, in their order: the same requests with our ids in place of theirs,
 * and of the answers what the RFC shows. §8621-§.4.x name the section.
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

const letter = (subject: string, more = "", body = "Hi\r\n"): string =>
  `From: Joe Bloggs <joe@example.com>\r\nTo: u1@example.test\r\nSubject: ${subject}\r\n${more}\r\n${body}`;

describe("RFC 8620", () => {
  test("§2 the session object", () => {
    const { session } = me;
    for (const name of [
      "capabilities",
      "accounts",
      "primaryAccounts",
      "username",
      "apiUrl",
      "downloadUrl",
      "uploadUrl",
      "eventSourceUrl",
      "state",
    ])
      assert.ok(name in session, name);
    const core = session.capabilities["urn:ietf:params:jmap:core"];
    for (const name of [
      "maxSizeUpload",
      "maxConcurrentUpload",
      "maxSizeRequest",
      "maxConcurrentRequests",
      "maxCallsInRequest",
      "maxObjectsInGet",
      "maxObjectsInSet",
    ])
      assert.ok(Number.isSafeInteger(core[name]), name);
    assert.ok(Array.isArray(core.collationAlgorithms));
    for (const name of ["{accountId}", "{blobId}", "{name}", "{type}"]) assert.ok(session.downloadUrl.includes(name));
    for (const name of ["{types}", "{closeafter}", "{ping}"]) assert.ok(session.eventSourceUrl.includes(name));
    assert.deepEqual(session.accounts[me.accountId].isPersonal, true);
  });

  test("§3.6.1 errors of requests", async () => {
    const unknown = await me.post({ using: ["https://example.com/apis/foobar"], methodCalls: [] });
    assert.equal(unknown.status, 400);
    assert.match(unknown.headers.get("content-type") ?? "", /^application\/problem\+json/);
    assert.equal(((await unknown.json()) as Any).type, "urn:ietf:params:jmap:error:unknownCapability");
    const large = await me.post({ using: [], methodCalls: [["Core/echo", { x: "x".repeat(11_000_000) }, "0"]] });
    assert.equal(large.status, 413);
    const limit = (await large.json()) as Any;
    assert.deepEqual([limit.type, limit.limit], ["urn:ietf:params:jmap:error:limit", "maxSizeRequest"]);
    const type = await me.post("{}", { "content-type": "text/plain" });
    assert.equal(((await type.json()) as Any).type, "urn:ietf:params:jmap:error:notJSON");
    for (const [method, path, status, allow] of [
      ["GET", me.session.apiUrl, 405, "POST, OPTIONS"],
      ["DELETE", "/.well-known/jmap", 405, "GET, HEAD, OPTIONS"],
      ["GET", me.session.uploadUrl.replace("{accountId}", me.accountId), 405, "POST, OPTIONS"],
      ["PUT", `/jmap/download/${me.accountId}/B1/x`, 405, "GET, HEAD, OPTIONS"],
      ["POST", "/jmap/nothing", 404, null],
      ["GET", `/jmap/download/${me.accountId}/B99999/x`, 404, null],
      ["POST", "/jmap/upload/A99999", 404, null],
    ] as const) {
      const refused = await me.fetch(path, { method });
      const problem = (await refused.json()) as Any;
      assert.deepEqual(
        [refused.status, refused.headers.get("allow"), refused.headers.get("content-type"), problem.status],
        [status, allow, "application/problem+json; charset=utf-8", status],
        `${method} ${path}`,
      );
      assert.ok(problem.detail.length > 10);
    }
  });

  test("§3.6.2 errors of methods", async () => {
    const [unknown, account, wrong, ungranted] = await Promise.all([
      me.error("Foo/bar", {}),
      me.error("Mailbox/get", { accountId: "A999", ids: null }),
      me.error("Email/query", { filter: { inMailbox: 5 } }),
      me
        .post({
          using: ["urn:ietf:params:jmap:core"],
          methodCalls: [["Mailbox/get", { accountId: me.accountId }, "0"]],
        })
        .then((response) => response.json() as Any)
        .then(({ methodResponses }) => methodResponses[0][1]),
    ]);
    assert.deepEqual(
      [unknown.type, account.type, wrong.type, ungranted.type],
      ["unknownMethod", "accountNotFound", "invalidArguments", "unknownMethod"],
    );
    assert.equal(wrong.pointer, "/filter/inMailbox");
  });

  test("§4.1 Core/echo", async () => {
    const response = await me.post({
      using: ["urn:ietf:params:jmap:core"],
      methodCalls: [["Core/echo", { hello: true, high: 5 }, "b3ff"]],
    });
    const { methodResponses, sessionState } = (await response.json()) as Any;
    assert.deepEqual(methodResponses, [["Core/echo", { hello: true, high: 5 }, "b3ff"]]);
    assert.equal(sessionState, me.session.state);
  });

  test("§3.3 created ids go in and come back", async () => {
    const response = await me.post({
      using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
      createdIds: { old: inbox },
      methodCalls: [
        ["Mailbox/set", { accountId: me.accountId, create: { fresh: { name: "Under", parentId: "#old" } } }, "0"],
        ["Mailbox/get", { accountId: me.accountId, ids: null, properties: ["name"] }, "1"],
      ],
    });
    const { createdIds, methodResponses } = (await response.json()) as Any;
    assert.equal(createdIds.old, inbox);
    assert.equal(createdIds.fresh, methodResponses[0][1].created.fresh.id);
  });
});

describe("RFC 8621", () => {
  test("§2.6 mailboxes: made, moved and followed", async () => {
    const first = await me.call("Mailbox/get", { ids: null });
    const role = (name: string) => first.list.find((one: Any) => one.role === name);
    assert.deepEqual(
      [role("inbox").name, role("inbox").isSubscribed, role("inbox").myRights.mayRename],
      ["Inbox", true, false],
    );
    // "MailboxSet: create a mailbox, and one within it, in one call."
    const set = await me.call("Mailbox/set", {
      ifInState: first.state,
      create: {
        a: { name: "Foo", parentId: null },
        b: { name: "Bar", parentId: "#a", sortOrder: 10, isSubscribed: false },
      },
    });
    assert.equal(set.notCreated, null);
    const { list } = await me.call("Mailbox/get", { ids: [set.created.b.id] });
    assert.deepEqual([list[0].parentId, list[0].sortOrder, list[0].totalEmails], [set.created.a.id, 10, 0]);
    const changes = await me.call("Mailbox/changes", { sinceState: first.state });
    assert.deepEqual(new Set(changes.created), new Set([set.created.a.id, set.created.b.id]));
    // "… the client then gets what has changed by reference."
    const moved = await me.call("Mailbox/set", {
      update: { [set.created.b.id]: { parentId: null, name: "Baz" } },
      destroy: [set.created.a.id],
    });
    assert.deepEqual([moved.updated, moved.destroyed], [{ [set.created.b.id]: null }, [set.created.a.id]]);
    const stale = await me.error("Mailbox/set", { ifInState: first.state, destroy: [set.created.b.id] });
    assert.equal(stale.type, "stateMismatch");
    const refused = await me.call("Mailbox/set", { destroy: [inbox, "F999"] });
    assert.deepEqual([refused.notDestroyed[inbox].type, refused.notDestroyed.F999.type], ["forbidden", "notFound"]);
    const [counted] = await me.calls(["Mailbox/changes", { sinceState: first.state }, "0"]);
    assert.deepEqual(counted?.[1].destroyed.includes(set.created.a.id), true);
  });

  test("§2.2 only counts have changed: updatedProperties, and a get by reference to them", async () => {
    const { state } = await me.call("Mailbox/get", { ids: [] });
    await me.import(letter("Count me"));
    const [changes, get] = await me.calls(
      ["Mailbox/changes", { sinceState: state }, "0"],
      [
        "Mailbox/get",
        {
          "#ids": { resultOf: "0", name: "Mailbox/changes", path: "/updated" },
          "#properties": { resultOf: "0", name: "Mailbox/changes", path: "/updatedProperties" },
        },
        "1",
      ],
    );
    assert.deepEqual(changes?.[1].updatedProperties, ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]);
    assert.deepEqual(Object.keys(get?.[1].list[0]).sort(), [
      "id",
      "totalEmails",
      "totalThreads",
      "unreadEmails",
      "unreadThreads",
    ]);
  });

  test("§4.10 the first page: query, threads and emails by reference, threads collapsed", async () => {
    const work = (await me.call("Mailbox/set", { create: { w: { name: "Example" } } })).created.w.id;
    const mailboxIds = { [work]: true };
    const first = await me.import(letter("Dinner on Thursday?", "Message-ID: <1@x>\r\n"), {
      mailboxIds,
      receivedAt: "2020-01-01T00:00:00Z",
    });
    const reply = await me.import(letter("Re: Dinner on Thursday?", "Message-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\n"), {
      mailboxIds,
      receivedAt: "2020-01-02T00:00:00Z",
    });
    const other = await me.import(letter("Else"), {
      mailboxIds,
      receivedAt: "2020-01-01T12:00:00Z",
      keywords: { $seen: true },
    });
    const answers = await me.calls(
      [
        "Email/query",
        {
          filter: { inMailbox: work },
          sort: [{ property: "receivedAt", isAscending: false }],
          collapseThreads: true,
          position: 0,
          limit: 30,
          calculateTotal: true,
        },
        "t0",
      ],
      ["Email/get", { "#ids": { resultOf: "t0", name: "Email/query", path: "/ids" }, properties: ["threadId"] }, "t1"],
      ["Thread/get", { "#ids": { resultOf: "t1", name: "Email/get", path: "/list/*/threadId" } }, "t2"],
      [
        "Email/get",
        {
          "#ids": { resultOf: "t2", name: "Thread/get", path: "/list/*/emailIds" },
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
        "t3",
      ],
    );
    const [query, , threads, emails] = answers.map(([, args]) => args);
    assert.deepEqual([query.ids, query.total, query.position, query.canCalculateChanges], [[reply, other], 2, 0, true]);
    assert.deepEqual(
      threads.list.map((thread: Any) => thread.emailIds),
      [[first, reply], [other]],
    );
    assert.equal(emails.list.length, 3);
    assert.deepEqual(emails.list[0].from, [{ name: "Joe Bloggs", email: "joe@example.com" }]);
    // §4.5: what is read elsewhere leaves a list of the unread.
    const filter = { inMailbox: work, notKeyword: "$seen" };
    const unread = await me.call("Email/query", { filter });
    await me.call("Email/set", { update: { [reply]: { "keywords/$seen": true } } });
    const changes = await me.call("Email/queryChanges", {
      filter,
      sinceQueryState: unread.queryState,
      calculateTotal: true,
    });
    assert.deepEqual([changes.removed, changes.added, changes.total], [[reply], [], 1]);
    const few = await me.error("Email/queryChanges", { sinceQueryState: "1.1", maxChanges: 1 });
    assert.equal(few.type, "tooManyChanges");
  });

  test("§4.2.1 Email/get with bodyValues that are cut, and headers in two forms", async () => {
    const html = "<html><body><p>Hello <b>world</b></p></body></html>";
    const id = await me.import(
      `From: "Joe Bloggs" <joe@example.com>\r\nSubject: Dinner on Thursday?\r\nList-POST: <mailto:partytime@lists.example.com>\r\nMIME-Version: 1.0\r\n` +
        `Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello world\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}\r\n--b--\r\n`,
    );
    const { list } = await me.call("Email/get", {
      ids: [id, "M123456"],
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
      maxBodyValueBytes: 20,
    });
    const [email] = list;
    assert.deepEqual(email["header:List-POST:asURLs"], ["mailto:partytime@lists.example.com"]);
    assert.deepEqual(email.htmlBody, [
      { partId: "2", blobId: email.htmlBody[0].blobId, size: html.length, type: "text/html" },
    ]);
    assert.deepEqual(email.bodyValues, {
      2: { value: "<html><body><p>Hello", isEncodingProblem: false, isTruncated: true },
    });
  });

  test("§4.6 a draft, saved again as another, in one call", async () => {
    const drafts = await me.mailbox("drafts");
    const object = {
      mailboxIds: { [drafts]: true },
      keywords: { $seen: true, $draft: true },
      from: [{ name: "Joe Bloggs", email: "joe@example.com" }],
      subject: "World domination",
      receivedAt: "2018-07-10T01:03:11Z",
      sentAt: "2018-07-10T11:03:11+10:00",
      bodyStructure: {
        type: "multipart/alternative",
        subParts: [
          { partId: "bd48", type: "text/plain" },
          { partId: "bd49", type: "text/html" },
        ],
      },
      bodyValues: {
        bd48: {
          value: "I have the most brilliant plan.  Let me tell you all about it.  What we do is, we",
          isTruncated: false,
        },
        bd49: {
          value:
            "<!DOCTYPE html><html><head><title></title><style type='text/css'>div{font-size:16px}</style></head><body><div>I have the most brilliant plan.</div></body></html>",
          isTruncated: false,
        },
      },
    };
    const first = await me.call("Email/set", { create: { k192: object } });
    assert.deepEqual(Object.keys(first.created.k192).sort(), ["blobId", "id", "size", "threadId"]);
    const second = await me.call("Email/set", { create: { k1546: object }, destroy: [first.created.k192.id] });
    assert.deepEqual(second.destroyed, [first.created.k192.id]);
    const { list } = await me.call("Email/get", {
      ids: [second.created.k1546.id],
      properties: ["receivedAt", "sentAt", "bodyStructure", "preview", "keywords"],
      bodyProperties: ["type"],
    });
    assert.deepEqual(list[0], {
      id: second.created.k1546.id,
      receivedAt: "2018-07-10T01:03:11Z",
      sentAt: "2018-07-10T11:03:11+10:00",
      bodyStructure: { type: "multipart/alternative", subParts: [{ type: "text/plain" }, { type: "text/html" }] },
      preview: "I have the most brilliant plan. Let me tell you all about it. What we do is, we",
      keywords: { $seen: true, $draft: true },
    });
  });

  test("§4.10 mark as read, move and destroy in one step", async () => {
    const [a, b] = [await me.import(letter("a")), await me.import(letter("b"))];
    const trash = await me.mailbox("trash");
    const { state } = await me.call("Email/get", { ids: [] });
    const set = await me.call("Email/set", {
      ifInState: state,
      update: { [a]: { "keywords/$seen": true, mailboxIds: { [trash]: true } } },
      destroy: [b],
    });
    assert.deepEqual([set.oldState, set.updated, set.destroyed], [state, { [a]: null }, [b]]);
    const changes = await me.call("Email/changes", { sinceState: state });
    assert.deepEqual([changes.created, changes.updated, changes.destroyed], [[], [a], [b]]);
    assert.equal(changes.newState, set.newState);
    const [get, gone] = await me.calls(
      ["Email/get", { ids: [b], properties: ["id"] }],
      ["Thread/changes", { sinceState: state }],
    );
    assert.deepEqual(get?.[1].notFound, [b]);
    assert.equal(gone?.[1].destroyed.length, 1);
  });

  test("§7.5.1 sent, and the draft becomes sent mail in an implicit Email/set", async () => {
    const drafts = await me.mailbox("drafts");
    const sent = await me.mailbox("sent");
    const [identity] = (await me.call("Identity/get", { ids: null })).list;
    const answers = await me.calls(
      [
        "Email/set",
        {
          create: {
            k1: {
              mailboxIds: { [drafts]: true },
              keywords: { $draft: true },
              from: [{ email: "u1@example.test" }],
              to: [{ email: "u2@example.test" }],
              subject: "Plan",
              bodyValues: { t: { value: "Hi" } },
              textBody: [{ partId: "t" }],
            },
          },
        },
        "0",
      ],
      [
        "EmailSubmission/set",
        {
          create: {
            k1490: {
              identityId: identity.id,
              emailId: "#k1",
              envelope: {
                mailFrom: { email: "u1@example.test", parameters: null },
                rcptTo: [{ email: "u2@example.test", parameters: null }],
              },
            },
          },
          onSuccessUpdateEmail: {
            "#k1490": { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true, "keywords/$draft": null },
          },
        },
        "1",
      ],
    );
    assert.deepEqual(
      answers.map(([name, , id]) => `${name} ${id}`),
      ["Email/set 0", "EmailSubmission/set 1", "Email/set 1"],
    );
    const id = answers[0]?.[1].created.k1.id;
    assert.deepEqual(answers[2]?.[1].updated, { [id]: null });
    assert.equal(answers[1]?.[1].created.k1490.undoStatus, "final");
  });
});

describe("malformed arguments: the error and where", () => {
  const cases: readonly [method: string, args: Any, type: string, pointer: string | undefined][] = [
    ["Email/get", { ids: "M1" }, "invalidArguments", "/ids"],
    ["Email/get", { ids: [1] }, "invalidArguments", "/ids/0"],
    ["Email/get", { ids: [], properties: ["nope"] }, "invalidArguments", "/properties"],
    ["Email/get", { ids: [], bodyProperties: ["header:Subject:asDate"] }, "invalidArguments", "/bodyProperties"],
    ["Email/get", { ids: [], unknown: 1 }, "invalidArguments", "/unknown"],
    ["Email/get", { ids: [], maxBodyValueBytes: -1 }, "invalidArguments", "/maxBodyValueBytes"],
    ["Email/get", { ids: Array.from({ length: 1001 }, (_, i) => `M${i}`) }, "requestTooLarge", undefined],
    ["Email/query", { filter: [] }, "invalidArguments", "/filter"],
    ["Email/query", { filter: { operator: "XOR", conditions: [] } }, "invalidArguments", "/filter/operator"],
    [
      "Email/query",
      { filter: { operator: "AND", conditions: [{ before: "x" }] } },
      "invalidArguments",
      "/filter/conditions/0/before",
    ],
    ["Email/query", { filter: { operator: "AND", conditions: [], more: 1 } }, "invalidArguments", "/filter/more"],
    ["Email/query", { filter: { colour: "red" } }, "unsupportedFilter", "/filter/colour"],
    ["Email/query", { filter: { header: ["a", "b", "c"] } }, "invalidArguments", "/filter/header"],
    ["Email/query", { sort: [{ property: "colour" }] }, "unsupportedSort", undefined],
    ["Email/query", { sort: [{ property: "subject", collation: "i;klingon" }] }, "unsupportedSort", undefined],
    ["Email/query", { sort: [{ property: "hasKeyword" }] }, "invalidArguments", "/sort/0/keyword"],
    ["Email/query", { limit: -1 }, "invalidArguments", "/limit"],
    ["Email/query", { anchor: "M999999" }, "anchorNotFound", undefined],
    ["Email/changes", {}, "invalidArguments", "/sinceState"],
    ["Email/changes", { sinceState: "what" }, "cannotCalculateChanges", undefined],
    ["Email/changes", { sinceState: "1.1", maxChanges: 0 }, "invalidArguments", "/maxChanges"],
    ["Email/changes", { sinceState: "999999.1" }, "cannotCalculateChanges", undefined],
    ["Email/set", { update: { "a b": {} } }, "invalidArguments", "/update/a b"],
    ["Email/set", { create: [] }, "invalidArguments", "/create"],
    ["Email/import", { emails: { a: 1 } }, "invalidArguments", "/emails/a"],
    ["Email/import", { ifInState: "x", emails: {} }, "stateMismatch", undefined],
    ["Email/set", { ifInState: "x" }, "stateMismatch", undefined],
    ["Mailbox/set", { ifInState: "x" }, "stateMismatch", undefined],
    ["Principal/set", { ifInState: "x" }, "stateMismatch", undefined],
    ["Email/set", { destroy: Array.from({ length: 1001 }, (_, i) => `M${i}`) }, "requestTooLarge", undefined],
    ["Email/copy", { fromAccountId: "A999", create: {} }, "fromAccountNotFound", undefined],
    ["Email/get", { ids: [], properties: ["header:Subject:asAddresses"] }, "invalidArguments", "/properties"],
    ["Email/get", { ids: [], properties: ["header:X:all:asText"] }, "invalidArguments", "/properties"],
    ["Email/copy", { fromAccountId: "A1", accountId: "A1", create: {} }, "invalidArguments", "/fromAccountId"],
    ["Mailbox/query", { filter: { parentId: 1 } }, "invalidArguments", "/filter/parentId"],
    ["Thread/get", { ids: null }, "requestTooLarge", undefined],
    ["Identity/changes", { sinceState: "x" }, "cannotCalculateChanges", undefined],
    ["EmailSubmission/query", { filter: { after: "x" } }, "invalidArguments", "/filter/after"],
    ["Blob/get", {}, "invalidArguments", "/ids"],
    ["ContactCard/query", { filter: { uid: 1 } }, "invalidArguments", "/filter/uid"],
  ];
  for (const [method, args, type, pointer] of cases)
    test(`${method} ${JSON.stringify(args).slice(0, 80)}`, async () => {
      const error = await me.error(method, args);
      assert.deepEqual([error.type, error.pointer], [type, pointer]);
    });
});

describe("objects that cannot be set: each its own error, and the others go on", () => {
  const wrong: readonly [method: string, args: Any, where: string, type: string, properties: string[] | undefined][] = [
    ["Email/set", { update: { M: { subject: "x" } } }, "notUpdated", "invalidProperties", ["subject"]],
    ["Email/set", { update: { M: { size: 1 } } }, "notUpdated", "invalidProperties", ["size"]],
    ["Email/set", { update: { M: { "keywords/a": false } } }, "notUpdated", "invalidProperties", ["keywords"]],
    ["Email/set", { update: { M: { "keywords/a b": true } } }, "notUpdated", "invalidProperties", ["keywords"]],
    ["Email/set", { update: { M: { "keywords/a/b": true } } }, "notUpdated", "invalidPatch", undefined],
    ["Email/set", { update: { M: { keywords: {}, "keywords/a": true } } }, "notUpdated", "invalidPatch", undefined],
    ["Email/set", { update: { M: { mailboxIds: null } } }, "notUpdated", "invalidProperties", ["mailboxIds"]],
    ["Email/set", { update: { M: { "mailboxIds/F999": true } } }, "notUpdated", "invalidProperties", ["mailboxIds"]],
    ["Email/set", { update: { M999: {} } }, "notUpdated", "notFound", undefined],
    ["Email/set", { update: { D: { "keywords/a": true } }, destroy: ["D"] }, "notUpdated", "willDestroy", undefined],
    ["Email/import", { emails: { a: { blobId: "U1" } } }, "notCreated", "invalidProperties", ["mailboxIds"]],
    [
      "Email/import",
      { emails: { a: { blobId: "U1", mailboxIds: { F1: true } } } },
      "notCreated",
      "invalidProperties",
      ["blobId"],
    ],
    ["Mailbox/set", { update: { F1: { totalEmails: 77 } } }, "notUpdated", "invalidProperties", ["totalEmails"]],
    ["Mailbox/set", { update: { F1: { parentId: "F2" } } }, "notUpdated", "forbidden", undefined],
    ["Mailbox/set", { create: { a: { name: "x", role: "inbox" } } }, "notCreated", "invalidProperties", ["role"]],
    [
      "EmailSubmission/set",
      { create: { a: { emailId: "M", identityId: "I9" } } },
      "notCreated",
      "invalidProperties",
      ["identityId"],
    ],
    [
      "EmailSubmission/set",
      {
        create: {
          a: {
            emailId: "M",
            identityId: "I1",
            envelope: {
              mailFrom: { email: "u1@example.test", parameters: { NOPE: null } },
              rcptTo: [{ email: "a@b.test" }],
            },
          },
        },
      },
      "notCreated",
      "invalidProperties",
      ["envelope"],
    ],
  ];
  let [email, doomed] = ["", ""];
  before(async () => {
    doomed = await me.import(letter("doomed"));
    email = await me.import(letter("Zürich", "", "Grüße aus der Straße\r\n"));
  });
  for (const [method, args, where, type, properties] of wrong)
    test(`${method} ${JSON.stringify(args).slice(0, 100)}`, async () => {
      const answer = await me.call(
        method,
        JSON.parse(JSON.stringify(args).replaceAll('"M"', `"${email}"`).replaceAll('"D"', `"${doomed}"`)),
      );
      const [error] = Object.values(answer[where]) as Any[];
      assert.deepEqual([error?.type, error?.properties], [type, properties], JSON.stringify(answer));
    });

  test("§5.3 the whole object may be sent back with what has changed in it; null is the default", async () => {
    const [object] = (await me.call("Email/get", { ids: [await me.import(letter("whole"))] })).list;
    const { updated } = await me.call("Email/set", {
      update: { [object.id]: { ...object, keywords: { $seen: true } } },
    });
    assert.deepEqual(updated, { [object.id]: null });
    await me.call("Email/set", { update: { [object.id]: { keywords: null } } });
    const [after] = (await me.call("Email/get", { ids: [object.id], properties: ["keywords"] })).list;
    assert.deepEqual(after.keywords, {});
    const { list } = await me.call("Mailbox/get", { ids: [inbox] });
    const box = await me.call("Mailbox/set", { update: { [inbox]: { ...list[0], sortOrder: 7 } } });
    assert.deepEqual([box.updated, box.notUpdated], [{ [inbox]: null }, null]);
    assert.equal((await me.call("Mailbox/get", { ids: [inbox] })).list[0].sortOrder, 7);
  });

  test("§5.1 an id that is asked for twice is not found once", async () => {
    for (const type of [
      "Email",
      "Mailbox",
      "Thread",
      "Identity",
      "EmailSubmission",
      "SieveScript",
      "AddressBook",
      "ContactCard",
      "Principal",
      "ShareNotification",
      "Quota",
    ])
      assert.deepEqual((await me.call(`${type}/get`, { ids: ["zz", "zz"] })).notFound, ["zz"], type);
  });

  test("§4.9 parts and blobs that are no message are not parsable", async () => {
    const blob = await me.upload("not a message at all");
    const part = `B${email.slice(1)}_1`;
    const { notParsable, parsed } = await me.call("Email/parse", { blobIds: [blob.blobId, part] });
    assert.deepEqual([notParsable, parsed], [[blob.blobId, part], null]);
  });

  test("§5 snippets show what was found without its accents, and in another form", async () => {
    const { list } = await me.call("SearchSnippet/get", { filter: { text: "zurich strasse" }, emailIds: [email] });
    assert.deepEqual(list, [
      { emailId: email, subject: "<mark>Zürich</mark>", preview: "Grüße aus der <mark>Straße</mark>" },
    ]);
  });

  test("§3.6.1 requests are I-JSON: no name twice, no half of a pair", async () => {
    for (const echo of ['{"a":1,"a":2}', '{"a":"\\ud800"}']) {
      const answer = await me.post(`{"using":["urn:ietf:params:jmap:core"],"methodCalls":[["Core/echo",${echo},"0"]]}`);
      assert.equal(answer.status, 400);
      assert.equal(((await answer.json()) as Any).type, "urn:ietf:params:jmap:error:notJSON");
    }
  });
});
