/**
 * The key that the next certificate will have: made long before, so that its TLSA record is in DNS everywhere when it comes
 * into use (RFC 7671 §8.1).
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { writeWhole } from "./write-whole.ts";

export type KeyFiles = { readonly current: string; readonly next: string };
/** Whether a certificate may have this key now: DNS names it already, or names none of ours. */
export type MayChangeKey = (next: KeyObject) => Promise<boolean>;

const makePair = promisify(generateKeyPair);

/** A new P-256 key, PKCS #8 in PEM. */
export async function newKeyPem(): Promise<string> {
  const { privateKey } = await makePair("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** The key for a certificate that is made now. Where it is the next one, that file is empty afterwards: see `ensureNextKey`. */
export async function chooseKey(files: KeyFiles, mayChangeKey: MayChangeKey): Promise<string> {
  const current = readKey(files.current);
  const next = readKey(files.next);
  if (current === undefined) return next ?? (await newKeyPem());
  if (next === undefined) return current;
  return (await mayChangeKey(createPublicKey(next))) ? next : current;
}

/** Makes the next key where there is none, or where it has become the current one. */
export async function ensureNextKey(files: KeyFiles): Promise<void> {
  const next = readKey(files.next);
  if (next !== undefined && next !== readKey(files.current)) return;
  await writeWhole(files.next, await newKeyPem(), 0o600);
}

/** The public key of a file, or undefined where it holds none. */
export function publicKeyOf(file: string): KeyObject | undefined {
  const pem = readKey(file);
  return pem === undefined ? undefined : createPublicKey(pem);
}

/** As it stands; undefined where the file is missing or holds no key. */
function readKey(file: string): string | undefined {
  try {
    const pem = readFileSync(file, "utf8");
    createPrivateKey(pem);
    return pem;
  } catch {
    return undefined;
  }
}
