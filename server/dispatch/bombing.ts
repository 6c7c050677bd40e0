/**
 * Somebody's address is put into every form that is found: each form sends its confirmation, and the mailbox is flooded. Nobody gets more than a few
 * confirmations in an hour, of whatever tenants; and mail of very many tenants at once to one address pauses for that address.
 *
 * Asked of every recipient of a tenant's mail, so that it costs a look into a map. Who gets mail of one tenant alone is a number there; only a
 * second tenant makes a list of it. All is bounded: under very much mail what was seen of an address is forgotten earlier than after an hour.
 */
import type { Instant } from "../store/store.ts";

export type BombingSettings = {
  /** Confirmations that one address gets in an hour; 0: no bound. */
  readonly confirmationsPerHour: number;
  /** Tenants whose mail one address gets in an hour, before it pauses; 0: no bound. */
  readonly tenantsPerHour: number;
};

export type Paused = {
  readonly because: "confirmations" | "tenants";
  readonly until: Instant;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Addresses that are known by one tenant alone: twice as many, half an hour of them at most in each half. */
export const maxQuiet = 250_000;
/** Addresses with mail of several tenants, or with confirmations. */
export const maxWatched = 50_000;
/** Addresses that are paused. */
export const maxPaused = 10_000;
const maxTenants = 1_000_000;

export class BombingGuard {
  readonly #settings: BombingSettings;
  readonly #now: () => Instant;
  readonly #tenants = new Map<string, number>();
  /** The one tenant that has written to an address, and in which minute, in one number. */
  #quiet = new Map<string, number>();
  #quietBefore = new Map<string, number>();
  #turnedAt: Instant;
  /** When each tenant last wrote to an address. */
  readonly #several = new Map<string, Map<number, Instant>>();
  readonly #confirmed = new Map<string, Instant[]>();
  readonly #paused = new Map<string, Instant>();

  /** Those whose pause is over, until somebody asks. */
  readonly #over = new Set<string>();
  readonly #told: (address: string, until: Instant) => void;

  /** `told` hears of each new pause. */
  constructor(
    settings: BombingSettings,
    now: () => Instant,
    told: (address: string, until: Instant) => void = () => {},
  ) {
    this.#settings = settings;
    this.#now = now;
    this.#told = told;
    this.#turnedAt = now();
  }

  /** Whether mail of the tenant to the address has to wait; what may go counts. */
  ask(address: string, tenant: string, confirms: boolean): Paused | undefined {
    const { confirmationsPerHour, tenantsPerHour } = this.#settings;
    if (tenantsPerHour === 0 && !(confirms && confirmationsPerHour > 0)) return undefined;
    const key = address.toLowerCase();
    const at = this.#now();
    const until = this.#paused.size === 0 ? undefined : this.#paused.get(key);
    if (until !== undefined) {
      if (until > at) return { because: "tenants", until };
      this.#end(key);
    }
    if (confirms && confirmationsPerHour > 0) {
      const earlier = (this.#confirmed.get(key) ?? []).filter((one) => one > at - hourMs);
      const [oldest] = earlier;
      if (oldest !== undefined && earlier.length >= confirmationsPerHour)
        return { because: "confirmations", until: oldest + hourMs };
      keep(this.#confirmed, key, [...earlier, at], maxWatched);
    }
    return tenantsPerHour > 0 && this.#counts(key, tenant, at) > tenantsPerHour ? this.#pause(key, at) : undefined;
  }

  /** Addresses that are paused now, with until when. */
  paused(): readonly (readonly [address: string, until: Instant])[] {
    const at = this.#now();
    for (const [key, until] of this.#paused) if (until <= at) this.#end(key);
    return [...this.#paused];
  }

  /** Addresses that are paused no more since the last time. */
  takeOver(): readonly string[] {
    if (this.#paused.size > 0) this.paused();
    if (this.#over.size === 0) return none;
    const over = [...this.#over];
    this.#over.clear();
    return over;
  }

  /** As it was kept. */
  restore(paused: readonly (readonly [address: string, until: Instant])[]): void {
    for (const [key, until] of paused) keep(this.#paused, key, until, maxPaused);
  }

  /** A person lets mail go on; what was counted does not count again. */
  lift(address: string): boolean {
    const key = address.toLowerCase();
    this.#several.delete(key);
    this.#confirmed.delete(key);
    return this.#end(key);
  }

  #end(key: string): boolean {
    const was = this.#paused.delete(key);
    if (was) this.#over.add(key);
    return was;
  }

  #pause(key: string, at: Instant): Paused {
    const until = at + hourMs;
    this.#several.delete(key);
    this.#over.delete(key);
    keep(this.#paused, key, until, maxPaused);
    this.#told(key, until);
    return { because: "tenants", until };
  }

  /** How many tenants have written to the address within an hour, this one among them. */
  #counts(key: string, tenant: string, at: Instant): number {
    const number = this.#numberOf(tenant);
    const known = this.#several.get(key);
    if (known !== undefined) {
      known.set(number, at);
      for (const [one, when] of known) if (when <= at - hourMs) known.delete(one);
      keep(this.#several, key, known, maxWatched);
      return known.size;
    }
    if (this.#quiet.size >= maxQuiet || at - this.#turnedAt >= hourMs / 2) {
      this.#quietBefore = this.#quiet;
      this.#quiet = new Map();
      this.#turnedAt = at;
    }
    const alone = this.#quiet.get(key) ?? this.#quietBefore.get(key);
    const [before, when] = alone === undefined ? [number, at] : [alone % maxTenants, wholeMinute(alone)];
    if (before === number || when <= at - hourMs) {
      this.#quiet.set(key, Math.floor(at / minuteMs) * maxTenants + number);
      return 1;
    }
    const both = new Map([
      [before, when],
      [number, at],
    ]);
    keep(this.#several, key, both, maxWatched);
    return 2;
  }

  #numberOf(tenant: string): number {
    let number = this.#tenants.get(tenant);
    if (number === undefined) {
      if (this.#tenants.size >= maxTenants) this.#tenants.clear();
      number = this.#tenants.size;
      this.#tenants.set(tenant, number);
    }
    return number;
  }
}

const none: readonly string[] = [];
const wholeMinute = (packed: number): Instant => Math.floor(packed / maxTenants) * minuteMs;

/** The latest last; where there are too many the oldest goes. */
function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  if (map.size >= most) map.delete(map.keys().next().value!);
  map.set(key, value);
}
