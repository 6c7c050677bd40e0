/** What the server says by itself when a record that was there is gone. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeStore } from "../access/fake-store.ts";
import type { World } from "../admin/command.ts";
import { type Log, quiet } from "../base/log.ts";
import { fileResolver } from "../net/dns-file.ts";
import { watchDomains } from "./domain-watch.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const hour = 3_600_000;

test("a record that was right and is gone is an alarm, once; what never was there is none", async () => {
  const file = join(folder, "zone.json");
  const zone = (more: object): void =>
    writeFileSync(file, JSON.stringify({ "mail.d.test": { A: ["192.0.2.7"] }, ...more }));
  zone({ "d.test": { MX: ["10 mail.d.test"] } });
  let clock = 0;
  const resolver = fileResolver(file, { monotonic: () => (clock += 1000), log: quiet });
  assert.ok(!("mistakes" in resolver));
  const store = new FakeStore();
  await store.putDomain({ name: "d.test", kind: "local", settings: {} });
  const looked: string[] = [];
  const world = {
    store,
    hostname: "mail.d.test",
    tlsa: () => [],
    now: () => clock,
    resolver,
    keys: { look: async (domain: string) => void looked.push(domain) },
  } as unknown as World;
  const said: string[] = [];
  const log = { ...quiet, error: (_: object, sentence: string) => void said.push(sentence) } as unknown as Log;
  const watch = watchDomains({ world: () => world, log });
  await watch.look();
  assert.deepEqual([said, store.auditRows], [[], []]);
  assert.deepEqual(looked, ["d.test"], "keys that DNS shows sign as soon as somebody looks");
  clock += hour;
  zone({ "d.test": { MX: ["10 elsewhere.test"] } });
  await watch.look();
  clock += hour;
  await watch.look();
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? "",
    /^MX \(d\.test MX\) was right and is not any more: Its mail goes to 10 elsewhere\.test\., not to mail\.d\.test\. Nobody can send mail/,
  );
  assert.deepEqual(
    store.auditRows.map(({ action, target }) => [action, target]),
    [["DNS has changed", "d.test"]],
  );
});

test("new domains come first, broken ones again soon and less often in time, the others within the hour; few at once", async () => {
  const store = new FakeStore();
  const names = Array.from({ length: 120 }, (_, i) => `d${i}.test`);
  for (const name of names) await store.putDomain({ name, kind: "relay", settings: {} });
  let now = 0;
  let looked: string[] = [];
  let [underWay, most] = [0, 0];
  const none = async () => ({ kind: "none", exists: true, secure: false, ttlSeconds: 60 });
  const resolver = {
    a: async () => ({ kind: "found", records: ["192.0.2.7"], secure: false, ttlSeconds: 60 }),
    aaaa: none,
    ptr: none,
    async mx(name: string) {
      looked.push(name);
      most = Math.max(most, ++underWay);
      await new Promise(setImmediate);
      underWay--;
      return name.startsWith("broken")
        ? none()
        : { kind: "found", records: [{ preference: 10, exchange: "mail.d.test" }], secure: false, ttlSeconds: 60 };
    },
  };
  const world = { store, hostname: "mail.d.test", tlsa: () => [], now: () => now, resolver } as unknown as World;
  const open = () => watchDomains({ world: () => world, log: quiet });
  const look = async (watch: ReturnType<typeof open>): Promise<readonly string[]> => {
    looked = [];
    await watch.look();
    return looked;
  };
  const watch = open();
  assert.equal((await look(watch)).length, 50);
  await store.putDomain({ name: "broken.test", kind: "relay", settings: {} });
  await look(watch);
  assert.deepEqual(new Set(await look(watch)), new Set([...names.slice(100), "broken.test"]), "each once");
  assert.deepEqual(await look(watch), []);
  const again: number[] = [];
  for (let minute = 1; minute <= 55; minute++) {
    now += 60_000;
    if ((await look(watch)).includes("broken.test")) again.push(minute);
  }
  assert.deepEqual(again, [5, 10, 20, 50]);
  assert.ok(most > 1 && most <= 8, `${most} at once`);

  await store.putDomain({ name: "new.test", kind: "relay", settings: {} });
  assert.deepEqual((await look(open())).slice(0, 2), ["new.test", "broken.test"], "after a start");
});
