import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../protocol/mime/header.ts";
import { reply } from "../../protocol/smtp/reply.ts";
import type { Received } from "../receive/received.ts";
import { defaultJudgeSettings, makeJudge, originOf, type PartialJudge, together, type Verdict } from "./judge.ts";

function judge(message: string): string {
  const bytes = Buffer.from(message);
  const verdict = makeJudge(defaultJudgeSettings)({ bytes } as Received, splitHeader(bytes, 0, bytes.length));
  const code = "reply" in verdict ? ` ${verdict.reply.code} ${verdict.reply.enhanced}` : "";
  return `${verdict.kind}${code} ${verdict.notes.join(",")}`.trim();
}

const from = "From: a@b.test\r\n";
const cases: readonly [name: string, message: string, expected: string][] = [
  ["an ordinary message", `${from}Subject: x\r\n\r\nx`, "accept"],
  ["no From", "Subject: x\r\n\r\nFrom: a@b.test\r\n", "accept no-from"],
  ["two From", `${from}${from}\r\nx`, "accept several-from"],
  ["50 hops", `${"Received: x\r\n".repeat(50)}${from}\r\n`, "accept"],
  ["51 hops", `${"Received: x\r\n".repeat(51)}${from}\r\n`, "refuse 554 5.4.6 loop"],
  ["51 hops in the body are text", `${from}\r\n${"Received: x\r\n".repeat(51)}`, "accept"],
  ["51 hops, oddly written", `${"RECEIVED : x\r\n".repeat(51)}${from}\r\n`, "refuse 554 5.4.6 loop"],
  ["too many fields", `${"X: y\r\n".repeat(2001)}\r\n`, "refuse 552 5.3.4 header-too-large"],
  ["too large a field", `X: ${"y".repeat(600_000)}\r\n\r\n`, "refuse 552 5.3.4 header-too-large"],
  ["a large body", `${from}\r\n${"y".repeat(600_000)}`, "accept"],
];
for (const [name, message, expected] of cases)
  test(name, () => {
    assert.equal(judge(message), expected);
  });

const mail = { bytes: Buffer.from(from) } as Received;
const opinion =
  (verdict: Verdict): PartialJudge =>
  () =>
    verdict;

test("several judges: the gravest opinion, the remarks and fields of all", async () => {
  const seal = { chain: "none", results: "x" } as const;
  const verdict = await together([
    opinion({ kind: "accept", notes: ["one"], fields: "A: 1\r\n", dropped: [1], findings: { seal } }),
    async (_mail, _header, findings) => {
      assert.equal(findings.seal, seal);
      return { kind: "quarantine", notes: ["two"], reasons: ["Because."], fields: "B: 2\r\n" };
    },
    opinion({ kind: "junk", notes: ["three"], dropped: [4] }),
  ])(mail, splitHeader(mail.bytes, 0, mail.bytes.length));
  assert.deepEqual(verdict, {
    kind: "quarantine",
    notes: ["one", "two", "three"],
    reasons: ["Because."],
    fields: "A: 1\r\nB: 2\r\n",
    dropped: [1, 4],
    findings: { seal },
  });
});

test("who refuses ends it", async () => {
  const verdict = await together([
    opinion({ kind: "junk", notes: ["one"] }),
    opinion({ kind: "later", notes: ["two"], reply: reply(451, "4.7.0", "Later") }),
    () => assert.fail(),
  ])(mail, splitHeader(mail.bytes, 0, mail.bytes.length));
  assert.deepEqual([verdict.kind, verdict.notes], ["later", ["one", "two"]]);
});

test("whose mail it is", () => {
  const mail = { via: "ESMTP", trusted: false, account: undefined } as const;
  assert.equal(originOf(mail), "stranger");
  assert.equal(originOf({ ...mail, trusted: true }), "trusted");
  assert.equal(originOf({ ...mail, via: "JMAP" }), "own");
  assert.equal(originOf({ ...mail, account: {} as NonNullable<Received["account"]> }), "own");
});
