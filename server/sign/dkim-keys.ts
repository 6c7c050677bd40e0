/** The DKIM keys of a domain: made here, kept in the store under "dkim/<domain>", published as TXT records. */
import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { domainSettings } from "../store/domain-settings.ts";
import type { Instant, StoreReader, StoreWriter } from "../store/store.ts";

/** Both are used side by side (RFC 8463 §3 advises it): not everybody can verify Ed25519. */
export const algorithms = ["rsa-sha256", "ed25519-sha256"] as const;
export type Algorithm = (typeof algorithms)[number];

/**
 * The life of a key. publish: made, the world does not see it yet. seen: DNS shows it, it waits until all name servers do. used: it
 * signs. retired: it signs no more and must stay in DNS for what is still under way. removed: it may go from DNS; here until it did.
 */
export type KeyState = "publish" | "seen" | "used" | "retired" | "removed";

/** What keys are for: one class of mail can be replayed, and its keys revoked, without the others. "": all that has none of its own. */
export const keyUses = ["", "marketing"] as const;
export type KeyUse = (typeof keyUses)[number];
/** Keys of one algorithm and use follow one another. */
export type KeyLine = { readonly algorithm: Algorithm; readonly use: KeyUse };

export type DkimKey = {
  readonly selector: string;
  readonly algorithm: Algorithm;
  /** Left out: "". */
  readonly use?: KeyUse | undefined;
  /** PKCS #8 in PEM; "" once the key signs no more. */
  readonly privateKey: string;
  /** The value of the TXT record at `<selector>._domainkey.<domain>`. */
  readonly record: string;
  readonly createdAt: Instant;
  readonly state: KeyState;
  /** When it came into this state. */
  readonly since: Instant;
};

export type DkimKeys = { readonly keys: readonly DkimKey[] };

const rsaBits = 2048; // RFC 8301 §3.2; 4096 does not fit into one UDP answer
const makeKeyPair = promisify(generateKeyPair);

export const dkimSetting = (domain: string): string => domainSettings.dkim + domain;

export const useOf = ({ use = "" }: Pick<DkimKey, "use">): KeyUse => use;

/** A new key; its selector is named by the day ("r20260102", "e20260102b", for marketing "rm20260102"), and is none of `taken`. */
export async function makeDkimKey(
  algorithm: Algorithm,
  now: Instant,
  taken: readonly string[] = [],
  use: KeyUse = "",
): Promise<DkimKey> {
  const rsa = algorithm === "rsa-sha256";
  const pair = rsa
    ? await makeKeyPair("rsa", { modulusLength: rsaBits, publicExponent: 0x10001 })
    : await makeKeyPair("ed25519", {});
  const der = (pair.publicKey as KeyObject).export({ type: "spki", format: "der" });
  // RFC 8463 §4: the record of an Ed25519 key holds its 32 bytes alone.
  const data = (rsa ? der : der.subarray(-32)).toString("base64");
  const day = (rsa ? "r" : "e") + use.slice(0, 1) + new Date(now).toISOString().slice(0, 10).replaceAll("-", "");
  let selector = day;
  for (let letter = "b".charCodeAt(0); taken.includes(selector); letter++)
    selector = day + (letter <= "z".charCodeAt(0) ? String.fromCharCode(letter) : `x${letter}`);
  return {
    selector,
    algorithm,
    ...(use === "" ? {} : { use }),
    privateKey: (pair.privateKey as KeyObject).export({ type: "pkcs8", format: "pem" }).toString(),
    record: `v=DKIM1; k=${rsa ? "rsa" : "ed25519"}; h=sha256; p=${data}`,
    createdAt: now,
    state: "publish",
    since: now,
  };
}

/** A new RSA-2048 and a new Ed25519 key, both to be published. */
export async function makeDkimKeys(now: Instant, taken: readonly string[] = []): Promise<DkimKeys> {
  return { keys: await Promise.all(algorithms.map((algorithm) => makeDkimKey(algorithm, now, taken))) };
}

/** A key as the store has it: those of before keys had states are to be looked for in DNS. */
type Stored = Omit<DkimKey, "state" | "since"> & Partial<Pick<DkimKey, "state" | "since">>;

export async function readDkimKeys(store: Pick<StoreReader, "setting">, domain: string): Promise<DkimKeys | undefined> {
  return dkimKeysOf(await store.setting(dkimSetting(domain)));
}

/** What the setting of a domain holds. */
export function dkimKeysOf(setting: unknown): DkimKeys | undefined {
  const found = setting as { readonly keys: readonly Stored[] } | undefined;
  return found && { keys: found.keys.map((key) => ({ state: "publish", since: key.createdAt, ...key })) };
}

/** The keys of the domain, made now where it has none. */
export async function ensureDkimKeys(
  store: Pick<StoreReader, "setting"> & Pick<StoreWriter, "swapSetting">,
  domain: string,
  now: Instant,
): Promise<DkimKeys> {
  const found = await readDkimKeys(store, domain);
  if (found !== undefined) return found;
  const made = await makeDkimKeys(now);
  // Another node may have been first: then its keys are the domain's.
  if (await store.swapSetting(dkimSetting(domain), undefined, made)) return made;
  return (await readDkimKeys(store, domain)) ?? made;
}

/** The p= of a key record without its blanks; undefined where it has none. RFC 6376 §3.6.1. */
export function publicKeyOf(record: string): string | undefined {
  for (const tag of record.split(";")) {
    const equals = tag.indexOf("=");
    if (equals > 0 && tag.slice(0, equals).trim() === "p") return tag.slice(equals + 1).replace(/\s+/g, "");
  }
  return undefined;
}
