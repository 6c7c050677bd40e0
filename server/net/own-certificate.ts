/**
 * The certificate of a first run: a small certificate authority of our own, whose PEM file clients can be told to trust,
 * and a server certificate under it. @peculiar/x509 is loaded only when something has to be made.
 */
import { createPrivateKey, createPublicKey, webcrypto, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chooseKey, ensureNextKey, type MayChangeKey, newKeyPem } from "./next-key.ts";
import { writeWhole } from "./write-whole.ts";

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

/**
 * The files in `folder`, made or renewed where they are missing, nearly expired, or for another host name. A renewed one gets
 * the key that was made ready for it (`KeyFiles.next`) where `mayChangeKey` says so, otherwise it keeps the old one: others may
 * know the key by TLSA records, which have to name it first (RFC 7671 §8.1).
 */
export async function ensureOwnCertificate(
  folder: string,
  hostname: string,
  now: number,
  mayChangeKey: MayChangeKey = async () => true,
): Promise<OwnCertificate & { readonly nextKeyFile: string }> {
  const files = { ...fileNames(folder), nextKeyFile: join(folder, "next-key.pem") };
  const keyFiles = { current: files.keyFile, next: files.nextKeyFile };
  const names = [hostname, "localhost"];
  if (!isGood(files, [hostname], now)) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const keyPem = await chooseKey(keyFiles, mayChangeKey);
    await makeLeaf(files, names, ["127.0.0.1", "::1"], keyPem, now);
  }
  await ensureNextKey(keyFiles);
  return files;
}

/**
 * The same for a domain that is hosted here: for itself and the names at which its services are looked for. Of the same authority
 * and the same key, so that one TLSA record is true whatever name a client asks for.
 */
export async function ensureHostedCertificate(folder: string, domain: string, now: number): Promise<OwnCertificate> {
  const own = join(folder, "domains");
  const files = { ...fileNames(folder), certFile: join(own, `${domain}.pem`) };
  const names = hostedNames(domain);
  if (!isGood(files, names, now)) {
    await mkdir(own, { recursive: true, mode: 0o700 });
    await makeLeaf(files, names, [], readText(files.keyFile) ?? (await newKeyPem()), now);
  }
  return files;
}

/** Names of a hosted domain that the world connects to. */
export const hostedNames = (domain: string): readonly string[] => [
  domain,
  ...["mta-sts", "mail", "autoconfig", "autodiscover", "openpgpkey"].map((service) => `${service}.${domain}`),
];

const fileNames = (folder: string): OwnCertificate & { readonly caKeyFile: string } => ({
  certFile: join(folder, "server.pem"),
  keyFile: join(folder, "server-key.pem"),
  caFile: join(folder, "ca.pem"),
  caKeyFile: join(folder, "ca-key.pem"),
});
type Files = ReturnType<typeof fileNames>;

function isGood(files: OwnCertificate, names: readonly string[], now: number): boolean {
  const leaf = readCertificate(files.certFile);
  const ca = readCertificate(files.caFile);
  const key = readText(files.keyFile);
  if (leaf === undefined || ca === undefined || key === undefined) return false;
  return (
    isKeyOf(key, leaf) &&
    names.every((name) => leaf.checkHost(name) !== undefined) &&
    lasts(leaf, now) &&
    lasts(ca, now) &&
    leaf.checkIssued(ca)
  );
}

function isKeyOf(key: string, leaf: X509Certificate): boolean {
  try {
    return leaf.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false; // damaged: made again
  }
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

async function makeLeaf(
  files: Files,
  names: readonly string[],
  addresses: readonly string[],
  keyPem: string,
  now: number,
): Promise<void> {
  const x509 = await loadX509();
  const { authority, caKey, caText } = await ensureAuthority(files, names[0]!, now);
  const publicKey = await webcrypto.subtle.importKey(
    "spki",
    createPublicKey(keyPem).export({ type: "spki", format: "der" }) as Buffer<ArrayBuffer>,
    algorithm,
    true,
    ["verify"],
  );
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${names[0]!.replace(/[^\w.-]/g, "_").slice(0, 64)}`, // RFC 5280 appendix A: ub-common-name
    issuer: authority.subject,
    ...validity(leafDays, now),
    publicKey: publicKey as CryptoKey,
    signingKey: caKey,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...[...new Set(names)].map((value) => ({ type: "dns" as const, value })),
        ...addresses.map((value) => ({ type: "ip" as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey as CryptoKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  if (readText(files.keyFile) !== keyPem) await writeWhole(files.keyFile, keyPem, 0o600);
  await writeWhole(files.certFile, `${leaf.toString("pem")}\n${caText}`, 0o644);
}

async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata"); // @peculiar/x509 is built on decorators
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto as unknown as Crypto);
  return x509;
}

const validity = (days: number, now: number) => ({
  notBefore: new Date(now - dayMs),
  notAfter: new Date(now + days * dayMs),
});

async function ensureAuthority(files: Files, hostname: string, now: number) {
  const x509 = await loadX509();
  const caText = readText(files.caFile);
  const caKeyText = readText(files.caKeyFile);
  const oldCa = readCertificate(files.caFile);
  if (caText !== undefined && caKeyText !== undefined && oldCa !== undefined && lasts(oldCa, now)) {
    const caKey = await webcrypto.subtle.importKey("pkcs8", pemBytes(caKeyText), algorithm, true, ["sign"]);
    return { authority: new x509.X509Certificate(caText), caKey: caKey as CryptoKey, caText };
  }
  const pair = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const caKey = pair.privateKey as CryptoKey;
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=Angarium local authority of ${hostname.replace(/[^\w.-]/g, "_")}`,
    ...validity(caDays, now),
    keys: pair as never, // the same type, under the name it has in browsers
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(pair.publicKey as CryptoKey),
    ],
  });
  const made = `${authority.toString("pem")}\n`;
  await writeWhole(files.caKeyFile, await privatePem(caKey), 0o600);
  await writeWhole(files.caFile, made, 0o644);
  return { authority, caKey, caText: made };
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
