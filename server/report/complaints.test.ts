/** What people put into Junk, told to senders that ask: only where signatures prove that they may, and so that nobody is named. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { headerValue } from "../../protocol/mime/header.ts";
import { readReport, returnedHeader } from "../../protocol/mime/read-report.ts";
import { quiet } from "../base/log.ts";
import type { Received } from "../receive/received.ts";
import { type DkimKey, makeDkimKey } from "../sign/dkim-keys.ts";
import { dkimSignature } from "../sign/dkim-signature.ts";
import { makeComplaints } from "./complaints.ts";

const now = Date.UTC(2026, 10, 26);
const keys = new Map<string, DkimKey>();
for (const domain of ["shop.test", "platform.test", "evil.test"])
  keys.set(domain, await makeDkimKey("ed25519-sha256", now));

type Written = { readonly address?: string; readonly signedBy?: readonly string[]; readonly afterwards?: string };
function letter({ address = "fbl@shop.test; report=arf", signedBy = ["shop.test"], afterwards = "" }: Written): Buffer {
  const fields =
    (address === "" ? "" : `CFBL-Address: ${address}\r\nCFBL-Feedback-ID: abc123\r\n`) +
    "From: Shop <app@shop.test>\r\nTo: anna@here.test\r\nSubject: Sale\r\nMessage-ID: <one@shop.test>\r\n";
  const bytes = Buffer.from(`${fields}\r\nBuy!\r\n`);
  const signatures = signedBy.map((domain) =>
    dkimSignature({ bytes, domain, keys: [keys.get(domain)!], signedAt: now }),
  );
  return Buffer.concat([Buffer.from(`Return-Path: <b@shop.test>\r\n${afterwards}${signatures.join("")}`), bytes]);
}

function complaining() {
  const given: Received[] = [];
  const complain = makeComplaints({
    ourHost: "mail.here.test",
    sign: async (_, domain) => `DKIM-Signature: d=${domain}\r\n`,
    txt: async (name) => {
      const key = keys.get(name.split("._domainkey.")[1] ?? "");
      return key === undefined
        ? { kind: "none", exists: false, secure: false, ttlSeconds: 0 }
        : { kind: "found", records: [key.record], secure: false, ttlSeconds: 0 };
    },
    give: async (mail) => given.push(mail) > 0,
    domain: async () => "here.test",
    isOurs: async (domain) => domain === "here.test",
    version: "1",
    now: () => now,
    newId: () => `id${given.length}`,
    log: quiet,
  });
  return { given, complain };
}

const cases: readonly [name: string, written: Written, to: string | undefined][] = [
  ["the author's domain signed", {}, "fbl@shop.test"],
  ["an address below it", { address: "<fbl@rp.shop.test>" }, "fbl@rp.shop.test"],
  [
    "another domain that signed too",
    { address: "fbl@platform.test", signedBy: ["shop.test", "platform.test"] },
    "fbl@platform.test",
  ],
  ["another domain that did not", { address: "fbl@platform.test" }, undefined],
  ["the author's domain did not", { address: "fbl@evil.test", signedBy: ["evil.test"] }, undefined],
  ["nobody signed", { signedBy: [] }, undefined],
  ["it was put there on the way", { address: "", afterwards: "CFBL-Address: fbl@shop.test\r\n" }, undefined],
  ["there are two", { afterwards: "CFBL-Address: fbl@evil.test\r\n" }, undefined],
  ["a form that is not ours", { address: "fbl@shop.test; report=xarf" }, undefined],
  ["no address", { address: "nobody" }, undefined],
  ["nobody asks", { address: "" }, undefined],
];
for (const [name, written, to] of cases)
  test(`complaints: ${name}`, async () => {
    const { given, complain } = complaining();
    await complain(letter(written));
    assert.deepEqual(
      given.map(({ recipients: [one] }) => `${one?.local}@${one?.domain}`),
      to === undefined ? [] : [to],
    );
  });

test("a complaint can be read by who gets it, and does not say who complains", async () => {
  const { given, complain } = complaining();
  await complain(letter({}));
  const { bytes, envelopeFrom } = given[0]!;
  assert.equal(envelopeFrom, "");
  assert.match(
    bytes.toString(),
    /^DKIM-Signature: d=here\.test\r\nFrom: "?Complaints of mail\.here\.test"? <postmaster@here\.test>/,
  );
  const read = readReport(bytes);
  assert.ok(read?.kind === "complaint");
  assert.deepEqual(
    [read.feedbackType, read.reportedDomain, read.original?.messageId],
    ["abuse", "shop.test", "one@shop.test"],
  );
  assert.equal(headerValue(returnedHeader(bytes)!, "cfbl-feedback-id"), "abc123");
  assert.doesNotMatch(bytes.toString(), /anna|Buy|Sale/);
});

test("one domain is told 1,000 times a day at most", async () => {
  const { given, complain } = complaining();
  const message = letter({});
  for (let count = 0; count < 1_005; count++) await complain(message);
  assert.equal(given.length, 1_000);
});
