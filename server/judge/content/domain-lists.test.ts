/** Lists of bad domains: what counts as listed, and which lists are not believed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Log } from "../../base/log.ts";
import type { Answer } from "../../net/resolver.ts";
import { DomainLists } from "./domain-lists.ts";

const log = { error() {}, info() {}, warn() {}, debug() {} } as unknown as Log;

function world(records: { readonly [name: string]: string }) {
  const asked: string[] = [];
  const a = async (name: string): Promise<Answer<string>> => {
    asked.push(name);
    const found = records[name] ?? records[`*.${name.slice(name.indexOf(".dbl.") + 1)}`];
    if (found === "trouble") return { kind: "trouble", reason: "timeout" };
    return found === undefined
      ? { kind: "none", exists: false, secure: false, ttlSeconds: 1 }
      : { kind: "found", records: [found], secure: false, ttlSeconds: 1 };
  };
  const lists = new DomainLists(["dbl.test", "other.test"], { a }, log);
  return { lists, asked, health: () => lists.zones.map(({ health }) => health) };
}

test("the registrable domain is asked about, once, and not that of mailbox providers or addresses", async () => {
  const { lists, asked } = world({ "evil.example.dbl.test": "127.0.1.2" });
  await lists.check();
  assert.deepEqual(await lists.find(["a.b.evil.example", "evil.example", "gmail.com", "192.0.2.1", "good.example"]), [
    "evil.example",
  ]);
  assert.deepEqual(asked.slice(2).sort(), [
    "evil.example.dbl.test",
    "evil.example.other.test",
    "good.example.dbl.test",
    "good.example.other.test",
  ]);
});

const sick: readonly [name: string, records: { readonly [name: string]: string }, health: string][] = [
  [
    "answers for everything",
    { "invalid.dbl.test": "127.0.1.2", "x.example.dbl.test": "127.0.1.2" },
    "answers for everything",
  ],
  [
    "refuses public resolvers",
    { "invalid.dbl.test": "127.255.255.254", "x.example.dbl.test": "127.0.1.2" },
    "refuses us",
  ],
  ["is silent", { "invalid.dbl.test": "trouble", "x.example.dbl.test": "127.0.1.2" }, "does not answer"],
  ["refuses at a question", { "x.example.dbl.test": "127.255.255.255" }, "refuses us"],
  ["refuses as URIBL does", { "x.example.dbl.test": "127.0.0.1" }, "refuses us"],
  ["was sold", { "x.example.dbl.test": "203.0.113.9" }, "answers for everything"],
];
for (const [name, records, expected] of sick)
  test(`a list that ${name} lists nothing`, async () => {
    const { lists, health } = world(records);
    await lists.check();
    assert.deepEqual(await lists.find(["x.example"]), []);
    assert.deepEqual(health(), [expected, "ok"]);
  });

test("a wrong question is no listing, and a list that is well again is asked again", async () => {
  const records: { [name: string]: string } = { "x.example.dbl.test": "127.0.1.255" };
  const { lists, health } = world(records);
  assert.deepEqual(await lists.find(["x.example"]), []);
  records["invalid.dbl.test"] = "127.0.0.2";
  await lists.check();
  assert.equal(health()[0], "answers for everything");
  delete records["invalid.dbl.test"];
  records["x.example.dbl.test"] = "127.0.0.4";
  await lists.check();
  assert.deepEqual(await lists.find(["x.example"]), ["x.example"]);
});
