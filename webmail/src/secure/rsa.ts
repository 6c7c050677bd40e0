/** RSAES-PKCS1-v1_5 (RFC 8017 §7.2.2), which most S/MIME in the world uses and browsers do not have: the content key is taken out here. */

import type { OctetString } from "asn1js";
import type { EnvelopedData } from "pkijs";

const numberOf = (bytes: Uint8Array): bigint =>
  BigInt(`0x0${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`);

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let factor = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % modulus;
    factor = (factor * factor) % modulus;
  }
  return result;
}

const fromUrl = (text: string): bigint =>
  numberOf(Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0)));

/** Ciphers with keys of which length: AES-CBC (RFC 3565); older ones browsers do not have. */
const ciphers: { readonly [oid: string]: number } = {
  "2.16.840.1.101.3.4.1.2": 16,
  "2.16.840.1.101.3.4.1.22": 24,
  "2.16.840.1.101.3.4.1.42": 32,
};

/**
 * Throws where it cannot. Somebody's wrong padding is no oracle here: nobody is told, and a key of the wrong length is
 * one at random (RFC 3218 §2.3.2).
 */
export async function decryptPkcs1(
  { encryptedContentInfo }: EnvelopedData,
  encryptedKey: OctetString,
  pkcs8: ArrayBuffer,
): Promise<Uint8Array> {
  const { algorithmId, algorithmParams } = encryptedContentInfo.contentEncryptionAlgorithm;
  const keyBytes = ciphers[algorithmId];
  if (keyBytes === undefined) throw new Error(`no such cipher: ${algorithmId}`);
  const imported = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, true, [
    "sign",
  ]);
  const { n = "", p = "", q = "", dp = "", dq = "", qi = "" } = await crypto.subtle.exportKey("jwk", imported);
  const [modulus, prime, other] = [fromUrl(n), fromUrl(p), fromUrl(q)];
  const cipher = numberOf(new Uint8Array(encryptedKey.getValue()));
  // RFC 8017 §5.1.2: by the Chinese remainder.
  const [m1, m2] = [power(cipher, fromUrl(dp), prime), power(cipher, fromUrl(dq), other)];
  const h = ((((m1 - m2) % prime) + prime) * fromUrl(qi)) % prime;
  const hex = (m2 + other * h).toString(16).padStart(Math.ceil(modulus.toString(16).length / 2) * 2, "0");
  const block = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const zero = block.indexOf(0, 2);
  const fits = block[0] === 0 && block[1] === 2 && zero >= 10 && block.length - zero - 1 === keyBytes;
  const raw = fits ? block.slice(zero + 1) : crypto.getRandomValues(new Uint8Array(keyBytes));
  const key = await crypto.subtle.importKey("raw", raw, { name: "AES-CBC" }, false, ["decrypt"]);
  const iv = new Uint8Array((algorithmParams as OctetString).getValue());
  const content = encryptedContentInfo.getEncryptedContent();
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, key, content));
}
