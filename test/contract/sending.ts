/** Sending at volume: where queued mail waits, the model, quotas, suppression, events. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { NewSendingEvent, Suppression } from "../../server/store/sending.ts";
import type { NewQueued, Store } from "../../server/store/store.ts";
import { maxTemplateVersions } from "../../server/store/templates-store.ts";
import { day, letter, newQueued, noon, type Open, type Opened } from "./world.ts";

export function sendingContract(open: Open): void {
  describe("sending at volume", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const park = "shop|news||";
    const enqueue = (to: readonly [address: string, urgency: number][], given: Partial<NewQueued> = {}) =>
      store.accept({
        message: letter(),
        placements: [],
        queue: {
          ...newQueued({ to: to.map(([address]) => address) }),
          tenant: "shop",
          stream: "news",
          campaign: "may",
          author: "shop.test",
          counted: true,
          ...given,
          recipients: to.map(([address, urgency]) => ({
            address,
            domain: address.slice(address.indexOf("@") + 1),
            orcpt: undefined,
            notify: undefined,
            park,
            urgency,
            ...(address === "secret@far.test" ? { toldAs: "info@near.test" } : {}),
            ...(address === "member@far.test" ? { toldAs: "" } : {}),
          })),
        },
        journey: [],
      });
    const claim = (given: { readonly park?: string; readonly urgency?: number; readonly limit?: number } = {}) =>
      store.claim({ owner: "n", now: noon, until: noon + 60_000, limit: 100, ...given });

    test("what waits in a park is not due, and comes out by urgency", async () => {
      const { queued } = await enqueue([
        ["b@far.test", 3],
        ["a@far.test", 2],
        ["c@far.test", 5],
      ]);
      assert.deepEqual(
        [
          queued?.tenant,
          queued?.stream,
          queued?.campaign,
          queued?.author,
          queued?.counted,
          queued?.recipients[0]?.park,
        ],
        ["shop", "news", "may", "shop.test", true, park],
      );
      assert.deepEqual(await store.queueList({ id: queued!.id }), [queued]);
      assert.deepEqual(await store.queueList({ tenant: "other" }), []);
      assert.equal((await store.queueList({ tenant: "shop", campaign: "may" })).length, 1);
      assert.deepEqual(await claim(), []);
      const parks = await store.queueParks();
      assert.deepEqual(parks, [{ park, recipients: 3, nextAt: queued!.notBefore }]);
      assert.deepEqual(await store.parkNames(), [park]);
      assert.equal(await store.parkNext(park), queued!.notBefore);
      const first = await claim({ park, limit: 1 });
      assert.equal(first[0]?.recipients[0]?.address, "a@far.test");
      assert.deepEqual(await store.parkLanes(), [
        { park, urgency: 3, nextAt: queued!.notBefore },
        { park, urgency: 5, nextAt: queued!.notBefore },
      ]);
      assert.equal(await store.parkNext(park, 2), undefined);
      assert.equal(await store.parkNext(park, 3), queued!.notBefore);
      const second = await claim({ park, urgency: 3 });
      assert.deepEqual(
        second.flatMap(({ recipients }) => recipients.map(({ address }) => address)),
        ["b@far.test"],
      );
      // Postponed into another park.
      const { id, token } = { id: second[0]!.recipients[0]!.id, token: second[0]!.recipients[0]!.lease!.token };
      await store.settle({
        settlements: [
          {
            queue: queued!.id,
            recipient: id,
            token,
            outcome: { kind: "later", nextAt: noon + 5, delayWarned: false, countsAsAttempt: false, park: "elsewhere" },
            reply: "",
          },
        ],
        notices: [],
        journey: [],
      });
      assert.equal(await store.parkNext("elsewhere"), noon + 5);
      assert.ok((await store.parkNames()).includes("elsewhere"));
      assert.deepEqual(await claim({ park: "elsewhere" }), []);
      await store.queueAct({}, "delete", noon);
      assert.deepEqual(await store.queueParks(), []);
      assert.deepEqual(await store.parkNames(), []);
      assert.equal(await store.parkNext(park), undefined);
    });

    test("what waits for its time waits until another one, unless its time has come", async () => {
      const { queued } = await enqueue(
        [
          ["secret@far.test", 1],
          ["member@far.test", 1],
        ],
        { notBefore: noon + 1000, expiresAt: noon + 5000 },
      );
      const { id } = queued!;
      assert.deepEqual(await store.queueList({ id }), [queued]);
      assert.equal(await store.reschedule(id, noon + 9000, noon), 2);
      const moved = (await store.queueList({ id }))[0]!;
      assert.deepEqual(
        [moved.notBefore, moved.expiresAt, moved.recipients[0]?.nextAt],
        [noon + 9000, noon + 13_000, noon + 9000],
      );
      assert.equal(await store.parkNext(park), noon + 9000);
      const told = (await store.trace(id, 10)).filter(({ stage }) => stage === "rescheduled");
      assert.deepEqual(
        told.map(({ detail }) => detail),
        [{ to: ["member@far.test", "secret@far.test"], notBefore: noon + 9000 }],
      );
      assert.equal(await store.reschedule(id, noon + 1, noon + 9000), 0);
      assert.equal(await store.reschedule("q0000000000", noon + 1, noon), 0);
      assert.equal(await store.reschedule(id, noon, noon), 2);
      assert.equal(await store.queueAct({ id }, "hold", noon), 2);
      assert.equal(await store.queueAct({ id }, "release", noon), 2);
      assert.equal((await claim({ park }))[0]?.id, id);
      assert.equal(await store.reschedule(id, noon + 9000, noon), 0);
      // Its tenant hears of all that, but not where an address leads that forwards.
      const events = (await store.sendingEvents({ message: id })).filter(({ at }) => at === noon);
      assert.deepEqual(
        events
          .filter(({ type }) => type === "held" || type === "queued")
          .map(({ type, tenant, recipient, detail }) => [type, tenant, recipient, detail]),
        [
          ["queued", "shop", "info@near.test", { sendAt: noon + 9000 }],
          ["queued", "shop", "info@near.test", { sendAt: noon }],
          ["held", "shop", "info@near.test", {}],
          ["queued", "shop", "info@near.test", { released: true }],
        ],
      );
      await store.queueAct({}, "delete", noon);
    });

    test("who showed interest is remembered by the latest time, of each tenant for itself, and forgotten in the end", async () => {
      const row = (tenant: string, hash: string, at: number) => ({ tenant, hash, at });
      await store.engage([row("shop", "b", noon), row("shop", "a", noon), row("other", "a", noon + 9)]);
      await store.engage([row("shop", "a", noon + 5), row("shop", "b", noon - 5)]);
      const known = async () =>
        [...(await store.engaged("shop", ["a", "b", "c"]))].sort((one, other) => (one.hash < other.hash ? -1 : 1));
      assert.deepEqual(await known(), [
        { hash: "a", at: noon + 5 },
        { hash: "b", at: noon },
      ]);
    });

    test("a template has a draft and versions, and is its tenant's alone", async () => {
      const draft = { subject: "a", text: "one\0", html: undefined };
      const one = { tenant: "shop", name: "w", description: "d", draft, at: noon };
      assert.equal(await store.putTemplate(one, "there"), "missing");
      assert.equal(await store.putTemplate(one, "new"), "done");
      assert.equal(await store.putTemplate(one, "new"), "exists");
      assert.equal(await store.publishTemplate({ tenant: "other", name: "w", at: noon, by: "b" }), "missing");
      for (let n = 1; n <= maxTemplateVersions + 2; n++) {
        await store.putTemplate({ ...one, draft: { ...draft, text: `text ${n}` }, at: noon + n }, "there");
        assert.equal(await store.publishTemplate({ tenant: "shop", name: "w", at: noon + n, by: "b" }), n);
        // The one in use stays, however old.
        if (n === 2) await store.publishTemplate({ tenant: "shop", name: "w", version: 1, at: noon, by: "b" });
      }
      const versions = await store.templateVersions({ tenant: "shop", name: "w" });
      assert.deepEqual([versions.length, versions[0]?.version], [maxTemplateVersions, maxTemplateVersions + 2]);
      assert.equal(
        await store.publishTemplate({ tenant: "shop", name: "w", version: 1, at: noon, by: "b" }),
        "missing",
      );
      const third = (await store.templateVersions({ tenant: "shop", name: "w", version: 3 }))[0];
      assert.deepEqual(third, {
        version: 3,
        body: { subject: "a", text: "text 3", html: undefined },
        at: noon + 3,
        by: "b",
      });
      const [found] = await store.templates({ tenant: "shop", limit: 10 });
      assert.deepEqual([found?.published, found?.changedAt], [maxTemplateVersions + 2, noon + maxTemplateVersions + 2]);
      assert.deepEqual(await store.templates({ tenant: "shop", after: "w", limit: 10 }), []);
      assert.deepEqual(await store.templates({ tenant: "other", limit: 10 }), []);
      assert.equal(await store.removeTemplate("shop", "w"), true);
      assert.equal(await store.removeTemplate("shop", "w"), false);
      assert.deepEqual(await store.templateVersions({ tenant: "shop", name: "w" }), []);
    });

    test("what has expired is claimed wherever it waits", async () => {
      await enqueue([["late@far.test", 5]], { expiresAt: noon - 1 });
      await enqueue([["early@far.test", 5]], { expiresAt: noon + day });
      const claimed = await store.claimExpired({ owner: "n", now: noon, until: noon + 60_000, limit: 10 });
      assert.deepEqual(
        claimed.map(({ recipients }) => recipients[0]?.address),
        ["late@far.test"],
      );
      await store.queueAct({}, "delete", noon);
      // What was to go at once, and is put into a park by its first attempt.
      const { queued } = await store.accept({
        message: letter(),
        placements: [],
        journey: [],
        queue: newQueued({ tenant: "shop", expiresAt: noon - 1, lease: { owner: "n", until: noon + day, token: 1 } }),
      });
      const { id, recipients } = queued!;
      const later = { kind: "later", nextAt: noon + day, delayWarned: false, countsAsAttempt: true, park } as const;
      const settlements = recipients.map((one) => ({
        queue: id,
        recipient: one.id,
        token: 1,
        outcome: later,
        reply: "",
      }));
      await store.settle({ settlements, notices: [], journey: [] });
      const parked = await store.claimExpired({ owner: "n", now: noon, until: noon + 60_000, limit: 10 });
      assert.deepEqual(
        parked.map((one) => one.id),
        [id],
      );
      await store.queueAct({}, "delete", noon);
    });

    test("rows of the model are put, replaced, listed by kind, and removed", async () => {
      const told: string[][] = [];
      const off = store.subscribe((changes) => {
        for (const change of changes) if (change.kind === "sending") told.push([...change.of]);
      });
      await store.putSendingRows([
        { kind: "source", name: "mta1", value: { address: "192.0.2.1" } },
        { kind: "pool", name: "warm", value: { sources: ["mta1"] } },
      ]);
      const about = { tenant: "", stream: "", campaign: "", message: "", recipient: "", detail: { level: 2 } };
      await store.putSendingRows(
        [{ kind: "source", name: "mta1", value: { address: "192.0.2.2" } }],
        [{ at: noon, type: "warmup-level", ...about }],
      );
      assert.deepEqual((await store.sendingEvents({})).at(-1)?.detail, { level: 2 });
      assert.deepEqual(await store.sendingRows(["source"]), [
        { kind: "source", name: "mta1", value: { address: "192.0.2.2" } },
      ]);
      await store.putSendingRows([{ kind: "source", name: "mta1", value: undefined }]);
      assert.deepEqual(await store.sendingRows(["source", "pool"]), [
        { kind: "pool", name: "warm", value: { sources: ["mta1"] } },
      ]);
      assert.deepEqual(told[0]?.sort(), ["pool", "source"]);
      off();
    });

    test("a quota is never given twice, whoever asks", async () => {
      const ask = (count: number, caps: readonly [string, number][], at = 100) =>
        store.takeQuota([{ keys: caps.map(([key, cap]) => ({ key, cap })), day: at, count }]);
      const all = await Promise.all(Array.from({ length: 10 }, () => ask(30, [["ip", 100]])));
      assert.equal(
        all.flat().reduce((sum, one) => sum + one, 0),
        100,
      );
      assert.deepEqual(
        await ask(50, [
          ["ip2", 80],
          ["domain", 20],
        ]),
        [20],
      );
      assert.deepEqual(
        await ask(50, [
          ["ip2", 80],
          ["domain", 20],
        ]),
        [0],
      );
      const used = new Map((await store.quotasUsed(100)).map(({ key, used }) => [key, used]));
      assert.deepEqual([used.get("ip"), used.get("ip2"), used.get("domain")], [100, 20, 20]);
      await ask(-5, [["ip2", 80]]);
      assert.deepEqual(await ask(100, [["ip2", 80]]), [65]);
      // A new day; an old one is over.
      assert.deepEqual(await ask(7, [["ip", 100]], 101), [7]);
      assert.deepEqual(await ask(7, [["ip", 100]], 100), [0]);
    });

    test("addresses are suppressed by scope, until they expire or are taken off", async () => {
      const row = (scope: string, hash: string, given: Partial<Suppression> = {}): Suppression => ({
        scope,
        hash,
        address: `${hash}@far.test`,
        reason: "bounced",
        evidence: "550 5.1.1 no",
        at: noon,
        expiresAt: undefined,
        ...given,
      });
      assert.equal(await store.anySuppression(), false);
      await store.suppress([row("tenant:shop", "h1"), row("platform", "h2", { expiresAt: noon + 10 })]);
      assert.equal(await store.anySuppression(), true);
      const found = async (at: number) =>
        (await store.suppressed(["tenant:shop", "platform"], ["h1", "h2", "h3"], at)).map(({ hash }) => hash).sort();
      assert.deepEqual(await found(noon), ["h1", "h2"]);
      assert.deepEqual(await found(noon + 10), ["h1"]);
      assert.deepEqual(await store.suppressed(["tenant:other"], ["h1"], noon), []);
      assert.deepEqual(await store.suppressions({ scope: "tenant:shop" }), [row("tenant:shop", "h1")]);
      await store.suppress([row("tenant:shop", "h1", { reason: "manual" })]);
      assert.equal((await store.suppressions({ scope: "tenant:shop", hash: "h1" }))[0]?.reason, "manual");
      assert.equal(await store.unsuppress("tenant:shop", ["h1", "h9"]), 1);
      assert.deepEqual(await found(noon + 10), []);
    });

    test("what a tenant suppresses is listed in pages, and nobody else's", async () => {
      const put = (scope: string, hash: string): Suppression => ({
        scope,
        hash,
        address: `${hash}@far.test`,
        reason: "manual",
        evidence: "",
        at: noon,
        expiresAt: undefined,
      });
      // "shop_x" and "shop-x" would be the same to a pattern.
      const own = ["tenant:sh_p", "marketing:sh_p", "stream:sh_p/a", "list:sh_p/news"].map((scope, n) =>
        put(scope, `p${n}`),
      );
      await store.suppress([
        ...own,
        put("tenant:shop2", "p1"),
        put("stream:shop/a", "p9"),
        put("list:sh-p/news", "p9"),
      ]);
      const seen: string[] = [];
      for (let after: { scope: string; hash: string } | undefined; ; ) {
        const page = await store.tenantSuppressions({
          tenant: "sh_p",
          limit: 3,
          ...(after === undefined ? {} : { after }),
        });
        seen.push(...page.map(({ scope, hash }) => `${scope} ${hash}`));
        after = page.at(-1);
        if (page.length < 3) break;
      }
      assert.deepEqual(seen.sort(), own.map(({ scope, hash }) => `${scope} ${hash}`).sort());
      assert.deepEqual(await store.tenantSuppressions({ tenant: "sh_p", hash: "p2", limit: 9 }), [own[2]]);
    });

    test("some failures suppress only when they repeat over time", async () => {
      const strike = async (at: number) =>
        (
          await store.strike([
            {
              scope: "tenant:shop",
              hash: "full",
              address: "full@far.test",
              reason: "repeated-failure",
              evidence: "",
              at,
              expiresAt: at + 30 * day,
              needed: 3,
              gapMs: day,
              spanMs: 2 * day,
            },
          ])
        )[0];
      assert.equal(await strike(noon), false);
      assert.equal(await strike(noon + 1000), false);
      assert.equal(await strike(noon + day), false);
      assert.deepEqual(await store.suppressed(["tenant:shop"], ["full"], noon + day), []);
      assert.equal(await strike(noon + 2 * day), true);
      assert.equal((await store.suppressed(["tenant:shop"], ["full"], noon + 2 * day)).length, 1);
    });

    test("a tenant is told of what became of its recipients by the journey, and not by who has lost the lease", async () => {
      const whose = { tenant: "told", stream: "news", campaign: "" };
      await enqueue([
        ["a@far.test", 1],
        ["b@far.test", 1],
      ]);
      const { id, recipients } = (await claim({ park }))[0]!;
      const entry = (n: number) => ({
        at: noon,
        stage: "delivered" as const,
        trace: id,
        keys: [],
        detail: { to: [recipients[n - 1]!.address], reply: "250 ok" },
        told: { ...whose, n, detail: { attempt: 1 } },
      });
      const settled = (n: number, later = 0) => {
        const token = recipients[n - 1]!.lease!.token + later;
        return { queue: id, recipient: n, token, outcome: { kind: "delivered" }, reply: "250 ok" } as const;
      };
      const { stale } = await store.settle({
        settlements: [settled(1), settled(2, 1)],
        notices: [],
        journey: [entry(1), entry(2)],
      });
      assert.equal(stale, 1);
      const told = async () =>
        (await store.sendingEvents({ tenant: "told" })).map(({ type, message, recipient, detail }) => [
          type,
          message,
          recipient,
          detail,
        ]);
      const first = ["delivered", id, "a@far.test", { n: 1, attempt: 1, reply: "250 ok" }];
      assert.deepEqual(await told(), [first]);
      assert.equal((await store.trace(id, 10)).length, 2, "both have happened");
      await store.settle({ settlements: [settled(2)], notices: [], journey: [entry(2)] });
      assert.deepEqual(await told(), [first, ["delivered", id, "b@far.test", { n: 2, attempt: 1, reply: "250 ok" }]]);
    });

    test("events are read by cursor, of a tenant or of a message, and old ones go", async () => {
      const event = (given: Partial<NewSendingEvent>): NewSendingEvent => ({
        at: noon,
        type: "delivered",
        tenant: "shop",
        stream: "news",
        campaign: "",
        message: "q000001",
        recipient: "a@far.test",
        detail: { reply: "250 ok" },
        ...given,
      });
      const after = (await store.sendingEvents({})).at(-1)?.id ?? 0;
      await Promise.all(
        Array.from({ length: 5 }, (_, at) => store.addSendingEvents([event({ recipient: `${at}@far.test` })])),
      );
      await store.addSendingEvents([event({ tenant: "other", message: "q000002" })]);
      const { queued } = await store.accept({
        message: letter(),
        placements: [],
        queue: newQueued(),
        journey: [],
        events: [event({ type: "accepted", message: undefined })],
      });
      const all = await store.sendingEvents({ after });
      assert.equal(all.length, 7);
      assert.deepEqual(
        all.map(({ id }) => id),
        all.map(({ id }) => id).sort((one, other) => one - other),
      );
      assert.deepEqual(
        (await store.sendingEvents({ after: all[2]!.id, limit: 2 })).map(({ id }) => id),
        [all[3]!.id, all[4]!.id],
      );
      assert.equal((await store.sendingEvents({ after, tenant: "shop" })).length, 6);
      assert.equal((await store.sendingEvents({ after, message: "q000002" })).length, 1);
      assert.equal((await store.sendingEvents({ after, message: "q000002", tenant: "shop" })).length, 0);
      assert.equal((await store.sendingEvents({ after, message: queued!.id }))[0]?.type, "accepted");
      await store.tidy(noon + 40 * day);
      assert.deepEqual((await store.sendingEvents({})).length, 1);
      await store.engage([{ tenant: "old", hash: "a", at: noon - 200 * day }]);
      await store.tidy(noon + 40 * day);
      assert.deepEqual(await store.engaged("old", ["a"]), []);
      await store.queueAct({}, "delete", noon);
    });
  });
}
