/** Two servers that exchange mail under DANE (RFC 7672) and MTA-STS (RFC 8461), and refuse when the certificate is wrong. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { endEntityRecord, tlsaText } from "../../protocol/policy/dane.ts";
import { policyId } from "../../protocol/policy/mta-sts.ts";
import { ask, freePort, has, journey, mailOf, submit } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { idOf } from "../smtp-talk.ts";

type Names = { readonly [name: string]: { readonly [type: string]: unknown } };

let near: DevProcess;
let far: DevProcess;
let startNear: () => Promise<DevProcess>;
let dnsFile: string;
/** Of the far server: its key as a TLSA record, and another one. */
let itsKey: string;
const anotherKey = `3 1 1 ${"0123456789abcdef".repeat(4)}`;
const host = { A: "127.0.0.1" };
const mx = "10 mail.far.test";

/** The policies that the far server serves. */
const policies = {
  "enforced.test": { mode: "enforce", mx: ["mail.far.test"] },
  "mismatched.test": { mode: "enforce", mx: ["mail.far.test", "other.far.test"] },
  "unnamed.test": { mode: "enforce", mx: ["mail.far.test"] },
  "testing.test": { mode: "testing", mx: ["mail.far.test", "other.far.test"] },
} as const;
const maxAge = { enforce: 2_592_000, testing: 86_400 } as const;

function names(changed: Names = {}): Names {
  const sts = Object.entries(policies).flatMap(([domain, { mode, mx }]) => [
    [`mta-sts.${domain}`, host],
    [`_mta-sts.${domain}`, { TXT: `v=STSv1; id=${policyId({ mode, mx, maxAge: maxAge[mode] })};` }],
  ]);
  const tlsa = (name: string, record: string | readonly string[]): Names => ({
    [`mail.${name}`]: { ...host, secure: true },
    [`_25._tcp.mail.${name}`]: { TLSA: record, secure: true },
    [name]: { MX: `10 mail.${name}`, secure: true },
  });
  return {
    "near.test": { MX: "10 mail.near.test" },
    "mail.near.test": host,
    "far.test": { MX: mx },
    "mail.far.test": host,
    "other.far.test": host,
    ...tlsa("dane.test", itsKey),
    ...tlsa("rolled.test", [anotherKey, itsKey]),
    ...tlsa("wrongkey.test", anotherKey),
    ...tlsa("unusable.test", itsKey.replace("3 1 1", "1 1 1")),
    ...tlsa("unsigned.test", anotherKey),
    "unsigned.test": { MX: "10 mail.unsigned.test" },
    ...tlsa("lying.test", itsKey),
    "_25._tcp.mail.lying.test": { servfail: true },
    "enforced.test": { MX: mx },
    "mismatched.test": { MX: "10 other.far.test" },
    "unnamed.test": { MX: "10 other.far.test" },
    "testing.test": { MX: "10 other.far.test" },
    ...Object.fromEntries(sts),
    ...changed,
  };
}

const writeNames = (changed: Names = {}): void => writeFileSync(dnsFile, JSON.stringify(names(changed)));

before(async (t) => {
  const folder = await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]);
  dnsFile = join(folder, "dns.json");
  itsKey = anotherKey;
  writeNames();
  const [nearSmtp, farSmtp, farHttps] = [
    await freePort("127.0.0.1"),
    await freePort("127.0.0.1"),
    await freePort("127.0.0.1"),
  ];
  far = await startDev(
    ["--domain", "far.test", "--users", "1", "--dns", dnsFile, "--mx-port", String(nearSmtp)].concat(
      "--ports",
      `smtp=${farSmtp},https=${farHttps}`,
    ),
  );
  itsKey = tlsaText(endEntityRecord(new X509Certificate(readFileSync(join(far.ready.data, "tls", "server.pem")))));
  writeNames();
  const domains = [
    ...["dane", "rolled", "wrongkey", "unusable", "unsigned", "lying"].map((name) => `${name}.test`),
    ...Object.keys(policies),
  ];
  for (const name of domains) await ask(far.ready.data, "domain add", { name, catchAll: "u1@far.test" });
  for (const [name, { mode, mx }] of Object.entries(policies))
    await ask(far.ready.data, "domain set", { name, mtaSts: mode, mtaStsMx: mx.slice(1).join() });
  startNear = () =>
    startDev([
      ...["--data", join(folder, "near"), "--domain", "near.test", "--users", "1", "--dns", dnsFile],
      ...["--mx-port", String(farSmtp), "--https-port", String(farHttps), "--ca", far.ready.ca],
      ...["--ports", `smtp=${nearSmtp}`],
    ]);
  near = await startNear();
});
after(async () => {
  await near?.stop();
  await far?.stop();
});

