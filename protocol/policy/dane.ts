/**
 * DANE for SMTP (RFC 6698, RFC 7671, RFC 7672): which TLSA records can be used, and whether a server's certificates fit them.
 * Pure: certificates come as DER, the time as an argument.
 */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

export type TlsaRecord = {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  readonly data: Buffer;
};

/** More records of one name than this are not looked at: an honest roll-over has two or four. */
export const maxTlsaRecords = 32;
/** Longest data of a record: a whole certificate (matching type 0) fits. */
export const maxTlsaDataBytes = 8 * 1024;
/** Certificates of a chain that are looked at. */
export const maxChain = 10;

/** Those that say something to an SMTP client: RFC 7672 §3.1.3 takes usages 0 and 1 for unusable. */
export function usableRecords(records: readonly TlsaRecord[]): readonly TlsaRecord[] {
  return records.slice(0, maxTlsaRecords).filter(isUsable);
}

function isUsable({ usage, selector, matchingType, data }: TlsaRecord): boolean {
  if (usage !== 2 && usage !== 3) return false;
  if (selector !== 0 && selector !== 1) return false;
  if (matchingType === 1) return data.length === 32;
  if (matchingType === 2) return data.length === 64;
  if (matchingType !== 0 || data.length > maxTlsaDataBytes) return false;
  return (selector === 0 ? certificateOf(data) : keyOf(data)) !== undefined;
}

/** "3 1 1 0123…", as in a zone file. */
export function tlsaText({ usage, selector, matchingType, data }: TlsaRecord): string {
  return `${usage} ${selector} ${matchingType} ${data.toString("hex")}`;
}

export type DaneVerdict =
  | { readonly kind: "verified"; readonly by: TlsaRecord }
  | {
      readonly kind: "failed";
      /** Words of RFC 8460 §4.3. */
      readonly result: "validation-failure" | "certificate-host-mismatch" | "certificate-expired";
      readonly why: string;
    };

/**
 * Whether the chain (DER, the server's own certificate first) fits one of the usable records. `names` are the reference
 * identifiers of RFC 7672 §3.2.2, which count for DANE-TA alone: with DANE-EE neither names nor dates matter (§3.1.1).
 */
export function verifyDane(
  records: readonly TlsaRecord[],
  chain: readonly Buffer[],
  names: readonly string[],
  now: number,
): DaneVerdict {
  const [own, ...others] = chain.slice(0, maxChain);
  const leaf = own === undefined ? undefined : certificateOf(own);
  const certificates = leaf === undefined ? [] : [leaf, ...others.flatMap((der) => certificateOf(der) ?? [])];
  if (leaf === undefined) return failed("validation-failure", "the server shows no certificate that can be read");
  let nearest: DaneVerdict | undefined;
  for (const record of records) {
    if (record.usage === 3) {
      if (matches(record, leaf)) return { kind: "verified", by: record };
      continue;
    }
    const verdict = verifyAnchor(record, leaf, certificates, names, now);
    if (verdict?.kind === "verified") return verdict;
    nearest ??= verdict;
  }
  return nearest ?? failed("validation-failure", "no TLSA record matches the server's certificate");
}

/** RFC 7671 §5.2: a chain from the server's certificate up to an authority that the record names; undefined where it names none of the chain. */
function verifyAnchor(
  record: TlsaRecord,
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  names: readonly string[],
  now: number,
): DaneVerdict | undefined {
  const path = pathTo(record, leaf, chain);
  if (path === undefined) return undefined;
  const stale = path.find((one) => !isValidAt(one, now));
  if (stale !== undefined) return failed("certificate-expired", `the certificate "${subjectOf(stale)}" is out of date`);
  if (!names.some((name) => leaf.checkHost(name, { subject: "default", partialWildcards: false }) !== undefined))
    return failed("certificate-host-mismatch", `the server's certificate is not for ${names.join(" or ")}`);
  return { kind: "verified", by: record };
}

/** The certificates from the leaf up to the one that the record names, each signed by the next. */
function pathTo(
  record: TlsaRecord,
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  // RFC 7671 §5.2.3: a record that holds the whole certificate stands for one that the server did not send.
  const given = record.matchingType === 0 && record.selector === 0 ? certificateOf(record.data) : undefined;
  const pool = given === undefined ? chain : [...chain, given];
  const bareKey = record.matchingType === 0 && record.selector === 1 ? keyOf(record.data) : undefined;
  const path = [leaf];
  for (let current = leaf; path.length <= maxChain; ) {
    // The anchor may be the server's own certificate only where that is an authority for itself.
    if (matches(record, current) && (current !== leaf || isSignedBy(leaf, leaf))) return path;
    if (bareKey !== undefined && verifies(current, bareKey)) return path;
    const issuer = pool.find((one) => !path.includes(one) && one.ca && isSignedBy(current, one));
    if (issuer === undefined) return undefined;
    path.push(issuer);
    current = issuer;
  }
  return undefined;
}

function matches(record: TlsaRecord, certificate: X509Certificate): boolean {
  const bytes = record.selector === 0 ? certificate.raw : certificate.publicKey.export({ type: "spki", format: "der" });
  return record.data.equals(hashed(bytes, record.matchingType));
}

function hashed(bytes: Buffer, matchingType: number): Buffer {
  if (matchingType === 0) return bytes;
  return createHash(matchingType === 1 ? "sha256" : "sha512")
    .update(bytes)
    .digest();
}

/** The "3 1 1" record of a key, what RFC 7672 §3.1 advises servers to publish: also of one that no certificate holds yet. */
export function keyRecord(publicKey: KeyObject): TlsaRecord {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return { usage: 3, selector: 1, matchingType: 1, data: hashed(spki, 1) };
}

function certificateOf(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

function keyOf(der: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && verifies(certificate, issuer.publicKey);
}

function verifies(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key);
  } catch {
    return false; // another kind of key
  }
}

function isValidAt(certificate: X509Certificate, now: number): boolean {
  return certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime();
}

const subjectOf = (certificate: X509Certificate): string =>
  (certificate.subject ?? "without a subject").replaceAll("\n", ", ").slice(0, 100);

function failed(result: Extract<DaneVerdict, { kind: "failed" }>["result"], why: string): DaneVerdict {
  return { kind: "failed", result, why };
}
