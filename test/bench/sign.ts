/**
 * How fast messages are signed, beside what node:crypto alone can sign: one RSA-2048 and one Ed25519 signature each. Run with
 * `node test/bench/sign.ts [seconds]`. The two are measured in turns, so that a noisy machine is noisy for both.
 */
import { createHash, createPrivateKey, sign } from "node:crypto";
import { makeDkimKeys } from "../../server/sign/dkim-keys.ts";
import { dkimSignature } from "../../server/sign/dkim-signature.ts";

const seconds = Number(process.argv[2] ?? 8);
const { keys } = await makeDkimKeys(Date.now());
const [rsa, ed25519] = keys.map(({ privateKey }) => createPrivateKey(privateKey));
const header = `From: Anna <anna@example.test>\r\nTo: Bob <bob@far.test>\r\nSubject: A letter of some length\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <1@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
const line = "The quick brown fox jumps over the lazy dog, and  again.\r\n";
const messageOf = (bytes: number): Buffer => Buffer.from((header + line.repeat(bytes / line.length)).slice(0, bytes));
/** What RSA signs in a DKIM signature: some 700 bytes of canonical header. */
const text = Buffer.from("x".repeat(700));

const cryptoAlone = (): void => {
  sign("sha256", text, rsa!);
  sign(null, createHash("sha256").update(text).digest(), ed25519!);
};

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Calls per second of processor time of each, taken in turns of 50. */
function race(works: readonly (() => void)[], forMs: number): number[] {
  const spent = works.map(() => 0);
  let rounds = 0;
  for (const end = performance.now() + forMs; performance.now() < end; rounds += 50)
    for (const [index, work] of works.entries()) {
      const start = cpuMs();
      for (let call = 0; call < 50; call++) work();
      spent[index]! += cpuMs() - start;
    }
  return spent.map((ms) => (rounds * 1000) / ms);
}

const sizes = [1_000, 10_000, 100_000];
const works = sizes.map((size) => {
  const bytes = messageOf(size);
  return () => void dkimSignature({ bytes, domain: "example.test", keys, signedAt: Date.now() });
});
race([cryptoAlone, ...works], 500);
const [alone, ...ours] = race([cryptoAlone, ...works], seconds * 1000);
console.log(`node:crypto alone: ${alone!.toFixed(0)} pairs of signatures in a second of processor time`);
for (const [index, rate] of ours.entries())
  console.log(
    `messages of ${sizes[index]! / 1000} KB: ${rate.toFixed(0)} a second, ${((100 * rate) / alone!).toFixed(1)} %`,
  );
