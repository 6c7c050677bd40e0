/** MTA-STS policies of others, and what the sender of a message asked of TLS. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "../../server/store/store.ts";
import type { KeptStsPolicy } from "../../server/store/sts-store.ts";
import { letter, newQueued, type Open, type Opened } from "./world.ts";

const now = Date.UTC(2026, 5, 10);
export function stsContract(open: Open): void {
  describe("TLS between mail servers", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("policies of others: kept, replaced, listed by age, dropped when their time is over", async () => {
      const policy = (domain: string, id: string, fetchedAt: number, expiresAt: number): KeptStsPolicy => ({
        domain,
        id,
        policy: { mode: "enforce", maxAge: 100, mx: ["*.a.test"] },
        fetchedAt,
        expiresAt,
      });
      assert.equal(await store.stsPolicy("a.test"), undefined);
      await store.putStsPolicy(policy("a.test", "1", now, now + 10));
      await store.putStsPolicy(policy("b.test", "1", now - 5, now + 1000));
      const second = policy("a.test", "2", now + 1, now + 20);
      await store.putStsPolicy(second);
      assert.deepEqual(await store.stsPolicy("a.test"), second);
      const old = await store.stsPoliciesBefore(now + 5, 10);
      assert.deepEqual(
        old.map(({ domain }) => domain),
        ["b.test", "a.test"],
      );
      assert.equal((await store.stsPoliciesBefore(now + 5, 1)).length, 1);
      await store.dropStsPolicies(now + 100);
      assert.equal(await store.stsPolicy("a.test"), undefined);
      assert.equal((await store.stsPolicy("b.test"))?.id, "1");
    });

    test("what the sender asked of TLS is queued with the message", async () => {
      for (const wish of [{ requireTls: true }, { tlsOptional: true }, {}]) {
        const { queued } = await store.accept({
          message: letter(),
          placements: [],
          queue: newQueued(wish),
          journey: [],
        });
        const found = (await store.queueList({ id: queued?.id ?? "", limit: 1 }))[0];
        assert.equal(found?.requireTls, wish.requireTls ?? false);
        assert.equal(found?.tlsOptional, wish.tlsOptional);
      }
    });
  });
}
