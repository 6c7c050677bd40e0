import assert from "node:assert/strict";
import test from "node:test";
import { reply, replyText } from "../../protocol/smtp/reply.ts";
import type { Answer, Mx, Resolver } from "../net/resolver.ts";
import type { Domain } from "../store/store.ts";
import { classify } from "./classify.ts";
import { defaultMxSettings, type Lookup, lookUpMx } from "./mx.ts";
import { parseRoutes, parseTarget, plainRouting, type Routing, route, routeMistakeWords } from "./route.ts";
import { siteOf } from "./site.ts";

// ---------------------------------------------------------------- routes

const relayed: Domain = { name: "split.test", kind: "relay", settings: { relayTo: "smtp:inner.test:2525" } };
const backup: Domain = { name: "backup.test", kind: "relay", settings: {} };
const wrong: Domain = { name: "wrong.test", kind: "relay", settings: { relayTo: "nowhere" } };

test("routes", () => {
  const { routes, mistakes } = parseRoutes([
    { domain: "a.test", to: "smtp:one.test:26", tls: "required" },
    { domain: ".sub.test", to: "lmtp:[::1]:24" },
    { sender: "boss@x.test", domain: "b.test", to: "smtps:two.test", user: "u", password: "p" },
    { sender: "@x.test", to: "smtp:three.test" },
    { sender: "<>", to: "mx:bounces.test" },
    { domain: "split2.test", to: "mx" },
    { domain: ".partner.test", to: "mx", tls: "verified" },
    { to: "smtp:smart.test:587", tls: "verified", user: "me", password: "pw" },
  ]);
  assert.deepEqual(mistakes, []);
  const routing: Routing = { ...plainRouting, routes };
  const cases: readonly [domain: string, sender: string, relay: Domain | undefined, expected: string][] = [
    ["a.test", "q@q.test", undefined, "smtp one.test:26 required"],
    ["sub.test", "q@q.test", undefined, "lmtp ::1:24 opportunistic"],
    ["x.sub.test", "q@q.test", undefined, "lmtp ::1:24 opportunistic"],
    ["xsub.test", "q@q.test", undefined, "smtp smart.test:587 verified me"],
    ["b.test", "BOSS@x.test", undefined, "smtp two.test:465 implicit u"],
    ["b.test", "other@x.test", undefined, "smtp three.test:25 opportunistic"],
    ["c.test", "", undefined, "mx bounces.test opportunistic"],
    ["split2.test", "q@q.test", undefined, "mx split2.test opportunistic"],
    ["x.partner.test", "q@q.test", undefined, "mx x.partner.test verified"],
    ["split.test", "q@q.test", relayed, "smtp inner.test:2525 opportunistic"],
    ["backup.test", "q@q.test", backup, "smtp smart.test:587 verified me"],
    ["wrong.test", "q@q.test", wrong, 'broken the domain\'s relayTo "nowhere" is no route'],
    ["else.test", "q@q.test", undefined, "smtp smart.test:587 verified me"],
  ];
  const show = (domain: string, sender: string, relay: Domain | undefined, how: Routing): string => {
    const target = route(domain, sender, how, relay);
    if (target.kind === "broken") return `broken ${target.why}`;
    if (target.kind === "mx") return `mx ${target.domain} ${target.tls}`;
    const { protocol, host, port, tls, auth } = target;
    return `${protocol} ${host}:${port} ${tls}${auth === undefined ? "" : ` ${auth.user}`}`;
  };
  for (const [domain, sender, relay, expected] of cases)
    assert.equal(show(domain, sender, relay, routing), expected, `${sender} to ${domain}`);
  assert.equal(show("backup.test", "a@b.test", backup, plainRouting), "mx backup.test opportunistic");
  const dev = {
    ...routing,
    deliverTo: { kind: "host", protocol: "smtp", host: "sink", port: 1, tls: "never", auth: undefined },
  } as const;
  assert.equal(show("a.test", "q@q.test", relayed, dev), "smtp sink:1 never");
});

