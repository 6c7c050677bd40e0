/** Tenants, grants, the audit log, deletions that come back, requests that are sent twice, journeys that are looked for. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "../../server/store/store.ts";
import { letter, newAccount, newQueued, type Open, type Opened } from "./world.ts";

const now = Date.UTC(2026, 5, 10);
const all = { kind: "all" } as const;

export function hostingContract(open: Open): void {
  describe("hosting", () => {
    let world: Opened;
    let store: Store;
    const ids = new Map<string, number>();
    const account = async (name: string, role: "user" | "admin" = "user", quotaBytes = 0): Promise<number> => {
      const made = await store.createAccount({ name, displayName: `The ${name}`, role, quotaBytes }, [], now);
      assert.equal(made.kind, "done");
      const id = made.kind === "done" ? made.account.id : 0;
      ids.set(name, id);
      return id;
    };
    before(async () => {
      world = await open();
      store = world.store;
      for (const name of ["alfa.test", "alfa-two.test", "bravo.test", "own.test"])
        await store.putDomain({ name, kind: "local", settings: {} });
      await account("root@own.test", "admin");
      for (const name of ["a@alfa.test", "b@alfa.test", "c@alfa-two.test", "z@bravo.test"])
        await account(name, "user", 100);
    });
    after(() => world.close());

    test("tenants own domains; whoever lists sees only what is within", async () => {
      const settings = { limits: { maxAccounts: 3 }, branding: { color: "#112233" } };
      const alfa = await store.createTenant({ name: "alfa", displayName: "Alfa Inc", settings }, now);
      const bravo = await store.createTenant({ name: "bravo", displayName: "Bravo", settings }, now);
      assert.equal((await store.createTenant({ name: "alfa", displayName: "", settings }, now)).kind, "exists");
      assert.ok(alfa.kind === "done" && bravo.kind === "done");
      assert.deepEqual(
        (await store.tenants()).map(({ name }) => name),
        ["alfa", "bravo"],
      );
      assert.deepEqual((await store.tenants())[0]?.settings, settings);
      for (const name of ["alfa.test", "alfa-two.test"])
        assert.equal(await store.giveDomain(name, alfa.tenant.id), "done");
      assert.equal(await store.giveDomain("bravo.test", bravo.tenant.id), "done");
      assert.equal(await store.giveDomain("bravo.test", 9999), "no-tenant");
      assert.equal(await store.giveDomain("none.test", 0), "missing");
      const within = { kind: "tenant", tenant: alfa.tenant.id } as const;
      assert.deepEqual(
        (await store.hostedDomains(within, { limit: 10 })).map(({ name }) => name),
        ["alfa-two.test", "alfa.test"],
      );
      assert.deepEqual(
        (await store.hostedAccounts(within, { limit: 10 })).map(({ name }) => name),
        ["a@alfa.test", "b@alfa.test", "c@alfa-two.test"],
      );
      assert.deepEqual(
        (await store.hostedAccounts(within, { limit: 1, after: "a@alfa.test" })).map(({ name }) => name),
        ["b@alfa.test"],
      );
      assert.deepEqual(
        (await store.hostedAccounts(within, { limit: 9, search: "THE B@" })).map(({ name }) => name),
        ["b@alfa.test"],
      );
      assert.equal((await store.hostedAccounts({ kind: "domains", names: ["alfa.test"] }, { limit: 9 })).length, 2);
      assert.equal((await store.hostedAccounts({ kind: "domains", names: [] }, { limit: 9 })).length, 0);
      assert.equal((await store.hostedAccounts(all, { limit: 9 })).length, 5);
      assert.equal((await store.hostedAccounts(all, { limit: 9 }))[0]?.tenant, alfa.tenant.id);
      const { accounts, domains, quotaBytes } = await store.hostedCounts(within);
      assert.deepEqual({ accounts, domains, quotaBytes }, { accounts: 3, domains: 2, quotaBytes: 300 });
      assert.equal(await store.updateTenant(alfa.tenant.id, { displayName: "Alfa" }), "done");
      assert.deepEqual((await store.tenants())[0]?.settings, settings);
    });

    test("aliases of every kind, by domain", async () => {
      const alias = {
        domain: "alfa.test",
        kind: "alias",
        account: undefined,
        targets: ["a@alfa.test"],
        senders: [],
      } as const;
      await store.putAddress({ ...alias, local: "info" });
      const group = { kind: "group", displayName: "All", description: "" } as const;
      await store.putAddress({ ...alias, local: "all", about: group });
      const owner = ids.get("a@alfa.test") as number;
      const masked = { kind: "masked", owner, label: "shop", createdAt: now, off: false } as const;
      await store.putAddress({ ...alias, local: "x1", about: masked });
      const names = async (...args: Parameters<Store["hostedAddresses"]>) =>
        (await store.hostedAddresses(...args)).map(({ local }) => local);
      assert.deepEqual(await names(all, { limit: 9 }), ["all", "info", "x1"]);
      assert.deepEqual(await names(all, { limit: 9, sort: "alias" }), ["info"]);
      assert.deepEqual(await names(all, { limit: 9, sort: "group" }), ["all"]);
      assert.deepEqual(await names(all, { limit: 9, sort: "masked", owner }), ["x1"]);
      assert.deepEqual(await names(all, { limit: 9, sort: "masked", owner: owner + 1 }), []);
      assert.deepEqual(await names({ kind: "domains", names: ["bravo.test"] }, { limit: 9 }), []);
      assert.deepEqual(await names(all, { limit: 9, after: "alfa.test all" }), ["info", "x1"]);
      assert.deepEqual((await store.addresses({ domain: "alfa.test", local: "x1" }))[0]?.about, masked);
    });

    test("grants come and go, and end when a domain is given away", async () => {
      const a = ids.get("a@alfa.test") as number;
      const tenant = String((await store.tenants())[0]?.id);
      await store.putGrant({ account: a, kind: "tenant", object: tenant }, true);
      await store.putGrant({ account: a, kind: "tenant", object: tenant }, true);
      await store.putGrant({ account: a, kind: "domain", object: "alfa.test" }, true);
      assert.equal((await store.grants({ account: a })).length, 2);
      assert.deepEqual(await store.grants({ kind: "domain", object: "alfa.test" }), [
        { account: a, kind: "domain", object: "alfa.test" },
      ]);
      await store.putGrant({ account: a, kind: "domain", object: "alfa.test" }, false);
      assert.equal((await store.grants({ account: a })).length, 1);
      await store.giveDomain("alfa.test", 0);
      assert.equal((await store.grants({ account: a })).length, 0);
      await store.giveDomain("alfa.test", Number(tenant));
    });

    test("the audit log: newest first, in pages, each within", async () => {
      const tenant = (await store.tenants())[0]?.id as number;
      const entry = {
        at: now,
        tenant,
        actor: "a@alfa.test",
        via: "api",
        remote: "192.0.2.1",
        action: "POST /x",
        detail: { a: 1 },
      } as const;
      await store.noteAudit([
        { ...entry, target: "a@alfa.test" },
        { ...entry, tenant: 0, target: "root@own.test", detail: { text: "nul \0 here" } },
        { ...entry, target: "alfa-two.test" },
      ]);
      const targets = async (...args: Parameters<Store["audit"]>) =>
        (await store.audit(...args)).map(({ target }) => target);
      assert.deepEqual(await targets(all, { limit: 9 }), ["alfa-two.test", "root@own.test", "a@alfa.test"]);
      assert.deepEqual(await targets({ kind: "tenant", tenant }, { limit: 9 }), ["alfa-two.test", "a@alfa.test"]);
      assert.deepEqual(await targets({ kind: "domains", names: ["alfa.test"] }, { limit: 9 }), ["a@alfa.test"]);
      const [first] = await store.audit(all, { limit: 1 });
      assert.deepEqual(first?.detail, { a: 1 });
      assert.deepEqual(await targets(all, { limit: 9, before: first?.id }), ["root@own.test", "a@alfa.test"]);
      assert.deepEqual(await targets(all, { limit: 9, actor: "nobody" }), []);
    });

    test("a request with a key is begun once, and answered again", async () => {
      const begin = (hash: string, turn: string, request: string, at = now) =>
        store.beginRequest({ hash, turn, account: 1, request, now: at, expiresAt: at + 1000, by: undefined });
      assert.deepEqual(await begin("h1", "a", "r"), { kind: "fresh", seed: now + 1000, resumed: false });
      assert.deepEqual(await begin("h1", "b", "r", now + 999), { kind: "begun" });
      assert.deepEqual(await begin("h1", "b", "other"), { kind: "other" });
      await store.endRequest({ hash: "h1", turn: "b" }, undefined);
      assert.deepEqual(await begin("h1", "b", "r"), { kind: "begun" });
      await store.endRequest({ hash: "h1", turn: "a" }, new Uint8Array([1, 2, 3]));
      const again = await begin("h1", "b", "r");
      assert.ok(again.kind === "answered");
      assert.deepEqual([...again.answer], [1, 2, 3]);
      assert.equal((await begin("h1", "c", "r", now + 2000)).kind, "fresh");
      await store.endRequest({ hash: "h1", turn: "c" }, undefined);
      assert.equal((await begin("h1", "d", "x", now + 2000)).kind, "fresh");
    });

    test("a request that was cut off is resumed by one, and what another commits for it fails", async () => {
      const begin = (turn: string, node: string, run: string, at: number) =>
        store.beginRequest({
          hash: "h2",
          turn,
          account: 1,
          request: "r",
          now: at,
          expiresAt: at + 1000,
          by: { node, run, leasedUntil: at + 100 },
        });
      const accept = (turn: string) => {
        const queue = newQueued();
        return store.accept({ message: letter(), placements: [], queue, journey: [], under: { hash: "h2", turn } });
      };
      const resumed = { kind: "fresh", seed: now + 1000, resumed: true };
      assert.deepEqual(await begin("a", "mx1", "run1", now), { ...resumed, resumed: false });
      assert.deepEqual(await begin("b", "mx1", "run1", now + 99), { kind: "begun" });
      assert.deepEqual(await begin("b", "mx2", "run9", now + 99), { kind: "begun" });
      assert.ok((await accept("a")).queued !== undefined);
      // Another process of the same node: the first is no more.
      assert.deepEqual(await begin("c", "mx1", "run2", now + 1), resumed);
      const waiting = await store.queueCount();
      await assert.rejects(accept("a"), /resumed/);
      assert.equal(await store.queueCount(), waiting);
      await store.endRequest({ hash: "h2", turn: "a" }, new Uint8Array([1]));
      assert.ok((await accept("c")).queued !== undefined);
      // Another node, when the lease is over; the same process, when it broke.
      assert.deepEqual(await begin("d", "mx2", "run9", now + 101), resumed);
      await store.leaveRequest({ hash: "h2", turn: "c" });
      assert.deepEqual(await begin("e", "mx2", "run9", now + 102), { kind: "begun" });
      await store.leaveRequest({ hash: "h2", turn: "d" });
      assert.deepEqual(await begin("e", "mx2", "run9", now + 102), resumed);
      await store.endRequest({ hash: "h2", turn: "e" }, new Uint8Array([7]));
      assert.equal((await begin("f", "mx1", "run2", now + 500)).kind, "answered");
    });

    test("messages are found by address and time, by whom they concern", async () => {
      const journey = (from: string, to: string, subject: string, at: number) =>
        [
          { at, stage: "accepted", trace: undefined, keys: ["id", from, to], detail: { from, to: [to], subject } },
        ] as const;
      for (const [from, to, subject, at] of [
        ["a@alfa.test", "x@far.test", "First", now],
        ["x@far.test", "b+news@alfa.test", "Second", now + 1],
        ["z@bravo.test", "x@far.test", "Third", now + 2],
      ] as const)
        await store.accept({
          message: letter(),
          placements: [],
          queue: newQueued({}),
          journey: journey(from, to, subject, at),
        });
      const subjects = async (query: Omit<Parameters<Store["journeys"]>[0], "limit">) =>
        (await store.journeys({ limit: 10, ...query })).heads.map(({ detail }) => detail["subject"]);
      assert.deepEqual(await subjects({}), ["Third", "Second", "First"]);
      assert.deepEqual(await subjects({ key: "X@far.test" }), ["Third", "Second", "First"]);
      assert.deepEqual(await subjects({ key: "a@alfa.test" }), ["First"]);
      assert.deepEqual(await subjects({ subject: "sec" }), ["Second"]);
      assert.deepEqual(await subjects({ since: now + 1, until: now + 1 }), ["Second"]);
      assert.deepEqual(await subjects({ key: "x@far.test", of: { domains: ["alfa.test"] } }), ["Second", "First"]);
      assert.deepEqual(await subjects({ of: { addresses: ["b@alfa.test"] } }), ["Second"]);
      const page = await store.journeys({ limit: 1, key: "x@far.test" });
      assert.deepEqual(
        (await store.journeys({ limit: 9, key: "x@far.test", before: page.before })).heads.map(
          ({ detail }) => detail["subject"],
        ),
        ["Second", "First"],
      );
      const trace = page.heads[0]?.trace as string;
      assert.equal((await store.journey(trace, 10))[0]?.detail["subject"], "Third");
      assert.equal((await store.hostedQueue({ kind: "tenant", tenant: 12345 }, { limit: 9 })).length, 0);
    });

    test("what is deleted is gone, says what it takes, comes back whole, or goes for ever", async () => {
      const takes = await store.deletionTakes("domain", "alfa.test");
      assert.deepEqual(takes, { domains: 1, accounts: 2, addresses: 5, messages: 0, bytes: 0 });
      assert.equal(await store.deletionTakes("domain", "none.test"), undefined);
      const gone = await store.softDelete("domain", "alfa.test", "root", now, now + 1000);
      assert.ok(gone.kind === "done");
      assert.equal(
        (await store.domains()).some(({ name }) => name === "alfa.test"),
        false,
      );
      assert.equal((await store.accounts({ name: "a@alfa.test" })).length, 0);
      assert.equal((await store.accounts({ id: ids.get("a@alfa.test") as number })).length, 0);
      assert.equal((await store.addresses({ domain: "alfa.test" })).length, 0);
      assert.equal(await store.undelete(gone.deletion.id), "done");
      assert.equal((await store.addresses({ domain: "alfa.test" })).length, 5);
      assert.equal((await store.accounts({ name: "a@alfa.test" }))[0]?.id, ids.get("a@alfa.test"));
      assert.equal(await store.undelete(gone.deletion.id), "missing");

      const one = await store.softDelete("account", "b@alfa.test", "root", now, now + 1000);
      assert.ok(one.kind === "done");
      // Its name is free at once; then it cannot come back.
      await account("b@alfa.test");
      assert.deepEqual(await store.undelete(one.deletion.id), { taken: "b@alfa.test" });
      assert.equal(await store.purge(one.deletion.id), "done");
      assert.equal(await store.purge(one.deletion.id), "missing");
      assert.equal((await store.accounts({ name: "b@alfa.test" })).length, 1);

      // Who is gone shares nothing, and nothing is shared with them, until they are back.
      const [a, z] = [ids.get("a@alfa.test") as number, ids.get("z@bravo.test") as number];
      const inboxOf = async (id: number) => (await store.mailboxes(id))[0]?.id as number;
      await store.setMailboxRights(a, await inboxOf(a), z, "lr");
      await store.setMailboxRights(z, await inboxOf(z), a, "lr");
      const sharer = await store.softDelete("account", "a@alfa.test", "root", now, now + 1000);
      assert.ok(sharer.kind === "done");
      assert.deepEqual([await store.sharedWith(z), await store.mailboxRights(z)], [[], []]);
      assert.equal(await store.undelete(sharer.deletion.id), "done");
      assert.deepEqual([(await store.sharedWith(z)).length, (await store.mailboxRights(z)).length], [1, 1]);

      // Whoever has a domain next finds nothing of whose it was; while it can come back, nobody has it.
      const named = { name: "named.test", kind: "local", settings: {} } as const;
      assert.equal(await store.putDomain(named), "done");
      await account("lost@named.test");
      for (const key of ["dkim/named.test", "filter.domain.named.test"]) await store.putSetting(key, { secret: true });
      await store.putSharedScript({
        owner: "named.test",
        name: "theirs",
        content: "keep;",
        runs: "after",
        changedAt: now,
      });
      const lost = await store.softDelete("account", "lost@named.test", "root", now, now + 1000);
      const away = await store.softDelete("domain", "named.test", "root", now, now + 1000);
      assert.ok(lost.kind === "done" && away.kind === "done");
      assert.deepEqual(await store.undelete(lost.deletion.id), { noDomain: "named.test" });
      assert.equal(await store.putDomain(named), "deleted");
      for (const { deletion } of [lost, away]) assert.equal(await store.purge(deletion.id), "done");
      assert.equal(await store.putDomain(named), "done");
      assert.equal(await store.setting("dkim/named.test"), undefined);
      assert.equal(await store.setting("filter.domain.named.test"), undefined);
      assert.equal(
        (await store.sharedScripts()).some(({ owner }) => owner === "named.test"),
        false,
      );

      assert.equal((await store.softDelete("account", "root@own.test", "root", now, now)).kind, "last-administrator");
      assert.equal((await store.accounts({ name: "root@own.test" })).length, 1);
      assert.equal((await store.softDelete("account", "none@own.test", "root", now, now)).kind, "missing");

      const tenant = await store.softDelete("tenant", "alfa", "root", now, now + 1000);
      assert.ok(tenant.kind === "done");
      assert.equal(tenant.deletion.takes.domains, 2);
      assert.deepEqual(
        (await store.tenants()).map(({ name }) => name),
        ["bravo"],
      );
      assert.equal((await store.deletions(all)).length, 1);
      assert.equal((await store.deletions({ kind: "domains", names: ["bravo.test"] })).length, 0);
      // Its time comes by itself.
      for (let more = true; more; ) ({ more } = await store.tidy(now + 5000));
      assert.equal((await store.deletions(all)).length, 0);
      assert.equal(
        (await store.accounts()).some(({ name }) => name.endsWith("alfa.test")),
        false,
      );
      assert.deepEqual(await store.verify(), []);
    });

    test("what is done against accounts of our own: put, kept apart, listed, gone with the account", async () => {
      const [one, other] = [await newAccount(store), await newAccount(store)];
      const mine = async () =>
        (await store.restraints({ after: one.id - 1, limit: 10 })).filter(({ account }) => account <= other.id);
      assert.equal(await store.restrain(one.id, { limits: { messagesPerHour: 3 } }), "done");
      assert.equal(await store.restrain(other.id, { stop: { kind: "brake" } }), "done");
      assert.equal(await store.restrain(9e9, { limits: {} }), "missing");
      assert.equal(await store.restrain(one.id, { stop: { kind: "frozen" } }), "done");
      assert.deepEqual(await mine(), [
        { account: one.id, name: one.name, limits: { messagesPerHour: 3 }, stop: { kind: "frozen" } },
        { account: other.id, name: other.name, limits: {}, stop: { kind: "brake" } },
      ]);
      assert.equal((await store.restraints({ after: one.id, limit: 1 }))[0]?.account, other.id);
      assert.equal(await store.restrain(one.id, { stop: null }), "done");
      assert.deepEqual((await store.restraints({ account: one.id, limit: 1 }))[0]?.limits, { messagesPerHour: 3 });
      assert.deepEqual(
        (await store.restraints({ after: one.id - 1, stopped: true, limit: 10 })).map(({ account }) => account),
        [other.id],
      );
      assert.equal(await store.restrain(one.id, { limits: {} }), "done");
      await store.removeAccount(other.id);
      assert.deepEqual(await mine(), []);
    });
  });
}
