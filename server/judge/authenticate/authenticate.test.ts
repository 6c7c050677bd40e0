import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../protocol/mime/header.ts";
import type { Answer, Resolver } from "../../net/resolver.ts";
import type { Received } from "../../receive/received.ts";
import { type AuthenticatedMessage, makeAuthenticate } from "./authenticate.ts";
import { forgedFields, resultsUnder } from "./fields.ts";
import { questionsOf } from "./questions.ts";
import { seenOf } from "./report-row.ts";
import { type AuthenticationSettings, defaultAuthenticationSettings } from "./settings.ts";

const none = { kind: "none", exists: false, secure: false, ttlSeconds: 1 } as const;
type Zone = { readonly [question: string]: readonly unknown[] | "silent" };

function resolver(zone: Zone): { readonly dns: Resolver; readonly asked: string[] } {
  const asked: string[] = [];
  const ask =
    (type: string) =>
    async (name: string): Promise<Answer<never>> => {
      asked.push(`${type} ${name}`);
      const records = zone[`${type} ${name}`];
      if (records === "silent") return new Promise(() => {});
      if (records === undefined) return none;
      return { kind: "found", records: records as never[], secure: false, ttlSeconds: 1 };
    };
  const dns = { mx: ask("MX"), a: ask("A"), aaaa: ask("AAAA"), txt: ask("TXT"), tlsa: ask("TLSA"), ptr: ask("PTR") };
  return { dns, asked };
}

const text =
  "From: a@a.test\r\nAuthentication-Results: us.test; dmarc=pass\r\nSubject: x\r\nAuthentication-Results: also-us.test; dmarc=pass\r\nAuthentication-Results: theirs.test; dmarc=pass\r\n\r\nx\r\n";

async function judge(zone: Zone, change: Partial<Received> = {}, settings: Partial<AuthenticationSettings> = {}) {
  const { dns, asked } = resolver(zone);
  const seen: AuthenticatedMessage[] = [];
  const judging = makeAuthenticate({
    settings: { ...defaultAuthenticationSettings, ...settings },
    resolver: dns,
    ourHost: "us.test",
    goesBy: async (name) => name === "also-us.test",
    now: () => 0,
    hashesOfLarge: () => assert.fail(),
    observe: (one) => seen.push(one),
  });
  const bytes = Buffer.from(text);
  const mail = {
    ...{ bytes, via: "ESMTP", trusted: false, account: undefined, envelopeFrom: "a@a.test", helo: "h.test", at: 5 },
    remote: { address: "192.0.2.1", port: 1 },
    ...change,
  } as Received;
  const verdict = await judging(mail, splitHeader(bytes, 0, bytes.length), {});
  return { verdict, asked, seen };
}

const rejecting: Zone = {
  "TXT _dmarc.a.test": ["v=DMARC1; p=reject; rua=mailto:r@a.test"],
  "TXT a.test": ["v=spf1 -all"],
};

test("other servers of ours, exempt peers and our own people are not checked, but cannot speak in our name", async () => {
  const loopback = { address: "127.0.0.1", port: 1 } as Received["remote"];
  for (const change of [
    { trusted: true },
    { via: "LMTP" },
    { remote: loopback },
    { account: {} as never },
    { via: "JMAP" },
  ]) {
    const { verdict, asked } = await judge(rejecting, change);
    assert.deepEqual(verdict, { kind: "accept", notes: ["forged-results"], dropped: [1] });
    assert.deepEqual(asked, []);
  }
});

test("what a stranger says under any name of ours is taken out, and under too many names", async () => {
  const { verdict } = await judge({ "TXT a.test": ["v=spf1 ip4:192.0.2.1 -all"] });
  assert.deepEqual(verdict.kind === "accept" && verdict.dropped, [1, 3]);
  const many = Array.from({ length: 60 }, (_, i) => `Authentication-Results: n${i}.test; none\r\n`).join("");
  const bytes = Buffer.from(`${many}\r\n`);
  const asked: string[] = [];
  const places = await resultsUnder((name) => asked.push(name) === 0, splitHeader(bytes, 0, bytes.length));
  assert.deepEqual([asked.length, places], [50, [50, 51, 52, 53, 54, 55, 56, 57, 58, 59]]);
});

test("a stranger is; reports hear of it", async () => {
  const { verdict, seen } = await judge(rejecting);
  assert.ok(verdict.kind === "refuse" && verdict.reply.code === 550);
  const row = seenOf(seen[0]!)!;
  assert.equal(row.rua, "mailto:r@a.test");
  assert.deepEqual(
    [row.row.disposition, row.row.spf, row.row.dkim, row.row.source, row.row.headerFrom],
    ["reject", "fail", "fail", "192.0.2.1", "a.test"],
  );
});

