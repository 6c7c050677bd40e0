/** DKIM-Signature header fields for one message (RFC 6376, RFC 8463), all algorithms over one body hash. Runs in a worker thread. */
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { relaxedField } from "../../protocol/dkim/canonical.ts";
import { relaxedBodyHash } from "../../protocol/dkim/hashes.ts";
import { dkimFields } from "../../protocol/dkim/signed-fields.ts";
import { type Tags, tagField, withSignature } from "../../protocol/dkim/tag-list.ts";
import { bytesOf } from "../../protocol/mime/header.ts";

export type DkimSignTask = {
  readonly bytes: Uint8Array;
  readonly domain: string;
  readonly keys: readonly { readonly selector: string; readonly privateKey: string }[];
  readonly signedAt: number; // milliseconds since 1970
  /** The x= tag, milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
  /** Signs these fields (lower case) and no others. */
  readonly only?: readonly string[] | undefined;
};

/** Parsed private keys by their PEM; reading one costs more than an Ed25519 signature. */
const parsedKeys = new Map<string, KeyObject>();
const maxParsedKeys = 1000;

/** The header lines to put before the message, each ended with CRLF; "" where the message has no From to sign. */
export function dkimSignature({ bytes, domain, keys, signedAt, expiresAt, only }: DkimSignTask): string {
  const signed = dkimFields(bytesOf(bytes), only);
  if (signed === undefined) return "";
  const bodyHash = relaxedBodyHash(signed.body);
  let fields = "";
  for (const { selector, privateKey } of keys) {
    const key = parsedKey(privateKey);
    const tags: Tags = [
      ["v", "1"],
      ["a", key.asymmetricKeyType === "rsa" ? "rsa-sha256" : "ed25519-sha256"],
      ["c", "relaxed/relaxed"],
      ["d", domain],
      ["s", selector],
      ["t", seconds(signedAt)],
      ["x", expiresAt === undefined ? undefined : seconds(expiresAt)],
      ["h", signed.names.join(":")],
      ["bh", bodyHash],
      ["b", ""],
    ];
    fields += `${signField("DKIM-Signature", tags, signed.text, key)}\r\n`;
  }
  return fields;
}

/** A signature field whose signature covers `before` (canonical fields, each ended with CRLF) and the field itself; no line end. */
export function signField(name: string, tags: Tags, before: string, key: KeyObject): string {
  const field = tagField(name, tags);
  // RFC 6376 §3.7: the field itself comes last, its b= empty, without a line end.
  const text = Buffer.from(before + relaxedField(field), "latin1");
  // RFC 8463 §3: Ed25519 signs the SHA-256 hash, not the text.
  const signature =
    key.asymmetricKeyType === "rsa"
      ? sign("sha256", text, key)
      : sign(null, createHash("sha256").update(text).digest(), key);
  return withSignature(field, signature.toString("base64"));
}

export const seconds = (at: number): string => String(Math.floor(at / 1000));

export function parsedKey(pem: string): KeyObject {
  let key = parsedKeys.get(pem);
  if (key === undefined) {
    if (parsedKeys.size >= maxParsedKeys) parsedKeys.clear();
    key = createPrivateKey(pem);
    parsedKeys.set(pem, key);
  }
  return key;
}