const send = (domain: string, subject: string, rest: object = {}): Promise<string> =>
  submit(near.ready, { from: "u1@near.test", to: [`u1@${domain}`], subject, ...rest });

const delivered: readonly [what: string, domain: string, tls: RegExp, policy: string | undefined][] = [
  ["DANE", "dane.test", /^TLSv1\.3, certificate verified by DANE \(3 1 1\)$/, "DANE"],
  ["DANE during a roll-over", "rolled.test", /verified by DANE/, "DANE"],
  ["TLSA records that say nothing: TLS all the same", "unusable.test", /^TLSv1\.3/, "DANE without a usable record"],
  ["TLSA records behind an unsigned MX do not count", "unsigned.test", /^TLSv1\.3/, undefined],
  ["MTA-STS enforce", "enforced.test", /^TLSv1\.3, certificate verified$/, "MTA-STS enforce"],
  ["MTA-STS testing with a wrong certificate", "testing.test", /certificate not verified$/, "MTA-STS testing"],
  ["nothing: opportunistic", "far.test", /^TLSv1\.3/, undefined],
];
for (const [what, domain, tls, policy] of delivered)
  test(`goes through: ${what}`, async () => {
    const subject = `good ${domain}`;
    await send(domain, subject);
    const told = await journey(near.ready.data, idOf(subject), has("delivered"));
    const { detail } = told.at(-1)!;
    assert.match(String(detail["tls"]), tls);
    assert.equal(detail["policy"], policy);
  });

const deferred: readonly [what: string, domain: string, reply: RegExp][] = [
  ["DANE and another key", "wrongkey.test", /^451 4\.7\.5 .*no TLSA record matches .*\(DANE\)/],
  [
    "TLSA records that cannot be looked up",
    "lying.test",
    /^451 4\.7\.5 .*TLSA records cannot be looked up \(servfail\)/,
  ],
  [
    "MTA-STS enforce and a certificate for another name",
    "mismatched.test",
    /^451 4\.7\.5 .*not valid.*MTA-STS enforce/,
  ],
  ["MTA-STS enforce and an MX that the policy does not name", "unnamed.test", /^451 4\.7\.5 .*does not name this MX/],
];
for (const [what, domain, reply] of deferred)
  test(`waits: ${what}`, async () => {
    const subject = `bad ${domain}`;
    await send(domain, subject);
    const told = await journey(near.ready.data, idOf(subject), has("deferred"));
    const { detail } = told.at(-1)!;
    assert.match(String(detail["reply"]), reply);
    assert.equal(detail["why"], "tls");
  });

/** The file is looked at five times a second at most. */
const seen = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 250));

test("the right key is published: the mail goes", async () => {
  writeNames({ "_25._tcp.mail.wrongkey.test": { TLSA: itsKey, secure: true } });
  await seen();
  await ask(near.ready.data, "queue retry", { domain: "wrongkey.test" });
  const told = await journey(near.ready.data, idOf("bad wrongkey.test"), has("delivered"));
  assert.equal(told.at(-1)!.detail["policy"], "DANE");
  assert.match(
    await mailOf(far.ready, "u1@far.test", /^Subject: bad wrongkey\.test/m),
    /^Received: from mail\.near\.test/m,
  );
});

test("a policy counts on when its record and its file are gone, also after a restart (RFC 8461 §5.1)", async () => {
  const subject = "bad mismatched.test";
  writeNames({ "_mta-sts.mismatched.test": host, "mta-sts.mismatched.test": { servfail: true } });
  await near.kill();
  near = await startNear();
  const before = (await journey(near.ready.data, idOf(subject), has("deferred"))).length;
  await ask(near.ready.data, "queue retry", { domain: "mismatched.test" });
  const told = await journey(near.ready.data, idOf(subject), (entries) => entries.length > before);
  assert.match(String(told.at(-1)!.detail["reply"]), /MTA-STS enforce/);
});
