import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import test from "node:test";
import { keyRecord } from "../../protocol/policy/dane.ts";
import type { StsPolicy } from "../../protocol/policy/mta-sts.ts";
import { replyText } from "../../protocol/smtp/reply.ts";
import type { Answer, Tlsa } from "../net/resolver.ts";
import { providerWants, type StrongestAsk, strongest, type TlsWish } from "./strongest.ts";
import type { TlsPolicy } from "./tls-policy.ts";
import { lookUpTlsa, type TlsaFound } from "./tlsa.ts";

const record = keyRecord(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey);
const found = (...records: readonly Tlsa[]): TlsaFound => ({
  kind: "found",
  records,
  base: "mx.test",
  names: ["mx.test", "d.test"],
  ttlSeconds: 1,
});
const tlsas: { readonly [name: string]: TlsaFound } = {
  none: { kind: "none" },
  dane: found(record),
  unusable: found({ ...record, usage: 1 }),
  trouble: { kind: "trouble", reason: "servfail" },
};
const stsOf = (mode: StsPolicy["mode"], mx = "mx.test"): StsPolicy => ({ mode, maxAge: 1, mx: [mx] });
const policies: { readonly [name: string]: StsPolicy | undefined } = {
  none: undefined,
  enforce: stsOf("enforce"),
  testing: stsOf("testing"),
  off: stsOf("none"),
  others: stsOf("enforce", "else.test"),
  testingOthers: stsOf("testing", "else.test"),
};
const defaults: TlsPolicy = { mode: "opportunistic", because: "default", secureNames: false };
const secure: TlsPolicy = { ...defaults, secureNames: true };
const byRoute = (mode: TlsPolicy["mode"]): TlsPolicy => ({ mode, because: "route", secureNames: false });

const byProvider: TlsPolicy = { mode: "required", because: providerWants, secureNames: false };

