/** The queue: leases and their tokens, settlements, notices, and what an administrator does to it. */
import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";
import type { Lease, QueuedMessage, Settlement, Store } from "../../server/store/store.ts";
import { day, inboxOf, letter, newAccount, newQueued, noon, type Open, type Opened, placement, rows } from "./world.ts";

export function queueContract(open: Open): void {
  describe("queue", () => {
    let world: Opened | undefined;
    let store: Store;
    // Counting and claiming see the whole queue, so each test empties it.
    beforeEach(async () => {
      world ??= await open();
      store = world.store;
      await store.queueAct({}, "delete", noon);
      assert.equal(await store.queueCount(), 0);
    });
    after(() => world?.close());

    const enqueue = async (given: Parameters<typeof newQueued>[0] = {}): Promise<QueuedMessage> => {
      const accepted = await store.accept({
        message: letter(),
        placements: [],
        queue: newQueued(given),
        journey: [],
      });
      return accepted.queued ?? assert.fail("queued");
    };
    const claim = (owner: string, now: number, given: { limit?: number; exceptDomains?: readonly string[] } = {}) =>
      store.claim({ owner, now, until: now + 60_000, limit: 100, ...given });
    const leaseOf = (message: QueuedMessage | undefined, at = 0): Lease =>
      message?.recipients[at]?.lease ?? assert.fail("leased");
    const settlement = (
      message: QueuedMessage,
      outcome: Settlement["outcome"],
      given: Partial<Settlement> = {},
    ): Settlement => ({
      queue: message.id,
      recipient: message.recipients[0]?.id ?? -1,
      token: leaseOf(message).token,
      outcome,
      reply: "250 ok",
      ...given,
    });
    const addresses = (messages: readonly QueuedMessage[]) =>
      messages.flatMap((message) => message.recipients.map(({ address }) => address)).sort();

    test("copies share a template, which stays as long as one of them waits", async () => {
      const body = (text: string, messageId: string) => ({
        ...letter(),
        bytes: Buffer.from(text),
        facts: { ...letter().facts, headerBytes: 0, messageId },
      });
      const template = body("Dear {{name}}", "template-1");
      const copies = ["ann", "ben", "cem"].map((name) => ({
        message: body(`{"name":"${name}"}`, `${name}@copies`),
        placements: [],
        queue: newQueued({ recipients: newQueued().recipients.slice(0, 1) }),
        journey: [],
      }));
      const first = await store.acceptCopies({ template, known: undefined, copies });
      const shared = first[0]?.queued?.template ?? assert.fail("made from a template");
      assert.deepEqual(
        first.map(({ queued }) => queued?.template),
        [shared, shared, shared],
      );
      // The same again, and another that is not what somebody believes.
      const [again] = await store.acceptCopies({ template, known: shared, copies: copies.slice(0, 1) });
      assert.equal(again?.queued?.template, shared);
      const other = body("Something else", "template-2");
      const [wrong] = await store.acceptCopies({ template: other, known: shared, copies: copies.slice(0, 1) });
      assert.notEqual(wrong?.queued?.template, shared);
      assert.equal(Buffer.from((await store.content(shared)) ?? []).toString(), "Dear {{name}}");
      const claimed = await claim("n", noon + day);
      assert.deepEqual(claimed.map(({ template }) => template === shared).sort(), [false, true, true, true, true]);
      const recipe = await store.content(claimed.find(({ id }) => id === first[1]?.queued?.id)?.content ?? 0);
      assert.equal(Buffer.from(recipe ?? []).toString(), '{"name":"ben"}');
      const done = { kind: "delivered" } as const;
      const ofShared = claimed.filter((one) => one.template === shared);
      const settle = (messages: readonly QueuedMessage[]) =>
        store.settle({ settlements: messages.map((one) => settlement(one, done)), notices: [], journey: [] });
      await settle(ofShared.slice(1));
      assert.deepEqual(await store.verify(), []);
      await settle(ofShared.slice(0, 1));
      assert.deepEqual(await store.verify(), []);
      // Nobody needs it any more: it is not used again.
      const [afresh] = await store.acceptCopies({ template, known: shared, copies: copies.slice(0, 1) });
      assert.notEqual(afresh?.queued?.template, shared);
    });

    test("everything of a queued message comes back", async () => {
      const wanted = newQueued({
        envelopeFrom: "",
        envid: "QQ+2B",
        ret: "full",
        smtputf8: true,
        body: "8bitmime",
        requireTls: true,
        stream: "bulk",
        notBefore: noon + 5,
      });
      const recipients = wanted.recipients.map((recipient) => ({
        ...recipient,
        orcpt: "rfc822;Bob@far.test",
        notify: { never: false, success: true, failure: true, delay: false },
      }));
      const accepted = await store.accept({
        message: letter(),
        placements: [],
        queue: { ...wanted, recipients },
        journey: [],
      });
      const [listed] = await store.queueList({ id: accepted.queued?.id ?? "" });
      assert.deepEqual(listed, accepted.queued);
      const { recipients: _, lease: __, held: ___, ...rest } = wanted;
      assert.deepEqual(
        Object.fromEntries(Object.keys(rest).map((key) => [key, listed?.[key as keyof QueuedMessage]])),
        rest,
      );
      const [shown] = listed?.recipients ?? [];
      assert.deepEqual(shown?.notify, recipients[0]?.notify);
      assert.equal(shown?.orcpt, "rfc822;Bob@far.test");
      assert.deepEqual(
        [shown?.state, shown?.attempts, shown?.nextAt, shown?.delayWarned, shown?.lastReply, shown?.lease],
        ["scheduled", 0, noon + 5, false, undefined, undefined],
      );
      assert.deepEqual(Buffer.from((await store.content(listed?.content ?? -1)) ?? []).length, listed?.sizeBytes);
    });

    test("accepted with a lease: nobody else claims it, and its token settles it", async () => {
      const lease = { owner: "node-1", until: noon + 60_000, token: 7 };
      const message = await enqueue({ lease, to: ["a@far.test", "b@far.test"] });
      for (const recipient of message.recipients) {
        assert.equal(recipient.state, "leased");
        assert.deepEqual(recipient.lease, lease);
      }
      assert.deepEqual(await claim("node-2", noon), []);
      const result = await store.settle({
        settlements: message.recipients.map(({ id }) =>
          settlement(message, { kind: "delivered" }, { recipient: id, token: 7 }),
        ),
        notices: [],
        journey: [],
      });
      assert.equal(result.stale, 0);
      assert.equal(await store.queueCount(), 0);
      assert.deepEqual(await store.queueList({ id: message.id }), []);
    });

    test("claim takes what is due, once, oldest first, within its limit", async () => {
      const later = await enqueue({ to: ["later@far.test"], notBefore: noon + day });
      await enqueue({ to: ["second@far.test"], notBefore: noon - 10 });
      await enqueue({ to: ["first@far.test"], notBefore: noon - 20 });
      await enqueue({ to: ["third@far.test"], notBefore: noon });
      assert.deepEqual(addresses(await claim("n1", noon, { limit: 1 })), ["first@far.test"]);
      assert.deepEqual(addresses(await claim("n2", noon)), ["second@far.test", "third@far.test"]);
      assert.deepEqual(await claim("n3", noon), []);
      assert.deepEqual(addresses(await claim("n3", noon + day - 1)).includes("later@far.test"), false);
      await store.queueAct({ id: later.id }, "delete", noon);
    });

    test("two claims at once share nothing", async () => {
      await Promise.all(Array.from({ length: 40 }, (_, at) => enqueue({ to: [`r${at}@d${at % 5}.test`] })));
      const got = (
        await Promise.all(Array.from({ length: 10 }, (_, at) => claim(`n${at}`, noon, { limit: 7 })))
      ).flatMap(addresses);
      assert.equal(new Set(got).size, got.length, "no recipient twice");
      const rest = addresses(await claim("last", noon));
      assert.equal(got.length + rest.length, 40);
    });

    test("only the leased recipients are listed, and busy domains are left alone", async () => {
      const message = await enqueue({ to: ["a@busy.test", "b@idle.test", "c@idle.test"] });
      const [claimed] = await claim("n1", noon, { exceptDomains: ["busy.test"] });
      assert.equal(claimed?.id, message.id);
      assert.deepEqual(addresses(claimed ? [claimed] : []), ["b@idle.test", "c@idle.test"]);
      for (const recipient of claimed?.recipients ?? []) {
        assert.equal(recipient.state, "leased");
        assert.equal(recipient.lease?.owner, "n1");
        assert.equal(recipient.lease?.until, noon + 60_000);
      }
      assert.deepEqual(addresses(await claim("n1", noon)), ["a@busy.test"]);
    });

    test("a lease that ran out is another's, with a greater token; the old one settles nothing", async () => {
      await enqueue();
      const [old] = await claim("paused", noon);
      assert.ok(old);
      assert.deepEqual(await claim("other", noon + 59_999), []);
      const [taken] = await claim("other", noon + 60_001);
      assert.equal(taken?.id, old.id);
      assert.ok(leaseOf(taken).token > leaseOf(old).token);
      const journey = [{ at: noon, stage: "delivered", trace: old.id, keys: ["stale@far.test"], detail: {} }] as const;
      const stale = await store.settle({ settlements: [settlement(old, { kind: "delivered" })], notices: [], journey });
      assert.equal(stale.stale, 1);
      const invented = settlement(old, { kind: "failed" }, { token: leaseOf(taken).token + 1 });
      assert.equal((await store.settle({ settlements: [invented], notices: [], journey: [] })).stale, 1);
      assert.equal(await store.queueCount(), 1);
      const done = await store.settle({
        settlements: [settlement(taken ?? old, { kind: "delivered" })],
        notices: [],
        journey: [],
      });
      assert.equal(done.stale, 0);
      assert.equal(await store.queueCount(), 0);
    });

    test("later: scheduled again, with its reply, counted or not", async () => {
      await enqueue();
      const [first] = await claim("n", noon);
      assert.ok(first);
      const later = { kind: "later", nextAt: noon + 5000, delayWarned: true, countsAsAttempt: true } as const;
      await store.settle({
        settlements: [settlement(first, later, { reply: "451 4.7.1 greylisted" })],
        notices: [],
        journey: [],
      });
      const [listed] = await store.queueList({ id: first.id });
      const [recipient] = listed?.recipients ?? [];
      assert.deepEqual(
        [recipient?.state, recipient?.attempts, recipient?.nextAt, recipient?.delayWarned, recipient?.lastReply],
        ["scheduled", 1, noon + 5000, true, "451 4.7.1 greylisted"],
      );
      assert.equal(recipient?.lease, undefined);
      assert.deepEqual(await claim("n", noon + 4999), []);
      const [second] = await claim("n", noon + 5000);
      assert.ok(second);
      assert.ok(leaseOf(second).token > leaseOf(first).token);
      await store.settle({
        settlements: [settlement(second, { ...later, countsAsAttempt: false })],
        notices: [],
        journey: [],
      });
      assert.equal((await store.queueList({ id: first.id }))[0]?.recipients[0]?.attempts, 1);
    });

    test("a recipient that is done goes, the message with the last one", async () => {
      const message = await enqueue({ to: ["a@far.test", "b@far.test"] });
      const [claimed] = await claim("n", noon);
      assert.ok(claimed);
      const [a, b] = claimed.recipients;
      await store.settle({
        settlements: [settlement(claimed, { kind: "failed" }, { recipient: a?.id ?? 0 })],
        notices: [],
        journey: [],
      });
      assert.equal(await store.queueCount(), 1);
      assert.deepEqual(addresses(await store.queueList({ id: message.id })), [b?.address]);
      await store.settle({
        settlements: [
          settlement(claimed, { kind: "delivered" }, { recipient: b?.id ?? 0, token: b?.lease?.token ?? 0 }),
        ],
        notices: [],
        journey: [],
      });
      assert.equal(await store.queueCount(), 0);
      assert.deepEqual(await store.queueList({}), []);
    });

    test("settlement, notice and journey are one: all of them or none", async () => {
      const { id, name } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await enqueue({ account: id });
      const [claimed] = await claim("n", noon);
      assert.ok(claimed);
      const notice = { message: letter({ subject: "Bounce" }), placements: [placement(id, { id: inbox })] };
      const failed = settlement(claimed, { kind: "failed" }, { reply: "550 no" });
      const circle: { self?: unknown } = {};
      circle.self = circle;
      const entry = { at: noon, stage: "bounced", trace: claimed.id, keys: [name], detail: {} } as const;
      await assert.rejects(
        store.settle({
          settlements: [failed],
          notices: [{ ...notice, journey: [] }],
          journey: [{ ...entry, detail: { circle } }],
        }),
      );
      assert.equal(await store.queueCount(), 1);
      assert.equal((await rows(store, id, inbox)).length, 0);
      const done = await store.settle({
        settlements: [failed],
        notices: [
          {
            ...notice,
            queue: newQueued({ to: ["postmaster@far.test"] }),
            journey: [{ ...entry, stage: "notified", trace: undefined }],
          },
        ],
        journey: [entry],
      });
      assert.equal(done.stale, 0);
      assert.equal(done.accepted[0]?.placed[0]?.kind, "placed");
      assert.equal((await rows(store, id, inbox)).length, 1);
      assert.deepEqual(addresses(await store.queueList({})), ["postmaster@far.test"]);
      const told = await store.trace(name, 10);
      assert.deepEqual(told.map(({ stage, trace }) => [stage, trace]).sort(), [
        ["bounced", claimed.id],
        ["notified", done.accepted[0]?.queued?.id],
      ]);
    });

    test("a notice whose cause is stale is not sent a second time", async () => {
      const { id } = await newAccount(store);
      const inbox = await inboxOf(store, id);
      await enqueue();
      const [old] = await claim("paused", noon);
      const [current] = await claim("other", noon + 61_000);
      assert.ok(old && current);
      const notices = [{ message: letter(), placements: [placement(id, { id: inbox })], journey: [] }];
      const stale = await store.settle({ settlements: [settlement(old, { kind: "failed" })], notices, journey: [] });
      assert.equal(stale.stale, 1);
      assert.equal((await rows(store, id, inbox)).length, 0, "no bounce from the one who lost the lease");
      await store.settle({ settlements: [settlement(current, { kind: "failed" })], notices, journey: [] });
      assert.equal((await rows(store, id, inbox)).length, 1);
    });

    test("leases are renewed and given back by owner", async () => {
      await enqueue({ to: ["a@far.test"] });
      await enqueue({ to: ["b@far.test"] });
      const [mine] = await claim("mine", noon, { limit: 1 });
      const [theirs] = await claim("theirs", noon, { limit: 1 });
      assert.ok(mine && theirs);
      await store.renewLeases("mine", noon + day);
      assert.deepEqual(addresses(await claim("third", noon + 60_001)), addresses([theirs]));
      await store.releaseLeases("mine");
      const [again] = await claim("fourth", noon + 60_002);
      assert.deepEqual(addresses(again ? [again] : []), addresses([mine]));
      assert.ok(leaseOf(again).token > leaseOf(mine).token);
      const result = await store.settle({
        settlements: [settlement(mine, { kind: "delivered" })],
        notices: [],
        journey: [],
      });
      assert.equal(result.stale, 1, "a lease given back settles nothing");
    });

    test("held mail stays until it is released", async () => {
      const message = await enqueue({ held: true });
      assert.equal(message.recipients[0]?.state, "held");
      assert.deepEqual(await claim("n", noon + day), []);
      assert.equal(await store.queueCount(), 1);
      assert.equal(await store.queueAct({ id: message.id }, "release", noon + day), 1);
      assert.equal((await claim("n", noon + day)).length, 1);
    });

    test("retry makes due now; hold leaves alone what is being sent; delete takes it away", async () => {
      const forTomorrow = await enqueue({ notBefore: noon + day, to: ["c@far.test"] });
      const message = await enqueue({ to: ["a@far.test", "b@other.test"] });
      const [deferred] = await claim("n", noon);
      assert.ok(deferred);
      await store.settle({
        settlements: deferred.recipients.map(({ id }) =>
          settlement(
            deferred,
            { kind: "later", nextAt: noon + day, delayWarned: false, countsAsAttempt: true },
            { recipient: id },
          ),
        ),
        notices: [],
        journey: [],
      });
      assert.equal(
        await store.queueAct({ domain: "far.test" }, "retry", noon),
        1,
        "not what its sender wants tomorrow",
      );
      assert.equal(await store.queueAct({ id: forTomorrow.id }, "delete", noon), 1);
      const [claimed] = await claim("n", noon);
      assert.ok(claimed);
      assert.deepEqual(addresses([claimed]), ["a@far.test"]);
      assert.equal(await store.queueAct({ id: message.id }, "hold", noon), 1);
      assert.deepEqual(addresses(await store.queueList({ id: message.id, state: "held" })), ["b@other.test"]);
      assert.deepEqual(addresses(await store.queueList({ id: message.id, state: "leased" })), ["a@far.test"]);
      assert.equal(await store.queueAct({ id: message.id }, "delete", noon), 2);
      assert.equal(await store.queueCount(), 0);
      const result = await store.settle({
        settlements: [settlement(claimed, { kind: "later", nextAt: noon, delayWarned: false, countsAsAttempt: true })],
        notices: [],
        journey: [],
      });
      assert.equal(result.stale, 1, "its settlement comes too late");
      assert.deepEqual(await claim("n", noon + 2 * day), []);
      assert.equal(await store.queueAct({ id: message.id }, "delete", noon), 0);
    });

    test("what a person does is told by the message's journey", async () => {
      const message = await enqueue({ to: ["a@far.test", "b@other.test"] });
      await store.queueAct({ id: message.id }, "hold", noon);
      await store.queueAct({ id: message.id, domain: "far.test" }, "release", noon + 1);
      await store.queueAct({ id: message.id }, "hold", noon + 2, "its account is stopped");
      await store.queueAct({ id: message.id }, "delete", noon + 3);
      const told = (await store.trace(message.id, 10)).map(({ at, stage, detail }) => [
        at - noon,
        stage,
        detail["to"],
        detail["why"],
      ]);
      const byHand = "by the administrator";
      assert.deepEqual(told, [
        [0, "held", ["a@far.test", "b@other.test"], byHand],
        [1, "released", ["a@far.test"], byHand],
        [2, "held", ["a@far.test"], "its account is stopped"],
        [3, "deleted", ["a@far.test", "b@other.test"], byHand],
      ]);
    });

    test("every filter means what it says", async () => {
      const one = await enqueue({ envelopeFrom: "Ann@here.test", to: ["a@x.test", "b@y.test"], account: 77 });
      const two = await enqueue({ envelopeFrom: "eve@here.test", to: ["c@x.test"], held: true });
      const three = await enqueue({ envelopeFrom: "", to: ["d@z.test"] });
      const list = async (filter: Parameters<Store["queueList"]>[0]) => addresses(await store.queueList(filter));
      assert.deepEqual(await list({}), ["a@x.test", "b@y.test", "c@x.test", "d@z.test"]);
      assert.deepEqual(await list({ id: one.id }), ["a@x.test", "b@y.test"]);
      assert.deepEqual(await list({ domain: "x.test" }), ["a@x.test", "c@x.test"]);
      assert.deepEqual(await list({ sender: "ann@HERE.test" }), ["a@x.test", "b@y.test"]);
      assert.deepEqual(await list({ sender: "" }), ["d@z.test"]);
      assert.deepEqual(await list({ account: 77 }), ["a@x.test", "b@y.test"]);
      assert.deepEqual(await list({ account: 77, domain: "x.test" }), ["a@x.test"]);
      assert.deepEqual(await list({ account: 78 }), []);
      assert.deepEqual(await list({ recipient: "B@y.test" }), ["b@y.test"]);
      assert.deepEqual(await list({ state: "held" }), ["c@x.test"]);
      assert.deepEqual(await list({ state: "scheduled", domain: "x.test" }), ["a@x.test"]);
      assert.deepEqual(await list({ state: "leased" }), []);
      assert.deepEqual(await list({ id: "qnothing" }), []);
      const order = [one.id, two.id, three.id].sort();
      const ids = async (filter: Parameters<Store["queueList"]>[0]) =>
        (await store.queueList(filter)).map(({ id }) => id);
      const first = await ids({ limit: 2 });
      assert.equal(first.length, 2);
      const rest = await ids({ limit: 2, after: first[1] ?? "" });
      assert.deepEqual([...first, ...rest].sort(), order);
      assert.equal(await store.queueAct({ domain: "x.test" }, "delete", noon), 2);
      assert.deepEqual(await list({}), ["b@y.test", "d@z.test"]);
      assert.equal(await store.queueAct({ sender: "" }, "hold", noon), 1);
      assert.deepEqual(await list({ state: "held" }), ["d@z.test"]);
    });

    test("ids are never given twice", async () => {
      const ids = (await Promise.all(Array.from({ length: 50 }, () => enqueue()))).map(({ id }) => id);
      assert.equal(new Set(ids).size, 50);
    });
  });
}
