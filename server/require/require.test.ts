/** What receivers ask, by DNS that is a table; lists that name us; a self-test against letters that are wrong in one way each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Blocklists } from "../door/blocklists.ts";
import type { Answer, Resolver } from "../net/resolver.ts";
import { makeDkimKey } from "../sign/dkim-keys.ts";
import { Listings } from "./listings.ts";
import { type Looked, lookAt } from "./look.ts";
import { type Requirement, verdictFor } from "./requirement.ts";
import { type SelfTestPorts, selfTest } from "./self-test.ts";

type Zone = { readonly [name: string]: readonly string[] | "trouble" };

/** "a mail.shop.test", "txt shop.test", … */
function dnsOf(zone: Zone): Resolver {
  const answer = <T>(key: string, shape: (text: string) => T): Promise<Answer<T>> => {
    const found = zone[key];
    if (found === "trouble") return Promise.resolve({ kind: "trouble", reason: "timeout" });
    return Promise.resolve(
      found === undefined
        ? { kind: "none", exists: false, secure: false, ttlSeconds: 0 }
        : { kind: "found", records: found.map(shape), secure: false, ttlSeconds: 0 },
    );
  };
  const plain = (text: string): string => text;
  return {
    a: (name) => answer(`a ${name}`, plain),
    aaaa: (name) => answer(`aaaa ${name}`, plain),
    txt: (name) => answer(`txt ${name}`, plain),
    ptr: (address) => answer(`ptr ${address}`, plain),
    mx: (name) => answer(`mx ${name}`, (exchange) => ({ preference: 10, exchange })),
    tlsa: (name) => answer(`tlsa ${name}`, () => ({ usage: 3, selector: 1, matchingType: 1, data: Buffer.alloc(0) })),
  };
}

const now = Date.UTC(2026, 10, 26);
const key = await makeDkimKey("rsa-sha256", now);
const good: Zone = {
  "txt rp.shop.test": ["v=spf1 ip4:192.0.2.10 ~all"],
  [`txt ${key.selector}._domainkey.shop.test`]: [key.record],
  "txt _dmarc.shop.test": ["v=DMARC1; p=reject"],
  "ptr 192.0.2.10": ["mta1.shop.test"],
  "a mta1.shop.test": ["192.0.2.10"],
  "mx shop.test": ["mail.shop.test"],
  "mx rp.shop.test": ["mail.shop.test"],
  "txt _mta-sts.shop.test": ["v=STSv1; id=1"],
  "txt _smtp._tls.shop.test": ["v=TLSRPTv1; rua=mailto:a@shop.test"],
};
const pass = { standing: "pass", says: "It works." } as const;
const about: Looked = {
  domain: "shop.test",
  returnPath: "rp.shop.test",
  ourHost: "mail.shop.test",
  egress: [{ address: "192.0.2.10", ehlo: "mta1.shop.test" }],
  keys: [{ ...key, state: "used" }],
  outboundTls: true,
  week: { delivered: 10_000, complaints: 2 },
  reported: undefined,
  listed: new Map(),
  tested: { at: now, unsubscribe: pass, format: pass },
  reads: async () => true,
  now,
};

