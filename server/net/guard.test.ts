import assert from "node:assert/strict";
import { test } from "node:test";
import { isPublicAddress, makeGuard } from "./guard.ts";
import { networks } from "./networks.ts";

const records: { readonly [name: string]: readonly string[] } = {
  "good.test": ["192.0.2.200", "203.0.114.5"],
  "one.example": ["9.9.9.9"],
  "loop.example": ["127.0.0.1"],
  "mixed.example": ["9.9.9.9", "10.0.0.1"],
  "metadata.example": ["169.254.169.254"],
};
const resolver = {
  a: async (name: string) =>
    records[name] === undefined
      ? ({ kind: "none", why: "nxdomain", secure: false } as never)
      : ({ kind: "found", records: records[name], secure: false } as never),
  aaaa: async () => ({ kind: "none", why: "nodata", secure: false }) as never,
};
const guard = makeGuard(resolver, { privateAddresses: false });

const notPublic = [
  "127.0.0.1",
  "127.1.2.3",
  "0.0.0.0",
  "10.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "198.18.0.1",
  "192.0.0.1",
  "240.0.0.1",
  "::1",
  "::",
  "fe80::1",
  "fc00::1",
  "fd12::1",
  "ff02::1",
  "::ffff:127.0.0.1",
  "::ffff:10.0.0.1",
  "64:ff9b::7f00:1",
  "64:ff9b::a00:1",
  "::7f00:1",
  "::127.0.0.1",
  "64:ff9b:1::7f00:1",
  "4000::1",
  "e000::1",
  "2002:7f00:1::",
  "2002:a00:1::",
  "2001:db8::1",
  "fe80::1%eth0",
  "nonsense",
  "",
];
for (const address of notPublic)
  test(`${address || "nothing"} is not public`, async () => {
    assert.equal(isPublicAddress(address), false);
    assert.equal((await guard.host(address)).kind, "refused");
  });
for (const address of ["9.9.9.9", "2620:fe::fe", "64:ff9b::909:909", "::ffff:9.9.9.9"])
  test(`${address} is public`, () => assert.equal(isPublicAddress(address), true));

test("names lead where they lead, once", async () => {
  assert.deepEqual(await guard.host("One.Example."), { kind: "ok", host: "one.example", addresses: ["9.9.9.9"] });
  for (const [name, what] of [
    ["loop.example", "private"],
    ["mixed.example", "private"],
    ["metadata.example", "private"],
    ["missing.example", "dns"],
    ["localhost", "private"],
    ["printer", "private"],
    ["a.local", "private"],
    ["2130706433", "private"],
    ["0x7f000001", "private"],
    ["bad name", "name"],
    ["a..b", "name"],
    ["127.1", "dns"],
  ] as const) {
    const found = await guard.host(name);
    assert.equal(found.kind, "refused", name);
    if (found.kind === "refused") assert.equal(found.what, what, name);
  }
});

test("URLs: the schemes that are asked for, no credentials, the same hosts", async () => {
  const ok = await guard.url("https://one.example:8443/path?x=1", ["https:"]);
  assert.equal(ok.kind, "ok");
  assert.equal(ok.url?.port, "8443");
  for (const url of [
    "http://one.example/",
    "https://user:pw@one.example/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::127.0.0.1]/",
    "https://localhost./",
    "https://127。0。0。1/",
    "https://127.0.0.1\\@one.example/",
    "https://loop.example/",
    "file:///etc/passwd",
    "gopher://one.example/",
    "one.example",
    `https://one.example/${"a".repeat(3000)}`,
  ])
    assert.equal((await guard.url(url, ["https:"])).kind, "refused", url);
});

test("an administrator may allow networks, or all", async () => {
  const some = makeGuard(resolver, { privateAddresses: false, allow: networks(["10.0.0.0/8"]) });
  assert.equal((await some.host("mixed.example")).kind, "ok");
  assert.equal((await some.host("loop.example")).kind, "refused");
  const all = makeGuard(resolver, { privateAddresses: true });
  assert.equal((await all.host("loop.example")).kind, "ok");
  assert.equal((await all.host("127.0.0.1")).kind, "ok");
});
