/** Certificates by ACME (RFC 8555): the orders, and the one of our host, renewed at a third of its life left. */

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { Agent } from "node:https";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import type { Log } from "../base/log.ts";
import { chooseKey, ensureNextKey, type MayChangeKey, newKeyPem } from "../net/next-key.ts";
import type { CertificateFiles, KeyRing } from "../net/tls.ts";
import { writeWhole } from "../net/write-whole.ts";
import { makeDnsChallenge } from "./dns-challenge.ts";
import { type Certificate, retryAt, whyDue } from "./renewal.ts";
import { type AcmeSettings, challenges } from "./settings.ts";

/** RFC 8555 leaves it open; authorities take 100. */
export const maxNames = 100;

/** An authority that certificates are ordered of. */
export type Authority = {
  /** A chain in PEM for these names and this key. Rejects with what went wrong. */
  order(names: readonly string[], keyPem: string): Promise<string>;
  /** What to answer under /.well-known/acme-challenge/. */
  httpAnswer(token: string): string | undefined;
};

export type Acme = {
  readonly files: CertificateFiles;
  /** The certificate there is, if any. */
  certificate(): Certificate | undefined;
  /** Orders one where it is due. True: there is a new one. Never rejects: what went wrong is logged and tried again later. */
  look(): Promise<boolean>;
};

/** Throws a sentence where the settings are wrong. */
export function makeAuthority(ask: {
  readonly settings: AcmeSettings;
  /** Where the key of our account is. */
  readonly folder: string;
  /** PEM file with further authorities to believe; "" for none. */
  readonly caFile: string;
  readonly keyRing: Pick<KeyRing, "answerChallenge">;
  readonly now: () => number;
}): Authority {
  const { settings, folder, keyRing, now } = ask;
  const challengeType = challenges.find((known) => known === settings.challenge);
  if (challengeType === undefined)
    throw new Error(`[acme] challenge "${settings.challenge}" must be one of ${challenges.join(", ")}.`);
  const dns = challengeType === "dns-01" ? makeDnsChallenge(settings, now) : undefined;
  const tokens = new Map<string, string>();
  return {
    httpAnswer: (token) => tokens.get(token),
    async order(names, keyPem) {
      const { default: acme } = await import("acme-client");
      const authorities = ask.caFile === "" ? {} : { ca: [...getCACertificates("default"), readFileSync(ask.caFile)] };
      acme.axios.defaults.httpsAgent = new Agent(authorities);
      acme.axios.defaults.timeout = requestTimeoutMs;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const client = new acme.Client({ directoryUrl: settings.directory, accountKey: await accountKey(folder) });
      const [commonName = ""] = names;
      const [, csr] = await acme.crypto.createCsr({ commonName, altNames: [...names] }, keyPem);
      return client.auto({
        csr,
        ...(settings.email === "" ? {} : { email: settings.email }),
        termsOfServiceAgreed: true,
        // It would try to reach us by our public names from here.
        skipChallengeVerification: true,
        challengePriority: [challengeType],
        challengeCreateFn: async (authorization, { token }, proof) => {
          const name = authorization.identifier.value;
          if (dns !== undefined) return dns.add(`_acme-challenge.${name}`, proof);
          if (challengeType === "http-01") return tokens.set(token, proof);
          const [key, cert] = await acme.crypto.createAlpnCertificate(authorization, proof);
          return keyRing.answerChallenge(name, { cert: cert.toString(), key: key.toString() });
        },
        challengeRemoveFn: async (authorization, { token }, proof) => {
          const name = authorization.identifier.value;
          tokens.delete(token);
          keyRing.answerChallenge(name, undefined);
          if (dns !== undefined) await dns.remove(`_acme-challenge.${name}`, proof);
        },
      });
    },
  };
}

export type AcmeAsk = {
  readonly authority: Authority;
  readonly folder: string;
  /** The names that the certificate is to be for, the host first. */
  readonly wanted: () => Promise<readonly string[]>;
  readonly mayChangeKey: MayChangeKey;
  readonly now: () => number;
  readonly random: () => number;
  readonly log: Log;
};

/** The certificate of our host. */
export function makeAcme(ask: AcmeAsk): Acme {
  const { authority, folder, now, log } = ask;
  const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  const keyFiles = { current: files.keyFile, next: join(folder, "next-key.pem") };
  let failures = 0;
  let lastAt = 0;
  let notBefore = 0;

  async function order(names: readonly string[]): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const keyPem = await chooseKey(keyFiles, ask.mayChangeKey);
    await writePair(files, await authority.order(names, keyPem), keyPem);
    await ensureNextKey(keyFiles);
  }

  return {
    files,
    certificate: () => readCertificate(files.certFile),
    async look() {
      const names = (await ask.wanted()).slice(0, maxNames);
      const why = whyDue(readCertificate(files.certFile), names, now());
      if (why === undefined || now() < notBefore) return false;
      try {
        log.info({ names, why }, "ordering a certificate");
        await order(names);
        failures = 0;
        log.info({ names }, "a new certificate is in use");
        return true;
      } catch (error) {
        failures++;
        lastAt = now();
        notBefore = retryAt(failures, lastAt, ask.random());
        const next = new Date(notBefore).toISOString();
        log.error({ names, error: (error as Error).message, failures, next }, "no certificate could be had by ACME");
        return false;
      }
    },
  };
}

/** The key first: a certificate beside another key could not be used. */
export async function writePair(files: CertificateFiles, chain: string, keyPem: string): Promise<void> {
  await writeWhole(files.keyFile, keyPem, 0o600);
  await writeWhole(files.certFile, chain, 0o644);
}

const requestTimeoutMs = 60_000;

/** The key of our account with the authority, made at the first use. */
async function accountKey(folder: string): Promise<string> {
  const file = join(folder, "account-key.pem");
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const made = await newKeyPem();
    await writeWhole(file, made, 0o600);
    return made;
  }
}

/** What is needed of a certificate file; undefined where there is none that can be read. */
export function readCertificate(file: string): Certificate | undefined {
  try {
    const leaf = new X509Certificate(readFileSync(file));
    const names = [...(leaf.subjectAltName ?? "").matchAll(/DNS:([^,\s]+)/g)].map((match) => match[1]!.toLowerCase());
    return { names, validFrom: leaf.validFromDate.getTime(), validTo: leaf.validToDate.getTime() };
  } catch {
    return undefined;
  }
}
