/** Two servers that exchange mail under DANE (RFC 7672) and MTA-STS (RFC 8461), and refuse when the certificate is wrong. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { keyRecord, tlsaText } from "../../protocol/policy/dane.ts";
import { policyId } from "../../protocol/policy/mta-sts.ts";
import { ask, freePort, has, journey, mailOf, submit } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { idOf, SmtpTalk } from "../smtp-talk.ts";

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
    "good.routed.test": { MX: mx },
    "bad.routed.test": { MX: "10 other.far.test" },
    ...Object.fromEntries(sts),
    "_smtp._tls.near.test": { TXT: "v=TLSRPTv1; rua=mailto:postmaster@near.test" },
    "_smtp._tls.enforced.test": { TXT: "v=TLSRPTv1;rua=https://mail.far.test/tls-reports" },
    ...Object.fromEntries(
      ["dane.test", "wrongkey.test", "testing.test", "unnamed.test", "mismatched.test"].map((domain) => [
        `_smtp._tls.${domain}`,
        { TXT: `v=TLSRPTv1; rua=mailto:tls-reports@${domain}` },
      ]),
    ),
    ...changed,
  };
}

const writeNames = (changed: Names = {}): void => writeFileSync(dnsFile, JSON.stringify(names(changed)));

before(async (t) => {
  const folder = await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]);
  dnsFile = join(folder, "dns.json");
  itsKey = anotherKey;
  writeNames();
  const [nearSmtp, nearHttps, farSmtp, farHttps] = [
    await freePort("127.0.0.1"),
    await freePort("127.0.0.1"),
    await freePort("127.0.0.1"),
    await freePort("127.0.0.1"),
  ];
  far = await startDev([
    ...["--domain", "far.test", "--users", "1", "--dns", dnsFile, "--mx-port", String(nearSmtp)],
    // A file that is not there yet: whoever starts first cannot know the other's authority.
    ...["--https-port", String(nearHttps), "--ca", join(folder, "near", "tls", "ca.pem")],
    ...["--ports", `smtp=${farSmtp},https=${farHttps}`],
  ]);
  itsKey = tlsaText(keyRecord(new X509Certificate(readFileSync(join(far.ready.data, "tls", "server.pem"))).publicKey));
  writeNames();
  const domains = [
    ...["dane", "rolled", "wrongkey", "unusable", "unsigned", "lying", "good.routed"].map((name) => `${name}.test`),
    ...Object.keys(policies),
  ];
  for (const name of domains) await ask(far.ready.data, "domain add", { name, catchAll: "u1@far.test" });
  for (const [name, { mode, mx }] of Object.entries(policies))
    await ask(far.ready.data, "domain set", { name, mtaSts: mode, mtaStsMx: mx.slice(1).join() });
  startNear = () =>
    startDev([
      ...["--data", join(folder, "near"), "--domain", "near.test", "--users", "1", "--dns", dnsFile],
      ...["--mx-port", String(farSmtp), "--https-port", String(farHttps), "--ca", far.ready.ca],
      ...["--ports", `smtp=${nearSmtp},https=${nearHttps}`],
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
  await near.stop();
  near = await startNear();
  const before = (await journey(near.ready.data, idOf(subject), has("deferred"))).length;
  await ask(near.ready.data, "queue retry", { domain: "mismatched.test" });
  const told = await journey(near.ready.data, idOf(subject), (entries) => entries.length > before);
  assert.match(String(told.at(-1)!.detail["reply"]), /MTA-STS enforce/);
});

test("REQUIRETLS: only where names are secured and the certificate is good, and the notice asks for it too (RFC 8689)", async () => {
  const require = { mail: "REQUIRETLS" };
  await send("dane.test", "private dane", require);
  const dane = await journey(near.ready.data, idOf("private dane"), has("delivered"));
  assert.equal(dane.at(-1)!.detail["policy"], "REQUIRETLS, DANE");
  await send("enforced.test", "private sts", require);
  const sts = await journey(near.ready.data, idOf("private sts"), has("delivered"));
  assert.equal(sts.at(-1)!.detail["policy"], "REQUIRETLS, MTA-STS enforce");
  await send("far.test", "private nothing", require);
  const refused = await journey(near.ready.data, idOf("private nothing"), has("bounced"));
  assert.match(
    String(refused.find(({ stage }) => stage === "bounced")!.detail["reply"]),
    /^550 5\.7\.10 .*neither DNSSEC nor MTA-STS vouches/,
  );
  await mailOf(near.ready, "u1@near.test", /^Status: 5\.7\.10/m);
});

test("TLS-Required: No goes where DANE would not let it (RFC 8689 §5)", async () => {
  writeNames();
  await seen();
  const talk = await SmtpTalk.open(near.ready.ports["submission"]!);
  await talk.startTls(readFileSync(near.ready.ca, "utf8"));
  await talk.login("u1@near.test", near.ready.password);
  await talk.say("MAIL FROM:<u1@near.test>");
  await talk.say("RCPT TO:<u1@wrongkey.test>");
  const header = "From: <u1@near.test>\nTo: <u1@wrongkey.test>\nMessage-ID: <optional@client.test>\nSubject: optional";
  assert.match(await talk.message(`${header}\nTLS-Required: No\n\nhello`), /^250/);
  await talk.quit();
  const told = await journey(near.ready.data, "optional@client.test", has("delivered"));
  assert.equal(told.at(-1)!.detail["policy"], "TLS-Required: No");
});

test("a route by MX may ask for a good certificate", async () => {
  await ask(near.ready.data, "route add", { to: "mx", domain: ".routed.test", tls: "verified" });
  await seen(); // routes are read again a moment after they change
  await send("good.routed.test", "routed good");
  const good = await journey(near.ready.data, idOf("routed good"), has("delivered"));
  assert.equal(good.at(-1)!.detail["policy"], "route");
  await send("bad.routed.test", "routed bad");
  const bad = await journey(near.ready.data, idOf("routed bad"), has("deferred"));
  assert.match(String(bad.at(-1)!.detail["reply"]), /not valid: ERR_TLS_CERT_ALTNAME_INVALID \(route\)/);
});

type Summary = {
  readonly domain: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly failures: readonly { readonly result: string; readonly mxHost: string; readonly connections: number }[];
  readonly sentences: readonly string[];
};

/** What the server has been told of a domain, once it has been told anything. */
async function reported(dev: DevProcess, domain: string): Promise<Summary> {
  for (;;) {
    const [summary] = (await ask(dev.ready.data, "report tls", { domain })) as readonly Summary[];
    if (summary !== undefined && summary.succeeded + summary.failed > 0) return summary;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("what happened is reported: by mail even where the certificate is wrong, and over HTTPS", async () => {
  await ask(near.ready.data, "queue retry", { domain: "wrongkey.test" });
  const sent = (await ask(near.ready.data, "report send", { today: true })) as readonly {
    readonly domain: string;
    readonly to: readonly string[];
  }[];
  const to = (domain: string): readonly string[] | undefined => sent.find((one) => one.domain === domain)?.to;
  assert.deepEqual(to("wrongkey.test"), ["mailto:tls-reports@wrongkey.test"]);
  assert.deepEqual(to("enforced.test"), ["https://mail.far.test/tls-reports"]);
  assert.deepEqual(to("unsigned.test"), [], "nobody asked for it");

  const good = await reported(far, "dane.test");
  // One more for each attempt that a slow machine cut short.
  assert.ok(good.succeeded >= 2, `${good.succeeded} connections`);
  assert.deepEqual([good.failed, good.failures], [0, []]);
  const overHttps = await reported(far, "enforced.test");
  assert.ok(overHttps.succeeded >= 2, `${overHttps.succeeded} connections`);
  assert.equal(overHttps.failed, 0);

  const wrongKey = await reported(far, "wrongkey.test");
  assert.ok(wrongKey.failed >= 1 && wrongKey.succeeded >= 1);
  assert.equal(wrongKey.failures[0]!.result, "validation-failure");
  assert.equal(wrongKey.failures[0]!.mxHost, "mail.wrongkey.test");
  assert.match(wrongKey.sentences.join("\n"), /mail\.near\.test to mail\.wrongkey\.test .*no TLSA record matches/);

  const testing = await reported(far, "testing.test");
  assert.deepEqual([testing.succeeded, testing.failed], [0, 1]);
  assert.equal(testing.failures[0]!.result, "certificate-host-mismatch");
  const unnamed = await reported(far, "unnamed.test");
  assert.match(unnamed.sentences.join("\n"), /does not name this MX host/);
});

test("and the other way: the report is signed and has the form of RFC 8460", async () => {
  await ask(near.ready.data, "domain set", { name: "near.test", mtaSts: "enforce" });
  const id = policyId({ mode: "enforce", mx: ["mail.near.test"], maxAge: maxAge.enforce });
  writeNames({ "_mta-sts.near.test": { TXT: `v=STSv1; id=${id}` }, "mta-sts.near.test": host });
  await seen();
  await submit(far.ready, { from: "u1@far.test", to: ["u1@near.test"], subject: "back" });
  const back = await journey(far.ready.data, idOf("back"), has("delivered"));
  assert.equal(back.at(-1)!.detail["policy"], "MTA-STS enforce");
  assert.equal(back.at(-1)!.detail["tls"], "TLSv1.3, certificate verified");
  await ask(far.ready.data, "report send", { today: true });
  const told = await reported(near, "near.test");
  assert.deepEqual([told.succeeded, told.failed], [1, 0]);
  assert.match(told.sentences[0]!, /1 connection for near\.test: all were encrypted/);
  // It went to a person's address: counted, and filed all the same.
  const mail = await mailOf(near.ready, "u1@near.test", /^TLS-Report-Domain: near\.test/im);
  assert.match(
    mail,
    /^Subject: Report Domain: near\.test Submitter: mail\.far\.test\s+Report-ID:\s+<\S+@mail\.far\.test>/m,
  );
  assert.match(mail, /^TLS-Report-Submitter: mail\.far\.test/im);
  assert.match(mail, /^Content-Type: multipart\/report;\s+report-type=tlsrpt/m);
  assert.match(mail, /^Content-Type: application\/tlsrpt\+gzip/m);
  assert.match(mail, /^DKIM-Signature: v=1;.*d=far\.test/ms);
  assert.match(mail, /name="mail\.far\.test!near\.test!\d{10}!\d{10}!\w+\.json\.gz"/);
});
