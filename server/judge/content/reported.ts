/**
 * Domains that mail which people called spam leads to: what several of them agree on holds for others. Each person has one voice for a
 * domain, the balance of all their lessons, so that a lesson taken back is taken back here too; a domain that much mail leads to which
 * nobody minds (a sender of newsletters, a maker of forms) is nobody's sign of spam.
 */
import { isBrandDomain } from "./rules/brands.ts";
import { speakFor, type TenantOf } from "./voices.ts";

/** Domains that are remembered; those that were spoken of longest ago are forgotten. */
export const maxReported = 5_000;
const maxVoices = 50;
/** Messages that were let through for each voice: with more of them a domain is in use for good mail too. */
const keptPerVoice = 10;

/** As it is kept. */
export type ReportedDomain = {
  readonly domain: string;
  /** Messages with it that were let through since it was first spoken of. */
  readonly kept: number;
  /** Lessons of each person: spam less good. */
  readonly voices: readonly (readonly [account: number, balance: number])[];
};

export class Reported {
  /** Those that were spoken of last come last. */
  readonly #domains = new Map<string, { kept: number; readonly voices: Map<number, number> }>();

  constructor(known: readonly ReportedDomain[] = []) {
    for (const { domain, kept, voices } of known.slice(-maxReported))
      this.#domains.set(domain, { kept, voices: new Map(voices.slice(0, maxVoices)) });
  }

  get empty(): boolean {
    return this.#domains.size === 0;
  }

  /** The first of the domains that others call spam, for somebody of `tenant`. */
  find(domains: readonly string[], tenant: number | undefined, tenantOf: TenantOf): string | undefined {
    return domains.find((domain) => {
      const found = this.#domains.get(domain);
      if (found === undefined) return false;
      const spam: number[] = [];
      const ham: number[] = [];
      for (const [account, balance] of found.voices) if (balance !== 0) (balance > 0 ? spam : ham).push(account);
      return found.kept <= keptPerVoice * spam.length && speakFor({ spam, ham }, tenant, tenantOf);
    });
  }

  /** A message with these domains was let through. */
  kept(domains: readonly string[]): void {
    for (const domain of domains) {
      const found = this.#domains.get(domain);
      if (found !== undefined) found.kept++;
    }
  }

  /** A person's opinion of one message has changed. */
  change(domains: readonly string[], account: number, before: Opinion, after: Opinion): void {
    const step = voice(after) - voice(before);
    if (step === 0) return;
    for (const domain of domains) {
      // What half the mail of the world leads to.
      if (isBrandDomain(domain)) continue;
      const found = this.#domains.get(domain) ?? { kept: 0, voices: new Map<number, number>() };
      const balance = (found.voices.get(account) ?? 0) + step;
      if (balance === 0) found.voices.delete(account);
      else if (found.voices.has(account) || found.voices.size < maxVoices) found.voices.set(account, balance);
      this.#domains.delete(domain);
      if (found.voices.size > 0) this.#domains.set(domain, found);
    }
    for (const oldest of this.#domains.keys()) {
      if (this.#domains.size <= maxReported) break;
      this.#domains.delete(oldest);
    }
  }

  /** Takes back all that a person said. */
  forget(account: number): void {
    for (const [domain, { voices }] of this.#domains)
      if (voices.delete(account) && voices.size === 0) this.#domains.delete(domain);
  }

  voters(): Set<number> {
    return new Set([...this.#domains.values()].flatMap(({ voices }) => [...voices.keys()]));
  }

  all(): readonly ReportedDomain[] {
    return [...this.#domains].map(([domain, { kept, voices }]) => ({ domain, kept, voices: [...voices] }));
  }
}

type Opinion = "spam" | "ham" | "nothing";
const voice = (opinion: Opinion): number => (opinion === "spam" ? 1 : opinion === "ham" ? -1 : 0);
