/** Each record wrong in each way: the sentence says what to do. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { quiet } from "../base/log.ts";
import { fileResolver } from "../net/dns-file.ts";
import { checkRecords } from "./dns-check.ts";
import { type SendingDns, type WantedRecord, wantedRecords } from "./dns-wanted.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const host = "mail.here.test";
const key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA";
const wanted: { readonly [id: string]: readonly [name: string, type: WantedRecord["type"], value: string] } = {
  mx: ["d.test", "MX", `10 ${host}.`],
  spf: ["d.test", "TXT", "v=spf1 mx ~all"],
  "dkim:r1": ["r1._domainkey.d.test", "TXT", `v=DKIM1; k=rsa; h=sha256; p=${key}`],
  dmarc: ["_dmarc.d.test", "TXT", "v=DMARC1; p=none; rua=mailto:dmarc-reports@d.test"],
  "mta-sts": ["_mta-sts.d.test", "TXT", "v=STSv1; id=abc"],
  "return-path": ["rp.d.test", "MX", `10 ${host}.`],
  "return-path-spf": ["rp.d.test", "TXT", "v=spf1 ip4:192.0.2.10 ip6:2001:db8::10 ~all"],
  a: [host, "A", ""],
  "ptr:192.0.2.7": ["7.2.0.192.in-addr.arpa", "PTR", `${host}.`],
  bimi: ["default._bimi.d.test", "TXT", ""],
  "tls-rpt": ["_smtp._tls.d.test", "TXT", "v=TLSRPTv1; rua=mailto:tls-reports@d.test"],
};
const senders: { readonly [id: string]: readonly string[] } = { "return-path-spf": ["192.0.2.10", "2001:db8::10"] };
const includes = Array.from({ length: 11 }, (_, i) => `include:i${i}.test`).join(" ");

const cases: readonly (readonly [id: string, there: readonly string[], state: string, problem: RegExp])[] = [
  ["mx", [`10 ${host}`], "good", /^$/],
  ["mx", [`10 ${host}`, "20 backup.test"], "good", /^$/],
  ["mx", ["10 other.test", `20 ${host}`], "other", /goes to other\.test first/],
  ["mx", ["10 other.test"], "wrong", /not to mail\.here\.test/],
  ["mx", ["0 ."], "wrong", /takes no mail at all/],
  ["spf", ["v=spf1 mx ~all"], "good", /^$/],
  ["spf", ["v=spf1 a:mail.here.test -all"], "other", /^$/],
  ["spf", ["v=spf1 include:all.test -all"], "other", /^$/],
  ["spf", ["v=spf1 include:none.test -all"], "wrong", /does not let mail\.here\.test \(192\.0\.2\.7\) send: add mx/],
  ["spf", ["v=spf1 -all"], "wrong", /add mx/],
  ["spf", ["v=spf1 mxx -all"], "wrong", /cannot be read: .*mxx/],
  ["spf", ["v=spf1 +all"], "wrong", /whole world/],
  ["spf", [`v=spf1 ${includes} mx -all`], "wrong", /receivers give up on it/],
  ["spf", ["v=spf1 mx -all", "v=spf1 a -all"], "wrong", /There are 2/],
  ["dkim:r1", [`v=DKIM1; p=${key}`], "good", /^$/],
  ["dkim:r1", ["v=DKIM1; p="], "wrong", /withdrawn/],
  ["dkim:r1", [`v=DKIM1; k=rsa; p=${key.slice(0, 20)}`], "wrong", /cut off/],
  ["dkim:r1", ["v=DKIM1; k=rsa; p=AAAA"], "wrong", /another key/],
  ["dkim:r1", [`v=DKIM1; p=${key}`, "v=DKIM1; p=AAAA"], "wrong", /There are 2/],
  ["dmarc", ["v=DMARC1; p=reject; rua=mailto:me@d.test"], "other", /^$/],
  ["dmarc", ["v=DMARC1; p=reject"], "other", /add rua=mailto:dmarc-reports@d\.test/],
  ["dmarc", ["v=DMARC1; rua=mailto:me@d.test"], "wrong", /no policy/],
  ["dmarc", ["p=none; v=DMARC1"], "wrong", /begins with v=DMARC1/],
  ["mta-sts", ["v=STSv1; id=other"], "wrong", /others keep the old one/],
  ["return-path", [`10 ${host}`], "good", /^$/],
  ["return-path-spf", ["v=spf1 ip6:2001:db8::10 ip4:192.0.2.10 -all"], "other", /^$/],
  ["return-path-spf", ["v=spf1 mx -all"], "wrong", /does not let us send from 192\.0\.2\.10: add ip4:192\.0\.2\.10\.$/],
  ["return-path-spf", ["v=spf1 ip4:192.0.2.10 -all"], "wrong", /add ip6:2001:db8::10\.$/],
  ["a", ["192.0.2.7"], "good", /^$/],
  ["a", [], "missing", /private addresses alone/],
  ["ptr:192.0.2.7", [`${host}`], "good", /^$/],
  ["ptr:192.0.2.7", ["dsl-7.provider.test"], "wrong", /It is dsl-7\.provider\.test\., not mail\.here\.test/],
  ["ptr:192.0.2.7", [], "missing", /not there/],
  ["bimi", [], "missing", /not there/],
  ["bimi", ["v=BIMI1; l=https://d.test/logo.svg; a="], "other", /^$/],
  ["tls-rpt", ["v=TLSRPTv1"], "wrong", /rua=mailto/],
  ["tls-rpt", ["v=TLSRPTv1; rua=https://reports.test/"], "other", /^$/],
];

for (const [id, there, state, problem] of cases)
  test(`${id}: ${there.join(" | ").slice(0, 70)}`, async () => {
    const [name, type, value] = wanted[id]!;
    const file = join(folder, "zone.json");
    const zone: { [name: string]: { [type: string]: readonly string[] } } = {
      [host]: { A: ["192.0.2.7"] },
      "all.test": { TXT: ["v=spf1 ip4:192.0.2.0/24 -all"] },
      "none.test": { TXT: ["v=spf1 ip4:203.0.113.9 -all"] },
    };
    for (let i = 0; i < 11; i++) zone[`i${i}.test`] = { TXT: ["v=spf1 -all"] };
    zone[name] = { ...(name === "d.test" ? { MX: [`10 ${host}`] } : {}), ...zone[name], [type]: there };
    writeFileSync(file, JSON.stringify(zone));
    const resolver = fileResolver(file, { monotonic: () => 0, log: quiet });
    assert.ok(!("mistakes" in resolver), JSON.stringify(resolver));
    const more = senders[id] === undefined ? {} : { senders: senders[id] };
    const record: WantedRecord = { id, name, type, value, label: id, need: "must", why: "", breaks: "", ...more };
    const [found] = await checkRecords([record], host, resolver);
    assert.ok(found !== undefined);
    assert.equal(found.state, state, found.problem);
    assert.match(found.problem, problem);
  });

test("a return path that is an alias of ours gets its mail without an MX record", async () => {
  const file = join(folder, "alias.json");
  writeFileSync(file, JSON.stringify({ [host]: { A: ["192.0.2.7"] }, "rp.d.test": { CNAME: [host] } }));
  const resolver = fileResolver(file, { monotonic: () => 0, log: quiet });
  assert.ok(!("mistakes" in resolver));
  const [name, type, value] = wanted["return-path"]!;
  const record: WantedRecord = { id: "return-path", name, type, value, label: "", need: "must", why: "", breaks: "" };
  assert.equal((await checkRecords([record], host, resolver))[0]?.state, "other");
});

test("what is sent in bulk has records of its own: the return path, its SPF by the addresses it leaves from, the host of counted links", () => {
  const domain = { name: "d.test", kind: "local", settings: {} } as const;
  const about = { domain, hostname: host, keys: [], tlsa: [], addresses: [] };
  const of = (sending: SendingDns | undefined): readonly string[] =>
    wantedRecords({ ...about, sending })
      .filter(({ id }) => id === "spf" || id === "tracking" || id.startsWith("return-path"))
      .map(({ id, need, name, type, value }) => `${id} ${need}: ${name} ${type} ${value}`);
  assert.deepEqual(of(undefined), [
    "spf must: d.test TXT v=spf1 mx ~all",
    `return-path may: bounces.d.test CNAME ${host}.`,
  ]);
  const bulk = ["192.0.2.10"];
  assert.deepEqual(of({ returnPath: "rp.d.test", trackingHost: "links.d.test", own: [], bulk }), [
    "spf must: d.test TXT v=spf1 mx ~all",
    `return-path must: rp.d.test MX 10 ${host}.`,
    "return-path-spf must: rp.d.test TXT v=spf1 ip4:192.0.2.10 ~all",
    `tracking must: links.d.test CNAME ${host}.`,
  ]);
  // Without a return path its mail bears the domain itself.
  assert.deepEqual(
    of({ returnPath: "", trackingHost: "", own: [], bulk })[0],
    "spf must: d.test TXT v=spf1 mx ip4:192.0.2.10 ~all",
  );
});
