/** OpenPGP (RFC 9580) by openpgp.js: loaded when the first message or key wants it. */
import * as pgp from "openpgp";
import type { Outcome, Signature } from "./findings.ts";
import { dropKey, type KeptKey, keepKey, keysOf } from "./keys.ts";

/** Unlocked keys are forgotten after so long without use, and with the page. */
const unlockedMs = 30 * 60_000;
const unlocked = new Map<string, { readonly key: pgp.PrivateKey; timer: ReturnType<typeof setTimeout> }>();

const addressesOf = (key: pgp.Key): readonly string[] =>
  key.users.flatMap(({ userID }) => {
    const address =
      userID?.email || /<([^<>\s]+@[^<>\s]+)>|^([^<>\s]+@[^<>\s]+)$/.exec((userID?.userID ?? "").slice(0, 1000))?.[1];
    return address ? [address.toLowerCase()] : [];
  });

const describe = (
  key: pgp.Key,
  owner: string,
): Pick<KeptKey, "id" | "owner" | "fingerprint" | "addresses" | "name"> => {
  const fingerprint = key.getFingerprint();
  return {
    id: `${owner} ${fingerprint}`,
    owner,
    fingerprint,
    addresses: addressesOf(key),
    name: key.users[0]?.userID?.name || (addressesOf(key)[0] ?? ""),
  };
};

/** A new key of one's own, locked with the passphrase. */
export async function makeKey(
  owner: string,
  name: string,
  email: string,
  passphrase: string,
  now: number,
): Promise<KeptKey> {
  const { privateKey, publicKey } = await pgp.generateKey({
    userIDs: [{ name, email }],
    passphrase,
    format: "object",
  });
  const key: KeptKey = {
    ...describe(publicKey, owner),
    private: privateKey.armor(),
    public: publicKey.armor(),
    checked: true,
    source: "own",
    at: now,
  };
  await keepKey(key);
  return key;
}

export type ImportProblem = "none" | "passphrase" | "unlocked";

/**
 * Keys of a file or a mail. Private ones become the reader's own; those that are not locked are refused without a passphrase to lock them.
 * What the reader has checked of a key stays so.
 * @param of keys of this address alone (draft-koch-openpgp-webkey-service §3.1: what else is published is not asked for)
 */
export async function importKeys(
  owner: string,
  bytes: Uint8Array,
  source: KeptKey["source"],
  passphrase: string,
  now: number,
  of?: string,
  told?: KeptKey["told"],
): Promise<{ readonly kept: readonly KeptKey[]; readonly problem: ImportProblem | undefined }> {
  const text = new TextDecoder().decode(bytes);
  const keys = await (text.includes("-----BEGIN PGP")
    ? pgp.readKeys({ armoredKeys: text })
    : pgp.readKeys({ binaryKeys: bytes }).catch(() => []));
  const kept: KeptKey[] = [];
  const before = new Map((await keysOf(owner)).map((one) => [one.id, one]));
  for (const key of keys) {
    let secret: string | undefined;
    if (of !== undefined && !addressesOf(key).includes(of.toLowerCase())) continue;
    const known = before.get(describe(key, owner).id);
    // A key of one's own is no other's to change.
    if (known?.private !== undefined && !key.isPrivate()) continue;
    if (key.isPrivate()) {
      // Keys of strangers' mail are never one's own.
      if (source !== "file") continue;
      if (key.isDecrypted()) {
        if (passphrase === "") return { kept, problem: "unlocked" };
        secret = (await pgp.encryptKey({ privateKey: key as pgp.PrivateKey, passphrase })).armor();
      } else secret = key.armor();
    }
    const found: KeptKey = {
      ...describe(key, owner),
      private: secret,
      public: key.toPublic().armor(),
      checked: secret !== undefined || known?.checked === true,
      // Where it came from first says most about it.
      source: secret === undefined ? (source === "autocrypt" ? (known?.source ?? source) : source) : "own",
      at: now,
      ...((told ?? known?.told) === undefined ? {} : { told: told ?? known?.told }),
    };
    // A newer key takes the place of what the same person's mail has brought before.
    for (const old of source === "autocrypt" ? before.values() : [])
      if (
        of !== undefined &&
        old.id !== found.id &&
        old.source === "autocrypt" &&
        !old.checked &&
        old.addresses.includes(of)
      )
        await dropKey(old.id);
    await keepKey(found);
    kept.push(found);
  }
  return { kept, problem: kept.length === 0 ? "none" : undefined };
}

/**
 * What its domain publishes now is put together with what is known of a key: a longer life, a withdrawal, nothing is lost.
 * Answers the fingerprint of another key for the address, where it is that instead.
 */
export async function renewed(old: KeptKey, bytes: Uint8Array, of: string, now: number): Promise<string | undefined> {
  const found = (await pgp.readKeys({ binaryKeys: bytes }).catch(() => [])).filter((key) =>
    addressesOf(key).includes(of.toLowerCase()),
  );
  const same = found.find((key) => key.getFingerprint() === old.fingerprint);
  if (same === undefined) return found[0]?.getFingerprint();
  const known = await pgp.readKey({ armoredKey: old.public });
  await keepKey({ ...old, public: (await known.update(same.toPublic())).armor(), at: now });
  return undefined;
}

