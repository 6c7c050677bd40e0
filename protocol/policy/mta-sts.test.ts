import assert from "node:assert/strict";
import test from "node:test";
import { allowsHost, maxMaxAge, maxPolicyHosts, parsePolicy, policyText, stsId } from "./mta-sts.ts";

test("the record that announces a policy (RFC 8461 §3.1)", () => {
  const cases: readonly [texts: readonly string[], id: string | undefined][] = [
    [["v=STSv1; id=20160831085700Z;"], "20160831085700Z"],
    [["v=STSv1;id=1"], "1"],
    [["v=STSv1; other=x; id=7; more=y"], "7"],
    [["v=spf1 -all", "v=STSv1; id=a"], "a"],
    [[], undefined],
    [["v=STSv1; id=a", "v=STSv1; id=b"], undefined],
    [["v=STSv1"], undefined],
    [["v=STSv1; id="], undefined],
    [["v=STSv1; id=a-b"], undefined],
    [[`v=STSv1; id=${"a".repeat(33)}`], undefined],
    [["v=STSv1; id=a; id=b"], undefined],
    [[" v=STSv1; id=a"], undefined],
    [["v=STSv2; id=a"], undefined],
  ];
  for (const [texts, id] of cases) assert.equal(stsId(texts), id, texts.join(" | "));
});

const whole = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

test("the policy (RFC 8461 §3.2)", () => {
  assert.deepEqual(parsePolicy(whole), {
    mode: "enforce",
    maxAge: 604_800,
    mx: ["mail.example.com", "*.example.net"],
  });
  const good: readonly [text: string, shown: string][] = [
    [whole.replaceAll("\r", ""), "enforce 604800 mail.example.com,*.example.net"],
    [`${whole}\r\nunknown-key: x\r\n`, "enforce 604800 mail.example.com,*.example.net"],
    [`${whole}mode: none\n`, "enforce 604800 mail.example.com,*.example.net"],
    ["version:STSv1\nmode:testing\nmx:A.Example.COM.\nmax_age:1", "testing 1 a.example.com"],
    ["version: STSv1\nmode: none\nmax_age: 9999999999", `none ${maxMaxAge} `],
    ["version: STSv1 \nmode: none\t\nmax_age: 0", "none 0 "],
  ];
  for (const [text, shown] of good) {
    const policy = parsePolicy(text);
    assert.ok(!("mistake" in policy), text);
    assert.equal(`${policy.mode} ${policy.maxAge} ${policy.mx.join()}`, shown);
  }
  const bad: readonly [text: string, mistake: RegExp][] = [
    ["", /version/],
    [whole.replace("STSv1", "STSv2"), /version/],
    [whole.replace("enforce", "maybe"), /mode/],
    [whole.replace("604800", "a week"), /max_age/],
    [whole.replace("604800", "-1"), /max_age/],
    [whole.replaceAll(/mx:.*\r\n/g, ""), /no host/],
    [whole.replace("mail.example.com", "mail example"), /host name/],
    [whole.replace("*.example.net", "*.*.net"), /host name/],
    [whole.replace("*.example.net", "mx*.net"), /host name/],
    [`${whole}<html>`, /key: value/],
    [whole + "mx: a.test\n".repeat(maxPolicyHosts), /more than/],
  ];
  for (const [text, mistake] of bad) {
    const policy = parsePolicy(text);
    assert.ok("mistake" in policy && mistake.test(policy.mistake), JSON.stringify(policy));
  }
});

test("what is written is read", () => {
  const policy = { mode: "testing", maxAge: 86_400, mx: ["a.test", "*.b.test"] } as const;
  assert.deepEqual(parsePolicy(policyText(policy)), policy);
});

test("a wildcard is one label (RFC 8461 §4.1)", () => {
  const policy = { mx: ["mail.example.com", "*.example.net"] };
  const cases: readonly [host: string, allowed: boolean][] = [
    ["mail.example.com", true],
    ["MAIL.example.com.", true],
    ["x.mail.example.com", false],
    ["a.example.net", true],
    ["a.b.example.net", false],
    ["example.net", false],
    [".example.net", false],
    ["other.test", false],
  ];
  for (const [host, allowed] of cases) assert.equal(allowsHost(policy, host), allowed, host);
});

test("no text makes the parser throw or hang", () => {
  const pieces = ["version", "mode", "mx", "max_age", ":", " ", "\r", "\n", "STSv1", "enforce", "*.", "a.b", "\0", "é"];
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random(20) }, () => pieces[random(pieces.length)]).join("");
    parsePolicy(text);
    stsId([text]);
  }
  const started = process.cpuUsage();
  parsePolicy(`mx: ${"a".repeat(65_000)}`);
  parsePolicy("a:".repeat(32_000));
  parsePolicy(" ".repeat(65_000));
  assert.ok(process.cpuUsage(started).user / 1000 < 1000);
});
