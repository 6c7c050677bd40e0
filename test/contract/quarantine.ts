/** Quarantined mail, and what is remembered of peers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewQuarantined } from "../../server/store/quarantine.ts";
import {
  day,
  expectKind,
  inboxOf,
  letter,
  newAccount,
  noon,
  type Open,
  placement,
  recount,
  snapshot,
} from "./world.ts";

const kept = (account: number, given: Partial<NewQuarantined> = {}): NewQuarantined => ({
  account,
  envelopeFrom: "mallory@far.test",
  recipients: ["ann@contract.test"],
  sender: "Mallory <mallory@far.test>",
  subject: "A file",
  reasons: ["The attachment is a program"],
  remote: "192.0.2.1",
  at: noon,
  expiresAt: noon + 30 * day,
  ...given,
});

export function quarantineContract(open: Open): void {
  test("quarantined mail is listed, in no mailbox, and its bytes are kept", async () => {
    const { store, close } = await open();
    const ann = await newAccount(store);
    const bob = await newAccount(store);
    const message = letter({ subject: "A file" });
    const entry = { at: noon, trace: undefined, keys: ["key-of-it"], detail: {} };
    const accepted = await store.accept({
      message,
      placements: [],
      quarantine: [kept(ann.id), kept(bob.id), kept(0, { recipients: ["x@far.test"] })],
      journey: [{ ...entry, stage: "quarantined" }],
    });
    assert.ok(accepted.content > 0);
    assert.equal((await snapshot(store, ann.id, await inboxOf(store, ann.id))).uids.length, 0);
    const [mine, ...others] = await store.quarantined({ account: ann.id });
    assert.deepEqual(others, []);
    assert.ok(mine !== undefined);
    const { id, content, sizeBytes, ...rest } = mine;
    assert.deepEqual(rest, kept(ann.id));
    assert.equal(sizeBytes, message.bytes.length);
    assert.deepEqual(Buffer.from((await store.content(content))!), Buffer.from(message.bytes));
    assert.equal((await store.quarantined({})).length, 3);
    const within = async (names: readonly string[]) =>
      (await store.quarantined({ within: { kind: "domains", names } })).map((one) => one.account);
    assert.deepEqual(await within(["contract.test"]), [ann.id, bob.id], "what would have gone on is the platform's");
    assert.deepEqual(await within(["other.test"]), []);
    assert.equal((await store.quarantined({ within: { kind: "all" } })).length, 3);
    assert.deepEqual(
      (await store.quarantined({ id })).map((one) => one.account),
      [ann.id],
    );
    assert.equal((await store.quarantined({ after: id, limit: 1 })).length, 1);
    assert.equal((await store.quarantined({ since: noon + 1 })).length, 0);
    assert.deepEqual(
      (await store.trace("key-of-it", 10)).map(({ stage }) => stage),
      ["quarantined"],
    );
    await store.tidy(noon + day);
    assert.deepEqual(await store.verify(), []);
    // Released for one, the others still have it.
    const released = await store.accept({
      message,
      placements: [placement(ann.id, { role: "inbox" })],
      released: [id],
      journey: [],
    });
    expectKind(released.placed[0]!, "placed");
    assert.equal((await store.quarantined({ account: ann.id })).length, 0);
    assert.equal((await store.quarantined({})).length, 2);
    await recount(store, ann.id);
    // Removed, and gone with its account.
    const last = (await store.quarantined({ account: 0 }))[0]!;
    assert.equal(await store.removeQuarantined([last.id], "by the administrator", noon), 1);
    assert.equal(await store.removeQuarantined([last.id], "by the administrator", noon), 0);
    await store.removeAccount(bob.id);
    assert.equal((await store.quarantined({})).length, 0);
    await store.tidy(noon + day);
    assert.equal(await store.content(content), undefined);
    assert.deepEqual(await store.verify(), []);
    await close();
  });

  test("quarantined mail expires", async () => {
    const { store, close } = await open();
    const ann = await newAccount(store);
    await store.accept({ message: letter(), placements: [], quarantine: [kept(ann.id)], journey: [] });
    await store.tidy(noon + 29 * day);
    assert.equal((await store.quarantined({})).length, 1);
    await store.tidy(noon + 31 * day);
    assert.equal((await store.quarantined({})).length, 0);
    assert.deepEqual(await store.verify(), []);
    await close();
  });

  test("what is known of peers is kept until it expires", async () => {
    const { store, close } = await open();
    const row = (key: string, value: string, expiresAt = noon + day) => ({ kind: "test", key, value, expiresAt });
    await store.putPeers([row("a", "1"), row("b", "2"), row("c", "3", noon + 10)]);
    await store.putPeers([row("a", "4"), { ...row("b", "x"), kind: "other" }]);
    const found = await store.peers("test", { limit: 10, now: noon });
    assert.deepEqual(
      found.map(({ key, value }) => `${key}=${value}`),
      ["a=4", "b=2", "c=3"],
    );
    assert.deepEqual(
      (await store.peers("test", { after: "a", limit: 1, now: noon })).map(({ key }) => key),
      ["b"],
    );
    assert.deepEqual(
      (await store.peers("test", { limit: 10, now: noon + 100 })).map(({ key }) => key),
      ["a", "b"],
    );
    await store.putPeers([row("a", "", 0)]);
    await store.tidy(noon + 100);
    assert.deepEqual(
      (await store.peers("test", { limit: 10, now: noon })).map(({ key }) => key),
      ["b"],
    );
    await close();
  });
}