/** False where the passphrase is wrong. */
export async function unlock(key: KeptKey, passphrase: string): Promise<boolean> {
  try {
    const privateKey = await pgp.readPrivateKey({ armoredKey: key.private ?? "" });
    remember(key.fingerprint, await pgp.decryptKey({ privateKey, passphrase }));
    return true;
  } catch {
    return false;
  }
}
function remember(fingerprint: string, key: pgp.PrivateKey): void {
  clearTimeout(unlocked.get(fingerprint)?.timer);
  unlocked.set(fingerprint, { key, timer: setTimeout(() => unlocked.delete(fingerprint), unlockedMs) });
}
export const unlockedKey = (fingerprint: string): pgp.PrivateKey | undefined => {
  const found = unlocked.get(fingerprint);
  if (found !== undefined) remember(fingerprint, found.key);
  return found?.key;
};

type Verified = {
  readonly keyID: pgp.KeyID;
  readonly verified: Promise<true>;
  readonly signature: Promise<pgp.Signature>;
};

async function judged(
  signatures: readonly Verified[],
  ring: readonly KeptKey[],
  publicKeys: readonly pgp.PublicKey[],
  sender: string,
): Promise<Signature | undefined> {
  const [first] = signatures;
  if (first === undefined) return undefined;
  const key = publicKeys.find((one) => one.getKeys(first.keyID).length > 0);
  if (key === undefined) return { kind: "unknown-key", keyId: first.keyID.toHex().toUpperCase() };
  try {
    await first.verified;
  } catch (error) {
    const why = /expired|revoked|not yet valid|in the future/i.test(String(error)) ? "expired" : "changed";
    return { kind: "bad", why };
  }
  const fingerprint = key.getFingerprint();
  const addresses = addressesOf(key);
  const made = (await first.signature).packets[0]?.created;
  return {
    kind: "good",
    by: "openpgp",
    issuer: undefined,
    fingerprint,
    addresses,
    checked: ring.find((one) => one.fingerprint === fingerprint)?.checked ?? false,
    ofSender: addresses.includes(sender.toLowerCase()),
    at: made?.getTime(),
  };
}

const publicKeysOf = (ring: readonly KeptKey[]): Promise<readonly pgp.PublicKey[]> =>
  Promise.all(ring.map((key) => pgp.readKey({ armoredKey: key.public })));

/** @param sender the address of From, which the signature says nothing about */
export async function decrypt(
  ciphertext: string | Uint8Array,
  ring: readonly KeptKey[],
  sender: string,
): Promise<Outcome> {
  let message: pgp.Message<pgp.MaybeStream<string | Uint8Array>>;
  try {
    message =
      typeof ciphertext === "string"
        ? await pgp.readMessage({ armoredMessage: ciphertext })
        : await pgp.readMessage({ binaryMessage: ciphertext });
  } catch {
    return { kind: "broken" };
  }
  const wanted = message.getEncryptionKeyIDs();
  const own = ring.filter((key) => key.private !== undefined);
  const fitting: KeptKey[] = [];
  for (const key of own) {
    const read = await pgp.readKey({ armoredKey: key.public });
    if (wanted.some((id) => /^0*$/.test(id.toHex()) || read.getKeys(id).length > 0)) fitting.push(key);
  }
  const [first] = fitting;
  if (first === undefined) return { kind: "no-key" };
  const decryptionKeys = fitting.flatMap((key) => unlockedKey(key.fingerprint) ?? []);
  if (decryptionKeys.length === 0) return { kind: "locked", fingerprint: first.fingerprint };
  const publicKeys = await publicKeysOf(ring);
  try {
    const { data, signatures } = await pgp.decrypt({
      message: message as pgp.Message<Uint8Array>,
      decryptionKeys,
      verificationKeys: [...publicKeys],
      format: "binary",
    });
    const signature = await judged(signatures as Verified[], ring, publicKeys, sender);
    return { kind: "opened", opened: { mime: data as Uint8Array, encrypted: true, signature } };
  } catch (error) {
    // openpgp.js refuses what has no integrity protection, and what was changed.
    return { kind: /integrity|MDC|unauthenticated|modif/i.test(String(error)) ? "unprotected" : "broken" };
  }
}

export async function verifyDetached(
  signed: Uint8Array,
  armoredSignature: string,
  ring: readonly KeptKey[],
  sender: string,
): Promise<Outcome> {
  const publicKeys = await publicKeysOf(ring);
  try {
    const { signatures } = await pgp.verify({
      message: await pgp.createMessage({ binary: signed }),
      signature: await pgp.readSignature({ armoredSignature }),
      verificationKeys: [...publicKeys],
      format: "binary",
    });
    const signature = await judged(signatures as Verified[], ring, publicKeys, sender);
    return {
      kind: "opened",
      opened: { mime: undefined, encrypted: false, signature: signature ?? { kind: "bad", why: "malformed" } },
    };
  } catch {
    return {
      kind: "opened",
      opened: { mime: undefined, encrypted: false, signature: { kind: "bad", why: "malformed" } },
    };
  }
}

/** What stands within is what is shown: armor around it is no part of it. */
export async function verifyClear(text: string, ring: readonly KeptKey[], sender: string): Promise<Outcome> {
  const publicKeys = await publicKeysOf(ring);
  try {
    const { data, signatures } = await pgp.verify({
      message: await pgp.readCleartextMessage({ cleartextMessage: text }),
      verificationKeys: [...publicKeys],
    });
    const signature = await judged(signatures as Verified[], ring, publicKeys, sender);
    const mime = new TextEncoder().encode(`Content-Type: text/plain; charset=utf-8\r\n\r\n${data}`);
    return { kind: "opened", opened: { mime, encrypted: false, signature } };
  } catch {
    return {
      kind: "opened",
      opened: { mime: undefined, encrypted: false, signature: { kind: "bad", why: "malformed" } },
    };
  }
}
