/** Passwords as they are kept: argon2id for whoever sends the password, a SCRAM verifier for whoever proves to know it. */
import { argon2, createHash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { saslPrep } from "../../protocol/sasl/prep.ts";
import { formatVerifier, scramVerifier } from "../../protocol/sasl/scram.ts";
import type { Scope } from "../store/security-store.ts";
import type { Credential, Instant } from "../store/store.ts";

export type PasswordSettings = {
  readonly argon2MemoryKib: number;
  readonly argon2Passes: number;
  /** PBKDF2 rounds of the SCRAM verifier; each login costs the client so many. 0 keeps no verifier: SCRAM is then refused. */
  readonly scramIterations: number;
};

/** argon2id: the least that OWASP allows. */
export const defaultPasswordSettings: PasswordSettings = {
  argon2MemoryKib: 19 * 1024,
  argon2Passes: 2,
  // Cyrus SASL (mutt, mbsync and many others) refuses to compute more than 65,536.
  scramIterations: 60_000,
};

const parallelism = 1;
const saltBytes = 16;
const tagBytes = 32;
/** What a stored string may ask of us: it may come from another system's import. */
const maxMemoryKib = 1024 * 1024;
const maxPasses = 16;
const maxParallelism = 16;

export type NewCredential = Omit<Credential, "id" | "account" | "usedAt" | "secondFactor">;

/** The one form of a password that is hashed and compared, whatever the client's keyboard made of it. */
export const preparePassword = (password: string): string => saslPrep(password) ?? password;

/** Hashes a password for keeping (some 50 ms of one core, off the event loop). */
export async function makeCredential(
  password: string,
  at: Instant,
  settings: PasswordSettings = defaultPasswordSettings,
): Promise<NewCredential> {
  const prepared = preparePassword(password);
  const [hashed, verifier] = await Promise.all([
    hashPassword(prepared, settings),
    settings.scramIterations === 0
      ? undefined
      : scramVerifier(prepared, randomBytes(saltBytes), settings.scramIterations),
  ]);
  const scramSha256 = verifier === undefined ? "" : formatVerifier(verifier);
  return { kind: "password", label: "", argon2id: hashed, scramSha256, createdAt: at, expiresAt: undefined };
}

/** A generated password for one device, and what is kept of it. It says by its own hash which credential it belongs to. */
export async function makeAppPassword(
  label: string,
  at: Instant,
  expiresAt: Instant | undefined,
  settings: PasswordSettings = defaultPasswordSettings,
  scopes: readonly Scope[] = [],
): Promise<{ readonly password: string; readonly credential: NewCredential }> {
  const password = [1, 2, 3, 4, 5].map(() => randomText(5)).join("-");
  const argon2id = await hashPassword(password, settings, appPasswordId(password));
  const made = { kind: "app-password", label, argon2id, scramSha256: "", createdAt: at, expiresAt } as const;
  return { password, credential: scopes.length === 0 ? made : { ...made, scopes } };
}

/** A password people can read out: 100 bits, no letters that look alike. */
export const generatePassword = (): string => [1, 2, 3, 4, 5].map(() => randomText(4)).join("-");

const letters = "abcdefghjkmnpqrstuvwxyz23456789";
/** Random letters and digits that do not look alike, some 4.95 bits each. */
export const randomText = (count: number): string =>
  Array.from({ length: count }, () => letters[randomInt(letters.length)]).join("");

/**
 * The PHC `keyid` of an app password: finds its credential among an account's many without an argon2 run for each. 32 bits
 * of a hash of more than 120 random bits tell nothing.
 */
export const appPasswordId = (password: string): string =>
  createHash("sha256").update("angarium app password\0").update(password).digest().subarray(0, 4).toString("hex");

type Phc = {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly keyId: string | undefined;
  readonly salt: Buffer;
  readonly tag: Buffer;
};

async function hashPassword(prepared: string, settings: PasswordSettings, keyId?: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const { argon2MemoryKib: memoryKib, argon2Passes: passes } = settings;
  const tag = await runArgon2(prepared, { memoryKib, passes, parallelism, keyId, salt, tag: Buffer.alloc(tagBytes) });
  const id = keyId === undefined ? "" : `,keyid=${keyId}`;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}${id}$${base64(salt)}$${base64(tag)}`;
}

const base64 = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

const phcForm =
  /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})(?:,keyid=([A-Za-z0-9+/-]{1,64}))?\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,172})$/;

/** Reads an argon2id PHC string; undefined where it is another or asks for more than we give. */
export function parsePhc(text: string): Phc | undefined {
  const found = phcForm.exec(text);
  if (found === null) return undefined;
  const [memoryKib, passes, lanes] = [Number(found[1]), Number(found[2]), Number(found[3])];
  if (memoryKib > maxMemoryKib || passes < 1 || passes > maxPasses || lanes < 1 || lanes > maxParallelism)
    return undefined;
  if (memoryKib < 8 * lanes) return undefined; // RFC 9106 §3.1
  const salt = Buffer.from(found[5]!, "base64");
  const tag = Buffer.from(found[6]!, "base64");
  return { memoryKib, passes, parallelism: lanes, keyId: found[4], salt, tag };
}

/** Whether `prepared` (see preparePassword) is the password of this PHC string. Compares in constant time. */
export async function verifyPassword(prepared: string, phc: Phc): Promise<boolean> {
  return timingSafeEqual(await runArgon2(prepared, phc), phc.tag);
}

/** For accounts that do not exist or have no password: costs the same and fits nobody. */
export function decoyPhc(settings: PasswordSettings): Phc {
  return {
    memoryKib: settings.argon2MemoryKib,
    passes: settings.argon2Passes,
    parallelism,
    keyId: undefined,
    salt: randomBytes(saltBytes),
    tag: randomBytes(tagBytes),
  };
}

function runArgon2(prepared: string, phc: Phc): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parameters = {
    message: Buffer.from(prepared, "utf8"),
    nonce: phc.salt,
    parallelism: phc.parallelism,
    tagLength: phc.tag.length,
    memory: phc.memoryKib,
    passes: phc.passes,
  };
  argon2("argon2id", parameters, (error, tag) => (error ? reject(error) : resolve(tag)));
  return promise;
}
