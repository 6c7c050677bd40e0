/** The certificates we show, by the name the client asks for, and what TLS we speak (1.2 and 1.3, forward secrecy, AEAD only). */
import { createHash, type KeyObject, randomBytes, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import * as tls from "node:tls";
import type { Log } from "../base/log.ts";
import { type FindFiles, FurtherCertificates } from "./further-certificates.ts";
import type { MayChangeKey } from "./next-key.ts";
import { ensureOwnCertificate } from "./own-certificate.ts";

export type CertificateFiles = {
  /** PEM: the certificate and the intermediate ones behind it. */
  readonly certFile: string;
  readonly keyFile: string;
};

export type TlsSettings = {
  /** Tried in this order; the first is also shown to clients that ask for no name or an unknown one. Empty: our own certificate. */
  readonly certificates: readonly CertificateFiles[];
  /** How often the files are looked at for a change. */
  readonly reloadMs: number;
  /** How long the keys of session tickets live: a stolen one opens the sessions of this time. */
  readonly ticketKeysMs: number;
};

export const defaultTlsSettings: TlsSettings = {
  certificates: [],
  reloadMs: 10_000,
  ticketKeysMs: 12 * 60 * 60 * 1000,
};

export interface KeyRing extends Disposable {
  /** Further certificates: those that come before the configured ones (or our own), and those that come after them. Unusable ones are logged and left out. */
  show(before: readonly CertificateFiles[], after: readonly CertificateFiles[]): Promise<void>;
  /** Who knows the certificates of names that none of these is for; asked when a client wants one. */
  showFurther(find: FindFiles): void;
  /** For a server of HTTPS: certificates by name, read anew; `renew` is called with new default options when they change. */
  httpsOptions(renew: (options: tls.SecureContextOptions) => void): tls.TlsOptions;
  /** While it is set, HTTPS answers a challenge for a name with this certificate (RFC 8737). */
  answerChallenge(servername: string, certificate: { readonly cert: string; readonly key: string } | undefined): void;
  /** For `new tls.TLSSocket(socket, {...serverOptions(), isServer: true})`; ask anew for each connection. */
  serverOptions(): tls.TLSSocketOptions;
  /** RFC 5929 §4.1 `tls-server-end-point` of the certificate shown for this name; undefined where its hash is not defined. */
  endPointHash(servername: string | undefined): Buffer | undefined;
  /** PEM file of our own authority, when the certificate is our own. */
  readonly caFile: string | undefined;
  /** Names and end of each certificate, for people. */
  describe(): readonly {
    readonly names: readonly string[];
    readonly validTo: string;
    readonly file: string;
    readonly publicKey: KeyObject;
  }[];
  /** The key of our own next certificate, where the certificate is our own. */
  readonly nextKeyFile: string | undefined;
  /** What is shown for this name, in PEM: to sign with. */
  pair(servername: string | undefined): { readonly cert: string; readonly key: string };
  /** What is to be done when our own certificate has been made anew, before the files are read again: its key may be another. */
  whenRenewed(work: () => Promise<void>): void;
  /** Reads the files again; a certificate that cannot be used is logged and the former one kept. */
  reload(): Promise<void>;
  close(): void;
}

const cipherSuites = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

const contextOptions = (ticketKeys: Buffer): tls.SecureContextOptions => ({
  minVersion: "TLSv1.2",
  ciphers: cipherSuites,
  honorCipherOrder: true,
  ticketKeys,
  sessionIdContext: "angarium",
});

/** What HTTPS speaks; "acme-tls/1" only proves that a name is ours (RFC 8737). */
const alpn = ["http/1.1", "acme-tls/1"];

type Shown = {
  readonly files: CertificateFiles;
  readonly stamp: string;
  readonly cert: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly validTo: string;
  readonly publicKey: KeyObject;
  readonly endPointHash: Buffer | undefined;
  readonly context: tls.SecureContext;
};

/**
 * Opens the ring. `folder` is where our own certificate lives when `settings.certificates` is empty. Throws a sentence for
 * an administrator when a configured certificate cannot be used.
 */
export async function makeKeyRing(parts: {
  readonly settings: Partial<TlsSettings>;
  readonly folder: string;
  readonly hostname: string;
  readonly log: Log;
  readonly now: () => number;
  /** Whether our own certificate may change its key: see `next-key.ts`. */
  readonly mayChangeKey?: MayChangeKey;
}): Promise<KeyRing> {
  const settings = { ...defaultTlsSettings, ...parts.settings };
  const { folder, hostname, log, now } = parts;
  const isOwn = settings.certificates.length === 0;
  const own = isOwn ? await ensureOwnCertificate(folder, hostname, now(), parts.mayChangeKey) : undefined;
  const certificates = own === undefined ? settings.certificates : [own];
  const renewals: ((options: tls.SecureContextOptions) => void)[] = [];
  const whenRenewed: (() => Promise<void>)[] = [];
  const challenges = new Map<string, tls.SecureContext>();
  let further: FurtherCertificates<Shown> | undefined;

  let ticketKeys = randomBytes(48);
  let ticketKeysMadeAt = performance.now();
  let shown = certificates.map((files) => load(files, ticketKeys));
  let options: tls.TLSSocketOptions;
  let byName: Map<string, Shown>;
  arrange();

  function arrange(): void {
    byName = new Map();
    for (const one of shown) for (const name of one.names) if (!byName.has(name)) byName.set(name, one);
    const first = shown[0]!;
    options = { secureContext: first.context };
    if (shown.length > 1 || further !== undefined) options.SNICallback = answerName;
    for (const renew of renewals) renew(defaults());
  }

  function defaults(): tls.SecureContextOptions {
    const { cert, key } = shown[0]!;
    return { cert, key, ...contextOptions(ticketKeys) };
  }

  const always = (name: string): Shown | undefined =>
    byName.get(name) ?? byName.get(`*${name.slice(name.indexOf("."))}`);

  function find(servername: string | undefined): Shown {
    const name = servername?.toLowerCase() ?? "";
    return always(name) ?? further?.get(name) ?? shown[0]!;
  }

  function answerName(servername: string, answer: (error: null, context: tls.SecureContext) => void): void {
    const name = servername.toLowerCase();
    const known = always(name);
    if (known !== undefined || further === undefined) answer(null, (known ?? shown[0]!).context);
    else void further.look(name).then((found) => answer(null, (found ?? shown[0]!).context));
  }

  async function reload(): Promise<void> {
    if (own !== undefined) {
      const before = shown.find(({ files }) => files.certFile === own.certFile)?.stamp;
      await ensureOwnCertificate(folder, hostname, now(), parts.mayChangeKey);
      if (before !== stampOf(own)) {
        for (const work of whenRenewed) await work();
        further?.forget();
      }
    }
    const freshTickets = performance.now() - ticketKeysMadeAt >= settings.ticketKeysMs;
    if (freshTickets) {
      ticketKeys = randomBytes(48);
      ticketKeysMadeAt = performance.now();
      further?.forget();
    }
    let changed = false;
    shown = shown.map((old) => {
      try {
        if (!freshTickets && stampOf(old.files) === old.stamp) return old;
        const fresh = load(old.files, ticketKeys);
        changed = true;
        return fresh;
      } catch (error) {
        log.error({ error: (error as Error).message }, "certificate not reloaded, the former one stays");
        return old;
      }
    });
    if (!changed) return;
    arrange();
    if (!freshTickets)
      log.info({ certificates: ring.describe().map(({ publicKey: _, ...shown }) => shown) }, "certificates reloaded");
  }

  const timer = setInterval(() => {
    reload().catch((error: Error) => log.error({ error: error.message }, "certificates not reloaded"));
  }, settings.reloadMs);
  timer.unref();

  const ring: KeyRing = {
    serverOptions: () => options,
    async show(before, after) {
      const known = new Map(shown.map((one) => [one.files.certFile, one]));
      shown = [...before, ...certificates, ...after].flatMap((files) => {
        const old = known.get(files.certFile);
        try {
          return old?.stamp === stampOf(files) ? old : load(files, ticketKeys);
        } catch (error) {
          log.error({ error: (error as Error).message }, "certificate left out");
          return old ?? [];
        }
      });
      arrange();
    },
    showFurther(findFiles) {
      further = new FurtherCertificates(findFiles, { load: (files) => load(files, ticketKeys), stampOf }, log);
      arrange();
    },
    httpsOptions: (renew) => {
      renewals.push(renew);
      return {
        ...defaults(),
        ALPNCallback: ({ protocols }) => alpn.find((known) => protocols.includes(known)),
        SNICallback: (servername, answer) => {
          const challenge = challenges.get(servername.toLowerCase());
          if (challenge === undefined) answerName(servername, answer);
          else answer(null, challenge);
        },
      };
    },
    answerChallenge(servername, certificate) {
      if (certificate === undefined) challenges.delete(servername);
      else challenges.set(servername, tls.createSecureContext(certificate));
    },
    endPointHash: (servername) => find(servername).endPointHash,
    whenRenewed: (work) => void whenRenewed.push(work),
    pair: (servername) => {
      const { cert, key } = find(servername);
      return { cert, key };
    },
    caFile: own?.caFile,
    describe: () =>
      shown.map(({ names, validTo, files, publicKey }) => ({ names, validTo, file: files.certFile, publicKey })),
    nextKeyFile: own?.nextKeyFile,
    reload,
    close: () => clearInterval(timer),
    [Symbol.dispose]: () => clearInterval(timer),
  };
  return ring;
}

/** Reads and checks one certificate with its key; what is wrong is a sentence. */
function load(files: CertificateFiles, ticketKeys: Buffer): Shown {
  const stamp = stampOf(files);
  const cert = read(files.certFile, "certificate");
  const key = read(files.keyFile, "private key");
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
  } catch {
    throw new Error(`${files.certFile} holds no certificate in PEM form ("-----BEGIN CERTIFICATE-----").`);
  }
  let context: tls.SecureContext;
  try {
    context = tls.createSecureContext({
      cert,
      key,
      ...contextOptions(ticketKeys),
    });
  } catch (error) {
    throw new Error(`${files.keyFile} is not the private key of ${files.certFile}: ${(error as Error).message}`);
  }
  return {
    files,
    stamp,
    cert,
    key,
    names: namesOf(leaf),
    validTo: new Date(leaf.validTo).toISOString(),
    publicKey: leaf.publicKey,
    endPointHash: endPointHash(leaf),
    context,
  };
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`The ${what} ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function stampOf(files: CertificateFiles): string {
  const one = (file: string): string => {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  };
  try {
    return `${one(files.certFile)} ${one(files.keyFile)}`;
  } catch (error) {
    throw new Error(`${files.certFile} or ${files.keyFile} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** DNS names of the certificate, lower case; the common name only where it has none (RFC 6125 §6.4.4). */
function namesOf(leaf: X509Certificate): readonly string[] {
  const names = [...(leaf.subjectAltName ?? "").matchAll(/(?:^|, )DNS:([^,\s]+)/g)].map((match) =>
    match[1]!.toLowerCase(),
  );
  if (names.length > 0) return names;
  const common = /^CN=(\S+)$/m.exec(leaf.subject)?.[1];
  return common === undefined ? [] : [common.toLowerCase()];
}

/** RFC 5929 §4.1: the hash of the certificate's own signature, with SHA-256 in place of MD5 and SHA-1. */
function endPointHash(leaf: X509Certificate): Buffer | undefined {
  const named = /sha-?(1|224|256|384|512)\b|(md5)/i.exec(leaf.signatureAlgorithm ?? "");
  if (named === null) return undefined; // Ed25519, RSA-PSS: not defined
  const bits = named[1];
  return createHash(bits === undefined || bits === "1" ? "sha256" : `sha${bits}`)
    .update(leaf.raw)
    .digest();
}
