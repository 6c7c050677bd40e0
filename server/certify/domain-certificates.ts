/**
 * Certificates by ACME of hosted domains, one each: where there are more domains than one certificate has room for. Looked at in turns,
 * a few at a time and at most one order each time: authorities count orders, and a domain that does not lead here yet costs some questions.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../log.ts";
import { newKeyPem } from "../net/next-key.ts";
import type { CertificateFiles } from "../net/tls.ts";
import { type Authority, readCertificate, writePair } from "./acme.ts";
import { type Certificate, retryAt, whyDue } from "./renewal.ts";

const hourMs = 3_600_000;
/** Domains whose names are looked up at one look. */
const maxLookedAt = 50;
/** When a domain is looked at again: one that has what it needs, and one of which no name leads here yet. */
const goodMs = 12 * hourMs;
const elsewhereMs = hourMs;

export type DomainCertificates = {
  /** Orders at most one that is due. Never rejects: what went wrong is logged and tried again later. */
  look(): Promise<void>;
  /** The files of a domain that has a certificate. */
  files(domain: string): CertificateFiles | undefined;
  /** Those that there are, of the domains looked at or asked for since the start. */
  known(): readonly (Certificate & { readonly file: string })[];
};

export function makeDomainCertificates(ask: {
  readonly authority: Pick<Authority, "order">;
  readonly folder: string;
  readonly domains: () => Promise<readonly string[]>;
  /** The names of a domain that lead here. */
  readonly leadingHere: (domain: string) => Promise<readonly string[]>;
  readonly now: () => number;
  readonly random: () => number;
  readonly log: Log;
}): DomainCertificates {
  const { folder, now, log } = ask;
  const filesOf = (domain: string): CertificateFiles => ({
    certFile: join(folder, `${domain}.pem`),
    keyFile: join(folder, `${domain}-key.pem`),
  });
  /** When each is looked at next; what is not there is new. */
  const dueAt = new Map<string, number>();
  const failures = new Map<string, number>();
  const certificates = new Map<string, Certificate>();

  /** Answers whether it was ordered, or tried. */
  async function see(domain: string): Promise<boolean> {
    const files = filesOf(domain);
    const there = readCertificate(files.certFile);
    if (there !== undefined) certificates.set(domain, there);
    const names = await ask.leadingHere(domain);
    const why = names.length === 0 ? undefined : whyDue(there, names, now());
    if (why === undefined) {
      dueAt.set(domain, now() + (names.length === 0 ? elsewhereMs : goodMs));
      return false;
    }
    try {
      log.info({ domain, names, why }, "ordering a certificate");
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const keyPem = await newKeyPem();
      await writePair(files, await ask.authority.order(names, keyPem), keyPem);
      const made = readCertificate(files.certFile);
      if (made !== undefined) certificates.set(domain, made);
      failures.delete(domain);
      dueAt.set(domain, now() + goodMs);
      log.info({ domain, names }, "a new certificate is in use");
    } catch (error) {
      const count = (failures.get(domain) ?? 0) + 1;
      failures.set(domain, count);
      const next = retryAt(count, now(), ask.random());
      dueAt.set(domain, next);
      const about = { domain, names, error: (error as Error).message, failures: count };
      log.error({ ...about, next: new Date(next).toISOString() }, "no certificate could be had by ACME");
    }
    return true;
  }

  return {
    known: () => [...certificates].map(([domain, certificate]) => ({ ...certificate, file: filesOf(domain).certFile })),
    files(domain) {
      const files = filesOf(domain);
      const there = certificates.get(domain) ?? readCertificate(files.certFile);
      if (there === undefined) return undefined;
      certificates.set(domain, there);
      return files;
    },
    async look() {
      const domains = await ask.domains();
      const here = new Set(domains);
      for (const known of [dueAt, failures, certificates])
        for (const domain of known.keys()) if (!here.has(domain)) known.delete(domain);
      const due = domains
        .filter((domain) => (dueAt.get(domain) ?? 0) <= now())
        .sort((one, other) => (dueAt.get(one) ?? 0) - (dueAt.get(other) ?? 0));
      for (const domain of due.slice(0, maxLookedAt)) if (await see(domain)) return;
    },
  };
}
