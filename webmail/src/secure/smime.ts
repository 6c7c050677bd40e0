/**
 * S/MIME signatures (RFC 8551) by pkijs: whether the message is as it was signed, and with whose certificate. Browsers do not tell which
 * authorities are trusted: who issued the certificate is said, never that they can be trusted.
 */
import { fromBER, type OctetString } from "asn1js";
import { type Certificate, ContentInfo, SignedData } from "pkijs";
import type { Outcome, Signature } from "./findings.ts";

export const oid = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  email: "1.2.840.113549.1.9.1",
  altName: "2.5.29.17",
  rsa: "1.2.840.113549.1.1.1",
};

export const bufferOf = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer;

export function nameIn(name: Certificate["subject"], type: string): string | undefined {
  const found = name.typesAndValues.find((one) => one.type === type);
  return found === undefined ? undefined : String(found.value.valueBlock.value);
}

/** RFC 8551 §3: an address of the certificate, in its alternative names or (older) its subject. */
export function addressesOf(certificate: Certificate): readonly string[] {
  const found: string[] = [];
  const names = certificate.extensions?.find(({ extnID }) => extnID === oid.altName)?.parsedValue as
    | { altNames?: readonly { type: number; value: unknown }[] }
    | undefined;
  for (const { type, value } of names?.altNames ?? []) if (type === 1 && typeof value === "string") found.push(value);
  const old = nameIn(certificate.subject, oid.email);
  if (old !== undefined) found.push(old);
  return [...new Set(found.map((address) => address.toLowerCase()))];
}

const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export const fingerprintOf = async (certificate: Certificate): Promise<string> =>
  hex(await crypto.subtle.digest("SHA-256", bufferOf(new Uint8Array(certificate.toSchema(true).toBER()))));

/**
 * @param content what was signed, with CRLF; undefined: it is within
 * @param receivedAt milliseconds: the certificate has to have been valid then
 */
export async function verifySmime(
  signature: Uint8Array,
  content: Uint8Array | undefined,
  sender: string,
  receivedAt: number,
): Promise<Outcome> {
  const said = (found: Signature, mime?: Uint8Array): Outcome => ({
    kind: "opened",
    opened: { mime, encrypted: false, signature: found },
  });
  let signed: SignedData;
  let inner: Uint8Array | undefined;
  try {
    const parsed = fromBER(bufferOf(signature));
    signed = new SignedData({ schema: new ContentInfo({ schema: parsed.result }).content });
    const { eContent } = signed.encapContentInfo;
    if (content === undefined && eContent !== undefined) inner = octetsOf(eContent);
  } catch {
    return said({ kind: "bad", why: "malformed" });
  }
  // More than one signature, or none: which of them counts would be a matter of taste.
  if (signed.signerInfos.length !== 1) return said({ kind: "bad", why: "malformed" }, inner);
  let certificate: Certificate | null | undefined;
  try {
    const result = await signed.verify({
      signer: 0,
      ...(content === undefined ? {} : { data: bufferOf(content) }),
      checkChain: false,
      extendedMode: true,
    });
    certificate = result.signerCertificate;
    if (!result.signatureVerified) return said({ kind: "bad", why: "changed" }, inner);
  } catch (error) {
    const { signerCertificate } = error as { signerCertificate?: Certificate | null };
    if (signerCertificate === null || signerCertificate === undefined)
      return said({ kind: "unknown-key", keyId: "S/MIME" }, inner);
    return said({ kind: "bad", why: "changed" }, inner);
  }
  if (certificate === null || certificate === undefined) return said({ kind: "unknown-key", keyId: "S/MIME" }, inner);
  if (receivedAt < certificate.notBefore.value.getTime() || receivedAt > certificate.notAfter.value.getTime())
    return said({ kind: "bad", why: "expired" }, inner);
  const addresses = addressesOf(certificate);
  const fingerprint = await fingerprintOf(certificate);
  return said(
    {
      kind: "good",
      by: "smime",
      certificate: new Uint8Array(certificate.toSchema(true).toBER()),
      fingerprint,
      addresses,
      checked: false,
      ofSender: addresses.includes(sender.toLowerCase()),
      issuer: nameIn(certificate.issuer, oid.commonName) ?? nameIn(certificate.issuer, oid.organization) ?? "?",
      at: undefined,
    },
    inner,
  );
}

/** Octets may come in pieces. */
function octetsOf(value: OctetString): Uint8Array {
  return new Uint8Array(value.getValue());
}
