/** The DKIM keys of a domain: made here, kept in the store under "dkim/<domain>", published as TXT records. */
import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { Instant, StoreReader, StoreWriter } from "../store/store.ts";

export type DkimKey = {
  readonly selector: string;
  readonly algorithm: "rsa-sha256" | "ed25519-sha256";
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  /** The value of the TXT record at `<selector>._domainkey.<domain>`. */
  readonly record: string;
  readonly createdAt: Instant;
};

export type DkimKeys = { readonly keys: readonly DkimKey[] };

const rsaBits = 2048; // RFC 8301 §3.2; 4096 does not fit into one UDP answer
const makeKeyPair = promisify(generateKeyPair);

export const dkimSetting = (domain: string): string => `dkim/${domain}`;

/** A new RSA-2048 and a new Ed25519 key (RFC 8463 §3 advises both), selectors named by the day. */
export async function makeDkimKeys(now: Instant): Promise<DkimKeys> {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll("-", "");
  const [rsa, ed25519] = await Promise.all([
    makeKeyPair("rsa", { modulusLength: rsaBits, publicExponent: 0x10001 }),
    makeKeyPair("ed25519", {}),
  ]);
  const rsaPublic = rsa.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  // RFC 8463 §4: the record holds the 32 bytes of the key alone.
  const ed25519Public = ed25519.publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("base64");
  const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
  return {
    keys: [
      {
        selector: `r${day}`,
        algorithm: "rsa-sha256",
        privateKey: pem(rsa.privateKey),
        record: `v=DKIM1; k=rsa; h=sha256; p=${rsaPublic}`,
        createdAt: now,
      },
      {
        selector: `e${day}`,
        algorithm: "ed25519-sha256",
        privateKey: pem(ed25519.privateKey),
        record: `v=DKIM1; k=ed25519; h=sha256; p=${ed25519Public}`,
        createdAt: now,
      },
    ],
  };
}

export async function readDkimKeys(store: Pick<StoreReader, "setting">, domain: string): Promise<DkimKeys | undefined> {
  return (await store.setting(dkimSetting(domain))) as DkimKeys | undefined;
}

/** The keys of the domain, made now where it has none. */
export async function ensureDkimKeys(
  store: Pick<StoreReader, "setting"> & Pick<StoreWriter, "putSetting">,
  domain: string,
  now: Instant,
): Promise<DkimKeys> {
  const found = await readDkimKeys(store, domain);
  if (found !== undefined) return found;
  const made = await makeDkimKeys(now);
  await store.putSetting(dkimSetting(domain), made);
  return made;
}
