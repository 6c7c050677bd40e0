/**
 * How fast messages are signed, beside what node:crypto alone needs for the same: the SHA-256 of the body, one RSA-2048 and one Ed25519
 * signature. What is beyond that is ours: canonical form, tags, fields. Run with `node test/bench/sign.ts [seconds]`. The two are
 * measured in turns, call by call, and of each the tenth that was quickest counts: those calls nothing else on the machine disturbed.
 */
import { createHash, createPrivateKey, sign } from "node:crypto";
import { makeDkimKeys } from "../../server/sign/dkim-keys.ts";
import { dkimSignature } from "../../server/sign/dkim-signature.ts";

const seconds = Number(process.argv[2] ?? 8);
const { keys } = await makeDkimKeys(Date.now());
const [rsa, ed25519] = keys.map(({ privateKey }) => createPrivateKey(privateKey));
const header = `From: Anna <anna@example.test>\r\nTo: Bob <bob@far.test>\r\nSubject: A letter of some length\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <1@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
const lines = {
  text: "The quick brown fox jumps over the lazy dog, and then again.\r\n",
  "text to be squeezed": "The quick brown fox jumps over the lazy dog, and  again.\r\n",
  base64: `${"VGhlIHF1aWNrIGJyb3du".repeat(4).slice(0, 76)}\r\n`,
};
/** What RSA signs in a DKIM signature: some 700 bytes of canonical header. */
const text = Buffer.from("x".repeat(700));

function cryptoAlone(body: Buffer): void {
  createHash("sha256").update(body).digest("base64");
  sign("sha256", text, rsa!);
  sign(null, createHash("sha256").update(text).digest(), ed25519!);
}

/** Calls per second of each, by the time that one call takes at the slowest of its quickest tenth. */
function race(works: readonly (() => void)[], forMs: number): number[] {
  const times = works.map((): number[] => []);
  for (const end = performance.now() + forMs; performance.now() < end; )
    for (const [index, work] of works.entries()) {
      const start = performance.now();
      work();
      times[index]!.push(performance.now() - start);
    }
  return times.map((all) => 1000 / all.sort((a, b) => a - b)[Math.floor(all.length / 10)]!);
}

const cases = Object.entries(lines).flatMap(([what, line]) =>
  [1_000, 10_000, 100_000, 1_000_000].map((size) => ({ what, size, line })),
);
const works = cases.flatMap(({ line, size }) => {
  const bytes = Buffer.from((header + line.repeat(size / line.length)).slice(0, size));
  const body = bytes.subarray(header.length);
  const ours = (): void => void dkimSignature({ bytes, domain: "example.test", keys, signedAt: Date.now() });
  return [() => cryptoAlone(body), ours];
});
race(works, 1000);
const rates = race(works, seconds * 1000);
for (const [index, { what, size }] of cases.entries()) {
  const [alone, ours] = [rates[2 * index]!, rates[2 * index + 1]!];
  const share = ((100 * ours) / alone).toFixed(1);
  console.log(`${what}, ${size / 1000} KB: ${ours.toFixed(0)} a second, ${share} % of ${alone.toFixed(0)}`);
}
