/** RFC 8621 §2: mailboxes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Any } from "../../jmap-talk.ts";
import { inbox, me } from "./server.ts";

describe("RFC 8621", () => {
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
});