test("mistakes in routes are sentences, all of them", () => {
  const { routes, mistakes } = parseRoutes([
    { to: "x" },
    5,
    { domain: "a b", sender: "nobody", to: "smtp:h:99999", tls: "much", user: "u", cleartextAuth: 1, foo: 2 },
    { domain: "a.test", to: "mx", user: "u", password: "p", tls: "implicit" },
    { domain: "ok.test", to: "mx" },
  ]);
  assert.equal(routes.length, 1);
  const told = mistakes.map(routeMistakeWords);
  assert.equal(told.length, 11, told.join("\n"));
  for (const sentence of told) assert.match(sentence, /^Route [1-4]: .*\.$/);
  assert.deepEqual(
    mistakes.map(({ index, field }) => `${index} ${field}`),
    "0 to,1 undefined,2 foo,2 domain,2 sender,2 tls,2 to,2 password,2 cleartextAuth,3 user,3 tls".split(","),
  );
  assert.deepEqual(parseRoutes({}).mistakes.map(routeMistakeWords), ['"routes" must be a list.']);
  assert.deepEqual(parseRoutes(undefined), { routes: [], mistakes: [] });
  for (const bad of [
    "smtp:",
    "smtp:a:0",
    "smtp:a:b",
    "http:a:1",
    "mx:",
    "smtp:a b:1",
    "mx:a_b!",
    "mx:.a",
    "smtp:a..b",
    "lmtp:@a",
    "",
  ])
    assert.equal(parseTarget(bad), undefined, bad);
});

// ---------------------------------------------------------------- MX

type Zone = { readonly [question: string]: Answer<unknown> };
const found = (...records: unknown[]): Answer<unknown> => ({ kind: "found", records, secure: false, ttlSeconds: 100 });
const mx = (...hosts: [number, string][]): Answer<unknown> =>
  found(...hosts.map(([preference, exchange]): Mx => ({ preference, exchange })));
const nodata: Answer<unknown> = { kind: "none", exists: true, secure: false, ttlSeconds: 50 };
const nxdomain: Answer<unknown> = { kind: "none", exists: false, secure: false, ttlSeconds: 50 };
const servfail: Answer<unknown> = { kind: "trouble", reason: "servfail" };

function resolver(zone: Zone): Resolver {
  const ask = (type: string) => async (name: string) =>
    zone[`${type} ${name}`] ?? (Object.keys(zone).some((key) => key.endsWith(` ${name}`)) ? nodata : nxdomain);
  return {
    mx: ask("MX"),
    a: ask("A"),
    aaaa: ask("AAAA"),
    txt: ask("TXT"),
    tlsa: ask("TLSA"),
    ptr: ask("PTR"),
  } as Resolver;
}