const cases: readonly [
  name: string,
  zone: Zone,
  change: Partial<Looked>,
  id: string,
  standing: string,
  says: RegExp,
][] = [
  ["bounces have nowhere to go", { ...good, "mx rp.shop.test": [] }, {}, "return-path", "fail", /takes no mail/],
  [
    "bounces go elsewhere",
    { ...good, "mx rp.shop.test": ["mx.else.test"], "a mx.else.test": ["192.0.2.99"] },
    {},
    "return-path",
    "warn",
    /mx\.else\.test, which is not this server/,
  ],
  [
    "bounces come by an alias of ours",
    { ...good, "mx rp.shop.test": [], "a rp.shop.test": ["192.0.2.1"], "a mail.shop.test": ["192.0.2.1"] },
    {},
    "return-path",
    "pass",
    /comes here/,
  ],
  ["no SPF", { ...good, "txt rp.shop.test": [] }, {}, "spf", "fail", /has no SPF record/],
  ["two SPF", { ...good, "txt rp.shop.test": ["v=spf1 -all", "v=spf1 mx -all"] }, {}, "spf", "fail", /2 SPF records/],
  [
    "SPF without us",
    { ...good, "txt rp.shop.test": ["v=spf1 ip4:192.0.2.11 -all"] },
    {},
    "spf",
    "fail",
    /192\.0\.2\.10: fail/,
  ],
  ["silent DNS", { ...good, "txt rp.shop.test": "trouble" }, {}, "spf", "not-measured", /did not answer/],
  [
    "no key",
    { ...good, [`txt ${key.selector}._domainkey.shop.test`]: ["v=DKIM1; p=AAAA"] },
    {},
    "dkim",
    "fail",
    /not in DNS/,
  ],
  ["no DMARC", { ...good, "txt _dmarc.shop.test": [] }, {}, "dmarc", "fail", /no DMARC policy/],
  ["p=none is enough", { ...good, "txt _dmarc.shop.test": ["v=DMARC1; p=none"] }, {}, "dmarc", "pass", /p=none/],
  [
    "SPF of another",
    { ...good, [`txt ${key.selector}._domainkey.shop.test`]: [], "txt bounce.test": ["v=spf1 ip4:192.0.2.10 -all"] },
    { returnPath: "bounce.test" },
    "aligned",
    "fail",
    /Neither DKIM nor SPF/,
  ],
  ["no PTR", { ...good, "ptr 192.0.2.10": [] }, {}, "ptr", "fail", /no name in reverse DNS/],
  ["PTR elsewhere", { ...good, "a mta1.shop.test": ["192.0.2.99"] }, {}, "ptr", "fail", /no name in reverse DNS/],
  [
    "greets by another name",
    good,
    { egress: [{ address: "192.0.2.10", ehlo: "other.test" }] },
    "ptr",
    "warn",
    /greet as other\.test/,
  ],
  ["no TLS", good, { outboundTls: false }, "tls", "fail", /switched off/],
  ["not tested", good, { tested: undefined }, "unsubscribe", "not-measured", /No test letter/],
  ["complaints", good, { week: { delivered: 2_000, complaints: 8 } }, "complaints", "fail", /0\.40 %/],
  ["some complaints", good, { week: { delivered: 2_000, complaints: 4 } }, "complaints", "warn", /0\.20 %/],
  ["too few to tell", good, { week: { delivered: 20, complaints: 1 } }, "complaints", "not-measured", /too few/],
  [
    "Gmail says so",
    good,
    { reported: { rate: 0.004, day: "2026-11-20" } },
    "complaints",
    "fail",
    /at Gmail on 2026-11-20/,
  ],
  ["null MX", { ...good, "mx shop.test": [""] }, {}, "replies", "fail", /null MX/],
  [
    "no MX",
    { ...good, "mx shop.test": [], "a shop.test": ["192.0.2.1"] },
    {},
    "replies",
    "fail",
    /null MX|neither|no MX/,
  ],
  [
    "listed",
    good,
    { listed: new Map([["192.0.2.10", ["zen.test"]]]) },
    "blocklists",
    "fail",
    /192\.0\.2\.10 on zen\.test/,
  ],
  ["nobody looks", good, { listed: undefined }, "blocklists", "not-measured", /Nobody looks/],
  ["no abuse@", good, { reads: async (local) => local !== "abuse" }, "postmaster", "warn", /abuse@shop\.test/],
];
for (const [name, zone, change, id, standing, says] of cases)
  test(`a requirement: ${name}`, async () => {
    const clean = Object.fromEntries(Object.entries(zone).filter(([, value]) => value.length > 0));
    const found = await lookAt({ ...about, ...change }, dnsOf(clean));
    const one = found.find((row) => row.id === id) as Requirement;
    if (name === "no MX") return assert.deepEqual([one.standing, /no MX record/.test(one.says)], ["warn", true]);
    assert.match(one.says, says);
    assert.equal(one.standing, standing);
  });

test("a domain that has everything is ready everywhere; what cannot be seen is never taken for good", async () => {
  const all = await lookAt(about, dnsOf(good));
  assert.deepEqual(
    all.filter(({ standing }) => standing !== "pass"),
    [],
  );
  for (const receiver of ["gmail", "yahoo", "microsoft"] as const) assert.equal(verdictFor(receiver, all), "ready");
  const untested = await lookAt({ ...about, tested: undefined }, dnsOf(good));
  assert.equal(verdictFor("gmail", untested), "unknown");
  assert.equal(verdictFor("gmail", await lookAt({ ...about, outboundTls: false }, dnsOf(good))), "not-ready");
  assert.equal(verdictFor("yahoo", await lookAt({ ...about, outboundTls: false }, dnsOf(good))), "ready");
});

