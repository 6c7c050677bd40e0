/**
 * Certificates by ACME of hosted domains, one each: where there are more domains than one certificate has room for. Looked at in turns,
 * some at a time and at most one order each time: authorities count orders, and a domain that does not lead here yet costs some questions.
 * Which were looked at is remembered over a start, so that a new one never waits behind thousands that have what they need.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../base/log.ts";
import { newKeyPem } from "../net/next-key.ts";
import type { CertificateFiles } from "../net/tls.ts";
import { writeWhole } from "../net/write-whole.ts";
import { type Authority, readCertificate, writePair } from "./acme.ts";
import { type Certificate, retryAt, whyDue } from "./renewal.ts";

const hourMs = 3_600_000;
/** Domains whose names are looked up at one look, and of those at once. */
const maxLookedAt = 500;
const maxAtOnce = 10;
/** When a domain that has what it needs is looked at again. */
const goodMs = 12 * hourMs;
/** And one of which no name leads here: soon at first, for its owner has most likely gone to set up its DNS. */
const elsewhereMs = [5 * 60_000, 10 * 60_000, 30 * 60_000, hourMs] as const;

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
  /** When each is looked at next; what is not there has not been looked at since the start. */
  const dueAt = new Map<string, number>();
  /** How often in a row no name of it led here, and how often it could not be ordered. */
  const absences = new Map<string, number>();
  const failures = new Map<string, number>();
  const certificates = new Map<string, Certificate>();

  const seenFile = join(folder, "looked-at.txt");
  /** Those looked at in this life or an earlier one. */
  let seen: Set<string> | undefined;
  let seenChanged = false;
  const readSeen = async (): Promise<Set<string>> => {
    const text = await readFile(seenFile, "utf8").catch(() => "");
    return new Set(text.split("\n").filter((domain) => domain !== ""));
  };
  async function keepSeen(): Promise<void> {
    if (seen === undefined || !seenChanged) return;
    seenChanged = false;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeWhole(seenFile, [...seen].join("\n"), 0o600);
  }

  type Lack = { readonly domain: string; readonly names: readonly string[]; readonly why: string };

  /** What is to be ordered for it; undefined: nothing now. */
  async function lackOf(domain: string): Promise<Lack | undefined> {
    const there = readCertificate(filesOf(domain).certFile);
    if (there !== undefined) certificates.set(domain, there);
    const names = await ask.leadingHere(domain);
    if (names.length === 0) {
      const count = absences.get(domain) ?? 0;
      absences.set(domain, count + 1);
      dueAt.set(domain, now() + elsewhereMs[Math.min(count, elsewhereMs.length - 1)]!);
      return undefined;
    }
    absences.delete(domain);
    const why = whyDue(there, names, now());
    if (why !== undefined) return { domain, names, why };
    dueAt.set(domain, now() + goodMs);
    return undefined;
  }

  async function order({ domain, names, why }: Lack): Promise<void> {
    const files = filesOf(domain);
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
      seen ??= await readSeen();
      for (const known of [dueAt, absences, failures, certificates])
        for (const domain of known.keys()) if (!here.has(domain)) known.delete(domain);
      for (const domain of seen) if (!here.has(domain)) seenChanged = seen.delete(domain);
      const rank = (domain: string): number => dueAt.get(domain) ?? (seen?.has(domain) ? 0 : -1);
      const due = domains
        .filter((domain) => rank(domain) <= now())
        .sort((one, other) => rank(one) - rank(other))
        .slice(0, maxLookedAt);
      try {
        for (let from = 0; from < due.length; from += maxAtOnce) {
          const looked = due.slice(from, from + maxAtOnce);
          const [lack] = (await Promise.all(looked.map(lackOf))).filter((one) => one !== undefined);
          // The others that lack something are looked at once more next time.
          if (lack !== undefined) await order(lack);
          for (const domain of looked)
            if (dueAt.has(domain) && !seen.has(domain)) {
              seen.add(domain);
              seenChanged = true;
            }
          if (lack !== undefined) return;
        }
      } finally {
        await keepSeen();
      }
    },
  };
}