test("where policies are not enforced they are written and reported as such", async () => {
  const { verdict, seen } = await judge(rejecting, {}, { enforce: false });
  assert.ok(verdict.kind === "accept");
  assert.match(verdict.fields ?? "", /dmarc=fail \(p=reject\) header\.from=a\.test/);
  assert.deepEqual(verdict.dropped, [1, 3]);
  assert.equal(verdict.findings?.seal?.results.startsWith("us.test; iprev="), true);
  const { row } = seenOf(seen[0]!)!;
  assert.deepEqual([row.disposition, row.reasons[0]?.type], ["none", "local_policy"]);
});

test("LMTP, where it is checked, knows nothing of the peer", async () => {
  const { verdict, asked } = await judge(rejecting, { via: "LMTP" }, { lmtp: true, enforce: false });
  assert.ok(verdict.kind === "accept");
  assert.doesNotMatch(verdict.fields ?? "", /spf=|iprev=/);
  assert.ok(!asked.some((one) => one.startsWith("PTR")));
});

test("DNS that never answers costs the time that is given, then the message is asked for again", async () => {
  const start = performance.now();
  const { verdict } = await judge({ "TXT _dmarc.a.test": "silent" }, {}, { timeoutMs: 100 });
  assert.ok(verdict.kind === "later" && verdict.reply.code === 451);
  assert.ok(performance.now() - start < 5000);
});

test("questions: each once, and no more than there may be", async () => {
  const { dns, asked } = resolver({});
  const questions = questionsOf(dns, { maxQuestions: 3, timeoutMs: 1000 });
  await Promise.all([questions.txt("a"), questions.txt("a"), questions.a("a"), questions.ptr("192.0.2.1")]);
  assert.deepEqual(asked, ["TXT a", "A a", "PTR 192.0.2.1"]);
  assert.deepEqual(await questions.txt("b"), { kind: "trouble", reason: "refused" });
  assert.deepEqual(await questions.txt("a"), none);
  questions.done();
});

test("a large body is hashed elsewhere", async () => {
  let elsewhere = 0;
  const { dns } = resolver({});
  const judging = makeAuthenticate({
    settings: { ...defaultAuthenticationSettings, inlineBytes: 10 },
    resolver: dns,
    ourHost: "us.test",
    goesBy: () => false,
    now: () => 0,
    hashesOfLarge: async (_bytes, _start, wanted) => {
      elsewhere++;
      return wanted.map(() => ({ hash: "x", more: false }));
    },
  });
  const signature = "DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=AAAA; b=AAAA\r\n";
  const bytes = Buffer.from(signature + text);
  const mail = { bytes, via: "ESMTP", envelopeFrom: "", helo: "h.test", remote: { address: "192.0.2.1" } } as Received;
  await judging(mail, splitHeader(bytes, 0, bytes.length), {});
  assert.equal(elsewhere, 1);
});

test("results in our name are found however it is written, all of them; those of others stay", () => {
  const ours = [
    "mx.bücher.test; dmarc=pass",
    "MX.xn--bcher-kva.TEST 1; dmarc=pass",
    "mx.BÜCHER.test.; dmarc=pass",
    "(a (nested) comment)\r\n mx.bücher.test(another);dmarc=pass",
    '"mx.bücher.test"; dmarc=pass',
    "ｍｘ.bücher。test; dmarc=pass",
    "mx.bu\u0308cher.test..; dmarc=pass",
    "mx.xn--bcher-kva.test",
  ];
  const others = ["mx.bucher.test; dmarc=pass", "(mx.bücher.test) other.test; none", "bücher.test; none", "; none", ""];
  const names = ["Authentication-Results:", "AUTHENTICATION-RESULTS \t: "];
  const fields = names.flatMap((name) => [...ours, ...others].map((value) => `${name}${value}\r\n`));
  const bytes = Buffer.from(`From: a@a.test\r\n${fields.join("")}\r\n`);
  const header = splitHeader(bytes, 0, bytes.length);
  const mine = ours.map((_, i) => i + 1);
  const expected = [...mine, ...mine.map((place) => place + ours.length + others.length)];
  for (const host of ["mx.xn--bcher-kva.test", "MX.bücher.test"])
    assert.deepEqual(forgedFields(header, host), expected);
});
