/** Signing, encrypting and opening with S/MIME (RFC 8551, RFC 5652) by pkijs. */
import { fromBER, type Integer, ObjectIdentifier, OctetString, UTCTime } from "asn1js";
import {
  Attribute,
  ContentInfo,
  EncapsulatedContentInfo,
  EnvelopedData,
  IssuerAndSerialNumber,
  type KeyTransRecipientInfo,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from "pkijs";
import type { KeptKey } from "./keys.ts";
import { Locked } from "./locked.ts";
import { decryptPkcs1 } from "./rsa.ts";
import { bufferOf } from "./smime.ts";
import { certificateOf, type SmimeKey, unlockedSmime } from "./smime-key.ts";
import { base64Of, type Entity, entityText } from "./write.ts";

const oid = {
  data: "1.2.840.113549.1.7.1",
  signedData: "1.2.840.113549.1.7.2",
  envelopedData: "1.2.840.113549.1.7.3",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingTime: "1.2.840.113549.1.9.5",
  rsa: "1.2.840.113549.1.1.1",
  ec: "1.2.840.10045.2.1",
};
const curves: { readonly [oid: string]: string } = {
  "1.2.840.10045.3.1.7": "P-256",
  "1.3.132.0.34": "P-384",
  "1.3.132.0.35": "P-521",
};
const digest = "SHA-256";

function keyOf({ fingerprint }: KeptKey): SmimeKey {
  const found = unlockedSmime(fingerprint);
  if (found === undefined) throw new Locked(fingerprint);
  return found;
}

async function signingKey({ pkcs8, certificate }: SmimeKey): Promise<CryptoKey> {
  const { algorithmId, algorithmParams } = certificate.subjectPublicKeyInfo.algorithm;
  const algorithm =
    algorithmId === oid.ec
      ? { name: "ECDSA", namedCurve: curves[(algorithmParams as ObjectIdentifier).valueBlock.toString()] ?? "P-256" }
      : { name: "RSASSA-PKCS1-v1_5", hash: digest };
  return crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
}

const wrapped = (text: string): string => text.replace(/.{76}(?=.)/g, "$&\r\n");

/** multipart/signed (RFC 8551 §3.5.3). Throws Locked. @param payload with CRLF */
export async function smimeSigned(payload: string, own: KeptKey, random: () => string, now: Date): Promise<Entity> {
  const key = keyOf(own);
  const data = bufferOf(new TextEncoder().encode(payload));
  const { issuer, serialNumber } = key.certificate;
  const attribute = (type: string, value: object) => new Attribute({ type, values: [value] });
  const signed = new SignedData({
    version: 1,
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: oid.data }),
    certificates: [key.certificate, ...key.chain],
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({ issuer, serialNumber }),
        signedAttrs: new SignedAndUnsignedAttributes({
          type: 0,
          attributes: [
            attribute(oid.contentType, new ObjectIdentifier({ value: oid.data })),
            attribute(oid.signingTime, new UTCTime({ valueDate: now })),
            attribute(oid.messageDigest, new OctetString({ valueHex: await crypto.subtle.digest(digest, data) })),
          ],
        }),
      }),
    ],
  });
  await signed.sign(await signingKey(key), 0, digest, data);
  const info = new ContentInfo({ contentType: oid.signedData, content: signed.toSchema(true) });
  const edge = `=_${random()}`;
  const part: Entity = {
    type: 'application/pkcs7-signature; name="smime.p7s"',
    fields: [
      { name: "Content-Transfer-Encoding", value: "base64" },
      { name: "Content-Disposition", value: 'attachment; filename="smime.p7s"' },
    ],
    body: wrapped(base64Of(new Uint8Array(info.toSchema().toBER()))),
  };
  return {
    type: `multipart/signed; micalg=sha-256; protocol="application/pkcs7-signature"; boundary="${edge}"`,
    fields: [],
    body: `--${edge}\r\n${payload}\r\n--${edge}\r\n${entityText(part)}\r\n--${edge}--\r\n`,
  };
}

/** application/pkcs7-mime, enveloped (RFC 8551 §3.3): AES-256, keys by RSA-OAEP. */
export async function smimeEncrypted(payload: string, keys: readonly KeptKey[]): Promise<Entity> {
  const enveloped = new EnvelopedData();
  for (const { public: der } of keys)
    enveloped.addRecipientByCertificate(certificateOf(der), { oaepHashAlgorithm: "SHA-256" });
  await enveloped.encrypt(
    { name: "AES-CBC", length: 256 } as AesKeyAlgorithm,
    bufferOf(new TextEncoder().encode(payload)),
  );
  const info = new ContentInfo({ contentType: oid.envelopedData, content: enveloped.toSchema() });
  return {
    type: 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"',
    fields: [
      { name: "Content-Transfer-Encoding", value: "base64" },
      { name: "Content-Disposition", value: 'attachment; filename="smime.p7m"' },
    ],
    body: wrapped(base64Of(new Uint8Array(info.toSchema().toBER()))),
  };
}

export type SmimeOpened =
  | { readonly kind: "opened"; readonly mime: Uint8Array }
  | { readonly kind: "locked"; readonly fingerprint: string }
  | { readonly kind: "no-key" | "broken" | "not-read" };

/** What an enveloped message says, with a key of `ring`. */
export async function smimeDecrypt(der: Uint8Array, ring: readonly KeptKey[]): Promise<SmimeOpened> {
  let enveloped: EnvelopedData;
  try {
    const info = new ContentInfo({ schema: fromBER(bufferOf(der)).result });
    if (info.contentType !== oid.envelopedData) return { kind: "broken" };
    enveloped = new EnvelopedData({ schema: info.content });
  } catch {
    return { kind: "broken" };
  }
  const own = ring.filter((key) => key.by === "smime" && key.private !== undefined);
  for (const key of own) {
    const certificate = certificateOf(key.public);
    const isOurs = (rid: unknown): boolean =>
      rid instanceof IssuerAndSerialNumber &&
      rid.issuer.isEqual(certificate.issuer) &&
      (rid.serialNumber as Integer).isEqual(certificate.serialNumber);
    for (const [at, { value }] of enveloped.recipientInfos.entries()) {
      const rids =
        value !== undefined && "rid" in value
          ? [value.rid]
          : (
              (value as { recipientEncryptedKeys?: { encryptedKeys: { rid: { value: unknown } }[] } })
                ?.recipientEncryptedKeys?.encryptedKeys ?? []
            ).map(({ rid }) => rid.value);
      if (!rids.some(isOurs)) continue;
      const unlocked = unlockedSmime(key.fingerprint);
      if (unlocked === undefined) return { kind: "locked", fingerprint: key.fingerprint };
      try {
        const trans = value as KeyTransRecipientInfo;
        const mime =
          trans.keyEncryptionAlgorithm?.algorithmId === oid.rsa
            ? await decryptPkcs1(enveloped, trans.encryptedKey, unlocked.pkcs8)
            : new Uint8Array(
                await enveloped.decrypt(at, { recipientCertificate: certificate, recipientPrivateKey: unlocked.pkcs8 }),
              );
        return { kind: "opened", mime };
      } catch {
        return { kind: value !== undefined && "rid" in value ? "broken" : "not-read" };
      }
    }
  }
  return { kind: "no-key" };
}
