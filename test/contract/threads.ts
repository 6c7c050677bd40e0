/** Threads: by Message-ID and references, only where the base subject agrees (RFC 8621 §3), whatever the order of arrival. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { MailboxId, Store } from "../../server/store/store.ts";
import { deliver, inboxOf, made, newAccount, type Open, type Opened, only, rows } from "./world.ts";

export function threadsContract(open: Open): void {
  describe("threads", () => {
    let world: Opened;
    let store: Store;
    let id: number;
    let inbox: MailboxId;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const fresh = async () => {
      id = (await newAccount(store)).id;
      inbox = await inboxOf(store, id);
    };
    /** Delivers in order and answers the thread of each, numbered as they appear: "1 1 2". */
    const threads = async (...letters: readonly [id: string, subject: string, ...references: string[]][]) => {
      await fresh();
      for (const [messageId, subject, ...references] of letters)
        await deliver(store, id, inbox, { id: messageId, subject, references });
      const seen = new Map<number, number>();
      return (await rows(store, id, inbox))
        .map(({ thread }) => {
          if (!seen.has(thread)) seen.set(thread, seen.size + 1);
          return seen.get(thread);
        })
        .join(" ");
    };

    const cases: readonly [string, string, ...(readonly [string, string, ...string[]][])][] = [
      ["strangers are apart", "1 2", ["a@t", "Hello"], ["b@t", "Hello"]],
      ["an answer joins", "1 1", ["a@t", "Hello"], ["b@t", "Re: Hello", "a@t"]],
      ["an answer to an answer joins", "1 1 1", ["a@t", "Hi"], ["b@t", "RE: Hi", "a@t"], ["c@t", "Fwd: Re: Hi", "b@t"]],
      ["a subject that changed starts anew", "1 2", ["a@t", "Hello"], ["b@t", "Something else", "a@t"]],
      ["siblings with an unseen parent join", "1 1", ["b@t", "Re: Hi", "a@t"], ["c@t", "Re: Hi", "a@t"]],
      ["the parent may come last", "1 1", ["b@t", "Re: Hi", "a@t"], ["a@t", "Hi"]],
      ["a list tag is no subject", "1 1", ["a@t", "[node] Hi"], ["b@t", "Re: [node] Hi", "a@t"]],
      ["a message that knows both joins them", "1 2 1", ["a@t", "Hi"], ["b@t", "Re: Hi"], ["c@t", "Re: Hi", "a@t"]],
    ];
    for (const [name, expected, ...letters] of cases)
      test(name, async () => assert.equal(await threads(...letters), expected));

    test("a message that refers to two threads leaves one", async () => {
      await fresh();
      await deliver(store, id, inbox, { id: "x@t", subject: "Plan" });
      await deliver(store, id, inbox, { id: "y@t", subject: "Re: Plan" });
      const both = await deliver(store, id, inbox, { id: "z@t", subject: "Re: Plan", references: ["x@t", "y@t"] });
      const found = await rows(store, id, inbox);
      assert.ok(found.some(({ uid, thread }) => uid !== both.uid && thread === both.thread));
      await deliver(store, id, inbox, { id: "w@t", subject: "Re: Plan", references: ["z@t"] });
      const last = (await rows(store, id, inbox)).at(-1);
      assert.equal(last?.thread, (await rows(store, id, inbox, only(both.uid)))[0]?.thread);
    });

    test("threads go over mailboxes and not over accounts", async () => {
      await fresh();
      const sent = await made(store, id, "Posted");
      const first = await deliver(store, id, sent, { id: "mine@t", subject: "Question" });
      const answer = await deliver(store, id, inbox, {
        id: "theirs@t",
        subject: "Re: Question",
        references: ["mine@t"],
      });
      assert.equal(answer.thread, first.thread);
      const before = { id, thread: first.thread };
      await fresh();
      const foreign = await deliver(store, id, inbox, {
        id: "third@t",
        subject: "Re: Question",
        references: ["mine@t"],
      });
      assert.notEqual(id, before.id);
      const found = await store.search(id, inbox, { kind: "thread", thread: foreign.thread });
      assert.deepEqual(found.uids, [foreign.uid]);
    });

    test("search finds a thread and an email", async () => {
      await fresh();
      const one = await deliver(store, id, inbox, { id: "s1@t", subject: "Find" });
      const two = await deliver(store, id, inbox, { id: "s2@t", subject: "Re: Find", references: ["s1@t"] });
      await deliver(store, id, inbox, { id: "s3@t", subject: "Other" });
      assert.deepEqual((await store.search(id, inbox, { kind: "thread", thread: one.thread })).uids, [1, 2]);
      assert.deepEqual((await store.search(id, inbox, { kind: "email", email: two.email })).uids, [2]);
    });
  });
}
