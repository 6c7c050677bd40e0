/** What the server says by itself when a record that was there is gone. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeStore } from "./access/fake-store.ts";
import type { World } from "./admin/command.ts";
import { watchDomains } from "./domain-watch.ts";
import { type Log, quiet } from "./log.ts";
import { fileResolver } from "./net/dns-file.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

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
  const world = {
    store,
    hostname: "mail.d.test",
    tlsa: () => [],
    now: () => 0,
    resolver,
  } as unknown as World;
  const said: string[] = [];
  const log = { ...quiet, error: (_: object, sentence: string) => void said.push(sentence) } as unknown as Log;
  const watch = watchDomains({ world: () => world, log });
  await watch.look();
  assert.deepEqual([said, store.auditRows], [[], []]);
  zone({ "d.test": { MX: ["10 elsewhere.test"] } });
  await watch.look();
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
