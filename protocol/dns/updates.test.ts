import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "dns-packet";
import { type RecordChange, writeUpdates } from "./update.ts";

const key = { name: "key.test", algorithm: "hmac-sha256", secret: Buffer.from("secret") } as const;
const zone = "example.test";

test("records of every type, put and taken away in one message, as another codec reads them", () => {
  const changes: readonly RecordChange[] = [
    { action: "add", name: zone, type: "MX", value: "10 mail.example.test.", ttlSeconds: 300 },
    { action: "add", name: zone, type: "TXT", value: "v=spf1 mx ~all", ttlSeconds: 300 },
    { action: "add", name: `k._domainkey.${zone}`, type: "TXT", value: "p".repeat(600), ttlSeconds: 300 },
    { action: "add", name: `autoconfig.${zone}`, type: "CNAME", value: "mail.example.test.", ttlSeconds: 60 },
    { action: "add", name: `_imaps._tcp.${zone}`, type: "SRV", value: "0 1 993 mail.example.test.", ttlSeconds: 60 },
    { action: "add", name: `_25._tcp.mail.${zone}`, type: "TLSA", value: "3 1 1 00ff10", ttlSeconds: 60 },
    { action: "add", name: `mail.${zone}`, type: "A", value: "192.0.2.7", ttlSeconds: 60 },
    { action: "add", name: `mail.${zone}`, type: "AAAA", value: "2001:db8::7", ttlSeconds: 60 },
    { action: "add", name: "7.2.0.192.in-addr.arpa", type: "PTR", value: `mail.${zone}.`, ttlSeconds: 60 },
    { action: "delete", name: zone, type: "MX", value: "5 old.example.test.", ttlSeconds: 0 },
  ];
  // biome-ignore lint/suspicious/noExplicitAny: the codec's types know no updates.
  const packet = decode(writeUpdates({ id: 77, zone, changes }, key, 1_700_000_000)) as any;
  assert.equal(packet.id, 77);
  assert.deepEqual([packet.questions[0].name, packet.questions[0].type], [zone, "SOA"]);
  const [mx, spf, dkim, cname, srv, tlsa, a, aaaa, ptr, gone] = packet.authorities;
  assert.deepEqual(
    [mx.name, mx.type, mx.ttl, mx.data.preference, mx.data.exchange],
    [zone, "MX", 300, 10, "mail.example.test"],
  );
  assert.equal(spf.data[0].toString(), "v=spf1 mx ~all");
  assert.deepEqual(
    dkim.data.map((part: Buffer) => part.length),
    [255, 255, 90],
  );
  assert.deepEqual([a.data, aaaa.data, ptr.data], ["192.0.2.7", "2001:db8::7", `mail.${zone}`]);
  assert.equal(cname.data, "mail.example.test");
  assert.deepEqual(
    [srv.data.priority, srv.data.weight, srv.data.port, srv.data.target],
    [0, 1, 993, "mail.example.test"],
  );
  assert.deepEqual(
    [tlsa.data.usage, tlsa.data.selector, tlsa.data.matchingType, tlsa.data.certificate.toString("hex")],
    [3, 1, 1, "00ff10"],
  );
  assert.equal(gone.ttl, 0);
  assert.equal(packet.additionals.at(-1).name, "key.test");
});

test("a value that is none of its type is refused", () => {
  const change = { action: "add", name: zone, type: "MX", value: "ten mail.test", ttlSeconds: 1 } as const;
  assert.throws(() => writeUpdates({ id: 1, zone, changes: [change] }, key, 1), /is no MX record/);
});
