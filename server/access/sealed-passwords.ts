/**
 * Passwords that came by the thousand and wait to be hashed: sealed with a key that lies in a file beside the database, not in it, and
 * ends when the last of them is hashed. They open accounts at once: who signs in is hashed first.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import type { Log } from "../base/log.ts";
import { writeWhole } from "../net/write-whole.ts";
import type { Credential, Instant, Store } from "../store/store.ts";
import { defaultPasswordSettings, makeCredential, type NewCredential, preparePassword } from "./password.ts";

/** Stands where the hash of a credential stands. */
const mark = "$sealed$";
const cipher = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** Between two that are hashed: mail has the machine for itself as long. */
const restMs = 25;
const rowsAtOnce = 200;
/** Side by side, where somebody waits for them. */
const hashedAtOnce = 2;

type Place = Pick<Credential, "account" | "id">;
const beforeAll: Place = { account: 0, id: 0 };

export const isSealed = (credential: Pick<Credential, "argon2id">): boolean => credential.argon2id.startsWith(mark);

type Parts = {
  readonly store: Pick<Store, "sealedCredentials" | "raiseCredential">;
  /** Where the key lies while it is needed. */
  readonly keyFile: string;
  readonly now: () => Instant;
  readonly log: Log;
  readonly restMs?: number;
};

export class SealedPasswords {
  readonly #parts: Parts;
  #key: Promise<Buffer> | undefined;
  #imports = 0;
  #working: Promise<void> | undefined;
  #stopping = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Goes on with what an earlier run of the server left. */
  start(): void {
    if (existsSync(this.#parts.keyFile)) this.#work();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#working;
  }

  /** `work` may seal as much as it likes; afterwards what it has sealed is hashed, one by one. */
  async during<T>(work: (seal: (password: string) => NewCredential) => Promise<T>): Promise<T> {
    this.#imports++;
    try {
      // A key that is about to end is not used any more.
      await this.#working?.catch(() => {});
      const key = await this.#ensureKey();
      return await work((password) => ({
        kind: "password",
        label: "",
        argon2id: sealWith(key, preparePassword(password)),
        scramSha256: "",
        createdAt: this.#parts.now(),
        expiresAt: undefined,
      }));
    } finally {
      this.#imports--;
      this.#work();
    }
  }

  /** The credential with its hash and its SCRAM verifier, which are kept; undefined where the key is gone or somebody was faster. */
  async raise(credential: Credential): Promise<Credential | undefined> {
    const password = this.#open(credential);
    if (password === undefined) return undefined;
    const { argon2id, scramSha256 } = await makeCredential(password, credential.createdAt, defaultPasswordSettings);
    const { account, id, argon2id: before } = credential;
    const done = await this.#parts.store.raiseCredential(account, id, before, { argon2id, scramSha256 });
    return done === "done" ? { ...credential, argon2id, scramSha256 } : undefined;
  }

  /** Whether `prepared` is the password of this credential; takes no longer for one that is nearly right. */
  matches(credential: Credential, prepared: string): boolean {
    const password = this.#open(credential);
    return password !== undefined && timingSafeEqual(digest(password), digest(prepared));
  }

  /**
   * Hashes all that wait, without a rest, and what comes meanwhile: for a copy of the store, with which the key does not go. Those that
   * cannot be opened any more stay as they are.
   */
  async hashAll(tell: (hashed: number) => void): Promise<void> {
    const { store, keyFile } = this.#parts;
    let hashed = 0;
    for (let found = 1; (found > 0 || this.#imports > 0) && !this.#stopping && existsSync(keyFile); ) {
      found = 0;
      for (let after: Place = beforeAll; ; ) {
        const rows = await store.sealedCredentials(after, rowsAtOnce);
        for (let at = 0; at < rows.length && !this.#stopping; at += hashedAtOnce) {
          const raised = await Promise.all(rows.slice(at, at + hashedAtOnce).map((row) => this.raise(row)));
          found += raised.filter((one) => one !== undefined).length;
          tell(hashed + found);
        }
        const last = rows.at(-1);
        if (last === undefined || rows.length < rowsAtOnce || this.#stopping) break;
        after = last;
      }
      hashed += found;
      // What an import seals meanwhile is hashed too.
      if (found === 0 && this.#imports > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  }

  #open(credential: Credential): string | undefined {
    const key = this.#keyHere();
    return key === undefined ? undefined : openWith(key, credential.argon2id);
  }

  #read: Buffer | undefined;
  #keyHere(): Buffer | undefined {
    if (this.#read === undefined && existsSync(this.#parts.keyFile)) this.#read = readFileSync(this.#parts.keyFile);
    return this.#read;
  }

  #ensureKey(): Promise<Buffer> {
    return (this.#key ??= (async () => {
      const there = this.#keyHere();
      if (there !== undefined) return there;
      const made = randomBytes(32);
      await writeWhole(this.#parts.keyFile, made, 0o600);
      return (this.#read = made);
    })());
  }

  #work(): void {
    if (this.#working !== undefined || this.#stopping) return;
    this.#working = this.#raiseAll()
      .catch((error: unknown) => this.#parts.log.error({ error }, "passwords of an import not hashed; they still open"))
      .finally(() => {
        this.#working = undefined;
      });
  }

  async #raiseAll(): Promise<void> {
    const { store, keyFile } = this.#parts;
    for (let after: Place = beforeAll; ; ) {
      const rows = await store.sealedCredentials(after, rowsAtOnce);
      for (const row of rows) {
        // An import waits for us: what is left has its turn after it.
        if (this.#stopping || this.#imports > 0) return;
        await this.raise(row);
        after = row;
        await new Promise((resolve) => setTimeout(resolve, this.#parts.restMs ?? restMs));
      }
      if (rows.length < rowsAtOnce) break;
    }
    // Those that cannot be opened any more (another key) stay and open nothing; the key has done its work.
    if (this.#imports > 0) return;
    rmSync(keyFile, { force: true });
    this.#key = this.#read = undefined;
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function sealWith(key: Buffer, text: string): string {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce);
  const bytes = Buffer.concat([nonce, sealing.update(text, "utf8"), sealing.final(), sealing.getAuthTag()]);
  return mark + bytes.toString("base64");
}

function openWith(key: Buffer, text: string): string | undefined {
  const bytes = Buffer.from(text.slice(mark.length), "base64");
  if (!text.startsWith(mark) || bytes.length < nonceBytes + tagBytes) return undefined;
  const opening = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  opening.setAuthTag(bytes.subarray(-tagBytes));
  try {
    const text = [opening.update(bytes.subarray(nonceBytes, -tagBytes)), opening.final()];
    return Buffer.concat(text).toString("utf8");
  } catch {
    return undefined;
  }
}