type Case = readonly [
  what: string,
  base: TlsPolicy,
  wish: TlsWish,
  tlsa: string,
  sts: string,
  expected: string,
  reported: string,
];
const cases: readonly Case[] = [
  ["nothing", defaults, "default", "none", "none", "opportunistic default", "no-policy-found"],
  ["DANE", secure, "default", "dane", "none", "verified DANE (dane)", "tlsa"],
  ["DANE before MTA-STS", secure, "default", "dane", "enforce", "verified DANE (dane)", "sts,tlsa"],
  ["DANE though MTA-STS names others", secure, "default", "dane", "others", "verified DANE (dane)", "sts,tlsa"],
  ["unusable records", secure, "default", "unusable", "none", "required DANE without a usable record", "tlsa"],
  ["unusable records, MTA-STS", secure, "default", "unusable", "enforce", "verified MTA-STS enforce", "sts,tlsa"],
  [
    "TLSA in trouble",
    secure,
    "default",
    "trouble",
    "none",
    "451 4.7.5 mx.test: its TLSA records cannot be looked up (servfail)",
    "",
  ],
  [
    "TLSA in trouble, MTA-STS",
    secure,
    "default",
    "trouble",
    "enforce",
    "451 4.7.5 mx.test: its TLSA records cannot be looked up (servfail)",
    "",
  ],
  ["MTA-STS enforce", defaults, "default", "none", "enforce", "verified MTA-STS enforce", "sts"],
  ["MTA-STS testing", defaults, "default", "none", "testing", "opportunistic MTA-STS testing", "sts"],
  [
    "MTA-STS testing names others",
    defaults,
    "default",
    "none",
    "testingOthers",
    "opportunistic MTA-STS testing",
    "sts",
  ],
  ["MTA-STS none", defaults, "default", "none", "off", "opportunistic default", "no-policy-found"],
  [
    "MTA-STS names others",
    defaults,
    "default",
    "none",
    "others",
    "451 4.7.5 mx.test: the domain's MTA-STS policy does not name this MX host",
    "",
  ],
  ["a route's wish", byRoute("required"), "default", "none", "none", "required route", "no-policy-found"],
  ["a route's wish and DANE", byRoute("required"), "default", "dane", "none", "verified DANE (dane)", "tlsa"],
  ["a route's wish and MTA-STS", byRoute("required"), "default", "none", "enforce", "verified MTA-STS enforce", "sts"],
  ["a route's wish and MTA-STS testing", byRoute("verified"), "default", "none", "testing", "verified route", "sts"],
  ["a route that wants no TLS", byRoute("never"), "default", "dane", "enforce", "never route", ""],
  [
    "REQUIRETLS, nothing secure",
    defaults,
    "require",
    "none",
    "none",
    "550 5.7.10 mx.test: REQUIRETLS, and neither DNSSEC nor MTA-STS vouches for the name of this MX host",
    "",
  ],
  ["REQUIRETLS, secure MX", secure, "require", "none", "none", "verified REQUIRETLS", "no-policy-found"],
  ["REQUIRETLS and DANE", secure, "require", "dane", "none", "verified REQUIRETLS, DANE (dane)", "tlsa"],
  ["REQUIRETLS and MTA-STS", defaults, "require", "none", "enforce", "verified REQUIRETLS, MTA-STS enforce", "sts"],
  ["REQUIRETLS and MTA-STS testing", defaults, "require", "none", "testing", "verified REQUIRETLS", "sts"],
  [
    "REQUIRETLS, DNS in trouble",
    secure,
    "require",
    "trouble",
    "none",
    "451 4.7.5 mx.test: its TLSA records cannot be looked up (servfail)",
    "",
  ],
  [
    "REQUIRETLS by a route without TLS",
    byRoute("never"),
    "require",
    "none",
    "none",
    "550 5.7.10 mx.test: REQUIRETLS, and the route says that TLS is never used",
    "",
  ],
  ["a provider that wants TLS", byProvider, "default", "none", "none", `required ${providerWants}`, "no-policy-found"],
  ["a provider that wants TLS, and DANE", byProvider, "default", "dane", "none", "verified DANE (dane)", "tlsa"],
  ["a tenant's wish", defaults, "encrypt", "none", "none", "required tls = required for the tenant", "no-policy-found"],
  ["a tenant's wish and MTA-STS", defaults, "encrypt", "none", "enforce", "verified MTA-STS enforce", "sts"],
  [
    "a tenant's wish and MTA-STS testing",
    defaults,
    "encrypt",
    "none",
    "testing",
    "required tls = required for the tenant",
    "sts",
  ],
  [
    "a tenant's wish and more of a route",
    byRoute("verified"),
    "encrypt",
    "none",
    "none",
    "verified route",
    "no-policy-found",
  ],
  [
    "a tenant's wish by a route without TLS",
    byRoute("never"),
    "encrypt",
    "none",
    "none",
    "451 4.7.5 mx.test: tls = required for the tenant, and the route says that TLS is never used",
    "",
  ],
  ["TLS-Required: No against a provider", byProvider, "optional", "none", "none", "opportunistic TLS-Required: No", ""],
  ["TLS-Required: No", secure, "optional", "dane", "enforce", "opportunistic TLS-Required: No", ""],
  ["TLS-Required: No, TLSA in trouble", secure, "optional", "trouble", "others", "opportunistic TLS-Required: No", ""],
  ["TLS-Required: No against a route", byRoute("required"), "optional", "none", "none", "required route", ""],
];

function show(ask: StrongestAsk): readonly [policy: string, reported: string] {
  const best = strongest(ask);
  if (best.kind !== "hosts") return [replyText(best.reply), ""];
  const tls = best.hosts[0]!.tls!;
  return [
    `${tls.mode} ${tls.because}${tls.dane === undefined ? "" : " (dane)"}`,
    (tls.reported ?? []).map(({ type }) => type).join(),
  ];
}

for (const [what, base, wish, tlsa, sts, expected, reported] of cases)
  test(`the strongest that applies: ${what}`, () => {
    const host = { name: "mx.test", port: 25, addresses: ["192.0.2.1"] };
    const ask = { base, wish, domain: "d.test", hosts: [{ host, tlsa: tlsas[tlsa]! }], sts: policies[sts] };
    assert.deepEqual(show(ask), [expected, reported]);
  });