const lookups: readonly [name: string, zone: Zone, expected: string, domain?: string][] = [
  [
    "by preference",
    { "MX d.test": mx([20, "b.test"], [10, "a.test"]), "A a.test": found("192.0.2.1"), "A b.test": found("192.0.2.2") },
    "a.test 192.0.2.1; b.test 192.0.2.2",
  ],
  [
    "IPv4 and IPv6",
    { "MX d.test": mx([1, "a.test"]), "A a.test": found("192.0.2.1"), "AAAA a.test": found("2001:db8::1") },
    "a.test 192.0.2.1 2001:db8::1",
  ],
  ["no MX: the domain itself", { "A d.test": found("192.0.2.1") }, "d.test 192.0.2.1"],
  ["no MX, IPv6 only", { "AAAA d.test": found("2001:db8::1") }, "d.test 2001:db8::1"],
  [
    "null MX",
    { "MX d.test": mx([0, ""]), "A d.test": found("192.0.2.1") },
    "failed 556 5.1.10 Domain d.test does not take mail (null MX)",
  ],
  [
    "null MX beside others means nothing",
    { "MX d.test": mx([0, ""], [5, "a.test"]), "A a.test": found("192.0.2.1") },
    "a.test 192.0.2.1",
  ],
  ["no such domain", {}, "failed 550 5.1.2 Domain d.test does not exist"],
  ["neither MX nor address", { "TXT d.test": found("x") }, "failed 550 5.4.4 No address for d.test"],
  ["MX without an address", { "MX d.test": mx([1, "a.test"]) }, "failed 550 5.4.4 No address for a.test"],
  [
    "one MX without an address",
    { "MX d.test": mx([1, "a.test"], [2, "b.test"]), "A b.test": found("192.0.2.2") },
    "b.test 192.0.2.2",
  ],
  ["DNS in trouble", { "MX d.test": servfail }, "later 451 4.4.3 DNS lookup of d.test failed: servfail"],
  [
    "addresses in trouble",
    { "MX d.test": mx([1, "a.test"]), "A a.test": servfail },
    "later 451 4.4.3 DNS lookup of a.test failed: servfail",
  ],
  [
    "one address in trouble",
    { "MX d.test": mx([1, "a.test"], [2, "b.test"]), "A a.test": servfail, "A b.test": found("192.0.2.2") },
    "b.test 192.0.2.2",
  ],
  [
    "A in trouble, AAAA there",
    { "MX d.test": mx([1, "a.test"]), "A a.test": servfail, "AAAA a.test": found("2001:db8::1") },
    "a.test 2001:db8::1",
  ],
  [
    "we are the backup: only better ones",
    {
      "MX d.test": mx([10, "a.test"], [20, "us.test"], [20, "c.test"], [30, "b.test"]),
      "A a.test": found("192.0.2.1"),
      "A b.test": found("192.0.2.2"),
    },
    "a.test 192.0.2.1",
  ],
  [
    "we are the best",
    { "MX d.test": mx([10, "us.test"], [20, "b.test"]), "A b.test": found("192.0.2.2") },
    "failed 554 5.4.6 Mail for d.test loops back to this server",
  ],
  [
    "our address under another name",
    {
      "MX d.test": mx([10, "a.test"], [20, "alias.test"], [30, "b.test"]),
      "A a.test": found("192.0.2.1"),
      "A alias.test": found("192.0.2.99"),
      "A b.test": found("192.0.2.2"),
    },
    "a.test 192.0.2.1",
  ],
  [
    "our address first",
    { "MX d.test": mx([10, "alias.test"]), "A alias.test": found("192.0.2.99") },
    "failed 554 5.4.6 Mail for d.test loops back to this server",
  ],
  ["an address literal", {}, "192.0.2.7 192.0.2.7", "[192.0.2.7]"],
  ["an IPv6 literal", {}, "2001:db8::7 2001:db8::7", "[IPv6:2001:db8::7]"],
  ["our own literal", {}, "failed 554 5.4.6 Mail for [192.0.2.99] loops back to this server", "[192.0.2.99]"],
  [
    "hosts named twice",
    { "MX d.test": mx([10, "a.test"], [20, "a.test"]), "A a.test": found("192.0.2.1") },
    "a.test 192.0.2.1",
  ],
  [
    "too many hosts",
    {
      "MX d.test": mx(...Array.from({ length: 50 }, (_, at): [number, string] => [at, `h${at}.test`])),
      ...Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`A h${at}.test`, found("192.0.2.1")])),
    },
    Array.from({ length: 12 }, (_, at) => `h${at}.test 192.0.2.1`).join("; "),
  ],
];

// Addresses of documentation (RFC 5737) are nobody's.
const settings = { ...defaultMxSettings, privateAddresses: true };
for (const [name, zone, expected, domain] of lookups)
  test(`MX: ${name}`, async () => {
    const ask = {
      resolver: resolver(zone),
      ours: new Set(["us.test", "192.0.2.99"]),
      random: () => 0.5,
      settings,
    };
    assert.equal(show(await lookUpMx(domain ?? "d.test", ask)), expected);
  });

const closed = (address: string): string =>
  `failed 550 5.4.4 The mail hosts of d.test are at ${address}, an address of a private network, where mail by MX does not go ([send] privateAddresses)`;
const inside: readonly [name: string, zone: Zone, expected: string, domain?: string][] = [
  [
    "a host of a private network",
    { "MX d.test": mx([1, "a.test"]), "A a.test": found("10.0.0.1") },
    closed("10.0.0.1"),
  ],
  ["this machine", { "A d.test": found("127.0.0.1"), "AAAA d.test": found("::1") }, closed("127.0.0.1")],
  ["inside of IPv6", { "AAAA d.test": found("::ffff:10.0.0.1") }, closed("::ffff:10.0.0.1")],
  ["an address as MX", { "MX d.test": mx([1, "169.254.169.254"]) }, closed("169.254.169.254")],
  ["a literal", {}, closed("192.168.0.1").replace("d.test", "[192.168.0.1]"), "[192.168.0.1]"],
  [
    "beside others that may be reached",
    {
      "MX d.test": mx([1, "a.test"], [2, "b.test"]),
      "A a.test": found("10.0.0.1"),
      "A b.test": found("10.0.0.2", "1.2.3.4"),
    },
    "b.test 1.2.3.4",
  ],
];
for (const [name, zone, expected, domain] of inside)
  test(`MX into a private network: ${name}`, async () => {
    const ask = { resolver: resolver(zone), ours: new Set<string>(), random: () => 0.5, settings: defaultMxSettings };
    assert.equal(show(await lookUpMx(domain ?? "d.test", ask)), expected);
  });

