import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { authenticate } from "mailauth";
import { chainOf } from "../../protocol/arc/chain.ts";
import { splitHeader } from "../../protocol/mime/header.ts";
import { type ArcSealTask, arcSeal, type CommonTags, sealOf } from "./arc-seal.ts";
import { makeDkimKeys } from "./dkim-keys.ts";
import { dkimSignature } from "./dkim-signature.ts";

type Vector = {
  readonly name: string;
  readonly message: string;
  readonly t: number;
  readonly fields: readonly string[];
  readonly seal: string;
  readonly signature: string;
  readonly results: string;
  readonly domain: string;
  readonly selector: string;
  readonly privateKey: string;
};
const vectors = JSON.parse(
  await readFile(new URL("../../test/corpus/arc/sign-tests.json", import.meta.url), "utf8"),
) as readonly Vector[];

/** Tags of a field by name, all blanks gone. */
const tags = (value: string): { readonly [tag: string]: string } =>
  Object.fromEntries(
    value
      .replace(/\s+/g, "")
      .split(";")
      .filter((tag) => tag !== "")
      .map((tag) => [tag.slice(0, tag.indexOf("=")), tag.slice(tag.indexOf("=") + 1)]),
  );
const fieldOf = (lines: string, name: string): string => {
  const header = splitHeader(Buffer.from(lines), 0, lines.length);
  const field = header.fields.find((one) => one.name === name);
  return field === undefined ? "" : header.text.slice(field.valueStart, field.end);
};
const squeezed = (text: string): string => text.replace(/\s+/g, " ").trim();

test("there are 17 vectors", () => assert.equal(vectors.length, 17));
for (const { name, message, t, fields, seal, signature, results, domain, selector, privateKey } of vectors)
  test(`ARC vector ${name}`, () => {
    const bytes = Buffer.from(message.replaceAll("\n", "\r\n"), "latin1");
    const expected = tags(seal);
    const lines = arcSeal({
      bytes,
      chain: (expected["cv"] ?? "pass") as "none" | "pass" | "fail",
      results: results.replace(/^i=\d+;/, ""),
      domain,
      selector,
      privateKey,
      sealedAt: t * 1000,
      only: fields,
    });
    assert.equal(squeezed(fieldOf(lines, "arc-authentication-results")), squeezed(results));
    assert.deepEqual(tags(fieldOf(lines, "arc-message-signature")), tags(signature));
    // A seal covers the blanks within the signature before it, which stand where each program folds: so of ours all but b= is the same …
    const { b: _, ...rest } = tags(fieldOf(lines, "arc-seal"));
    const { b, ...wanted } = expected;
    assert.deepEqual(rest, wanted);
    if (b === undefined) return;
    // … and over the fields without folds, as the vectors were made, ours is the same to the last bit.
    const { fields: before } = chainOf(splitHeader(bytes, 0, bytes.length));
    const unfolded = Object.entries(tags(signature))
      .map((tag) => tag.join("="))
      .join("; ");
    const own = [`ARC-Authentication-Results: ${squeezed(results)}`, `ARC-Message-Signature: ${unfolded}`];
    const common: CommonTags = [
      ["d", domain],
      ["i", expected["i"]],
      ["s", selector],
      ["t", String(t)],
    ];
    const covered = expected["cv"] === "fail" ? own : [...before, ...own];
    assert.equal(
      tags(sealOf(covered, expected["cv"]!, common, createPrivateKey(privateKey)).slice("ARC-Seal:".length))["b"],
      b,
    );
  });

const keys = (await makeDkimKeys(0)).keys;
const rsa = keys[0]!;
const task = (bytes: Buffer, change: Partial<ArcSealTask> = {}): ArcSealTask => ({
  bytes,
  chain: "none",
  results: "mx.us.test; spf=pass smtp.mailfrom=far.test;\r\n dkim=pass header.d=far.test; arc=none; dmarc=pass",
  domain: "us.test",
  selector: rsa.selector,
  privateKey: rsa.privateKey,
  sealedAt: Date.now(),
  ...change,
});
async function verified(bytes: Buffer): Promise<string> {
  const { arc } = await authenticate(bytes, {
    ip: "192.0.2.1",
    sender: "a@far.test",
    disableDmarc: true,
    disableBimi: true,
    resolver: async (name: string) => {
      const key = keys.find(({ selector }) => name === `${selector}._domainkey.us.test`);
      if (key === undefined) throw Object.assign(new Error(name), { code: "ENOTFOUND" });
      return [[key.record]];
    },
  } as never);
  return String((arc as { status: { result: string } }).status.result);
}
const sealed = (bytes: Buffer, change: Partial<ArcSealTask> = {}): Buffer =>
  Buffer.concat([Buffer.from(arcSeal(task(bytes, change)), "latin1"), bytes]);

test("mailauth believes a chain of our seals, and none that was tampered with", async () => {
  const text = "From: a@far.test\r\nTo: b@us.test\r\nSubject: x\r\n\r\nhello  there \r\n\r\n";
  const signature = dkimSignature({ bytes: Buffer.from(text), domain: "us.test", keys, signedAt: Date.now() });
  let bytes = sealed(Buffer.from(signature + text));
  assert.equal(await verified(bytes), "pass");
  for (let hop = 2; hop <= 5; hop++) {
    bytes = sealed(Buffer.concat([Buffer.from(`Received: by hop${hop}\r\n`), bytes]), { chain: "pass" });
    assert.equal(await verified(bytes), "pass", `hop ${hop}`);
  }
  const other = Buffer.from(bytes.toString("latin1").replace("Subject: x", "Subject: y"), "latin1");
  assert.equal(await verified(other), "fail");
  const broken = sealed(other, { chain: "fail" });
  assert.match(broken.toString("latin1"), /^ARC-Seal:[\s\S]*?cv=fail/);
  assert.equal(await verified(broken), "fail");
  assert.equal(arcSeal(task(broken, { chain: "fail" })), "", "nothing is added to a chain that has ended");
});

test("after 50 sets there is no more", () => {
  const text = "ARC-Seal: i=50; cv=pass\r\nFrom: a@far.test\r\n\r\nx\r\n";
  assert.equal(arcSeal(task(Buffer.from(text), { chain: "pass" })), "");
});
