import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../net/resolver.ts";
import { remoteNameOf } from "./remote-name.ts";

const found = (...records: readonly string[]): Answer<string> => ({
  kind: "found",
  records,
  secure: false,
  ttlSeconds: 60,
});
const none: Answer<string> = { kind: "none", exists: false, secure: false, ttlSeconds: 60 };

/** DNS as a table: "ptr 192.0.2.1" → names. */
function dns(table: { readonly [question: string]: Answer<string> }) {
  const asked = (type: string) => async (name: string) => table[`${type} ${name}`] ?? none;
  return { ptr: asked("ptr"), a: asked("a"), aaaa: asked("aaaa") };
}

const cases: readonly [
  name: string,
  address: string,
  table: { readonly [question: string]: Answer<string> },
  expected: string | undefined,
][] = [
  [
    "a name that points back",
    "192.0.2.1",
    { "ptr 192.0.2.1": found("mx.b.test"), "a mx.b.test": found("192.0.2.9", "192.0.2.1") },
    "mx.b.test",
  ],
  [
    "the second of two",
    "192.0.2.1",
    { "ptr 192.0.2.1": found("x.b.test", "mx.b.test"), "a mx.b.test": found("192.0.2.1") },
    "mx.b.test",
  ],
  [
    "IPv6",
    "2001:db8::1",
    { "ptr 2001:db8::1": found("mx.b.test"), "aaaa mx.b.test": found("2001:db8::1") },
    "mx.b.test",
  ],
  [
    "a name that points elsewhere",
    "192.0.2.1",
    { "ptr 192.0.2.1": found("mx.b.test"), "a mx.b.test": found("192.0.2.9") },
    undefined,
  ],
  ["no name", "192.0.2.1", {}, undefined],
  ["DNS trouble", "192.0.2.1", { "ptr 192.0.2.1": { kind: "trouble", reason: "timeout" } }, undefined],
  [
    "a name that is none",
    "192.0.2.1",
    { "ptr 192.0.2.1": found("a b\r\nX: y"), "a a b\r\nX: y": found("192.0.2.1") },
    undefined,
  ],
  ["a literal", "192.0.2.1", { "ptr 192.0.2.1": found("[192.0.2.1]"), "a [192.0.2.1]": found("192.0.2.1") }, undefined],
  [
    "the fourth of many",
    "192.0.2.1",
    { "ptr 192.0.2.1": found("a.t", "b.t", "c.t", "d.t"), "a d.t": found("192.0.2.1") },
    undefined,
  ],
  ["ourselves", "127.0.0.1", { "ptr 127.0.0.1": found("mx.b.test"), "a mx.b.test": found("127.0.0.1") }, undefined],
];
for (const [name, address, table, expected] of cases)
  test(name, async () => {
    assert.equal(await remoteNameOf(address, dns(table)), expected);
  });