function show(lookup: Lookup): string {
  if (lookup.kind !== "found") return `${lookup.kind} ${replyText(lookup.reply)}`;
  return lookup.hosts.map(({ name, addresses }) => [name, ...addresses].join(" ")).join("; ");
}

test("equals are shuffled", async () => {
  const zone = {
    "MX d.test": mx([1, "a.test"], [1, "b.test"], [2, "c.test"]),
    "A a.test": found("192.0.2.1"),
    "A b.test": found("192.0.2.2"),
    "A c.test": found("192.0.2.3"),
  };
  const firsts = new Set<string>();
  for (const lots of [
    [0.1, 0.9, 0.5],
    [0.9, 0.1, 0.0],
  ]) {
    let at = 0;
    const ask = {
      resolver: resolver(zone),
      ours: new Set<string>(),
      random: () => lots[at++] ?? 0,
      settings,
    };
    const found = await lookUpMx("d.test", ask);
    assert.ok(found.kind === "found" && found.hosts[2]!.name === "c.test");
    firsts.add(found.hosts[0]!.name);
  }
  assert.deepEqual([...firsts], ["a.test", "b.test"]);
});

test("sites", () => {
  const host = (name: string, port = 25) => ({ name, port });
  assert.equal(siteOf([host("MX2.a.test."), host("mx1.a.test"), host("mx1.a.test")], "smtp"), "mx1.a.test,mx2.a.test");
  assert.equal(siteOf([host("a", 2525)], "smtp"), "a:2525");
  assert.equal(siteOf([host("a", 24)], "lmtp"), "lmtp:a:24");
});

// ---------------------------------------------------------------- replies

const replies: readonly [
  phase: "mail" | "rcpt" | "data" | "message",
  reply: string,
  othersTaken: boolean,
  expected: string,
][] = [
  ["message", "250 2.0.0 ok", true, "delivered"],
  ["rcpt", "550 5.1.1 no such user", false, "failed recipient"],
  ["rcpt", "550 no such user", false, "failed recipient"],
  ["rcpt", "552 5.2.2 mailbox full", false, "failed quota"],
  ["rcpt", "452 4.2.2 mailbox full", false, "later quota"],
  ["rcpt", "452 4.2.2 mailbox full", true, "later quota"],
  ["rcpt", "452 4.5.3 too many recipients", true, "later rate 0"],
  ["rcpt", "452 4.5.3 too many recipients", false, "later rate"],
  ["rcpt", "452 too many recipients", true, "later rate 0"],
  ["rcpt", "552 too many recipients", true, "later rate 0"],
  ["rcpt", "552 5.2.2 mailbox full", true, "failed quota"],
  ["rcpt", "450 4.2.0 Greylisted, see http://x", false, "later greylist 300000"],
  ["rcpt", "451 4.7.1 Greylisting in action, please come back in 00:14:59", false, "later greylist 899000"],
  ["rcpt", "450 4.7.1 graylisted: retry in 20 minutes", false, "later greylist 1200000"],
  ["rcpt", "450 4.7.1 grey-listed, try again after 99999 seconds", false, "later greylist 3600000"],
  ["rcpt", "421 4.7.0 greylisted", false, "later rate"],
  ["message", "451 4.7.1 greylisted", false, "later greylist 300000"],
  ["mail", "421 4.7.0 try again later", false, "later rate"],
  ["mail", "550 5.7.1 blocked", false, "failed policy"],
  ["message", "554 5.6.0 spam", false, "failed content"],
  ["message", "552 5.3.4 too big", false, "failed size"],
  ["message", "451 4.3.0 disk", false, "later system"],
  ["rcpt", "550 5.4.6 loop", false, "failed loop"],
  ["mail", "530 5.7.0 authenticate", false, "failed policy"],
  ["mail", "530 authenticate", false, "failed auth"],
  ["message", "354 what", false, "later protocol"],
  ["rcpt", "250 ok", false, "later protocol"],
];
for (const [phase, text, othersTaken, expected] of replies)
  test(`${text} to ${phase}${othersTaken ? ", others taken" : ""}`, () => {
    const [, code, enhanced, words] = /^(\d+)(?: (\d\.\d\.\d+))? (.*)$/.exec(text)!;
    const outcome = classify({ phase, reply: reply(Number(code), enhanced, words!) }, othersTaken);
    const delay = outcome.kind === "later" && outcome.delayMs !== undefined ? ` ${outcome.delayMs}` : "";
    assert.equal(outcome.kind === "delivered" ? "delivered" : `${outcome.kind} ${outcome.why}${delay}`, expected);
  });
