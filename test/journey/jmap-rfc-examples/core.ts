/** RFC 8620: the protocol itself. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Any } from "../../jmap-talk.ts";
import { ask, core, inbox, me } from "./server.ts";

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
