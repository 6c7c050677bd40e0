import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticate } from "mailauth";
import { arcSeal } from "./arc-seal.ts";
import { makeDkimKeys } from "./dkim-keys.ts";
import { dkimSignature } from "./dkim-signature.ts";
import { type InSevenBits, inSevenBits, type SevenBitTask } from "./in-seven-bits.ts";

const now = Date.now();
const keys = (await makeDkimKeys(0)).keys;
/** They signed once; the next ones do now. */
const next = (await makeDkimKeys(86_400_000)).keys;
const records = new Map([...keys, ...next].map(({ selector, record }) => [`${selector}._domainkey.us.test`, record]));
const ours: SevenBitTask["ours"] = [
  {
    domain: "us.test",
    keys: [...keys.map((key) => ({ ...key, signs: false })), ...next.map((key) => ({ ...key, signs: true }))],
  },
];
const head = "From: a@us.test\r\nTo: b@far.test\r\nSubject: x\r\n";
const body = "\r\ngrüße und noch vieles, vieles mehr\r\n";
const signed = (text: string, expiresAt?: number): string =>
  dkimSignature({ bytes: Buffer.from(text), domain: "us.test", keys, signedAt: now - 2000, expiresAt }) + text;
const sealed = (text: string, chain: "none" | "pass" = "none"): string => {
  const { selector, privateKey } = keys[0]!;
  const results = "mx.us.test; spf=pass smtp.mailfrom=far.test";
  const bytes = Buffer.from(text);
  return arcSeal({ bytes, chain, results, domain: "us.test", selector, privateKey, sealedAt: now - 2000 }) + text;
};
const convert = async (text: string): Promise<InSevenBits> =>
  (await inSevenBits({ bytes: Buffer.from(text), ours, signedAt: now }))!;

async function verified({ bytes }: InSevenBits): Promise<readonly string[]> {
  const { dkim, arc } = (await authenticate(Buffer.from(bytes), {
    ip: "192.0.2.1",
    sender: "a@far.test",
    disableDmarc: true,
    disableBimi: true,
    resolver: async (name: string) => {
      const record = records.get(name);
      if (record === undefined) throw Object.assign(new Error(name), { code: "ENOTFOUND" });
      return [[record]];
    },
  } as never)) as unknown as {
    dkim: { results: readonly { selector: string; status: { result: string } }[] };
    arc: { status: { result: string } };
  };
  return [
    ...dkim.results.map(({ selector, status }) => `${selector ?? ""} ${status.result}`.trim()),
    `arc ${arc.status.result}`,
  ];
}
const [rsa, ed25519] = next.map(({ selector }) => `${selector} pass`);
const both: readonly string[] = [ed25519!, rsa!].sort();

test("what our keys signed is signed by the present ones, and ends when it ended", async () => {
  const made = await convert(signed(head + body, now + 86_400_000));
  assert.deepEqual((await verified(made)).toSorted(), ["arc none", ...both].toSorted());
  assert.deepEqual(made.unsigned, []);
  const text = Buffer.from(made.bytes).toString("latin1");
  assert.equal(text.match(new RegExp(`x=${Math.floor(now / 1000) + 86_400};`, "g"))?.length, 2);
  assert.match(text, /gr=C3=BC/);
});

const cases: readonly [name: string, text: string, expected: readonly string[], unsigned: readonly string[]][] = [
  [
    "a signature that was none is not made one",
    signed(head + body).replace("Subject: x", "Subject: y"),
    [],
    ["us.test"],
  ],
  ["a signature that has ended stays so", signed(head + body, now - 1000), [], ["us.test"]],
  ["our seal", sealed(head + body), ["arc pass"], []],
  ["our seal on our signatures", sealed(signed(head + body)), ["arc pass", ...both], []],
  ["our seal on our seal", sealed(`Received: x\r\n${sealed(head + body)}`, "pass"), ["arc pass"], []],
  [
    "a seal with other results is not ours",
    sealed(head + body).replace(/(ARC-Authentication-Results:[^;]*;[^;]*;\s*spf=)pass/, "$1fail"),
    ["arc fail"],
    [],
  ],
];
for (const [name, text, expected, unsigned] of cases)
  test(name, async () => {
    const made = await convert(text);
    const found = (await verified(made)).filter((one) => / pass$|^arc fail/.test(one));
    assert.deepEqual(found.toSorted(), expected.toSorted());
    assert.deepEqual(made.unsigned, unsigned);
  });

test("a field that was not signed is not signed now", async () => {
  const made = await convert(`List-Post: <mailto:evil@x.test>\r\n${signed(head + body)}`);
  assert.doesNotMatch(Buffer.from(made.bytes).toString("latin1"), /h=[^;]*list-post/i);
});

test("what cannot be converted is not", async () => {
  const text = signed(`Subject: ü\r\n${head}${body}`);
  assert.equal(await inSevenBits({ bytes: Buffer.from(text), ours, signedAt: now }), undefined);
});
