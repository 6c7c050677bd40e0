/**
 * How many guesses anyone gets: per address (IPv6: per /64), per account over all addresses, and per device that has
 * logged in before, which keeps its own budget so that a guesser cannot lock the owner out. Only failures cost.
 */
export type ThrottleSettings = {
  readonly enabled: boolean;
  /** Failures per second that one address may make, and how many at once. */
  readonly addressPerSecond: number;
  readonly addressBurst: number;
  /** Failures per hour against one account, over all addresses. */
  readonly accountPerHour: number;
  /** Failures per hour of one account from an address where it has logged in before. */
  readonly devicePerHour: number;
  readonly deviceDays: number;
  /** Addresses, accounts and devices remembered, each; the longest unused are forgotten. */
  readonly maxRemembered: number;
};

export const defaultThrottleSettings: ThrottleSettings = {
  enabled: true,
  addressPerSecond: 10,
  addressBurst: 20,
  accountPerHour: 100,
  devicePerHour: 50,
  deviceDays: 30,
  maxRemembered: 100_000,
};

/** One try to log in: `address` as `addressKey` gives it, `account` the name asked for, whether or not it exists. */
export type Attempt = { readonly address: string; readonly account: string };

export interface Throttle {
  /** Whether this account has logged in from this address before. */
  isKnown(attempt: Attempt): boolean;
  allows(attempt: Attempt): boolean;
  /** Takes the price of a failure beforehand; `refund` gives it back when it was none. */
  charge(attempt: Attempt): void;
  /** `repeated`: the same wrong password as before. It costs the address, but it is no guess against the account. */
  refund(attempt: Attempt, repeated?: boolean): void;
  succeeded(attempt: Attempt): void;
}

/** A leaky bucket: `level` failures at the time `at`. */
type Bucket = { level: number; at: number };

/** `now` is monotonic milliseconds: a clock set back locks nobody out (rule 7). */
export function makeThrottle(settings: ThrottleSettings, now: () => number): Throttle {
  const addresses = new Buckets(settings.addressBurst, settings.addressPerSecond / 1000, settings.maxRemembered);
  const accounts = new Buckets(settings.accountPerHour, settings.accountPerHour / hourMs, settings.maxRemembered);
  const devices = new Buckets(settings.devicePerHour, settings.devicePerHour / hourMs, settings.maxRemembered);
  const known = new Map<string, number>(); // device → last login
  const deviceMs = settings.deviceDays * 24 * hourMs;
  const deviceOf = ({ address, account }: Attempt): string => `${address} ${account}`;

  const isKnown = (attempt: Attempt): boolean => {
    const at = known.get(deviceOf(attempt));
    return at !== undefined && now() - at < deviceMs;
  };

  if (!settings.enabled) {
    return { isKnown: () => true, allows: () => true, charge() {}, refund() {}, succeeded() {} };
  }
  return {
    isKnown,
    allows(attempt) {
      if (isKnown(attempt)) return devices.has(deviceOf(attempt), now());
      return addresses.has(attempt.address, now()) && accounts.has(attempt.account, now());
    },
    charge(attempt) {
      if (isKnown(attempt)) devices.add(deviceOf(attempt), 1, now());
      else addresses.add(attempt.address, 1, now());
      accounts.add(attempt.account, 1, now());
    },
    refund(attempt, repeated = false) {
      accounts.add(attempt.account, -1, now());
      if (repeated) return;
      if (isKnown(attempt)) devices.add(deviceOf(attempt), -1, now());
      else addresses.add(attempt.address, -1, now());
    },
    succeeded(attempt) {
      const device = deviceOf(attempt);
      known.delete(device);
      if (known.size >= settings.maxRemembered) known.delete(known.keys().next().value!);
      known.set(device, now());
    },
  };
}

const hourMs = 60 * 60 * 1000;

class Buckets {
  readonly #capacity: number;
  readonly #leakPerMs: number;
  readonly #max: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(capacity: number, leakPerMs: number, max: number) {
    this.#capacity = capacity;
    this.#leakPerMs = leakPerMs;
    this.#max = max;
  }

  #level(bucket: Bucket, now: number): number {
    return Math.max(0, bucket.level - (now - bucket.at) * this.#leakPerMs);
  }

  has(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key);
    return bucket === undefined || this.#level(bucket, now) + 1 <= this.#capacity;
  }

  add(key: string, amount: number, now: number): void {
    const bucket = this.#buckets.get(key);
    const level = Math.max(0, (bucket === undefined ? 0 : this.#level(bucket, now)) + amount);
    this.#buckets.delete(key);
    if (level === 0) return;
    // The oldest change goes first: its bucket has leaked longest.
    if (this.#buckets.size >= this.#max) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(key, { level, at: now });
  }
}

/** What counts as one address: an IPv4 address, or the /64 of an IPv6 one. */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address;
  const plain = address.split("%", 1)[0]!;
  const [head = "", tail = ""] = plain.split("::", 2);
  const front = head === "" ? [] : head.split(":");
  if (plain.includes("::")) {
    const back = tail === "" ? [] : tail.split(":");
    const missing = 8 - front.length - back.length - (tail.includes(".") ? 1 : 0);
    front.push(...Array<string>(Math.max(0, missing)).fill("0"), ...back);
  }
  const network = front.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`;
}
