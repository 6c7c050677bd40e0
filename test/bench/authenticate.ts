/**
 * What it costs to see who sent a message: SPF with one include, one DKIM signature (RSA-2048), DMARC that passes, the reverse name, no ARC; DNS
 * answers from memory. Run with `node test/bench/authenticate.ts [messages]`: CPU of this process for each message, of several sizes.
 */
import { splitHeader } from "../../protocol/mime/header.ts";
import { makeAuthenticate } from "../../server/judge/authenticate/authenticate.ts";
import { defaultAuthenticationSettings } from "../../server/judge/authenticate/settings.ts";
import type { Answer, Resolver } from "../../server/net/resolver.ts";
import type { Received } from "../../server/receive/received.ts";
import { makeDkimKeys } from "../../server/sign/dkim-keys.ts";
import { dkimSignature } from "../../server/sign/dkim-signature.ts";

const messages = Number(process.argv[2] ?? 5000);
const { keys } = await makeDkimKeys(Date.now());
const rsa = keys.find(({ algorithm }) => algorithm === "rsa-sha256")!;
const zone: { readonly [question: string]: readonly string[] } = {
  "TXT example.test": ["v=spf1 include:spf.example.test -all"],
  "TXT spf.example.test": ["v=spf1 ip4:198.51.100.0/24 ip4:192.0.2.0/24 ~all"],
  "TXT _dmarc.example.test": ["v=DMARC1; p=reject; rua=mailto:reports@example.test"],
  [`TXT ${rsa.selector}._domainkey.example.test`]: [rsa.record],
  "PTR 192.0.2.1": ["out.example.test"],
  "A out.example.test": ["192.0.2.1"],
};
const ask =
  (type: string) =>
  async (name: string): Promise<Answer<never>> => {
    const records = zone[`${type} ${name}`];
    if (records === undefined) return { kind: "none", exists: false, secure: false, ttlSeconds: 1 };
    return { kind: "found", records: records as never[], secure: false, ttlSeconds: 1 };
  };
const resolver: Resolver = {
  ...{ mx: ask("MX"), a: ask("A"), aaaa: ask("AAAA"), txt: ask("TXT"), tlsa: ask("TLSA"), ptr: ask("PTR") },
};
const judge = makeAuthenticate({
  settings: defaultAuthenticationSettings,
  resolver,
  ourHost: "mail.here.test",
  goesBy: () => false,
  now: Date.now,
  hashesOfLarge: () => Promise.reject(new Error("no message here is large")),
});

const start = `From: Anna <anna@example.test>\r\nTo: Bob <bob@here.test>\r\nSubject: A letter\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <1@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
for (const size of [1_000, 4_000, 60_000, 200_000]) {
  const plain = Buffer.from(
    start + "The quick brown fox jumps over the lazy dog, and then again.\r\n".repeat(size / 62),
  );
  const signature = dkimSignature({ bytes: plain, domain: "example.test", keys: [rsa], signedAt: Date.now() });
  const bytes = Buffer.concat([Buffer.from(signature, "latin1"), plain]);
  const mail = {
    ...{
      bytes,
      via: "ESMTP",
      trusted: false,
      envelopeFrom: "anna@example.test",
      helo: "out.example.test",
      at: Date.now(),
    },
    remote: { address: "192.0.2.1", port: 1 },
  } as Received;
  const once = (): ReturnType<typeof judge> => judge(mail, splitHeader(bytes, 0, bytes.length), {});
  const verdict = await once();
  if (!("fields" in verdict) || !/dkim=pass[\s\S]*dmarc=pass/.test(verdict.fields ?? ""))
    throw new Error("it does not pass");
  for (let i = 0; i < messages / 10; i++) await once();
  const before = process.cpuUsage();
  for (let i = 0; i < messages; i++) await once();
  const { user, system } = process.cpuUsage(before);
  console.log(`${size / 1000} KB: ${((user + system) / 1000 / messages).toFixed(3)} ms of CPU for each of ${messages}`);
}
