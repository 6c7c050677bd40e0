/** A profile for Apple's devices in a CMS signature (RFC 5652 §5), so that they show whose it is in place of "not signed". The library is loaded when the first is asked for. */
import { createHash, createPrivateKey, sign, X509Certificate } from "node:crypto";
import { promisify } from "node:util";

/** PEM: the certificate with those behind it, and its private key. */
export type SigningPair = { readonly cert: string; readonly key: string };

const oid = {
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingTime: "1.2.840.113549.1.9.5",
  sha256: "2.16.840.1.101.3.4.2.1",
};
/** With SHA-256. Others (Ed25519) are not verified by the devices that take profiles. */
const algorithms: { readonly [keyType: string]: string } = { rsa: "1.2.840.113549.1.1.11", ec: "1.2.840.10045.4.3.2" };
const setOf = 0x31;
/** The object identifier of plain data, in DER. */
const dataType = Buffer.from("06092a864886f70d010701", "hex");
const signInPool = promisify(
  (bytes: Buffer, key: string, done: (error: Error | null, signature: Buffer) => void): void =>
    sign("sha256", bytes, key, done),
);

/** DER, with the content inside; undefined where the key is neither RSA nor ECDSA. `now`: ms since 1970. */
export async function signedProfile(
  content: string,
  { cert, key }: SigningPair,
  now: number,
): Promise<Buffer | undefined> {
  const signatureAlgorithm = algorithms[createPrivateKey(key).asymmetricKeyType ?? ""];
  if (signatureAlgorithm === undefined) return undefined;
  const [cms, { AlgorithmIdentifier, Certificate, Time }, { AsnConvert, OctetString }] = await Promise.all([
    import("@peculiar/asn1-cms"),
    import("@peculiar/asn1-x509"),
    import("@peculiar/asn1-schema"),
  ]);
  const chain = (cert.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) =>
    AsnConvert.parse(new X509Certificate(pem).raw, Certificate),
  );
  const own = chain[0]?.tbsCertificate;
  if (own === undefined) return undefined;
  const bytes = Buffer.from(content, "utf8");
  const digest = createHash("sha256").update(bytes).digest();
  const attributes = (
    [
      [oid.contentType, new Uint8Array(dataType).buffer],
      [oid.signingTime, AsnConvert.serialize(new Time(new Date(now)))],
      [oid.messageDigest, AsnConvert.serialize(new OctetString(digest))],
    ] as const
  )
    .map(([attrType, value]) => new cms.Attribute({ attrType, attrValues: [value] }))
    .map((one) => ({ one, der: Buffer.from(AsnConvert.serialize(one)) }))
    // X.690 §11.6: a SET OF stands in the order of its encodings.
    .sort((one, other) => Buffer.compare(one.der, other.der));
  // RFC 5652 §5.4: it is signed as the SET that it is, not with the tag that it has inside.
  const signature = await signInPool(tlv(setOf, Buffer.concat(attributes.map(({ der }) => der))), key);
  const sha256 = new AlgorithmIdentifier({ algorithm: oid.sha256 });
  const signed = new cms.SignedData({
    version: 1,
    digestAlgorithms: new cms.DigestAlgorithmIdentifiers([sha256]),
    encapContentInfo: new cms.EncapsulatedContentInfo({
      eContentType: cms.id_data,
      eContent: new cms.EncapsulatedContent({ single: new OctetString(bytes) }),
    }),
    certificates: new cms.CertificateSet(chain.map((certificate) => new cms.CertificateChoices({ certificate }))),
    signerInfos: new cms.SignerInfos([
      new cms.SignerInfo({
        version: 1,
        sid: new cms.SignerIdentifier({
          issuerAndSerialNumber: new cms.IssuerAndSerialNumber({
            issuer: own.issuer,
            serialNumber: own.serialNumber,
          }),
        }),
        digestAlgorithm: sha256,
        signedAttrs: attributes.map(({ one }) => one),
        signatureAlgorithm: new AlgorithmIdentifier({ algorithm: signatureAlgorithm }),
        signature: new OctetString(signature),
      }),
    ]),
  });
  const info = new cms.ContentInfo({ contentType: cms.id_signedData, content: AsnConvert.serialize(signed) });
  return Buffer.from(AsnConvert.serialize(info));
}

/** Tag, length and value in DER. */
function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}