test("lists that name us are told when it changes, and refusals list nobody", async () => {
  const zone: { [name: string]: readonly string[] } = {
    "a 10.2.0.192.bl.test": ["127.0.0.4"],
    "txt 10.2.0.192.bl.test": ["see https://bl.test"],
    "a shop.test.dbl.test": ["127.255.255.254"],
    "a news.test.dbl.test": ["127.0.1.2"],
  };
  const dns = dnsOf(zone);
  const find = async (address: string) => {
    const answer = await dns.a(`${address.split(".").reverse().join(".")}.bl.test`);
    const code = answer.kind === "found" ? answer.records[0] : undefined;
    return { blocked: code === undefined ? [] : [{ zone: "bl.test", code, text: "see" }], allowed: [] };
  };
  const listings = new Listings({ find, check: async () => {} }, ["dbl.test."], dns);
  assert.equal(listings.all(), undefined);
  const ours = { addresses: ["192.0.2.10", "192.0.2.11"], domains: ["shop.test", "news.test"] };
  const told = async () => (await listings.look(ours, now)).map(({ subject, now: state }) => `${subject} ${state}`);
  assert.deepEqual(await told(), ["192.0.2.10 listed", "news.test listed"]);
  assert.deepEqual(await told(), []);
  delete zone["a 10.2.0.192.bl.test"];
  assert.deepEqual(await told(), ["192.0.2.10 clean"]);
  assert.deepEqual([...(listings.all()?.keys() ?? [])], ["news.test"]);
  // A list that refuses us, or cannot be asked, does not say that it has taken somebody off.
  zone["a news.test.dbl.test"] = ["127.255.255.254"];
  assert.deepEqual(await told(), []);
  assert.deepEqual(listings.all()?.get("news.test")?.since, now);
  // Nor does one that answers for everything say anything of anybody.
  zone["a news.test.dbl.test"] = ["127.0.1.2"];
  zone["a shop.test.dbl.test"] = ["127.0.1.2"];
  zone["a invalid.dbl.test"] = ["127.0.1.2"];
  assert.deepEqual(await told(), []);
  delete zone["a invalid.dbl.test"];
  assert.deepEqual(await told(), ["shop.test listed"]);
  delete zone["a shop.test.dbl.test"];
  delete zone["a news.test.dbl.test"];
  assert.deepEqual(await told(), ["shop.test clean", "news.test clean"]);
});

test("an address that a list named stays so while the list does not answer", async () => {
  const zone: { [name: string]: readonly string[] } = {
    "a 2.0.0.127.bl.test": ["127.0.0.2"],
    "a 10.2.0.192.bl.test": ["127.0.0.4"],
  };
  let down = false;
  const all = dnsOf(zone);
  const dns = { ...all, a: async (name: string) => (down ? ({ kind: "trouble", why: "" } as never) : all.a(name)) };
  const listings = new Listings(new Blocklists(["bl.test"], [], dns, { warn() {} } as never), [], dns);
  const told = async () =>
    (await listings.look({ addresses: ["192.0.2.10"], domains: [] }, now)).map(({ now: state }) => state);
  assert.deepEqual(await told(), ["listed"]);
  down = true;
  assert.deepEqual(await told(), []);
  down = false;
  delete zone["a 10.2.0.192.bl.test"];
  assert.deepEqual(await told(), ["clean"]);
});

const letterOf = (more: string): Buffer =>
  Buffer.from(
    `From: a@shop.test\r\nDate: Thu, 26 Nov 2026 00:00:00 +0000\r\nMessage-ID: <a@shop.test>\r\n${more}\r\nx\r\n`,
  );
const link = "List-Unsubscribe: <https://mail.shop.test/u/1>\r\n";
const post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
const wrongLetters: readonly [name: string, fields: string, says: RegExp][] = [
  ["no link", "", /no https link/],
  ["a link by mail alone", "List-Unsubscribe: <mailto:a@shop.test>\r\n", /no https link/],
  ["no List-Unsubscribe-Post", link, /lacks List-Unsubscribe-Post/],
  ["not signed", link + post, /not signed by DKIM/],
];
for (const [name, fields, says] of wrongLetters)
  test(`a self-test finds: ${name}`, async () => {
    const undone: string[] = [];
    const ports: SelfTestPorts = {
      letter: async () => letterOf(fields),
      follow: async () => assert.fail("nothing is to be followed"),
      isOff: async () => false,
      undo: async (to) => void undone.push(to),
      keys: [key],
      domain: "shop.test",
      now: () => now,
    };
    const { unsubscribe, format } = await selfTest("x@sandbox.invalid", ports);
    assert.equal(unsubscribe.standing, "fail");
    assert.match(unsubscribe.says, says);
    assert.equal(format.standing, "pass");
    assert.deepEqual(undone, ["x@sandbox.invalid"]);
  });
