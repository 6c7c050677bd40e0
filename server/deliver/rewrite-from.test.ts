import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../protocol/mime/header.ts";
import type { Findings } from "../judge/judge.ts";
import { losesDmarc, withOurFrom } from "./rewrite-from.ts";

const rewritten = (text: string): string | undefined => {
  const bytes = Buffer.from(text.replaceAll("\n", "\r\n"));
  return withOurFrom(bytes, splitHeader(bytes, 0, bytes.length), "info@here.test")
    ?.toString()
    .replaceAll("\r\n", "\n");
};

test("From is ours, in its place; the author gets the answers", () => {
  assert.equal(
    rewritten("Subject: s\nFrom: Anna <anna@bank.test>\nTo: info@here.test\n\nbody\n"),
    'Subject: s\nFrom: "Anna via info@here.test" <info@here.test>\nTo: info@here.test\nX-Original-From: Anna <anna@bank.test>\nReply-To: Anna <anna@bank.test>\n\nbody\n',
  );
  const replies = rewritten("From: anna@bank.test\nReply-To: b@bank.test\n\n");
  assert.match(
    replies ?? "",
    /^From: "anna@bank\.test via info@here\.test" <info@here\.test>\nReply-To: b@bank\.test\nX-Original-From: anna@bank\.test\n\n$/,
  );
});

test("no From, or two: nothing is done", () => {
  assert.equal(rewritten("Subject: s\n\n"), undefined);
  assert.equal(rewritten("From: a@b.test\nFrom: c@b.test\n\n"), undefined);
});

test("only where a policy has consequences and no aligned signature goes along", () => {
  const findings = (p: string | undefined, dkimAligned: boolean) =>
    ({
      authentication: { dmarc: { policy: p === undefined ? undefined : { p }, dkimAligned } },
    }) as unknown as Findings;
  assert.equal(losesDmarc(findings("reject", false)), true);
  assert.equal(losesDmarc(findings("quarantine", false)), true);
  assert.equal(losesDmarc(findings("reject", true)), false);
  assert.equal(losesDmarc(findings("none", false)), false);
  assert.equal(losesDmarc(findings(undefined, false)), false);
  assert.equal(losesDmarc(undefined), false);
});
