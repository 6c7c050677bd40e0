/** What both sides of SCRAM-SHA-256 (RFC 5802, RFC 7677) share: keys, verifiers, names and attributes. */
import { createHash, createHmac, pbkdf2 } from "node:crypto";

/** What a server keeps instead of the password (RFC 5803). */
export type ScramVerifier = {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
};

export const keyBytes = 32;
/** RFC 7677 §4 wants at least this many; and a hostile peer must not keep us busy. */
export const minIterations = 4096;
export const maxIterations = 2_000_000;
/** Any one SCRAM message, and any nonce within it. */
export const maxScramMessageBytes = 4096;

export const hmac = (key: Uint8Array, text: string | Uint8Array): Buffer =>
  createHmac("sha256", key).update(text).digest();
export const hash = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/** SaltedPassword := Hi(Normalize(password), salt, i), off the event loop. `password` is already SASLprep'd. */
export function saltedPassword(password: string, salt: Uint8Array, iterations: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  pbkdf2(Buffer.from(password, "utf8"), salt, iterations, keyBytes, "sha256", (error, key) =>
    error ? reject(error) : resolve(key),
  );
  return promise;
}

export const clientKeyOf = (salted: Uint8Array): Buffer => hmac(salted, "Client Key");
export const serverKeyOf = (salted: Uint8Array): Buffer => hmac(salted, "Server Key");

/** The verifier for a SASLprep'd password; the salt comes from outside. */
export async function scramVerifier(password: string, salt: Buffer, iterations: number): Promise<ScramVerifier> {
  const salted = await saltedPassword(password, salt, iterations);
  return { iterations, salt, storedKey: hash(clientKeyOf(salted)), serverKey: serverKeyOf(salted) };
}

/** "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey", base64 (as PostgreSQL and RFC 5803 write it). */
export function formatVerifier(verifier: ScramVerifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey.toString("base64")}:${serverKey.toString("base64")}`;
}

const verifierForm = /^SCRAM-SHA-256\$(\d{1,10}):([A-Za-z0-9+/=]{1,400})\$([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{44})$/;

/** Reads `formatVerifier`'s form; undefined where it is another. */
export function parseVerifier(text: string): ScramVerifier | undefined {
  const found = verifierForm.exec(text);
  if (found === null) return undefined;
  const iterations = Number(found[1]);
  const salt = fromBase64(found[2]!);
  const storedKey = fromBase64(found[3]!);
  const serverKey = fromBase64(found[4]!);
  if (salt === undefined || storedKey?.length !== keyBytes || serverKey?.length !== keyBytes) return undefined;
  if (iterations < 1 || iterations > maxIterations) return undefined;
  return { iterations, salt, storedKey, serverKey };
}

/** Strict base64 (RFC 4648 §4, padded, not empty), or undefined. */
export function fromBase64(text: string): Buffer | undefined {
  if (text.length === 0 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}

/** RFC 5802 §5.1: "," and "=" of a name are written =2C and =3D; undefined where another "=" stands. */
export function readSaslName(text: string): string | undefined {
  let bad = false;
  const name = text.replace(/=(2C|3D)?/g, (_, code: string | undefined) => {
    if (code === undefined) bad = true;
    return code === "2C" ? "," : "=";
  });
  return bad || name === "" ? undefined : name;
}

export const writeSaslName = (name: string): string => name.replaceAll("=", "=3D").replaceAll(",", "=2C");

/** RFC 5802 §7 nonce: printable ASCII without comma. */
export const isNonce = (text: string): boolean => /^[\x21-\x2b\x2d-\x7e]+$/.test(text);

export function xor(one: Uint8Array, other: Uint8Array): Buffer {
  const result = Buffer.allocUnsafe(one.length);
  for (let i = 0; i < one.length; i++) result[i] = one[i]! ^ other[i]!;
  return result;
}
