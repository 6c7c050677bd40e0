/** Sieve in the store: scripts, the vacation answer, shared scripts, what is remembered, annotations. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { maxScriptBytes, maxScripts, maxScriptsBytes } from "../../server/store/sieve-store.ts";
import type { Change, Store } from "../../server/store/store.ts";
import { made, newAccount, noon, type Open, type Opened } from "./world.ts";

export function sieveContract(open: Open): void {
  describe("sieve", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const names = async (account: number): Promise<string[]> =>
      (await store.sieveScripts(account)).scripts.map(({ id, name, active }) => `${id} ${name}${active ? " *" : ""}`);

    test("scripts are put, replaced, renamed, activated and removed", async () => {
      const { id } = await newAccount(store);
      const changes: Change[] = [];
      const unsubscribe = store.subscribe((told) => changes.push(...told));
      assert.deepEqual(await store.sieveScripts(id), { revision: 0, scripts: [] });
      const first = await store.putSieveScript(id, "größe", "keep;", noon);
      assert.deepEqual(first, {
        kind: "done",
        created: true,
        script: { id: 1, name: "größe", content: "keep;", active: false, changedAt: noon },
      });
      assert.equal((await store.putSieveScript(id, "two", "stop;", noon)).kind, "done");
      const again = await store.putSieveScript(id, "größe", "discard;", noon + 1);
      assert.ok(again.kind === "done" && !again.created && again.script.content === "discard;");
      assert.deepEqual(await names(id), ["1 größe", "2 two"]);
      assert.equal((await store.updateSieveScript(id, 2, { name: "größe" }, noon)).kind, "exists");
      assert.equal((await store.updateSieveScript(id, 9, { name: "x" }, noon)).kind, "missing");
      assert.equal((await store.updateSieveScript(id, 2, { name: "zwei" }, noon)).kind, "done");
      assert.ok(!(await store.sieveAccounts()).includes(id));
      assert.equal(await store.activateSieveScript(id, 1), "done");
      assert.equal(await store.activateSieveScript(id, 2), "done");
      assert.equal(await store.activateSieveScript(id, 9), "missing");
      assert.ok((await store.sieveAccounts()).includes(id));
      assert.deepEqual(await names(id), ["1 größe", "2 zwei *"]);
      assert.equal(await store.removeSieveScript(id, 2), "active");
      assert.equal(await store.activateSieveScript(id, undefined), "done");
      assert.equal(await store.removeSieveScript(id, 2), "done");
      assert.equal(await store.removeSieveScript(id, 2), "missing");
      const third = await store.putSieveScript(id, "three", "", noon);
      assert.ok(third.kind === "done" && third.script.id === 3, "an id is never given twice");
      assert.ok((await store.sieveScripts(id)).revision >= 8);
      assert.ok(changes.some((change) => change.kind === "sieve" && change.account === id));
      unsubscribe();
    });

    test("what cannot be kept is refused", async () => {
      const { id } = await newAccount(store);
      for (const name of ["", "a\nb", "a\u2028b", "x".repeat(1025)])
        assert.equal((await store.putSieveScript(id, name, "", noon)).kind, "bad-name");
      assert.equal((await store.putSieveScript(id, "big", "#".repeat(maxScriptBytes + 1), noon)).kind, "too-large");
      assert.equal((await store.putSieveScript(99_999, "x", "", noon)).kind, "no-account");
      for (let i = 0; i < maxScripts; i++) await store.putSieveScript(id, `s${i}`, "keep;", noon);
      assert.equal((await store.putSieveScript(id, "more", "", noon)).kind, "too-many");
      assert.equal((await store.putSieveScript(id, "s1", "stop;", noon)).kind, "done");
    });

    test("all scripts of an account have a bound together", async () => {
      const { id } = await newAccount(store);
      const large = "ä".repeat(maxScriptBytes / 2);
      const put = async (name: string, content: string) => (await store.putSieveScript(id, name, content, noon)).kind;
      for (let i = 0; i < maxScriptsBytes / maxScriptBytes; i++) assert.equal(await put(`s${i}`, large), "done");
      assert.equal(await put("more", "#"), "too-much");
      assert.equal(await put("s1", large), "done", "in its own place");
      assert.equal(await put("s1", "ä"), "done");
      assert.equal(await put("more", "#"), "done");
      assert.equal((await store.updateSieveScript(id, 2, { content: large }, noon)).kind, "too-much");
      assert.equal((await store.updateSieveScript(id, 3, { name: "renamed" }, noon)).kind, "done");
    });

    test("the vacation answer, and all of it goes with the account", async () => {
      const { id } = await newAccount(store);
      assert.equal(await store.vacationResponse(id), undefined);
      const vacation = {
        isEnabled: true,
        fromDate: noon,
        toDate: undefined,
        subject: "Away",
        textBody: "Grüße",
        htmlBody: undefined,
      };
      assert.equal(await store.putVacationResponse(id, vacation), "done");
      assert.deepEqual(await store.vacationResponse(id), vacation);
      assert.ok((await store.sieveAccounts()).includes(id));
      await store.putVacationResponse(id, { ...vacation, isEnabled: false });
      assert.ok(!(await store.sieveAccounts()).includes(id));
      await store.putSieveScript(id, "x", "keep;", noon);
      await store.putAnnotations(id, 0, [{ entry: "/private/comment", value: "c" }]);
      await store.removeAccount(id);
      assert.deepEqual(await store.sieveScripts(id), { revision: 0, scripts: [] });
      assert.deepEqual(await store.annotations(id), []);
      assert.equal(await store.putVacationResponse(id, vacation), "no-account");
    });

    test("scripts of domains and of the server", async () => {
      const script = { owner: "", name: "all", content: "keep;", runs: "before", changedAt: noon } as const;
      assert.equal(await store.putSharedScript(script), "done");
      assert.equal(await store.putSharedScript({ ...script, owner: "a.test", runs: "after" }), "done");
      assert.equal(await store.putSharedScript({ ...script, content: "stop;" }), "done");
      assert.deepEqual(
        (await store.sharedScripts()).map(({ owner, name, content, runs }) => [owner, name, content, runs]),
        [
          ["", "all", "stop;", "before"],
          ["a.test", "all", "keep;", "after"],
        ],
      );
      assert.equal(await store.removeSharedScript("", "all"), "done");
      assert.equal(await store.removeSharedScript("", "all"), "missing");
      await store.removeSharedScript("a.test", "all");
    });

    test("what is remembered is forgotten in time", async () => {
      const { id } = await newAccount(store);
      const remember = [
        { account: id, key: "a", until: noon + 1000 },
        { account: id, key: "b", until: noon + 2000 },
      ];
      await store.settle({ settlements: [], notices: [], journey: [], remember });
      assert.deepEqual((await store.sieveRemembers(id, ["a", "b", "c"], noon)).toSorted(), ["a", "b"]);
      assert.deepEqual(await store.sieveRemembers(id, ["a", "b", "c"], noon + 1000), ["b"]);
      assert.deepEqual(await store.sieveRemembers(id + 1, ["a", "b"], noon), []);
      await store.settle({
        settlements: [],
        notices: [],
        journey: [],
        remember: [{ ...remember[0]!, until: noon + 9 }],
      });
      assert.deepEqual(await store.sieveRemembers(id, ["a"], noon + 10), []);
      await store.tidy(noon + 1500);
      assert.deepEqual(await store.sieveRemembers(id, ["a", "b"], noon), ["b"]);
    });

    test("annotations of a mailbox go with it", async () => {
      const { id } = await newAccount(store);
      const box = await made(store, id, "Work");
      const modseq = async () => (await store.mailboxes(id)).find((one) => one.id === box)?.highestModseq ?? 0;
      const before = await modseq();
      assert.equal(await store.putAnnotations(id, box, [{ entry: "/Shared/Comment", value: "x" }]), "done");
      assert.ok((await modseq()) > before, "RFC 7162 §3.2");
      assert.equal(await store.putAnnotations(id, 0, [{ entry: "/shared/admin", value: "y" }]), "done");
      assert.deepEqual(await store.annotations(id), [
        { mailbox: 0, entry: "/shared/admin", value: "y" },
        { mailbox: box, entry: "/shared/comment", value: "x" },
      ]);
      assert.equal((await store.annotations(id, box)).length, 1);
      assert.equal(await store.putAnnotations(id, 77, [{ entry: "/a", value: "x" }]), "no-mailbox");
      assert.equal(await store.putAnnotations(id, box, [{ entry: "/a", value: "x".repeat(100_000) }]), "too-large");
      await store.putAnnotations(id, 0, [{ entry: "/shared/ADMIN", value: undefined }]);
      await store.deleteMailbox(id, box);
      assert.deepEqual(await store.annotations(id), []);
    });
  });
}
