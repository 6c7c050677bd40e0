/**
 * Mark certificates (VMC, CMC): whether an authority vouches that a domain may show a picture (draft-fetch-validation-vmc-wchuang;
 * RFC 3709 for the picture in the certificate). Decides, and fetches nothing.
 */
import { X509Certificate } from "node:crypto";
import { gunzipSync } from "node:zlib";

/** Certificates of one file. */
const maxCertificates = 8;
/** Of the picture, unpacked. */
const maxSvgBytes = 1 << 20;
/** id-kp-BrandIndicatorforMessageIdentification */
const markUsage = "1.3.6.1.5.5.7.3.31";
/** The attribute of the subject that tells marks apart. */
const markType = "1.3.6.1.4.1.53087.1.13";
const commonMarks = new Set(["Prior Use Mark", "Modified Registered Mark"]);

export type Mark = { readonly type: "VMC" | "CMC"; readonly svg: Buffer };

export type MarkRequest = {
  readonly pem: string;
  /** Names one of which the certificate must be for: the author's domain, its organisation's, either with the selector in front. */
  readonly names: readonly string[];
  readonly roots: readonly X509Certificate[];
  readonly now: number; // milliseconds since 1970
};

/** The mark, or why it is not believed. */
export function checkMark({ pem, names, roots, now }: MarkRequest): Mark | string {
  const chain = certificatesIn(pem);
  const [leaf] = chain;
  if (leaf === undefined) return "there is no certificate that can be read";
  const broken = whyBroken(chain, roots, now);
  if (broken !== undefined) return broken;
  if (!(leaf.keyUsage ?? []).includes(markUsage)) return "the certificate is not for marks";
  const held = (leaf.subjectAltName ?? "").split(", ").map((name) => name.replace(/^DNS:/, "").toLowerCase());
  if (!names.some((name) => held.includes(name))) return "the certificate is for another domain";
  const svg = pictureIn(leaf);
  if (svg === undefined) return "the certificate holds no picture that can be shown";
  const type = leaf.subject.split("\n").find((line) => line.startsWith(`${markType}=`));
  return { type: type !== undefined && commonMarks.has(type.slice(markType.length + 1)) ? "CMC" : "VMC", svg };
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z\d+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.slice(0, maxCertificates).map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

/** Each by the next, by name and by signature, up to a root; undefined where all holds. */
function whyBroken(
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: number,
): string | undefined {
  for (const [index, one] of chain.entries()) {
    if (now < Date.parse(one.validFrom) || now > Date.parse(one.validTo)) return "the certificate is not valid now";
    if (roots.some((root) => root.fingerprint256 === one.fingerprint256)) return undefined;
    const root = roots.find((candidate) => isBy(one, candidate));
    if (root !== undefined)
      return now > Date.parse(root.validTo) ? "the authority's certificate is not valid now" : undefined;
    const next = chain[index + 1];
    if (next === undefined) return "the authority is not known";
    if (!isBy(one, next)) return "the chain of certificates is broken";
  }
  return "the authority is not known";
}

function isBy(one: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && one.checkIssued(issuer) && one.verify(issuer.publicKey);
}

const dataUri = /data:image\/svg\+xml;base64,([A-Za-z\d+/]+={0,2})/;

/** The picture stands gzipped in a data URI of the logotype extension, and so under the certificate's signature. */
function pictureIn(leaf: X509Certificate): Buffer | undefined {
  const packed = dataUri.exec(leaf.raw.toString("latin1"))?.[1];
  if (packed === undefined) return undefined;
  try {
    const svg = gunzipSync(Buffer.from(packed, "base64"), { maxOutputLength: maxSvgBytes });
    return isSafeSvg(svg.toString("utf8")) ? svg : undefined;
  } catch {
    return undefined;
  }
}

/** SVG Tiny PS (draft-svg-tiny-ps-abrotman §2): no scripts, no animation, nothing from elsewhere. */
function isSafeSvg(text: string): boolean {
  return (
    /<svg\b[^>]*\bbaseProfile\s*=\s*["']tiny-ps["']/.test(text) &&
    !/<(?:script|animate|set|image|foreignObject)\b|<!ENTITY|\son\w+\s*=|\bhref\s*=\s*["'](?!#)/i.test(text)
  );
}
