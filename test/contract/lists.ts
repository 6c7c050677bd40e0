/** Mailing lists: members, what waits and is archived, wishes; nothing of a list outlives it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ListSettings, NewListPost } from "../../server/store/lists-store.ts";
import type { Store } from "../../server/store/store.ts";
import { letter, noon, type Open, type Opened } from "./world.ts";

const list = "team@example.test";
const member = { list, displayName: "", role: "member", delivery: "each", since: noon } as const;

export function listsContract(open: Open): void {
  describe("mailing lists", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
      await store.putDomain({ name: "example.test", kind: "local", settings: {} });
    });
    after(() => world.close());

    test("a list is an address without targets", async () => {
      const about = { kind: "list", displayName: "Team" } as { readonly kind: "list" } & ListSettings;
      const row = {
        local: "team",
        domain: "example.test",
        kind: "alias",
        account: undefined,
        targets: [],
        senders: [],
      };
      assert.equal(await store.putAddress({ ...row, kind: "alias", about }), "done");
      const found = await store.hostedAddresses({ kind: "all" }, { limit: 10, sort: "list" });
      assert.deepEqual(
        found.map(({ local }) => local),
        ["team"],
      );
    });

    test("members are put, counted out by bounces, resumed, removed", async () => {
      const put = await store.putListMember({ ...member, address: "a@far.test" });
      assert.ok(put.kind === "done" && put.isNew);
      const again = await store.putListMember({ ...member, address: "a@far.test", role: "owner" });
      assert.ok(again.kind === "done" && !again.isNew && again.member.id === put.member.id);
      const { id } = put.member;
      const bounce = (at: number) => store.noteListBounce(id, { at, quietMs: 1000, most: 2 });
      assert.equal((await bounce(noon))?.pausedNow, false);
      // A quiet time lies between them.
      assert.equal((await bounce(noon + 2000))?.member.bounces, 1);
      assert.deepEqual([(await bounce(noon + 2500))?.pausedNow, (await bounce(noon + 2600))?.pausedNow], [true, false]);
      assert.equal((await store.listMembers({ list, address: "a@far.test" }))[0]?.paused, true);
      assert.equal(await store.resumeListMember(list, "a@far.test"), "done");
      assert.equal((await store.listMembers({ id }))[0]?.bounces, 0);
      await store.putListMember({ ...member, address: "b@far.test" });
      const page = await store.listMembers({ list, after: "a@far.test", limit: 5 });
      assert.deepEqual(
        page.map(({ address }) => address),
        ["b@far.test"],
      );
      assert.equal(await store.removeListMember(list, "b@far.test"), "done");
      assert.equal(await store.removeListMember(list, "b@far.test"), "missing");
      assert.equal(await store.noteListBounce(id + 1000, { at: noon, quietMs: 1, most: 1 }), undefined);
    });

    test("posts hold their bytes until they go", async () => {
      const post = (state: NewListPost["state"]): NewListPost => ({
        list,
        state,
        messageId: `<${state}@far.test>`,
        envelopeFrom: "a@far.test",
        author: "a@far.test",
        subject: "nul \0",
        why: "",
        at: noon,
      });
      for (const state of ["held", "archived"] as const)
        await store.accept({ message: letter(), placements: [], listPosts: [post(state)], journey: [] });
      const [held] = await store.listPosts({ list, state: "held", limit: 5 });
      assert.ok(held !== undefined && (await store.content(held.content)) !== undefined);
      assert.equal((await store.listPosts({ messageId: "<archived@far.test>", limit: 5 })).length, 1);
      assert.deepEqual(await store.verify(), []);
      assert.deepEqual([await store.removeListPost(held.id), await store.removeListPost(held.id)], ["done", "missing"]);
      assert.deepEqual(await store.verify(), []);
    });

    test("a post is let through once, however many say so at once", async () => {
      const waiting: NewListPost = {
        list,
        state: "held",
        messageId: "<twice@far.test>",
        envelopeFrom: "a@far.test",
        author: "a@far.test",
        subject: "twice",
        why: "",
        at: noon,
      };
      await store.accept({ message: letter(), placements: [], listPosts: [waiting], journey: [] });
      const [held] = await store.listPosts({ list, state: "held", messageId: waiting.messageId, limit: 1 });
      const archived = { ...waiting, state: "archived", messageId: "<once@far.test>" } as const;
      const answers = await Promise.all(
        [1, 2, 3].map(() =>
          store.settle({
            settlements: [],
            notices: [{ message: letter(), placements: [], listPosts: [archived], journey: [] }],
            journey: [],
            letThrough: [held!.id],
          }),
        ),
      );
      assert.deepEqual(answers.map(({ stale, accepted }) => `${stale} ${accepted.length}`).sort(), [
        "0 1",
        "1 0",
        "1 0",
      ]);
      assert.equal((await store.listPosts({ messageId: archived.messageId, limit: 5 })).length, 1);
      assert.deepEqual(await store.listPosts({ list, state: "held", messageId: waiting.messageId, limit: 1 }), []);
      assert.deepEqual(await store.verify(), []);
    });

    test("posts that wait to go out together go with one commit, once", async () => {
      const gathered = (subject: string, at: number): NewListPost => ({
        list,
        state: "daily",
        messageId: `<${subject}@far.test>`,
        envelopeFrom: "a@far.test",
        author: "a@far.test",
        subject,
        why: "",
        at,
      });
      for (const [index, subject] of ["first", "second", "third"].entries())
        await store.accept({
          message: letter(),
          placements: [],
          listPosts: [gathered(subject, noon + index)],
          journey: [],
        });
      assert.deepEqual(await store.listDigests(), [{ list, period: "daily", since: noon }]);
      const ids = (await store.listPosts({ list, state: "daily", limit: 9 })).map(({ id }) => id).reverse();
      const send = (letThrough: readonly number[]) =>
        store.settle({
          settlements: [],
          notices: [{ message: letter(), placements: [], journey: [] }],
          journey: [],
          letThrough,
        });
      // One node saw two of them, the other all three.
      const answers = await Promise.all([send(ids.slice(0, 2)), send(ids)]);
      assert.deepEqual(answers.map(({ stale }) => stale).sort(), [0, 1]);
      const left = await store.listPosts({ list, state: "daily", limit: 9 });
      assert.equal(left.length, answers[0]?.stale === 0 ? 1 : 0);
      if (left.length > 0) await send(left.map(({ id }) => id));
      assert.deepEqual(await store.listDigests(), []);
      assert.deepEqual(await store.verify(), []);
    });

    test("wishes: one of a kind at a time, gone when their time is over", async () => {
      const wish = {
        list,
        address: "c@far.test",
        displayName: "C",
        action: "subscribe",
        state: "unconfirmed",
        secret: "s",
        at: noon,
        expiresAt: noon + 1000,
      } as const;
      const put = await store.putListRequest(wish, 100);
      assert.ok(put.kind === "done");
      assert.equal((await store.putListRequest({ ...wish, at: noon + 50 }, 100)).kind, "known");
      const later = await store.putListRequest({ ...wish, at: noon + 200 }, 100);
      assert.ok(later.kind === "done" && later.id !== put.id);
      assert.equal(await store.changeListRequest(later.id, "waiting", noon + 5000), "done");
      assert.equal((await store.listRequests({ list, state: "waiting", now: noon }))[0]?.secret, "s");
      assert.deepEqual(await store.listRequests({ list, now: noon + 6000 }), []);
      assert.equal(await store.removeListRequest(put.id), "missing");
    });

    test("with a list all goes that it had; with its domain too, once that is removed for ever", async () => {
      await store.forgetList(list);
      assert.deepEqual(await store.listMembers({ list }), []);
      assert.deepEqual(await store.listPosts({ list, limit: 5 }), []);
      await store.putListMember({ ...member, address: "d@far.test" });
      const deleted = await store.softDelete("domain", "example.test", "test", noon, noon + 1);
      assert.ok(deleted.kind === "done");
      assert.equal((await store.listMembers({ list })).length, 1);
      assert.equal(await store.purge(deleted.deletion.id), "done");
      assert.deepEqual(await store.listMembers({ list }), []);
      assert.deepEqual(await store.verify(), []);
    });
  });
}
