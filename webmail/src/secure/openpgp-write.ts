/** Signing and encrypting with OpenPGP (RFC 9580) by openpgp.js: loaded when the first letter wants it. */
import * as pgp from "openpgp";
import type { KeptKey } from "./keys.ts";
import { Locked } from "./locked.ts";
import { unlockedKey } from "./openpgp.ts";
import { base64Of } from "./write.ts";

const utf8 = new TextEncoder();

export type Usable = "fine" | "expired" | "revoked" | "signs-only" | "unreadable";

/** Whether something can be encrypted for a key now. */
export async function usable({ public: armored }: Pick<KeptKey, "public">, now = new Date()): Promise<Usable> {
  let key: pgp.PublicKey;
  try {
    key = await pgp.readKey({ armoredKey: armored });
  } catch {
    return "unreadable";
  }
  if (await key.isRevoked(undefined, undefined, now)) return "revoked";
  const until = await key.getExpirationTime();
  if (until === null || (until instanceof Date && until <= now)) return "expired";
  try {
    await key.getEncryptionKey(undefined, now);
    return "fine";
  } catch (error) {
    return /expired/i.test(String(error)) ? "expired" : "signs-only";
  }
}

const read = (keys: readonly KeptKey[]): Promise<pgp.PublicKey[]> =>
  Promise.all(keys.map(({ public: armored }) => pgp.readKey({ armoredKey: armored })));

/** A key with one address and what is encrypted for alone, in base64 (Autocrypt Level 1 §2.1.1, WKD); undefined where it cannot be. */
export async function shortKey(
  { public: armored }: Pick<KeptKey, "public">,
  address: string,
): Promise<string | undefined> {
  try {
    const key = await pgp.readKey({ armoredKey: armored });
    const { keyPacket } = await key.getEncryptionKey();
    const users = key.users.filter(({ userID }) => userID?.email?.toLowerCase() === address.toLowerCase());
    if (users.length === 0) return undefined;
    // What others have certified is theirs to tell.
    for (const user of users) user.otherCertifications = [];
    key.users = users;
    key.subkeys = key.subkeys.filter((one) => one.keyPacket === keyPacket);
    return base64Of(key.write());
  } catch {
    return undefined;
  }
}

/** RFC 3156 §5: the name of the digest by its number (RFC 9580 §9.5). */
const micalgs: { readonly [number: number]: string } = { 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224" };

function signerOf(key: KeptKey): pgp.PrivateKey {
  const signer = unlockedKey(key.fingerprint);
  if (signer === undefined) throw new Locked(key.fingerprint);
  return signer;
}

/** Throws Locked where the key is. @param payload with CRLF */
export async function signDetached(
  payload: string,
  key: KeptKey,
): Promise<{ readonly armored: string; readonly micalg: string }> {
  const armored = await pgp.sign({
    message: await pgp.createMessage({ binary: utf8.encode(payload) }),
    signingKeys: signerOf(key),
    detached: true,
  });
  const { packets } = await pgp.readSignature({ armoredSignature: armored });
  return { armored, micalg: `pgp-${micalgs[packets[0]?.hashAlgorithm ?? 10] ?? "sha512"}` };
}

/**
 * Throws Locked where the signer's key is.
 * @param hide the message does not say for which keys it is: somebody gets a blind copy (RFC 9580 §5.1)
 */
export async function encryptFor(
  payload: string,
  keys: readonly KeptKey[],
  signer: KeptKey | undefined,
  hide: boolean,
): Promise<string> {
  return pgp.encrypt({
    message: await pgp.createMessage({ binary: utf8.encode(payload) }),
    encryptionKeys: await read(keys),
    ...(signer === undefined ? {} : { signingKeys: signerOf(signer) }),
    wildcard: hide,
  });
}
