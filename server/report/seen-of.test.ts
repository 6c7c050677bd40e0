import assert from "node:assert/strict";
import { test } from "node:test";
import type { Authentication } from "../judge/authenticate/authentication.ts";
import { seenOf } from "./seen-of.ts";

const mail = { at: 1000, remote: { address: "192.0.2.1", port: 25 }, envelopeFrom: "x@bulk.test" };
const found = (dmarc: Partial<Authentication["dmarc"]> = {}, change: Partial<Authentication> = {}): Authentication => ({
  spf: { result: "pass", scope: "mfrom", domain: "bulk.test" },
  dkim: [
    {
      result: "fail",
      domain: "a.test",
      selector: "s",
      identity: "@a.test",
      algorithm: "rsa-sha256",
      partial: false,
      testing: false,
      signature: "x",
    },
  ],
  dmarc: {
    result: "fail",
    fromDomain: "news.a.test",
    organization: "a.test",
    policy: {
      domain: "a.test",
      p: "reject",
      sp: undefined,
      np: undefined,
      adkim: "r",
      aspf: "r",
      testing: false,
      psd: "u",
      fo: undefined,
      rua: "mailto:r@a.test",
      ruf: "",
    },
    discovery: "treewalk",
    asked: "reject",
    spfAligned: false,
    dkimAligned: false,
    ...dmarc,
  },
  arc: { result: "none", sealers: [], said: [] },
  iprev: undefined,
  bimi: undefined,
  fromDomain: "news.a.test",
  organization: "a.test",
  aligned: [],
  vouched: undefined,
  ...change,
});

test("a message that fails, as the report tells it", () => {
  assert.deepEqual(seenOf(mail, found(), "reject"), {
    at: 1000,
    policy: {
      domain: "a.test",
      p: "reject",
      sp: undefined,
      np: undefined,
      adkim: "r",
      aspf: "r",
      fo: undefined,
      testing: false,
      discovery: "treewalk",
    },
    rua: "mailto:r@a.test",
    organization: "a.test",
    row: {
      source: "192.0.2.1",
      disposition: "reject",
      dkim: "fail",
      spf: "fail",
      reasons: [],
      headerFrom: "news.a.test",
      envelopeFrom: "bulk.test",
      dkimResults: [{ domain: "a.test", selector: "s", result: "fail" }],
      spfResults: [{ domain: "bulk.test", scope: "mfrom", result: "pass" }],
    },
  });
});

test("what was done otherwise has a reason", () => {
  const reasons = (authentication: Authentication, disposition: "none" | "quarantine" | "reject") =>
    seenOf(mail, authentication, disposition)!.row.reasons.map(({ type }) => type);
  assert.deepEqual(reasons(found(), "quarantine"), ["local_policy"]);
  assert.deepEqual(reasons(found({}, { vouched: "list.test" }), "none"), ["trusted_forwarder"]);
  const { policy } = found().dmarc;
  assert.deepEqual(reasons(found({ policy: { ...policy!, testing: true }, asked: "quarantine" }), "quarantine"), [
    "policy_test_mode",
  ]);
  const passed = seenOf(mail, found({ result: "pass", dkimAligned: true }), "none")!.row;
  assert.deepEqual([passed.disposition, passed.dkim, passed.reasons], ["pass", "pass", []]);
});

test("nothing to report", () => {
  const { policy } = found().dmarc;
  for (const dmarc of [
    { policy: undefined },
    { policy: { ...policy!, rua: "" } },
    { fromDomain: undefined },
    { result: "temperror" as const },
  ])
    assert.equal(seenOf(mail, found(dmarc), "none"), undefined);
});