test("each host has its own policy, and those that may not be used are left out", () => {
  const host = (name: string) => ({ name, port: 25, addresses: ["192.0.2.1"] });
  const best = strongest({
    base: secure,
    wish: "default",
    domain: "d.test",
    hosts: [
      { host: host("a.test"), tlsa: tlsas["trouble"]! },
      { host: host("b.test"), tlsa: tlsas["dane"]! },
      { host: host("c.test"), tlsa: tlsas["none"]! },
      { host: host("mx.test"), tlsa: tlsas["none"]! },
    ],
    sts: policies["enforce"],
  });
  assert.ok(best.kind === "hosts");
  assert.deepEqual(
    best.hosts.map(({ name, tls }) => `${name} ${tls?.because}`),
    ["b.test DANE", "mx.test MTA-STS enforce"],
  );
  assert.deepEqual(best.left, ["a.test", "c.test"]);
});

test("a host that the administrator named keeps to what he said", () => {
  const host = { name: "mx.test", port: 587, addresses: ["192.0.2.1"] };
  const fixed = { wish: "default", domain: undefined, sts: undefined } as const;
  const shown = (mode: TlsPolicy["mode"]) =>
    show({ ...fixed, base: { ...byRoute(mode), secureNames: true }, hosts: [{ host, tlsa: tlsas["dane"]! }] });
  assert.deepEqual(shown("opportunistic"), ["verified DANE (dane)", ""]);
  assert.deepEqual(shown("verified"), ["verified route", ""]);
  assert.deepEqual(shown("implicit"), ["implicit route", ""]);
});

// ---------------------------------------------------------------- where TLSA records are

type Zone = { readonly [name: string]: Answer<Tlsa> };
const answer = (isSecure = true): Answer<Tlsa> => ({
  kind: "found",
  records: [record],
  secure: isSecure,
  ttlSeconds: 7,
});
const lookups: readonly [what: string, name: string, owner: string, isSecure: boolean, zone: Zone, expected: string][] =
  [
    ["under the host", "mx.test", "mx.test", true, { "_25._tcp.mx.test": answer() }, "mx.test for mx.test,d.test"],
    ["not signed", "mx.test", "mx.test", true, { "_25._tcp.mx.test": answer(false) }, "none"],
    ["addresses not signed: not asked", "mx.test", "mx.test", false, { "_25._tcp.mx.test": answer() }, "none"],
    ["trouble", "mx.test", "mx.test", true, { "_25._tcp.mx.test": { kind: "trouble", reason: "timeout" } }, "timeout"],
    [
      "at the end of a signed alias",
      "mx.test",
      "far.test",
      true,
      { "_25._tcp.far.test": answer(), "_25._tcp.mx.test": answer() },
      "far.test for far.test,mx.test,d.test",
    ],
    ["only at its begin", "mx.test", "far.test", true, { "_25._tcp.mx.test": answer() }, "mx.test for mx.test,d.test"],
    [
      "an alias that leaves what is signed",
      "mx.test",
      "far.test",
      false,
      { "_25._tcp.far.test": answer(), "_25._tcp.mx.test": answer() },
      "mx.test for mx.test,d.test",
    ],
    [
      "an alias into the unsigned, in trouble",
      "mx.test",
      "far.test",
      false,
      { "_25._tcp.mx.test": { kind: "trouble", reason: "servfail" } },
      "none",
    ],
    ["another port", "mx.test", "mx.test", true, { "_2525._tcp.mx.test": answer() }, "mx.test for mx.test,d.test"],
  ];
for (const [what, name, owner, isSecure, zone, expected] of lookups)
  test(`TLSA records: ${what}`, async () => {
    const none: Answer<Tlsa> = { kind: "none", exists: false, secure: true, ttlSeconds: 1 };
    const resolver = { tlsa: async (asked: string) => zone[asked] ?? none };
    const tlsa = await lookUpTlsa({ name, owner, secure: isSecure }, [25, 2525], ["d.test"], resolver);
    const shown =
      tlsa.kind === "found" ? `${tlsa.base} for ${tlsa.names.join()}` : tlsa.kind === "trouble" ? tlsa.reason : "none";
    assert.equal(shown, expected);
  });

test("a thousand records are cut short", async () => {
  const records = Array.from({ length: 1000 }, () => record);
  const many: Answer<Tlsa> = { kind: "found", records, secure: true, ttlSeconds: 1 };
  const tlsa = await lookUpTlsa({ name: "a.test", owner: "a.test", secure: true }, [25], [], {
    tlsa: async () => many,
  });
  assert.ok(tlsa.kind === "found" && tlsa.records.length === 32);
});
