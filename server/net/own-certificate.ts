/**
 * The certificate of a first run: a small certificate authority of our own, whose PEM file clients can be told to trust,
 * and a server certificate under it. @peculiar/x509 is loaded only when something has to be made.
 */
import { webcrypto, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

export type OwnCertificate = {
  readonly certFile: string;
  readonly keyFile: string;
  /** The authority's certificate, for clients to trust. */
  readonly caFile: string;
};

const dayMs = 24 * 60 * 60 * 1000;
/** Apple's limit for certificates under an authority the user trusts is 825 days; for public ones 398. */
const leafDays = 397;
const caDays = 3650;
/** Made again when less than this is left. */
const renewDays = 30;

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" } as const;

/** The files in `folder`, made or renewed where they are missing, nearly expired, or for another host name. */
export async function ensureOwnCertificate(folder: string, hostname: string, now: number): Promise<OwnCertificate> {
  const files = fileNames(folder);
  if (!isGood(files, hostname, now)) await make(folder, hostname, now);
  return files;
}

const fileNames = (folder: string): OwnCertificate & { readonly caKeyFile: string } => ({
  certFile: join(folder, "server.pem"),
  keyFile: join(folder, "server-key.pem"),
  caFile: join(folder, "ca.pem"),
  caKeyFile: join(folder, "ca-key.pem"),
});

function isGood(files: OwnCertificate, hostname: string, now: number): boolean {
  const leaf = readCertificate(files.certFile);
  const ca = readCertificate(files.caFile);
  if (leaf === undefined || ca === undefined || readText(files.keyFile) === undefined) return false;
  return leaf.checkHost(hostname) !== undefined && lasts(leaf, now) && lasts(ca, now) && leaf.checkIssued(ca);
}

const lasts = (certificate: X509Certificate, now: number): boolean =>
  Date.parse(certificate.validTo) - now > renewDays * dayMs && Date.parse(certificate.validFrom) <= now;

function readCertificate(file: string): X509Certificate | undefined {
  const text = readText(file);
  try {
    return text === undefined ? undefined : new X509Certificate(text);
  } catch {
    return undefined; // damaged: made again
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function make(folder: string, hostname: string, now: number): Promise<void> {
  await import("reflect-metadata"); // @peculiar/x509 is built on decorators
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto as unknown as Crypto);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = fileNames(folder);
  const newPair = (): Promise<webcrypto.CryptoKeyPair> =>
    webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
  const validity = (days: number) => ({ notBefore: new Date(now - dayMs), notAfter: new Date(now + days * dayMs) });

  let caText = readText(files.caFile);
  const caKeyText = readText(files.caKeyFile);
  let caKey: CryptoKey;
  const oldCa = readCertificate(files.caFile);
  if (caText !== undefined && caKeyText !== undefined && oldCa !== undefined && lasts(oldCa, now)) {
    caKey = (await webcrypto.subtle.importKey("pkcs8", pemBytes(caKeyText), algorithm, true, ["sign"])) as CryptoKey;
  } else {
    const pair = await newPair();
    caKey = pair.privateKey as CryptoKey;
    const name = `CN=Angarium local authority of ${hostname.replace(/[^\w.-]/g, "_")}`;
    const authority = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name,
      ...validity(caDays),
      keys: pair as never, // the same type, under the name it has in browsers
      signingAlgorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(pair.publicKey as CryptoKey),
      ],
    });
    caText = `${authority.toString("pem")}\n`;
    await writeWhole(files.caKeyFile, await privatePem(caKey), 0o600);
    await writeWhole(files.caFile, caText, 0o644);
  }
  const authority = new x509.X509Certificate(caText);
  const pair = await newPair();
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${hostname.replace(/[^\w.-]/g, "_").slice(0, 64)}`, // RFC 5280 appendix A: ub-common-name
    issuer: authority.subject,
    ...validity(leafDays),
    publicKey: pair.publicKey as CryptoKey,
    signingKey: caKey,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...[...new Set([hostname, "localhost"])].map((value) => ({ type: "dns" as const, value })),
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "::1" },
      ]),
      await x509.SubjectKeyIdentifierExtension.create(pair.publicKey as CryptoKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  await writeWhole(files.keyFile, await privatePem(pair.privateKey as CryptoKey), 0o600);
  await writeWhole(files.certFile, `${leaf.toString("pem")}\n${caText}`, 0o644);
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

async function privatePem(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key as webcrypto.CryptoKey));
  const lines = der.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}

const pemBytes = (pem: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64"));

/** Never half a file, and never readable by others for a moment. */
async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, text, { mode, flush: true });
  await chmod(fresh, mode);
  await rename(fresh, file);
}
