/** Keys of S/MIME: a certificate with its private key, in the PKCS #12 file it came in and locked by its passphrase (RFC 7292); certificates of others. */
import { fromBER } from "asn1js";
import {
  type AuthenticatedSafe,
  type CertBag,
  Certificate,
  PFX,
  type PKCS8ShroudedKeyBag,
  type PrivateKeyInfo,
  type SafeContents,
} from "pkijs";
import { type KeptKey, keepKey } from "./keys.ts";
import { addressesOf, bufferOf, fingerprintOf, nameIn, oid } from "./smime.ts";
import { base64Of } from "./write.ts";

/** Unlocked keys are forgotten after so long without use, and with the page. */
const unlockedMs = 30 * 60_000;
export type SmimeKey = {
  /** PKCS #8. */
  readonly pkcs8: ArrayBuffer;
  readonly certificate: Certificate;
  /** Those that stand between it and whoever is trusted. */
  readonly chain: readonly Certificate[];
};
const unlockedKeys = new Map<string, { readonly key: SmimeKey; timer: ReturnType<typeof setTimeout> }>();

const bag = {
  shrouded: "1.2.840.113549.1.12.10.1.2",
  plain: "1.2.840.113549.1.12.10.1.1",
  certificate: "1.2.840.113549.1.12.10.1.3",
};
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

/** Undefined where the passphrase is wrong, or the file is none, or of a kind that browsers have no ciphers for (RC2, Triple DES). */
async function readPkcs12(bytes: Uint8Array, passphrase: string): Promise<SmimeKey | undefined> {
  try {
    const password = bufferOf(new TextEncoder().encode(passphrase));
    const pfx = new PFX({ schema: fromBER(bufferOf(bytes)).result });
    await pfx.parseInternalValues({ password, checkIntegrity: true });
    const safe = pfx.parsedValue?.authenticatedSafe as AuthenticatedSafe;
    await safe.parseInternalValues({ safeContents: safe.safeContents.map(() => ({ password })) });
    let key: PrivateKeyInfo | undefined;
    const certificates: Certificate[] = [];
    for (const { value } of safe.parsedValue.safeContents as { value: SafeContents }[])
      for (const { bagId, bagValue } of value.safeBags) {
        if (bagId === bag.shrouded) {
          const shrouded = bagValue as PKCS8ShroudedKeyBag & {
            parseInternalValues(with_: { password: ArrayBuffer }): Promise<void>;
          };
          await shrouded.parseInternalValues({ password });
          key = shrouded.parsedValue as PrivateKeyInfo;
        } else if (bagId === bag.plain) key = bagValue as unknown as PrivateKeyInfo;
        else if (bagId === bag.certificate) {
          const { parsedValue } = bagValue as CertBag;
          if (parsedValue instanceof Certificate) certificates.push(parsedValue);
        }
      }
    // The one that nobody else of the file was issued by, with an address.
    const own =
      certificates.find(
        (one) =>
          addressesOf(one).length > 0 &&
          !certificates.some((other) => other !== one && other.issuer.isEqual(one.subject)),
      ) ?? certificates[0];
    if (key === undefined || own === undefined) return undefined;
    return { pkcs8: key.toSchema().toBER(), certificate: own, chain: certificates.filter((one) => one !== own) };
  } catch {
    return undefined;
  }
}

const describe = async (certificate: Certificate, owner: string, at: number): Promise<KeptKey> => {
  const der = new Uint8Array(certificate.toSchema(true).toBER());
  const fingerprint = await fingerprintOf(certificate);
  const addresses = addressesOf(certificate);
  return {
    id: `${owner} ${fingerprint}`,
    owner,
    fingerprint,
    addresses,
    name: nameIn(certificate.subject, oid.commonName) ?? addresses[0] ?? "?",
    private: undefined,
    public: base64Of(der),
    checked: false,
    source: "file",
    at,
    by: "smime",
  };
};

/** A certificate of one's own, to be kept; undefined as above. */
export async function pkcs12Key(
  owner: string,
  bytes: Uint8Array,
  passphrase: string,
  now: number,
): Promise<KeptKey | undefined> {
  const key = await readPkcs12(bytes, passphrase);
  if (key === undefined) return undefined;
  return {
    ...(await describe(key.certificate, owner, now)),
    private: base64Of(bytes),
    checked: true,
    source: "own",
  };
}

/** Certificates of others, PEM or DER; those without an address are nobody's. */
export async function importCertificates(
  owner: string,
  bytes: Uint8Array,
  source: KeptKey["source"],
  now: number,
): Promise<readonly KeptKey[]> {
  const text = new TextDecoder("latin1").decode(bytes);
  const ders = text.includes("-----BEGIN CERTIFICATE-----")
    ? [...text.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g)].map(([, body = ""]) =>
        bytesOf(body.replace(/\s+/g, "")),
      )
    : [bytes];
  const kept: KeptKey[] = [];
  for (const der of ders) {
    try {
      const found = { ...(await describe(certificateOf(der), owner, now)), source };
      if (found.addresses.length === 0) continue;
      await keepKey(found);
      kept.push(found);
    } catch {
      // No certificate.
    }
  }
  return kept;
}

export const certificateOf = (der: Uint8Array | string): Certificate =>
  new Certificate({ schema: fromBER(bufferOf(typeof der === "string" ? bytesOf(der) : der)).result });

/** Whether something can be encrypted for it now. */
export function certificateUsable(
  key: Pick<KeptKey, "public">,
  now: number,
): "fine" | "expired" | "signs-only" | "unreadable" {
  try {
    const { notBefore, notAfter, subjectPublicKeyInfo } = certificateOf(key.public);
    // RFC 5753: keys that are agreed on are not opened by other programs as pkijs writes them.
    if (subjectPublicKeyInfo.algorithm.algorithmId !== oid.rsa) return "signs-only";
    return now < notBefore.value.getTime() || now > notAfter.value.getTime() ? "expired" : "fine";
  } catch {
    return "unreadable";
  }
}

/** False where the passphrase is wrong. */
export async function unlockSmime(key: KeptKey, passphrase: string): Promise<boolean> {
  const found = await readPkcs12(bytesOf(key.private ?? ""), passphrase);
  if (found === undefined) return false;
  remember(key.fingerprint, found);
  return true;
}
function remember(fingerprint: string, key: SmimeKey): void {
  clearTimeout(unlockedKeys.get(fingerprint)?.timer);
  unlockedKeys.set(fingerprint, { key, timer: setTimeout(() => unlockedKeys.delete(fingerprint), unlockedMs) });
}
export function lockSmime(): void {
  for (const { timer } of unlockedKeys.values()) clearTimeout(timer);
  unlockedKeys.clear();
}
export function unlockedSmime(fingerprint: string): SmimeKey | undefined {
  const found = unlockedKeys.get(fingerprint);
  if (found !== undefined) remember(fingerprint, found.key);
  return found?.key;
}
