/** The TLSA records of our own host: the key of its certificate, and the one that the next certificate will have. */
import { type KeyObject, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { keyRecord, tlsaText } from "../../protocol/policy/dane.ts";
import { type MayChangeKey, publicKeyOf } from "./next-key.ts";
import type { Resolver } from "./resolver.ts";

/**
 * "3 1 1 …" each (RFC 7672 §3.1.1), the one in use first; none where there is no certificate yet. `folder` is where our own certificates
 * are kept, `certificateFile` the configured one or "".
 */
export function publishedKeys(folder: string, certificateFile: string): readonly string[] {
  const acme = join(folder, "acme");
  const ours = existsSync(join(acme, "cert.pem")) ? acme : folder;
  const file = certificateFile !== "" ? certificateFile : join(ours, ours === acme ? "cert.pem" : "server.pem");
  const keys = [];
  try {
    keys.push(new X509Certificate(readFileSync(file)).publicKey);
  } catch {
    return [];
  }
  const next = certificateFile === "" ? publicKeyOf(join(ours, "next-key.pem")) : undefined;
  if (next !== undefined) keys.push(next);
  return [...new Set(keys.map((key) => tlsaText(keyRecord(key))))];
}

/** Whether the host's certificate may get its next key: DNS names that one too, or has nothing that a change would make wrong. */
export const mayChangeKey =
  (host: string, resolver: Pick<Resolver, "tlsa">, current: () => KeyObject | undefined): MayChangeKey =>
  async (next) => {
    const answer = await resolver.tlsa(`_25._tcp.${host}`);
    // Nothing is urgent about another key.
    if (answer.kind === "trouble") return false;
    if (answer.kind === "none") return true;
    const published = new Set(answer.records.map(tlsaText));
    const now = current();
    return published.has(tlsaText(keyRecord(next))) || (now !== undefined && !published.has(tlsaText(keyRecord(now))));
  };
