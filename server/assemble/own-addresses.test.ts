import assert from "node:assert/strict";
import test from "node:test";
import { ownAddresses } from "./own-addresses.ts";

const machine = ["127.0.0.1", "192.0.2.1", "::1", "2001:db8::1"];
const cases: readonly [
  name: string,
  listen: readonly [address: string, port: number][],
  expected: readonly string[],
][] = [
  ["nothing listens", [], []],
  ["another port is somebody else", [["0.0.0.0", 2525]], []],
  ["one address", [["192.0.2.1", 25]], ["192.0.2.1"]],
  ["all of IPv4", [["0.0.0.0", 25]], ["127.0.0.1", "192.0.2.1"]],
  [
    "everywhere",
    [
      ["::", 25],
      ["127.0.0.1", 25],
    ],
    machine,
  ],
];
for (const [name, listen, expected] of cases)
  test(name, () => {
    const addresses = listen.map(([address, port]) => ({ address, port }));
    assert.deepEqual(ownAddresses(addresses, 25, machine), expected);
  });
