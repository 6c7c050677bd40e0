/** Domains whose path has no room or is suspended, with the path's key: mail for them is not to be claimed for the moment. */
import type { Path } from "../send/site.ts";
import type { QueuedRecipient } from "../store/store.ts";

/** Domains named in one claim as not wanted now. */
const maxExceptDomains = 1000;
/** Mail for a path without room is looked at again after this, when too many domains are crowded to be named in a claim. */
export const crowdedMs = 5_000;

export class Crowded {
  readonly #keys = new Map<string, string>();

  get size(): number {
    return this.#keys.size;
  }

  /** False when there are too many such. */
  note(recipients: readonly QueuedRecipient[], path: Path): boolean {
    for (const { domain } of recipients) {
      if (this.#keys.size >= maxExceptDomains && !this.#keys.has(domain)) return false;
      this.#keys.set(domain, path.key);
    }
    return true;
  }

  /** Those whose path has room again are so no more. */
  forget(roomy: (key: string) => boolean): void {
    for (const [domain, key] of this.#keys) if (roomy(key)) this.#keys.delete(domain);
  }

  domains(): readonly string[] {
    return [...this.#keys.keys()];
  }

  clear(): void {
    this.#keys.clear();
  }
}
