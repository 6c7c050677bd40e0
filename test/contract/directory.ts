/** The directory: domains, accounts, credentials, addresses, settings, and what each refuses. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Address, Credential, Store } from "../../server/store/store.ts";
import {
  deliver,
  domainName,
  inboxOf,
  letter,
  made,
  newAccount,
  newQueued,
  noon,
  type Open,
  type Opened,
} from "./world.ts";

const credential = (label: string, kind: Credential["kind"] = "app-password"): Omit<Credential, "id" | "account"> => ({
  kind,
  label,
  argon2id: `$argon2id$v=19$m=19456,t=2,p=1$${label}`,
  scramSha256: "",
  createdAt: noon,
  expiresAt: undefined,
});

const aliasOf = (local: string, targets: readonly string[], given: Partial<Address> = {}): Address => ({
  local,
  domain: domainName,
  kind: "alias",
  account: undefined,
  targets,
  senders: [],
  ...given,
});

export function directoryContract(open: Open): void {
  describe("directory", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("a domain is put, replaced, listed and removed", async () => {
      await store.putDomain({ name: "one.test", kind: "local", settings: {} });
      await store.putDomain({
        name: "one.test",
        kind: "relay",
        settings: { relayTo: "smtp:inner.test:25", relayRecipients: "any", maxMessageBytes: 1000 },
      });
      const found = (await store.domains()).filter((domain) => domain.name === "one.test");
      assert.deepEqual(await store.domains({ name: "one.test" }), found);
      assert.deepEqual(await store.domains({ name: "none.test" }), []);
      assert.deepEqual(found, [
        {
          name: "one.test",
          kind: "relay",
          settings: { relayTo: "smtp:inner.test:25", relayRecipients: "any", maxMessageBytes: 1000 },
        },
      ]);
      assert.equal(await store.removeDomain("one.test"), "done");
      assert.equal(await store.removeDomain("one.test"), "missing");
    });

    test("a domain that somebody lives in stays", async () => {
      await newAccount(store);
      assert.equal(await store.removeDomain(domainName), "in-use");
    });

    test("an account is made once, with its address and INBOX", async () => {
      await store.putDomain({ name: domainName, kind: "local", settings: {} });
      const wanted = { name: `carol@${domainName}`, displayName: "Carol", role: "admin", quotaBytes: 5000 } as const;
      const created = await store.createAccount(wanted, [credential("main", "password")], noon);
      assert.equal(created.kind, "done");
      if (created.kind !== "done") return;
      const { id, ...rest } = created.account;
      assert.deepEqual(rest, { ...wanted, disabled: false, usedBytes: 0, usedMessages: 0, createdAt: noon });
      assert.deepEqual(await store.accounts({ id }), [created.account]);
      assert.deepEqual(await store.accounts({ name: wanted.name }), [created.account]);
      assert.ok((await store.accounts()).some((account) => account.id === id));
      assert.deepEqual(await store.createAccount(wanted, [], noon), { kind: "exists" });
      assert.deepEqual(await store.createAccount({ ...wanted, name: "carol@elsewhere.test" }, [], noon), {
        kind: "no-domain",
      });
      const [own] = await store.addresses({ account: id });
      assert.deepEqual(own, { ...aliasOf("carol", []), kind: "account", account: id });
      assert.deepEqual(
        (await store.mailboxes(id)).filter((mailbox) => mailbox.role === "inbox").map((mailbox) => mailbox.path),
        ["INBOX"],
      );
      assert.deepEqual(
        (await store.credentials(id)).map(({ id: _, ...shown }) => shown),
        [{ account: id, ...credential("main", "password") }],
      );
    });

    test("an account is changed field by field", async () => {
      const { id, ...was } = await newAccount(store);
      assert.equal(await store.updateAccount(id, { displayName: "Dora" }), "done");
      assert.equal(await store.updateAccount(id, { disabled: true, quotaBytes: 77 }), "done");
      assert.equal(await store.updateAccount(id, { role: "admin" }), "done");
      assert.deepEqual(await store.accounts({ id }), [
        { ...was, id, displayName: "Dora", disabled: true, quotaBytes: 77, role: "admin" },
      ]);
      assert.equal(await store.updateAccount(987654, { disabled: true }), "missing");
    });

    test("an account gets another name: the one before is its alias, and what named it names the new one", async () => {
      const { id, name } = await newAccount(store);
      const other = await newAccount(store);
      const at = name.slice(name.lastIndexOf("@") + 1);
      const own = (local: string) => store.addresses({ domain: at, local });
      const [old = "", married] = [name.slice(0, name.lastIndexOf("@")), `married@${at}`];
      const [row] = await own(old);
      assert.equal(await store.putAddress({ ...row!, senders: [other.id] }), "done");
      assert.equal(await store.putAddress(aliasOf("crew", [other.name, name])), "done");
      for (const list of ["one", "two"])
        for (const address of list === "one" ? [name] : [name, married])
          await store.putListMember({
            list: `${list}@${at}`,
            address,
            displayName: "",
            role: "member",
            delivery: "each",
            since: noon,
          });
      assert.equal(await store.renameAccount(id, "x@elsewhere.test"), "no-domain");
      assert.equal(await store.renameAccount(id, other.name), "exists");
      assert.equal(await store.renameAccount(id, `crew@${row!.domain}`), "exists", "others' mail goes there");
      assert.equal(await store.renameAccount(987654, married), "missing");
      assert.equal(await store.renameAccount(id, married), "done");
      assert.equal((await store.accounts({ id }))[0]?.name, married);
      assert.deepEqual(await store.accounts({ name }), []);
      assert.deepEqual(await own("married"), [
        { local: "married", domain: at, kind: "account", account: id, targets: [], senders: [other.id] },
      ]);
      assert.deepEqual(await own(old), [{ ...aliasOf(old, [married]), domain: at }]);
      assert.deepEqual((await store.addresses({ domain: row!.domain, local: "crew" }))[0]?.targets, [
        other.name,
        married,
      ]);
      const members = async (list: string) =>
        (await store.listMembers({ list: `${list}@${at}` })).map((one) => one.address);
      assert.deepEqual([await members("one"), (await members("two")).sort()], [[married], [married, name].sort()]);
      // And back.
      assert.equal(await store.renameAccount(id, name), "done");
      assert.deepEqual([(await own(old))[0]?.kind, (await own("married"))[0]?.targets], ["account", [name]]);
      assert.equal(await store.renameAccount(id, name), "done", "as it is called already");
    });

    test("what names an address is told, and names another instead, or nobody", async () => {
      const { id, name } = await newAccount(store);
      const heir = await newAccount(store);
      const at = name.slice(name.lastIndexOf("@") + 1);
      const everywhere = { kind: "all" } as const;
      const domain = (await store.domains()).find((one) => one.name === at)!;
      const group = { kind: "group", displayName: "", description: "" } as const;
      const masked = { kind: "masked", owner: id, label: "shop", createdAt: noon, off: false } as const;
      for (const address of [
        aliasOf("only", [name]),
        aliasOf("both", [heir.name, name]),
        aliasOf("likewise", [`x${name}`]),
        { ...aliasOf("all-of-us", [name, "far@elsewhere.test"]), about: group },
        { ...aliasOf("one-off", [name]), about: masked },
      ])
        assert.equal(await store.putAddress(address), "done");
      const member = { displayName: "", role: "member", delivery: "each", since: noon } as const;
      await store.putListMember({ list: `named@${at}`, address: name, ...member });
      await store.putDomain({ ...domain, settings: { ...domain.settings, catchAll: name } });
      const script = { owner: at, name: "on", runs: "after", changedAt: noon } as const;
      await store.putSharedScript({ ...script, content: `redirect :copy "${name}";` });
      const takes = await store.deletionTakes("account", name);
      assert.equal(takes?.addresses, 2, "with the one-off address");
      assert.deepEqual(await store.namings(name, everywhere), [
        { kind: "group", name: `all-of-us@${at}`, alone: false },
        { kind: "alias", name: `both@${at}`, alone: false },
        { kind: "alias", name: `only@${at}`, alone: true },
        { kind: "list", name: `named@${at}`, alone: false },
        { kind: "catch-all", name: at, alone: true },
        { kind: "filter", name: at, alone: false },
      ]);
      assert.deepEqual(await store.namings(name, { kind: "domains", names: ["other.test"] }), []);
      await store.nameInstead(name, heir.name, { kind: "domains", names: ["other.test"] });
      assert.equal((await store.namings(name, everywhere)).length, 6, "only inside of these domains");
      await store.nameInstead(name, heir.name, everywhere);
      assert.deepEqual(
        (await store.namings(name, everywhere)).map(({ kind }) => kind),
        ["filter"],
      );
      assert.deepEqual(
        (await store.namings(heir.name, everywhere)).map((one) => `${one.kind} ${one.name}`),
        [`group all-of-us@${at}`, `alias both@${at}`, `alias only@${at}`, `list named@${at}`, `catch-all ${at}`],
      );
      await store.nameInstead(heir.name, undefined, everywhere);
      assert.deepEqual(await store.namings(heir.name, everywhere), []);
      const left = (await store.addresses({ domain: at })).map(({ local }) => local);
      assert.deepEqual(
        [left.includes("both"), left.includes("only"), left.includes("all-of-us")],
        [false, false, true],
      );
      assert.equal((await store.domains()).find((one) => one.name === at)?.settings.catchAll, undefined);
      await store.putDomain(domain);
      // One-off addresses go with their owner, and come back with them.
      const gone = await store.softDelete("account", name, "root", noon, noon + 1000);
      assert.deepEqual(await store.addresses({ domain: at, local: "one-off" }), []);
      assert.ok(gone.kind === "done");
      assert.equal(await store.undelete(gone.deletion.id), "done");
      assert.equal((await store.addresses({ domain: at, local: "one-off" }))[0]?.about?.kind, "masked");
    });

    test("removing an account takes its mail, mailboxes, credentials and addresses with it", async () => {
      const { id, name } = await newAccount(store);
      await store.putCredential(id, credential("phone"));
      await made(store, id, "Work/Plans");
      await deliver(store, id, await inboxOf(store, id), { references: ["a@b", "c@d"] });
      assert.equal(await store.removeAccount(id), "done");
      assert.equal(await store.removeAccount(id), "missing");
      assert.deepEqual(await store.accounts({ id }), []);
      assert.deepEqual(await store.credentials(id), []);
      assert.deepEqual(await store.addresses({ account: id }), []);
      assert.deepEqual(await store.mailboxes(id), []);
      const again = await store.createAccount({ name, displayName: "", role: "user", quotaBytes: 0 }, [], noon);
      assert.equal(again.kind, "done");
      if (again.kind === "done") assert.notEqual(again.account.id, id, "an account id is never used again");
    });

    test("a password replaces the one before, app passwords stand side by side", async () => {
      const { id } = await newAccount(store);
      await store.putCredential(id, credential("first", "password"));
      await store.putCredential(id, credential("second", "password"));
      const phone = await store.putCredential(id, { ...credential("phone"), expiresAt: noon + 1 });
      await store.putCredential(id, credential("laptop"));
      const labels = async () => (await store.credentials(id)).map((known) => known.label).sort();
      assert.deepEqual(await labels(), ["laptop", "phone", "second"]);
      assert.equal((await store.credentials(id)).find((known) => known.id === phone)?.expiresAt, noon + 1);
      const other = await newAccount(store);
      assert.equal(await store.removeCredential(other.id, phone), "missing", "somebody else's credential");
      assert.equal(await store.removeCredential(id, phone), "done");
      assert.equal(await store.removeCredential(id, phone), "missing");
      assert.deepEqual(await labels(), ["laptop", "second"]);
    });

    test("an alias is put, replaced, found and removed", async () => {
      const { id, name } = await newAccount(store);
      const sales = aliasOf("sales", [name, "help@far.test"], { senders: [id] });
      assert.equal(await store.putAddress(sales), "done");
      assert.deepEqual(await store.addresses({ domain: domainName, local: "sales" }), [sales]);
      const onBehalf = aliasOf("sales", [name], { senders: [id], onBehalf: [id] });
      assert.equal(await store.putAddress(onBehalf), "done");
      assert.deepEqual(await store.addresses({ domain: domainName, local: "sales" }), [onBehalf]);
      const gone = await newAccount(store);
      await store.putAddress({ ...onBehalf, onBehalf: [gone.id, id] });
      await store.removeAccount(gone.id);
      assert.deepEqual(await store.addresses({ domain: domainName, local: "sales" }), [onBehalf]);
      const narrower = aliasOf("sales", [name]);
      assert.equal(await store.putAddress(narrower), "done");
      assert.deepEqual(await store.addresses({ domain: domainName, local: "sales" }), [narrower]);
      assert.ok((await store.addresses({ domain: domainName })).length > 1);
      assert.ok((await store.addresses()).some((address) => address.local === "sales"));
      assert.equal(await store.removeAddress("sales", domainName), "done");
      assert.equal(await store.removeAddress("sales", domainName), "missing");
    });

    test("an address wants its domain, its account, and to be free", async () => {
      const { id, name } = await newAccount(store);
      const local = name.slice(0, name.indexOf("@"));
      const second = { ...aliasOf("second", []), kind: "account", account: id } as const;
      assert.equal(await store.putAddress(second), "done", "a second address of the account");
      assert.deepEqual((await store.addresses({ account: id })).map((address) => address.local).sort(), [
        local,
        "second",
      ]);
      assert.equal(await store.putAddress(aliasOf("x", ["a@b.test"], { domain: "nowhere.test" })), "no-domain");
      assert.equal(await store.putAddress({ ...second, account: 987654 }), "no-account");
      assert.equal(await store.putAddress(aliasOf(local, ["a@b.test"])), "taken");
      assert.equal(await store.removeAddress(local, domainName), "in-use", "an account's own address");
      const taken = await store.createAccount(
        { name: `second@${domainName}`, displayName: "", role: "user", quotaBytes: 0 },
        [],
        noon,
      );
      assert.equal(taken.kind, "exists", "the address is somebody's");
    });

    test("of several who change a setting at once one is first", async () => {
      const at = async (before: unknown, after: unknown) =>
        Promise.all([1, 2, 3].map((who) => store.swapSetting("swapped", before, after && { who, after })));
      const won = (answers: readonly boolean[]): number => answers.indexOf(true) + 1;
      const first = await at(undefined, "first");
      assert.equal(first.filter(Boolean).length, 1);
      const put = await store.setting("swapped");
      assert.deepEqual(put, { who: won(first), after: "first" });
      assert.equal(await store.swapSetting("swapped", undefined, 1), false);
      assert.equal(await store.swapSetting("swapped", { who: 9, after: "first" }, 1), false);
      const second = await at(put, "second");
      assert.equal(second.filter(Boolean).length, 1);
      const then = await store.setting("swapped");
      assert.deepEqual(then, { who: won(second), after: "second" });
      assert.equal((await at(then, undefined)).filter(Boolean).length, 1);
      assert.equal(await store.setting("swapped"), undefined);
      assert.equal(await store.swapSetting("swapped", then, 1), false);
    });

    test("a setting holds any JSON value; undefined removes it", async () => {
      const value = { deep: [1, "two", { three: null }], text: 'quote " and \u{1f600}' };
      assert.equal(await store.setting("contract.a"), undefined);
      await store.putSetting("contract.a", value);
      await store.putSetting("contract.b", false);
      await store.putSetting("contract_c", 1);
      assert.deepEqual(await store.setting("contract.a"), value);
      assert.equal(await store.setting("contract.b"), false);
      assert.deepEqual(await store.settings("contract."), [
        { key: "contract.a", value },
        { key: "contract.b", value: false },
      ]);
      await store.putSetting("contract.a", [1]);
      assert.deepEqual(await store.setting("contract.a"), [1]);
      await store.putSetting("contract.a", undefined);
      assert.equal(await store.setting("contract.a"), undefined);
      assert.deepEqual(await store.settings("contract."), [{ key: "contract.b", value: false }]);
      assert.deepEqual(await store.settings("con%"), [], "a prefix is no pattern");
    });

    test("mail of a removed account that waits in the queue still goes out", async () => {
      const { id } = await newAccount(store);
      const accepted = await store.accept({
        message: letter(),
        placements: [],
        queue: newQueued({ account: id, to: ["last@far.test"] }),
        journey: [],
      });
      assert.equal(await store.removeAccount(id), "done");
      const [queued] = await store.queueList({ recipient: "last@far.test" });
      assert.equal(queued?.id, accepted.queued?.id);
      assert.ok(await store.content(accepted.content));
      await store.queueAct({ recipient: "last@far.test" }, "delete", noon);
    });
  });
}
