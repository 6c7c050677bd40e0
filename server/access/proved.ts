/** What has been proved lately: which name and password belong together, and which do not, without keeping either. */
import { createHmac, randomBytes } from "node:crypto";
import type { AccountId, Credential, Instant } from "../store/store.ts";

export type ProvedSettings = {
  readonly maxEntries: number;
  /** A proof counts so long; then the password is hashed again. */
  readonly provedMs: number;
  /** So long a proof counts without a look whether the credential is still there. */
  readonly uncheckedMs: number;
  /** So long the same wrong password is refused without being hashed again. */
  readonly refusedMs: number;
};

/** A credential that a name and password have been proved against. */
export type Proof = {
  readonly account: AccountId;
  readonly credential: Credential;
  readonly provedAt: number;
  /** When the credential was last seen in the store, and in which generation of the directory. */
  readonly checkedAt: number;
  readonly generation: number;
};

export class ProvedLogins {
  readonly #settings: ProvedSettings;
  readonly #now: () => number;
  /** Of this process alone: a key in a core dump elsewhere tells nothing. */
  readonly #secret = randomBytes(32);
  readonly #proofs = new Map<string, Proof>();
  readonly #refused = new Map<string, { readonly at: number; readonly generation: number }>();
  #generation = 0;

  /** `now` is monotonic milliseconds. */
  constructor(settings: ProvedSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  key(name: string, password: string): string {
    return createHmac("sha256", this.#secret).update(`${name}\0${password}`).digest("latin1");
  }

  /** The directory has changed: look again at what a proof stands on. */
  changed(): void {
    this.#generation++;
  }

  get generation(): number {
    return this.#generation;
  }

  /** The proof, and whether its credential must be looked for again first. */
  find(key: string): { readonly proof: Proof; readonly isFresh: boolean } | undefined {
    const proof = this.#proofs.get(key);
    if (proof === undefined) return undefined;
    const now = this.#now();
    if (now - proof.provedAt >= this.#settings.provedMs) {
      this.#proofs.delete(key);
      return undefined;
    }
    const isFresh = proof.generation === this.#generation && now - proof.checkedAt < this.#settings.uncheckedMs;
    return { proof, isFresh };
  }

  age(proof: Proof): number {
    return this.#now() - proof.provedAt;
  }

  isRefused(key: string): boolean {
    const refused = this.#refused.get(key);
    return (
      refused !== undefined &&
      refused.generation === this.#generation &&
      this.#now() - refused.at < this.#settings.refusedMs
    );
  }

  /** `generation` is that from before the store was asked: what changed meanwhile makes the proof look again. */
  proved(key: string, credential: Credential, generation: number): void {
    const now = this.#now();
    this.#refused.delete(key);
    const proof = { account: credential.account, credential, provedAt: now, checkedAt: now, generation };
    put(this.#proofs, key, proof, this.#settings.maxEntries);
  }

  checkedAgain(key: string, proof: Proof, generation: number): void {
    put(this.#proofs, key, { ...proof, checkedAt: this.#now(), generation }, this.#settings.maxEntries);
  }

  forget(key: string): void {
    this.#proofs.delete(key);
  }

  refused(key: string, generation: number): void {
    put(this.#refused, key, { at: this.#now(), generation }, this.#settings.maxEntries);
  }
}

export const isExpired = (credential: Credential, now: Instant): boolean =>
  credential.expiresAt !== undefined && credential.expiresAt <= now;

function put<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  if (map.size >= max) map.delete(map.keys().next().value!);
  map.set(key, value);
}
