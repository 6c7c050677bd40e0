/** Public keys in DNS (RFC 6376 §3.6.1, RFC 8463 §4), and what is done with them. */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { base64Of, colonList, parseTags } from "./tags.ts";

export type Algorithm = "rsa-sha256" | "ed25519-sha256";

export type DkimKey = {
  readonly key: KeyObject;
  readonly type: "rsa" | "ed25519";
  readonly bits: number;
  /** t=y */
  readonly testing: boolean;
  /** t=s: no subdomains in i=. */
  readonly strict: boolean;
  /** s=: what it may be used for; undefined: for everything. */
  readonly services: readonly string[] | undefined;
};

/** RFC 6376 §3.6.1; RFC 8460 §3 adds the reports of TLS, which an ordinary key may sign as well. */
export type Service = "email" | "tlsrpt";

export function servesFor({ services }: DkimKey, service: Service): boolean {
  return services === undefined || services.some((one) => one === "*" || one === "email" || one === service);
}

/** RFC 8301 §3.2: 1024 to 4096 bits must be understood. Larger ones up to 8192 are; beyond, they only cost time. */
export const minRsaBits = 1024;
export const maxRsaBits = 8192;
/** Larger public exponents have no use but to make verifying slow. */
const maxExponent = 1n << 33n;
/** Longest key record that is read, in characters. */
export const maxKeyChars = 8192;

const ed25519Prefix = Buffer.from("302a300506032b6570032100", "hex");

/** Reading a key costs as much as a verification: the last ones are kept. */
const read = new Map<string, DkimKey | string>();
const maxRead = 1000;

/** A key that may verify mail, or why not. */
export function parseKey(record: string): DkimKey | string {
  const known = read.get(record);
  if (known !== undefined) return known;
  const key = readKey(record);
  if (record.length <= maxKeyChars) {
    if (read.size >= maxRead) read.delete(read.keys().next().value!);
    read.set(record, key);
  }
  return key;
}

function readKey(record: string): DkimKey | string {
  if (record.length > maxKeyChars) return "the key record is too long";
  const tags = parseTags(record);
  if (tags === undefined) return "the key record cannot be read";
  const version = tags.get("v");
  // RFC 6376 §3.6.1: where it is there, it is the first tag.
  if (version !== undefined && (version !== "DKIM1" || tags.keys().next().value !== "v"))
    return "the key record is of another version";
  const p = tags.get("p");
  if (p === undefined) return "the key record holds no key";
  if (p === "") return "the key is revoked";
  const hashes = tags.get("h");
  if (hashes !== undefined && !colonList(hashes).includes("sha256")) return "the key is not for sha256";
  const [services, flags] = [tags.get("s"), colonList(tags.get("t") ?? "")];
  const common = {
    testing: flags.includes("y"),
    strict: flags.includes("s"),
    services: services === undefined ? undefined : colonList(services),
  };
  const bytes = base64Of(p);
  if (bytes === undefined) return "the key is not base64";
  const type = tags.get("k") ?? "rsa";
  try {
    if (type === "ed25519") {
      if (bytes.length !== 32) return "the key is damaged";
      const key = createPublicKey({ key: Buffer.concat([ed25519Prefix, bytes]), format: "der", type: "spki" });
      return { key, type, bits: 256, ...common };
    }
    if (type !== "rsa") return "the key is of an unknown type";
    const key = rsaKey(bytes);
    const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
    if (key.asymmetricKeyType !== "rsa" || publicExponent > maxExponent) return "the key is damaged";
    return { key, type, bits: modulusLength, ...common };
  } catch {
    return "the key is damaged";
  }
}

/** RFC 6376 §3.6.1 says RSAPublicKey, everybody publishes SubjectPublicKeyInfo. */
function rsaKey(bytes: Buffer): KeyObject {
  try {
    return createPublicKey({ key: bytes, format: "der", type: "spki" });
  } catch {
    return createPublicKey({ key: bytes, format: "der", type: "pkcs1" });
  }
}

/** `text` is a byte string. */
export function isSignedBy({ key, type }: DkimKey, text: string, signature: Buffer): boolean {
  const bytes = Buffer.from(text, "latin1");
  try {
    // RFC 8463 §3: Ed25519 signs the SHA-256 hash, not the text.
    return type === "rsa"
      ? verify("sha256", bytes, key, signature)
      : verify(null, createHash("sha256").update(bytes).digest(), key, signature);
  } catch {
    return false;
  }
}
