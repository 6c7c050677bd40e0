/** How far senders are believed, from what authentication found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Authentication } from "../authenticate/authentication.ts";
import { type Vouching, vouchingFor, wasUnproved } from "./vouching.ts";

const found = (spf: string | undefined, dmarc: string, aligned: readonly string[] = [], signer?: string) =>
  ({
    spf: spf === undefined ? undefined : { result: spf },
    dmarc: { result: dmarc },
    aligned,
    dkim: signer === undefined ? [] : [{ result: "fail", domain: signer }],
  }) as unknown as Authentication;

const cases: readonly [name: string, Authentication | undefined, path: string, Vouching][] = [
  ["nothing was asked", undefined, "a@bank.test", "unasked"],
  ["aligned", found("pass", "pass", ["mail.bank.test"]), "b@mail.bank.test", "proved"],
  ["aligned by SPF where there is no policy", found("pass", "none", ["bank.test"]), "a@bank.test", "proved"],
  ["another's domain is aligned with nobody", found("pass", "none"), "a@evil.test", "unproved"],
  ["DMARC fails", found("none", "fail"), "a@bank.test", "unproved"],
  ["SPF fails", found("fail", "none"), "a@bank.test", "unproved"],
  ["its signature fails", found("none", "none", [], "bank.test"), "a@bank.test", "unproved"],
  ["DNS does not answer", found("temperror", "none"), "a@bank.test", "unproved"],
  ["a domain that says nothing", found("none", "none"), "a@bank.test", "unsaid"],
  ["the same, below it", found("neutral", "none"), "a@mail.bank.test", "unsaid"],
  ["the same, without a reverse-path", found("none", "none"), "", "unsaid"],
  ["a list signed it, the author's domain says nothing", found(undefined, "none", [], "list.test"), "", "unsaid"],
];
for (const [name, authentication, path, expected] of cases)
  test(name, () => assert.equal(vouchingFor(authentication, { domain: "Bank.test" }, path), expected));

test("what was written into a message says whether its sender was proved", () => {
  const field = "Return-Path: <a@b.test>\r\nX-Spam-Status: No, score=0.1 required=3.5 probability=0.5 sender=";
  assert.equal(wasUnproved(`${field}unproved\r\n\ttests=none\r\n\r\n`), true);
  assert.equal(wasUnproved(`${field}proved\r\n\ttests=none\r\n\r\n`), false);
  assert.equal(wasUnproved("Subject: sender=unproved\r\n\r\n"), false);
});
